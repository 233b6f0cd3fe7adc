"""The connection on which a terminal sends the files of an alarm (T/JSATL 12): frames of JT/T 808, and between them pieces of files.

    0x30316364 | file name 50 | offset 4 | length 4 | data

Read in yezhihao/jt808-server and cuteLittleDevil/go-jt808; source unverified.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from haihe.packs.transport.jt808.frame import FLAG, FRAME_LIMIT_BYTES

PIECE_SIGN = b"01cd"
_HEAD = struct.Struct(">4s50sII")
PIECE_LIMIT_BYTES = 1 << 17  # terminals send 64 KB at once
FILE_LIMIT_BYTES = 32 << 20
FILES = 32  # of one alarm
MISSING_AT_ONCE = 100  # ranges of one reply: a message's body holds no more


class PieceSplitter:
    """Cuts such a connection into frames (without flags) and pieces (with their sign). Memory stays below one piece."""

    def __init__(self) -> None:
        self.dropped_bytes = 0
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        held, found = self._held + data, []
        while held:
            if held.startswith(PIECE_SIGN):
                if len(held) < _HEAD.size:
                    break
                end = _HEAD.size + _HEAD.unpack_from(held)[3]
                if end > PIECE_LIMIT_BYTES:
                    held = self._drop(held, len(PIECE_SIGN))
                elif len(held) < end:
                    break
                else:
                    found.append(held[:end])
                    held = held[end:]
            elif held.startswith(FLAG):
                end = held.find(FLAG, 1)
                if end < 0:
                    held = self._drop(held, len(held)) if len(held) > FRAME_LIMIT_BYTES else held
                    break
                if end > 1:
                    found.append(held[1:end])
                # Two flags side by side: the second begins a frame. Otherwise both belonged to this one.
                held = held[end + 1 :] if end > 1 else held[end:]
            elif PIECE_SIGN.startswith(held):
                break  # the beginning of a sign
            else:
                places = [at for at in (held.find(PIECE_SIGN), held.find(FLAG)) if at > 0]
                held = self._drop(held, min(places) if places else len(held))
        self._held = held
        return found

    def _drop(self, held: bytes, count: int) -> bytes:
        self.dropped_bytes += count
        return held[count:]


@dataclass(frozen=True)
class Piece:
    """A part of a file."""

    name: str
    offset: int
    data: bytes


def read_piece(piece: bytes) -> Piece:
    _, name, offset, size = _HEAD.unpack_from(piece)
    return Piece(name.rstrip(b"\0").decode("gb18030", "replace"), offset, piece[_HEAD.size : _HEAD.size + size])


def write_piece(name: str, offset: int, data: bytes) -> bytes:
    return _HEAD.pack(PIECE_SIGN, name.encode("gb18030"), offset, len(data)) + data


@dataclass
class Upload:
    """One file under way: its announced size, and what has come of it as ranges without overlap. Once it is stored its bytes are not
    needed any more."""

    name: str
    kind: int
    size: int
    data: bytearray = field(default_factory=bytearray)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    is_stored: bool = False

    def put(self, piece: Piece) -> bool:
        """Take a piece; False where it reaches beyond the announced size."""
        start, end = piece.offset, piece.offset + len(piece.data)
        if end > self.size:
            return False
        if not self.missing:  # whole, and being stored perhaps: nothing changes it any more
            return True
        if len(self.data) < end:
            self.data.extend(bytes(end - len(self.data)))
        self.data[start:end] = piece.data
        merged: list[tuple[int, int]] = []
        for low, high in sorted([*self.ranges, (start, end)]):
            if merged and low <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(merged[-1][1], high)
            else:
                merged.append((low, high))
        self.ranges = merged
        return True

    @property
    def missing(self) -> list[tuple[int, int]]:
        """(offset, length) of what has not come."""
        gaps, at = [], 0
        for low, high in self.ranges:
            if low > at:
                gaps.append((at, low - at))
            at = max(at, high)
        return gaps + ([(at, self.size - at)] if at < self.size else [])
