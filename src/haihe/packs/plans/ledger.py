"""The ledger: 立项 file → 交办 assign → 签收 accept → 分解 break down → 跟踪 track → 催办 chase → 办结 close on evidence.

Every step is an action: permission checked, row locked, audit record written in the same transaction.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from django.db import models
from django.utils import timezone
from rapidfuzz import fuzz

from haihe.kernel import audit, locks
from haihe.kernel.errors import Conflict, InvalidInput, NotFound
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role, on_hand_over
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue, report_value
from haihe.kernel.language import pinyin
from haihe.kernel.organisations import Organisation, find_organisation, successor_on
from haihe.kernel.permissions import action, unit_paths
from haihe.packs.plans.adjusting import keep_first, keep_version
from haihe.packs.plans.chasing import answer_notices, settle_notices
from haihe.packs.plans.models import (
    Clause,
    Milestone,
    Plan,
    Report,
    Step,
    Target,
    Task,
    TaskUnit,
    end_of_period,
)
from haihe.packs.plans.trajectories import UPPER_LIMITS, Facts, start

ACCOUNTABLE = (TaskUnit.Role.LEAD, TaskUnit.Role.RESPONSIBLE)
EVERY_PART = tuple(TaskUnit.Role.values)
SAME_SUBJECT_LIKENESS = 80


# --- 立项 -----------------------------------------------------------------------------------------------------------


@action("plan.file", "立项", "file a plan's confirmed commitments", roles=[Role.SUPERVISOR])
def file_plan(account: Account, plan: Plan) -> tuple[int, int]:
    """File every confirmed target and task that is not filed yet; returns how many of each.

    A clause carried over from an earlier version takes its existing target or task along instead of making a second one.
    """
    if not plan.is_current:
        raise Conflict("该文件已有新版本。", "A newer version of this document exists.", where=plan.title)
    clauses = [c for c in plan.clauses.select_related("target", "task", "carried_from") if c.binds and not _is_filed(c)]
    targets = [c for c in clauses if c.kind == Clause.Kind.TARGET and c.current.get("kind") == "target"]
    tasks = [c for c in clauses if c.kind == Clause.Kind.TASK]
    fresh = [_file_target(account, plan, clause) for clause in targets]
    for clause in tasks:
        _file_task(account, plan, clause)
    settled = {target.indicator_id for target in fresh}
    _settle_targets(plan, settled)
    for target in plan.targets.exclude(indicator__in=settled).filter(repeat_of=None).select_related("indicator"):
        if _find_baseline(plan, target):
            draw_assumed_milestones(target)
    plan.filed_at = plan.filed_at or timezone.now()
    plan.save(update_fields=["filed_at"])
    audit.note(targets=len(targets), tasks=len(tasks))
    return len(targets), len(tasks)


def _is_filed(clause: Clause) -> bool:
    return hasattr(clause, "target") or hasattr(clause, "task")


def _earlier_entry(clause: Clause, name: str) -> models.Model | None:
    """The target or task that hangs on the clause of an earlier version."""
    earlier = clause.carried_from
    while earlier is not None:
        entry: models.Model | None = getattr(earlier, name, None)
        if entry is not None:
            return entry
        earlier = earlier.carried_from
    return None


def _file_target(account: Account, plan: Plan, clause: Clause) -> Target:
    content = clause.current
    written = end_of_period(content.get("deadline"))
    values = {
        "plan": plan, "comparator": content["comparator"], "value": Decimal(str(content["value"])),
        "value_max": None if content.get("value_max") is None else Decimal(str(content["value_max"])),
        "strength": content.get("strength") or "binding", "deadline": written or plan.last_day, "deadline_assumed": written is None,
    }  # fmt: skip
    earlier = _earlier_entry(clause, "target")
    if isinstance(earlier, Target):
        before = earlier.goal
        for name, value in values.items():
            setattr(earlier, name, value)
        earlier.clause = clause
        earlier.save()
        audit.record(account, "target.revise", earlier, before=before, after=earlier.goal)
        return earlier
    subject = str(content.get("subject") or content.get("text") or "")[:200]
    unit = str(content.get("unit") or "")
    same = _same_subject(plan, subject, unit)
    if same is None:
        locks.hold("indicator.key")  # two plans filed at once may read the same subject
        indicator = Indicator.objects.create(key=_free_key(subject), title=subject, unit=unit)
        IndicatorDefinition.objects.create(
            indicator=indicator, since=plan.issued_on or timezone.localdate(), text=subject, decided_by=account,
            source_clause=f"{plan.title} 第{clause.line}行",
        )  # fmt: skip
    else:
        indicator = same.indicator
    return Target.objects.create(clause=clause, indicator=indicator, **values)


def _same_subject(plan: Plan, subject: str, unit: str) -> Target | None:
    """A target of this plan about the same thing in the same unit: stated again, or for another year."""
    for target in plan.targets.select_related("indicator"):
        title = target.indicator.title
        alike = subject == title or (min(len(subject), len(title)) >= 4 and fuzz.partial_ratio(subject, title) >= 95)
        if target.indicator.unit == unit and (alike or fuzz.ratio(subject, title) >= SAME_SUBJECT_LIKENESS):
            return target
    return None


def _free_key(subject: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", "-".join(pinyin(subject)).lower()).strip("-")[:60] or "indicator"
    key, number = base, 2
    while Indicator.objects.filter(key=key).exists():
        key, number = f"{base}-{number}", number + 1
    return key


def _settle_targets(plan: Plan, indicators: set[int]) -> None:
    """Within each of the indicators the target with the last deadline leads; the others repeat it or are its milestones. Only where
    a target was just filed: elsewhere a person may have set other milestones since, and filing what is new must not undo that."""
    by_indicator: dict[int, list[Target]] = {}
    for target in plan.targets.filter(indicator__in=indicators).select_related("indicator", "clause"):
        by_indicator.setdefault(target.indicator_id, []).append(target)
    for group in by_indicator.values():
        main = max(group, key=lambda t: (t.deadline or date.min, not t.deadline_assumed, -t.clause.position))
        for target in group:
            target.repeat_of = None if target is main else main
            target.save(update_fields=["repeat_of"])
            if target is not main and target.deadline and main.deadline and target.deadline < main.deadline:
                Milestone.objects.update_or_create(
                    target=main, due=target.deadline, defaults={"value": target.value, "assumed": False}
                )
        _find_baseline(plan, main)
        draw_assumed_milestones(main)


def _find_baseline(plan: Plan, target: Target) -> bool:
    """Take over a confirmed baseline that the document states for exactly the same subject and unit; whether there was a new one."""
    if target.baseline_value is not None:
        return False
    for clause in plan.clauses.filter(kind=Clause.Kind.TARGET):
        content = clause.current
        same = content.get("subject") == target.indicator.title and (content.get("unit") or "") == target.indicator.unit
        if clause.binds and content.get("kind") == "baseline" and same:
            target.baseline_value = Decimal(str(content["value"]))
            target.baseline_on = end_of_period(content.get("deadline")) or plan.issued_on
            target.save(update_fields=["baseline_value", "baseline_on"])
            return True
    return False


def facts_of(target: Target) -> Facts[Decimal]:
    """What the target's line depends on (read from what is prefetched)."""
    facts = Facts(
        target.comparator, target.value, target.deadline, target.baseline_value, target.baseline_on, target.plan.period_start,
        target.plan.issued_on, target.indicator.title, target.filed_at,
    )  # fmt: skip
    known = first_value(target) if facts.needs_first else None
    return facts._replace(first=(known.as_of, known.value)) if known else facts


