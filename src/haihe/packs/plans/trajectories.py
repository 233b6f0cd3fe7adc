"""The line that a target should follow: where it begins and through which points it goes. Pure; values are Decimals or floats."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from django.utils import timezone

from haihe.kernel.indicators import Point

N = TypeVar("N", Decimal, float)
UPPER_LIMITS = ("<", "<=")


class Facts(NamedTuple, Generic[N]):
    """What the line of a target depends on. `filed_at`: asked for where neither the plan's period nor its day of issue tells when the
    line begins; `first`: the oldest value that no later one corrects, for upper limits only."""

    comparator: str
    value: N
    deadline: date | None
    baseline_value: N | None
    baseline_on: date | None
    period_start: str
    issued_on: date | None
    title: str
    filed_at: datetime | None = None
    first: tuple[date, N] | None = None

    @property
    def needs_first(self) -> bool:
        return self.comparator in UPPER_LIMITS and (self.baseline_value is None or self.baseline_on is None)

    @property
    def needs_filing(self) -> bool:
        return self.issued_on is None and not self.period_start[:4].isdigit()

    @property
    def begins_on(self) -> date:
        year = self.period_start[:4]
        return date(int(year), 1, 1) if year.isdigit() else (self.issued_on or timezone.localdate(self.filed_at))


def start(facts: Facts[N], zero: N) -> tuple[date, N, bool]:
    """Where the line begins: day, value, and whether that is assumed.

    Without a baseline: zero at the start of the period. An upper limit starts at its first value, because coming down from there
    is what the plan asks for, or, before there is one, at the limit itself: from zero it would look behind for ever.
    """
    if facts.baseline_value is not None and facts.baseline_on is not None:
        return facts.baseline_on, facts.baseline_value, False
    if facts.comparator in UPPER_LIMITS:
        known = facts.first
        if known is not None and (facts.deadline is None or known[0] < facts.deadline):
            return known[0], known[1], True
        return facts.begins_on, facts.value, True
    is_rate = "增长" in facts.title or "增速" in facts.title
    return facts.begins_on, facts.value if is_rate else zero, True


def trajectory(facts: Facts[N], zero: N, milestones: Iterable[tuple[date, N, bool]]) -> tuple[Point, ...]:
    """`milestones`: day, value and whether it is assumed, by day."""
    first, value, assumed = start(facts, zero)
    return (
        Point(first, float(value), assumed), *(Point(due, float(point), assumed) for due, point, assumed in milestones),
        Point(facts.deadline or date(9999, 12, 31), float(facts.value)),
    )  # fmt: skip
