"""A TCP stream cut into frames."""

from __future__ import annotations

from haihe.packs.transport.jt808.frame import FLAG, FRAME_LIMIT_BYTES


class Splitter:
    """Feed it what the socket gave; it gives back the frames that are complete.

    A frame comes as the escaped bytes between two flags, without them. Every flag ends one frame and begins the next, so a
    lost flag costs one frame and never the ones after it. Bytes before the first flag are dropped and counted; bytes between
    two frames come out as a frame of their own, because they are evidence. What grows beyond `limit_bytes` without a flag is
    dropped and counted, so memory stays bounded, and each byte is looked at once, whatever its value.
    """

    __slots__ = ("_pieces", "_size", "_skipping", "dropped_bytes", "limit_bytes", "oversize")

    def __init__(self, limit_bytes: int = FRAME_LIMIT_BYTES) -> None:
        self.limit_bytes = limit_bytes
        self.dropped_bytes = 0
        self.oversize = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._skipping = True  # until the first flag

    def feed(self, data: bytes) -> list[bytes]:
        """Frames completed by `data`, in order; empty ones (two flags side by side) are left out."""
        parts = data.split(FLAG)
        if len(parts) == 3 and not (self._pieces or self._skipping or parts[0] or parts[2]):
            # One whole frame, as most reads are when many terminals report now and then.
            return [parts[1]] if parts[1] and self._fits(parts[1]) else []
        if len(parts) == 1:
            self._keep(data)
            return []
        first = self._finish(parts[0])
        frames = [part for part in parts[1:-1] if part]
        if first:
            frames.insert(0, first)
        if any(len(frame) > self.limit_bytes for frame in frames):
            frames = [frame for frame in frames if self._fits(frame)]
        self._keep(parts[-1])
        return frames

    @property
    def pending_bytes(self) -> int:
        """Bytes held back because their frame is not complete."""
        return self._size

    def _finish(self, end: bytes) -> bytes:
        """The flag has come: what was held and `end` are one frame, unless it is being skipped."""
        if self._skipping:
            self.dropped_bytes += len(end)
            self._skipping = False
            return b""
        if not self._pieces:
            return end
        frame = b"".join([*self._pieces, end])
        self._pieces.clear()
        self._size = 0
        return frame

    def _keep(self, data: bytes) -> None:
        if self._skipping:
            self.dropped_bytes += len(data)
            return
        if data:
            self._pieces.append(data)
            self._size += len(data)
        if self._size > self.limit_bytes:
            self._fits(b"", self._size)
            self._pieces.clear()
            self._size = 0
            self._skipping = True

    def _fits(self, frame: bytes, size: int = 0) -> bool:
        size = size or len(frame)
        if size <= self.limit_bytes:
            return True
        self.oversize += 1
        self.dropped_bytes += size
        return False
