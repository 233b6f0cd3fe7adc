"""One data file of the lake: how rows are laid out as Parquet and described for the log."""

from __future__ import annotations

import json
import math
import os
import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq
from deltalake.transaction import AddAction

from haihe.kernel.observations import decimals

PARTITION = "received_day"
ORDER = ("thing", "observed_at")
# Of one thing's day a row group a slice is unpacked: a quarter of the rows takes three fifths of the time, and questions over all rows a tenth more.
ROW_GROUP = 32_768
# Small pages: of a row group in which one thing is asked for, only the pages that hold it are unpacked (a third less time).
PAGE_BYTES = 8192
# A file that spans hours is cut into slices of time of at least this many rows, each sorted for itself: of a fleet's hour only a part of
# the file is read, and of one thing's day a few row groups more.
SLICE_ROWS = 500_000
SLICE_S = 3600
# A column of floats with more different values than this share of rows is split into streams of bytes instead of a dictionary
# (measured on positions: 1.4 bytes a value against 2.3 with the writer's defaults; see benchmarks/journal.py).
DICTIONARY_SHARE = 0.1
# Types that Delta knows only signed and wider.
WIDER = {pl.UInt8: pl.Int16, pl.UInt16: pl.Int32, pl.UInt32: pl.Int64, pl.UInt64: pl.Int64}


def stored(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with types that Delta has."""
    return rows.cast({name: WIDER[kind.base_type()] for name, kind in rows.schema.items() if kind.base_type() in WIDER})  # type: ignore[index]


def in_slices(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows in the order of the file: slices of time one after the other, within each by thing and time."""
    count = min(rows.height // SLICE_ROWS, _span_s(rows) // SLICE_S)
    if count < 2:
        return [rows.sort(*ORDER, maintain_order=True)]
    by_time = rows.sort("observed_at", maintain_order=True)
    return [part.sort(*ORDER, maintain_order=True) for part in by_time.iter_slices(-(-rows.height // count))]


def _span_s(rows: pl.DataFrame) -> int:
    """Seconds that nearly all rows lie in: a clock that is years off says nothing about the others."""
    at = rows["observed_at"].to_physical()
    low, high = at.quantile(0.02, "nearest"), at.quantile(0.98, "nearest")
    return 0 if low is None or high is None else int((high - low) // 1_000_000)


def new_name() -> str:
    """The name of a data file: no two are ever the same."""
    return f"part-{secrets.token_hex(16)}.zstd.parquet"


def encode(rows: pl.DataFrame, file: BinaryIO) -> None:
    """Write rows as one Parquet file."""
    slices = [part.to_arrow(compat_level=pl.CompatLevel.oldest()) for part in in_slices(rows)]
    dictionary, encoding = _encodings(rows)
    with pq.ParquetWriter(
        file, slices[0].schema, compression="zstd", compression_level=3, use_dictionary=dictionary, column_encoding=encoding,
        write_page_index=True, store_decimal_as_integer=True, data_page_size=PAGE_BYTES,
    ) as writer:  # fmt: skip
        for part in slices:
            writer.write_table(part, row_group_size=ROW_GROUP)


def _encodings(rows: pl.DataFrame) -> tuple[list[str], dict[str, str]]:
    """(columns with a dictionary, encodings of the others)."""
    dictionary, encoding = [], {}
    sample = rows.head(20_000)
    for name, kind in rows.schema.items():
        if isinstance(kind, pl.Datetime | pl.Decimal):
            encoding[name] = "DELTA_BINARY_PACKED"
        elif kind.is_float() and sample[name].n_unique() > DICTIONARY_SHARE * sample.height:
            encoding[name] = "BYTE_STREAM_SPLIT"
        else:
            dictionary.append(name)
    return dictionary, encoding


def add_action(path: str, size_bytes: int, rows: pl.DataFrame, day: Any, *, data_change: bool) -> AddAction:
    """The log's description of a file, with the statistics by which whole files are skipped."""
    measured = [n for n, kind in rows.schema.items() if kind.is_numeric() or isinstance(kind, pl.Datetime)]
    lows, highs = (decimals.statistics(rows, measured, least=least) for least in (True, False))
    statistics = {
        "numRecords": rows.height,
        "minValues": _values(lows),
        "maxValues": _values(highs),
        "nullCount": {name: rows[name].null_count() for name in rows.columns},
    }
    return AddAction(
        path,
        size_bytes,
        {PARTITION: str(day)},
        int(time.time() * 1000),
        data_change,
        json.dumps(statistics),
    )


def _values(values: dict[str, Any]) -> dict[str, Any]:
    """Least or greatest values as JSON; what is unknown or not finite is left out."""
    return {
        name: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None and not (isinstance(value, float) and not math.isfinite(value))
    }


def sync(path: Path) -> None:
    """fsync a file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
