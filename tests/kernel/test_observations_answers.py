"""What was asked about one thing before is answered as by a process that never heard it, and read from new files only."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from haihe.kernel.errors import HaiheError
from haihe.kernel.observations import answers
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.queries import observations
from haihe.kernel.observations.question import Box
from haihe.testing.observations import START, Store, positions, store_in

KEY = ["observed_at", "longitude_deg"]
HERE: Box = (117.0, 39.0, 117.2, 39.3)
COLUMNS = ["longitude_deg", "observed_at", "speed_kmh"]


def of_one(store: Store, minutes: int = 60, box: Box | None = None, columns: list[str] | None = None) -> pl.DataFrame:
    until = START + timedelta(minutes=minutes)
    asked = observations("position", [2], START, until, box, columns, journals=[store.journal], lake=store.lake)
    return asked.collect().sort(KEY)


def append(store: Store, minute: int) -> None:
    batch = positions(things=3, each=4, start=START + timedelta(minutes=minute), seed=minute)
    store.journal.append([("position", batch)])


def feed(store: Store, *minutes: int) -> None:
    """A file of the lake for each."""
    for minute in minutes:
        append(store, minute)
        feed_once(store.journal, store.lake)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files were read, each time any were."""
    found: list[int] = []
    stored_rows = Lake.stored_rows

    def counted(self: Lake, table: str, paths: list[str], schema: dict[str, pl.DataType]) -> pl.LazyFrame:
        found.append(len(paths))
        return stored_rows(self, table, paths, schema)

    monkeypatch.setattr(Lake, "stored_rows", counted)
    return found


STEPS = ["append", "feed", "feed", "compact", "expire", "ask", "ask for less", "ask within", "ask for columns"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=24))
def test_whatever_happens_between_questions(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    folder = tmp_path_factory.mktemp("answers")
    store, other = store_in(folder), store_in(folder)
    questions = {"ask": (60, None, None), "ask for less": (5, None, None), "ask within": (60, HERE, None), "ask for columns": (60, None, COLUMNS)}  # fmt: skip
    for minute, step in enumerate([*steps, *questions]):
        if step == "append":
            append(other, minute)
        elif step == "feed":
            feed(other, minute)
        elif step == "compact":
            compact_once(other.lake, "position", START + timedelta(days=2))
        elif step == "expire":
            other.lake.expire("position", START.date() + timedelta(days=1 if minute % 2 else 0))
        else:
            fresh = store_in(folder)
            assert_frame_equal(of_one(store, *questions[step]), of_one(fresh, *questions[step]))
            fresh.journal.close()
    store.journal.close()
    other.journal.close()


def test_files_are_read_once_for_a_question(store: Store, reads: list[int]) -> None:
    feed(store, 0, 1, 2)
    assert of_one(store).height == 12
    assert of_one(store).height == 12
    assert reads == [3]
    feed(store, 3)
    append(store, 4)
    assert of_one(store).height == 20
    assert reads == [3, 1]


def test_another_question_is_another_answer(store: Store, reads: list[int]) -> None:
    feed(store, 0, 1, 2)
    assert of_one(store).height == 12
    assert of_one(store, columns=COLUMNS).columns == COLUMNS
    assert of_one(store, box=(0.0, 0.0, 1.0, 1.0)).height == 0
    assert reads == [3, 3]


def test_a_span_that_is_most_of_the_files_is_taken_from_all_their_rows(store: Store, reads: list[int]) -> None:
    """An hour that ends now, asked for each minute, is read once; a minute of a day is looked for among the times."""
    feed(store, 0, 1, 2, 3)
    assert of_one(store, minutes=4).height == 16
    assert of_one(store, minutes=60).height == 16
    assert reads == [4]
    with store.lake.exclusive():
        store.lake.append("position", positions(things=3, each=200, start=START, every_s=60), writer="another", seq=1)
    del reads[:]
    assert of_one(store, minutes=2).height == 8 + 2
    assert of_one(store, minutes=3).height == 12 + 3
    assert reads == [3, 4]


def test_a_column_that_only_the_journal_has_yet(store: Store) -> None:
    before = positions(things=3, each=4).drop("mileage_km")
    with store.lake.exclusive():
        store.lake.append("position", before, writer="an earlier release", seq=1)
    append(store, 1)
    asked = observations("position", [2], columns=["mileage_km"], journals=[store.journal], lake=store.lake)
    assert asked.collect()["mileage_km"].is_null().to_list() == [True] * 4 + [False] * 4


def test_long_answers_and_many_things_are_read_each_time(
    store: Store, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SHORT_ROWS", 11)
    feed(store, 0, 1, 2)
    for _ in range(2):
        of_one(store)
        observations("position", [1, 2], journals=[store.journal], lake=store.lake).collect()
    assert reads == [3, 3, 3, 3]


@pytest.mark.parametrize("bound", ["KEPT_ROWS", "KEPT_ANSWERS"])
def test_of_too_much_what_was_asked_first_is_forgotten(
    store: Store, reads: list[int], monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(answers, bound, {"KEPT_ROWS": 25, "KEPT_ANSWERS": 2}[bound])
    feed(store, 0, 1, 2)
    first, second, third = ["speed_kmh"], ["heading_deg"], ["altitude_m"]
    for columns in (first, second, first, third):
        of_one(store, columns=[*KEY, *columns])
    del reads[:]
    of_one(store, columns=[*KEY, *first])
    assert reads == []
    of_one(store, columns=[*KEY, *second])  # that was not asked for since
    assert reads == [3]


def test_rows_stay_no_longer_than_somebody_looks(
    store: Store, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(answers.time, "monotonic", lambda: now[0])
    feed(store, 0, 1)
    of_one(store)
    now[0] += answers.KEPT_S + 1
    of_one(store, columns=COLUMNS)
    of_one(store)
    assert reads == [2, 2, 2]


def test_an_answer_that_could_not_be_read_is_not_kept(store: Store, tmp_path: Path) -> None:
    feed(store, 0)
    (file,) = (tmp_path / "store" / "lake").rglob("*.parquet")
    away = file.rename(file.with_suffix(".away"))
    with pytest.raises(HaiheError, match="A file is missing"):
        of_one(store)
    away.rename(file)
    assert of_one(store).height == 4
