"""Locations as a polars table with the fields of the kernel's Position."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from haihe.packs.transport.jt808.columns import Columns, Frames
from haihe.packs.transport.jt808.joined import Ints

# Items that get a column beside mileage: name of the column by id.
ITEM_NAMES = {
    0x02: "fuel_l", 0x03: "recorder_speed_kmh", 0x04: "alarm_event", 0x06: "temperature_c", 0x14: "video_alarm_bits",
    0x25: "vehicle_signal_bits", 0x2A: "io_bits", 0x30: "network_signal", 0x31: "satellites",
}  # fmt: skip


def position_frame(columns: Columns) -> pl.DataFrame:
    """One row a location, in the order of the frames; `items` holds the additional items as they were sent."""
    frames, found = columns.frames, columns.locations
    rows = found.frame
    table = pl.DataFrame(
        {
            "frame": rows,
            "phone": _phones(frames, rows),
            "message_id": frames.message_id[rows],
            "version": frames.version[rows],
            "serial": frames.serial[rows],
            "checksum_ok": frames.checksum_ok[rows],
            "observed_at": pl.Series(found.time_us.view("M8[us]")).dt.replace_time_zone("UTC"),
            "longitude_deg": found.longitude_deg,
            "latitude_deg": found.latitude_deg,
            "altitude_m": found.altitude_m,
            "speed_kmh": found.speed_kmh,
            "heading_deg": found.heading_deg,
            "mileage_km": _values(columns, 0x01),
            "alarm_bits": found.alarm_bits,
            "status_bits": found.status_bits,
            "issues": frames.issues[rows] | found.issues,
            **{name: _values(columns, number) for number, name in ITEM_NAMES.items()},
            "items": item_bytes(columns),
        }
    )
    return table


def _values(columns: Columns, number: int) -> pl.Series:
    items = columns.locations.items
    if not items.has(number).any():
        return pl.repeat(None, len(items.present), dtype=pl.Float64, eager=True)
    return pl.Series(items.value(number)).fill_nan(None)


def _arrow(kind: pa.DataType, lengths: Ints, data: bytes) -> pl.Series:
    """Texts or bytes of `lengths`, one after another in `data`."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    array = pa.Array.from_buffers(kind, len(lengths), [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data)])
    return pl.Series(pl.from_arrow(array))


def _phones(frames: Frames, rows: Ints) -> pl.Series:
    digits: NDArray[Any] = frames.phone[rows].view(np.uint8).reshape(-1, 20)
    lengths = np.where(frames.version[rows] == 2019, 20, 12).astype(np.int64)
    return _arrow(pa.large_string(), lengths, digits[np.arange(20) < lengths[:, None]].tobytes())


def item_bytes(columns: Columns, rows: Ints | slice = slice(None)) -> pl.Series:
    """The additional items of locations as they were sent."""
    lengths = columns.locations.items_length[rows]
    before = np.cumsum(lengths) - lengths
    at = np.arange(int(lengths.sum())) + np.repeat(columns.locations.items_offset[rows] - before, lengths)
    return _arrow(pa.large_binary(), lengths, columns.joined.buffer[at].tobytes())
