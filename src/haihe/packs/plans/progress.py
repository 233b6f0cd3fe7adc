"""How things stand on a day: lights of tasks, standing of targets, the programme as a whole. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from django.db.models import Prefetch, QuerySet

from haihe.kernel.calendar import working_days_until
from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Assessment, IndicatorValue, Point, assess
from haihe.kernel.permissions import visible
from haihe.kernel.policies import parameter
from haihe.packs.plans.chasing import open_notices
from haihe.packs.plans.ledger import start_of
from haihe.packs.plans.models import Plan, Target, Task

Light = Literal["closed", "red", "amber", "green", "none"]


def light(task: Task, today: date) -> Light:
    """closed; red once the deadline has passed; amber within the reminder's working days before it; green; none without one."""
    if task.state == Task.State.CLOSED:
        return "closed"
    if task.deadline is None:
        return "none"
    if today > task.deadline:
        return "red"
    ahead = int(parameter("plans.amber_working_days", today))
    # Counting working days costs a loop over the calendar; far deadlines need none.
    if (task.deadline - today).days > 4 * ahead + 14:
        return "green"
    return "amber" if working_days_until(today, task.deadline) <= ahead else "green"


@dataclass(frozen=True)
class Standing:
    """A target on a day: its newest reported and measured values, the line it should follow, and the verdict."""

    target: Target
    assessment: Assessment
    trajectory: tuple[Point, ...]
    reported: IndicatorValue | None
    measured: IndicatorValue | None
    values: tuple[IndicatorValue, ...]

    @property
    def share_percent(self) -> int | None:
        """The newest value as a share of the goal, for a bar; at most 100."""
        if self.assessment.actual is None or not self.target.value:
            return None
        return max(0, min(100, round(100 * self.assessment.actual / float(self.target.value))))


def trajectory_of(target: Target) -> tuple[Point, ...]:
    first, value, assumed = start_of(target)
    points = [Point(first, float(value), assumed)]
    points += [Point(m.due, float(m.value), m.assumed) for m in target.milestones.all()]
    points.append(Point(target.deadline or date(9999, 12, 31), float(target.value)))
    return tuple(points)


def standing(target: Target, at: date) -> Standing:
    """How a target stands. Measured values decide where there are any; otherwise the reported ones."""
    corrected = {value.replaces_id for value in target.indicator.values.all()}
    values = sorted(
        (v for v in target.indicator.values.all() if v.pk not in corrected and v.as_of <= at),
        key=lambda v: (v.as_of, v.recorded_at, v.pk),
    )
    measured = [v for v in values if v.kind == IndicatorValue.Kind.MEASURED]
    reported = [v for v in values if v.kind == IndicatorValue.Kind.REPORTED]
    trajectory = trajectory_of(target)
    actuals = [Point(v.as_of, float(v.value)) for v in (measured or reported)]
    return Standing(
        target=target,
        assessment=assess(
            trajectory,
            target.comparator,
            float(target.value_max) if target.value_max is not None else None,
            actuals,
            at,
        ),
        trajectory=trajectory,
        reported=reported[-1] if reported else None,
        measured=measured[-1] if measured else None,
        values=tuple(values),
    )


def leading_targets(plans: Iterable[Plan]) -> QuerySet[Target]:
    """The targets to show: those that no other statement of the same plan repeats."""
    return (
        Target.objects.filter(plan__in=list(plans), repeat_of=None)
        .select_related("indicator__owner", "clause", "plan")
        .prefetch_related("milestones", Prefetch("indicator__values", IndicatorValue.objects.select_related("by")))
    )


@dataclass
class UnitLine:
    """One unit's row in the overview."""

    name: str
    organisation_id: int | None
    total: int = 0
    unaccepted: int = 0
    under_way: int = 0
    closed: int = 0
    amber: int = 0
    late: int = 0


