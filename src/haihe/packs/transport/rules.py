"""The rules of road transport: speeding 超速 and fatigue 疲劳驾驶; the others lie in files of their own
(area_rule.py, hours_rule.py, offline_rules.py, position_rules.py, fault_rule.py). Limits and their sources lie in policies/*.yaml."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, Episode, Runs, episodes
from haihe.kernel.alerts.rows import of_things, replaced
from haihe.kernel.alerts.rules import INSTANT, Rule, no_findings
from haihe.packs.transport.area_rule import LeavingArea as LeavingArea
from haihe.packs.transport.columns import (
    HOUR_MS,
    Steps,
    by_use,
    flags,
    is_night,
    last_of,
    last_place,
    milliseconds,
    night_total_ms,
    numbers,
    steps_of,
    where,
)
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
        self, batch: pl.DataFrame, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs = Runs(batch["thing"].to_numpy())
        steps = steps_of(runs, batch, state)
        after = state.with_columns(
            **last_place(runs, batch),
        )
        believed = batch.filter(pl.Series(~self._doubtful(batch, steps, parameters)))
        if believed.is_empty():
            return no_findings(), after
        found, seen = self._judge(believed, of_things(after, believed), parameters)
        return found, replaced(after, seen)

    def _doubtful(self, batch: pl.DataFrame, steps: Steps, parameters: dict[str, Any]) -> Array:
        """Rows whose speed is missing or is contradicted by the ground covered since the position before."""
        speed = numbers(batch["speed_kmh"])
        with np.errstate(invalid="ignore"):
            telling = (steps.step_ms >= LEAST_STEP_MS) & (steps.step_ms <= parameters["track_gap_s"] * 1000)
            jumped = (steps.step_ms > 0) & (steps.step_ms <= parameters["track_gap_s"] * 1000) & (steps.ground_kmh > parameters["implausible_speed_kmh"])  # fmt: skip
            stuck = telling & (speed > parameters["implausible_speed_kmh"] / 4) & (steps.ground_kmh < speed * MOST_CONTRADICTING_SHARE)  # fmt: skip
            wild = speed > parameters["implausible_speed_kmh"]
        return np.isnan(speed) | jumped | stuck | wild

    def _judge(
        self, batch: pl.DataFrame, state: pl.DataFrame, parameters: dict[str, Any]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs = Runs(batch["thing"].to_numpy())
        at, speed = milliseconds(batch["observed_at"]), numbers(batch["speed_kmh"])
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
        found = self._tell(runs, batch, state, told, at, before, gap, speed, limit, peak, over_since, near_since)
        last = last_of(runs, near)
        return found, state.with_columns(
            kept_at=instants(last_of(runs, at)),
            near_since=maybe_instants(np.where(last, last_of(runs, near_since), -1)),
            over_since=maybe_instants(np.where(last_of(runs, over), last_of(runs, over_since), -1)),
            warned=pl.Series(last_of(runs, told.warned)),
            raised=pl.Series(last_of(runs, told.raised)),
            peak_kmh=pl.Series(last_of(runs, peak)),
            limit_kmh=pl.Series(last_of(runs, limit)),
        )

    def _limits(self, batch: pl.DataFrame, at: Array, parameters: dict[str, Any]) -> Array:
        night = is_night(at, tuple(parameters["night_hours"]))
        day_limit = by_use(batch["use"], parameters["speed_limit_kmh"])
        return np.where(night, day_limit * by_use(batch["use"], parameters["night_limit_share"]), day_limit)

    def _tell(
        self, runs: Runs, batch: pl.DataFrame, state: pl.DataFrame, told: Episode, at: Array, before: Array, gap: Array,
        speed: Array, limit: Array, peak: Array, over_since: Array, near_since: Array,
    ) -> pl.DataFrame:  # fmt: skip
        thing = batch["thing"].to_numpy()
        place = where(batch)
        seconds = (at - over_since) // 1000
        peak_before = runs.before(peak, numbers(state["peak_kmh"]))
        limit_before = runs.before(limit, numbers(state["limit_kmh"]))
        ended_at = np.where(gap & (before >= 0), before, at)
        return pl.concat([
            findings(told.warn, "warning", "speeding", thing, at, speed, limit, {"near_s": (at - near_since) // 1000, **place}),
            findings(told.raise_, "raise", "speeding", thing, at, peak, limit, {"over_s": seconds, **place}),
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
        "continuous_ms": pl.Int64, "night_ms": pl.Int64, "total_ms": pl.Int64, "hour": pl.Int64, "driven_ms": pl.Array(pl.Int32, 24),
        **{f"{key}_{flag}": pl.Boolean for key in ("continuous", "night", "total") for flag in ("warned", "raised")},
    }  # fmt: skip
    severity, urgency, certainty = Severity.SEVERE, Urgency.IMMEDIATE, Certainty.LIKELY
    opens_case, warning_opens_case, warning_case_pause = "transport.alert", "transport.warning", "warning_case_pause_h"

    def evaluate(
        self, batch: pl.DataFrame, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs = Runs(batch["thing"].to_numpy())
        steps = steps_of(runs, batch, state)
        moving = numbers(batch["speed_kmh"], missing=0.0) >= parameters["moving_kmh"]
        drive, is_rest = self._driving(runs, steps, moving, flags(state["moving"]), parameters)
        rest_since = runs.since(is_rest, steps.before_ms, milliseconds(state["rest_since"]))
        rested = is_rest & (steps.at_ms - rest_since >= parameters["rest_min"] * 60_000)
        hours = tuple(parameters["night_hours"])
        at_night = night_total_ms(steps.at_ms, hours) - night_total_ms(steps.at_ms - drive, hours)
        totals, buckets, newest = _driven_in_24h(runs, steps.at_ms, drive, state)
        driven = {
            "continuous": runs.total_since(drive, rested, _whole(state["continuous_ms"])),
            "night": runs.total_since(at_night, rested, _whole(state["night_ms"])),
            "total": totals,
        }
        limits = {"continuous": "continuous_driving_h", "night": "night_driving_h", "total": "driving_in_24h_h"}
        found: list[pl.DataFrame] = []
        columns: dict[str, Any] = {}
        for key, name in limits.items():
            limit = by_use(batch["use"], parameters[name])
            parts, kept = self._judge(runs, batch, state, key, driven[key], limit, steps, rested, parameters)
            found.append(parts)
            columns |= kept
        return pl.concat(found), state.with_columns(
            **last_place(runs, batch),
            moving=pl.Series(last_of(runs, moving)),
            rest_since=maybe_instants(np.where(last_of(runs, is_rest), last_of(runs, rest_since), -1)),
            hour=pl.Series(newest),
            driven_ms=pl.Series(buckets.astype(np.int32), dtype=pl.Array(pl.Int32, 24)),
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
        drive = np.where(known & moved_off & ~steps.is_first, steps.step_ms, 0)
        return drive, ~steps.is_first & np.where(known, ~moved_off, ~elsewhere)

    def _judge(
        self, runs: Runs, batch: pl.DataFrame, state: pl.DataFrame, key: str, driven: Array, limit_h: Array, steps: Steps,
        rested: Array, parameters: dict[str, Any],
    ) -> tuple[pl.DataFrame, dict[str, Any]]:  # fmt: skip
        """Findings of one key and its columns of the state."""
        limit = limit_h * HOUR_MS
        near = driven >= limit - parameters["fatigue_warning_min"] * 60_000
        stop = ~near if key == "total" else rested
        told = episodes(runs, near, driven > limit, stop, flags(state[f"{key}_warned"]), flags(state[f"{key}_raised"]))
        most = runs.before(driven, _whole(state[f"{key}_ms"])) / HOUR_MS
        thing, at, value = batch["thing"].to_numpy(), steps.at_ms, driven / HOUR_MS
        place = where(batch)
        finite = np.where(np.isinf(limit_h), np.nan, limit_h)
        found = pl.concat([
            findings(told.warn, "warning", key, thing, at, value, finite, place),
            findings(told.raise_, "raise", key, thing, at, value, finite, place),
            findings(told.end, "end", key, thing, at, most, finite, place),
        ])  # fmt: skip
        return found, {
            f"{key}_ms": pl.Series(last_of(runs, driven)),
            f"{key}_warned": pl.Series(last_of(runs, told.warned)),
            f"{key}_raised": pl.Series(last_of(runs, told.raised)),
        }


def _whole(column: pl.Series) -> Array:
    return column.fill_null(0).to_numpy().astype(np.int64)


def _driven_in_24h(runs: Runs, at_ms: Array, drive: Array, state: pl.DataFrame) -> tuple[Array, Array, Array]:
    """Milliseconds driven in each row's clock hour and the 23 before it; and per thing the hourly sums to keep with their last hour.

    A step is at most an hour long, so that it lies in the hour of its row and the one before. The sum up to a row is what the state
    knew, plus what the batch drove so far, minus all that lies 24 clock hours back or more.
    """
    hour = at_ms // HOUR_MS
    inside = np.minimum(drive, at_ms - hour * HOUR_MS)
    segments, known_hour = len(runs.starts), _whole(state["hour"])
    known, stored = np.zeros((segments, 24), dtype=np.int64), state["driven_ms"].is_not_null().to_numpy()
    if stored.any():
        known[stored] = state["driven_ms"].drop_nulls().to_numpy()
    kept_segment, kept_place = np.nonzero(known)
    segment = np.concatenate([kept_segment, runs.segment, runs.segment])
    hours = np.concatenate([known_hour[kept_segment] - 23 + kept_place, hour - 1, hour])
    driven = np.concatenate([known[kept_segment, kept_place], drive - inside, inside])
    base = int(hours.min()) - 1
    width = int(hours.max()) - base + 2
    order = np.argsort(segment * width + hours - base, kind="stable")
    keys, sums = (segment * width + hours - base)[order], np.concatenate([[0], np.cumsum(driven[order])])

    def up_to(which: Array, until: Array) -> Array:
        """Everything of a thing in hours up to and including `until`."""
        end = np.searchsorted(keys, which * width + np.maximum(until - base, 0), side="right")
        return sums[end] - sums[np.searchsorted(keys, which * width, side="left")]

    so_far = runs.total_since(drive, np.zeros(runs.size, dtype=bool), known.sum(axis=1))
    totals = so_far - up_to(runs.segment, hour - 24)
    newest = hour[runs.last]
    fresh = hours > newest[segment] - 24
    place = segment[fresh] * 24 + hours[fresh] - (newest[segment[fresh]] - 23)
    buckets = np.bincount(place, weights=driven[fresh], minlength=segments * 24).reshape(segments, 24)
    return totals, buckets.astype(np.int64), newest
