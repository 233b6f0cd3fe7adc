"""The rules of road transport: speeding 超速 and fatigue 疲劳驾驶; the others lie in files of their own
(area_rule.py, hours_rule.py, offline_rules.py, position_rules.py, fault_rule.py). Limits and their sources lie in policies/*.yaml."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, Episode, Runs, episodes
from haihe.kernel.alerts.rows import of_things, replaced
from haihe.kernel.alerts.rules import INSTANT, Rule, no_findings
from haihe.packs.transport.area_rule import LeavingArea as LeavingArea
from haihe.packs.transport.columns import (
    HOUR_MS,
    Steps,
    at_ms,
    by_use,
    flags,
    is_night,
    last_of,
    last_place,
    milliseconds,
    night_ms,
    numbers,
    steps_of,
    where,
)
from haihe.packs.transport.driven_hours import HOURS, driven_in_24h
from haihe.packs.transport.fault_rule import TerminalFault as TerminalFault
from haihe.packs.transport.findings import findings, instants, maybe_instants
from haihe.packs.transport.hours_rule import ForbiddenHours as ForbiddenHours
from haihe.packs.transport.offline_rules import Offline as Offline
from haihe.packs.transport.offline_rules import OfflineWhileMoving as OfflineWhileMoving
from haihe.packs.transport.position_rules import Drifting as Drifting
from haihe.packs.transport.position_rules import Frozen as Frozen
from haihe.packs.transport.safety_rule import ActiveSafety as ActiveSafety

MOST_CONTRADICTING_SHARE = 0.2  # below this share of the device's speed, the ground covered speaks against it
LEAST_STEP_MS = 10_000  # positions nearer in time say little about the speed between them


class Speeding(Rule):
    """Faster than the limit for a while.

    A stretch begins when a vehicle comes within the warning margin of its limit and ends when it leaves it (or falls silent). In a
    stretch there is one warning after the margin, and one alert after the limit itself, was exceeded for `speeding_sustained_s`.

    The device's speed counts, unless the ground covered since the position before contradicts it: a position that jumped, or a
    speed that is shown while the vehicle hardly moves. Such rows are passed over. At night the limit is the share of the day's limit.
    """

    name = "transport.speeding"
    title_zh, title_en, unit = "超速行驶", "Speeding", "km/h"
    table, thing_kind, attributes = "position", "vehicle", ("use",)
    parameters = (
        "speed_limit_kmh", "night_limit_share", "night_hours", "speeding_sustained_s", "speeding_warning_margin_kmh", "track_gap_s",
        "implausible_speed_kmh",
    )  # fmt: skip
    state = {
        "longitude_deg": pl.Float64, "latitude_deg": pl.Float64, "kept_at": INSTANT, "near_since": INSTANT, "over_since": INSTANT,
        "warned": pl.Boolean, "raised": pl.Boolean, "peak_kmh": pl.Float64, "limit_kmh": pl.Float64,
    }  # fmt: skip
    severity, urgency, certainty = Severity.MODERATE, Urgency.IMMEDIATE, Certainty.OBSERVED
    opens_case, warning_opens_case, warning_case_pause = "transport.alert", "transport.warning", "warning_case_pause_h"
    facts = {"near_s": ("接近限速持续", "near the limit for", "s"), "over_s": ("超速持续", "above the limit for", "s"), "peak_kmh": ("最高速度", "top speed", "km/h")}  # fmt: skip

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        after = state.with_columns(**last_place(batch))
        believed = batch.where(~self._doubtful(batch, steps_of(batch, state), parameters))
        if believed.is_empty():
            return no_findings(), after
        found, seen = self._judge(believed, of_things(after, believed), parameters)
        return found, replaced(after, seen)

    def _doubtful(self, batch: Batch, steps: Steps, parameters: dict[str, Any]) -> Array:
        """Rows whose speed is missing or is contradicted by the ground covered since the position before."""
        speed, fastest = batch.numbers("speed_kmh"), parameters["implausible_speed_kmh"]
        near_in_time = steps.step_ms <= parameters["track_gap_s"] * 1000
        with np.errstate(invalid="ignore"):
            jumped = (steps.step_ms > 0) & near_in_time & (steps.ground_kmh > fastest)
            stuck = (steps.step_ms >= LEAST_STEP_MS) & near_in_time & (speed > fastest / 4) & (steps.ground_kmh < speed * MOST_CONTRADICTING_SHARE)  # fmt: skip
            return ~(speed <= fastest) | jumped | stuck

    def _judge(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs, at, speed = batch.runs, at_ms(batch), batch.numbers("speed_kmh")
        before = runs.before(at, milliseconds(state["kept_at"]))
        limit = self._limits(batch, at, parameters)
        gap = (before < 0) | (at - before > parameters["track_gap_s"] * 1000)
        near = speed >= limit - parameters["speeding_warning_margin_kmh"]
        over = speed > limit
        near_since = runs.since(near, at, milliseconds(state["near_since"]), gap)
        over_since = runs.since(over, at, milliseconds(state["over_since"]), gap)
        long_ms = parameters["speeding_sustained_s"] * 1000
        stop = ~near | gap
        told = episodes(
            runs, near & (at - near_since >= long_ms), over & (at - over_since >= long_ms), stop,
            flags(state["warned"]), flags(state["raised"]),
        )  # fmt: skip
        peak = runs.greatest_since(speed, stop, numbers(state["peak_kmh"]))
        found = self._tell(batch, state, told, before, gap, limit, peak, over_since, near_since)
        return found, state.with_columns(
            kept_at=instants(last_of(runs, at)),
            near_since=maybe_instants(np.where(last_of(runs, near), last_of(runs, near_since), -1)),
            over_since=maybe_instants(np.where(last_of(runs, over), last_of(runs, over_since), -1)),
            warned=pl.Series(last_of(runs, told.warned)),
            raised=pl.Series(last_of(runs, told.raised)),
            peak_kmh=pl.Series(last_of(runs, peak)),
            limit_kmh=pl.Series(last_of(runs, limit)),
        )

    def _limits(self, batch: Batch, at: Array, parameters: dict[str, Any]) -> Array:
        day_limit, night = by_use(batch, parameters["speed_limit_kmh"]), is_night(at, tuple(parameters["night_hours"]))
        if not night.any():
            return day_limit
        return np.where(night, day_limit * by_use(batch, parameters["night_limit_share"]), day_limit)

    def _tell(
        self, batch: Batch, state: pl.DataFrame, told: Episode, before: Array, gap: Array, limit: Array, peak: Array,
        over_since: Array, near_since: Array,
    ) -> pl.DataFrame:  # fmt: skip
        rows, told = told.told()
        place = {name: values[rows] for name, values in where(batch).items()}
        peak_before = batch.runs.before(peak, numbers(state["peak_kmh"]))[rows]
        limit_before = batch.runs.before(limit, numbers(state["limit_kmh"]))[rows]
        thing, at, speed, before, gap, limit, peak, over_since, near_since = (
            values[rows]
            for values in (batch.thing, at_ms(batch), batch.numbers("speed_kmh"), before, gap, limit, peak, over_since, near_since)
        )  # fmt: skip
        ended_at = np.where(gap & (before >= 0), before, at)
        return pl.concat([
            findings(told.warn, "warning", "speeding", thing, at, speed, limit, {"near_s": (at - near_since) // 1000, **place}),
            findings(told.raise_, "raise", "speeding", thing, at, peak, limit, {"over_s": (at - over_since) // 1000, **place}),
            findings(told.end, "end", "speeding", thing, ended_at, peak_before, limit_before, {"peak_kmh": peak_before, **place}),
        ])  # fmt: skip


class Fatigue(Rule):
    """Driving for too long, as the vehicle's positions show it (who is at the wheel is not known).

    Driving is the time between two positions of which the earlier one was moving. A stop of `rest_min` sets continuous driving
    to zero; a shorter one neither adds nor resets. Silence longer than `silence_s` counts as a stop when the vehicle is where it
    was, and as nothing at all when it moved meanwhile. Three keys, each with a warning before its limit: `continuous`, `night` (the
    part of continuous driving that lies in the hours of night), `total` within 24 hours.

    The 24 hours are counted in whole clock hours: the present one and the 23 before it. So never more is counted than was driven
    within 24 hours.
    """

    name = "transport.fatigue"
    title_zh, title_en, unit = "疲劳驾驶", "Driving too long", "h"
    table, thing_kind, attributes = "position", "vehicle", ("use",)
    parameters = (
        "continuous_driving_h", "night_driving_h", "driving_in_24h_h", "rest_min", "fatigue_warning_min", "moving_kmh", "silence_s",
        "night_hours",
    )  # fmt: skip
    state = {
        "longitude_deg": pl.Float64, "latitude_deg": pl.Float64, "moving": pl.Boolean, "rest_since": INSTANT,
        "continuous_ms": pl.Int64, "night_ms": pl.Int64, "total_ms": pl.Int64, "hour": pl.Int64, "driven_ms": pl.Array(pl.Int32, HOURS),
        **{f"{key}_{flag}": pl.Boolean for key in ("continuous", "night", "total") for flag in ("warned", "raised")},
    }  # fmt: skip
    severity, urgency, certainty = Severity.SEVERE, Urgency.IMMEDIATE, Certainty.LIKELY
    opens_case, warning_opens_case, warning_case_pause = "transport.alert", "transport.warning", "warning_case_pause_h"

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs, steps = batch.runs, steps_of(batch, state)
        moving = batch.numbers("speed_kmh") >= parameters["moving_kmh"]
        drive, is_rest = self._driving(runs, steps, moving, flags(state["moving"]), parameters)
        rest_since = runs.since(is_rest, steps.before_ms, milliseconds(state["rest_since"]))
        rested = is_rest & (steps.at_ms - rest_since >= parameters["rest_min"] * 60_000)
        at_night = night_ms(steps.at_ms, drive, tuple(parameters["night_hours"]))
        totals, hourly, newest = driven_in_24h(runs, steps.at_ms, drive, state)
        driven = {
            "continuous": runs.total_since(drive, rested, _whole(state["continuous_ms"])),
            "night": runs.total_since(at_night, rested, _whole(state["night_ms"])),
            "total": totals,
        }
        limits = {"continuous": "continuous_driving_h", "night": "night_driving_h", "total": "driving_in_24h_h"}
        found: list[pl.DataFrame] = []
        columns: dict[str, Any] = {}
        for key, name in limits.items():
            limit = by_use(batch, parameters[name])
            parts, kept = self._judge(batch, state, key, driven[key], limit, rested, parameters)
            found.append(parts)
            columns |= kept
        return pl.concat(found), state.with_columns(
            **last_place(batch),
            moving=pl.Series(last_of(runs, moving)),
            rest_since=maybe_instants(np.where(last_of(runs, is_rest), last_of(runs, rest_since), -1)),
            hour=pl.Series(newest),
            driven_ms=pl.Series(hourly, dtype=pl.Array(pl.Int32, HOURS)),
            **columns,
        )

    def _driving(
        self, runs: Runs, steps: Steps, moving: Array, was_moving: Array, parameters: dict[str, Any]
    ) -> tuple[Array, Array]:
        """Milliseconds driven in each step, and whether the step was rest."""
        known = steps.step_ms <= min(parameters["silence_s"], 3600) * 1000
        moved_off = runs.before(moving, was_moving)
        with np.errstate(invalid="ignore"):
            elsewhere = steps.ground_kmh >= parameters["moving_kmh"]
        drive = steps.step_ms * (known & moved_off)
        return drive, ~steps.is_first & np.where(known, ~moved_off, ~elsewhere)

    def _judge(
        self, batch: Batch, state: pl.DataFrame, key: str, driven: Array, limit_h: Array, rested: Array, parameters: dict[str, Any],
    ) -> tuple[pl.DataFrame, dict[str, Any]]:  # fmt: skip
        """Findings of one key and its columns of the state."""
        runs, limit, known_ms = batch.runs, limit_h * HOUR_MS, _whole(state[f"{key}_ms"])
        near = driven >= limit - parameters["fatigue_warning_min"] * 60_000
        stop = ~near if key == "total" else rested
        told = episodes(runs, near, driven > limit, stop, flags(state[f"{key}_warned"]), flags(state[f"{key}_raised"]))
        return self._tell(batch, key, told, driven, runs.before(driven, known_ms), limit_h), {
            f"{key}_ms": pl.Series(last_of(runs, driven)),
            f"{key}_warned": pl.Series(last_of(runs, told.warned)),
            f"{key}_raised": pl.Series(last_of(runs, told.raised)),
        }

    def _tell(self, batch: Batch, key: str, told: Episode, driven: Array, before: Array, limit_h: Array) -> pl.DataFrame:  # fmt: skip
        rows, told = told.told()
        thing, at, place = batch.thing[rows], at_ms(batch)[rows], {name: values[rows] for name, values in where(batch).items()}  # fmt: skip
        value, most, limit = driven[rows] / HOUR_MS, before[rows] / HOUR_MS, limit_h[rows]
        limit = np.where(np.isinf(limit), np.nan, limit)
        return pl.concat([
            findings(told.warn, "warning", key, thing, at, value, limit, place),
            findings(told.raise_, "raise", key, thing, at, value, limit, place),
            findings(told.end, "end", key, thing, at, most, limit, place),
        ])  # fmt: skip


def _whole(column: pl.Series) -> Array:
    return column.fill_null(0).to_numpy().astype(np.int64)
