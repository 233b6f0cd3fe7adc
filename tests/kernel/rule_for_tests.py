"""A small rule for tests of the engine: a level above the limit warns, raises at the second row in a row, ends below it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import episodes
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, Rule
from haihe.kernel.policies import DatedValue, Parameter

START = datetime(2026, 3, 2, tzinfo=UTC)
LIMIT = Parameter(
    "water.limit_m", "限值", "limit", "m",
    (DatedValue(date(2020, 1, 1), 3.0, "unverified"), DatedValue(date(2026, 3, 4), 2.0, "unverified")),
)  # fmt: skip


def policy(key: str) -> Parameter:
    assert key == "water.limit_m"
    return LIMIT


class HighWater(Rule):
    name = "water.high"
    title_zh, title_en, unit, table, thing_kind = "水位超限", "High water", "m", "level", "gauge"
    parameters = ("limit_m",)
    state = {"over": pl.Boolean, "warned": pl.Boolean, "raised": pl.Boolean}
    severity, urgency, certainty = Severity.SEVERE, Urgency.IMMEDIATE, Certainty.OBSERVED

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        runs = batch.runs
        before = {name: state[name].fill_null(False).to_numpy() for name in self.state}
        level, limit = batch["level_m"].fill_null(0.0).to_numpy(), parameters["limit_m"]
        over = level > limit
        told = episodes(runs, over, over & runs.before(over, before["over"]), ~over, before["warned"], before["raised"])
        parts = []
        for phase, mask in (("warning", told.warn), ("raise", told.raise_), ("end", told.end)):
            rows = batch.frame.filter(pl.Series(np.asarray(mask)))
            parts.append(rows.select("thing", "observed_at", key=pl.lit("level"), phase=pl.lit(phase), value=pl.col("level_m"),
                                     limit=pl.lit(limit), evidence=pl.lit('{"by": "gauge"}')).select(*FINDINGS))  # fmt: skip
        ends = {"over": over, "warned": told.warned, "raised": told.raised}
        return pl.concat(parts), state.with_columns(
            **{name: pl.Series(values[runs.last]) for name, values in ends.items()}
        )


def levels(thing: int | None, values: list[float], *, start: datetime = START, minutes: int = 10) -> pl.DataFrame:
    times = [start + timedelta(minutes=minutes * place) for place in range(len(values))]
    return pl.DataFrame(
        {"thing": [thing] * len(values), "observed_at": times, "received_at": times, "quality": [0] * len(values), "level_m": values},
        schema={"thing": pl.Int64, "observed_at": INSTANT, "received_at": INSTANT, "quality": pl.UInt16, "level_m": pl.Float64},
    )  # fmt: skip
