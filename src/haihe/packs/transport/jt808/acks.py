"""Frames of one kind built for a whole batch: general replies of the platform (0x8001) and, for load generators, locations."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.columns import Frames

REPLY_ID = 0x8001
DONE, FAILED, BAD_MESSAGE, UNSUPPORTED, ALARM_HANDLED = range(5)
_FLAG = 0x7E
# Two digits as ASCII, read as one number, to their byte of BCD; a–f too, which are answered as they came, and nothing is zero.
_SIGNS = np.arange(65536, dtype=np.uint32)
_DIGIT = [(sign & 0x0F) + 9 * (sign >> 6) for sign in (_SIGNS & 0xFF, _SIGNS >> 8)]
_PAIRS = (_DIGIT[0] << 4 | _DIGIT[1] & 0x0F).astype(np.uint8)


def encode_acks(frames: Frames, results: Any = DONE, serials: Any = 0) -> list[bytes]:
    """One reply 0x8001 a frame, in order, ready to send: `results` and `serials` (our own) are arrays or one number for all. A
    frame whose header is cut gets an empty reply: nobody knows whom to answer."""
    count = len(frames.serial)
    body = np.empty((5, count), np.uint8)
    _put(body, 0, frames.serial)
    _put(body, 2, frames.message_id)
    body[4] = results
    ids = np.full(count, REPLY_ID, np.uint16)
    serial = np.broadcast_to(np.asarray(serials), (count,))
    return build_frames(ids, frames.version, frames.phone, serial, body.T)


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
    digits = _PAIRS[np.ascontiguousarray(phone.astype("S20")).view("<u2").reshape(-1, 10)]
    for edition, width in ((2013, 6), (2019, 10)):
        rows = np.flatnonzero(version == edition)
        if not len(rows):
            continue
        extra = 1 if edition == 2019 else 0
        size = 1 + 4 + extra + width + 2 + body.shape[1] + 2
        # A row for each place in the frame, a column for each frame: what is done to a place is done in one pass.
        made = np.empty((size, len(rows)), np.uint8)
        made[0] = made[-1] = _FLAG
        _put(made, 1, message_id[rows])
        _put(made, 3, np.uint16(body.shape[1] | extra << 14))
        made[5 : 5 + extra] = 1
        made[5 + extra : 5 + extra + width] = digits[rows, :width].T
        _put(made, 5 + extra + width, serial[rows])
        made[7 + extra + width : -2] = body[rows].T
        made[-2] = np.bitwise_xor.reduce(made[1:-2], axis=0)
        if len(rows) == len(built):
            return _frames(made)
        for row, frame in zip(rows.tolist(), _frames(made), strict=True):
            built[row] = frame
    return built


def _put(places: NDArray[np.uint8], at: int, values: Any) -> None:
    """Sixteen bits, most significant first."""
    places[at] = values >> 8 & 0xFF
    places[at + 1] = values & 0xFF


def _frames(places: NDArray[np.uint8]) -> list[bytes]:
    """Each column as bytes; those that hold a flag or escape within are escaped."""
    # A frame ends with a flag, so that none of its bytes is taken for the filling at the end of a fixed length.
    frames: list[bytes] = np.ascontiguousarray(places.T).view(f"S{len(places)}").ravel().tolist()
    special = (places[1:-1] - np.uint8(0x7D)) <= 1
    for number in np.flatnonzero(special.any(axis=0)).tolist():
        inner = frames[number][1:-1].replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")
        frames[number] = b"\x7e" + inner + b"\x7e"
    return frames
