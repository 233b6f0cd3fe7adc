"""A process that has seen the journal before answers as one that sees it for the first time, and unpacks only what is new."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from haihe.kernel.observations import tail
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.queries import observations
from haihe.kernel.observations.tail import tail_of
from haihe.testing.observations import START, Store, positions, store_in

KEY = ["thing", "observed_at", "longitude_deg"]


def rows_of(store: Store) -> pl.DataFrame:
    return observations("position", journals=[store.journal], lake=store.lake).collect().sort(KEY)


def append(store: Store, minute: int) -> int:
    batch = positions(things=3, each=4, start=START + timedelta(minutes=minute), seed=minute)
    return store.journal.append([("position", batch)])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["append", "append", "feed", "feed some", "set aside", "ask", "compact"]), max_size=24))
def test_whatever_happens_between_questions(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    folder = tmp_path_factory.mktemp("tail")
    store, other = store_in(folder), store_in(folder)
    for minute, step in enumerate([*steps, "ask"]):
        if step == "append":
            append(other, minute)
        elif step.startswith("feed"):
            feed_once(other.journal, other.lake, limit_rows=15 if step == "feed some" else 1000)
        elif step == "set aside":
            for entry in other.journal.read(other.lake.transaction("position", other.journal.identity))[1:2]:
                other.journal.set_aside(entry.seq, "a test", "position")
        elif step == "compact":
            compact_once(other.lake, "position", START)
        else:
            fresh = store_in(folder)
            assert_frame_equal(rows_of(store), rows_of(fresh))
            fresh.journal.close()
    store.journal.close()
    other.journal.close()


def test_a_question_unpacks_only_what_is_new(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked: list[int] = []
    joined = tail.joined
    monkeypatch.setattr(tail, "joined", lambda entries: unpacked.append(len(entries)) or joined(entries))
    for minute in range(3):
        append(store, minute)
    assert rows_of(store).height == 36
    append(store, 4)
    assert rows_of(store).height == rows_of(store).height == 48
    feed_once(store.journal, store.lake)
    append(store, 5)
    assert rows_of(store).height == 60
    assert unpacked == [3, 1, 0, 1]


def test_what_the_lake_has_is_not_kept_and_parts_stay_few(store: Store) -> None:
    kept = tail_of(store.journal, "position")
    for minute in range(40):
        append(store, minute)
        assert rows_of(store).height == 12 * (minute + 1)
        assert len(kept._parts) <= tail.KEPT_PARTS
    feed_once(store.journal, store.lake)
    assert rows_of(store).height == 480 and kept._parts == []


def test_a_backlog_is_answered_from_and_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "KEPT_ROWS", 30)
    for minute in range(4):
        append(store, minute)
        assert rows_of(store).height == 12 * (minute + 1)
    assert tail_of(store.journal, "position")._parts == []


def test_what_could_not_be_joined_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    append(store, 0)
    assert rows_of(store).height == 12
    append(store, 1)

    def fail(entries: object) -> None:
        raise MemoryError

    with monkeypatch.context() as short_of_memory, pytest.raises(MemoryError):
        short_of_memory.setattr(tail, "joined", fail)
        rows_of(store)
    assert rows_of(store).height == 24


def test_a_journal_that_was_made_anew_is_not_mixed_with_the_one_before(store: Store) -> None:
    append(store, 0)
    append(store, 1)
    assert rows_of(store).height == 24
    store.journal.close()
    for path in Path(store.journal.path).parent.glob("journal.sqlite3*"):
        path.unlink()
    append(store, 2)
    assert rows_of(store).height == 12


def test_many_threads_ask_while_rows_are_appended_and_fed(store: Store) -> None:
    wrong: list[str] = []
    over = threading.Event()

    def ask() -> None:
        before = 0
        while not over.is_set():
            rows = rows_of(store)
            if rows.height % 12 or rows.height < before or rows.unique(KEY).height != rows.height:
                wrong.append(f"{before} → {rows.height}")
            before = rows.height

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for minute in range(60):
        append(store, minute)
        if minute % 7 == 6:
            feed_once(store.journal, store.lake)
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == [] and rows_of(store).height == 720
