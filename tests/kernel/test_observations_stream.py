"""The journal on JetStream: what is common with the embedded journal is asked by the same tests; then what is its own.

One node of Debian's nats-server (2.9); tests/scenarios/test_stream_road.py kills nodes of a cluster.
"""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.kernel import (
    test_observations_journal,
    test_observations_lake,
    test_observations_latest,
    test_observations_tail,
)

from haihe import deployment
from haihe.kernel.errors import ConfigurationError, InvalidInput, NotStored
from haihe.kernel.observations import (
    stores,
    stream_client,
    stream_journal,
    stream_message,
    stream_reader,
    stream_store,
    upkeep,
)
from haihe.kernel.observations.appender import Appender, split
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.latest import Latest, NewestOfAll, coalesced
from haihe.kernel.observations.queries import latest, observations
from haihe.kernel.observations.standard import RawFrame
from haihe.kernel.observations.stream_client import StreamClient, addresses
from haihe.kernel.observations.stream_journal import StreamJournal
from haihe.kernel.observations.stream_sending import Sent
from haihe.testing.observations import START, Store, positions
from haihe.testing.streams import MISSING, broker, name_of, program

pytestmark = pytest.mark.xdist_group("stream")


@pytest.fixture(scope="session")
def client(stream_url: str) -> Iterator[StreamClient]:
    made = StreamClient(stream_url)
    yield made
    made.close()


@pytest.fixture
def journal(client: StreamClient, request: pytest.FixtureRequest) -> StreamJournal:
    return StreamJournal(client, name_of(request.node.name))


@pytest.fixture
def store(journal: StreamJournal, tmp_path: Path) -> Store:
    """Hides the fixture of the embedded journal for the tests below."""
    lake = Lake(tmp_path / "lake")
    return Store(journal, lake, Latest(tmp_path / "latest", journal, lake))


# --- the same claims as of the embedded journal ---------------------------------------------------------------------------

test_nothing_of_a_refused_call_is_stored = (
    test_observations_journal.test_a_batch_that_does_not_fit_is_refused_and_nothing_of_its_call_is_stored
)
test_cursors = test_observations_journal.test_cursors_never_go_back_and_can_be_dropped
test_unpacks_only_what_is_new = test_observations_tail.test_a_question_unpacks_only_what_is_new
test_many_threads_ask = test_observations_tail.test_many_threads_ask_while_rows_are_appended_and_fed
test_from_journal_and_lake = test_observations_lake.test_rows_come_back_equal_from_journal_and_lake
test_a_feed_repeated = test_observations_lake.test_a_feed_repeated_after_a_kill_before_trimming_counts_once
test_not_trimmed_before_read = test_observations_lake.test_nothing_is_trimmed_that_a_consumer_has_not_read
test_torn_commit = test_observations_lake.test_a_torn_commit_is_taken_back_and_its_rows_come_again_from_the_journal
test_set_aside_by_the_lake = (
    test_observations_lake.test_a_batch_that_the_lake_cannot_take_is_set_aside_and_the_others_go_on
)
test_feeding_is_due = test_observations_lake.test_feeding_is_due_after_50_000_rows_or_60_seconds
test_threads = test_observations_lake.test_threads_share_one_store
test_out_of_order = test_observations_latest.test_rows_out_of_order_never_replace_newer_ones
test_clocks = test_observations_latest.test_a_clock_in_2099_does_not_stick_and_one_in_1970_is_not_lost
test_beside_an_older_file = (
    test_observations_latest.test_rows_fed_before_the_consumer_ever_ran_or_beside_an_older_file_are_there
)
test_some_things = test_observations_latest.test_asking_for_some_things_gives_those
test_numbers_go_on = test_observations_journal.test_numbers_are_never_given_again_after_trimming


# --- messages -------------------------------------------------------------------------------------------------------------