def start_of(target: Target) -> tuple[date, Decimal, bool]:
    """Where a target's line begins: day, value, and whether that is assumed."""
    return start(facts_of(target), Decimal(0))


def first_value(target: Target) -> IndicatorValue | None:
    """The oldest value that no later one corrects (read from what is prefetched)."""
    rows = list(target.indicator.values.all())
    corrected = {row.replaces_id for row in rows}
    return min((row for row in rows if row.pk not in corrected), key=lambda row: (row.as_of, row.pk), default=None)


def draw_assumed_milestones(target: Target) -> None:
    """Yearly points on the straight line between what is written; a person may replace them."""
    target.milestones.filter(assumed=True).delete()
    if target.deadline is None or (target.comparator in UPPER_LIMITS and target.baseline_value is None):
        return  # an upper limit without a baseline: its line is drawn anew from its first value
    first, value, _ = start_of(target)
    written = [(first, value), *((m.due, m.value) for m in target.milestones.all()), (target.deadline, target.value)]
    fresh = []
    for (day_a, a), (day_b, b) in pairwise(written):
        for year in range(day_a.year, day_b.year):
            due = date(year, 12, 31)
            if day_a < due < day_b:
                share = Decimal((due - day_a).days) / Decimal((day_b - day_a).days)
                fresh.append(Milestone(target=target, due=due, value=round(a + (b - a) * share, 2), assumed=True))
    Milestone.objects.bulk_create(fresh)


