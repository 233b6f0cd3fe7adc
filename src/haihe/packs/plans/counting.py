"""How many tasks stand how, counted by the database: an overview of a hundred thousand tasks loads none of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.utils import timezone

from haihe.kernel.calendar import is_working_day
from haihe.kernel.organisations import Organisation
from haihe.kernel.policies import parameter
from haihe.packs.plans.models import Task, TaskUnit

T = TypeVar("T")
LIGHT_NAMES = ("red", "amber", "green", "none", "closed")
# Above so many tasks an overview is counted at most once in KEPT_S and says of when it is.
LARGE = 5_000
KEPT_S = 30.0


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
    """Tasks with a light, as progress.light tells it; `prefix` is the way to the task (`task__`)."""
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


@dataclass(frozen=True)
class Pile:
    """`number` tasks of one state and deadline, closed on one day (or not)."""

    state: str
    deadline: date | None
    closed_on: date | None
    number: int = 1


def piles_of(tasks: QuerySet[Task], since: date) -> list[Pile]:
    """All tasks in piles; what was closed before `since` in one pile a deadline, as if on the day before."""
    plain = tasks.order_by()
    grouped = plain.exclude(state=Task.State.CLOSED).values_list("state", "deadline").annotate(Count("pk"))
    found = [Pile(state, deadline, None, number) for state, deadline, number in grouped]
    begin = timezone.make_aware(datetime(since.year, since.month, since.day))  # noqa: DTZ001
    closed = plain.filter(state=Task.State.CLOSED)
    early = closed.filter(Q(closed_at__lt=begin) | Q(closed_at=None)).values_list("deadline").annotate(Count("pk"))
    found += [Pile(Task.State.CLOSED, deadline, since - timedelta(days=1), number) for deadline, number in early]
    late = closed.filter(closed_at__gte=begin).values_list("deadline", "closed_at")
    return found + [Pile(Task.State.CLOSED, day, timezone.localtime(at).date()) for day, at in late if at]


def by_state(piles: Iterable[Pile]) -> dict[str, int]:
    counts = dict.fromkeys(Task.State.values, 0)
    for pile in piles:
        counts[pile.state] += pile.number
    return counts


def by_light(piles: Iterable[Pile], today: date) -> dict[str, int]:
    counts, last = dict.fromkeys(LIGHT_NAMES, 0), amber_until(today)
    for pile in piles:
        day = pile.deadline
        name = (
            "closed" if pile.state == Task.State.CLOSED else "none" if day is None
            else "red" if day < today else "amber" if day <= last else "green"
        )  # fmt: skip
        counts[name] += pile.number
    return counts


def lights_of(tasks: QuerySet[Task], today: date) -> dict[str, int]:
    """How many of the tasks have which light: counted by state and deadline in one walk along their index."""
    grouped = tasks.order_by().values_list("state", "deadline").annotate(Count("pk"))
    return by_light((Pile(state, deadline, None, number) for state, deadline, number in grouped), today)


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
    shown: dict[str, int] = field(default_factory=dict)


def unit_lines(tasks: QuerySet[Task], today: date, *, all_of_them: bool = False) -> list[UnitLine]:
    """A line for each unit with a part in the tasks, those with late tasks first. `all_of_them`: every task there is."""
    parts = (
        TaskUnit.objects.order_by() if all_of_them else TaskUnit.objects.filter(task__in=tasks.order_by()).order_by()
    )
    lines: dict[str, UnitLine] = {}
    for name, unit, state, lamp, is_open, number in _parts_counted(parts, today):
        line = lines.setdefault(name, UnitLine(name, unit, shown=dict.fromkeys(SHOWN, 0)))
        _add(line, state, lamp, is_open, number)
    return sorted(lines.values(), key=lambda line: (-line.late, -line.amber, -line.total, line.name))


def _parts_counted(parts: QuerySet[TaskUnit], today: date) -> Iterator[tuple[str, int | None, str, str, int, int]]:
    """Name and number of a unit, state, light, whether it waits to be accepted → how many parts. Linked parts are counted by the
    number of their unit: counting by names would carry two texts for each of a hundred thousand parts."""
    by = ("task__state", "lamp", "is_open")
    rows = parts.annotate(lamp=_lamp(today), is_open=_is_open())
    linked = rows.exclude(organisation=None).values_list("organisation_id", *by).annotate(Count("pk"))
    names = dict(Organisation.objects.values_list("pk", "name"))
    for unit, *rest in linked:
        yield names[unit], unit, *rest
    for name, *rest in rows.filter(organisation=None).values_list("name", *by).annotate(Count("pk")):
        yield name, None, *rest


SHOWN = ("closed", "reported", "under_way", "to_accept", "amber", "late")


def _add(line: UnitLine, state: str, lamp: str, is_open: int, number: int) -> None:
    line.total += number
    line.closed += number * (state == Task.State.CLOSED)
    line.under_way += number * (state in (Task.State.UNDER_WAY, Task.State.REPORTED))
    line.unaccepted += number * bool(is_open)
    line.amber += number * (lamp == "amber")
    line.late += number * (lamp == "red")
    key = "closed" if state == Task.State.CLOSED else {"red": "late", "amber": "amber"}.get(lamp) or state
    line.shown[key if key in SHOWN else "to_accept"] += number


def _lamp(today: date) -> Case:
    lamps = [When(has_light(name, today, "task__"), then=Value(name)) for name in ("closed", "red", "amber")]
    return Case(*lamps, default=Value(""))


def _is_open() -> Case:
    waits = Q(accepted_at=None, task__state__in=(Task.State.ASSIGNED, Task.State.UNDER_WAY))
    return Case(When(waits, then=Value(1)), default=Value(0), output_field=IntegerField())


# --- kept for a while -----------------------------------------------------------------------------------------------

_kept: dict[str, tuple[float, Any]] = {}


def forget() -> None:
    """Count anew at the next question."""
    _kept.clear()


def kept(key: str, make: Callable[[], T]) -> T:
    """What `make` gave for this key within the last KEPT_S seconds, otherwise what it gives now."""
    now = time.monotonic()
    at, value = _kept.get(key, (0.0, None))
    if at and now - at < KEPT_S:
        return value
    fresh = make()
    for old in [name for name, (then, _) in _kept.items() if now - then >= KEPT_S]:
        del _kept[old]
    _kept[key] = (now, fresh)
    return fresh
