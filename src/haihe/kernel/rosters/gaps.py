"""When nobody is on duty: a pure function of the shifts of a post."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Gap:
    """Nobody is on duty from `since` until `until` (which does not belong to it any more)."""

    since: datetime
    until: datetime

    @property
    def hours(self) -> float:
        return (self.until - self.since).total_seconds() / 3600


def find_gaps(shifts: Iterable[tuple[datetime, datetime]], since: datetime, until: datetime) -> list[Gap]:
    """The parts of [since, until) that no shift (begin, end) covers, in order. Shifts may overlap and come in any order."""
    found: list[Gap] = []
    covered = since
    for begin, end in sorted(shifts):
        if begin >= until:
            break
        if begin > covered:
            found.append(Gap(covered, begin))
        covered = max(covered, end)
    if covered < until:
        found.append(Gap(covered, until))
    return found