def _file_task(account: Account, plan: Plan, clause: Clause) -> Task:
    content = clause.current
    values = {
        "plan": plan, "number": str(content.get("number") or "")[:60],
        "heading": str(content.get("heading") or content.get("text") or "")[:300], "text": str(content.get("text") or ""),
    }  # fmt: skip
    earlier = _earlier_entry(clause, "task")
    if isinstance(earlier, Task):
        is_changed = (earlier.heading, earlier.text) != (values["heading"], values["text"])
        if is_changed:
            keep_first(earlier)
        for name, value in values.items():
            setattr(earlier, name, value)
        earlier.clause = clause
        earlier.save()
        if is_changed:
            keep_version(account, earlier, f"《{plan.title}》修订")
        task = earlier
    else:
        written = end_of_period(content.get("deadline"))
        task = Task.objects.create(
            clause=clause, deadline=written or plan.last_day, deadline_assumed=written is None, **values
        )
    _set_units(task, content.get("units") or [])
    inside = [t for t in plan.targets.select_related("clause") if clause.line <= t.clause.line <= clause.end_line]
    task.targets.set(t.repeat_of or t for t in inside)
    return task


def _set_units(task: Task, units: Sequence[dict[str, str]]) -> None:
    kept = set()
    for position, unit in enumerate(units):
        part, _ = TaskUnit.objects.get_or_create(
            task=task,
            name=unit["name"][:120],
            role=unit["role"],
            defaults={"position": position, "organisation": find_organisation(unit["name"])},
        )
        kept.add(part.pk)
    task.units.exclude(pk__in=kept).filter(accepted_at=None).delete()


@action("plan.publish", "公开", "make a plan public", roles=[Role.SUPERVISOR])
def publish(account: Account, plan: Plan) -> Plan:
    """What a plan says is shown to the public only after a person says so."""
    if plan.filed_at is None:
        raise Conflict("尚未立项，不能公开。", "Only a filed plan can be made public.", where=plan.title)
    plan.published_at, plan.published_by = timezone.now(), account
    plan.save(update_fields=["published_at", "published_by"])
    return plan


@action("plan.withdraw", "撤回公开", "take a plan back from the public", roles=[Role.SUPERVISOR])
def withdraw(account: Account, plan: Plan) -> Plan:
    plan.published_at = plan.published_by = None
    plan.save(update_fields=["published_at", "published_by"])
    return plan


def unlinked_names() -> list[tuple[str, int]]:
    """Names of units as written that no person has linked yet, with the number of tasks, most frequent first."""
    rows = (
        TaskUnit.objects.filter(organisation=None)
        .values("name")
        .annotate(tasks=models.Count("task"))
        .order_by("-tasks", "name")
    )
    return [(row["name"], row["tasks"]) for row in rows]


@action("unit.link", "关联单位", "link a unit's name as written to a unit", roles=[Role.SUPERVISOR, Role.SYSTEM_ADMIN])
def link_units(account: Account, organisation: Organisation, *, name: str) -> int:
    """All parts written with this name belong to the organisation; the caller records the alias where it is to be lasting."""
    linked = TaskUnit.objects.filter(name=name, organisation=None).update(organisation=organisation)
    audit.note(name=name, linked=linked)
    return linked


# --- 交办 · 签收 · 分解 ----------------------------------------------------------------------------------------------


