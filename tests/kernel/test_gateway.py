"""The gateway over real connections, with the real journal: what is acknowledged is durable, and nobody takes it down."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import polars as pl
import pytest
import uvloop
from django.db import OperationalError

from haihe.kernel.errors import ConfigurationError
from haihe.kernel.feeds.feed import Batch, Feed, Read, ports_of
from haihe.kernel.feeds.gateway import Gateway, Limits
from haihe.kernel.feeds.rows import raw_frames
from haihe.kernel.feeds.session import Session
from haihe.runtime import gateway_road
from haihe.testing.observations import Store


class LineSplitter:
    """Lines; what is longer than 100 bytes without an end is dropped."""

    def __init__(self) -> None:
        self.rest, self.dropped_bytes = b"", 0

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if len(self.rest) > 100:
            self.dropped_bytes += len(self.rest)
            self.rest = b""
        return lines


class LineFeed(Feed):
    """ "NAME WORD": the first word says who it is; "boom" makes the protocol fail."""

    name, title_zh, title_en, default_port = "line", "行", "Lines", 0

    def splitter(self) -> LineSplitter:
        return LineSplitter()

    def read(self, batch: Batch) -> Read:
        if any(b"boom" in frame for frame in batch.frames):
            raise ZeroDivisionError("a defect of the protocol")
        for session, frame in zip(batch.sessions, batch.frames, strict=True):
            if not session.authenticated and not frame.startswith(b"nobody"):
                session.gateway.known(session, frame.split()[0].decode(), 7)
        replies = [
            (session, b"ok " + frame + b"\n") for session, frame in zip(batch.sessions, batch.frames, strict=True)
        ]
        return Read(tables=[("raw_frame", raw_frames(self.name, batch))], replies=replies)


@asynccontextmanager
async def running(store: Store, limits: Limits | None = None) -> AsyncIterator[tuple[Gateway, int]]:
    gateway = Gateway([LineFeed()], store.journal, gateway_road(), limits=limits)
    ports = await gateway.start("127.0.0.1", {"line": 0})
    try:
        yield gateway, ports["line"]
    finally:
        await gateway.stop()


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def eventually(holds: Callable[[], bool], seconds: float = 5) -> None:
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true in time")


def run(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(asyncio.wait_for(program(), 30))


def rows_of(store: Store, table: str) -> pl.DataFrame:
    parts = [entry.batch for entry in store.journal.read(0) if entry.table == table]
    return pl.concat(parts) if parts else pl.DataFrame()


def test_an_answer_comes_only_after_the_frame_can_be_read_by_another_process(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (_, port):
            reader, writer = await connect(port)
            for number in range(20):
                writer.write(f"a {number}\n".encode())
                assert await reader.readline() == f"ok a {number}\n".encode()
                # A connection of its own sees only what was committed.
                with sqlite3.connect(store.journal.path) as other:
                    stored = other.execute("SELECT sum(rows) FROM entries WHERE \"table\" = 'raw_frame'").fetchone()[0]
                assert stored == number + 1
            writer.close()

    run(program)


def test_many_devices_lose_nothing_and_get_their_answers_in_order(store: Store) -> None:
    async def device(port: int, name: int) -> None:
        reader, writer = await connect(port)
        writer.write(b"".join(f"d{name} {n}\n".encode() for n in range(30)))
        for n in range(30):
            assert await reader.readline() == f"ok d{name} {n}\n".encode()
        writer.close()

    async def program() -> None:
        async with running(store) as (gateway, port):
            await asyncio.gather(*(device(port, name) for name in range(200)))
            assert gateway.counters.batches < 6000, "frames that wait together are written together"

    run(program)
    assert rows_of(store, "raw_frame").height == 6000


def test_coming_and_going_is_noted_once_each(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            for _ in range(2):
                reader, writer = await connect(port)
                writer.write(b"a 1\na 2\n")
                await reader.readline()
                writer.close()
                await eventually(lambda: not gateway.sessions)

    run(program)
    assert rows_of(store, "presence")["state"].to_list() == ["back", "lost", "back", "lost"]


def test_a_second_connection_of_a_device_replaces_the_first(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            first, _writer = await connect(port)
            _writer.write(b"twin 1\n")
            await first.readline()
            second, writer = await connect(port)
            writer.write(b"twin 2\n")
            assert await second.readline() == b"ok twin 2\n"
            assert await first.read() == b"", "the older connection is closed"
            writer.write(b"twin 3\n")
            assert await second.readline() == b"ok twin 3\n"
            assert len(gateway.by_device) == 1

    run(program)
    assert rows_of(store, "presence")["state"].to_list()[:2] == ["back", "replaced"]


def test_a_disk_that_is_full_delays_answers_and_loses_nothing(store: Store) -> None:
    """The journal's database refuses to grow (SQLite's own "database or disk is full"), then may grow again."""

    async def program() -> None:
        async with running(store) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"a first\n")
            await reader.readline()
            pages = store.journal._open().execute("PRAGMA page_count").fetchone()[0]
            store.journal._open().execute(f"PRAGMA max_page_count = {pages}")
            for number in range(400):
                writer.write(f"a {number} {'x' * 80}\n".encode())
            await eventually(lambda: gateway.is_full)
            waiting = asyncio.create_task(reader.readline())
            await asyncio.sleep(0.3)
            store.journal._forget()  # what frees space also ends this connection's limit
            answers = [await waiting] + [await reader.readline() for _ in range(399)]
            assert answers[-1].startswith(b"ok a 399 ")
            await eventually(lambda: not gateway.is_full)

    run(program)
    assert rows_of(store, "raw_frame").height == 401


def test_a_protocol_that_fails_costs_no_frame(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"a boom\n")
            await eventually(lambda: gateway.counters.unreadable_batches == 1)
            writer.write(b"a fine\n")
            assert await reader.readline() == b"ok a fine\n", "the failed batch is not acknowledged, the next one is"

    run(program)
    frames = rows_of(store, "raw_frame")
    assert frames["frame"].to_list() == [b"a boom", b"a fine"]
    assert "ZeroDivisionError" in frames["issues"][0]


class BrokenDesk:
    """A register that is locked for ever."""

    def send_queued(self, gateway: Gateway) -> None:
        raise OperationalError("database is locked")

    def settle(self, answered: list[tuple[Session, int, str]]) -> None:
        raise OperationalError("database is locked")


class AnsweringFeed(LineFeed):
    """Every frame answers a command; the word "misfit" makes rows that no table can take."""

    def read(self, batch: Batch) -> Read:
        read = super().read(batch)
        read.answered = [(session, 1, "") for session in batch.sessions]
        if any(b"misfit" in frame for frame in batch.frames):
            read.tables.append(("position", pl.DataFrame({"thing": ["not a number"]})))
        return read


def test_a_locked_register_and_rows_that_do_not_fit_stop_nobody(store: Store) -> None:
    """What is durable is acknowledged although its command could not be settled; a batch whose rows fit no table keeps its frames and
    gets no answer; the gateway goes on after both."""

    async def program() -> None:
        road = gateway_road()
        gateway = Gateway([AnsweringFeed()], store.journal, road, desk=BrokenDesk())
        port = (await gateway.start("127.0.0.1", {"line": 0}))["line"]
        reader, writer = await connect(port)
        for word in ("one", "misfit", "three"):
            writer.write(f"a {word}\n".encode())
            if word != "misfit":
                assert await asyncio.wait_for(reader.readline(), 5) == f"ok a {word}\n".encode()
            else:
                await eventually(lambda: rows_of(store, "raw_frame").height == 2)
        await gateway.stop()

    run(program)
    assert rows_of(store, "raw_frame")["frame"].to_list() == [b"a one", b"a misfit", b"a three"]


def test_who_does_not_say_who_it_is_or_falls_silent_is_closed(store: Store) -> None:
    async def program() -> None:
        limits = Limits(authenticate_s=0.4, idle_s=0.8)
        async with running(store, limits) as (gateway, port):
            silent, _ = await connect(port)
            slow, writer = await connect(port)
            writer.write(b"nobody")  # a slow one: never a whole frame
            assert await silent.read() == b"" and await slow.read() == b""
            known, writer = await connect(port)
            writer.write(b"a 1\n")
            await known.readline()
            assert await known.read() == b"", "idle"
            assert not gateway.sessions

    run(program)


def test_bytes_of_no_frame_end_the_connection_and_memory_stays_bounded(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"\x00" * 300_000)
            with suppress(ConnectionError):  # what it sent is not read to the end
                assert await reader.read() == b""
            await eventually(lambda: not gateway.sessions)

    run(program)


def test_a_flood_is_read_later_and_others_are_served_meanwhile(store: Store) -> None:
    async def program() -> None:
        limits = Limits(frames_per_s=100, burst_frames=50)
        async with running(store, limits) as (gateway, port):
            _flood, flooding = await connect(port)
            flooding.write(b"f x\n" * 20_000)
            reader, writer = await connect(port)
            for number in range(20):
                writer.write(f"a {number}\n".encode())
                assert await asyncio.wait_for(reader.readline(), 2) == f"ok a {number}\n".encode()
            deaf = [session for session in gateway.sessions if session.deaf]
            assert [session.device for session in deaf] == ["f"]
            assert len(gateway.sessions) == 2, "a flood is not cut off"

    run(program)


def test_a_peer_that_vanishes_without_a_word_is_noted_as_lost(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"a 1\n")
            await reader.readline()
            sock = writer.get_extra_info("socket")
            sock.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )  # a reset instead of a goodbye
            writer.transport.abort()
            await eventually(lambda: not gateway.sessions)

    run(program)
    assert rows_of(store, "presence")["state"].to_list() == ["back", "lost"]


def test_more_connections_than_allowed_are_refused_without_harm(store: Store) -> None:
    async def program() -> None:
        async with running(store, Limits(connections=3)) as (gateway, port):
            kept = [await connect(port) for _ in range(3)]
            await eventually(lambda: len(gateway.sessions) == 3)
            refused, _ = await connect(port)
            with pytest.raises((ConnectionError, AssertionError)):
                assert await refused.read() != b""
            kept[0][1].write(b"a 1\n")
            assert await kept[0][0].readline() == b"ok a 1\n"
            assert gateway.counters.refused == 1

    run(program)


def test_stopping_acknowledges_what_has_arrived(store: Store) -> None:
    async def program() -> None:
        async with running(store) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"".join(f"a {n}\n".encode() for n in range(500)))
            assert await reader.readline() == b"ok a 0\n"
            await gateway.stop()
            rest = await reader.read()
            assert rest.count(b"\n") + 1 == rows_of(store, "raw_frame").height

    run(program)


def test_a_port_for_a_feed_that_is_not_there_is_named() -> None:
    assert ports_of([LineFeed()], "line=7001") == {"line": 7001}
    assert ports_of([LineFeed()], "line=0") == {}
    with pytest.raises(ConfigurationError, match="lime"):
        ports_of([LineFeed()], "lime=7001")
