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
    never = at_ms < 0
    if never.all():
        return pl.repeat(None, len(at_ms), dtype=INSTANT, eager=True)
    return instants(at_ms).set(pl.Series(never), None) if never.any() else instants(at_ms)


def findings(mask: Array, phase: str, key: str, thing: Array, at_ms: Array, value: Array, limit: Array | float, evidence: dict[str, Array]) -> pl.DataFrame:  # fmt: skip
    """One finding a row where `mask` holds; `evidence` are facts of the row. A limit that is the same for all may be a number."""
    rows = np.flatnonzero(mask)
    if not len(rows):
        return no_findings()
    facts = pl.DataFrame({name: _fact(column[rows]) for name, column in evidence.items()})
    limits = limit[rows] if isinstance(limit, np.ndarray) else np.full(len(rows), float(limit))
    frame = pl.DataFrame({"thing": thing[rows], "value": value[rows], "limit": limits}).with_columns(
        key=pl.lit(key),
        phase=pl.lit(phase),
        observed_at=instants(at_ms[rows]),
        evidence=facts.select(pl.struct(pl.all()).struct.json_encode()).to_series(),
    )
    return frame.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())


def _fact(values: Array) -> pl.Series:
    if values.dtype.kind == "f":
        return pl.Series(values, nan_to_null=True)
    return pl.Series(values.tolist() if values.dtype.kind == "O" else values)
