"""Data for the charts of the overview (static/plans/charts.js): how targets stand, tasks by unit and state, late tasks by week."""

from __future__ import annotations

from datetime import date, timedelta

from haihe.kernel.language import pick as in_language
from haihe.packs.plans.counting import Lateness
from haihe.packs.plans.pages.base import STATES
from haihe.packs.plans.progress import WEEKS_AHEAD, WEEKS_BACK, Programme

UNITS_SHOWN = 14  # more rows than this are not read any more; the board has all of them
# A task counts once, in the first of these that fits: late before due soon before its state.
STATE_WORDS = {
    "closed": ("已办结", "Closed"), "reported": ("待审核", "To review"), "under_way": ("办理中", "Under way"),
    "to_accept": ("待签收", "To accept"), "amber": ("临期", "Due soon"), "late": ("逾期", "Overdue"),
}  # fmt: skip


def charts_of(found: Programme) -> dict[str, object]:
    """Everything the overview draws, with its words in the reader's language."""
    standing = found.by_standing()
    return {
        "standing": [{"name": in_language(*STATES[key]), "value": count, "key": key} for key, count in standing.items()],
        "units": units_by_state(found),
        "late": late_by_week(found.lateness, found.today),
        "words": {key: in_language(*words) for key, words in STATE_WORDS.items()}
        | {"today": in_language("今天", "Today"), "late_now": in_language("逾期任务", "Overdue tasks"),
           "late_ahead": in_language("假设此后一项也不办结", "Assumed: nothing more is closed"), "tasks": in_language("项任务", "tasks")},
    }  # fmt: skip


def units_by_state(found: Programme) -> dict[str, object]:
    """Names of the units with the most to do, and per state one count a unit: {"names": […], "late": […], …}."""
    units = found.first_units(UNITS_SHOWN)
    return {"names": [unit.name for unit in units], **{key: [unit.shown[key] for unit in units] for key in STATE_WORDS}}


def late_by_week(lateness: Lateness, today: date) -> dict[str, list[list[object]]]:
    """Late tasks by week up to today, and on the assumption that nothing more is closed from today on; [[day, count], …].

    Counted by the deadlines that hold now: a deadline that was moved is not remembered here.
    """

    def weeks(start: int, end: int) -> list[list[object]]:
        days = [today + timedelta(weeks=week) for week in range(start, end + 1)]
        return [[day.isoformat(), lateness.on(day, today)] for day in days]

    return {"past": weeks(-WEEKS_BACK, 0), "ahead": weeks(0, WEEKS_AHEAD)}
