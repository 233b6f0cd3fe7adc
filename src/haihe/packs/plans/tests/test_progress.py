"""How things stand: pure functions of time."""

from __future__ import annotations

from datetime import date

import pytest

from haihe.kernel.indicators import Point, assess, reaches, trajectory_value
from haihe.packs.plans.models import Task
from haihe.packs.plans.progress import light

START, MID, END = date(2026, 1, 1), date(2026, 12, 31), date(2027, 12, 31)
LINE = (Point(START, 0), Point(MID, 40), Point(END, 100))
ASSUMED = (Point(START, 0, True), Point(MID, 50, True), Point(END, 100))


@pytest.mark.parametrize(
    ("trajectory", "actuals", "at", "state", "assumption"),
    [
        (LINE, [], date(2026, 6, 1), "no_data", False),
        (LINE, [], date(2028, 1, 1), "late", False),
        (LINE, [Point(date(2026, 7, 2), 30)], date(2026, 7, 2), "on_track", False),
        (LINE, [Point(date(2026, 7, 2), 10)], date(2026, 7, 2), "at_risk", False),
        (LINE, [Point(date(2026, 12, 1), 39)], date(2027, 1, 5), "late", False),
        (LINE, [Point(date(2026, 12, 30), 41)], date(2027, 1, 5), "on_track", False),
        (LINE, [Point(date(2026, 7, 2), 100)], date(2026, 7, 2), "met", False),
        (LINE, [Point(date(2027, 12, 1), 99)], date(2028, 1, 1), "late", False),
        (ASSUMED, [Point(date(2026, 12, 1), 10)], date(2027, 1, 5), "at_risk", True),
        (LINE, [Point(date(2027, 6, 1), 80)], date(2026, 6, 1), "no_data", False),
    ],
)
def test_a_target_stands_where_its_line_and_values_say(
    trajectory, actuals, at: date, state: str, assumption: bool
) -> None:
    found = assess(trajectory, ">=", None, actuals, at)
    assert (found.state, found.assumption) == (state, assumption)


def test_lower_is_better_for_upper_limits() -> None:
    line = (Point(START, 10), Point(END, 5))
    assert assess(line, "<=", None, [Point(MID, 9)], MID).state == "at_risk"
    assert assess(line, "<=", None, [Point(MID, 6)], MID).state == "on_track"
    assert assess(line, "<=", None, [Point(END, 5)], END).state == "met"


FALLING = (Point(START, 50), Point(END, 35))  # 细颗粒物浓度 from 50 down to 35


@pytest.mark.parametrize("sign", ["=", "~", "<=", "<", "range"])
def test_a_number_that_is_to_fall_is_behind_above_its_line_and_met_on_its_day(sign: str) -> None:
    top = 36 if sign == "range" else None
    behind = assess(FALLING, sign, top, [Point(MID, 49)], MID)
    ahead = assess(FALLING, sign, top, [Point(MID, 40)], MID)
    there = assess(FALLING, sign, top, [Point(MID, 34)], MID)
    assert (behind.state, ahead.state, there.state) == ("at_risk", "on_track", "on_track")
    assert assess(FALLING, sign, top, [Point(END, 34)], END).state == "met"
    assert assess(FALLING, sign, top, [Point(END, 38)], date(2028, 1, 1)).state == "late"


def test_a_missed_interim_point_of_a_number_that_is_to_fall_makes_it_late() -> None:
    line = (Point(START, 50), Point(date(2026, 6, 30), 45), Point(END, 35))
    assert assess(line, "=", None, [Point(date(2026, 6, 1), 48)], date(2026, 7, 5)).state == "late"
    assert assess(line, "=", None, [Point(date(2026, 6, 1), 44)], date(2026, 7, 5)).state == "on_track"


def test_within_an_upper_limit_is_on_track_although_the_line_rises_to_it() -> None:
    line = (Point(START, 0, True), Point(END, 5))
    assert assess(line, "<=", None, [Point(MID, 4)], MID).state == "on_track"


def test_a_range_is_reached_at_its_lower_end_and_more_is_no_miss() -> None:
    line = (Point(START, 0), Point(END, 12))
    assert [assess(line, "range", 15, [Point(END, v)], END).state for v in (11, 12, 16)] == ["at_risk", "met", "met"]


def test_about_a_number_below_zero_is_within_five_percent_of_it() -> None:
    assert reaches(-104, "~", -100) and not reaches(-106, "~", -100)


@pytest.mark.parametrize(
    ("sign", "actual", "reached"),
    [
        (">", 100, False),
        (">=", 100, True),
        ("=", 101, True),
        ("~", 95, True),
        ("~", 94, False),
        ("<", 100, False),
        ("<=", 100, True),
    ],
)
def test_comparators(sign: str, actual: float, reached: bool) -> None:
    assert reaches(actual, sign, 100) is reached


def test_the_line_between_two_points_is_straight() -> None:
    assert trajectory_value(LINE, START) == 0
    assert trajectory_value(LINE, END) == 100
    assert trajectory_value(LINE, date(2025, 1, 1)) is None


@pytest.mark.parametrize(
    ("today", "lamp"),
    [(date(2026, 9, 23), "green"), (date(2026, 10, 8), "amber"), (date(2026, 10, 9), "amber"), (date(2026, 10, 12), "red")],
)  # fmt: skip
def test_amber_begins_three_working_days_before_also_across_a_holiday_week(today: date, lamp: str) -> None:
    """Due on Friday 9 October 2026; the National Day holiday lies before it."""
    assert light(Task(deadline=date(2026, 10, 9), state=Task.State.UNDER_WAY), today) == lamp


def test_a_closed_task_is_never_late_and_one_without_deadline_has_no_light() -> None:
    assert light(Task(deadline=date(2020, 1, 1), state=Task.State.CLOSED), date(2026, 1, 1)) == "closed"
    assert light(Task(deadline=None, state=Task.State.UNDER_WAY), date(2026, 1, 1)) == "none"
