"""Key projects 重点项目: tasks put under supervision with a rhythm of reviews, and evaluations of projects at their node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases import Case, CaseEvent, open_case
from haihe.kernel.duties import duty
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.permissions import action
from haihe.kernel.policies import parameter
from haihe.packs.plans.cases import PROJECT_REVIEW
from haihe.packs.plans.ledger import parts_of
from haihe.packs.plans.models import Task
from haihe.packs.plans.models_supervision import Evaluation, KeyProject

LONGEST_RHYTHM_WEEKS = 52


@action("project.supervise", "列为重点项目", "put a project under supervision", roles=[Role.SUPERVISOR])
def supervise(
    account: Account, task: Task, *, reason: str, every_weeks: int | None = None, first_on: date | None = None
) -> KeyProject:
    """Review the task every so many weeks (default: the dated parameter), beginning on `first_on` or one rhythm from today."""
    if not reason.strip():
        raise InvalidInput("请写明列为重点项目的理由。", "Say why it is put under supervision.", where="reason")
    weeks = every_weeks if every_weeks is not None else int(parameter("plans.review_every_weeks", timezone.localdate()))
    if not 1 <= weeks <= LONGEST_RHYTHM_WEEKS:
        raise InvalidInput("督查间隔须为 1 至 52 周。", "The rhythm is 1 to 52 weeks.", where="every_weeks")
    today = timezone.localdate()
    first = first_on or today + timedelta(weeks=weeks)
    if not today <= first <= today + timedelta(weeks=LONGEST_RHYTHM_WEEKS):
        raise InvalidInput("首次督查须在今天起一年以内。", "The first review lies within a year from today.", where="first_on")  # fmt: skip
    if task.state == Task.State.CLOSED:
        raise Conflict("任务已办结，无需督查。", "The task is closed: there is nothing to review.", where=task.heading)
    if task.supervised.filter(ended_at=None).exists():
        raise Conflict("该任务已是重点项目。", "The task is under supervision already.", where=task.heading)
    audit.note(every_weeks=weeks, first_on=first, reason=reason.strip())
    return KeyProject.objects.create(
        task=task, every_weeks=weeks, reason=reason.strip(), placed_by=account, next_review=first
    )


@action("project.release", "移出重点项目", "take a project off supervision", roles=[Role.SUPERVISOR])
def release(account: Account, task: Task, *, reason: str) -> KeyProject:
    found = task.supervised.filter(ended_at=None).first()
    if found is None:
        raise Conflict("该任务不是重点项目。", "The task is not under supervision.", where=task.heading)
    if not reason.strip():
        raise InvalidInput("请写明移出的理由。", "Say why it is taken off.", where="reason")
    found.ended_by, found.ended_at, found.end_reason = account, timezone.now(), reason.strip()
    found.save(update_fields=["ended_by", "ended_at", "end_reason"])
    audit.note(reason=reason.strip())
    return found


def units_under_review(task: Task, day: date) -> list[Organisation]:
    """All units with a part, supporting ones too: a key project is reviewed across units."""
    parts = task.units.select_related("organisation")
    return list(dict.fromkeys(successor_on(part.organisation, day) for part in parts if part.organisation is not None))


@duty("plans.review_projects", every_s=60)
def open_reviews(at: datetime) -> int:
    """Open the review of every key project whose day has come; returns how many. After a time without a worker one round is
    opened, not one for each that was left out."""
    day = timezone.localdate(at)
    due = KeyProject.objects.filter(ended_at=None, next_review__lte=day).exclude(task__state=Task.State.CLOSED)
    return sum(_open_review(project.pk, day) for project in due)


def _open_review(pk: int, day: date) -> bool:
    with transaction.atomic():
        project = KeyProject.objects.select_for_update().select_related("task").get(pk=pk)
        units = units_under_review(project.task, day)
        if project.ended_at is not None or project.next_review > day or not units:
            return False
        open_case(None, PROJECT_REVIEW.name, project.task.heading, units, about=project,
                  text="请报告进展、存在的问题和下一步安排。\nPlease report progress, problems and what comes next.")  # fmt: skip
        rounds = (day - project.next_review).days // (7 * project.every_weeks) + 1
        project.next_review += timedelta(weeks=project.every_weeks * rounds)
        project.save(update_fields=["next_review"])
    return True


def is_red(project: KeyProject, reviews: Sequence[Case], at: datetime) -> bool:
    """The red mark: the newest round (the first of `reviews`) is overdue or was, or its day passed without a round."""
    newest = next(iter(reviews), None)
    not_opened = project.next_review < timezone.localdate(at)
    return not_opened or (newest is not None and (newest.is_overdue(at) or was_overdue(newest)))


def was_overdue(case: Case) -> bool:
    return any(event.kind == CaseEvent.Kind.OVERDUE for event in case.events.all())


def reviews_of(projects: Iterable[KeyProject]) -> dict[int, list[Case]]:
    """The rounds of several projects, newest first, with their history, in two queries."""
    found: dict[int, list[Case]] = {project.pk: [] for project in projects}
    rows = Case.objects.filter(about_type=KeyProject._meta.label_lower, about_id__in=[str(pk) for pk in found])
    for case in rows.prefetch_related("events"):
        found[int(case.about_id)].append(case)
    return found


# --- evaluation at the node -----------------------------------------------------------------------------------------


def to_evaluate(rows: QuerySet[Task], today: date) -> QuerySet[Task]:
    """Tasks whose node has been reached and of which no evaluation of that node exists, the longest waiting first."""
    done = Evaluation.objects.filter(task=OuterRef("pk"), node=OuterRef("deadline"))
    reached = rows.filter(deadline__lte=today).exclude(state=Task.State.FILED)
    return reached.filter(~Exists(done)).order_by("deadline", "pk")


@action("project.evaluate", "节点评估", "evaluate a project at its node", roles=[Role.SUPERVISOR])
def evaluate(account: Account, task: Task, *, outcome: str, reasons: str) -> Evaluation:
    """Once for each node, with reasons, by somebody whose unit has no part in the project."""
    if task.deadline is None or task.deadline > timezone.localdate():
        raise Conflict("时间节点未到，不能评估。", "The node has not been reached yet.", where=task.heading)
    if outcome not in Evaluation.Outcome.values:
        raise InvalidInput("请选择评估结论。", "Choose the outcome.", where="outcome")
    if not reasons.strip():
        raise InvalidInput("请写明评估依据。", "Give the reasons.", where="reasons")
    if has_part(account, task):
        raise NotAllowed(
            "参与该项目的单位不能评估本项目。", "A unit with a part in the project does not evaluate it.", where=task.heading,
            to_do_zh="请由其他单位的人员评估。", to_do_en="Somebody of another unit evaluates it.",
        )  # fmt: skip
    if task.evaluations.filter(node=task.deadline).exists():
        raise Conflict("该节点已评估。", "This node has been evaluated.", where=task.heading)
    audit.note(node=task.deadline, outcome=outcome, reasons=reasons.strip())
    return Evaluation.objects.create(
        task=task,
        node=task.deadline,
        outcome=outcome,
        reasons=reasons.strip(),
        by=account,
        organisation=account.organisation,
    )


def has_part(account: Account, task: Task) -> bool:
    """Whether the account, or the very unit it belongs to, has a part in the task."""
    own = account.organisation_id
    return bool(parts_of(account, task)) or any(unit.pk == own for unit, _ in task.units_with_roles())
