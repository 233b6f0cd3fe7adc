"""Whole batches of frames to columns: the hot road of the gateway.

No Python statement runs once per frame. Frames are joined with the flag byte between them, unescaped and checked in single passes,
and additional items are read by stepping the k-th item of all rows at once. What comes out agrees with `codec.decode` on every
frame; a property test holds them together.

    columns = decode_locations(frames)      # escaped bytes, with or without flags, of any messages
    columns.frames.phone, .serial, …        # one row a frame, in order
    columns.locations.longitude_deg, …      # one row a location (0x0200, 0x0201, each entry of 0x0704), `frame` = its row above
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.bits import SOUTH_BIT, WEST_BIT
from haihe.packs.transport.jt808.frame import PACKAGES_BIT, VERSION_BIT
from haihe.packs.transport.jt808.issues import Issue
from haihe.packs.transport.jt808.item_columns import ItemColumns, step_items
from haihe.packs.transport.jt808.joined import Ints, Joined, checksums_ok, join, unescape_all
from haihe.packs.transport.jt808.location import BASIC_LENGTH_BYTES, BATCH_LIMIT
from haihe.packs.transport.jt808.times import NOT_A_TIME, bcd_times_us

if TYPE_CHECKING:
    import polars as pl

_HEADER = np.dtype(
    {
        "names": ["id", "attributes", "serial_2013", "count_2013", "number_2013", "serial_2019", "count_2019", "number_2019"],
        "formats": [">u2"] * 8,
        "offsets": [0, 2, 10, 12, 14, 15, 17, 19],
        "itemsize": 21,
    }
)  # fmt: skip
_LOCATION = np.dtype(
    [("alarm", ">u4"), ("status", ">u4"), ("latitude", ">u4"), ("longitude", ">u4"), ("altitude", ">u2"), ("speed", ">u2"),
     ("heading", ">u2"), ("year_month", ">u2"), ("day_hour", ">u2"), ("minute_second", ">u2")]
)  # fmt: skip
_PHONE_2013, _PHONE_2019 = np.dtype("(3,)>u2"), np.dtype("(5,)>u2")
# Two bytes at once to their four digits as ASCII; the digits a–f, which BCD does not have, are the ones with bit 0x40.
_DIGITS = np.frombuffer(np.arange(65536, dtype=">u2").tobytes().hex().encode(), np.uint32)
_LETTERS = np.uint32(0x40404040)
# Messages that hold one location, and how many bytes come before it: an answer begins with the serial number of what it answers.
ONE_LOCATION = ((0x0200, 0), (0x0201, 2), (0x0500, 2))


@dataclass
class Frames:
    """One row a frame. `phone` holds the BCD digits as ASCII (12, or 20 in 2019; empty where the header is cut)."""

    message_id: NDArray[np.uint16]
    version: NDArray[np.uint16]
    phone: NDArray[np.bytes_]
    serial: NDArray[np.uint16]
    checksum_ok: NDArray[np.bool_]
    length_ok: NDArray[np.bool_]
    body_offset: Ints
    body_length: Ints
    issues: NDArray[np.uint32]
    readable: NDArray[np.bool_]


@dataclass
class Locations:
    """One row a location; `frame` is the row of its frame. `time_us`: microseconds since 1970 UTC, NOT_A_TIME where there is none."""

    frame: Ints
    time_us: Ints
    longitude_deg: NDArray[np.float64]
    latitude_deg: NDArray[np.float64]
    altitude_m: NDArray[np.uint16]
    speed_kmh: NDArray[np.float64]
    heading_deg: NDArray[np.uint16]
    alarm_bits: NDArray[np.uint32]
    status_bits: NDArray[np.uint32]
    items_offset: Ints
    items_length: Ints
    issues: NDArray[np.uint32]
    items: ItemColumns


@dataclass
class Columns:
    joined: Joined
    frames: Frames
    locations: Locations

    def positions(self) -> pl.DataFrame:
        """One row a location with the fields of the kernel's Position table, the frame's phone, serial and issues beside them."""
        from haihe.packs.transport.jt808.position_frame import position_frame

        return position_frame(self)

    def item_bytes(self, row: int) -> bytes:
        """The additional items of one location as they were sent."""
        start = int(self.locations.items_offset[row])
        return self.joined.data[start : start + int(self.locations.items_length[row])]


def decode_locations(frames: Sequence[bytes]) -> Columns:
    """Headers of all frames and the locations they hold. Never raises, whatever the bytes."""
    joined = unescape_all(join(frames))
    headers = read_headers(joined, checksums_ok(joined))
    frame, offset, length = find_locations(joined, headers)
    return Columns(joined, headers, read_locations(joined, frame, offset, length))


def read_headers(joined: Joined, checksum_ok: NDArray[np.bool_]) -> Frames:
    sent = joined.rows(joined.starts, _HEADER)
    attributes = sent["attributes"].astype(np.uint16)
    in_2019 = attributes & VERSION_BIT != 0
    packages = attributes & PACKAGES_BIT != 0
    size = 12 + 5 * in_2019.astype(np.int64) + 4 * packages
    whole = joined.lengths >= size + 1
    whole &= joined.lengths >= 13
    body_length = np.where(whole, joined.lengths - size - 1, 0)
    length_ok = whole & (body_length == attributes & 0x3FF)
    fragment = packages
    if packages.any():
        fragment = packages & ((_either(sent, in_2019, "count") > 1) | (_either(sent, in_2019, "number") > 1))
    encrypted = attributes & 0x1C00 != 0
    phone, wrong_digits = _phones(joined, in_2019)
    issues = joined.issues
    for condition, issue in (
        (~checksum_ok, Issue.CHECKSUM), (~whole, Issue.HEADER_CUT), (whole & ~length_ok, Issue.LENGTH),
        (whole & wrong_digits, Issue.PHONE_DIGITS), (whole & fragment, Issue.FRAGMENT), (whole & encrypted, Issue.ENCRYPTED),
    ):  # fmt: skip
        if condition.any():
            issues[condition] |= np.uint32(issue)
    phone[~whole] = b""
    return Frames(
        message_id=np.where(joined.lengths > 1, sent["id"], 0).astype(np.uint16),
        version=np.where(in_2019, np.uint16(2019), np.uint16(2013)) * whole,
        phone=phone,
        serial=_either(sent, in_2019, "serial") * whole,
        checksum_ok=checksum_ok,
        length_ok=length_ok,
        body_offset=joined.starts + size,
        body_length=body_length,
        issues=issues,
        readable=whole & ~fragment & ~encrypted,
    )


def _either(sent: NDArray[Any], in_2019: NDArray[np.bool_], name: str) -> NDArray[np.uint16]:
    """The field at the place where each row's edition has it."""
    old = sent[f"{name}_2013"].astype(np.uint16)
    return np.where(in_2019, sent[f"{name}_2019"], old).astype(np.uint16) if in_2019.any() else old


