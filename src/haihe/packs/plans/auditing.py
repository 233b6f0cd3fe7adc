"""Auditors' checks of the ledger: what is missing before a number or a task can be trusted. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.identity import Role
from haihe.kernel.indicators import MEASURES, IndicatorValue
from haihe.kernel.language import pick
from haihe.kernel.permissions import declare
from haihe.kernel.policies import parameter
from haihe.packs.plans.counting import with_tasks_but
from haihe.packs.plans.models import ACCOUNTABLE, Clause, Milestone, Plan, Report, Step, Target, Task, TaskUnit
from haihe.packs.plans.states import deciding, definitions_behind

declare("plan.audit", "审计检查", "read the auditors' checks", roles=[Role.SUPERVISOR, Role.VIEWER, Role.AUDITOR])

CHECKS = {
    "no_milestone": ("指标没有阶段目标", "A target without interim milestones"),
    "no_owner": ("任务没有责任单位", "A task without an owner"),
    "silent_support": ("配合单位从无动静", "A supporting unit that never contributed"),
    "not_recomputable": ("数值无法复核", "A number that nobody can recompute"),
}


@dataclass(frozen=True)
class Finding:
    """One row: which check, what it is about, why, and the page where it can be mended."""

    check: str
    subject: str
    plan: str
    why_zh: str
    why_en: str
    link: str

    @property
    def why(self) -> str:
        return pick(self.why_zh, self.why_en)


@dataclass(frozen=True)
class Check:
    """What one check finds: how many, and the findings themselves, which are made only as far as they are asked for."""

    key: str
    number: int
    rows: Callable[[int | None], Iterable[Finding]]

    def first(self, most: int | None = None) -> list[Finding]:
        return list(self.rows(most))


def checks(today: date) -> list[Check]:
    """Each of CHECKS over the filed plans in force."""
    plans = Plan.objects.filter(~Exists(Plan.objects.filter(replaces=OuterRef("pk")))).exclude(filed_at=None)
    others = with_tasks_but(plans)
    targets = Target.objects.filter(plan__in=plans.order_by().values("pk"), repeat_of=None)
    shown = targets.select_related("indicator", "plan").defer("plan__content")
    unset = targets.exclude(Exists(Milestone.objects.filter(target=OuterRef("pk"), assumed=False)))
    # For a join with clauses PostgreSQL would read all of these.
    position = Subquery(Clause.objects.filter(pk=OuterRef("clause")).values("position"))
    # Few in a good ledger, and found by asking every task: therefore once, and their number is told from that.
    ownerless = list(without_owner(Task.objects.exclude(plan__in=others)).order_by("pk").values_list("pk", flat=True))
    silent = silent_supporters(
        TaskUnit.objects.exclude(task_plan__in=others) if others else TaskUnit.objects.all(), today
    )
    count, reasons = silent.count(), not_recomputable(targets, today)
    return [
        Check(
            "no_milestone",
            unset.count(),
            lambda most: _without_milestones(shown, unset.order_by(position, "pk").values_list("pk", flat=True)[:most]),
        ),
        Check("no_owner", len(ownerless), lambda most: map(_without_owner, _whole(ownerless[:most]))),
        Check(
            "silent_support", count, lambda most: (_silent(part, today) for part in (silent[:most] if count else ()))
        ),
        Check("not_recomputable", len(reasons), lambda most: _not_recomputable(shown, reasons, most)),
    ]


def findings(today: date) -> list[Finding]:
    """Everything that the checks find, in their order."""
    return [row for check in checks(today) for row in check.first()]


def _of_target(target: Target, check: str, zh: str, en: str, anchor: str = "") -> Finding:
    link = reverse("plans:target", args=[target.pk]) + anchor
    return Finding(check, target.indicator.title, target.plan.title, zh, en, link)


def _without_milestones(targets: QuerySet[Target], numbers: Iterable[int]) -> Iterator[Finding]:
    """No point between beginning and deadline that a person set. Put in order by number, and only those that are shown are read whole."""
    ordered = list(numbers)
    rows = targets.order_by().in_bulk(ordered)
    why = "没有人定过阶段目标，进度线只是直线推算。", "Nobody set a milestone: its line is only an assumption."
    for pk in ordered:
        yield _of_target(rows[pk], "no_milestone", *why, "#set")


def without_owner(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """No leading or responsible unit, or none of them linked to a unit of the district."""
    owned = TaskUnit.objects.filter(task=OuterRef("pk"), role__in=ACCOUNTABLE).exclude(organisation=None)
    return tasks.exclude(Exists(owned))


def _whole(numbers: list[int]) -> QuerySet[Task]:
    rows = Task.objects.filter(pk__in=numbers).select_related("plan").defer("text", "plan__content")
    return rows.prefetch_related("units").order_by("pk")


def _without_owner(task: Task) -> Finding:
    named = [part for part in task.units.all() if part.role in ACCOUNTABLE]
    zh, en = ("没有牵头或责任单位。", "It names no leading or responsible unit.")
    link = reverse("plans:check", args=[task.plan_id]) + f"#c{task.clause_id}"
    if named:
        zh, en = f"“{named[0].name}”尚未对应到单位。", f"Nobody has said which unit {named[0].name!r} is."
        link = reverse("plans:units")
    return Finding("no_owner", task.heading, task.plan.title, zh, en, link)


def silent_supporters(parts: QuerySet[TaskUnit], today: date) -> QuerySet[TaskUnit]:
    """Parts of supporting units in tasks that were assigned some time ago, where neither the unit nor one below it reported on the
    task or broke it down."""
    days = int(parameter("plans.silent_support_days", today))
    # Compared as an instant: the day of each of a hundred thousand would be asked of Python on SQLite.
    before = timezone.make_aware(datetime.combine(today - timedelta(days=days - 1), time.min))
    said = {"task": OuterRef("task"), "organisation__path__startswith": OuterRef("organisation__path")}
    asked = parts.filter(role=TaskUnit.Role.SUPPORT, task__assigned_at__lt=before)
    rows = asked.exclude(organisation=None).exclude(Exists(Report.objects.filter(**said))).exclude(Exists(Step.objects.filter(**said)))  # fmt: skip
    return rows.select_related("task__plan", "organisation").defer("task__text", "task__plan__content").order_by("pk")


def _silent(part: TaskUnit, today: date) -> Finding:
    days = int(parameter("plans.silent_support_days", today))
    return Finding(
        "silent_support", part.task.heading, part.task.plan.title, f"{part.organisation}：交办 {days} 天以来没有填报，也没有分解。",
        f"{part.organisation}: neither report nor step in the {days} days since it was assigned.", reverse("plans:task", args=[part.task_id]),
    )  # fmt: skip


Reason = tuple[str, str, str]  # Chinese, English, the place on the page


def not_recomputable(targets: QuerySet[Target], today: date) -> dict[int, Reason]:
    """The number that decides has no evidence, or its indicator neither a measure nor a definition beyond its name."""
    found = deciding(targets, today)
    known = definitions_behind(targets).filter(since__lte=today).order_by("since")
    in_force = {row[0]: row[1:] for row in known.values_list("indicator", "measure", "text", "indicator__title")}
    reasons: dict[int, Reason] = {}
    for pk, (source, kind, is_proven) in found.items():
        measure, text, title = in_force.get(source, ("", "", ""))
        if kind == IndicatorValue.Kind.MEASURED:
            if measure not in MEASURES:
                reasons[pk] = "测得值的计算程序已不在。", "What measured it is not loaded any more.", "#measure"
        elif not is_proven:
            reasons[pk] = "填报值没有佐证材料。", "The reported value has no evidence.", "#report"
        elif text.strip() == title.strip():
            reasons[pk] = "指标没有测算程序，口径也只写了名称，无从复算。", "Its indicator has no measure, and its definition is only its name.", "#set"  # fmt: skip
    return reasons


def _not_recomputable(targets: QuerySet[Target], reasons: dict[int, Reason], most: int | None) -> Iterator[Finding]:
    rows = targets.order_by().in_bulk(list(reasons)[:most])
    for pk, reason in reasons.items():
        if pk in rows:
            yield _of_target(rows[pk], "not_recomputable", *reason)
