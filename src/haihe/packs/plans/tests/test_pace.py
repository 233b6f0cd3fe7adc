"""Foreseeing: a straight line through comparable values, and silence where there is too little of them."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from haihe.kernel.indicators import Point
from haihe.packs.plans.pace import Pace, pace

END, TODAY = date(2027, 12, 31), date(2026, 12, 31)


def monthly(*values: float, first: date = date(2026, 7, 1)) -> list[Point]:
    return [Point(first + timedelta(days=30 * n), value) for n, value in enumerate(values)]


def found(points: list[Point], sign: str = ">=", goal: float = 100, *, falling: bool = False, at: date = TODAY, deadline: date | None = END) -> Pace:  # fmt: skip
    return pace(points, sign, goal, deadline, at, falling=falling)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_below_four_values_nothing_is_foreseen(count: int) -> None:
    told = found(monthly(*range(count)))
    assert (told.state, told.count, told.projected, told.needed) == ("too_little", count, None, None)


def test_four_values_of_one_day_or_of_one_week_are_too_little() -> None:
    same_day = [Point(date(2026, 7, 1), value) for value in (1, 2, 3, 4)]
    one_week = [Point(date(2026, 7, day), day) for day in (1, 2, 3, 7)]
    assert (found(same_day).state, found(same_day).count) == ("too_little", 1)
    assert found(one_week).state == "too_little"


def test_the_pace_needed_stands_against_the_pace_so_far() -> None:
    told = found(monthly(0, 10, 20, 30))  # 30 in 90 days
    assert told.so_far == pytest.approx(30 / 90 * 365.25 / 12)
    assert told.needed == pytest.approx(70 / 365 * 365.25 / 12)
    assert told.state == "enough" and told.projected == pytest.approx(30 + (END - date(2026, 9, 29)).days / 3)


def test_too_slow_is_short_by_what_will_be_missing() -> None:
    told = found(monthly(0, 1, 2, 3))
    assert told.state == "short" and told.projected is not None
    assert told.short_by == pytest.approx(100 - told.projected) and told.short_by > 80


def test_the_order_in_which_values_arrive_does_not_matter() -> None:
    points = monthly(0, 4, 9, 16, 20, 30)
    for seed in range(5):
        mixed = points[:]
        random.Random(seed).shuffle(mixed)
        assert found(mixed) == found(points)


def test_of_two_values_of_one_day_the_later_written_counts() -> None:
    points = [*monthly(0, 10, 20, 30), Point(date(2026, 7, 1), 12)]
    assert found(points).first == Point(date(2026, 7, 1), 12)


def test_what_lies_in_the_future_is_not_known_yet() -> None:
    assert found([*monthly(0, 10, 20), Point(date(2027, 1, 5), 99)]).state == "too_little"


def test_a_falling_number_is_short_when_it_falls_too_slowly() -> None:
    slow, fast = monthly(50, 49.9, 49.8, 49.7), monthly(50, 48, 46, 44)
    for sign in ("<=", "<", "=", "~"):
        assert found(slow, sign, 35, falling=True).state == "short"
        assert found(fast, sign, 35, falling=True).state == "enough"


def test_within_an_upper_limit_now_and_beyond_it_by_the_deadline_is_short() -> None:
    assert found(monthly(1, 2, 3, 4), "<=", 5, falling=True).state == "short"
    assert found(monthly(4, 4, 4, 4), "<=", 5, falling=True).state == "enough"


def test_reached_over_and_without_deadline_say_so() -> None:
    assert found(monthly(0, 50, 90, 101)).state == "reached"
    assert found(monthly(0, 1, 2, 3), at=END).state == "over"
    assert found(monthly(0, 1, 2, 3), deadline=None).state == "no_deadline"


def test_a_number_that_goes_the_wrong_way_is_short_and_never_divides_by_zero() -> None:
    told = found(monthly(40, 30, 20, 10), at=END - timedelta(days=1))
    assert told.state == "short" and told.projected is not None and told.projected < 0 and told.needed is not None