@action("task.assign", "交办任务", "assign a task", roles=[Role.SUPERVISOR])
def assign(account: Account, task: Task, *, deadline: date | None = None) -> Task:
    """Hand the task to its units; with a deadline of its own where the supervisor sets one."""
    if task.state != Task.State.FILED:
        raise Conflict(
            f"任务{task.get_state_display()}，不能再交办。",
            f"The task is {task.state}: it cannot be assigned again.",
            where=task.heading,
        )
    if not task.units.exclude(organisation=None).exists():
        raise Conflict("任务没有已关联的单位。", "No unit of this task is linked.", where=task.heading,
                       to_do_zh="请先在“单位关联”页关联责任单位。", to_do_en="Link its units first.")  # fmt: skip
    if deadline is not None:
        task.deadline, task.deadline_assumed = deadline, False
    task.state, task.assigned_at = Task.State.ASSIGNED, timezone.now()
    task.save(update_fields=["state", "assigned_at", "deadline", "deadline_assumed"])
    audit.note(deadline=task.deadline, units=[str(unit) for unit in task.units.all()])
    return task


def assign_all(account: Account, plan: Plan) -> tuple[int, list[Task]]:
    """Assign every filed task of a plan whose units are linked; returns how many, and the tasks that had to wait."""
    done, waiting = 0, []
    for task in plan.tasks.filter(state=Task.State.FILED):
        if task.units.exclude(organisation=None).exists():
            assign(account, task)
            done += 1
        else:
            waiting.append(task)
    return done, waiting


@action("task.set_deadline", "调整时限", "set a task's deadline", roles=[Role.SUPERVISOR])
def set_deadline(account: Account, task: Task, *, deadline: date, reason: str) -> Task:
    if not reason.strip():
        raise InvalidInput("请写明调整原因。", "Say why the deadline changes.", where="reason")
    audit.note(before=task.deadline, after=deadline, reason=reason)
    keep_first(task)
    task.deadline, task.deadline_assumed = deadline, False
    task.save(update_fields=["deadline", "deadline_assumed"])
    keep_version(account, task, reason)
    return task


def parts_of(account: Account, task: Task) -> list[TaskUnit]:
    """The account's parts in a task: those of units (or of units they succeeded) for which it is officer or deputy."""
    paths = unit_paths(account)
    today = timezone.localdate()
    found = []
    for part in task.units.select_related("organisation"):
        if part.organisation is None:
            continue
        units = (part.organisation, successor_on(part.organisation, today))
        if any(unit.path.startswith(path) for unit in units for path in paths):
            found.append(part)
    return found


@action("task.accept", "签收任务", "accept a task", roles=[], as_unit=EVERY_PART)
def accept(account: Account, task: Task) -> Task:
    """One tap: all parts of the account's unit are accepted, and the account is in charge of them."""
    if task.state not in (Task.State.ASSIGNED, Task.State.UNDER_WAY):
        raise Conflict(
            f"任务{task.get_state_display()}，不能签收。",
            f"The task is {task.state}: it cannot be accepted.",
            where=task.heading,
        )
    parts = [part for part in parts_of(account, task) if part.accepted_at is None]
    for part in parts:
        part.accepted_at, part.accepted_by, part.officer = timezone.now(), account, account
        part.save(update_fields=["accepted_at", "accepted_by", "officer"])
    if task.state == Task.State.ASSIGNED and any(part.role in ACCOUNTABLE for part in parts):
        task.state = Task.State.UNDER_WAY
        task.save(update_fields=["state"])
    audit.note(units=[part.name for part in parts])
    return task


@action("task.break_down", "分解任务", "break a task down into steps", roles=[Role.SUPERVISOR], as_unit=ACCOUNTABLE)
def add_step(account: Account, task: Task, *, title: str, due: date, organisation: Organisation | None = None) -> Step:
    if not title.strip():
        raise InvalidInput("请填写节点内容。", "Say what the step is.", where="title")
    if task.state == Task.State.CLOSED:
        raise Conflict("任务已办结。", "The task is closed.", where=task.heading)
    if task.deadline and due > task.deadline:
        raise InvalidInput(
            "节点日期晚于任务时限。",
            "The step is due after the task.",
            where="due",
            to_do_zh=f"不晚于 {task.deadline}。",
            to_do_en=f"Not after {task.deadline}.",
        )
    audit.note(title=title, due=due)
    return Step.objects.create(
        task=task, title=title.strip()[:200], due=due, organisation=organisation, made_by=account
    )


