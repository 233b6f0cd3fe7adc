"""Locations of a batch as rows of the table `position`."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haihe.kernel.feeds.feed import Batch
from haihe.kernel.observations.quality import Quality
from haihe.kernel.observations.standard import Position
from haihe.packs.transport.jt808.columns import Columns
from haihe.packs.transport.jt808.position_frame import item_bytes
from haihe.packs.transport.jt808.times import NOT_A_TIME

FIXED_BIT = 1 << 1
MILEAGE = 0x01


def position_rows(
    batch: Batch, found: Columns, believed: NDArray[np.bool_], things: NDArray[np.int64]
) -> pl.DataFrame | None:
    """Rows of `position`, column by column with the table's own types: this is the hottest part of the road."""
    located = found.locations
    rows = np.flatnonzero(believed[located.frame])
    if not len(rows):
        return None
    received = np.array(batch.received_us, np.int64)
    # Rows are replayed in this order too, so that a rule finds the same then as it does now.
    order = np.lexsort((located.time_us[rows], things[located.frame[rows]], received[located.frame[rows]]))
    rows = rows[order]
    frame, status = located.frame[rows], located.status_bits[rows]
    quality = np.where(status & FIXED_BIT == 0, np.uint16(Quality.NOT_FIXED), np.uint16(0))
    quality |= np.where(located.issues[rows] != 0, np.uint16(Quality.DECODED_IN_PART), np.uint16(0))
    table = pl.DataFrame(
        {
            "thing": things[frame], "observed_at": instants(located.time_us[rows]), "received_at": instants(received[frame]), "quality": quality,
            "longitude_deg": located.longitude_deg[rows], "latitude_deg": located.latitude_deg[rows], "altitude_m": located.altitude_m[rows].astype(np.float64),
            "speed_kmh": located.speed_kmh[rows], "heading_deg": located.heading_deg[rows].astype(np.float64),
            "mileage_km": pl.Series(located.items.value(MILEAGE)[rows], nan_to_null=True), "status_bits": status, "alarm_bits": located.alarm_bits[rows],
            "items": item_bytes(found, rows),
        }
    )  # fmt: skip
    return Position.check(table)


def instants(microseconds: NDArray[np.int64]) -> pl.Series:
    """Microseconds since 1970 as instants; NOT_A_TIME becomes null."""
    found = pl.Series(microseconds).cast(pl.Datetime("us", "UTC"))
    lacking = microseconds == NOT_A_TIME
    return found.set(pl.Series(lacking), None) if lacking.any() else found
