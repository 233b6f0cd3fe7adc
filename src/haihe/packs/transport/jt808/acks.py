"""Frames of one kind built for a whole batch: general replies of the platform (0x8001) and, for load generators, locations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.columns import Frames

REPLY_ID = 0x8001
DONE, FAILED, BAD_MESSAGE, UNSUPPORTED, ALARM_HANDLED = range(5)
_FLAG = 0x7E


def encode_acks(frames: Frames, results: Any = DONE, serials: Any = 0) -> list[bytes]:
    """One reply 0x8001 a frame, in order, ready to send: `results` and `serials` (our own) are arrays or one number for all. A
    frame whose header is cut gets an empty reply: nobody knows whom to answer."""
    count = len(frames.serial)
    body = np.zeros((count, 5), np.uint8)
    _put(body, 0, frames.serial)
    _put(body, 2, frames.message_id)
    body[:, 4] = results
    ids = np.full(count, REPLY_ID, np.uint16)
    serial = np.broadcast_to(np.asarray(serials), (count,))
    return build_frames(ids, frames.version, frames.phone, serial, body)


def build_frames(
    message_id: NDArray[Any],
    version: NDArray[Any],
    phone: NDArray[np.bytes_],
    serial: NDArray[Any],
    body: NDArray[np.uint8],
) -> list[bytes]:
    """Whole frames with flags, checksum and escapes for bodies of equal length, given as (n, length) bytes. `version` is 2013 or
    2019 (anything else gives an empty frame), `phone` BCD digits as ASCII of up to 20 places, `serial` is taken modulo 65,536."""
    built = [b""] * len(body)
    digits = _bcd(phone)
    for edition, width in ((2013, 6), (2019, 10)):
        rows = np.flatnonzero(version == edition)
        if not len(rows):
            continue
        extra = 1 if edition == 2019 else 0
        size = 1 + 4 + extra + width + 2 + body.shape[1] + 2
        made = np.zeros((len(rows), size), np.uint8)
        made[:, 0] = made[:, -1] = _FLAG
        _put(made, 1, message_id[rows])
        _put(made, 3, np.full(len(rows), body.shape[1] | extra << 14))
        made[:, 5 : 5 + extra] = 1
        made[:, 5 + extra : 5 + extra + width] = digits[rows, :width]
        _put(made, 5 + extra + width, serial[rows])
        made[:, 7 + extra + width : -2] = body[rows]
        made[:, -2] = np.bitwise_xor.reduce(made[:, 1:-2], axis=1)
        if len(rows) == len(built):
            return _rows(made)
        for row, frame in zip(rows.tolist(), _rows(made), strict=True):
            built[row] = frame
    return built


def _put(target: NDArray[np.uint8], at: int, values: NDArray[Any]) -> None:
    """Sixteen bits, most significant first."""
    target[:, at] = (values >> 8) & 0xFF
    target[:, at + 1] = values & 0xFF


def _bcd(phone: NDArray[np.bytes_]) -> NDArray[np.uint8]:
    """ASCII digits (a–f too: they are answered as they came) to (n, 10) bytes, the first digit in front."""
    signs = np.ascontiguousarray(phone.astype("S20")).view(np.uint8).reshape(-1, 20)
    values = (signs & 0x0F) + np.uint8(9) * (signs >> 6)
    return ((values[:, 0::2] << 4) | values[:, 1::2]).astype(np.uint8)


def _rows(made: NDArray[np.uint8]) -> list[bytes]:
    """Each row as bytes; those that hold a flag or escape within are escaped."""
    size = made.shape[1]
    data = made.tobytes()
    rows = [data[start : start + size] for start in range(0, len(data), size)]
    special = ((made[:, 1:-1] | 3) == 0x7F) & ((made[:, 1:-1] == 0x7D) | (made[:, 1:-1] == _FLAG))
    for row in np.flatnonzero(special.any(axis=1)).tolist():
        inner = rows[row][1:-1].replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
        rows[row] = b"\x7e" + inner + b"\x7e"
    return rows
