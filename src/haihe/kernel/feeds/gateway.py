"""Listens to devices and makes what they say durable before it is acknowledged.

Connections are read on an event loop (uvloop). Whatever has arrived in the meantime becomes the next batch (group commit): one thread
reads it with the protocol, another appends it to the journal while the first already reads the batch after it, and only then the
answers go out. A batch costs over a millisecond however small it is, so that batches start some way apart unless they are large. What
must stand in the registers before it is answered is stored after that by a third thread (storing.py). Batches keep their order, and
nothing is acknowledged that is not fsync'd. When the journal cannot be written (disk
full), what was read is kept, nobody is read any more, and the gateway tries again every second until it can.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import polars as pl
import structlog

from haihe.kernel.errors import InvalidInput
from haihe.kernel.feeds.datagrams import Datagrams
from haihe.kernel.feeds.feed import Answer, Batch, Feed, Read
from haihe.kernel.feeds.rows import Presence, presence_rows, raw_frames
from haihe.kernel.feeds.session import Session
from haihe.kernel.feeds.storing import Storing

log = structlog.get_logger()
OWN_TABLES = ("raw_frame", "presence")
RETRY_S = 1.0
AT_ONCE = 2_000  # frames of one commit: enough to share its cost, few enough that answers do not come in gusts
APART_S = 0.04  # fewer than that wait until so long after the start of the batch before them
AHEAD = 2  # batches of a feed that are read but not yet answered: one is being written, one waits for it
REFRESH_S = 2.0
DRAIN_S = 4.0


class Desk(Protocol):
    """Where commands to devices wait (commands.CommandDesk)."""

    def send_queued(self, gateway: Gateway) -> None: ...

    def settle(self, answered: list[Answer]) -> None: ...


class Appends(Protocol):
    """What the gateway needs of the journal."""

    def append(self, batches: list[tuple[str, pl.DataFrame]]) -> int: ...


@dataclass(frozen=True)
class Limits:
    """Bounds that keep one device, or many, from taking the gateway down."""

    connections: int = 20_000
    frames_per_s: float = 200.0  # of one device, on average …
    burst_frames: int = 2_000  # … and at once (after a dead zone terminals send what they kept)
    idle_s: float = 600.0  # without a whole frame
    authenticate_s: float = 60.0  # from connecting to being known
    waiting_frames: int = 50_000  # of all devices, read but not yet written; below half of it they are read again


@dataclass
class Counters:
    """What the gateway has done since it started."""

    connections: int = 0
    refused: int = 0
    frames: int = 0
    batches: int = 0
    unreadable_batches: int = 0
    commit_s: float = 0.0
    largest_batch: int = 0


@dataclass
class Work:
    """A batch on its way: what arrived, then what was read from it."""

    feed: Feed
    batch: Batch = field(default_factory=Batch)
    presence: list[Presence] = field(default_factory=list)
    read: Read = field(default_factory=Read)
    took_s: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.batch.frames or self.presence)


@dataclass
class Lane:
    """The batches of one feed: what has arrived since the last one, and how far those before it are."""

    waiting: Work
    is_reading: bool = False  # a batch is being read, or is about to be
    writing: int = 0  # batches that are read and not yet answered
    next_at: float = 0.0  # when, by the loop's clock, a small batch may start
    timer: asyncio.TimerHandle | None = None  # waits for that

    def is_busy(self) -> bool:
        return self.is_reading or self.writing > 0


Step = Callable[["Gateway", Work], None]


@dataclass(frozen=True)
class Road:
    """The steps of a batch, which runtime.py lists: those of the reading thread, those of the writing thread, on the loop, and those of
    the storing thread."""

    read: tuple[Step, ...]
    write: tuple[Step, ...]
    answer: tuple[Step, ...]
    store: tuple[Callable[[Gateway, Read], None], ...]


def decode(gateway: Gateway, work: Work) -> None:
    """Frames → observations and answers. A protocol that fails on a batch loses nothing: its frames are kept raw, unanswered."""
    if not work.batch.frames:
        return
    try:
        work.read = work.feed.read(work.batch)
    except Exception as error:  # a defect of ours must not cost the frames of all devices
        gateway.counters.unreadable_batches += 1
        log.exception("a batch could not be read", feed=work.feed.name, frames=len(work.batch), error=repr(error))
        told = [f"not read: {error!r}"] * len(work.batch)
        work.read = Read(tables=[("raw_frame", raw_frames(work.feed.name, work.batch, told))])


def note_presence(gateway: Gateway, work: Work) -> None:
    """Devices that came back or were lost since the last batch."""
    if work.presence:
        work.read.tables.append(("presence", presence_rows(work.presence)))


def make_durable(gateway: Gateway, work: Work) -> None:
    """Observations → journal, fsync'd when this returns. Tries again until it can; meanwhile nobody is read."""
    tables = [(name, rows) for name, rows in work.read.tables if len(rows)]
    while tables:
        try:
            gateway.journal.append(tables)
        except InvalidInput as error:  # a defect of ours that waiting does not mend: the frames are kept, unanswered
            log.error("rows do not fit their table; only their frames are kept", feed=work.feed.name, error=str(error))
            work.read.unsay()
            kept = _own_rows(tables)
            tables = kept if len(kept) < len(tables) else []
        except Exception as error:
            gateway.cannot_write(error)
            if gateway.draining:  # not acknowledged: the devices keep it and send it again
                work.read.unsay()
                return
            time.sleep(RETRY_S)
        else:
            gateway.can_write()
            return


