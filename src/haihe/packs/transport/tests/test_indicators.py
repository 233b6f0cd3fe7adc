"""The indicators of joint supervision on tracks whose answer is known beforehand."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from haihe.kernel.alerts.replay import replay
from haihe.kernel.observations import queries, stores
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.standard import Position
from haihe.packs.transport import indicators
from haihe.packs.transport.indicators import Counts, Period, arrived, tracked
from haihe.testing.observations import Store
from haihe.testing.rules import NOW, positions

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = Period(START, START + timedelta(days=1))
HOUR_AT_60 = positions(1, START, [{"minutes": 60, "speed_kmh": 60}])


def test_vehicles_online_are_those_with_a_valid_position_in_the_period() -> None:
    flagged = positions(2, START, [{"minutes": 5, "speed_kmh": 60}]).with_columns(quality=pl.lit(4, dtype=pl.UInt16))
    rows = pl.concat([HOUR_AT_60, flagged])
    assert indicators.online_rate(tracked(rows, [1, 2, 3, 4], DAY)) == 25
    assert indicators.online_rate(tracked(rows, [], DAY)) is None
    assert indicators.online_rate(tracked(rows, [1], Period(DAY.until, DAY.until + timedelta(days=1)))) == 0


def test_track_completeness_is_kilometres_without_a_gap_of_all_kilometres() -> None:
    """30 minutes at 60 km/h, 10 minutes of silence at 60 km/h, 20 minutes at 60: the gap is 10.5 of 59.5 km."""
    rows = positions(1, START, [{"minutes": 30, "speed_kmh": 60}, {"minutes": 10, "silent": True, "speed_kmh": 60}, {"minutes": 20, "speed_kmh": 60}])  # fmt: skip
    share = indicators.track_completeness(tracked(rows, [1], DAY))
    assert share is not None and float(share) == pytest.approx(100 * 49 / 59.5, abs=0.05)
    assert indicators.track_completeness(tracked(HOUR_AT_60, [1], DAY)) == 100
    assert indicators.track_completeness(tracked(HOUR_AT_60.clear(), [1], DAY)) is None


def test_silence_without_moving_leaves_the_track_complete() -> None:
    rows = positions(1, START, [{"minutes": 30, "speed_kmh": 60}, {"minutes": 60, "silent": True}, {"minutes": 20, "speed_kmh": 60}])  # fmt: skip
    share = indicators.track_completeness(tracked(rows, [1], DAY))
    assert share is not None and share > 97


def test_validity_counts_flags_zero_positions_and_rows_a_day_late() -> None:
    rows = HOUR_AT_60.head(100).with_row_index("n")
    rows = rows.with_columns(
        quality=pl.when(pl.col("n") < 5).then(1).otherwise(pl.col("quality")).cast(pl.UInt16),
        longitude_deg=pl.when(pl.col("n").is_between(5, 9)).then(0.0).otherwise("longitude_deg"),
        latitude_deg=pl.when(pl.col("n").is_between(5, 9)).then(0.0).otherwise("latitude_deg"),
        observed_at=pl.when(pl.col("n").is_between(10, 14))
        .then(pl.col("observed_at") - timedelta(days=2))
        .otherwise("observed_at"),
    ).drop("n")
    assert indicators.data_validity(arrived(rows, [1], DAY)) == 85


def test_validity_counts_what_was_sent_again_once_and_lateness_as_no_flaw() -> None:
    late = HOUR_AT_60.head(100).with_columns(quality=pl.lit(8, dtype=pl.UInt16))
    wrong = HOUR_AT_60.tail(20).with_columns(quality=pl.lit(1, dtype=pl.UInt16))
    again = pl.concat([wrong] * 5).with_columns(received_at=pl.col("received_at") + timedelta(seconds=5))
    assert indicators.data_validity(arrived(pl.concat([late, wrong, again]), [1], DAY)) == Decimal("83.33")


def test_drift_is_vehicles_that_jump_of_those_online() -> None:
    jumping = positions(2, START, [{"minutes": 5, "speed_kmh": 60}, {"seconds": 30, "speed_kmh": 60, "positions_off_km": 30}, {"minutes": 5, "speed_kmh": 60}])  # fmt: skip
    assert indicators.drift_rate(tracked(pl.concat([HOUR_AT_60, jumping]), [1, 2, 3], DAY)) == 50


def test_rows_received_twice_or_out_of_order_change_nothing() -> None:
    shuffled = pl.concat([HOUR_AT_60, HOUR_AT_60]).sample(fraction=1.0, shuffle=True, seed=1)
    assert tracked(shuffled, [1], DAY) == tracked(HOUR_AT_60, [1], DAY)
    assert arrived(shuffled, [1], DAY) == arrived(HOUR_AT_60, [1], DAY)


def test_counts_of_some_vehicles_after_the_other_are_those_of_all() -> None:
    parts = [
        {"minutes": 30, "speed_kmh": 60},
        {"minutes": 10, "silent": True, "speed_kmh": 60},
        {"minutes": 5, "speed_kmh": 60},
    ]
    jumping = [
        {"minutes": 5, "speed_kmh": 60},
        {"seconds": 30, "speed_kmh": 60, "positions_off_km": 30},
        {"minutes": 5, "speed_kmh": 60},
    ]
    rows = pl.concat([HOUR_AT_60, *(positions(n, START, jumping if n % 3 else parts) for n in range(2, 9))])
    for count in (tracked, arrived):
        whole = count(rows, range(1, 11), DAY)
        some = [count(rows, list(range(first, first + 3)), DAY) for first in (1, 4, 7)] + [count(rows, [10], DAY)]
        assert astuple(sum(some, Counts())) == pytest.approx(astuple(whole)), count.__name__


def test_speeding_per_vehicle_counts_what_the_rule_raised() -> None:
    fast = positions(2, START, [{"minutes": 5, "speed_kmh": 90}, {"minutes": 5, "speed_kmh": 60}] * 3)
    rows = pl.concat([HOUR_AT_60, fast])
    things = pl.DataFrame({"thing": [1, 2], "use": ["hazmat", "hazmat"]})
    found = replay("transport.speeding", [rows.sort("received_at")], things=things, now=NOW).findings
    raised = found.filter(pl.col("phase") == "raise").height
    assert indicators.speeding_per_vehicle(raised, tracked(rows, [1, 2], DAY)) == Decimal("1.5")
    assert indicators.speeding_per_vehicle(0, tracked(rows.clear(), [1, 2], DAY)) is None


def test_what_is_stored_is_counted_some_vehicles_at_a_time_and_a_wrong_clock_among_what_arrived(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = HOUR_AT_60.head(20).with_columns(
        observed_at=pl.col("observed_at") - timedelta(days=20000), quality=pl.lit(1, dtype=pl.UInt16)
    )
    rows = pl.concat([*(HOUR_AT_60.with_columns(thing=pl.lit(n, dtype=pl.Int64)) for n in range(1, 8)), wrong])
    rows = Position.check(rows.select(name for name in rows.columns if name in Position.schema()))
    store.journal.append([("position", rows)])
    feed_once(store.journal, store.lake)
    monkeypatch.setattr(stores, "journals", lambda: [store.journal])
    monkeypatch.setattr(stores, "lake", lambda: store.lake)
    monkeypatch.setattr(queries.by_things, "__kwdefaults__", {**queries.by_things.__kwdefaults__, "rows_at_once": 200})
    counts = indicators.counted([*range(1, 8), 99], DAY)
    assert counts.vehicles == 8 and counts.online == 7 and counts.arrived == counts.valid + 20
    assert counts.km == pytest.approx(counts.complete_km) == pytest.approx(7 * 60, rel=0.02)


def test_every_definition_says_where_it_comes_from() -> None:
    assert {row["key"].split(".")[1] for row in indicators.DEFINITIONS} <= set(vars(indicators))
    assert all(row["source"] and row["definition_zh"] for row in indicators.DEFINITIONS)
