"""From columns of a rule to its findings: instants, and the rows of FINDINGS where a mask holds."""

from __future__ import annotations

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, no_findings


def instants(at_ms: Array) -> pl.Series:
    return pl.Series(at_ms * 1000).cast(INSTANT)


def maybe_instants(at_ms: Array) -> pl.Series:
    """As `instants`, null where a time is negative."""
    return instants(at_ms).set(pl.Series(at_ms < 0), None)


def findings(mask: Array, phase: str, key: str, thing: Array, at_ms: Array, value: Array, limit: Array, evidence: dict[str, Array]) -> pl.DataFrame:  # fmt: skip
    """One finding a row where `mask` holds; `evidence` are facts of the row."""
    rows = np.flatnonzero(mask)
    if not len(rows):
        return no_findings()
    facts = pl.DataFrame({name: pl.Series(column[rows]).fill_nan(None) if column.dtype.kind == "f" else pl.Series(column[rows])
                          for name, column in evidence.items()})  # fmt: skip
    frame = pl.DataFrame({"thing": thing[rows], "value": value[rows], "limit": limit[rows]}).with_columns(
        key=pl.lit(key),
        phase=pl.lit(phase),
        observed_at=instants(at_ms[rows]),
        evidence=facts.select(pl.struct(pl.all()).struct.json_encode()).to_series(),
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())
