"""The newest row of each thing: right whatever the order, the clocks, the restarts and the losses."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from haihe.kernel.errors import InvalidInput, NotStored
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.latest import coalesced
from haihe.kernel.observations.standard import Position
from haihe.testing.observations import START, Store, positions, store_in


def report(observed: datetime, received: datetime, speed: float = 1.0, thing: int = 1) -> pl.DataFrame:
    batch = pl.DataFrame({"thing": [thing], "observed_at": [observed], "received_at": [received], "speed_kmh": [speed]})
    return Position.check(batch.with_columns(pl.col("observed_at", "received_at").cast(pl.Datetime("us", "UTC"))))


def newest_speed(store: Store) -> float:
    return float(store.latest.read("position")["speed_kmh"][0])


@pytest.mark.parametrize("advance_between", [True, False])
def test_rows_out_of_order_never_replace_newer_ones(store: Store, advance_between: bool) -> None:
    for minute, speed in ((5, 50.0), (3, 30.0), (9, 90.0), (1, 10.0)):
        observed = START + timedelta(minutes=minute)
        store.journal.append([("position", report(observed, START + timedelta(minutes=20), speed))])
        if advance_between:
            store.latest.advance()
    assert newest_speed(store) == 90.0


def test_a_clock_in_2099_does_not_stick_and_one_in_1970_is_not_lost(store: Store) -> None:
    store.journal.append([("position", report(datetime(2099, 1, 1, tzinfo=UTC), START, 99.0))])
    assert newest_speed(store) == 99.0
    store.latest.advance()
    store.journal.append([("position", report(START + timedelta(minutes=1), START + timedelta(minutes=1), 20.0))])
    assert newest_speed(store) == 20.0
    store.latest.advance()
    store.journal.append([("position", report(datetime(1970, 1, 1, tzinfo=UTC), START + timedelta(minutes=2), 70.0))])
    assert newest_speed(store) == 70.0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 50)), min_size=1, max_size=40), st.integers(1, 8))
def test_the_cut_into_batches_does_not_matter(rows: list[tuple[int, int]], size: int) -> None:
    """Equal times included: the later row wins either way."""
    received = START + timedelta(minutes=2)
    batch = pl.concat([report(START + timedelta(seconds=s), received, float(n), t) for n, (t, s) in enumerate(rows)])
    at_once = coalesced(batch)
    kept = batch.head(0)
    for first in range(0, batch.height, size):
        kept = coalesced(pl.concat([kept, coalesced(batch.slice(first, size))]))
    assert_frame_equal(kept, at_once)


def test_a_local_lake_that_cannot_be_read_is_told_and_one_that_is_away_costs_nothing_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> list[str]:
        raise NotStored("不在", "away")

    store.journal.append([("position", report(START, START, 50.0))])
    monkeypatch.setattr(store.lake.place, "tables", gone)
    with pytest.raises(NotStored):
        store.latest.advance()
    monkeypatch.setattr(store.lake.place, "may_be_away", True)
    assert store.latest.advance() == 1 and newest_speed(store) == 50.0


def test_it_survives_a_restart_and_a_lost_or_damaged_file(store: Store) -> None:
    batches = [positions(things=8, each=5, start=START + timedelta(hours=9 * n), seed=n) for n in range(4)]
    for batch in batches[:3]:
        store.journal.append([("position", batch)])
    store.latest.advance()
    feed_once(store.journal, store.lake)
    store.journal.append([("position", batches[3])])
    expected = store.latest.read("position")
    assert expected.height == 8 and expected["observed_at"].min() > START + timedelta(hours=27)  # type: ignore[operator]
    again = store_in(store.journal.path.parent)
    assert_frame_equal(again.latest.read("position"), expected)
    file = store.latest.folder / "position.arrow"
    whole = file.read_bytes()
    for damage in (whole[: len(whole) // 2], b"", None):
        file.unlink()
        if damage is not None:
            file.write_bytes(damage)
        assert_frame_equal(again.latest.read("position"), expected)
        again.latest.advance()
        assert_frame_equal(again.latest.read("position"), expected)
    assert pl.read_ipc(file).height == 8, "a lost file is written again by the next run"
    again.journal.close()


def test_rows_fed_before_the_consumer_ever_ran_or_beside_an_older_file_are_there(store: Store) -> None:
    store.journal.append([("position", positions(things=4, each=2))])
    store.latest.advance()
    store.journal.drop_cursor("latest")
    store.journal.append([("position", positions(things=4, each=2, first_thing=5))])
    feed_once(store.journal, store.lake)
    assert store.latest.read("position").height == 8
    store.latest.advance()
    store.journal.append([("position", positions(things=4, each=2, first_thing=9))])
    feed_once(store.journal, store.lake)
    store.latest.advance()
    assert store.latest.read("position")["thing"].to_list() == list(range(1, 13))


def test_asking_for_some_things_gives_those(store: Store) -> None:
    store.journal.append([("position", positions(things=9, each=3))])
    assert store.latest.read("position", [2, 5, 77])["thing"].to_list() == [2, 5]
    store.latest.advance()
    assert store.latest.read("position", [2, 5, 77])["thing"].to_list() == [2, 5]
    assert store.latest.read("position", []).height == 0


def test_raw_frames_keep_no_newest_rows(store: Store) -> None:
    with pytest.raises(InvalidInput, match="span of time"):
        store.latest.read("raw_frame")


def test_taking_in_20_000_rows_costs_a_small_part_of_a_second(store: Store) -> None:
    """Coalesced: twenty batches of a thousand rows of five thousand things in well under the second in which they came."""
    for n in range(20):
        store.journal.append([("position", positions(things=1000, each=1, first_thing=1 + n % 5 * 1000, seed=n))])
    started = time.process_time()
    assert store.latest.advance() == 20_000
    assert time.process_time() - started < 0.5
    assert store.latest.read("position").height == 5000
