"""Columns that the rules of the pack need: values by a vehicle's use, hours of night, steps between positions. What follows from the rows
and the time before them is made once for all rules of a step (`Batch.once`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch, filled, microseconds
from haihe.kernel.alerts.batches import numbers as numbers
from haihe.kernel.alerts.columns import Array, Runs
from haihe.kernel.places import distance_km

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CHINA_AHEAD_MS = 8 * HOUR_MS  # Asia/Shanghai is UTC+8 all year


def milliseconds(instants: pl.Series) -> Array:
    """Whole milliseconds since 1970, so that sums are exact however rows are cut; −1 for null."""
    found = microseconds(instants)
    return np.where(found == np.iinfo(np.int64).min, -1, found // 1000) if instants.null_count() else found // 1000


def _at_ms(batch: Batch) -> Array:
    return batch.at_us // 1000


def at_ms(batch: Batch) -> Array:
    """When each row was observed, in whole milliseconds since 1970."""
    return batch.once(_at_ms)


def by_use(batch: Batch, values: Mapping[str, Any]) -> Array:
    """The value for the use of each row's vehicle, `default` where the use has none of its own; null becomes infinity."""
    return batch.runs.spread(_of_each(batch, values))


def _of_each(batch: Batch, values: Mapping[str, Any]) -> Array:
    """As `by_use`, one value a vehicle."""
    use = batch.fact("use")
    known = {key: float("inf") if value is None else float(value) for key, value in values.items()}
    default = known.pop("default")
    return use.replace_strict(known, default=default, return_dtype=pl.Float64).fill_null(default).to_numpy()


def where(batch: Batch) -> dict[str, Array]:
    """The position of each row, as evidence of a finding."""
    return {name: batch.numbers(name) for name in ("longitude_deg", "latitude_deg")}


def _last_place(batch: Batch) -> dict[str, pl.Series]:
    return {name: maybe_numbers(last_of(batch.runs, values)) for name, values in where(batch).items()}


def last_place(batch: Batch) -> dict[str, pl.Series]:
    """The position of each thing's last row, as columns of a state."""
    return batch.once(_last_place)


def maybe_numbers(values: Array) -> pl.Series:
    """Null where there is none."""
    return pl.Series(values, nan_to_null=True)


def flags(column: pl.Series) -> Array:
    return filled(column, False)


def _nights(first_ms: int, last_ms: int, hours: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The nights that touch a time: (begin, end), the end not included. `hours` are local ones: (22, 6)."""
    begin = hours[0] * HOUR_MS - CHINA_AHEAD_MS
    length = (hours[1] - hours[0]) * HOUR_MS % DAY_MS
    day = (first_ms - begin - length) // DAY_MS
    while begin + day * DAY_MS <= last_ms:
        if length and begin + day * DAY_MS + length > first_ms:
            yield begin + day * DAY_MS, begin + day * DAY_MS + length
        day += 1


def night_ms(at_ms: Array, step_ms: Array, hours: tuple[int, int]) -> Array:
    """How much of the step before each instant lies in the night."""
    found = np.zeros(len(at_ms), dtype=np.int64)
    if not len(at_ms):
        return found
    first, last = int(at_ms.min() - step_ms.max()), int(at_ms.max())
    for begin, end in _nights(first, last, hours):
        if begin <= first and last <= end:
            return step_ms  # all of it
        found += np.maximum(np.minimum(at_ms, end) - np.maximum(at_ms - step_ms, begin), 0)
    return found


def is_night(at_ms: Array, hours: tuple[int, int]) -> Array:
    found = np.zeros(len(at_ms), dtype=bool)
    for begin, end in _nights(int(at_ms.min()), int(at_ms.max()), hours) if len(at_ms) else ():
        found |= (at_ms >= begin) & (at_ms < end)
    return found


@dataclass(frozen=True)
class Steps:
    """From each row's predecessor to it: instants, time between them (0 where there is none), speed over ground by distance
    (NaN where a position is missing)."""

    at_ms: Array
    before_ms: Array
    step_ms: Array
    ground_kmh: Array
    is_first: Array


def steps_of(batch: Batch, state: pl.DataFrame) -> Steps:
    """`state` has last_at, longitude_deg and latitude_deg of the row before the batch."""
    last = milliseconds(state["last_at"]), numbers(state["longitude_deg"]), numbers(state["latitude_deg"])
    return batch.once(_steps, *last)


def _steps(batch: Batch, last_ms: Array, last_longitude: Array, last_latitude: Array) -> Steps:
    runs, at, (lon, lat) = batch.runs, at_ms(batch), where(batch).values()
    before = runs.before(at, last_ms)
    lon_before, lat_before = runs.before(lon, last_longitude), runs.before(lat, last_latitude)
    is_first = before < 0
    step = at - before
    step[is_first] = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        ground = distance_km(lon_before, lat_before, lon, lat)
        ground *= HOUR_MS
        ground /= step
    ground[step <= 0] = np.nan
    return Steps(at, before, step, ground, is_first)


def last_of(runs: Runs, values: Array) -> Array:
    """The value of each thing's last row."""
    return values[runs.last]
