"""A month as the pack's lists take it: its days, and its instants in the district's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def month_bounds(month: date) -> tuple[date, date]:
    """The first day of the month and of the next one; `month`: any day of it."""
    first = month.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def month_instants(month: date) -> tuple[datetime, datetime]:
    """When the month and the next one begin."""
    first, after = (timezone.make_aware(datetime.combine(day, time())) for day in month_bounds(month))
    return first, after
