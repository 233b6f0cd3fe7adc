"""The yearly work ledger 年度工作台账: a unit's plan for the year, its measures with time nodes, progress and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

import haihe.packs.plans.services as plans
from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.notices import holders_of_role, notify
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, visible
from haihe.packs.coordination.drafts import demand_revision, wanted
from haihe.packs.coordination.models import YearItem, YearPlan, YearReport

MOST_ITEMS = 200
SOON_DAYS = 14
FIRST_YEAR, LAST_YEAR = 2020, 2100


@action("yearplan.start", "编制年度计划", "start a yearly plan", roles=[Role.SUPERVISOR, Role.OFFICER])
def start_year_plan(account: Account, organisation: Organisation, *, year: int) -> YearPlan:
    """The unit's plan for the year, made if there is none yet."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InvalidInput(
            f"年度应为 {FIRST_YEAR}–{LAST_YEAR}。", f"A year from {FIRST_YEAR} to {LAST_YEAR}.", where="year"
        )
    plan, _ = YearPlan.objects.get_or_create(organisation=organisation, year=year)
    return plan


def _demand(plan: YearPlan, *states: str) -> None:
    if plan.state not in states:
        raise Conflict(
            f"该计划{plan.get_state_display()}，不能这样办。", f"The plan is {plan.state}.", where=str(plan),
            to_do_zh="已纳入台账的举措请填报进展；确需调整，请协调办公室退回。", to_do_en="Report on adopted measures; to change one, ask for the plan to be sent back.",
        )  # fmt: skip


def _checked(plan: YearPlan, measure: str, due: date) -> str:
    if due.year != plan.year:
        raise InvalidInput(f"时间节点应在 {plan.year} 年内。", f"The day lies outside {plan.year}.", where="due")
    return wanted(measure, "measure", "请填写工作举措。", "Say what is done.", 300)


@action("yearplan.add", "添加年度举措", "add a measure", roles=[], as_unit=["owner"])
def add_item(
    account: Account, plan: YearPlan, *, measure: str, due: date, result: str = "", basis: str = ""
) -> YearItem:
    """`result`: what is to come out of it; `basis`: the plan's clause or order behind it."""
    _demand(plan, YearPlan.State.DRAFT)
    if plan.items.count() >= MOST_ITEMS:
        raise InvalidInput(f"举措最多 {MOST_ITEMS} 项。", f"At most {MOST_ITEMS} measures.", where="measure")
    return YearItem.objects.create(
        plan=plan, measure=_checked(plan, measure, due), due=due, result=result.strip()[:300], basis=basis.strip()[:200]
    )


@action("yearplan.change", "修改年度举措", "change a measure", roles=[], as_unit=["owner"])
def change_item(
    account: Account, item: YearItem, *, measure: str, due: date, revision: int, result: str = "", basis: str = ""
) -> YearItem:
    """Conflict where a colleague changed the measure since `revision` was read."""
    _demand(item.plan, YearPlan.State.DRAFT)
    demand_revision(item.revision, revision)
    item.measure, item.due = _checked(item.plan, measure, due), due
    item.result, item.basis, item.revision = result.strip()[:300], basis.strip()[:200], item.revision + 1
    item.save()
    return item


@action("yearplan.remove", "删除年度举措", "remove a measure", roles=[], as_unit=["owner"])
def remove_item(account: Account, item: YearItem, *, revision: int) -> YearPlan:
    """A measure on which something was reported stays: what people reported is never lost."""
    _demand(item.plan, YearPlan.State.DRAFT)
    demand_revision(item.revision, revision)
    if item.reports.exists():
        raise Conflict(
            "该举措已有填报，不能删除。", "Something was reported on this measure: it stays.", where=str(item)
        )
    plan = item.plan
    audit.note(measure=item.measure, plan=plan.pk)
    item.delete()
    return plan


@action("yearplan.submit", "报审年度计划", "submit a yearly plan", roles=[], as_unit=["owner"])
def submit_year_plan(account: Account, plan: YearPlan) -> YearPlan:
    _demand(plan, YearPlan.State.DRAFT)
    if not plan.items.exists():
        raise InvalidInput("请先添加工作举措。", "Add a measure first.", where="measure")
    for person in holders_of_role(Role.SUPERVISOR, [plan.organisation]):
        notify(person, ("年度计划待审定", "A yearly plan to adopt"), (f"{plan.organisation.name} {plan.year} 年度计划", f"{plan}"), about=plan)  # fmt: skip
    return _set(plan, YearPlan.State.SUBMITTED, "")


