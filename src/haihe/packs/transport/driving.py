"""How long vehicles have been driving without a rest, as the rule on fatigue counts it from their positions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import polars as pl

from haihe.kernel.alerts.rules import RULES
from haihe.kernel.alerts.states import load_state


def continuous_driving(things: Collection[int]) -> dict[int, timedelta]:
    """Thing → driving since its last sufficient rest, as of its newest evaluated position; things never judged are absent."""
    rule = RULES.get("transport.fatigue")
    if rule is None or not things:
        return {}
    state = load_state(rule).filter(pl.col("thing").is_in(list(things)))
    return {thing: timedelta(milliseconds=ms or 0) for thing, ms in state.select("thing", "continuous_ms").iter_rows()}
