"""How many tasks stand how, counted by the database: an overview of a hundred thousand tasks loads none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from haihe.kernel.calendar import is_working_day
from haihe.kernel.organisations import Organisation
from haihe.kernel.policies import parameter
from haihe.packs.plans.models import Plan, Task, TaskUnit

LIGHT_NAMES = ("red", "amber", "green", "none", "closed")


def amber_until(today: date) -> date:
    """The last deadline whose light is amber: `plans.amber_working_days` working days ahead, and days off after them."""
    ahead, day = int(parameter("plans.amber_working_days", today)), today
    while True:
        following = day + timedelta(days=1)
        ahead -= is_working_day(following)
        if ahead < 0:
            return day
        day = following


def has_light(name: str, today: date, prefix: str = "") -> Q:
    """Tasks with a light, as progress.light tells it; `prefix` begins the names of what stands in the task (`task_`: a part's copies)."""
    closed = Q(**{f"{prefix}state": Task.State.CLOSED})
    if name == "closed":
        return closed
    deadline = f"{prefix}deadline"
    wanted = {
        "none": Q(**{f"{deadline}__isnull": True}), "red": Q(**{f"{deadline}__lt": today}),
        "amber": Q(**{f"{deadline}__gte": today, f"{deadline}__lte": amber_until(today)}), "green": Q(**{f"{deadline}__gt": amber_until(today)}),
    }  # fmt: skip
    # "Not closed" and not "one of the open states": the index of states would keep SQLite from walking along the deadlines.
    return wanted[name] & ~closed


def most_urgent_first(tasks: QuerySet[Task]) -> QuerySet[Task]:
    """Open before closed, with a deadline before without, the earliest first: red, amber, green in that order."""
    rank = Case(
        When(state=Task.State.CLOSED, then=Value(2)), When(deadline=None, then=Value(1)), default=Value(0), output_field=IntegerField()
    )  # fmt: skip
    return tasks.order_by(rank, "deadline", "pk")


def urgent_slice(tasks: QuerySet[Task], counts: dict[str, int], start: int, size: int) -> list[int]:
    """Numbers of `size` tasks from `start` on in the order of `most_urgent_first`; `counts`: of the tasks by light.

    Each of the three parts of that order is walked along an index, so that no page sorts all tasks."""
    is_open = ~Q(state=Task.State.CLOSED)
    parts = (
        (counts["red"] + counts["amber"] + counts["green"], tasks.filter(is_open, deadline__isnull=False)),
        (counts["none"], tasks.filter(is_open, deadline=None)),
        (counts["closed"], tasks.filter(state=Task.State.CLOSED)),
    )
    found: list[int] = []
    for number, rows in parts:
        if start < number and len(found) < size:
            found += rows.order_by("deadline", "pk").values_list("pk", flat=True)[start : start + size - len(found)]
        start = max(0, start - number)
    return found


def with_tasks_but(plans: QuerySet[Plan]) -> list[int]:
    """Numbers of all plans but these that have tasks: few or none, since a newer version takes the tasks along. To leave theirs out is less
    work than to ask each of a hundred thousand tasks whether its plan is one of a thousand."""
    rows = Plan.objects.order_by().exclude(pk__in=plans.order_by().values("pk"))
    return list(rows.filter(Exists(Task.objects.filter(plan=OuterRef("pk")))).values_list("pk", flat=True))


Counts = Counter[tuple[str, str]]  # (state, light) → how many tasks


def counts_of(tasks: QuerySet[Task], today: date) -> Counts:
    """How many of the tasks stand how. Most are neither late nor due soon: all are counted by state alone, these few by their day."""
    rows, number = tasks.order_by().values_list("state"), Count("*")
    found: Counts = Counter({(state, _other(state)): n for state, n in rows.annotate(n=number)})
    # Asked one by one, each is answered by an index alone; together they are not on PostgreSQL, nor is COUNT of a column.
    unfinished = rows.filter(~Q(state=Task.State.CLOSED))
    near = unfinished.filter(deadline__lte=amber_until(today))
    for state, n, late in near.annotate(n=number, late=Count("deadline", filter=Q(deadline__lt=today))):
        found += Counter({(state, "red"): late, (state, "amber"): n - late})
        found[state, "green"] -= n
    for state, n in unfinished.filter(deadline=None).annotate(n=number):
        found += Counter({(state, "none"): n})
        found[state, "green"] -= n
    return found


def _other(state: str) -> str:
    return "closed" if state == Task.State.CLOSED else "green"


def by_state(counts: Counts) -> dict[str, int]:
    found = dict.fromkeys(Task.State.values, 0)
    for (state, _), number in counts.items():
        found[state] += number
    return found


def by_light(counts: Counts) -> dict[str, int]:
    found = dict.fromkeys(LIGHT_NAMES, 0)
    for (_, light), number in counts.items():
        found[light] += number
    return found


def lights_of(tasks: QuerySet[Task], today: date) -> dict[str, int]:
    """How many of the tasks have which light."""
    return by_light(counts_of(tasks, today))


def lights_of_some(tasks: QuerySet[Task], today: date) -> dict[str, int]:
    """As `lights_of`, of tasks that something else than an index of theirs chooses: they are looked for once."""
    numbers = {name: Count("pk", filter=has_light(name, today)) for name in LIGHT_NAMES}
    return tasks.order_by().aggregate(**numbers)


@dataclass(frozen=True)
class Lateness:
    """What it takes to tell how many tasks were late on a day of the last weeks, and would be on one of the next: open tasks by
    deadline, and tasks that were closed after it, by deadline and the day on which they were closed."""

    open: Counter[date] = field(default_factory=Counter)
    closed_late: Counter[tuple[date, date]] = field(default_factory=Counter)

    def on(self, day: date, today: date) -> int:
        """Late tasks on a day; of a day to come: if nothing more is closed from today on."""
        late = sum(number for deadline, number in self.open.items() if deadline < day)
        seen = min(day, today)
        return late + sum(n for (deadline, closed), n in self.closed_late.items() if deadline < day and seen < closed)


def lateness_of(tasks: QuerySet[Task], since: date, until: date) -> Lateness:
    """For days from `since` to `until`."""
    plain = tasks.order_by()
    ends = plain.filter(~Q(state=Task.State.CLOSED), deadline__lt=until).values_list("deadline").annotate(n=Count("*"))
    begin = timezone.make_aware(datetime(since.year, since.month, since.day))  # noqa: DTZ001
    closed = plain.filter(state=Task.State.CLOSED, closed_at__gte=begin, closed_at__gt=F("deadline"))
    found: Counter[tuple[date, date]] = Counter()
    for deadline, at in closed.values_list("deadline", "closed_at"):
        if at and deadline and (day := timezone.localdate(at)) > deadline:
            found[deadline, day] += 1
    return Lateness(Counter(dict(ends)), found)


# --- by unit --------------------------------------------------------------------------------------------------------


SHOWN: tuple[str, ...] = ("closed", "reported", "under_way", "to_accept", "amber", "late")


@dataclass
class UnitLine:
    """One unit's row in the overview. `shown`: each task once, late before due soon before its state (charts.STATE_WORDS)."""

    name: str
    organisation_id: int | None
    total: int = 0
    unaccepted: int = 0
    under_way: int = 0
    closed: int = 0
    amber: int = 0
    late: int = 0
    shown: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHOWN, 0))

    def add(self, state: str, number: int, late: int, amber: int, waits: int) -> None:
        """So many more parts in tasks of a state; `late` and `amber` of them, and so many that nobody accepted yet."""
        self.total += number
        if state == Task.State.CLOSED:
            self.closed += number
            self.shown["closed"] += number
            return
        self.under_way += number * (state in (Task.State.UNDER_WAY, Task.State.REPORTED))
        self.unaccepted += waits * (state in (Task.State.ASSIGNED, Task.State.UNDER_WAY))
        self.late, self.amber = self.late + late, self.amber + amber
        self.shown["late"] += late
        self.shown["amber"] += amber
        self.shown[state if state in SHOWN else "to_accept"] += number - late - amber


