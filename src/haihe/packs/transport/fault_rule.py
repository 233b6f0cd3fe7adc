"""Faults that a terminal reports of itself (alarm bits of its positions), each kind by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, episodes_raised
from haihe.kernel.alerts.rows import replaced
from haihe.kernel.alerts.rules import Rule, no_findings
from haihe.packs.transport import by_kind
from haihe.packs.transport.by_kind import NEVER
from haihe.packs.transport.columns import at_ms, last_of, where
from haihe.packs.transport.findings import findings

# Key of the alert → bits of the alarm word that mean it (jt808/bits.py names them and says where they were read).
FAULTS = {
    "gnss": 1 << 4, "antenna": 1 << 5 | 1 << 6, "power_low": 1 << 7, "power_lost": 1 << 8, "display": 1 << 9, "speech": 1 << 10,
    "camera": 1 << 11, "card_reader": 1 << 12, "speed_sensor": 1 << 24,
}  # fmt: skip
ANY = sum(FAULTS.values())


class TerminalFault(Rule):
    """A fault reported without a break for `fault_sustained_s`; over with the first position that does not report it."""

    name = "transport.fault"
    title_zh, title_en, unit = "终端故障", "Terminal fault", "s"
    table, thing_kind = "position", "vehicle"
    parameters = ("fault_sustained_s",)
    # One place a fault, in the order of FAULTS: since when, in milliseconds since 1970; bit n: fault n was raised.
    state = by_kind.state_of("since_ms", len(FAULTS))
    tolerated_quality = 0xFFFF  # whoever reports a broken receiver has no fix
    severity, urgency, certainty = Severity.MINOR, Urgency.FUTURE, Certainty.OBSERVED

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        faulty = batch.ask("alarm_bits", lambda bits: bits.fill_null(0).to_numpy() & ANY != 0)
        concerned = state["since_ms"].is_not_null().to_numpy() | batch.runs.concerned(faulty)
        if not concerned.any():
            return no_findings(), state  # as nearly always
        found, after = self._judge_all(batch.of(concerned), state.filter(pl.Series(concerned)), parameters)
        return found, replaced(state, after)

    def _judge_all(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        bits, found = batch["alarm_bits"].fill_null(0).to_numpy(), [no_findings()]
        since, raised = by_kind.stored(state, "since_ms", len(FAULTS))
        for place, (key, mask) in enumerate(FAULTS.items()):
            told, since[:, place], raised[:, place] = self._judge(
                batch, key, bits & mask != 0, since[:, place], raised[:, place], parameters["fault_sustained_s"]
            )
            found.append(told)
        return pl.concat(found), state.with_columns(**by_kind.to_store("since_ms", since, raised))

    def _judge(
        self, batch: Batch, key: str, faulty: Array, since_before: Array, raised: Array, sustained_s: float
    ) -> tuple[pl.DataFrame, Array, Array]:  # fmt: skip
        """Findings of one fault, and what to remember of it."""
        runs, thing, at, limit = batch.runs, batch.thing, at_ms(batch), float(sustained_s)
        since = runs.since(faulty, at, since_before)
        lasted = (at - since) / 1000
        told = episodes_raised(runs, faulty & (lasted >= sustained_s), ~faulty, raised)
        ended = (at - runs.before(since, since_before)) / 1000
        found = pl.concat([
            findings(told.raise_, "raise", key, thing, at, lasted, limit, where(batch)),
            findings(told.end, "end", key, thing, at, ended, limit, where(batch)),
        ])  # fmt: skip
        return found, np.where(last_of(runs, faulty), last_of(runs, since), NEVER), last_of(runs, told.raised)
