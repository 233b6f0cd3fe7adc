"""One device's connection: its limits, its place in time, what the protocol remembers about it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from haihe.kernel.feeds.feed import Feed, Splitter
    from haihe.kernel.feeds.gateway import Gateway

MAX_DROPPED_BYTES = 65_536
CLOSE_WITHIN_S = 5.0
ANSWERS_WAITING_BYTES = 256 * 1024


class Session(asyncio.Protocol):
    """`device` is the key under which the protocol knows the peer once it has authenticated; `memory` is the protocol's own."""

    __slots__ = (
        "authenticated", "choked", "closed_because", "closing", "commands", "deaf", "device", "feed", "frames", "gateway", "last_frame_at", "memory", "opened_at", "peer", "splitter",
        "thing", "tokens", "tokens_at", "transport",
    )  # fmt: skip

    def __init__(self, gateway: Gateway, feed: Feed) -> None:
        self.gateway = gateway
        self.feed = feed
        self.splitter: Splitter = feed.splitter()
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)
        self.peer = ""
        self.device = ""
        self.thing: int | None = None
        self.authenticated = False
        self.memory: dict[str, Any] = {}
        self.commands: dict[int, int] = {}  # serial → command waiting for its answer
        self.frames = 0
        self.opened_at = self.last_frame_at = time.monotonic()
        self.tokens, self.tokens_at = float(gateway.limits.burst_frames), self.opened_at
        self.deaf = False  # not reading: too fast, or the gateway has too much on its hands
        self.choked = False  # does not read its answers
        self.closing = False
        self.closed_because = ""

    # --- asyncio.Protocol -------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername") or ("?", 0)
        self.peer = f"{address[0]}:{address[1]}"
        self.transport.set_write_buffer_limits(high=ANSWERS_WAITING_BYTES)
        self.gateway.opened(self)

    def data_received(self, data: bytes) -> None:
        frames = self.splitter.feed(data)
        if self.splitter.dropped_bytes > MAX_DROPPED_BYTES:
            self.close("不是本协议的数据 bytes of no frame")
            return
        if frames:
            now = time.monotonic()
            self.last_frame_at = now
            self.frames += len(frames)
            self.gateway.receive(self, frames)
            self._spend(len(frames), now)
            if self.feed.frames_are_large:
                self.stop_reading()

    def pause_writing(self) -> None:
        # A peer that does not read its answers gets no more of them made: its frames wait in its own socket.
        self.choked = True
        self.stop_reading()

    def resume_writing(self) -> None:
        self.choked = False
        self.go_on_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.gateway.closed(self, self.closed_because or (repr(error) if error else "对方断开 closed by the peer"))

    # --- limits -----------------------------------------------------------------------------------------------------

    def _spend(self, count: int, now: float) -> None:
        """A token bucket; one who is faster is not cut off but read later."""
        limits = self.gateway.limits
        self.tokens = min(limits.burst_frames, self.tokens + (now - self.tokens_at) * limits.frames_per_s) - count
        self.tokens_at = now
        if self.tokens < 0 and not self.deaf:
            self.stop_reading()
            self.gateway.loop.call_later(min(5.0, -self.tokens / limits.frames_per_s), self.go_on_reading)

    def stop_reading(self) -> None:
        if not self.deaf and not self.closing:
            self.deaf = True
            self.transport.pause_reading()

    def go_on_reading(self) -> None:
        if self.deaf and not self.closing and not self.choked and not self.gateway.is_full:
            self.deaf = False
            self.last_frame_at = time.monotonic()  # it could not be heard until now
            self.transport.resume_reading()

    def send(self, data: bytes) -> None:
        if not self.closing:
            self.transport.write(data)

    def close(self, because: str) -> None:
        """Answers that were written are still sent; a peer that does not take them within CLOSE_WITHIN_S is cut off."""
        if not self.closing:
            self.closing = True
            self.closed_because = because
            self.transport.close()
            self.gateway.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)