@action("task.finish_step", "完成节点", "tick a step off", roles=[Role.SUPERVISOR], as_unit=EVERY_PART)
def finish_step(account: Account, task: Task, *, step_id: int) -> Step:
    step = task.steps.filter(pk=step_id).first()
    if step is None:
        raise NotFound("该任务没有这个节点。", "This task has no such step.", where=f"step {step_id}",
                       to_do_zh="请刷新后重试。", to_do_en="Reload and try again.")  # fmt: skip
    step.done_at = step.done_at or timezone.now()
    step.save(update_fields=["done_at"])
    audit.note(step=step.title)
    return step


# --- 跟踪 -----------------------------------------------------------------------------------------------------------


@action("task.report", "填报进展", "report progress", roles=[], as_unit=EVERY_PART)
def report_progress(
    account: Account, task: Task, *, text: str, evidence: Sequence[EvidenceFile] = (), value: Decimal | None = None,
    target: Target | None = None, as_of: date | None = None,
) -> Report:  # fmt: skip
    """Text, and where wanted a number for one of the task's targets with its evidence. Supporting units report too."""
    return _report(account, task, Report.Kind.PROGRESS, text, evidence, value, target, as_of)


@action("task.report_done", "报告办结", "report a task done", roles=[], as_unit=ACCOUNTABLE)
def report_done(account: Account, task: Task, *, text: str, evidence: Sequence[EvidenceFile] = ()) -> Report:
    """Ask the supervision office to close the task; evidence is required, now or in an earlier report."""
    if not evidence and not task.reports.exclude(evidence=None).exists():
        raise InvalidInput("报告办结须附佐证材料。", "A task is reported done with evidence.", where="evidence",
                           to_do_zh="请上传文件、照片或表格。", to_do_en="Upload a document, picture or table.")  # fmt: skip
    report = _report(account, task, Report.Kind.DONE, text, evidence, None, None, None)
    task.state = Task.State.REPORTED
    task.save(update_fields=["state"])
    return report


def _report(
    account: Account, task: Task, kind: Report.Kind, text: str, evidence: Sequence[EvidenceFile], value: Decimal | None,
    target: Target | None, as_of: date | None,
) -> Report:  # fmt: skip
    if task.state not in (Task.State.UNDER_WAY, Task.State.ASSIGNED):
        raise Conflict(
            f"任务{task.get_state_display()}，不能填报。",
            f"The task is {task.state}: nothing can be reported.",
            where=task.heading,
        )
    if not text.strip():
        raise InvalidInput("请填写进展内容。", "Say what was done.", where="text")
    parts = parts_of(account, task)
    report = Report(
        task=task,
        kind=kind,
        account=account,
        organisation=parts[0].organisation if parts else account.organisation,
        text=text.strip(),
    )
    if value is not None:
        if target is None or not task.targets.filter(pk=target.pk).exists():
            raise InvalidInput(
                "请选择该数值对应的指标。", "Say to which target of this task the number belongs.", where="target"
            )
        report.target = target
        report.value = _value_with_evidence(account, target, value, as_of, text, evidence)
    report.save()
    report.evidence.add(*evidence)
    answer_notices(account, task, report)
    if report.target is not None:
        answer_notices(account, report.target, report)
    audit.note(kind=str(kind), value=value, files=[{"name": f.name, "sha256": f.sha256} for f in evidence])
    return report


def _value_with_evidence(
    account: Account, target: Target, value: Decimal, as_of: date | None, note: str, evidence: Sequence[EvidenceFile]
) -> IndicatorValue:
    if not evidence:
        raise InvalidInput("填报数值须附佐证材料。", "A number is reported with evidence.", where="evidence",
                           to_do_zh="请上传文件、照片或表格。", to_do_en="Upload a document, picture or table.")  # fmt: skip
    if not value.is_finite() or abs(value) >= Decimal(10) ** 18:
        raise InvalidInput("数值无效。", "Not a usable number.", where="value")
    return report_value(
        account, target.indicator, value, as_of=as_of or timezone.localdate(), note=note, evidence=evidence
    )


