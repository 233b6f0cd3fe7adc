"""A feed over UDP: one datagram holds one or more whole frames, and the peer's address is its session.

Everything that holds for connections holds here: limits, authentication, durable before acknowledged. A datagram cannot be made to
wait, so whoever is too fast, or comes while nobody can be read, loses it and sends it again for want of an answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from haihe.kernel.feeds.session import MAX_DROPPED_BYTES, Session

if TYPE_CHECKING:
    from haihe.kernel.feeds.feed import Feed
    from haihe.kernel.feeds.gateway import Gateway

Address = tuple[Any, ...]


class Peer(asyncio.Transport):
    """The side of a session that sends: to one address, through the socket that all share."""

    def __init__(self, datagrams: Datagrams, address: Address) -> None:
        super().__init__()
        self._datagrams, self.address = datagrams, address
        self.session: Session
        self.is_deaf = False
        self.is_closed = False
        self.wasted_bytes = 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.address if name == "peername" else default

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The system drops what it cannot send; there is nothing to hold back."""

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not self.is_closed:
            self._datagrams.send(bytes(data), self.address)

    def pause_reading(self) -> None:
        self.is_deaf = True

    def resume_reading(self) -> None:
        self.is_deaf = False

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._datagrams.forget(self)
            self.session.gateway.loop.call_soon(self.session.connection_lost, None)

    def abort(self) -> None:
        self.close()


class Datagrams(asyncio.DatagramProtocol):
    """The socket of one feed and the sessions behind it. They are at most half of all that the gateway takes: whoever forges
    addresses must not keep out those who connect."""

    def __init__(self, gateway: Gateway, feed: Feed) -> None:
        self.gateway, self.feed = gateway, feed
        self.peers: dict[Address, Peer] = {}
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: Address) -> None:
        peer = self.peers.get(address) or self._open(address)
        if peer is None or peer.is_deaf or peer.is_closed or self.gateway.is_full:
            return
        session = peer.session
        session.splitter = self.feed.splitter()  # no frame goes on in another datagram
        session.data_received(data)
        peer.wasted_bytes += session.splitter.dropped_bytes
        if peer.wasted_bytes > MAX_DROPPED_BYTES:
            session.close("不是本协议的数据 bytes of no frame")

    def error_received(self, error: Exception) -> None:
        """The system could not deliver to somebody: he is silent, and silence has its limit."""

    def send(self, data: bytes, address: Address) -> None:
        for datagram in self.feed.datagrams(data):
            self.transport.sendto(datagram, address)

    def forget(self, peer: Peer) -> None:
        if self.peers.get(peer.address) is peer:
            del self.peers[peer.address]

    def _open(self, address: Address) -> Peer | None:
        if self.gateway.draining or len(self.peers) >= max(1, self.gateway.limits.connections // 2):
            self.gateway.counters.refused += 1
            return None
        peer = self.peers[address] = Peer(self, address)
        peer.session = Session(self.gateway, self.feed)
        peer.session.connection_made(peer)
        return peer