@action("yearplan.adopt", "审定年度计划", "adopt a yearly plan", roles=[Role.SUPERVISOR])
def adopt_year_plan(account: Account, plan: YearPlan) -> YearPlan:
    _demand(plan, YearPlan.State.SUBMITTED)
    notify(plan.organisation, ("年度计划已纳入台账", "The yearly plan is in the ledger"), (f"{plan.year} 年度计划已审定，请按时间节点填报进展。", "Report by the time nodes."), about=plan)  # fmt: skip
    return _set(plan, YearPlan.State.ADOPTED, "")


@action("yearplan.return", "退回年度计划", "send a yearly plan back", roles=[Role.SUPERVISOR])
def return_year_plan(account: Account, plan: YearPlan, *, reason: str) -> YearPlan:
    _demand(plan, YearPlan.State.SUBMITTED, YearPlan.State.ADOPTED)
    said = wanted(reason, "reason", "请写明退回原因。", "Say why it is sent back.", 300)
    notify(plan.organisation, ("年度计划退回修改", "The yearly plan was sent back"), (said, said), about=plan)
    audit.note(reason=said)
    return _set(plan, YearPlan.State.DRAFT, said)


def _set(plan: YearPlan, state: str, remark: str) -> YearPlan:
    plan.state, plan.remark = state, remark
    plan.save()
    return plan


@action("yearplan.report", "填报年度举措进展", "report on a measure", roles=[], as_unit=["owner"])
def report_item(
    account: Account, item: YearItem, *, percent: int, text: str, evidence: Sequence[EvidenceFile] = ()
) -> YearReport:
    """Share done in percent with words; 100 means done and needs evidence."""
    _demand(item.plan, YearPlan.State.ADOPTED)
    if not 0 <= percent <= 100:
        raise InvalidInput("完成比例应为 0–100。", "A share from 0 to 100.", where="percent")
    if percent == 100 and not evidence:
        raise InvalidInput("报完成须附佐证材料。", "Reporting it done needs evidence.", where="files",
                           to_do_zh="请上传文件、照片或表格。", to_do_en="Upload a document, picture or table.")  # fmt: skip
    said = wanted(text, "text", "请填写进展。", "Say how far it is.")
    report = YearReport.objects.create(item=item, percent=percent, text=said, account=account, at=timezone.now())
    report.evidence.add(*evidence)
    item.percent, item.done_at = percent, report.at if percent == 100 else None
    item.save(update_fields=["percent", "done_at"])
    audit.note(percent=percent, files=[{"name": f.name, "sha256": f.sha256} for f in evidence])
    return report


# --- the ledger -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LedgerLine:
    """A row of the district's ledger for a year: a measure of a unit's yearly plan, or a task of a plan that ends in that year."""

    unit: str
    measure: str
    result: str
    due: date | None
    percent: int | None
    light: str
    progress: str
    files: int
    row: YearItem | plans.Task


def light_of(item: YearItem, today: date) -> str:
    """closed; red once its day has passed; amber within two weeks of it; green. Nobody flags by hand."""
    if item.done_at is not None:
        return "closed"
    if today > item.due:
        return "red"
    return "amber" if item.due - today <= timedelta(days=SOON_DAYS) else "green"


@dataclass(frozen=True)
class LedgerPage:
    """Some rows of the ledger in their order, how many there are by light (of the chosen unit), and the units to choose from."""

    lines: list[LedgerLine]
    lights: dict[str, int]
    units: list[str]


def ledger_lines(account: Account, year: int, today: date) -> list[LedgerLine]:
    """All rows of the year that the account may see: late first, then by day."""
    lines = _lines_of_items(account, year, today)
    lines += [_line_of_task(task, today) for task in _whole(_tasks_of(account, year))]
    return sorted(lines, key=lambda line: (line.light == "closed", line.due or date.max, line.unit, line.measure))


