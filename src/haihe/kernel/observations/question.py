"""What is asked of a table: the same question put to rows, and to what is known of a whole file of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations.lake_files import PARTITION

# West, south, east, north in degrees, WGS 84.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Question:
    """Rows of `things`, observed in [since, until), inside `box`; or all that were received on a day (UTC), which is asked of files only,
    each of which holds rows of one day. None: all."""

    things: Sequence[int] | None = None
    since: datetime | None = None
    until: datetime | None = None
    box: Box | None = None
    received_day: date | None = None

    def __post_init__(self) -> None:
        """Raises InvalidInput for an instant without a time zone."""
        for instant in (self.since, self.until):
            if instant is not None and instant.tzinfo is None:
                raise InvalidInput("时间须带时区。", "The instant lacks a time zone.", where=str(instant))

    def of_rows(self) -> list[pl.Expr]:
        """Conditions that a row must fulfil."""
        found = []
        # Instants in UTC, here and below: statistics are compared with them, and other zones do not compare.
        if self.things is not None:
            found.append(pl.col("thing").is_in(list(self.things)))
        if self.since is not None:
            found.append(pl.col("observed_at") >= self.since.astimezone(UTC))
        if self.until is not None:
            found.append(pl.col("observed_at") < self.until.astimezone(UTC))
        if self.box is not None:
            west, south, east, north = self.box
            found += [pl.col("longitude_deg").is_between(west, east), pl.col("latitude_deg").is_between(south, north)]
        return found

    def of_files(self) -> list[pl.Expr]:
        """The same asked of a file's statistics (see `LakeReader.files`): false only where no row of the file can fit."""
        found = []
        if self.things is not None:
            low, high = min(self.things, default=0), max(self.things, default=-1)
            found += [pl.col("max.thing") >= low, pl.col("min.thing") <= high]
        if self.since is not None:
            found.append(pl.col("max.observed_at") >= self.since.astimezone(UTC))
        if self.until is not None:
            found.append(pl.col("min.observed_at") < self.until.astimezone(UTC))
        if self.box is not None:
            west, south, east, north = self.box
            found += [pl.col("max.longitude_deg") >= west, pl.col("min.longitude_deg") <= east]
            found += [pl.col("max.latitude_deg") >= south, pl.col("min.latitude_deg") <= north]
        if self.received_day is not None:
            found.append(pl.col(f"partition.{PARTITION}") == self.received_day)
        return found


def holding(files: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The files that can hold an answer: one without a statistic may hold anything."""
    conditions = question.of_files()
    return files.filter([condition.fill_null(True) for condition in conditions]) if conditions else files


def fitting(rows: pl.LazyFrame, question: Question) -> pl.LazyFrame:
    """The rows that are asked for."""
    for condition in question.of_rows():
        rows = rows.filter(condition)
    return rows
