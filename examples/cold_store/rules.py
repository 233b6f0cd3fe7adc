"""A cold store that has been too warm for some minutes."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import episodes_raised
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, Rule, no_findings

KEY = "too_warm"


class TooWarm(Rule):
    """Above the limit without a break for `warm_min`; over with the first value that is not."""

    name = "cold_store.too_warm"
    title_zh, title_en, unit = "冷库温度过高", "Cold store too warm", "°C"
    table, thing_kind = "cold_store_air", "cold_store"
    parameters = ("limit_c", "warm_min")
    state = {"warm_since": INSTANT, "raised": pl.Boolean}
    severity, urgency, certainty = Severity.MODERATE, Urgency.EXPECTED, Certainty.OBSERVED
    facts = {"warm_s": ("持续", "for", "s")}

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        batch = batch.where(
            ~np.isnan(batch.numbers("air_c"))
        )  # null as well: a thermometer that is broken tells nothing
        if batch.is_empty():
            return no_findings(), state
        known = state.filter(pl.col("thing").is_in(batch.things.tolist()))
        runs, limit = batch.runs, float(parameters["limit_c"])
        at, air = batch.at_us, batch.numbers("air_c")
        warm = air > limit
        since = runs.since(warm, at, known["warm_since"].to_physical().fill_null(-1).to_numpy())
        lasted_s = np.where(warm, at - since, 0) // 1_000_000
        over = warm & (lasted_s >= parameters["warm_min"] * 60)
        told = episodes_raised(runs, over, ~warm, known["raised"].fill_null(False).to_numpy())
        found = pl.DataFrame(
            {
                "thing": batch["thing"], "key": pl.Series([KEY]).new_from_index(0, len(at)), "observed_at": batch["observed_at"],
                "phase": np.where(told.end, "end", np.where(told.raise_, "raise", "")), "value": air, "limit": np.full(len(at), limit),
                "evidence": pl.Series("evidence", lasted_s).to_frame("warm_s").select(pl.struct("warm_s").struct.json_encode()).to_series(),
            }
        ).filter(pl.col("phase") != "")  # fmt: skip
        fresh = pl.DataFrame(
            {
                "thing": known["thing"],
                "warm_since": pl.Series(np.where(warm, since, -1)[runs.last]).cast(INSTANT),
                "raised": told.raised[runs.last] & warm[runs.last],
            }
        ).with_columns(warm_since=pl.when(pl.col("warm_since").to_physical() >= 0).then("warm_since"))
        return found.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items()), state.update(
            fresh, on="thing", include_nulls=True
        )
