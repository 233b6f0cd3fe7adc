"""More rows than memory holds: in the order of receipt, or thing by thing, some at a time; together exactly those of one question."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations import stores
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.queries import by_things, in_order_of_receipt, observations
from haihe.testing.observations import START, Store, positions

IN_ORDER = ["received_at", "thing", "observed_at"]
MINUTES = 30
MINUTE = timedelta(minutes=1)


@pytest.fixture
def district(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Half an hour of ten things, fed every three minutes, the first files compacted, the last minutes still in the journal; every
    fifth row was twenty minutes on its way."""
    for minute in range(MINUTES):
        rows = positions(things=10, each=6, start=START + minute * MINUTE, seed=minute)
        late = pl.when(pl.int_range(pl.len()) % 5 == 0).then(20 * MINUTE).otherwise(timedelta(0))
        store.journal.append([("position", rows.with_columns(observed_at=pl.col("observed_at") - late))])
        if minute % 3 == 2 and minute < 28:
            feed_once(store.journal, store.lake)
        if minute == 10:
            monkeypatch.setattr("haihe.kernel.observations.compaction.SMALL_FILES", 2)
            assert compact_once(store.lake, "position", START) > 1
    monkeypatch.setattr(stores, "journals", lambda: [store.journal])
    monkeypatch.setattr(stores, "lake", lambda: store.lake)
    yield store


@pytest.mark.parametrize("span", [(None, None), (START + 7 * MINUTE, START + 22 * MINUTE), (START - MINUTE, START)])
def test_batches_in_the_order_of_receipt_are_few_rows_each_and_together_all(district: Store, span: Any) -> None:
    batches = list(in_order_of_receipt("position", *span, rows_at_once=150))
    assert all(batch.height <= 150 for batch in batches)
    together = pl.concat([observations("position").collect().clear(), *batches])
    assert_frame_equal(together, observations("position", since=span[0], until=span[1]).collect().sort(IN_ORDER))


def test_no_more_is_collected_at_once_than_about_what_was_asked_for(district: Store) -> None:
    spans = district.lake.spans_of_receipt("position", rows=100)
    collected = [observations("position", received=span).collect().height for span in spans]
    assert sum(collected) == MINUTES * 60 and len(spans) > 5
    assert max(collected) <= 540 + 180, "a compacted file and one that begins in the same second"


def test_things_some_at_a_time_have_all_their_rows(district: Store) -> None:
    parts = list(by_things("position", [*range(10, 0, -1), 77, 10], rows_at_once=400))
    assert [some for some, _ in parts] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 77]]
    for some, rows in parts:
        assert_frame_equal(rows.sort(IN_ORDER), observations("position", some).collect().sort(IN_ORDER))
    assert sum(rows.height for _, rows in parts) == MINUTES * 60
    assert list(by_things("position", [])) == []


def test_of_a_district_without_rows_there_are_no_batches(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "journals", lambda: [store.journal])
    monkeypatch.setattr(stores, "lake", lambda: store.lake)
    assert list(in_order_of_receipt("position", START, START + MINUTE)) == []
    assert [(some, rows.height) for some, rows in by_things("position", [1, 2], START)] == [([1, 2], 0)]


@given(st.lists(st.integers(0, 60 * MINUTES), max_size=4).map(sorted))
def test_spans_of_receipt_part_the_rows(edges: list[int]) -> None:
    """As the condition on rows says it: each row lies in one of spans that follow each other."""
    from haihe.kernel.observations.question import Question, fitting

    rows = positions(things=3, each=90, every_s=20)
    instants: list[datetime | None] = [None, *(START + timedelta(seconds=edge) for edge in edges), None]
    found = [fitting(rows.lazy(), Question(received=span)).collect() for span in itertools.pairwise(instants)]
    assert_frame_equal(pl.concat(found).sort(IN_ORDER), rows.sort(IN_ORDER))


def test_an_instant_without_a_zone_is_refused(district: Store) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        observations("position", received=(datetime(2026, 11, 24), None))  # noqa: DTZ001
