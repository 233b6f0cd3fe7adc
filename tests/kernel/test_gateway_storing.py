"""What waits for the registers holds up nobody else, is bounded, and is refused where it cannot be stored."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from tests.kernel.test_gateway import LineFeed, connect, eventually, run

from haihe.kernel.errors import TooLarge
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.feeds import storing
from haihe.kernel.feeds.feed import Batch, Feed, Read, Record
from haihe.kernel.feeds.gateway import Gateway, Limits
from haihe.kernel.feeds.rows import raw_frames
from haihe.runtime import gateway_road
from haihe.testing.observations import Store


class RecordFeed(LineFeed):
    """ "NAME keep N" is answered once it is stored, anything else at once. Storing waits for the gate, and fails with `error`."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.error: Exception | None = None
        self.stored: list[bytes] = []

    def read(self, batch: Batch) -> Read:
        read = super().read(batch)
        read.replies.clear()
        for session, frame in zip(batch.sessions, batch.frames, strict=True):
            if b" keep" in frame:
                keep = lambda frame=frame: self.store(frame)  # noqa: E731
                read.records.append(
                    Record(
                        session,
                        "line",
                        keep,
                        b"stored " + frame + b"\n",
                        b"refused " + frame + b"\n",
                        40,
                        has_file=True,
                    )
                )
            else:
                read.replies.append((session, b"ok " + frame + b"\n"))
        return read

    def store(self, frame: bytes) -> None:
        assert self.gate.wait(20)
        if self.error:
            raise self.error
        self.stored.append(frame)


@asynccontextmanager
async def running(store: Store, feed: Feed) -> AsyncIterator[tuple[Gateway, int]]:
    gateway = Gateway([feed], store.journal, gateway_road(), limits=Limits(frames_per_s=1e9, burst_frames=10**9))
    ports = await gateway.start("127.0.0.1", {"line": 0})
    try:
        yield gateway, ports["line"]
    finally:
        await gateway.stop()


def test_locations_are_acknowledged_while_a_record_waits_even_of_the_same_device(store: Store) -> None:
    async def program() -> None:
        feed = RecordFeed()
        async with running(store, feed) as (_, port):
            one, sending = await connect(port)
            other, reporting = await connect(port)
            sending.write(b"a keep 1\na 2\n")
            reporting.write(b"b 1\n")
            assert await one.readline() == b"ok a 2\n" and await other.readline() == b"ok b 1\n"
            assert not feed.stored, "the record still waits"
            feed.gate.set()
            assert await one.readline() == b"stored a keep 1\n" and feed.stored == [b"a keep 1"]

    run(program)


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), OSError(28, "No space left"), TooLarge("过大", "too large")]
)
def test_what_cannot_be_stored_is_refused_and_what_comes_after_it_is_tried_anew(store: Store, error: Exception) -> None:
    async def program() -> None:
        feed = RecordFeed()
        feed.error = error
        feed.gate.set()
        async with running(store, feed) as (_, port):
            reader, writer = await connect(port)
            writer.write(b"a keep 1\n")
            assert await reader.readline() == b"refused a keep 1\n"
            feed.error = None
            writer.write(b"a keep 1\n")
            assert await reader.readline() == b"stored a keep 1\n"

    run(program)


def test_a_register_out_of_reach_is_tried_once_a_batch(store: Store) -> None:
    """A locked database makes each attempt wait: a batch of many records costs one of them."""

    async def program() -> None:
        feed, tried = RecordFeed(), list[bytes]()

        def store_nothing(frame: bytes) -> None:
            tried.append(frame)
            raise OperationalError("database is locked")

        feed.store = store_nothing  # type: ignore[method-assign]
        async with running(store, feed) as (_, port):
            reader, writer = await connect(port)
            writer.write(b"".join(b"a keep %d\n" % n for n in range(50)))
            assert [await reader.readline() for _ in range(50)] == [b"refused a keep %d\n" % n for n in range(50)]
            assert len(tried) == 1

    run(program)


