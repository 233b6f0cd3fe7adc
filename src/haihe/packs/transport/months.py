"""A month as the pack's lists take it: its days, and its instants in the district's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def month_bounds(month: date) -> tuple[date, date]:
    """The first day of the month and of the next one; `month`: any day of it."""
    first = month.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)


def months_beside(month: date) -> dict[str, str]:
    """The month before and the one after for a page's links, as an address says them; `after` is empty where that has not begun."""
    _, after = month_bounds(month)
    begun = after <= timezone.localdate()
    return {"before": f"{month.replace(day=1) - timedelta(days=1):%Y-%m}", "after": f"{after:%Y-%m}" if begun else ""}


def month_instants(month: date) -> tuple[datetime, datetime]:
    """When the month and the next one begin."""
    first, after = (timezone.make_aware(datetime.combine(day, time())) for day in month_bounds(month))
    return first, after
