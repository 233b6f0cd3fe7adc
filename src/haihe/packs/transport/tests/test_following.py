"""What open maps are told: everything first, then only what is new, whatever the feeder and the worker do meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from haihe.kernel.observations.feeder import feed_once
from haihe.packs.transport import following
from haihe.packs.transport.following import Followed
from haihe.testing.observations import START, Store, positions, store_in


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
    return store_in(tmp_path)


def drive(store: Store, things: int, minute: int, first_thing: int = 1) -> pl.DataFrame:
    rows = positions(things, 1, start=START + timedelta(minutes=minute), seed=minute, first_thing=first_thing)
    store.journal.append([("position", rows)])
    return rows


def told(rows: pl.DataFrame) -> dict[int, float]:
    return dict(rows.select("thing", "longitude_deg").iter_rows())


def test_a_viewer_is_told_everything_once_and_then_only_what_is_new(store: Store) -> None:
    drive(store, 5, 0)
    followed = Followed([store.journal], store.latest)
    rows, mark, only_changes = followed.since("")
    assert rows.height == 5 and not only_changes
    rows, mark, only_changes = followed.since(mark)
    assert rows.height == 0 and only_changes
    moved = drive(store, 2, 1, first_thing=4)
    rows, later, only_changes = followed.since(mark)
    assert only_changes and told(rows) == told(moved)
    assert followed.since(later)[0].height == 0
    assert told(followed.since(mark)[0]) == told(moved), (
        "another viewer who stands where this one stood is told the same"
    )


def test_a_mark_of_another_process_brings_everything(store: Store) -> None:
    drive(store, 3, 0)
    _, mark, _ = Followed([store.journal], store.latest).since("")
    for wrong in (mark, "", "x", "-", f"{mark}9", mark.replace("-", "")):
        rows, _, only_changes = Followed([store.journal], store.latest).since(wrong)
        assert rows.height == 3 and not only_changes, wrong


def test_a_row_that_is_late_moves_nothing(store: Store) -> None:
    drive(store, 3, 5)
    followed = Followed([store.journal], store.latest)
    before, mark, _ = followed.since("")
    drive(store, 3, 1)
    assert followed.since(mark)[0].height == 0
    assert told(followed.since("")[0]) == told(before)


def test_nothing_is_missed_when_the_journal_was_emptied_while_nobody_looked(store: Store) -> None:
    drive(store, 4, 0)
    followed = Followed([store.journal], store.latest)
    _, mark, _ = followed.since("")
    moved = drive(store, 2, 1)
    store.latest.advance()
    feed_once(store.journal, store.lake)
    assert store.journal.waiting()[1] == 0
    again = drive(store, 1, 2, first_thing=3)
    rows, mark, only_changes = followed.since(mark)
    assert only_changes and told(rows) == told(moved) | told(again)
    assert followed.since(mark)[0].height == 0


def test_an_empty_district_has_nothing_to_tell(store: Store) -> None:
    followed = Followed([store.journal], store.latest)
    rows, mark, _ = followed.since("")
    assert rows.height == 0 and followed.since(mark)[0].height == 0
    assert told(followed.since(mark)[0]) == {}
    moved = drive(store, 2, 1)
    assert told(followed.since(mark)[0]) == told(moved)