def test_what_may_wait_is_bounded_and_the_rest_is_refused_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "WAITING_BYTES", 100)  # two records of 40 bytes

    async def program() -> None:
        feed = RecordFeed()
        async with running(store, feed) as (gateway, port):
            reader, writer = await connect(port)
            for number in range(4):
                writer.write(b"a keep %d\n" % number)
                await eventually(lambda number=number: gateway.counters.frames == number + 1)
            assert [await reader.readline() for _ in range(2)] == [b"refused a keep 2\n", b"refused a keep 3\n"]
            assert gateway.storing.waiting_bytes == 80
            feed.gate.set()
            assert [await reader.readline() for _ in range(2)] == [b"stored a keep 0\n", b"stored a keep 1\n"]
            await eventually(lambda: gateway.storing.waiting_bytes == gateway.storing.waiting_records == 0)

    run(program)


def test_stopping_stores_and_answers_what_waits(store: Store) -> None:
    async def program() -> None:
        feed = RecordFeed()
        async with running(store, feed) as (gateway, port):
            reader, writer = await connect(port)
            writer.write(b"a keep 1\n")
            await eventually(lambda: gateway.storing.is_busy)
            asyncio.get_running_loop().call_later(0.3, feed.gate.set)
            await gateway.stop()
            assert await reader.read() == b"stored a keep 1\n"

    run(program)


class Told:
    """A gateway of which only the answers are looked at."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.storing, self.out_of_reach, self.device = self, False, ""

    def say(self, record: Record, data: bytes) -> None:
        self.said.append(data)

    def can_store(self) -> None:
        """Nothing was wrong."""

    def cannot_store(self, record: Record, error: Exception) -> None:
        self.out_of_reach = isinstance(error, OperationalError)


def test_rows_share_a_transaction_and_one_that_fails_costs_only_itself(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "close_old_connections", lambda: None)  # the test's own transaction goes on

    within = set[tuple[str, ...]]()
    outside = tuple(connection.savepoint_ids)

    def record(number: int) -> Record:
        def store() -> None:
            within.add(tuple(connection.savepoint_ids))
            EvidenceFile.objects.create(sha256=str(number), name="", size_bytes=0, content_type="")
            if number == 3:
                raise ValueError(number)

        session: Any = Told()
        return Record(session, "row", store, b"stored %d" % number, b"refused %d" % number)

    def outcome(numbers: list[int]) -> tuple[list[bytes], set[str]]:
        told: Any = Told()
        storing.store_records(told, Read(records=[record(number) for number in numbers]))
        return told.said, set(EvidenceFile.objects.values_list("sha256", flat=True))

    assert outcome([1, 2, 4]) == ([b"stored 1", b"stored 2", b"stored 4"], {"1", "2", "4"})
    assert len(within) == 1 and outside not in within, "one transaction"
    said, standing = outcome([5, 3, 6])
    assert said == [b"stored 5", b"refused 3", b"stored 6"] and standing >= {"5", "6"}


class LargeFeed(LineFeed):
    """Its frames are large and its reading stands still."""

    frames_are_large = True

    def __init__(self) -> None:
        self.gate = threading.Event()

    def read(self, batch: Batch) -> Read:
        assert self.gate.wait(20)
        return Read(
            tables=[("raw_frame", raw_frames(self.name, batch))], replies=[(s, b"ok\n") for s in batch.sessions]
        )


def test_large_frames_wait_in_their_own_socket(store: Store) -> None:
    """Of a connection that pours, no more is held than one read of it, however long reading takes; then it goes on."""

    async def program() -> None:
        feed = LargeFeed()
        async with running(store, feed) as (gateway, port):
            reader, writer = await connect(port)
            lines = 300_000
            writer.write(b"a 34567890123456789012345678901234567890\n" * lines)  # 12 MB
            await eventually(lambda: all(session.deaf for session in gateway.sessions) and bool(gateway.sessions))
            await asyncio.sleep(0.2)
            assert gateway._waiting() < lines // 10
            feed.gate.set()
            for _ in range(1000):
                assert await reader.readline() == b"ok\n"

    run(program)