@action("target.report", "填报指标", "report a target's value", roles=[Role.SUPERVISOR], as_unit=ACCOUNTABLE)
def report_target(
    account: Account,
    target: Target,
    *,
    value: Decimal,
    as_of: date | None = None,
    text: str,
    evidence: Sequence[EvidenceFile],
) -> Report:
    """A number for a target outside of any task, with evidence."""
    report = Report(target=target, account=account, organisation=account.organisation, text=text.strip())
    report.value = _value_with_evidence(account, target, value, as_of, text, evidence)
    report.save()
    report.evidence.add(*evidence)
    answer_notices(account, target, report)
    audit.note(value=value, as_of=as_of, files=[{"name": f.name, "sha256": f.sha256} for f in evidence])
    return report


@action("target.set_owner", "指定指标责任单位", "name the unit that owns a target", roles=[Role.SUPERVISOR])
def set_owner(account: Account, target: Target, *, organisation: Organisation) -> Target:
    target.indicator.owner = organisation
    target.indicator.save(update_fields=["owner"])
    audit.note(owner=organisation.name)
    return target


@action("target.set_baseline", "设定基期值", "set a target's baseline", roles=[Role.SUPERVISOR])
def set_baseline(account: Account, target: Target, *, value: Decimal, on: date, source: str) -> Target:
    if target.deadline and on >= target.deadline:
        raise InvalidInput("基期须早于目标时限。", "The baseline must lie before the deadline.", where="on")
    if not source.strip():
        raise InvalidInput("请写明基期值出处。", "Say where the baseline comes from.", where="source")
    audit.note(before=target.baseline_value, value=value, on=on, source=source)
    target.baseline_value, target.baseline_on = value, on
    target.save(update_fields=["baseline_value", "baseline_on"])
    draw_assumed_milestones(target)
    return target


@action("target.set_milestones", "设定阶段目标", "set a target's milestones", roles=[Role.SUPERVISOR])
def set_milestones(account: Account, target: Target, *, points: Sequence[tuple[date, Decimal]]) -> Target:
    """Replace all milestones by what a person decided; they are no assumption any more."""
    if len({due for due, _ in points}) != len(points):
        raise InvalidInput("同一日期只能有一个阶段目标。", "Two milestones have the same day.", where="due")
    if any(target.deadline and due >= target.deadline for due, _ in points):
        raise InvalidInput("阶段目标须早于最终时限。", "A milestone lies before the deadline.", where="due")
    audit.note(before=[(m.due, m.value) for m in target.milestones.all()], after=list(points))
    target.milestones.all().delete()
    Milestone.objects.bulk_create(
        Milestone(target=target, due=due, value=value, assumed=False, set_by=account) for due, value in points
    )
    return target


# --- 办结 -----------------------------------------------------------------------------------------------------------


@action("task.close", "办结", "close a task", roles=[Role.SUPERVISOR])
def close(account: Account, task: Task, *, note: str = "") -> Task:
    """Only after a unit reported it done, and only on evidence."""
    if task.state != Task.State.REPORTED:
        raise Conflict("责任单位尚未报告办结。", "No unit has reported the task done.", where=task.heading)
    if not task.reports.exclude(evidence=None).exists():
        raise Conflict(
            "没有佐证材料，不能办结。", "A task is closed on evidence, and there is none.", where=task.heading
        )
    task.state, task.closed_at, task.closing_note = Task.State.CLOSED, timezone.now(), note.strip()
    task.save(update_fields=["state", "closed_at", "closing_note"])
    settle_notices(account, task)
    audit.note(note=note)
    return task


@action("task.return", "退回", "send a report of completion back", roles=[Role.SUPERVISOR])
def send_back(account: Account, task: Task, *, reason: str) -> Report:
    if task.state != Task.State.REPORTED:
        raise Conflict(
            "只有待审核的任务可以退回。", "Only a task that was reported done can be sent back.", where=task.heading
        )
    if not reason.strip():
        raise InvalidInput("请写明退回原因。", "Say why it is sent back.", where="reason")
    task.state = Task.State.UNDER_WAY
    task.save(update_fields=["state"])
    audit.note(reason=reason)
    return Report.objects.create(
        task=task, kind=Report.Kind.RETURNED, account=account, organisation=account.organisation, text=reason.strip()
    )


@on_hand_over
def _hand_over_parts(leaver: Account, successor: Account) -> int:
    return TaskUnit.objects.filter(officer=leaver, task__state__in=Task.OPEN).update(officer=successor)
