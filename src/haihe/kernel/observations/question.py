"""What is asked of a table: the same question put to rows, and to what is known of a whole file of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from haihe.kernel.errors import InvalidInput

# West, south, east, north in degrees, WGS 84.
Box = tuple[float, float, float, float]
# From an instant on, and before another; None: without that end.
Span = tuple[datetime | None, datetime | None]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Question:
    """Rows of `things`, observed in [since, until), inside `box`, received within a span. None: all."""

    things: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    box: Box | None = None
    received: Span = (None, None)

    def __post_init__(self) -> None:
        """Raises InvalidInput for an instant without a time zone."""
        if self.things is not None:
            object.__setattr__(self, "things", tuple(self.things))  # so that a question can be looked up
        for instant in (self.since, self.until, *self.received):
            if instant is not None and instant.tzinfo is None:
                raise InvalidInput("时间须带时区。", "The instant lacks a time zone.", where=str(instant))

    @property
    def is_about_one_thing(self) -> bool:
        return self.things is not None and len(self.things) == 1

    def of_rows(self) -> list[pl.Expr]:
        """Conditions that a row must fulfil."""
        found: list[pl.Expr] = []
        if self.things is not None:
            if len(self.things) == 1:
                found.append(pl.col("thing") == self.things[0])
            else:  # their range as well: row groups are left out by it
                found += [pl.col("thing").is_between(*_range(self.things)), pl.col("thing").is_in(list(self.things))]
        for name, (since, until) in self._spans().items():
            if since is not None:
                found.append(pl.col(name) >= since)
            if until is not None:
                found.append(pl.col(name) < until)
        if self.box is not None:
            west, south, east, north = self.box
            found += [pl.col("longitude_deg").is_between(west, east), pl.col("latitude_deg").is_between(south, north)]
        return found

    def of_files(self) -> list[pl.Expr]:
        """The same asked of a file's statistics (see `LakeReader.files`): false only where no row of the file can fit."""
        found = []
        if self.things is not None:
            low, high = _range(self.things)
            found += [pl.col("max.thing") >= low, pl.col("min.thing") <= high]
        for name, (since, until) in self._spans().items():
            if since is not None:
                found.append(pl.col(f"max.{name}") >= since)
            if until is not None:
                found.append(pl.col(f"min.{name}") < until)
        if self.box is not None:
            west, south, east, north = self.box
            found += [pl.col("max.longitude_deg") >= west, pl.col("min.longitude_deg") <= east]
            found += [pl.col("max.latitude_deg") >= south, pl.col("min.latitude_deg") <= north]
        return found

    def _spans(self) -> dict[str, tuple[pl.Expr | None, pl.Expr | None]]:
        """In UTC: statistics are compared with them, and other zones do not compare."""
        each = {"observed_at": (self.since, self.until), "received_at": self.received}
        return {name: (_instant(since), _instant(until)) for name, (since, until) in each.items()}


def _range(things: Sequence[int]) -> tuple[int, int]:
    """The least and the greatest; of none a range that holds nothing."""
    return min(things, default=0), max(things, default=-1)


def _instant(moment: datetime | None) -> pl.Expr | None:
    # As the number that it is: of a datetime Polars makes a literal in 0.2 ms, and a question needs four.
    if moment is None:
        return None
    return pl.lit((moment - EPOCH) // timedelta(microseconds=1), dtype=pl.Datetime("us", "UTC"))


def holding(files: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The files that can hold an answer: one without a statistic may hold anything."""
    conditions = question.of_files()
    if files.is_empty() or not conditions:  # of a table that is not there yet no statistic has a column
        return files
    return files.filter([condition.fill_null(True) for condition in conditions])


def spans_most(question: Question, files: pl.DataFrame) -> bool:
    """Whether the span of observation that is asked for is at least half of the time that the files hold."""
    known: Any = files.select(pl.col("min.observed_at").min(), pl.col("max.observed_at").max()).row(0)
    first, last = known
    if first is None:
        return False
    inside = min(last, question.until or last) - max(first, question.since or first)
    return bool(2 * inside >= last - first)


def fitting(rows: pl.LazyFrame, question: Question) -> pl.LazyFrame:
    """The rows that are asked for."""
    for condition in question.of_rows():
        rows = rows.filter(condition)
    return rows
