"""All frames of a batch in one buffer, unescaped and checked in single passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.frame import FLAG, strip_flags
from haihe.packs.transport.jt808.issues import Issue

Ints = NDArray[np.int64]
# Reading past the end of the last frame must stay within the buffer: header 21, location 28, item 8 bytes.
PADDING = bytes(64)


@dataclass
class Joined:
    """All frames in one buffer: frame i is `buffer[starts[i]:starts[i] + lengths[i]]`."""

    data: bytes
    starts: Ints
    lengths: Ints
    issues: NDArray[np.uint32]

    @property
    def buffer(self) -> NDArray[np.uint8]:
        return np.frombuffer(self.data, np.uint8)

    def rows(self, offsets: Ints, kind: Any) -> NDArray[Any]:
        """Records of dtype `kind` that begin at `offsets`, which need not be aligned."""
        size = np.dtype(kind).itemsize
        overlapping: NDArray[Any] = np.ndarray(len(self.data) - size + 1, f"V{size}", self.data, strides=(1,))
        return overlapping[offsets].view(kind)  # not take(), which would copy all that overlaps first


def join(frames: Sequence[bytes]) -> Joined:
    """Frames one after another with a flag byte after each; flags at their ends are taken off."""
    data, inside = FLAG.join([*frames, PADDING]), None
    if data.count(FLAG) != len(frames):
        frames = [strip_flags(frame) for frame in frames]
        data, inside = FLAG.join([*frames, PADDING]), [FLAG in frame for frame in frames]
    lengths = np.fromiter(map(len, frames), np.int64, len(frames))
    starts = np.cumsum(lengths + 1) - lengths - 1
    issues = np.zeros(len(frames), np.uint32)
    if inside:
        issues[np.array(inside)] |= np.uint32(Issue.FLAG_INSIDE)
    return Joined(data, starts, lengths, issues)


def unescape_all(joined: Joined) -> Joined:
    """The same with pairs replaced. A flag stands after each frame, so no pair can reach from one frame into the next."""
    if b"\x7d" not in joined.data:
        return joined
    found = np.flatnonzero(joined.buffer == 0x7D)
    following = joined.buffer[found + 1]
    paired = (following == 1) | (following == 2)
    pairs = found[paired]
    if len(pairs) < len(found):
        lonely = np.searchsorted(joined.starts, found[~paired], "right") - 1
        joined.issues[lonely] |= np.uint32(Issue.ESCAPE)
    before = np.searchsorted(pairs, joined.starts)
    upto = np.searchsorted(pairs, joined.starts + joined.lengths)
    return Joined(
        _without_escapes(joined, pairs), joined.starts - before, joined.lengths - (upto - before), joined.issues
    )


def _without_escapes(joined: Joined, pairs: Ints) -> bytes:
    """The buffer with each pair made one byte: cut at the pairs where they are few, as they are in what terminals send."""
    buffer = joined.buffer.copy()
    buffer[pairs] = 0x7C + buffer[pairs + 1]
    if len(pairs) * 32 > len(buffer):
        return np.delete(buffer, pairs + 1).tobytes()
    view = memoryview(buffer.data)
    starts, ends = [0, *(pairs + 2).tolist()], [*(pairs + 1).tolist(), len(view)]
    return b"".join([view[start:end] for start, end in zip(starts, ends, strict=True)])


def checksums_ok(joined: Joined) -> NDArray[np.bool_]:
    """Whether all bytes of a frame, its checksum among them, give zero by exclusive or; the flag after it gives 0x7e."""
    if not len(joined.starts):
        return np.zeros(0, np.bool_)
    folded = np.bitwise_xor.reduceat(joined.buffer[: -len(PADDING)], joined.starts)
    return (folded == 0x7E) & (joined.lengths > 1)
