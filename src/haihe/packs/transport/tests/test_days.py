"""Days whose stretches are known beforehand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haihe.packs.transport.days import stretches, summary
from haihe.testing.rules import positions

START = datetime(2026, 3, 2, tzinfo=UTC)


def day(track: list[dict[str, Any]]) -> pl.DataFrame:
    rows = positions(1, START, track)
    return rows.with_columns(pl.col("observed_at").diff().dt.total_seconds().fill_null(0).alias("gap_s"))


def test_a_drive_a_stop_and_a_drive_with_speeding() -> None:
    parts = stretches(day([{"minutes": 30, "speed_kmh": 60}, {"minutes": 10}, {"minutes": 20, "speed_kmh": 90}]), 80)
    assert [part.kind for part in parts] == ["drive", "stop", "drive"]
    assert parts[0].km == pytest.approx(29.5, rel=0.01) and parts[0].top_kmh == 60 and parts[0].over_s == 0
    assert parts[1].lasted == timedelta(minutes=10) and parts[1].mean_kmh is None
    assert parts[2].over_s == 20 * 60 and parts[2].mean_kmh == pytest.approx(90, rel=0.01)
    whole = summary(parts)
    assert (
        whole.stops == 1
        and whole.over == timedelta(minutes=20)
        and whole.top_kmh == 90
        and whole.km == pytest.approx(59.5, rel=0.01)
    )


def test_a_short_halt_belongs_to_the_drive() -> None:
    parts = stretches(day([{"minutes": 5, "speed_kmh": 50}, {"minutes": 1}, {"minutes": 5, "speed_kmh": 50}]), 80)
    assert [part.kind for part in parts] == ["drive"]


def test_silence_and_jumps_are_told_apart_from_driving() -> None:
    parts = stretches(
        day(
            [
                {"minutes": 10, "speed_kmh": 60},
                {"minutes": 20, "silent": True, "speed_kmh": 60},
                {"minutes": 10, "speed_kmh": 60},
            ]
        ),
        None,
    )
    assert [part.kind for part in parts] == ["drive", "silence", "drive"] and parts[1].lasted > timedelta(minutes=20)
    jumping = stretches(
        day(
            [
                {"minutes": 5, "speed_kmh": 60},
                {"seconds": 30, "speed_kmh": 60, "positions_off_km": 30},
                {"minutes": 5, "speed_kmh": 60},
            ]
        ),
        80,
    )
    assert [part.kind for part in jumping] == ["drive", "drift", "drive"]
    assert summary(jumping).km < 11 and summary(jumping).top_kmh == 60


@pytest.mark.parametrize(("false_s", "kinds"), [(10, ["drive", "drift", "drive"]), (60, ["drive", "drift", "drive"]), (120, ["drive", "drift", "drive", "drift", "drive"])])  # fmt: skip
def test_an_hour_of_drift_is_one_stretch(false_s: int, kinds: list[str]) -> None:
    far = {"seconds": false_s, "speed_kmh": 60, "positions_off_km": 30}
    near = {**far, "positions_off_km": 0}
    times = 1 if false_s > 60 else 30
    parts = stretches(day([{"minutes": 5, "speed_kmh": 60}, *[far, near] * times, {"minutes": 5, "speed_kmh": 60}]), 80)
    assert [part.kind for part in parts] == kinds, "what stays elsewhere for minutes may be where the vehicle is"
    assert all(part.km == 0 for part in parts if part.kind == "drift"), "ground that nobody covered"


@pytest.mark.parametrize("rows", [0, 1])
def test_a_day_with_no_step_has_no_stretch(rows: int) -> None:
    parts = stretches(day([{"minutes": 5, "speed_kmh": 60}]).head(rows), 80)
    assert parts == [] and summary(parts).driven == timedelta()


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from([0.0, 2.0, 40.0, 95.0]), st.booleans()), min_size=1, max_size=8
    )
)
def test_stretches_cover_every_step_once_in_order(track: list[tuple[int, float, bool]]) -> None:
    rows = day([{"minutes": minutes, "speed_kmh": speed, "silent": silent} for minutes, speed, silent in track])
    parts = stretches(rows, 80)
    ends = [(part.first, part.last) for part in parts]
    assert [n for first, last in ends for n in range(first + 1, last + 1)] == list(range(1, rows.height))
    assert all(part.kind == "silence" or part.lasted <= timedelta(days=1) for part in parts)