def test_one_append_is_one_message_and_is_never_cut(journal: StreamJournal) -> None:
    frames = RawFrame.check(positions().select("thing", "observed_at", "received_at"))
    assert journal.append([("position", positions()), ("raw_frame", frames)]) == 1
    assert journal.append([("position", positions(seed=2))]) == 2
    assert [(e.seq, e.table) for e in journal.read(0, limit_rows=1)] == [(1, "position"), (1, "raw_frame")]
    entries, seq = journal.news(0, 1, only=["raw_frame"])
    assert [e.table for e in entries] == ["raw_frame"] and seq == 1
    assert journal.news(1, 50_000, only=["raw_frame"]) == ([], 2)
    assert journal.waiting(0, "raw_frame")[:2] == (1, 1000) and journal.waiting(1)[:2] == (1, 1000)


def test_more_than_the_server_takes_in_one_message_is_split_by_rows_and_keeps_its_order(journal: StreamJournal) -> None:
    dice = positions(things=400, each=100)
    assert len(journal.messages([("position", dice)])) > 1
    journal.append([("position", dice)])
    assert pl.concat([entry.batch for entry in journal.read(0, 1 << 62)]).equals(dice)


def test_a_row_longer_than_any_message_is_refused_with_what_to_do() -> None:
    frame = (
        positions(things=1, each=1).select("thing", "observed_at", "received_at").with_columns(data=pl.lit("x" * 9000))
    )
    with pytest.raises(InvalidInput, match="max_payload"):
        stream_message.messages([("raw", RawFrame.check(frame).with_columns(data=pl.lit("x" * 9000)))], 10_000)


def test_a_message_that_tells_the_span_of_its_times_is_read_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they were written before 2026-11-29."""
    batch = positions(things=2)
    [message] = stream_message.messages([("position", batch)], 1_000_000)
    [part] = stream_message.read(message) or []
    monkeypatch.setattr(
        stream_message.json,
        "dumps",
        lambda heads, **_: f'[["position",{heads[0][1]},5,null,{heads[0][2]},{heads[0][3]}]]',
    )
    older = stream_message.written([(part.table, part.rows, part.checksum, bytes(part.payload))])
    assert older != message
    [same] = stream_message.read(older) or []
    assert same.batch().equals(batch)
    assert stream_message.read(older[:30]) is None


def test_a_damaged_message_is_set_aside_once_with_its_bytes_and_stops_nothing(journal: StreamJournal) -> None:
    journal.append([("position", positions(seed=1))])
    good = journal.messages([("position", positions(seed=2))])[0]
    body, head = bytearray(good), bytearray(good)
    body[-100] ^= 0xFF
    head[14] ^= 0xFF
    journal.publish([Sent(bytes(body)), Sent(bytes(head))])
    journal.append([("position", positions(seed=3))])
    other = StreamJournal(journal.client, journal.prefix)  # another process: it sees what the first has set aside
    for reader in (journal, other, journal):
        assert [e.seq for e in reader.read(0)] == [1, 4]
    assert [row[:3] for row in journal.list_set_aside()] == [(2, "position", 1000), (3, "", 0)]
    kept = journal.client.call(lambda js: js.get_msg(f"{journal.prefix}-aside", 1))
    assert kept.data == bytes(body)


def test_a_repetition_after_an_answer_that_was_lost_is_dropped(
    journal: StreamJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message arrives, its acknowledgement does not: as when the leader is killed in between."""
    batches = [("position", positions())]
    arrived = StreamJournal._put

    async def lost(self: Any, js: Any, message: bytes, name: str) -> int:
        await arrived(self, js, message, name)
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr(StreamJournal, "_put", lost)
        patch.setattr(stream_journal, "APPEND_S", 0.3)
        with pytest.raises(NotStored, match="does not answer"):
            journal.append(batches)
    assert journal.append(batches) == 1 and [entry.seq for entry in journal.read(0)] == [1]
    assert journal.append(batches) > 1, "the same rows appended again on purpose are stored again"
    assert len(journal.read(0)) == 2


