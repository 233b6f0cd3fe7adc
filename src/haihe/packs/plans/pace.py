"""Foreseeing, simply: the pace so far against the pace needed. No model: a straight line through what is comparable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from haihe.kernel.indicators import Point, reaches

DAYS_A_MONTH = 365.25 / 12
State = Literal["too_little", "no_deadline", "over", "reached", "enough", "short"]


@dataclass(frozen=True)
class Pace:
    """`so_far`, `needed`: change a month, in the indicator's unit; `projected`: the value on the day of the deadline if it goes on
    as so far; `short_by`: by how much that misses the goal (never negative). `first`, `last`: the values it was computed from;
    `count`: how many days with a value there are. Numbers are None where nothing can be said."""

    state: State
    count: int
    first: Point | None = None
    last: Point | None = None
    so_far: float | None = None
    needed: float | None = None
    projected: float | None = None
    short_by: float = 0.0


def by_day(points: Sequence[Point]) -> list[Point]:
    """One value a day, in the order of days; of several on one day the one written last."""
    return [point for _, point in sorted({point.day: point for point in points}.items())]


def pace(
    points: Sequence[Point], comparator: str, goal: float, deadline: date | None, at: date, *,
    falling: bool, goal_max: float | None = None, least_values: int = 4, least_days: int = 28,
) -> Pace:  # fmt: skip
    """The pace of comparable values up to `at` against what is needed until `deadline`.

    `points` come in the order in which they were written, in any order of days. `falling`: less is what the plan wants.
    too_little: fewer than `least_values` days with a value, or they span less than `least_days`. reached: a rising number has
    reached its goal. short: going on like this it misses the goal.
    """
    known = by_day([point for point in points if point.day <= at])
    count = len(known)
    if deadline is None:
        return Pace("no_deadline", count)
    if at >= deadline:
        return Pace("over", count)
    if count < least_values or (known[-1].day - known[0].day).days < least_days:
        return Pace("too_little", count, known[0] if known else None, known[-1] if known else None)
    first, last = known[0], known[-1]
    aim = goal_max if falling and comparator == "range" and goal_max is not None else goal
    a_day = (last.value - first.value) / (last.day - first.day).days
    projected = last.value + a_day * (deadline - last.day).days
    needed = (aim - last.value) / max(1, (deadline - at).days)
    there = reaches(last.value, comparator, goal, goal_max, falling=falling)
    will = reaches(projected, comparator, goal, goal_max, falling=falling)
    state: State = "reached" if there and not falling else "enough" if will else "short"
    short_by = 0.0 if state != "short" else max(0.0, projected - aim if falling else aim - projected)
    return Pace(state, count, first, last, a_day * DAYS_A_MONTH, needed * DAYS_A_MONTH, projected, short_by)
