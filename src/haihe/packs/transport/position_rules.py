"""Positions that cannot be right: drifting 定位漂移 (they jump), frozen 定位冻结 (they stand while the vehicle drives)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, episodes_raised
from haihe.kernel.alerts.rules import INSTANT, Rule
from haihe.packs.transport.columns import Steps, flags, last_of, last_place, milliseconds, steps_of, where
from haihe.packs.transport.findings import findings, maybe_instants


def _within(steps: Steps, parameters: dict[str, Any]) -> Array:
    """Steps between positions near enough in time to say something about the way between them."""
    return (steps.step_ms > 0) & (steps.step_ms <= parameters["track_gap_s"] * 1000)


class Drifting(Rule):
    """Ground that no vehicle covers, again and again: `drift_jumps` jumps without `drift_quiet_s` of calm between them.

    A single jump is passed over by the other rules and means little. The stretch ends with the first position after the calm.
    """

    name = "transport.drift"
    title_zh, title_en, unit = "定位漂移", "Drifting position", "jumps"
    table, thing_kind = "position", "vehicle"
    parameters = ("drift_jumps", "drift_quiet_s", "implausible_speed_kmh", "track_gap_s")
    state = {
        "longitude_deg": pl.Float64, "latitude_deg": pl.Float64, "jumped_at": INSTANT, "jumps": pl.Int64, "raised": pl.Boolean,
    }  # fmt: skip
    severity, urgency, certainty = Severity.MINOR, Urgency.FUTURE, Certainty.LIKELY
    facts = {"ground_kmh": ("相邻定位推算速度", "speed between positions", "km/h")}

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        thing, runs = batch.thing, batch.runs
        steps, known = steps_of(batch, state), milliseconds(state["jumped_at"])
        with np.errstate(invalid="ignore"):
            jump = _within(steps, parameters) & (steps.ground_kmh > parameters["implausible_speed_kmh"])
        jumped_at = runs.latest(jump, steps.at_ms, known)
        before = runs.before(jumped_at, known)
        calm = ~jump & (before >= 0) & (steps.at_ms - before > parameters["drift_quiet_s"] * 1000)
        jumps_known, raised = state["jumps"].fill_null(0).to_numpy(), flags(state["raised"])
        jumps = runs.total_since(jump.astype(np.int64), calm, jumps_known)
        told = episodes_raised(runs, jump & (jumps >= parameters["drift_jumps"]), calm, raised)
        limit = float(parameters["drift_jumps"])
        evidence = {**where(batch), "ground_kmh": steps.ground_kmh}
        most = runs.before(jumps, jumps_known)
        found = pl.concat([
            findings(told.raise_, "raise", "drift", thing, steps.at_ms, jumps, limit, evidence),
            findings(told.end, "end", "drift", thing, steps.at_ms, most, limit, where(batch)),
        ])  # fmt: skip
        return found, state.with_columns(
            jumped_at=maybe_instants(last_of(runs, jumped_at)), jumps=pl.Series(last_of(runs, jumps)),
            raised=pl.Series(last_of(runs, told.raised)), **last_place(batch),
        )  # fmt: skip


class Frozen(Rule):
    """The very same position for `frozen_s` while the device shows at least `frozen_kmh`."""

    name = "transport.frozen"
    title_zh, title_en, unit = "定位冻结", "Frozen position", "s"
    table, thing_kind = "position", "vehicle"
    parameters = ("frozen_s", "frozen_kmh", "track_gap_s")
    state = {"longitude_deg": pl.Float64, "latitude_deg": pl.Float64, "since": INSTANT, "raised": pl.Boolean}
    severity, urgency, certainty = Severity.MINOR, Urgency.FUTURE, Certainty.LIKELY
    facts = {"speed_kmh": ("终端速度", "speed shown by the device", "km/h")}

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        thing, runs, speed = batch.thing, batch.runs, batch.numbers("speed_kmh")
        steps, known = steps_of(batch, state), milliseconds(state["since"])
        with np.errstate(invalid="ignore"):
            stands = _within(steps, parameters) & (steps.ground_kmh == 0) & (speed >= parameters["frozen_kmh"])
        since = runs.since(stands, steps.before_ms, known)
        lasted = (steps.at_ms - since) / 1000
        raised = flags(state["raised"])
        told = episodes_raised(runs, stands & (lasted >= parameters["frozen_s"]), ~stands, raised)
        limit, evidence = float(parameters["frozen_s"]), {**where(batch), "speed_kmh": speed}
        ended = (steps.before_ms - runs.before(since, known)) / 1000
        found = pl.concat([
            findings(told.raise_, "raise", "frozen", thing, steps.at_ms, lasted, limit, evidence),
            findings(told.end, "end", "frozen", thing, steps.at_ms, ended, limit, evidence),
        ])  # fmt: skip
        return found, state.with_columns(
            since=maybe_instants(np.where(last_of(runs, stands), last_of(runs, since), -1)),
            raised=pl.Series(last_of(runs, told.raised)), **last_place(batch),
        )  # fmt: skip