def _phones(joined: Joined, in_2019: NDArray[np.bool_]) -> tuple[NDArray[np.bytes_], NDArray[np.bool_]]:
    """BCD digits as ASCII, and whether any of them is no digit."""
    digits = np.zeros((len(in_2019), 5), np.uint32)
    new = np.flatnonzero(in_2019)
    old = np.flatnonzero(~in_2019) if len(new) else slice(None)
    for rows, first, pairs, kind in ((old, 4, 3, _PHONE_2013), (new, 5, 5, _PHONE_2019)):
        starts = joined.starts[rows]
        if len(starts):
            digits[rows, :pairs] = _DIGITS.take(joined.rows(starts + first, kind))
    letters = digits & _LETTERS
    wrong: NDArray[np.bool_] = np.any(letters, axis=1) if letters.any() else np.zeros(len(digits), np.bool_)
    phones: NDArray[np.bytes_] = digits.view("S20").reshape(-1)
    return phones, wrong


def find_locations(joined: Joined, frames: Frames) -> tuple[Ints, Ints, Ints]:
    """Frame, offset and length of every location body, in the order of the frames."""
    parts = []
    for number, skipped in ONE_LOCATION:
        rows = np.flatnonzero(frames.readable & (frames.message_id == number))
        parts.append((rows, frames.body_offset[rows] + skipped, frames.body_length[rows] - skipped))
    batches = np.flatnonzero(frames.readable & (frames.message_id == 0x0704))
    if len(batches):
        parts += _batch_entries(joined, frames, batches)
    parts = [part for part in parts if len(part[0])]
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    frame, offset, length = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(parts) > 1:
        order = np.argsort(frame, kind="stable")
        frame, offset, length = frame[order], offset[order], length[order]
    short = length < BASIC_LENGTH_BYTES
    if short.any():
        frames.issues[frame[short]] |= np.uint32(Issue.BODY_CUT)
        frame, offset, length = frame[~short], offset[~short], length[~short]
    return frame, offset, length


