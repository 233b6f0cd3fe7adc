"""When a step is due and when to remind of it: pure functions of its start and its limit.

Working days run from the day after the start and end with the last day (24:00, district time); hours run on the clock, for
whoever is on duty day and night. A step that ends on a named day ends with that day, whenever it began.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.calendar import add_working_days
from haihe.kernel.cases.types import DATE, HOURS


def due_at(start: datetime, limit: dict[str, Any] | None) -> datetime | None:
    """The first instant at which the step is overdue; None without a limit."""
    if limit is None:
        return None
    if limit["unit"] == HOURS:
        return start + timedelta(hours=float(limit["value"]))
    if limit["unit"] == DATE:
        return _midnight(date.fromisoformat(limit["value"]) + timedelta(days=1))
    return _midnight(add_working_days(_day(start), int(limit["value"])) + timedelta(days=1))


def reminder_at(due: datetime, before: dict[str, Any]) -> datetime:
    """When to remind: hours before the end, or the first instant of the day so many working days before the last day."""
    if before["unit"] == HOURS:
        return due - timedelta(hours=float(before["value"]))
    return _midnight(add_working_days(last_day(due), -int(before["value"])))


def last_day(due: datetime) -> date:
    """The last local day on which the step is still in time."""
    return _day(due - timedelta(microseconds=1))


def marks(step: dict[str, Any], start: datetime, due: datetime | None) -> Sequence[tuple[str, datetime]]:
    """What falls due on a step, in order: ("remind:3 working days", instant) …, ("overdue", instant). A reminder that would lie
    before the step's start is left out."""
    if due is None:
        return []
    before = [(f"remind:{b['value']} {b['unit']}", reminder_at(due, b)) for b in step["remind"]]
    return [*sorted((m for m in before if start < m[1] < due), key=lambda m: m[1]), ("overdue", due)]


def _day(at: datetime) -> date:
    return timezone.localdate(at, timezone.get_default_timezone())


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())