def ledger_page(
    account: Account, year: int, today: date, *, unit: str = "", light: str = "", page: int = 1, size: int = 100
) -> LedgerPage:
    """One page of the ledger: what is open before what is closed, by day, measures before tasks. Of the tasks only these are loaded."""
    items, tasks = _lines_of_items(account, year, today), _tasks_of(account, year)
    units = {line.unit for line in items} | _units_of(account, year)
    if unit:
        items, tasks = [line for line in items if line.unit == unit], _of_unit(account, tasks, unit)
    lights = plans.lights_of(tasks, today)
    for line in items:
        lights[line.light] += 1
    if light:
        items, tasks = [line for line in items if line.light == light], tasks.filter(plans.has_light(light, today))
    rows: list[tuple[tuple[bool, date, int, int], LedgerLine | None]] = [
        ((line.light == "closed", line.due or date.max, 0, n), line) for n, line in enumerate(items)
    ]
    ends = _first_ends(tasks, page * size)
    rows = sorted([*rows, *(((closed, due, 1, pk), None) for closed, due, pk in ends)], key=lambda row: row[0])
    rows = rows[(page - 1) * size : page * size]
    found = {task.pk: task for task in _whole(tasks.filter(pk__in=[key[3] for key, line in rows if line is None]))}
    lines = [line or _line_of_task(found[key[3]], today) for key, line in rows if line or key[3] in found]
    return LedgerPage(lines, lights, sorted(units))


def _first_ends(tasks: QuerySet[plans.Task], number: int) -> list[tuple[bool, date, int]]:
    """(whether closed, deadline, number) of the first tasks in the ledger's order; each half is walked along the deadlines."""
    found: list[tuple[bool, date, int]] = []
    for closed in (False, True):
        half = tasks.filter(state="closed") if closed else tasks.exclude(state="closed")
        rows = half.order_by("deadline", "pk").values_list("deadline", "pk")[: max(0, number - len(found))]
        found += [(closed, due, pk) for due, pk in rows if due]
    return found


def _tasks_of(account: Account, year: int) -> QuerySet[plans.Task]:
    return plans.in_force(account).tasks.filter(deadline__year=year)


def _of_unit(account: Account, tasks: QuerySet[plans.Task], unit: str) -> QuerySet[plans.Task]:
    """Those for which the unit answers, or in which it has a part where nobody does."""
    parts = plans.in_force(account).parts.order_by()
    units = [row.pk for row in Organisation.objects.filter(Q(name=unit) | Q(short_name=unit)) if str(row) == unit]
    own = parts.filter(Q(organisation__in=units) | Q(organisation=None, name=unit))
    answers = ~Q(role="support")
    unanswered = ~Exists(parts.filter(answers, task=OuterRef("pk")))
    return tasks.filter(
        Q(pk__in=own.filter(answers).values("task")) | Q(unanswered, pk__in=own.exclude(answers).values("task"))
    )


def _units_of(account: Account, year: int) -> set[str]:
    parts = plans.in_force(account).parts.filter(task_deadline__year=year).order_by()
    linked = {str(row) for row in Organisation.objects.filter(Exists(parts.filter(organisation=OuterRef("pk"))))}
    return {*linked, *parts.filter(organisation=None).values_list("name", flat=True).distinct()}


def _whole(tasks: QuerySet[plans.Task]) -> QuerySet[plans.Task]:
    return tasks.select_related("plan").defer("text", "plan__content").prefetch_related("units__organisation")


def _lines_of_items(account: Account, year: int, today: date) -> list[LedgerLine]:
    rows = visible(account, YearItem.objects.filter(plan__year=year, plan__state=YearPlan.State.ADOPTED))
    items = rows.select_related("plan__organisation").prefetch_related("reports__evidence")
    return sorted((_line_of_item(item, today) for item in items), key=lambda line: (line.unit, line.measure))


def _line_of_item(item: YearItem, today: date) -> LedgerLine:
    reports = list(item.reports.all())
    said = reports[0].text if reports else ""
    files = sum(len(report.evidence.all()) for report in reports)
    unit = str(item.plan.organisation)
    return LedgerLine(unit, item.measure, item.result, item.due, item.percent, light_of(item, today), said, files, item)


def _line_of_task(task: plans.Task, today: date) -> LedgerLine:
    lamp = plans.light(task, today)
    percent = 100 if lamp == "closed" else None
    return LedgerLine(
        _accountable(task), task.heading, "", task.deadline, percent, lamp, str(task.get_state_display()), 0, task
    )


def _accountable(task: plans.Task) -> str:
    """The leading or responsible units, as the task's page names them; any unit where none of them is."""
    parts = list(task.units.all())
    first = [part for part in parts if part.role != "support"] or parts
    return "、".join(str(part.organisation or part.name) for part in first[:2])