def test_before_a_repetition_an_empty_message_makes_the_leader_know_what_came_before(
    journal: StreamJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader that has not applied the first copy would store a second: the copies are then on both sides of the empty message."""
    put, told = StreamJournal._put, []

    async def first_unanswered(self: Any, js: Any, message: bytes, name: str) -> int:
        told.append((message == stream_journal.EMPTY, name))
        if len(told) == 1:
            raise TimeoutError
        return await put(self, js, message, name)

    monkeypatch.setattr(StreamJournal, "_put", first_unanswered)
    assert journal.append([("position", positions())]) == 2
    (_, name), (is_empty, other), (_, again) = told
    assert is_empty and name == again != other
    assert [entry.seq for entry in journal.read(0)] == [2] and journal.waiting()[:2] == (1, 1000)
    assert journal.news(0, 1 << 62)[1] == 2


def test_a_reader_keeps_messages_within_bounds(journal: StreamJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_reader, "CACHE_BYTES", 200_000)
    for seed in range(8):
        journal.append([("position", positions(seed=seed))])
    assert len(journal.read(0, 1 << 62)) == 8 and len(journal.read(0, 1 << 62)) == 8
    assert 0 < journal._cached_bytes <= 200_000
    feed = journal.trim(8)
    assert feed == 8 and journal._cached_bytes == 0 and journal.read(0) == [] and journal.state().last_seq == 8


def test_two_processes_note_cursors_at_once_and_none_is_lost(journal: StreamJournal) -> None:
    def move(name: str) -> None:
        for seq in range(1, 21):
            journal.set_cursor(name, seq)

    threads = [threading.Thread(target=move, args=[name]) for name in ("rules", "latest", "lake")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.cursors() == {"rules": 20, "latest": 20, "lake": 20}


# --- partitions -----------------------------------------------------------------------------------------------------------


def parts_of(client: StreamClient, name: str, count: int) -> list[StreamJournal]:
    return [StreamJournal(client, name, number, count) for number in range(count)]


def test_rows_of_a_thing_go_to_one_partition_in_order_and_rows_of_none_are_not_lost() -> None:
    rows = positions(things=7, each=30)
    rows = rows.with_columns(thing=pl.when(pl.col("thing") == 3).then(None).otherwise(pl.col("thing")))
    parts = split([("position", rows)], 3)
    seen = pl.concat([batch.with_columns(part=pl.lit(n)) for n, part in enumerate(parts) for _, batch in part])
    assert (
        seen.height == rows.height
        and seen.filter(pl.col("thing").is_not_null())
        .group_by("thing")
        .agg(pl.col("part").n_unique())["part"]
        .to_list()
        == [1] * 6
    )
    for (thing,), mine in seen.partition_by("thing", as_dict=True).items():
        if thing is not None:
            assert mine.drop("part").equals(rows.filter(pl.col("thing") == thing))


def test_the_lake_and_the_newest_rows_of_several_partitions_are_those_of_one(
    client: StreamClient, tmp_path: Path, store: Store
) -> None:
    journals, lake = parts_of(client, name_of("parts"), 3), Lake(tmp_path / "wide")
    appender = Appender(journals)
    newest = NewestOfAll([Latest(tmp_path / "newest" / str(n), one, lake) for n, one in enumerate(journals)])
    for seed in range(4):
        batch = positions(things=11, each=10, seed=seed)
        appender.append([("position", batch)])
        store.journal.append([("position", batch)])
        if seed == 1:
            for journal in journals:
                feed_once(journal, lake)
        if seed == 2:
            newest.advance()
    for journal in journals:
        feed_once(journal, lake)
        feed_once(journal, lake)
    order = ["thing", "observed_at", "received_at"]
    feed_once(store.journal, store.lake)
    mine = observations("position", journals=journals, lake=lake).collect().sort(*order)
    assert mine.equals(observations("position", journals=[store.journal], lake=store.lake).collect().sort(*order))
    assert newest.read("position").equals(store.latest.read("position"))


def test_after_one_partition_failed_the_others_do_not_get_their_rows_again(
    client: StreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals = parts_of(client, name_of("half"), 3)
    appender, batches, whole = Appender(journals), [("position", positions(things=9, each=5))], StreamJournal.publish

    def fails(self: StreamJournal, outgoing: Any) -> int:
        if self.partition == 1:
            raise NotStored("zh", "no leader")
        return whole(self, outgoing)

    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(StreamJournal, "publish", fails)
            with pytest.raises(NotStored, match="no leader"):
                appender.append(batches)
    appender.append(batches)
    assert [journal.waiting()[:2] for journal in journals] == [(1, 15)] * 3
    appender.append(batches)
    assert [journal.waiting()[:2] for journal in journals] == [(2, 30)] * 3, "on purpose, it is stored again"


def test_another_number_of_partitions_is_refused(client: StreamClient) -> None:
    name = name_of("fixed")
    assert [journal.last_seq() for journal in parts_of(client, name, 2)] == [0, 0]
    with pytest.raises(ConfigurationError, match="made with 2 partitions"):
        parts_of(client, name, 3)[0].append([("position", positions())])


MAKER = """
import sys
from haihe.kernel.observations.stream_client import StreamClient
from haihe.kernel.observations.stream_journal import StreamJournal
from haihe.kernel.observations.stream_sending import Sent
from haihe.testing.observations import positions
journal = StreamJournal(StreamClient(sys.argv[1]), sys.argv[2])
for n in range(20):
    journal.append([("position", positions(things=1, each=3, first_thing=int(sys.argv[3]) + n))])
print(journal.identity)
"""


def test_processes_that_come_first_at_once_make_one_stream_and_append_all(
    stream_url: str, journal: StreamJournal
) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", MAKER, stream_url, journal.prefix, str(first)], stdout=subprocess.PIPE, text=True
        )
        for first in (1000, 2000)
    ]
    told = {child.communicate(timeout=60)[0].strip() for child in children}
    assert told == {journal.identity}
    assert pl.concat([e.batch for e in journal.read(0, 1 << 62)])["thing"].n_unique() == 40


# --- faults ---------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(program() is None, reason=MISSING)
def test_without_a_broker_it_says_so_and_goes_on_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_journal, "APPEND_S", 0.5)
    with broker() as made:
        journal = StreamJournal(StreamClient(made.url), "away")
        batches = [("position", positions())]
        assert journal.append(batches) == 1
        made.nodes[0].kill()
        started = time.monotonic()
        with pytest.raises(NotStored, match="does not answer"):
            journal.append(batches)
        assert time.monotonic() - started < 6
        made.nodes[0].start()
        made.wait()
        assert journal.append(batches) == 2
        assert [e.seq for e in journal.read(0)] == [1, 2]
        journal.client.close()


@pytest.mark.skipif(program() is None, reason=MISSING)
def test_a_wrong_password_is_told_as_such_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_client, "CONNECT_S", 0.5)
    with broker(more="authorization { user: haihe, password: right }\n") as made:
        good, bad = (StreamClient(made.url.replace("//", f"//haihe:{word}@")) for word in ("right", "wrong"))
        assert StreamJournal(good, "names").append([("position", positions())]) == 1
        with pytest.raises(ConfigurationError, match="refuses the name or password") as told:
            StreamJournal(bad, "names").append([("position", positions())])
        assert "wrong" not in str(told.value) + good.where + bad.where
        good.close()
        bad.close()


def test_a_stream_that_was_deleted_while_running_is_told(journal: StreamJournal) -> None:
    journal.append([("position", positions())])
    journal.client.call(lambda js: js.delete_stream(journal.stream))
    with pytest.raises(ConfigurationError, match="deleted or made anew"):
        journal.read(0)


def test_a_stream_shorter_than_what_was_dealt_with_is_told_and_not_passed_over(
    journal: StreamJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_store, "SETTLE_S", 0.2)
    journal.append([("position", positions())])
    with pytest.raises(ConfigurationError, match="HAIHE_STREAM_NAME"):
        journal.news(5, 1000)


def test_a_forked_process_has_a_connection_of_its_own(journal: StreamJournal) -> None:
    journal.append([("position", positions())])
    context = multiprocessing.get_context("fork")
    child = context.Process(target=journal.append, args=[[("position", positions(seed=2))]])
    child.start()
    child.join(20)
    assert child.exitcode == 0 and journal.append([("position", positions(seed=3))]) == 3


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="HAIHE_STREAM_URL"):
        addresses("localhost:4222")
    assert addresses("nats://a:1, nats://b:2") == ["nats://a:1", "nats://b:2"]


def test_nothing_of_nats_or_asyncio_is_loaded_without_the_setting() -> None:
    program = (
        "import sys\nfrom haihe.runtime import set_up_django\nset_up_django()\n"
        "from haihe.kernel.observations import stores, upkeep\nfrom haihe.kernel.alerts import processing\n"
        "stores.appender().append([])\nstores.journals()\nprint(sorted(n for n in sys.modules if n.split('.')[0] == 'nats'))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_a_message_that_the_stream_lost_stops_readers_and_is_then_passed_over_aloud(
    journal: StreamJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broker that purges more than it was told, as 2.9.10 can when it is killed: seen, because no number may be missing."""
    for seed in range(4):
        journal.append([("position", positions(seed=seed))])
    journal.client.call(lambda js: js.purge_stream(journal.stream, seq=3))
    monkeypatch.setattr(stream_reader, "TRIES", 9)
    with pytest.raises(NotStored, match=r"does not find message [12] now"):
        journal.news(0, 1 << 62)
    monkeypatch.setattr(stream_reader, "MISSED_S", 0.0)
    entries, seq = journal.news(0, 1 << 62)
    assert [entry.seq for entry in entries] == [3, 4] and seq == 4
    assert [(row[0], row[3]) for row in journal.list_set_aside()] == [
        (1, "the stream has lost this message"), (2, "the stream has lost this message")
    ]  # fmt: skip


def test_the_stream_keeps_its_newest_megabytes_when_it_is_trimmed_and_the_rest_goes(
    journal: StreamJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_journal, "KEEP_BYTES", 100_000)
    monkeypatch.setattr(stream_journal, "PURGE_MESSAGES", 2)
    for seed in range(12):
        journal.append([("position", positions(seed=seed))])
    assert len(journal.read(0, 1 << 62)) == 12 and journal.trim(11) == 11
    assert [entry.seq for entry in journal.read(0)] == [12]
    state = journal.client.call(lambda js: js.stream_info(journal.stream)).state
    assert 2 < state.first_seq < 12 and state.bytes > 100_000


# --- a district on a stream -----------------------------------------------------------------------------------------------


def test_pages_see_what_an_embedded_journal_left_and_what_the_streams_hold(
    stream_url: str, settings: Any, tmp_path: Path, db: None
) -> None:
    settings.HOME, settings.STREAM_URL, settings.LAKE_URL = tmp_path, "", ""
    before, after = positions(things=6, each=10), positions(things=3, each=10, start=START + timedelta(hours=1), seed=2)
    stores.appender().append([("position", before)])
    stores.own_latest().advance()
    settings.STREAM_URL, settings.STREAM_NAME, settings.STREAM_PARTITIONS = stream_url, name_of("seen"), 2
    stores.appender().append([("position", after)])
    both = pl.concat([before, after])

    def seen() -> None:
        assert latest("position").equals(coalesced(both))
        assert latest("position", [2, 5])["thing"].to_list() == [2, 5]
        assert observations("position").collect().height == both.height

    seen()
    upkeep.advance_latest(START)
    seen()
    upkeep.feed(START)
    upkeep.advance_latest(START)
    seen()
    status = upkeep.status()
    assert [journal.title.split("-")[-1] for journal in status.journals] == ["journal.sqlite3", "0", "1"]
    (position,) = [table for table in status.tables if table.name == "position"]
    assert (position.lake_rows, position.journal_rows) == (both.height, 0)
    (told,) = [finding for finding in deployment.findings(deploy=False) if "消息流" in finding.zh]
    assert not told.ok and "one replica" in told.en and "scale-out" in told.en