def _batch_entries(joined: Joined, frames: Frames, rows: Ints) -> list[tuple[Ints, Ints, Ints]]:
    """The k-th entry of all batches at once, for every k."""
    lengths = frames.body_length[rows]
    frames.issues[rows[lengths < 3]] |= np.uint32(Issue.BODY_CUT)
    rows = rows[lengths >= 3]
    at = frames.body_offset[rows]
    end, declared, number = at + frames.body_length[rows], joined.rows(at, ">u2").astype(np.int64), np.arange(len(rows))
    at = at + 3
    end[at == end] = -1  # done; what is not at the last has bytes left over
    entries = np.zeros(len(rows), np.int64)
    parts: list[tuple[Ints, Ints, Ints]] = []
    for _ in range(BATCH_LIMIT):
        left = end[number] - at - 2
        going = left >= 0
        number, at, left = number[going], at[going], left[going]
        if not len(number):
            break
        size = joined.rows(at, ">u2").astype(np.int64)
        frames.issues[rows[number[size > left]]] |= np.uint32(Issue.BATCH)
        size = np.minimum(size, left)
        parts.append((rows[number], at + 2, size))
        at = at + 2 + size
        entries[number] += 1
        end[number[at == end[number]]] = -1
    wrong = (entries != declared) | (end > 0)
    frames.issues[rows[wrong]] |= np.uint32(Issue.BATCH)
    return parts


def read_locations(joined: Joined, frame: Ints, offset: Ints, length: Ints) -> Locations:
    """Basic information and items of the locations at `offset`."""
    sent = joined.rows(offset, _LOCATION)
    status = sent["status"].astype(np.uint32)
    heading = sent["heading"].astype(np.uint16)
    longitude, latitude = sent["longitude"] / 1_000_000, sent["latitude"] / 1_000_000
    time_us = bcd_times_us(sent["year_month"], sent["day_hour"], sent["minute_second"])
    issues = np.zeros(len(frame), np.uint32)
    for condition, issue in (
        (time_us == NOT_A_TIME, Issue.TIME), (latitude > 90, Issue.LATITUDE), (longitude > 180, Issue.LONGITUDE),
        (heading > 359, Issue.HEADING),
    ):  # fmt: skip
        if condition.any():
            issues[condition] |= np.uint32(issue)
    items_offset, items_length = offset + BASIC_LENGTH_BYTES, length - BASIC_LENGTH_BYTES
    return Locations(
        frame=frame,
        time_us=time_us,
        longitude_deg=_signed(longitude, status, WEST_BIT),
        latitude_deg=_signed(latitude, status, SOUTH_BIT),
        altitude_m=sent["altitude"].astype(np.uint16),
        speed_kmh=sent["speed"] / 10,
        heading_deg=heading,
        alarm_bits=sent["alarm"].astype(np.uint32),
        status_bits=status,
        items_offset=items_offset,
        items_length=items_length,
        issues=issues,
        items=step_items(joined.data, items_offset, items_length, issues),
    )


def _signed(degrees: NDArray[np.float64], status: NDArray[np.uint32], bit: int) -> NDArray[np.float64]:
    negative = status & bit != 0
    return np.where(negative, -degrees, degrees) if negative.any() else degrees
