"""Vehicles from which nothing comes: off line 离线, and off line while moving 行驶中离线.

Silence is counted by receipt, not by the time of observation: what a terminal kept in a dead zone and sends afterwards does not make it
heard earlier. It counts only while others are heard: when nobody is, it is the platform that is deaf (or everybody parks), and the count
begins anew for all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch, microseconds
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.rules import INSTANT, Rule
from haihe.packs.transport.columns import flags, last_of, last_place, milliseconds, numbers, where
from haihe.packs.transport.findings import findings, instants, maybe_instants

MINUTE_MS = 60_000
NOBODY_HEARD_MS = 2 * MINUTE_MS


def _received_ms(batch: Batch) -> tuple[Array, Array]:
    """When the first and the newest row of each vehicle were received; −1 where nobody knows."""
    received_us, starts = batch.ask("received_at", microseconds), batch.runs.starts
    return tuple(
        np.maximum(each // 1000, -1) for each in (received_us[starts], np.maximum.reduceat(received_us, starts))
    )


class _Silent(Rule):
    """One raise when a vehicle was silent for the limit, at that very instant; one end when it is heard again."""

    unit = "min"
    table, thing_kind = "position", "vehicle"
    state = {
        "heard_at": INSTANT, "counted_from": INSTANT, "moved": pl.Boolean, "raised": pl.Boolean,
        "longitude_deg": pl.Float64, "latitude_deg": pl.Float64,
    }  # fmt: skip
    tolerated_quality = 0xFFFF  # a vehicle without a fix is heard
    speaks_of_silence = True
    urgency, certainty = Urgency.EXPECTED, Certainty.OBSERVED
    limit: ClassVar[str] = ""

    def concerns(self, state: pl.DataFrame) -> Array:
        """Of which vehicles the rule speaks."""
        return np.ones(state.height, dtype=bool)

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs, heard, (first, newest) = batch.runs, milliseconds(state["heard_at"]), batch.once(_received_ms)
        silent_min = (first - heard) / MINUTE_MS
        place = {name: values[runs.starts] for name, values in where(batch).items()}
        found = findings(flags(state["raised"]), "end", "silent", batch.things, first, silent_min, float(parameters[self.limit]), place)  # fmt: skip
        return found, state.with_columns(
            heard_at=instants(np.maximum(newest, heard)), counted_from=pl.lit(None, dtype=INSTANT),
            moved=pl.Series(last_of(runs, batch.numbers("speed_kmh")) >= parameters["moving_kmh"]),
            raised=pl.lit(False), **last_place(batch),
        )  # fmt: skip

    def on_silence(
        self, state: pl.DataFrame, parameters: dict[str, Any], at: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        at_ms, heard = int(at.timestamp() * 1000), milliseconds(state["heard_at"])
        until = min(at_ms, int(heard.max()) + NOBODY_HEARD_MS)
        since, raised = np.maximum(heard, milliseconds(state["counted_from"])), flags(state["raised"])
        limit_min = float(parameters[self.limit])
        due = since + int(limit_min * MINUTE_MS)
        is_silent = ~raised & self.concerns(state) & (due <= until)
        place = {name: numbers(state[name]) for name in ("longitude_deg", "latitude_deg")}
        told = np.full(state.height, limit_min)
        found = findings(is_silent, "raise", "silent", state["thing"].to_numpy(), due, told, limit_min, place)
        raised = raised | is_silent
        counted = milliseconds(state["counted_from"])
        if until < at_ms:
            counted = np.where(raised, counted, at_ms)
        return found, state.with_columns(counted_from=maybe_instants(counted), raised=pl.Series(raised))


class Offline(_Silent):
    """Nothing came for `offline_min`, whatever the vehicle did last."""

    name = "transport.offline"
    title_zh, title_en = "车辆长时间离线", "Vehicle off line for long"
    parameters, limit = ("offline_min", "moving_kmh"), "offline_min"
    severity = Severity.MINOR


class OfflineWhileMoving(_Silent):
    """Nothing came for `offline_moving_min` from a vehicle that was moving when it was heard last."""

    name = "transport.offline_moving"
    title_zh, title_en = "行驶中离线", "Off line while moving"
    parameters, limit = ("offline_moving_min", "moving_kmh"), "offline_moving_min"
    severity = Severity.MODERATE

    def concerns(self, state: pl.DataFrame) -> Array:
        return flags(state["moved"])
