"""市区联动: which task of the district answers which task of the city. The comparison proposes, a person confirms with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action, visible
from haihe.packs.plans.bundles import Side, compare_stored
from haihe.packs.plans.comparing.levels import Answer, district_named
from haihe.packs.plans.models import Task
from haihe.packs.plans.models_linkage import TaskLink


@dataclass(frozen=True)
class Candidate:
    """A district task that seems to answer: `shared` words stand in both, `units` are offices of the same name."""

    task: Task
    score: float
    shared: tuple[str, ...]
    units: tuple[str, ...]
    link: TaskLink | None = None


@dataclass(frozen=True)
class Proposal:
    """A city task with the district tasks that seem to answer it, the likeliest first; none where nothing does."""

    city: Task
    candidates: tuple[Candidate, ...]


def proposals(account: Account, a: Side, b: Side) -> list[Proposal]:
    """For every filed task of the city's plan `a`: filed tasks of the district's plan `b`, by what the comparison says of the
    paragraphs in which they stand."""
    city, district = _tasks(account, a), _tasks(account, b)
    found: dict[int, dict[int, Answer]] = {task.pk: {} for task in city}
    for asked in compare_stored(a, b, "city").asked:
        above = _at_line(city, asked.passage.line)
        for answer in asked.answers if above else ():
            below = _at_line(district, answer.passage.line)
            known = found[above.pk].get(below.pk) if above and below else None
            if above and below and (known is None or known.score < answer.score):
                found[above.pk][below.pk] = answer
    links = {(row.city_id, row.district_id): row for row in TaskLink.objects.filter(city__in=city, ended_at=None)}
    by_pk = {task.pk: task for task in district}
    return [_proposal(task, found[task.pk], by_pk, links) for task in city]


def _tasks(account: Account, side: Side) -> list[Task]:
    rows = visible(account, Task.objects.filter(plan__in=side.plans))
    return list(rows.select_related("plan", "clause").order_by("clause__line"))


def _at_line(tasks: Iterable[Task], line: int) -> Task | None:
    return next((task for task in tasks if task.clause.line <= line <= task.clause.end_line), None)


def _proposal(
    city: Task, answers: dict[int, Answer], by_pk: dict[int, Task], links: dict[tuple[int, int], TaskLink]
) -> Proposal:
    rows = [Candidate(by_pk[pk], a.score, a.shared, a.units, links.get((city.pk, pk))) for pk, a in answers.items()]
    return Proposal(city, tuple(sorted(rows, key=lambda row: (-row.score, row.task.pk))))


@action("task.link", "市区任务联动", "link a city task with a district task", roles=[Role.SUPERVISOR])
def link_tasks(
    account: Account, city: Task, district: Task, *, goal: str, reason: str, score: float | None = None,
    shared: Iterable[str] = (), units: Iterable[str] = (),
) -> TaskLink:  # fmt: skip
    """`goal`: what both tasks serve, in a person's words. Tasks of two plans, the upper one not of a district."""
    if not goal.strip() or not reason.strip():
        where = "goal" if not goal.strip() else "reason"
        raise InvalidInput("请写明共同目标和联动理由。", "Name the common goal and the reason.", where=where)
    if city.plan_id == district.plan_id:
        raise InvalidInput("两项任务属于同一规划，无需联动。", "Both tasks belong to one plan.", where="district")
    if district_named(city.plan.issuer, city.plan.title):
        raise InvalidInput(
            "上级任务属于区级规划。", "The upper task belongs to a district's plan.", where="city",
            to_do_zh="请先选市级任务，再选区级任务。", to_do_en="Choose the city's task first, then the district's.",
        )  # fmt: skip
    if TaskLink.objects.filter(city=city, district=district, ended_at=None).exists():
        raise Conflict("这两项任务已联动。", "These tasks are linked already.", where=district.heading)
    audit.note(city=city.heading, district=district.heading, goal=goal.strip(), reason=reason.strip())
    return TaskLink.objects.create(
        city=city, district=district, goal=goal.strip()[:300], reason=reason.strip(), made_by=account,
        score=None if score is None else Decimal(str(score)), grounds={"shared": list(shared), "units": list(units)} if score else {},
    )  # fmt: skip


@action("task.unlink", "解除市区联动", "unlink a city task and a district task", roles=[Role.SUPERVISOR])
def unlink_tasks(account: Account, link: TaskLink, *, reason: str) -> TaskLink:
    if link.ended_at is not None:
        raise Conflict("联动已解除。", "The link has been ended.", where=link.goal)
    if not reason.strip():
        raise InvalidInput("请写明解除理由。", "Say why the link is ended.", where="reason")
    link.ended_by, link.ended_at, link.end_reason = account, timezone.now(), reason.strip()
    link.save(update_fields=["ended_by", "ended_at", "end_reason"])
    audit.note(city=link.city.heading, district=link.district.heading, reason=reason.strip())
    return link


def links_of(task: Task) -> QuerySet[TaskLink]:
    """The open links of a task in either direction. Whoever sees the task sees them; the other task may be closed to a reader."""
    rows = TaskLink.objects.filter(Q(city=task) | Q(district=task), ended_at=None)
    return rows.select_related("city__plan", "district__plan", "made_by")
