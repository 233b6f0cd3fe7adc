"""A bollard that has been lowered for too long."""

from datetime import datetime
from typing import Any

import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import episodes_raised
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, Rule, no_findings


class LoweredTooLong(Rule):
    name = "bollards.lowered"
    title_zh, title_en, unit = "升降桩长时间降下", "Bollard lowered for too long", "min"
    table, thing_kind, parameters = "bollard_state", "bollard", ("lowered_min",)
    state = {"since": INSTANT, "raised": pl.Boolean}
    severity, urgency, certainty = Severity.MINOR, Urgency.EXPECTED, Certainty.OBSERVED

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        if batch.is_empty():
            return no_findings(), state
        # Arrays of one value a row; `state` has one row for each thing of the batch and says how it stood before.
        runs, limit = batch.runs, float(parameters["lowered_min"])
        down, at = batch["lowered"].fill_null(False).to_numpy(), batch.at_us
        since = runs.since(down, at, state["since"].to_physical().fill_null(-1).to_numpy())
        minutes = (at - since) / 60e6
        told = episodes_raised(runs, down & (minutes >= limit), ~down, state["raised"].fill_null(False).to_numpy())
        rows = batch.frame.select("thing", "observed_at").with_columns(
            key=pl.lit("lowered"), value=pl.Series(minutes), limit=limit, evidence=pl.lit("{}"), raises=pl.Series(told.raise_), ends=pl.Series(told.end),
            phase=pl.when(pl.Series(told.end)).then(pl.lit("end")).otherwise(pl.lit("raise")),
        ).filter(pl.col("raises") | pl.col("ends"))  # fmt: skip
        held = pl.Series(down[runs.last])
        after = state.with_columns(
            since=pl.when(held).then(pl.Series(since[runs.last]).cast(INSTANT)),
            raised=pl.Series(told.raised[runs.last]) & held,
        )
        return rows.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items()), after
