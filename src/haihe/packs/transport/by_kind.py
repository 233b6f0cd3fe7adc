"""State of a rule that keeps one instant for each of a few kinds and whether it was raised: as arrays in the rule, as two columns
where it is stored."""

from __future__ import annotations

import numpy as np
import polars as pl
from polars.datatypes import DataType, DataTypeClass

from haihe.kernel.alerts.columns import Array

NEVER = -1


def state_of(instants: str, kinds: int) -> dict[str, DataType | DataTypeClass]:
    """The columns: one place a kind in milliseconds since 1970, and bit n of `raised_bits` for kind n."""
    return {instants: pl.Array(pl.Int64, kinds), "raised_bits": pl.UInt32}


def stored(state: pl.DataFrame, instants: str, kinds: int) -> tuple[Array, Array]:
    """(instants, raised) of each thing and kind; things without a state have none."""
    at = np.full((state.height, kinds), NEVER, dtype=np.int64)
    known = state[instants].is_not_null().to_numpy()
    if known.any():
        at[known] = state[instants].drop_nulls().to_numpy()
    raised = state["raised_bits"].fill_null(0).to_numpy()[:, None] & (1 << np.arange(kinds)) != 0
    return at, raised


def to_store(instants: str, at: Array, raised: Array) -> dict[str, pl.Expr]:
    """The columns again; null for things without any kind, as for those never seen."""
    kinds = at.shape[1]
    kept = pl.lit(pl.Series(at, dtype=pl.Array(pl.Int64, kinds)))
    bits = pl.Series(raised @ (1 << np.arange(kinds)), dtype=pl.UInt32)
    has_any = pl.lit(pl.Series((at != NEVER).any(axis=1)))
    return {instants: pl.when(has_any).then(kept), "raised_bits": pl.when(has_any).then(pl.lit(bits))}
