"""Rows that the gateway itself writes: frames as received, and when devices came and went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from haihe.kernel.feeds.feed import Batch


@dataclass(frozen=True, slots=True)
class Presence:
    """A device came `back`, was `lost`, or was `replaced` by another connection: each is noted once."""

    at: datetime
    feed: str
    device: str
    thing: int | None
    state: str
    because: str


def received_at(batch: Batch) -> pl.Series:
    return pl.Series("received_at", np.array(batch.received_us, np.int64)).cast(pl.Datetime("us", "UTC"))


def same(value: object, kind: pl.DataType | type[pl.DataType], count: int) -> pl.Series:
    """A column with one value in every row."""
    return pl.Series([value], dtype=kind).new_from_index(0, count)


def raw_frames(
    feed: str, batch: Batch, issues: Sequence[str | None] = (), things: pl.Series | None = None
) -> pl.DataFrame:
    """Rows of the table `raw_frame`: the evidence, as received."""
    received = received_at(batch)
    count = len(batch)
    return pl.DataFrame(
        {
            "thing": things if things is not None else pl.Series([s.thing for s in batch.sessions], dtype=pl.Int64),
            "observed_at": received,
            "received_at": received,
            "quality": same(0, pl.UInt16, count),
            "feed": same(feed, pl.Utf8, count),
            "session": pl.Series([s.peer for s in batch.sessions], dtype=pl.Utf8),
            "direction": same("in", pl.Utf8, count),
            "frame": pl.Series(batch.frames, dtype=pl.Binary),
            "issues": pl.Series(issues, dtype=pl.Utf8) if issues else same(None, pl.Utf8, count),
        }
    )


def presence_rows(rows: list[Presence]) -> pl.DataFrame:
    """Rows of the table `presence`."""
    at = pl.Series("observed_at", [row.at for row in rows], pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "thing": pl.Series([row.thing for row in rows], dtype=pl.Int64), "observed_at": at, "received_at": at,
            "quality": pl.Series([0] * len(rows), dtype=pl.UInt16), "feed": [row.feed for row in rows], "device": [row.device for row in rows],
            "state": [row.state for row in rows], "because": [row.because for row in rows],
        }
    )  # fmt: skip
