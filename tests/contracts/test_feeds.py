"""Every installed feed keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from haihe.kernel.feeds.feed import Batch, Feed, Read, all_feeds
from haihe.kernel.feeds.rows import raw_frames
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds import JT808
from haihe.packs.transport.jt808.build import location_body
from haihe.packs.transport.jt808.codec import encode
from haihe.packs.transport.models import Terminal
from haihe.packs.transport.registers import authentication_code
from haihe.packs.transport.simulator.answering import DRIVER
from haihe.packs.transport.simulator.registering import register_synthetic, synthetic_carrier, synthetic_terminals
from haihe.testing.feeds import START_US, FeedContract


class TestJT808(FeedContract):
    """A registered terminal signs on, beats, reports, sends what it kept, signs off, and reports once more."""

    feed = JT808

    @pytest.fixture(autouse=True)
    def _registered(self, account_with: Any) -> None:
        account = account_with("supervisor")
        register_synthetic(account, synthetic_carrier(account), count=1)

    def wire(self) -> bytes:
        terminal, at = synthetic_terminals(1)[0], datetime.fromtimestamp(START_US / 1e6, tz=UTC)
        code = authentication_code(Terminal.objects.get())
        card = {"message_id": "0x0702", "version": terminal.version, "phone": terminal.phone, "body": DRIVER | {"time": "2026-03-02T08:00:00+08:00"}}  # fmt: skip
        sign_off = {"message_id": "0x0003", "version": terminal.version, "phone": terminal.phone, "body": {}}
        kept = [location_body(at, 117.4, 39.0, speed) for speed in (50, 60)]
        said = (
            terminal.registration(), terminal.authentication(code), terminal.heartbeat(), terminal.location(at, 117.5, 39.1, 63.5, mileage_km=12.5),
            encode({**card, "serial": 98}), terminal.batch(kept), terminal.location(at, 117.6, 39.1, 0), encode({**sign_off, "serial": 99}), terminal.location(at, 117.7, 39.1, 0),
        )  # fmt: skip
        return b"".join(said)

    def test_the_terminal_of_the_wire_is_believed(self) -> None:
        """Otherwise its positions would prove nothing above."""
        tables = dict(self._read(self.frames()).tables)
        assert tables["position"].height >= 4 and tables["position"]["thing"].null_count() == 0
        assert 0 not in tables["position"]["thing"]


WITH_A_WIRE = {JT808}
# Feeds that nobody has written a wire for are tried with bytes of no sense.
for _feed in all_feeds():
    if type(_feed) not in WITH_A_WIRE:
        _name = f"Test{type(_feed).__name__}"
        globals()[_name] = type(_name, (FeedContract,), {"feed": type(_feed), "__module__": __name__})


def test_every_installed_feed_is_tried() -> None:
    tried = {known.feed for name, known in globals().items() if name.startswith("Test") and hasattr(known, "feed")}
    assert {type(feed) for feed in all_feeds()} <= tried


# --- the contract notices -----------------------------------------------------------------------------------------------


class Lines:
    """A splitter that keeps the contract."""

    def __init__(self) -> None:
        self.rest, self.dropped_bytes, self.skipping = b"", 0, False

    def feed(self, data: bytes) -> list[bytes]:
        frames = []
        for piece in BytesIO(data):
            whole, ends = self.rest + piece.removesuffix(b"\n"), piece.endswith(b"\n")
            if self.skipping or len(whole) > 200:
                self.dropped_bytes += len(whole)
                self.skipping, self.rest = not ends, b""
            elif ends:
                frames.append(whole)
                self.rest = b""
            else:
                self.rest = whole
        return frames


class Good(Feed):
    """Lines, each answered."""

    name, title_zh, title_en, default_port = "good", "行", "Lines", 7700

    def splitter(self) -> Any:
        return Lines()

    def read(self, batch: Batch) -> Read:
        replies = [(session, b"ok\n") for session in batch.sessions]
        return Read(tables=[("raw_frame", raw_frames(self.name, batch))], replies=replies)


class Contract(FeedContract):
    """Not collected by its name; its tests are called below."""

    def wire(self) -> bytes:
        return b"".join(b"7,%d.5\n" % n for n in range(12))


class TestGood(Contract):
    feed = Good


class Nameless(Good):
    name = "Good Feed"


class OneReadOneFrame(Good):
    """Takes whatever one read brought for whole frames."""

    def splitter(self) -> Any:
        class Hasty(Lines):
            def feed(self, data: bytes) -> list[bytes]:
                return [part for part in data.split(b"\n") if part]

        return Hasty()


class Hoarder(Good):
    def splitter(self) -> Any:
        class Hoards(Lines):
            def feed(self, data: bytes) -> list[bytes]:
                *frames, self.rest = (self.rest + data).split(b"\n")
                return frames

        return Hoards()


class Silent(Good):
    """Drops what is too long and does not count it."""

    def splitter(self) -> Any:
        class Uncounted(Lines):
            def feed(self, data: bytes) -> list[bytes]:
                frames = super().feed(data)
                self.dropped_bytes = 0
                return frames

        return Uncounted()


class Fragile(Good):
    def splitter(self) -> Any:
        class Believes(Lines):
            def feed(self, data: bytes) -> list[bytes]:
                data.decode("ascii")
                return super().feed(data)

        return Believes()


class Believer(Good):
    """Reads numbers without looking."""

    def read(self, batch: Batch) -> Read:
        for frame in batch.frames:
            float(frame.split(b",")[1])
        return super().read(batch)


class Forgetful(Good):
    """Keeps only frames that it understands."""

    def read(self, batch: Batch) -> Read:
        kept = [n for n, frame in enumerate(batch.frames) if frame.startswith(b"7,")]
        few = Batch(*([column[n] for n in kept] for column in (batch.frames, batch.sessions, batch.received_us)))
        return super().read(few)


class Misfit(Good):
    def read(self, batch: Batch) -> Read:
        read = super().read(batch)
        read.tables.append(("position", raw_frames(self.name, batch).select("thing", "received_at")))
        return read


class Chatty(Good):
    """Answers while it reads."""

    def read(self, batch: Batch) -> Read:
        for session in batch.sessions:
            session.send(b"ok\n")
        return super().read(batch)


class Moody(Good):
    """Says something else every time."""

    moods = itertools.count()

    def read(self, batch: Batch) -> Read:
        told = [f"{next(self.moods)}" for _ in batch.frames]
        return Read(tables=[("raw_frame", raw_frames(self.name, batch, told))])


class OncePerBatch(Good):
    """What it stores depends on how busy the gateway was."""

    def read(self, batch: Batch) -> Read:
        read = super().read(batch)
        return Read(tables=read.tables, replies=read.replies[:1])


class Misdirected(Good):
    def read(self, batch: Batch) -> Read:
        stranger = Session(batch.sessions[0].gateway, self)
        return Read(tables=super().read(batch).tables, replies=[(stranger, b"ok\n")])


class Grudging(Good):
    def command(self, session: Session, kind: str, content: dict[str, object]) -> tuple[int, bytes]:
        raise KeyError(kind)


class Insistent(Good):
    """Answers although nobody asked."""

    def read(self, batch: Batch) -> Read:
        batch.sessions.append(batch.sessions[0]) if batch.sessions else None
        return Read(tables=[("raw_frame", pl.DataFrame({"thing": [1]}))])


@pytest.mark.parametrize(
    ("feed", "test"),
    [
        (Nameless, "it_has_a_name_two_titles_and_a_port"),
        (OneReadOneFrame, "frames_do_not_depend_on_how_bytes_arrive"),
        (Hoarder, "what_never_ends_is_dropped_counted_and_not_kept"),
        (Silent, "what_never_ends_is_dropped_counted_and_not_kept"),
        (Fragile, "cutting_never_raises_and_an_empty_piece_is_nothing"),
        (Believer, "every_frame_is_kept_as_it_came"),
        (Forgetful, "every_frame_is_kept_as_it_came"),
        (Misfit, "rows_fit_their_tables"),
        (Chatty, "nothing_is_said_before_it_is_durable"),
        (Moody, "the_same_batch_says_the_same"),
        (OncePerBatch, "it_does_not_matter_how_frames_fall_into_batches"),
        (Misdirected, "answers_go_to_those_who_asked"),
        (Insistent, "an_empty_batch_says_nothing"),
        (Grudging, "an_unknown_command_is_refused_with_a_sentence"),
    ],
)
def test_the_contract_notices(feed: type[Feed], test: str, db: None, tmp_path: Path) -> None:
    contract = Contract()
    type(contract).feed = feed
    with contract.connections(tmp_path), pytest.raises(Exception):  # noqa: B017  (a failed claim, or what the feed raised)
        getattr(contract, f"test_{test}")()
