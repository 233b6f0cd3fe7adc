"""Columns that both rules of the pack need: values by a vehicle's use, hours of night, steps between positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array, Runs
from haihe.kernel.alerts.rows import microseconds
from haihe.kernel.places import distance_km

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CHINA_AHEAD_MS = 8 * HOUR_MS  # Asia/Shanghai is UTC+8 all year


def milliseconds(instants: pl.Series) -> Array:
    """Whole milliseconds since 1970, so that sums are exact however rows are cut; −1 for null."""
    found = microseconds(instants)
    return np.where(instants.is_null().to_numpy(), -1, found // 1000) if instants.null_count() else found // 1000


def by_use(use: pl.Series, values: Mapping[str, Any]) -> Array:
    """The value for each row's use of the vehicle, `default` where the use has none of its own; null becomes infinity."""
    known = {key: float("inf") if value is None else float(value) for key, value in values.items()}
    default = known.pop("default")
    return use.replace_strict(known, default=default, return_dtype=pl.Float64).fill_null(default).to_numpy()


def numbers(column: pl.Series, missing: float = float("nan")) -> Array:
    """As numbers; nulls become `missing`."""
    column = column.cast(pl.Float64)
    return (column.fill_null(missing) if column.null_count() else column).to_numpy()


def where(batch: pl.DataFrame) -> dict[str, Array]:
    """The position of each row, as evidence of a finding."""
    return {name: numbers(batch[name]) for name in ("longitude_deg", "latitude_deg")}


def last_place(runs: Runs, batch: pl.DataFrame) -> dict[str, pl.Series]:
    """The position of each thing's last row, as columns of a state."""
    return {name: pl.Series(last_of(runs, values)).fill_nan(None) for name, values in where(batch).items()}


def flags(column: pl.Series) -> Array:
    return (column.fill_null(False) if column.null_count() else column).to_numpy()


def night_total_ms(at_ms: Array, hours: tuple[int, int]) -> Array:
    """Milliseconds of night from 1970 (local days) until each instant: the night within a stretch is the difference of its ends."""
    begin, end = hours[0] * HOUR_MS, hours[1] * HOUR_MS
    local = at_ms + CHINA_AHEAD_MS - begin
    length = (end - begin) % DAY_MS
    return local // DAY_MS * length + np.minimum(local % DAY_MS, length)


def is_night(at_ms: Array, hours: tuple[int, int]) -> Array:
    return (at_ms + CHINA_AHEAD_MS - hours[0] * HOUR_MS) % DAY_MS < (hours[1] - hours[0]) * HOUR_MS % DAY_MS


@dataclass(frozen=True)
class Steps:
    """From each row's predecessor to it: instants, time between them (0 where there is none), speed over ground by distance
    (NaN where a position is missing)."""

    at_ms: Array
    before_ms: Array
    step_ms: Array
    ground_kmh: Array

    @property
    def is_first(self) -> Array:
        return self.before_ms < 0


def steps_of(runs: Runs, batch: pl.DataFrame, state: pl.DataFrame) -> Steps:
    """`state` has last_at, longitude_deg and latitude_deg of the row before the batch."""
    at = milliseconds(batch["observed_at"])
    before = runs.before(at, milliseconds(state["last_at"]))
    lon, lat = numbers(batch["longitude_deg"]), numbers(batch["latitude_deg"])
    lon_before, lat_before = runs.before(lon, numbers(state["longitude_deg"])), runs.before(lat, numbers(state["latitude_deg"]))  # fmt: skip
    step = np.where(before < 0, 0, at - before)
    hours = np.where(step > 0, step, 1) / HOUR_MS
    with np.errstate(invalid="ignore"):
        ground = np.where(step > 0, distance_km(lon_before, lat_before, lon, lat) / hours, np.nan)
    return Steps(at, before, step, ground)


def last_of(runs: Runs, values: Array) -> Array:
    """The value of each thing's last row."""
    return values[runs.last]