@dataclass
class Programme:
    """Everything the home page and the leader's view need, as of one day."""

    today: date
    plans: list[Plan]
    standings: list[Standing]
    tasks: list[Task]
    lights: dict[int, Light]
    units: list[UnitLine] = field(default_factory=list)

    @property
    def late(self) -> list[Task]:
        return [task for task in self.tasks if self.lights[task.pk] == "red"]

    def by_state(self) -> dict[str, int]:
        counts = {state: 0 for state in Task.State.values}
        for task in self.tasks:
            counts[task.state] += 1
        return counts

    def by_standing(self) -> dict[str, int]:
        counts = {"met": 0, "on_track": 0, "at_risk": 0, "late": 0, "no_data": 0}
        for row in self.standings:
            counts[row.assessment.state] += 1
        return counts


def programme(account: Account | None, today: date, plan: Plan | None = None) -> Programme:
    """The whole programme that this account may see, or one plan of it."""
    plans = list(
        visible(account, Plan.objects.filter(replaced_by=None).exclude(filed_at=None)).filter(
            **({"pk": plan.pk} if plan else {})
        )
    )
    tasks = list(
        visible(account, Task.objects.filter(plan__in=plans))
        .select_related("plan", "clause")
        .prefetch_related("units__organisation")
    )
    lights = {task.pk: light(task, today) for task in tasks}
    standings = [standing(target, today) for target in leading_targets(plans)]
    return Programme(today, plans, standings, tasks, lights, _unit_lines(tasks, lights))


def _unit_lines(tasks: Sequence[Task], lights: dict[int, Light]) -> list[UnitLine]:
    lines: dict[str, UnitLine] = {}
    for task in tasks:
        for part in task.units.all():
            name = part.organisation.name if part.organisation else part.name
            line = lines.setdefault(name, UnitLine(name, part.organisation_id))
            line.total += 1
            line.closed += task.state == Task.State.CLOSED
            line.under_way += task.state in (Task.State.UNDER_WAY, Task.State.REPORTED)
            line.unaccepted += part.accepted_at is None and task.state in (Task.State.ASSIGNED, Task.State.UNDER_WAY)
            line.amber += lights[task.pk] == "amber"
            line.late += lights[task.pk] == "red"
    return sorted(lines.values(), key=lambda line: (-line.late, -line.amber, -line.total, line.name))


@dataclass
class Week:
    """ "My week" of a unit officer: what to accept, what falls due, what was asked, what was sent back."""

    to_accept: list[Task] = field(default_factory=list)
    late: list[Task] = field(default_factory=list)
    due: list[Task] = field(default_factory=list)
    chased: list[Task] = field(default_factory=list)
    under_way: list[Task] = field(default_factory=list)
    waiting: list[Task] = field(default_factory=list)
    notices: dict[int, Case] = field(default_factory=dict)  # supervision notices to answer, by task

    @property
    def needs_action(self) -> int:
        return len({t.pk for t in (*self.to_accept, *self.late, *self.due, *self.chased)})


def my_week(account: Account, today: date) -> Week:
    """The account's open tasks, each in the first list that fits; due means within seven days or amber."""
    from haihe.packs.plans.ledger import parts_of

    week = Week(notices=open_notices(account))
    rows = (
        visible(account, Task.objects.filter(state__in=Task.OPEN))
        .select_related("plan")
        .prefetch_related("units__organisation", "targets")
    )
    for task in rows:
        parts = parts_of(account, task)
        if not parts or task.state == Task.State.FILED:
            continue
        lamp = light(task, today)
        if any(part.accepted_at is None for part in parts) and task.state in (
            Task.State.ASSIGNED,
            Task.State.UNDER_WAY,
        ):
            week.to_accept.append(task)
        elif task.state == Task.State.REPORTED:
            week.waiting.append(task)
        elif task.pk in week.notices:
            week.chased.append(task)
        elif lamp == "red":
            week.late.append(task)
        elif lamp == "amber" or (task.deadline and task.deadline <= today + timedelta(days=7)):
            week.due.append(task)
        else:
            week.under_way.append(task)
    return week
