"""A batch as bytes: an Arrow IPC stream with a checksum, and back."""

from __future__ import annotations

import io
import zlib

import polars as pl

from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations.tables import COMMON, TABLES

# Below this a compressed batch is hardly smaller, because the stream is mostly its schema. From some hundred rows on LZ4 pays:
# 5,000 positions are 190 KB instead of 490 KB, and a durable append of them takes three quarters of the time.
COMPRESS_FROM_ROWS = 64


def fitting(table: str, batch: pl.DataFrame) -> pl.DataFrame:
    """The batch with the columns of its table; raises InvalidInput for what the lake could not take later."""
    declared = TABLES.get(table)
    batch = declared.conform(batch) if declared else batch
    wrong = [name for name, kind in COMMON.items() if batch.schema.get(name) != kind]
    if wrong or batch["received_at"].null_count():
        raise InvalidInput(
            f"批次的公共列不符：{wrong or 'received_at 有空值'}。", f"Common columns do not fit: {wrong or 'received_at has nulls'}.",
            where=table, to_do_zh="请先用 ObservationTable.check 处理。", to_do_en="Pass it through ObservationTable.check first.",
        )  # fmt: skip
    return batch


def packed(table: str, batch: pl.DataFrame) -> tuple[str, int, int, bytes]:
    """The columns of one entry for a batch; raises InvalidInput as `fitting` does."""
    batch = fitting(table, batch)
    stream = io.BytesIO()
    batch.write_ipc_stream(stream, compression="lz4" if batch.height >= COMPRESS_FROM_ROWS else "uncompressed")
    payload = stream.getvalue()
    return table, batch.height, zlib.crc32(payload), payload


def unpacked(payload: bytes, checksum: int, rows: int) -> pl.DataFrame | None:
    """The batch, or None when the bytes are not those that were stored."""
    if zlib.crc32(payload) != checksum:
        return None
    try:
        # Not the bytes themselves: of each reading from memory Polars (2.1) keeps a small object, 13 MB an hour in a worker.
        batch = pl.read_ipc_stream(io.BufferedReader(io.BytesIO(payload)))
    except (pl.exceptions.PolarsError, OSError, ValueError):
        return None
    return batch if batch.height == rows else None
