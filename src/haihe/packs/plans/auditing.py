"""Auditors' checks of the ledger: what is missing before a number or a task can be trusted. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, QuerySet
from django.urls import reverse

from haihe.kernel.identity import Role
from haihe.kernel.indicators import MEASURES, IndicatorValue
from haihe.kernel.language import pick
from haihe.kernel.permissions import declare
from haihe.kernel.policies import parameter
from haihe.packs.plans.models import Plan, Report, Step, Target, Task, TaskUnit
from haihe.packs.plans.progress import leading_targets, standing

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


def findings(today: date) -> list[Finding]:
    """Everything that the checks find in the filed plans in force, in the order of CHECKS."""
    plans = list(Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    targets = list(leading_targets(plans))
    tasks = Task.objects.filter(plan__in=plans).select_related("plan")
    return [
        *without_milestones(targets), *without_owner(tasks), *silent_supporters(tasks, today), *not_recomputable(targets, today),
    ]  # fmt: skip


def _of_target(target: Target, check: str, zh: str, en: str, anchor: str = "") -> Finding:
    link = reverse("plans:target", args=[target.pk]) + anchor
    return Finding(check, target.indicator.title, target.plan.title, zh, en, link)


def without_milestones(targets: Iterable[Target]) -> Iterator[Finding]:
    """No point between beginning and deadline that a person set."""
    for target in targets:
        if not any(not milestone.assumed for milestone in target.milestones.all()):
            yield _of_target(
                target, "no_milestone", "没有人定过阶段目标，进度线只是直线推算。",
                "Nobody set a milestone: its line is only an assumption.", "#set",
            )  # fmt: skip


def without_owner(tasks: QuerySet[Task]) -> Iterator[Finding]:
    """No leading or responsible unit, or none of them linked to a unit of the district."""
    accountable = (TaskUnit.Role.LEAD, TaskUnit.Role.RESPONSIBLE)
    for task in tasks.prefetch_related("units"):
        named = [part for part in task.units.all() if part.role in accountable]
        if any(part.organisation_id for part in named):
            continue
        zh, en = ("没有牵头或责任单位。", "It names no leading or responsible unit.")
        link = reverse("plans:check", args=[task.plan_id]) + f"#c{task.clause_id}"
        if named:
            zh, en = f"“{named[0].name}”尚未对应到单位。", f"Nobody has said which unit {named[0].name!r} is."
            link = reverse("plans:units")
        yield Finding("no_owner", task.heading, task.plan.title, zh, en, link)


def silent_supporters(tasks: QuerySet[Task], today: date) -> Iterator[Finding]:
    """A supporting unit of a task that was assigned some time ago, with neither report nor step on it."""
    days = int(parameter("plans.silent_support_days", today))
    parts = TaskUnit.objects.filter(
        role=TaskUnit.Role.SUPPORT, task__in=tasks, task__assigned_at__date__lte=today - timedelta(days=days)
    ).exclude(organisation=None)  # fmt: skip
    heard = set(Report.objects.exclude(task=None).values_list("task_id", "organisation__path").distinct())
    heard |= set(Step.objects.values_list("task_id", "organisation__path").distinct())
    by_task: dict[int | None, list[str]] = {}
    for task_id, path in heard:
        by_task.setdefault(task_id, []).append(path or "")
    for part in parts.select_related("task__plan", "organisation"):
        path = part.organisation.path if part.organisation else ""
        if not any(said.startswith(path) for said in by_task.get(part.task_id, [])):
            yield Finding(
                "silent_support", part.task.heading, part.task.plan.title,
                f"{part.organisation}：交办 {days} 天以来没有填报，也没有分解。",
                f"{part.organisation}: neither report nor step in the {days} days since it was assigned.",
                reverse("plans:task", args=[part.task_id]),
            )  # fmt: skip


def not_recomputable(targets: Iterable[Target], today: date) -> Iterator[Finding]:
    """The number that decides has no evidence, or its indicator neither a measure nor a definition beyond its name."""
    rows = [standing(target, today) for target in targets]
    deciding = {row.target.pk: row.measured or row.reported for row in rows}
    ids = [value.pk for value in deciding.values() if value is not None]
    files = dict(IndicatorValue.objects.filter(pk__in=ids).annotate(n=Count("evidence")).values_list("pk", "n"))
    for row in rows:
        value = deciding[row.target.pk]
        if value is None:
            continue
        source = row.target.bound.indicator if row.measured and row.target.bound else row.target.indicator
        known = [d for d in source.definitions.all() if d.since <= today]
        last = max(known, key=lambda d: d.since, default=None)
        if value.kind == IndicatorValue.Kind.MEASURED and (last is None or last.measure not in MEASURES):
            yield _of_target(
                row.target,
                "not_recomputable",
                "测得值的计算程序已不在。",
                "What measured it is not loaded any more.",
                "#measure",
            )
        elif value.kind == IndicatorValue.Kind.REPORTED and not files[value.pk]:
            yield _of_target(
                row.target, "not_recomputable", "填报值没有佐证材料。", "The reported value has no evidence.", "#report"
            )
        elif value.kind == IndicatorValue.Kind.REPORTED and (last is None or last.text.strip() == source.title.strip()):
            yield _of_target(
                row.target, "not_recomputable", "指标没有测算程序，口径也只写了名称，无从复算。",
                "Its indicator has no measure, and its definition is only its name.", "#set",
            )  # fmt: skip
