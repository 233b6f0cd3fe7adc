"""The charts of the overview count what the tables count, and say what is assumed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from django.utils import timezone

from haihe.packs.plans import services
from haihe.packs.plans.pages.charts import STATE_WORDS, WEEKS_AHEAD, WEEKS_BACK, late_by_week, state_of, units_by_state

TODAY = date(2026, 6, 30)


def task(deadline: date | None, closed: date | None = None) -> SimpleNamespace:
    noon = datetime(closed.year, closed.month, closed.day, 12, tzinfo=ZoneInfo("Asia/Shanghai")) if closed else None
    return SimpleNamespace(deadline=deadline, closed_at=noon)


def test_late_tasks_rise_with_their_deadline_and_fall_when_they_are_closed() -> None:
    tasks = [task(TODAY - timedelta(days=20)), task(TODAY - timedelta(days=20), TODAY - timedelta(days=7)), task(None)]
    past = dict(late_by_week(tasks, TODAY)["past"])
    day = lambda weeks: (TODAY - timedelta(weeks=weeks)).isoformat()  # noqa: E731
    assert [past[day(weeks)] for weeks in (3, 2, 1, 0)] == [0, 2, 1, 1]
    assert len(past) == WEEKS_BACK + 1


def test_a_task_is_not_late_on_its_own_day_and_the_assumption_starts_today() -> None:
    ahead = late_by_week([task(TODAY), task(TODAY + timedelta(weeks=2))], TODAY)["ahead"]
    assert [count for _, count in ahead[:4]] == [0, 1, 1, 2]
    assert ahead[0][0] == TODAY.isoformat() and len(ahead) == WEEKS_AHEAD + 1


def test_every_task_counts_once_for_each_of_its_units(people, filed) -> None:
    found = services.programme(people.supervisor, timezone.localdate())
    counts = units_by_state(found)
    for number, name in enumerate(counts["names"]):
        drawn = sum(counts[key][number] for key in STATE_WORDS)
        assert drawn == next(unit.total for unit in found.units if unit.name == name)


def test_late_comes_before_the_state_and_closed_before_late() -> None:
    assert state_of(SimpleNamespace(state="under_way"), "red") == "late"
    assert state_of(SimpleNamespace(state="closed"), "closed") == "closed"
    assert state_of(SimpleNamespace(state="assigned"), "green") == "to_accept"
