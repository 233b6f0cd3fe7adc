"""Measured values that come with few decimals lie in the lake as whole numbers: `longitude_deg` as DECIMAL(18, 6) instead of a
float, whose bytes look like chance to every compression.

Nothing is lost: what is not exactly such a decimal (more digits, not a number, too large) lies as it came in a second column,
`longitude_deg__exact`, which is empty otherwise. A reader gets one float column that equals what was stored. A table of the lake that
was made with float columns keeps them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

import polars as pl

from haihe.kernel.observations.tables import TABLES

EXACT = "__exact"
DIGITS = 18  # what fits 64 bits


def split(table: str, rows: pl.DataFrame, kept_as: Mapping[str, str]) -> pl.DataFrame:
    """The rows as they are stored. `kept_as`: name → type of the columns that the lake's table has already; they stay as they are, whatever
    is declared now."""
    declared = TABLES[table].fields if table in TABLES else {}
    columns: list[pl.Series] = []
    for column in rows:
        decimals = declared[column.name].decimals if column.name in declared else None
        if column.name in kept_as:
            found = re.search(r"decimal\(\d+, ?(\d+)\)", kept_as[column.name])
            decimals = int(found[1]) if found else None
        is_split = decimals is not None and column.dtype == pl.Float64
        columns += _split(column, decimals) if is_split and decimals is not None else [column]
    return pl.DataFrame(columns)


def _split(column: pl.Series, decimals: int) -> list[pl.Series]:
    largest = 10.0 ** (DIGITS - 1 - decimals)
    kind = pl.Decimal(DIGITS, decimals)
    whole = column.round(decimals)
    whole = whole.set(~whole.is_between(-largest, largest), None)
    as_decimal = whole.cast(kind)
    differs = (as_decimal.cast(pl.Float64) != column).fill_null(True) & column.is_not_null()
    if not differs.any():  # as nearly always
        return [as_decimal, pl.Series(column.name + EXACT, [None], dtype=pl.Float64).new_from_index(0, column.len())]
    return [whole.set(differs, None).cast(kind), column.set(~differs, None).alias(column.name + EXACT)]


def joined(schema: Mapping[str, Any], unused: Collection[str]) -> list[pl.Expr]:
    """Columns of a reader, of those that are stored; `unused`: second columns that are empty in all files, which need no look."""
    found = []
    for name, kind in schema.items():
        if name.endswith(EXACT):
            continue
        column = pl.col(name)
        if isinstance(kind, pl.Decimal) and name + EXACT in schema:
            column = column.cast(pl.Float64)
            column = column if name + EXACT in unused else pl.coalesce(column, pl.col(name + EXACT))
        found.append(column.alias(name))
    return found


def unused(schema: Mapping[str, Any], files: pl.DataFrame) -> set[str]:
    """Second columns without any value, by the statistics of files."""
    found = set()
    for name in schema:
        nulls = f"null_count.{name}"
        if (
            name.endswith(EXACT)
            and nulls in files.columns
            and (files[nulls] == files["num_records"]).fill_null(False).all()
        ):
            found.add(name)
    return found


def statistics(rows: pl.DataFrame, names: list[str], *, least: bool) -> dict[str, Any]:
    """The least or greatest values of columns, of both halves of a value as one: whole files are skipped by them."""
    found = rows.select(pl.col(name).min() if least else pl.col(name).max() for name in names).row(0, named=True)
    for name in [name for name in names if name.endswith(EXACT)]:
        exact, short = found.pop(name), name.removesuffix(EXACT)
        if exact is None or math.isnan(exact):
            continue
        # Statistics of a decimal column are decimals themselves: outwards, so that the value lies within; none where it is too large.
        unit = 10.0 ** rows.schema[short].scale  # type: ignore[attr-defined]
        if abs(exact) * unit >= 10.0 ** (DIGITS - 1):
            found[short] = None
        elif least:
            found[short] = min(
                (math.floor(exact * unit) - 1) / unit, math.inf if found[short] is None else float(found[short])
            )
        else:
            found[short] = max(
                (math.ceil(exact * unit) + 1) / unit, -math.inf if found[short] is None else float(found[short])
            )
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in found.items()}
