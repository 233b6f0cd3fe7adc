"""What every feed must pass, whatever its protocol.

    class TestThermometers(FeedContract):
        feed = Thermometers

        def wire(self) -> bytes: ...      # what one device sends, at least three whole frames

A feed of which nothing is known is tried with bytes of no sense alone. A device that must be registered first is registered in
a fixture of the subclass. Nothing here runs a gateway's threads: batches are put together by hand, so that what the feed says
and when it says it can be told apart; the session, its connection and the journal are the real ones.
"""

from __future__ import annotations

import asyncio
import re
import socket
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from django.apps import apps
from django.db import connections
from polars.testing import assert_frame_equal

from haihe.kernel.errors import HaiheError
from haihe.kernel.feeds.feed import Batch, Feed, Read, Splitter
from haihe.kernel.feeds.gateway import Gateway, Work, acknowledge, make_durable
from haihe.kernel.feeds.session import MAX_DROPPED_BYTES, Session
from haihe.kernel.feeds.storing import store_records
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.tables import get_table
from haihe.runtime import gateway_road

START_US = 1_772_409_600_000_000  # 2026-03-02 00:00 UTC
ENDLESS_BYTES = 2_000_000
HELD_BYTES = 400_000  # what a splitter may hold of one connection, at most
ROUNDS = 40


class Line:
    """A feed with a connection: a session of a gateway that is not reading, and the device's end of its socket."""

    def __init__(self, feed: Feed, journal: Journal) -> None:
        self.loop = asyncio.new_event_loop()
        self.feed = feed
        self.gateway = Gateway([feed], journal, gateway_road())
        self.loop.run_until_complete(self.gateway.start("127.0.0.1", {}))
        ours, self.device = socket.socketpair()
        self.device.setblocking(False)
        _, self.session = self.loop.run_until_complete(
            self.loop.create_connection(lambda: Session(self.gateway, feed), sock=ours)
        )
        self.session.peer = "192.0.2.1:5000"  # an address for documentation: the same in each run

    def batch(self, frames: Iterable[bytes]) -> Batch:
        frames = list(frames)
        return Batch(frames, [self.session] * len(frames), [START_US + n for n in range(len(frames))])

    def heard(self) -> bytes:
        """What the device has heard since it was last asked."""
        for _ in range(3):
            self.loop.run_until_complete(asyncio.sleep(0))
        try:
            return self.device.recv(1 << 20)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self.session.transport.abort()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.run_until_complete(self.gateway.stop())
        self.device.close()
        self.loop.close()


def cut(data: bytes, dice: Random) -> list[bytes]:
    """The bytes as a network may bring them: pieces of one byte to all of it."""
    found, at = [], 0
    while at < len(data):
        size = dice.choice((1, 2, 3, 7, 40, 1000, len(data)))
        found.append(data[at : at + size])
        at += size
    return found


def split(splitter: Splitter, pieces: Iterable[bytes]) -> list[bytes]:
    return [frame for piece in pieces for frame in splitter.feed(piece)]


def spoilt(data: bytes, dice: Random) -> bytes:
    """The bytes with some changed, lost, doubled or put in between."""
    found = bytearray(data)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(found) + 1)
        match dice.randrange(4):
            case 0:
                found[at : at + 1] = dice.randbytes(1)
            case 1:
                del found[at : at + dice.randrange(1, 9)]
            case 2:
                found[at:at] = found[at : at + dice.randrange(1, 30)]
            case _:
                found[at:at] = dice.randbytes(dice.randrange(1, 20))
    return bytes(found)