Near = dict[tuple[Any, str], tuple[int, int]]  # unit and state of the task → parts that are late, that are due soon


def unit_lines(parts: QuerySet[TaskUnit], today: date, most: int | None = None) -> list[UnitLine]:
    """A line for each unit of the parts, those with late tasks first; `most`: only the first so many.

    Parts are counted by the copies of what stands in their tasks, linked ones by the number of their unit: an index alone answers
    both questions, where asking two hundred thousand parts for their tasks took ten times as long. Few parts are late or due soon,
    and they decide which units come first: where only these are asked for, nothing else of the others is counted."""
    names = dict(Organisation.objects.order_by().values_list("pk", "name"))
    linked, unlinked = parts.exclude(organisation=None), parts.filter(organisation=None)
    near, near_unlinked = _near(linked, "organisation_id", today), _near(unlinked, "name", today)
    if most is not None:
        chosen = _first_names(
            [(names[unit], *n) for (unit, _), n in near.items()]
            + [(name, *n) for (name, _), n in near_unlinked.items()],
            most,
        )
        if len(chosen) >= most:
            linked = linked.filter(organisation__in=[pk for pk, name in names.items() if name in chosen])
            unlinked = unlinked.filter(name__in=chosen)
    lines: dict[str, UnitLine] = {}
    for unit, counted in _counted(linked, "organisation_id", near):
        lines.setdefault(names[unit], UnitLine(names[unit], unit)).add(*counted)
    for name, counted in _counted(unlinked, "name", near_unlinked):
        lines.setdefault(name, UnitLine(name, None)).add(*counted)
    return sorted(lines.values(), key=lambda line: (-line.late, -line.amber, -line.total, line.name))[:most]


def _first_names(near: Iterable[tuple[str, int, int]], most: int) -> set[str]:
    """The names that can be among the first `most`: whoever has as much late and due soon as the last of these."""
    sums: dict[str, tuple[int, int]] = {}
    for name, late, amber in near:
        before = sums.get(name, (0, 0))
        sums[name] = before[0] + late, before[1] + amber
    last = sorted(sums.values(), reverse=True)[:most][-1:]
    return {name for name, number in sums.items() if number >= last[0]}


def _near(parts: QuerySet[TaskUnit], by: str, today: date) -> Near:
    rows = parts.order_by().values_list(by, "task_state")
    rows = rows.filter(~Q(task_state=Task.State.CLOSED), task_deadline__lte=amber_until(today))
    red = Count("task_deadline", filter=Q(task_deadline__lt=today))
    return {(unit, state): (late, n - late) for unit, state, n, late in rows.annotate(n=Count("*"), red=red)}


def _counted(parts: QuerySet[TaskUnit], by: str, near: Near) -> Iterator[tuple[Any, tuple[str, int, int, int, int]]]:
    """Unit and (state of the task, how many parts, how many of them late and due soon, and how many that nobody accepted)."""
    rows = parts.order_by().values_list(by, "task_state")
    waits = {(unit, state): n for unit, state, n in rows.filter(accepted_at=None).annotate(n=Count("*"))}
    for unit, state, number in rows.annotate(n=Count("*")):
        yield unit, (state, number, *near.get((unit, state), (0, 0)), waits.get((unit, state), 0))
