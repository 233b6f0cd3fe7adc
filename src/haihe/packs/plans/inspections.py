"""督查: a round of inspection takes a dated picture of what is behind; each unit answers its own lines; the result stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.calendar import add_working_days
from haihe.kernel.cases import Case, CaseEvent, open_case, take_step
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.permissions import action
from haihe.kernel.policies import parameter
from haihe.packs.plans.chasing import handlers_of
from haihe.packs.plans.models import Plan, Report, Task
from haihe.packs.plans.models_linkage import Inspection, InspectionAnswer, InspectionLine
from haihe.packs.plans.models_supervision import KeyProject
from haihe.packs.plans.progress import light
from haihe.packs.plans.projects import is_red, reviews_of

Behind = list[dict[str, str]]
MOST_SILENT_DAYS = 250  # a year of working days


def behind(tasks: QuerySet[Task], at: datetime, silent_days: int) -> list[tuple[Task, Behind]]:
    """Those of the assigned tasks that are behind, each with why and since which day: late (its deadline passed), silent (no unit
    reported for `silent_days` working days), missed (a review of a key project). What was reported done waits for the supervision
    office, not for the units, and is left out."""
    told = ~Q(reports__kind=Report.Kind.RETURNED)
    rows = tasks.filter(state__in=(Task.State.ASSIGNED, Task.State.UNDER_WAY)).annotate(
        told_at=Max("reports__at", filter=told)
    )
    rows, today = rows.select_related("plan").order_by("deadline", "pk"), timezone.localdate(at)
    reviews = _missed_reviews(at)
    found = [(task, _why(task, today, silent_days, reviews)) for task in rows]
    return [(task, why) for task, why in found if why]


def _why(task: Task, today: date, silent_days: int, reviews: dict[int, date]) -> Behind:
    why = []
    if light(task, today) == "red" and task.deadline:
        why.append({"kind": "late", "since": task.deadline.isoformat()})
    since = getattr(task, "told_at", None) or task.assigned_at
    if since is not None and today > add_working_days(timezone.localdate(since), silent_days):
        why.append({"kind": "silent", "since": timezone.localdate(since).isoformat()})
    if task.pk in reviews:
        why.append({"kind": "missed", "since": reviews[task.pk].isoformat()})
    return why


def _missed_reviews(at: datetime) -> dict[int, date]:
    """Tasks under supervision of which a review was missed, with the day of that review."""
    projects = list(KeyProject.objects.filter(ended_at=None))
    rounds, found = reviews_of(projects), {}
    for project in projects:
        if is_red(project, rounds[project.pk], at):
            newest = next(iter(rounds[project.pk]), None)
            found[project.task_id] = timezone.localdate(newest.opened_at) if newest else project.next_review
    return found


@action("inspection.open", "开展督查", "open a round of inspection", roles=[Role.SUPERVISOR])
def inspect(
    account: Account, plan: Plan | None, *, title: str, tasks: Iterable[Task] = (), silent_days: int | None = None
) -> Inspection:
    """Look at the open tasks of `plan`, or at `tasks`, and open a case for each unit that has something to answer."""
    days = int(parameter("plans.inspect_silent_working_days", timezone.localdate())) if silent_days is None else silent_days  # fmt: skip
    if not title.strip():
        raise InvalidInput("请填写督查名称。", "Name the round.", where="title")
    if not 1 <= days <= MOST_SILENT_DAYS:
        raise InvalidInput("未报告天数须为 1 至 250 个工作日。", "1 to 250 working days.", where="silent_days")
    chosen = plan.tasks.all() if plan is not None else Task.objects.filter(pk__in=[task.pk for task in tasks])
    looked_at = chosen.filter(state__in=Task.OPEN).count()
    if not looked_at:
        raise InvalidInput("没有可督查的任务。", "There is no open task to look at.", where="tasks")
    _demand_none_open(plan)
    now = timezone.now()
    round_ = Inspection.objects.create(
        title=title.strip()[:200], plan=plan, on=timezone.localdate(now), silent_days=days, looked_at=looked_at, opened_by=account,
    )  # fmt: skip
    lines = _write_lines(round_, behind(chosen, now, days), account)
    audit.note(title=round_.title, looked_at=looked_at, lines=lines)
    return round_


def _demand_none_open(plan: Plan | None) -> None:
    for known in Inspection.objects.filter(plan=plan) if plan is not None else ():
        if known.is_open:
            raise Conflict(
                "该规划上一轮督查尚未办结。", "The last round over this plan is still open.", where=known.title,
                to_do_zh="请先审定各单位的答复。", to_do_en="Conclude what the units answered first.",
            )  # fmt: skip


def _write_lines(round_: Inspection, rows: list[tuple[Task, Behind]], account: Account) -> int:
    """A line for each task and unit, and for each unit one case over its lines; returns how many lines."""
    of_unit: dict[Organisation | None, list[tuple[Task, Behind]]] = {}
    for task, why in rows:
        for unit in dict.fromkeys(successor_on(unit, round_.on) for unit in handlers_of(task)) or [None]:
            of_unit.setdefault(unit, []).append((task, why))
    for unit, own in of_unit.items():
        case = _open_case(round_, unit, len(own), account) if unit is not None else None
        InspectionLine.objects.bulk_create(
            InspectionLine(inspection=round_, task=task, organisation=unit, behind=why, case=case) for task, why in own
        )
    return sum(map(len, of_unit.values()))


def _open_case(round_: Inspection, unit: Organisation, lines: int, account: Account) -> Case:
    text = f"请就 {lines} 项滞后任务逐项说明原因和措施。\nExplain each of the {lines} tasks that are behind, and what is done."
    return open_case(None, "plans.inspection", round_.title, unit, about=round_, text=text, opener=account.organisation)


# --- answers --------------------------------------------------------------------------------------------------------


@action("inspection.answer", "答复督查", "answer a line of an inspection", roles=[], as_unit=["answerer"])
def answer_line(account: Account, line: InspectionLine, *, text: str) -> InspectionAnswer:
    """The unit's words to one of its lines. The answer to the last open one hands the whole in for judgement."""
    if not text.strip():
        raise InvalidInput("请填写原因和措施。", "Say why, and what is done about it.", where="text")
    # Two officers may answer the last two lines at once: one of them has to see that nothing is left.
    case = Case.objects.select_for_update().filter(pk=line.case_id or 0).first()
    if case is None or case.step != "answer" or case.closed_at is not None:
        raise Conflict("本单位的答复已提交。", "The answers of this unit are handed in.", where=line.task.heading)
    answer = InspectionAnswer.objects.create(line=line, text=text.strip(), by=account)
    audit.note(task=line.task.heading, text=text.strip())
    if not open_lines(case).exists():
        count = InspectionLine.objects.filter(case=case).count()
        take_step(account, case, step="answer", text=f"{count} 项均已逐项答复。All {count} lines are answered.")
    return answer


def open_lines(case: Case) -> QuerySet[InspectionLine]:
    """The lines of a unit that have no answer since its case came to where it stands: what was sent back is answered again."""
    since = InspectionAnswer.objects.filter(line=OuterRef("pk"), at__gte=case.step_since)
    return InspectionLine.objects.filter(~Exists(since), case=case)


def answer_the_rest(case: Case, event: CaseEvent) -> None:
    """Whoever answers on the page of the case answers all lines that are left with the same words."""
    if event.kind != CaseEvent.Kind.TAKEN or event.step != "answer" or event.account is None:
        return
    visit = CaseEvent.objects.filter(case=case, pk__lt=event.pk, to_step="answer").order_by("-pk").first()
    began = visit.at if visit else case.opened_at
    said = InspectionAnswer.objects.filter(line=OuterRef("pk"), at__gte=began)
    for line in InspectionLine.objects.filter(~Exists(said), case=case):
        InspectionAnswer.objects.create(line=line, text=event.text, by=event.account)
