"""How things stand on a day: lights of tasks, standing of targets, the programme as a whole. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from haihe.kernel.calendar import working_days_until
from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Assessment, Indicator, IndicatorDefinition, IndicatorValue, Point, State, assess
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import WHOLE, carried_on_below, roles_of, unit_paths, visible
from haihe.kernel.policies import parameter
from haihe.packs.plans.chasing import open_notices
from haihe.packs.plans.counting import (
    Counts,
    Lateness,
    UnitLine,
    amber_until,
    by_light,
    by_state,
    counts_of,
    has_light,
    lateness_of,
    unit_lines,
    with_tasks_but,
)
from haihe.packs.plans.ledger import facts_of
from haihe.packs.plans.models import Plan, Target, Task, TaskUnit
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.pace import Pace, pace
from haihe.packs.plans.states import states_of
from haihe.packs.plans.trajectories import UPPER_LIMITS, trajectory
from haihe.packs.plans.visibility import units_showing

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
    """A target on a day: its newest reported and measured values, the line it should follow, the verdict, and the pace.

    `values`: everything that was written down, by day. `comparable`: those of the deciding values that hold under the definition in
    force; `breaks`: the definitions that began after the first deciding value."""

    target: Target
    assessment: Assessment
    trajectory: tuple[Point, ...]
    reported: IndicatorValue | None
    measured: IndicatorValue | None
    values: tuple[IndicatorValue, ...]
    comparable: tuple[IndicatorValue, ...]
    breaks: tuple[IndicatorDefinition, ...]
    pace: Pace

    @property
    def decides(self) -> str:
        """measured where there is a measured value; otherwise reported; empty without any."""
        return "measured" if self.measured else "reported" if self.reported else ""

    @property
    def share_percent(self) -> int | None:
        """The newest value as a share of the goal, for a bar; at most 100."""
        if self.assessment.actual is None or not self.target.value:
            return None
        return max(0, min(100, round(100 * self.assessment.actual / float(self.target.value))))


def trajectory_of(target: Target) -> tuple[Point, ...]:
    return trajectory(facts_of(target), Decimal(0), ((m.due, m.value, m.assumed) for m in target.milestones.all()))


def standing(target: Target, at: date) -> Standing:
    """How a target stands. Measured values decide where there are any; otherwise the reported ones.

    Measured values are those of the indicator that a person bound to the target, or of its own where that is measured."""
    source = target.bound.indicator if target.bound is not None else target.indicator
    measured = _values(source, IndicatorValue.Kind.MEASURED, at)
    reported = _values(target.indicator, IndicatorValue.Kind.REPORTED, at)
    trajectory = trajectory_of(target)
    deciding, indicator = (measured, source) if measured else (reported, target.indicator)
    comparable, breaks = _comparable(indicator, deciding, at)
    upper = float(target.value_max) if target.value_max is not None else None
    return Standing(
        target=target,
        assessment=assess(trajectory, target.comparator, upper, points_of(deciding), at),
        trajectory=trajectory,
        reported=reported[-1] if reported else None,
        measured=measured[-1] if measured else None,
        values=tuple(sorted([*measured, *reported], key=_by_day)),
        comparable=tuple(comparable),
        breaks=tuple(breaks),
        pace=pace_of(target, comparable, at, falling=is_falling(target, trajectory)),
    )


def _by_day(value: IndicatorValue) -> tuple[object, ...]:
    return value.as_of, value.recorded_at, value.pk


def points_of(values: Iterable[IndicatorValue]) -> list[Point]:
    return [Point(value.as_of, float(value.value)) for value in values]


def _values(indicator: Indicator, kind: str, at: date) -> list[IndicatorValue]:
    """Values of one kind up to a day that no later row corrects, by day (read from what is prefetched)."""
    rows = list(indicator.values.all())
    corrected = {value.replaces_id for value in rows}
    return sorted((v for v in rows if v.kind == kind and v.pk not in corrected and v.as_of <= at), key=_by_day)


def _comparable(
    indicator: Indicator, values: Sequence[IndicatorValue], at: date
) -> tuple[list[IndicatorValue], list[IndicatorDefinition]]:
    """The values under the definition in force on that day, and the definitions that began after the first value.

    A value from before the first definition was written down counts under the first one."""
    known = sorted((d for d in indicator.definitions.all() if d.since <= at), key=lambda d: d.since)
    if not known or not values:
        return list(values), []
    comparable = [value for value in values if (value.definition_id or known[0].pk) == known[-1].pk]
    return comparable, [d for d in known[1:] if d.since > values[0].as_of]


def is_falling(target: Target, trajectory: Sequence[Point]) -> bool:
    """Whether the plan wants less: an upper limit, or a goal below where it begins."""
    top = float(target.value_max) if target.value_max is not None else float(target.value)
    return target.comparator in UPPER_LIMITS or (target.comparator in ("=", "~", "range") and trajectory[0].value > top)


def pace_of(target: Target, comparable: Sequence[IndicatorValue], at: date, *, falling: bool) -> Pace:
    return pace(
        points_of(sorted(comparable, key=lambda v: (v.recorded_at, v.pk))), target.comparator, float(target.value), target.deadline, at,
        falling=falling, goal_max=float(target.value_max) if target.value_max is not None else None,
        least_values=int(parameter("plans.pace_least_values", at)), least_days=int(parameter("plans.pace_least_days", at)),
    )  # fmt: skip


def leading_targets(plans: QuerySet[Plan] | Iterable[Plan]) -> QuerySet[Target]:
    """The targets to show: those that no other statement of the same plan repeats."""
    chosen: Any = plans.order_by().values("pk") if isinstance(plans, QuerySet) else list(plans)
    return with_values(Target.objects.filter(plan__in=chosen, repeat_of=None))


def with_values(rows: QuerySet[Target]) -> QuerySet[Target]:
    """Targets with everything that `standing` reads, in a fixed number of queries."""
    values = IndicatorValue.objects.select_related("by")
    bound = Binding.objects.filter(ended_at=None).select_related("indicator", "made_by")
    return rows.select_related("indicator__owner", "clause", "plan").prefetch_related(
        "milestones", "indicator__definitions", Prefetch("indicator__values", values),
        Prefetch("bindings", bound.prefetch_related("indicator__definitions", Prefetch("indicator__values", values))),
    )  # fmt: skip


def _unread(targets: QuerySet[Target]) -> QuerySet[Target]:
    """What stands in the documents is not shown, and reading it would be most of the work."""
    return targets.defer("plan__content", "clause__read", "clause__correction", "clause__changed_since")


FIRST = 6  # tasks of a list that the overview itself shows; the board has all of them


@dataclass
class Programme:
    """Everything the home page and the leader's view need, as of one day, counted by the database. What needs each of its rows
    (`standings`, `tasks`) is loaded when it is asked for."""

    today: date
    plans: QuerySet[Plan]
    targets: QuerySet[Target]
    rows: QuerySet[Task]
    parts: QuerySet[TaskUnit]
    counted_at: datetime = field(default_factory=timezone.now)

    @cached_property
    def states(self) -> dict[int, State]:
        """How each target stands, by its number, in the order in which they were filed."""
        return states_of(self.targets, self.today)

    def standings_of(self, numbers: Sequence[int]) -> list[Standing]:
        """All about a few of the targets, in the order that is asked for."""
        known = [pk for pk in numbers if pk in self.states]
        found = {target.pk: target for target in _unread(with_values(Target.objects.filter(pk__in=known)))}
        return [standing(found[pk], self.today) for pk in numbers if pk in found]

    def targets_of(self, numbers: Sequence[int]) -> list[Target]:
        """A few of the targets with what the plan says of them, in the order that is asked for."""
        rows = Target.objects.select_related("indicator").in_bulk([pk for pk in numbers if pk in self.states])
        return [rows[pk] for pk in numbers if pk in rows]

    @cached_property
    def standings(self) -> list[Standing]:
        """All about every target."""
        return [standing(target, self.today) for target in _unread(self.targets).order_by("pk")]

    @cached_property
    def counts(self) -> Counts:
        return counts_of(self.rows, self.today)

    @cached_property
    def units(self) -> list[UnitLine]:
        return unit_lines(self.parts, self.today)

    def first_units(self, most: int) -> list[UnitLine]:
        """The first few of `units`, without counting the others."""
        return unit_lines(self.parts, self.today, most)

    @cached_property
    def lateness(self) -> Lateness:
        weeks = timedelta(weeks=1)
        return lateness_of(self.rows, self.today - (WEEKS_BACK + 1) * weeks, self.today + WEEKS_AHEAD * weeks)

    @property
    def late(self) -> QuerySet[Task]:
        return self.rows.filter(has_light("red", self.today)).order_by("deadline", "pk")

    @cached_property
    def tasks(self) -> list[Task]:
        """All of them with their units. Loads every row: only for what truly needs each; `counts`, `units`, `first` count instead."""
        return list(self.rows.select_related("plan", "clause").prefetch_related("units__organisation"))

    def first(self, **condition: object) -> list[Task]:
        """The most urgent few of the tasks that fit, or of the late ones, with their units."""
        rows = self.rows.filter(**condition).order_by("deadline", "pk") if condition else self.late
        rows = rows.select_related("plan").defer("text", "plan__content").prefetch_related("units__organisation")
        return list(rows[:FIRST])

    def by_state(self) -> dict[str, int]:
        return by_state(self.counts)

    def by_light(self) -> dict[str, int]:
        return by_light(self.counts)

    def by_standing(self) -> dict[str, int]:
        counts = dict.fromkeys(("met", "on_track", "at_risk", "late", "no_data"), 0)
        for state in self.states.values():
            counts[state] += 1
        return counts


WEEKS_BACK, WEEKS_AHEAD = 16, 12  # how far back late tasks are counted, and ahead


@dataclass(frozen=True)
class InForce:
    """The filed plans in force (or the one plan of them), their tasks and the parts of these, of those that an account may see."""

    plans: QuerySet[Plan]
    tasks: QuerySet[Task]
    parts: QuerySet[TaskUnit]


def in_force(account: Account | None, plan: Plan | None = None) -> InForce:
    # Asked as "no plan replaces it": for a join that finds nothing PostgreSQL expects one plan where there are a thousand.
    in_place = ~Exists(Plan.objects.filter(replaces=OuterRef("pk")))
    plans = visible(account, Plan.objects.filter(in_place).exclude(filed_at=None))
    plans = plans.filter(pk=plan.pk) if plan else plans
    if not roles_of(account) & WHOLE or plan:
        tasks = visible(account, Task.objects.filter(plan__in=plans.order_by().values("pk")))
        return InForce(plans, tasks, TaskUnit.objects.filter(task__in=tasks.order_by()))
    others = with_tasks_but(plans)
    return InForce(
        plans, Task.objects.exclude(plan__in=others), TaskUnit.objects.exclude(task_plan__in=others) if others else TaskUnit.objects.all()
    )  # fmt: skip


def programme(account: Account | None, today: date, plan: Plan | None = None) -> Programme:
    """The whole programme that this account may see, or one plan of it."""
    found = in_force(account, plan)
    return Programme(today, found.plans, leading_targets(found.plans), found.tasks, found.parts)


WEEK_LISTS = ("to_accept", "late", "due", "chased", "under_way", "waiting")


@dataclass
class Week:
    """ "My week" of a unit officer: what to accept, what falls due, what was asked, what was sent back. `totals`: how many belong
    into each list, which may hold only the most urgent of them."""

    to_accept: list[Task] = field(default_factory=list)
    late: list[Task] = field(default_factory=list)
    due: list[Task] = field(default_factory=list)
    chased: list[Task] = field(default_factory=list)
    under_way: list[Task] = field(default_factory=list)
    waiting: list[Task] = field(default_factory=list)
    notices: dict[int, Case] = field(default_factory=dict)  # supervision notices to answer, by task
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def needs_action(self) -> int:
        return sum(self.totals.get(name, 0) for name in ("to_accept", "late", "due", "chased"))


def own_parts_for(account: Account, today: date) -> Callable[[Task], list[TaskUnit]]:
    """A function task → the account's parts in it, as ledger.parts_of, asking the database once for all tasks. The tasks come with
    `units__organisation` prefetched."""
    paths = unit_paths(account)
    carried_on = carried_on_below(paths, today)

    def own(task: Task) -> list[TaskUnit]:
        return [
            part for part in task.units.all()
            if part.organisation is not None
            and (part.organisation_id in carried_on or any(part.organisation.path.startswith(path) for path in paths))
        ]  # fmt: skip

    return own


def my_week(account: Account, today: date, *, of_each: int | None = None) -> Week:
    """The account's open tasks, each in the first list that fits, the most urgent first; due means within seven days or amber.
    `of_each`: at most so many tasks of a list are loaded."""
    week = Week(notices=open_notices(account))
    lists: dict[str, list[int]] = {name: [] for name in WEEK_LISTS}
    fits = _week_list(today, week.notices)
    for task in _own_open_tasks(account, today):
        lists[fits(task)].append(task.pk)
    shown = {name: pks[:of_each] for name, pks in lists.items()}
    whole = Task.objects.select_related("plan").defer("text", "closing_note", "plan__content")
    tasks = whole.prefetch_related("units__organisation").in_bulk([pk for pks in shown.values() for pk in pks])
    for name, pks in shown.items():
        week.totals[name] = len(lists[name])
        getattr(week, name).extend(tasks[pk] for pk in pks if pk in tasks)
    return week


class OpenTask(NamedTuple):
    """`waits`: a part of the own units waits to be accepted."""

    pk: int
    state: str
    deadline: date | None
    waits: bool


def _own_open_tasks(account: Account, today: date) -> list[OpenTask]:
    """The open tasks that the account may see and in which its units, or units that these carry on, have a part; the most urgent first.
    All of it stands in the parts of the few units, and in one index of them: no task is read."""
    own, showing = _own_units(account, today), units_showing(account)
    units = own if showing is None else own | showing
    parts = TaskUnit.objects.filter(organisation__in=units, task_state__in=Task.OPEN[1:]).order_by()
    seen: set[int] = set()
    found: dict[int, OpenTask] = {}
    columns = ("organisation", "task", "task_state", "task_deadline", "accepted_at")
    for unit, task, state, deadline, accepted_at in parts.values_list(*columns):
        if showing is None or unit in showing:
            seen.add(task)
        if unit in own:
            waits = accepted_at is None or (task in found and found[task].waits)
            found[task] = OpenTask(task, state, deadline, waits)
    return sorted((row for pk, row in found.items() if pk in seen), key=lambda row: (row.deadline or date.max, row.pk))


def _own_units(account: Account, today: date) -> set[int]:
    """The account's units and those that these carry on."""
    paths = unit_paths(account)
    mine = Q(pk__in=carried_on_below(paths, today))
    for path in paths:
        mine |= Q(path__startswith=path)
    return set(Organisation.objects.filter(mine).order_by().values_list("pk", flat=True))


def _week_list(today: date, notices: dict[int, Case]) -> Callable[[OpenTask], str]:
    """A function task → the list of the week."""
    soon = max(amber_until(today), today + timedelta(days=7))

    def fits(task: OpenTask) -> str:
        if task.waits and task.state in (Task.State.ASSIGNED, Task.State.UNDER_WAY):
            return "to_accept"
        if task.state == Task.State.REPORTED:
            return "waiting"
        if task.pk in notices:
            return "chased"
        if task.deadline is None or task.deadline > soon:
            return "under_way"
        return "late" if task.deadline < today else "due"

    return fits