class FeedContract:
    """Subclass with `feed` and, where the protocol can be spoken, `wire()`."""

    feed: type[Feed]

    def wire(self) -> bytes:
        return b""

    @pytest.fixture(autouse=True)
    def _connections(self, db: None, tmp_path: Path) -> Iterator[None]:
        # A feed drops connections to the database that are too old; that of a test must outlive the test's transaction.
        kept = patch.object(connections["default"], "close_if_unusable_or_obsolete")
        with kept, self.connections(tmp_path):
            yield

    @contextmanager
    def connections(self, folder: Path) -> Iterator[None]:
        """Within it `line()` opens connections; its journal lies in the folder."""
        self._journal = Journal(folder / "contract.sqlite3")
        self._open: list[Line] = []
        try:
            yield
        finally:
            for line in self._open:
                line.close()
            self._journal.close()

    def line(self) -> Line:
        """A fresh feed with a fresh connection."""
        self._open.append(Line(type(self).feed(), self._journal))
        return self._open[-1]

    def splitter(self) -> Splitter:
        return type(self).feed().splitter()

    def frames(self) -> list[bytes]:
        """The frames of the wire, then frames that are none: whatever a splitter may hand on, and more."""
        dice, wire = Random(11), self.wire()
        found = split(self.splitter(), [wire])
        for _ in range(ROUNDS):
            found += split(self.splitter(), [spoilt(wire, dice)])
            found.append(dice.randbytes(dice.choice((0, 1, 2, 5, 30, 300, 1200))))
        return [*found, b"\x00" * 50, b"\xff" * 50, b"9" * 300, "温度".encode(), b"nan,inf", b"1e999,-1e999"]

    # --- what it says of itself -------------------------------------------------------------------------------------

    def test_it_has_a_name_two_titles_and_a_port(self) -> None:
        feed = type(self).feed
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,39}", feed.name), "the name stands in HAIHE_FEED_PORTS and in rows"
        assert feed.title_zh and feed.title_en
        assert feed.default_port == 0 or 1024 <= feed.default_port <= 65535, "0: off until a port is given to it"

    # --- cutting ----------------------------------------------------------------------------------------------------

    def test_the_wire_is_some_frames_and_nothing_else(self) -> None:
        """Otherwise little below would be proved; a feed without a wire is tried with bytes of no sense alone."""
        wire = self.wire()
        if wire:
            splitter = self.splitter()
            assert len(splitter.feed(wire)) >= 3
            assert splitter.dropped_bytes == 0, "whole frames were dropped"

    def test_frames_do_not_depend_on_how_bytes_arrive(self) -> None:
        dice, wire = Random(3), self.wire()
        for number in range(ROUNDS):
            data = wire if number < 3 else spoilt(wire, dice) + dice.randbytes(dice.randrange(0, 200))
            whole, single = self.splitter(), self.splitter()
            frames = split(whole, [data])
            assert split(single, (data[n : n + 1] for n in range(len(data)))) == frames
            assert split(self.splitter(), cut(data, dice)) == frames
            assert single.dropped_bytes == whole.dropped_bytes

    def test_cutting_never_raises_and_an_empty_piece_is_nothing(self) -> None:
        dice = Random(5)
        for _ in range(ROUNDS):
            splitter = self.splitter()
            splitter.feed(dice.randbytes(dice.randrange(0, 3000)))
            assert splitter.feed(b"") == []

    def test_what_never_ends_is_dropped_counted_and_not_kept(self) -> None:
        """A peer may begin a frame, or say that a large one follows, and go on for ever. What it sends either comes out as frames
        or is counted as dropped, so that the gateway can close it; it does not stay in memory."""
        dice, wire = Random(9), self.wire()
        for beginning in (b"", wire[:1], wire[:3], wire[: len(wire) // 4]):
            for filler in (b"\x00", b"\xff", b"A", b"9", dice.randbytes(997)):
                splitter = self.splitter()
                splitter.feed(beginning)
                piece = (filler * 4096)[:4096]
                tracemalloc.start()
                try:
                    came = 0
                    for _ in range(ENDLESS_BYTES // len(piece)):
                        came += sum(map(len, splitter.feed(piece)))
                    held = tracemalloc.get_traced_memory()[0]
                finally:
                    tracemalloc.stop()
                assert held < HELD_BYTES, f"{held} bytes are held after {beginning!r} and endless {filler[:4]!r}"
                assert came > ENDLESS_BYTES // 100 or splitter.dropped_bytes > MAX_DROPPED_BYTES, (
                    f"endless {filler[:4]!r} after {beginning!r} is neither frames nor counted as dropped"
                )

    # --- reading ----------------------------------------------------------------------------------------------------

    def test_every_frame_is_kept_as_it_came(self) -> None:
        line = self.line()
        batch = line.batch(self.frames())
        before = Batch(list(batch.frames), list(batch.sessions), list(batch.received_us))
        rows = [rows for name, rows in line.feed.read(batch).tables if name == "raw_frame"]
        assert rows, (
            "the frames are not among the tables: raw_frames(self.name, batch) of kernel/feeds/rows.py makes them"
        )
        kept = pl.concat(rows, how="diagonal_relaxed").sort("received_at", maintain_order=True)
        assert kept["frame"].to_list() == before.frames
        assert kept["received_at"].to_physical().to_list() == before.received_us
        assert set(kept["feed"]) == {line.feed.name}
        assert (batch.frames, batch.sessions, batch.received_us) == (before.frames, before.sessions, before.received_us)

    def test_rows_fit_their_tables(self) -> None:
        line = self.line()
        for name, rows in line.feed.read(line.batch(self.frames())).tables:
            conformed = get_table(name).conform(rows)
            assert conformed.height == rows.height
            assert set(rows.columns) <= set(conformed.columns), f"{name} has no such columns"
            assert rows["received_at"].null_count() == 0

    def test_an_empty_batch_says_nothing(self) -> None:
        line = self.line()
        read = line.feed.read(line.batch([]))
        assert not any(rows.height for _, rows in read.tables)
        assert not (read.replies or read.close or read.answered or read.records)

    def test_the_same_batch_says_the_same(self) -> None:
        first, second = (self._read(self.frames()) for _ in range(2))
        assert [name for name, _ in first.tables] == [name for name, _ in second.tables]
        for (_, one), (_, other) in zip(first.tables, second.tables, strict=True):
            assert_frame_equal(one, other)
        assert [data for _, data in first.replies] == [data for _, data in second.replies]
        assert [(r.what, r.stored, r.refused) for r in first.records] == [
            (r.what, r.stored, r.refused) for r in second.records
        ]

    def test_it_does_not_matter_how_frames_fall_into_batches(self) -> None:
        """Same rows and same answers, whether the gateway was busy or not."""
        frames = self.frames()
        whole, line = self._read(frames), self.line()
        stored, said = Counter[str](), b""
        for number, frame in enumerate(frames):
            batch = line.batch([frame])
            batch.received_us[0] += number
            read = line.feed.read(batch)
            stored += rows_of(read)
            said += said_by(read)
        many = rows_of(whole)
        differs = [*(stored - many), *(many - stored)]
        assert not differs, f"rows differ between one batch and many: {differs[0][:300]}"
        # An answer to signing on may overtake the others of its batch, so that only their bytes are compared.
        assert Counter(said) == Counter(said_by(whole))

    def test_answers_go_to_those_who_asked(self) -> None:
        line = self.line()
        read = line.feed.read(line.batch(self.frames()))
        for session in (
            *(s for s, _ in read.replies),
            *(s for s, _ in read.close),
            *(a.session for a in read.answered),
            *(r.session for r in read.records),
        ):
            assert session is line.session
        assert all(isinstance(data, bytes) and data for _, data in read.replies)

    def test_nothing_is_said_before_it_is_durable(self) -> None:
        """Reading neither writes to the connection nor closes it; what it answers goes out once the journal has the rows, and what waits
        for a record once that is stored."""
        line = self.line()
        batch = line.batch(split(self.splitter(), [self.wire()]) or [b"?"])
        work = Work(line.feed, batch)
        work.read = line.feed.read(batch)
        assert line.heard() == b"" and not line.session.closing, (
            "the device heard something before its rows were written"
        )
        said = b"".join(data for _, data in work.read.replies)
        make_durable(line.gateway, work)
        assert sum(e.batch.height for e in self._journal.read(0) if e.table == "raw_frame") == len(batch)
        acknowledge(line.gateway, work)
        assert line.heard() == said
        store_records(line.gateway, work.read)
        assert line.heard() == b"".join(record.stored for record in work.read.records)

    def test_a_record_that_is_stored_once_more_changes_nothing(self) -> None:
        """A device that heard no answer sends it again: storing may be repeated and the answer is the same."""
        for record in self._read(self.frames()).records:
            record.store()
            before = rows_in_registers()
            record.store()
            assert rows_in_registers() == before, f"{record.what} was stored twice"

    # --- being asked ------------------------------------------------------------------------------------------------

    def test_an_unknown_command_is_refused_with_a_sentence(self) -> None:
        line = self.line()
        with pytest.raises(HaiheError):
            line.feed.command(line.session, "no_such_command", {})

    def test_the_registers_can_be_read_again_at_any_time(self) -> None:
        line = self.line()
        line.feed.refresh()
        line.feed.read(line.batch(self.frames()))
        line.feed.refresh()

    def _read(self, frames: list[bytes]) -> Read:
        line = self.line()
        return line.feed.read(line.batch(frames))


def said_by(read: Read) -> bytes:
    """All that is answered where everything could be stored."""
    return b"".join(data for _, data in read.replies) + b"".join(record.stored for record in read.records)


def rows_in_registers() -> dict[str, int]:
    """How many rows each table of the registers has."""
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def rows_of(read: Read) -> Counter[str]:
    """How often each row is there, whatever the order; when it was received does not count."""

    def told(row: dict[str, Any]) -> str:
        return repr(sorted((key, value) for key, value in row.items() if key not in ("received_at", "quality")))

    found = Counter[str]()
    for name, rows in read.tables:
        for row in get_table(name).conform(rows).iter_rows(named=True):
            found[f"{name} {told({k: v for k, v in row.items() if name != 'raw_frame' or k != 'observed_at'})}"] += 1
    return found
