"""The working-day calendar on which deadlines and reminders count.

Public holidays and the working weekends that make up for them come from the `chinesecalendar` package, which carries the yearly
notices of the State Council's General Office for the years in `KNOWN_YEARS`. In other years only weekends are free, and
`is_known` says so, so that a page can show it.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
from chinese_calendar.constants import holidays as _known_holidays

KNOWN_YEARS = frozenset(day.year for day in _known_holidays)


def is_known(day: date) -> bool:
    """Whether the holidays of that year are known; otherwise only weekends count as free."""
    return day.year in KNOWN_YEARS


def is_working_day(day: date) -> bool:
    if is_known(day):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5


def add_working_days(day: date, count: int) -> date:
    """The working day that lies `count` working days after (or, if negative, before) `day`."""
    step = timedelta(days=1 if count >= 0 else -1)
    left = abs(count)
    while left:
        day += step
        if is_working_day(day):
            left -= 1
    return day


def working_days_until(today: date, deadline: date) -> int:
    """Working days after `today` up to and including `deadline`; negative once the deadline has passed.

    >>> working_days_until(date(2026, 11, 20), date(2026, 11, 25))  # Friday to Wednesday
    3
    """
    if deadline < today:
        return -working_days_until(deadline, today)
    return sum(is_working_day(today + timedelta(days=n)) for n in range(1, (deadline - today).days + 1))
