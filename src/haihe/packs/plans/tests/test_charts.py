"""The charts of the overview count what the tables count, and say what is assumed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from haihe.packs.plans import services
from haihe.packs.plans.counting import (
    LIGHT_NAMES,
    Lateness,
    has_light,
    lateness_of,
    lights_of,
    most_urgent_first,
    urgent_slice,
)
from haihe.packs.plans.models import Task
from haihe.packs.plans.pages.charts import STATE_WORDS, WEEKS_AHEAD, WEEKS_BACK, late_by_week, units_by_state
from haihe.packs.plans.progress import light

TODAY = date(2026, 6, 30)


def lateness(*tasks: tuple[date, date | None]) -> Lateness:
    """Of tasks as (deadline, day on which it was closed)."""
    return Lateness(Counter(end for end, closed in tasks if closed is None), Counter(row for row in tasks if row[1]))


def test_late_tasks_rise_with_their_deadline_and_fall_when_they_are_closed() -> None:
    ended = TODAY - timedelta(days=20)
    past = dict(late_by_week(lateness((ended, None), (ended, TODAY - timedelta(days=7))), TODAY)["past"])
    day = lambda weeks: (TODAY - timedelta(weeks=weeks)).isoformat()  # noqa: E731
    assert [past[day(weeks)] for weeks in (3, 2, 1, 0)] == [0, 2, 1, 1]
    assert len(past) == WEEKS_BACK + 1


def test_a_task_is_not_late_on_its_own_day_and_the_assumption_starts_today() -> None:
    ahead = late_by_week(lateness((TODAY, None), (TODAY + timedelta(weeks=2), None)), TODAY)["ahead"]
    assert [count for _, count in ahead[:4]] == [0, 1, 1, 2]
    assert ahead[0][0] == TODAY.isoformat() and len(ahead) == WEEKS_AHEAD + 1


@pytest.mark.parametrize("closed_days_ago", [None, 0, 1, 6, 7, 8, 60, 118, 119, 120])
def test_the_database_counts_lateness_as_python_does(people, filed, closed_days_ago: int | None) -> None:
    today = timezone.localdate()
    for number, each in enumerate(Task.objects.order_by("pk")):
        each.deadline = None if number == 2 else today + timedelta(days=7 * number - 9)
        if closed_days_ago is not None:
            each.state, each.closed_at = "closed", timezone.now() - timedelta(days=closed_days_ago)
        each.save()
    tasks, weeks = list(Task.objects.all()), timedelta(weeks=1)
    found = lateness_of(Task.objects.all(), today - (WEEKS_BACK + 1) * weeks, today + WEEKS_AHEAD * weeks)

    def late_on(day: date) -> int:
        ended = [t for t in tasks if t.deadline and t.deadline < day]
        return sum(t.closed_at is None or timezone.localdate(t.closed_at) > min(day, today) for t in ended)

    days = [today + n * weeks for n in range(-WEEKS_BACK, WEEKS_AHEAD + 1)]
    assert [found.on(day, today) for day in days] == [late_on(day) for day in days]


def test_every_task_counts_once_for_each_of_its_units(people, filed) -> None:
    found = services.programme(people.supervisor, timezone.localdate())
    counts = units_by_state(found)
    for number, name in enumerate(counts["names"]):
        drawn = sum(counts[key][number] for key in STATE_WORDS)
        assert drawn == next(unit.total for unit in found.units if unit.name == name)


def test_the_table_beside_the_chart_has_every_unit_and_comes_once_it_is_opened(signed_in, people, filed) -> None:
    found = services.programme(people.supervisor, timezone.localdate())
    page, client = reverse("plans:programme_units"), signed_in(people.supervisor)
    assert f'hx-get="{page}"' in client.get(reverse("plans:programme")).content.decode()
    for line in found.units:
        row = f'{line.name}</a></td><td class="number" data-label="任务">{line.total}</td>'
        assert row in client.get(page).content.decode()
        assert row in client.get(page, {"plan": filed.pk}).content.decode()
    assert client.get(page, {"plan": "0"}).status_code == 404


def test_late_comes_before_the_state_and_closed_before_late(people, filed) -> None:
    today = timezone.localdate()
    shown = lambda: services.programme(people.supervisor, today).units[0].shown  # noqa: E731
    Task.objects.update(state="assigned", deadline=today + timedelta(days=300))
    assert set(key for key, n in shown().items() if n) == {"to_accept"}
    Task.objects.update(state="under_way", deadline=today - timedelta(days=1))
    assert set(key for key, n in shown().items() if n) == {"late"}
    Task.objects.update(state="closed")
    assert set(key for key, n in shown().items() if n) == {"closed"}


@pytest.mark.parametrize("ahead", range(-1, 30))
def test_the_database_tells_the_light_that_python_tells(people, filed, ahead: int) -> None:
    today = date(2026, 9, 28)  # before the days off of October
    Task.objects.update(state="under_way", deadline=today + timedelta(days=ahead))
    lamp = light(Task.objects.first(), today)
    assert [name for name in LIGHT_NAMES if Task.objects.filter(has_light(name, today)).exists()] == [lamp]
    assert {name for name, n in lights_of(Task.objects.all(), today).items() if n} == {lamp}


def test_pages_of_the_board_cut_the_same_order_wherever_they_begin(people, filed) -> None:
    today = date(2026, 9, 28)
    for number, task in enumerate(Task.objects.order_by("pk")):
        task.state = ("closed", "under_way", "reported")[number % 3]
        task.deadline = None if number % 4 == 3 else today + timedelta(days=40 * (number % 5 - 2))
        task.save()
    whole, counts = [t.pk for t in most_urgent_first(Task.objects.all())], lights_of(Task.objects.all(), today)
    assert (
        Counter(counts) == Counter(light(t, today) for t in Task.objects.all())
        and sum(counts.values()) == len(whole) > 2
    )
    for size in (1, 2, len(whole)):
        cut = [urgent_slice(Task.objects.all(), counts, start, size) for start in range(0, len(whole), size)]
        assert [pk for part in cut for pk in part] == whole


def test_a_week_loads_the_first_of_each_list_and_counts_all(people, filed) -> None:
    services.assign_all(people.supervisor, filed)
    today = timezone.localdate()
    whole, part = services.my_week(people.data, today), services.my_week(people.data, today, of_each=1)
    assert part.totals == whole.totals == {name: len(getattr(whole, name)) for name in services.WEEK_LISTS}
    assert part.needs_action == whole.needs_action >= 1
    assert part.to_accept == whole.to_accept[:1] and len(part.to_accept) == 1