def _own_rows(tables: list[tuple[str, pl.DataFrame]]) -> list[tuple[str, pl.DataFrame]]:
    return [(name, rows) for name, rows in tables if name in OWN_TABLES]


def acknowledge(gateway: Gateway, work: Work) -> None:
    """Answers go out; then devices that are to be cut off are."""
    for session, data in work.read.replies:
        session.send(data)
    for session, because in work.read.close:
        session.close(because)


class Gateway:
    """Runs feeds on ports. One instance a process; `journal.append` must be durable when it returns."""

    def __init__(
        self,
        feeds: Iterable[Feed],
        journal: Appends,
        road: Road,
        *,
        limits: Limits | None = None,
        desk: Desk | None = None,
    ) -> None:
        self.feeds = {feed.name: feed for feed in feeds}
        self.journal = journal
        self.limits = limits or Limits()
        self.road = road
        self.counters = Counters()
        self.desk = desk
        self.sessions: set[Session] = set()
        self.by_device: dict[tuple[str, str], Session] = {}
        self.is_full = False
        self.draining = False
        self._lanes = {name: Lane(Work(feed)) for name, feed in self.feeds.items()}
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="write")
        self.storing = Storing(self)
        self._servers: list[asyncio.Server] = []
        self._endpoints: list[asyncio.DatagramTransport] = []
        self._cannot_write = False
        self._sending = False  # commands are being looked for, or are about to be
        self.loop: asyncio.AbstractEventLoop

    # --- life -------------------------------------------------------------------------------------------------------

    async def start(self, host: str, ports: dict[str, int]) -> dict[str, int]:
        """Listen; returns the ports really taken (a port of 0 lets the system choose)."""
        self.loop = asyncio.get_running_loop()
        taken = {}
        for name, port in ports.items():
            feed = self.feeds[name]
            server = await self.loop.create_server(
                partial(Session, self, feed), host, port, backlog=4096, reuse_address=True
            )
            self._servers.append(server)
            taken[name] = server.sockets[0].getsockname()[1]
            if feed.speaks_udp:
                endpoint, _ = await self.loop.create_datagram_endpoint(
                    partial(Datagrams, self, feed), local_addr=(host, taken[name])
                )
                self._endpoints.append(endpoint)
        self._keeper = self.loop.create_task(self._keep())
        return taken

    async def stop(self) -> None:
        """Take nobody new, write and acknowledge what has arrived, close everybody; at most DRAIN_S."""
        self.draining = True
        for server in self._servers:
            server.close()
        for session in list(self.sessions):
            session.stop_reading()
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end and (self._is_busy() or any(lane.waiting for lane in self._lanes.values())):
            await asyncio.sleep(0.02)
        for session in list(self.sessions):
            session.close("网关停止 the gateway stops")
        await asyncio.sleep(0.05)
        for lane in self._lanes.values():
            self._start_batch(lane)  # the devices' going is noted too
        while time.monotonic() < end and self._is_busy():
            await asyncio.sleep(0.02)
        self._keeper.cancel()
        for endpoint in self._endpoints:
            endpoint.close()
        for thread in (self._reader, self._writer):
            thread.shutdown(wait=False, cancel_futures=True)
        self.storing.close()

    def _is_busy(self) -> bool:
        return any(lane.is_busy() for lane in self._lanes.values()) or self.storing.is_busy

    async def _keep(self) -> None:
        """Once in a while: close those who are silent or never said who they are, and read the registers again."""
        while True:
            await asyncio.sleep(min(REFRESH_S, self.limits.authenticate_s / 4, self.limits.idle_s / 4))
            now = time.monotonic()
            for session in [] if self.is_full else list(self.sessions):  # when nobody is read, nobody can be silent
                if now - session.last_frame_at > self.limits.idle_s:
                    session.close("长时间无数据 silent for too long")
                elif not session.authenticated and now - session.opened_at > self.limits.authenticate_s:
                    session.close("未按时鉴权 did not authenticate in time")
            self._reader.submit(self._refresh)
            if self.desk and not self._sending:
                self._sending = True
                self.storing.submit(self._send_queued)

    def _refresh(self) -> None:
        """In the reading thread. The register may be locked or being restored: then what is known goes on being used."""
        try:
            for feed in self.feeds.values():
                feed.refresh()
        except Exception as error:
            log.error("the register cannot be read", error=repr(error))

    def _send_queued(self) -> None:
        """In the storing thread, since commands are marked before they are sent."""
        self._sending = False
        try:
            if self.desk:
                self.desk.send_queued(self)
        except Exception as error:
            log.error("commands cannot be sent: the register cannot be written", error=repr(error))

    def in_reading_thread(self, does: Callable[[], None]) -> None:
        """Anything else that needs what a feed knows of its connections."""
        self._reader.submit(does)

    # --- sessions ---------------------------------------------------------------------------------------------------

    def opened(self, session: Session) -> None:
        if self.draining or len(self.sessions) >= self.limits.connections:
            self.counters.refused += 1
            session.closing = True
            session.transport.abort()
            return
        self.counters.connections += 1
        self.sessions.add(session)
        sock = session.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def closed(self, session: Session, because: str) -> None:
        session.closing = True
        self.sessions.discard(session)
        key = (session.feed.name, session.device)
        if session.device and self.by_device.get(key) is session:
            del self.by_device[key]
            self._note_presence(session, "lost", because)

    def known(self, session: Session, device: str, thing: int | None) -> None:
        """The protocol has authenticated the peer as this device. An older connection of the same device gives way.

        Called from the reading thread: what the rest of the batch needs is set at once, the rest happens on the loop."""
        earlier = session.device
        session.device, session.thing, session.authenticated = device, thing, True
        self.loop.call_soon_threadsafe(self._known, session, device, thing, earlier)

    def _known(self, session: Session, device: str, thing: int | None, earlier: str) -> None:
        if session.closing:
            return
        key = (session.feed.name, device)
        if earlier != device and self.by_device.get((session.feed.name, earlier)) is session:
            # One connection that now speaks for another device: what is meant for the earlier one must not go to it.
            del self.by_device[session.feed.name, earlier]
        older = self.by_device.get(key)
        self.by_device[key] = session
        if older is None:
            self._note_presence(session, "back", session.peer)
        elif older is not session:
            self._note_presence(session, "replaced", f"{older.peer} → {session.peer}")
            older.close("同一终端另有新连接 another connection of the same device")

    def _note_presence(self, session: Session, state: str, because: str) -> None:
        row = Presence(datetime.now(UTC), session.feed.name, session.device, session.thing, state, because[:200])
        lane = self._lanes[session.feed.name]
        lane.waiting.presence.append(row)
        self._start_batch(lane)

    # --- frames -----------------------------------------------------------------------------------------------------

    def receive(self, session: Session, frames: list[bytes]) -> None:
        lane = self._lanes[session.feed.name]
        batch = lane.waiting.batch
        batch.frames += frames
        count = len(frames)
        now_us = time.time_ns() // 1000
        if count == 1:
            batch.sessions.append(session)
            batch.received_us.append(now_us)
        else:
            batch.sessions += [session] * count
            batch.received_us += [now_us] * count
        if len(batch.frames) >= self.limits.waiting_frames:
            self._fill()
        self._start_batch(lane)

    def _waiting(self) -> int:
        """Frames that are read but not on their way yet."""
        return sum(len(lane.waiting.batch) for lane in self._lanes.values())

    def _fill(self) -> None:
        self.is_full = True
        for session in self.sessions:
            session.stop_reading()

    def _start_batch(self, lane: Lane) -> None:
        is_large = len(lane.waiting.batch) >= AT_ONCE
        if lane.timer is not None:
            if is_large:
                lane.timer.cancel()
                self._read(lane)
        elif not lane.is_reading and lane.writing < AHEAD:
            lane.is_reading = True
            if is_large or self.loop.time() >= lane.next_at:
                # Not at once: whatever else this round of the loop reads goes into the same batch.
                self.loop.call_soon(self._read, lane)
            else:
                lane.timer = self.loop.call_at(lane.next_at, self._read, lane)

    def _read(self, lane: Lane) -> None:
        lane.timer = None
        work = lane.waiting
        if not work:
            lane.is_reading = False
            return
        lane.next_at = self.loop.time() + APART_S
        lane.waiting = Work(work.feed, work.batch.cut_off(AT_ONCE))
        self._reader.submit(self._take, self.road.read, work, self._was_read)

    def _take(self, steps: tuple[Step, ...], work: Work, then: Callable[[Work], None]) -> None:
        """In one of the threads: some steps of a batch, then back to the loop."""
        started = time.perf_counter()
        try:
            for step in steps:
                step(self, work)
        except Exception as error:  # one batch without answers, not a gateway that stands still
            log.exception("a batch failed and is not acknowledged", feed=work.feed.name, error=repr(error))
            work.read.tables.clear()
            work.read.unsay()
        work.took_s += time.perf_counter() - started
        self.loop.call_soon_threadsafe(then, work)

    def _was_read(self, work: Work) -> None:
        lane = self._lanes[work.feed.name]
        lane.writing += 1
        lane.is_reading = False
        self._writer.submit(self._take, self.road.write, work, self._was_written)
        self._start_batch(lane)

    def _was_written(self, work: Work) -> None:
        lane, counters, count = self._lanes[work.feed.name], self.counters, len(work.batch)
        lane.writing -= 1
        counters.frames += count
        counters.batches += 1
        counters.largest_batch = max(counters.largest_batch, count)
        counters.commit_s += work.took_s
        try:
            for step in self.road.answer:
                step(self, work)
        except Exception as error:
            log.exception("answers could not be sent", feed=work.feed.name, error=repr(error))
        self.storing.take(work.feed, work.read)
        if work.feed.frames_are_large:
            for session in set(work.batch.sessions):
                session.go_on_reading()
        if self.is_full and not self._cannot_write and self._waiting() < self.limits.waiting_frames // 2:
            self.is_full = False
            for session in list(self.sessions):
                session.go_on_reading()
        self._start_batch(lane)

    def cannot_write(self, error: Exception) -> None:
        """Said once; reading stops."""
        if not self._cannot_write:
            log.error("cannot write what devices send; it waits unacknowledged", error=str(error))
            self._cannot_write = True
            self.loop.call_soon_threadsafe(self._fill)

    def can_write(self) -> None:
        if self._cannot_write:
            self._cannot_write = False
            log.info("writing works again")
