"""Silence: raised at the instant at which it is too long, ended when the vehicle is heard, and never for all at once when nobody is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.kernel.alerts.models import Alert
from haihe.kernel.alerts.processing import Memory, process_once
from haihe.kernel.alerts.replay import Replay, replay
from haihe.kernel.alerts.rows import Rows
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.alerts.silence import advance_with_silence, minute_before
from haihe.kernel.observations.journal import Journal
from haihe.kernel.things import Thing
from haihe.testing.rules import NOW, SilenceContract, cut, positions, same

MOVING, OFFLINE = RULES["transport.offline_moving"], RULES["transport.offline"]
START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
THINGS = pl.DataFrame({"thing": [1, 2, 3]})
ALWAYS = [{"minutes": 105, "speed_kmh": 40}]
LOST = [
    {"minutes": 30, "speed_kmh": 60},
    {"minutes": 45, "silent": True, "speed_kmh": 60},
    {"minutes": 30, "speed_kmh": 60},
]
PARKED = [
    {"minutes": 30, "speed_kmh": 60},
    {"minutes": 1},
    {"minutes": 44, "silent": True},
    {"minutes": 30, "speed_kmh": 60},
]


def fleet(*tracks: list[dict[str, Any]]) -> pl.DataFrame:
    parts = [positions(n, START + timedelta(seconds=7 * n), track, 30) for n, track in enumerate(tracks, 1)]
    return pl.concat(parts).sort("received_at", "thing")


def told(found: Replay) -> list[tuple[str, int, float, float | None]]:
    """(phase, thing, minutes after the beginning, minutes of silence)"""
    return [
        (row["phase"], row["thing"], round((row["observed_at"] - START).total_seconds() / 60, 1), row["value"])
        for row in found.findings.iter_rows(named=True)
    ]


class TestOfflineWhileMovingContract(SilenceContract):
    rule, things = MOVING, THINGS

    def rows(self) -> pl.DataFrame:
        return fleet(ALWAYS, LOST, PARKED)


def test_a_moving_vehicle_is_raised_when_the_limit_is_reached_and_ends_when_it_is_heard() -> None:
    found = replay(MOVING, [fleet(ALWAYS, LOST, PARKED)], things=THINGS, now=NOW)
    assert told(found) == [("raise", 2, 40.2, 10.0), ("end", 2, 75.7, 45.5)]


def test_a_parked_vehicle_is_only_off_line_after_a_day() -> None:
    parked = [{"minutes": 30, "speed_kmh": 60}, {"minutes": 1}, {"minutes": 26 * 60, "silent": True}, {"minutes": 5}]
    found = replay(OFFLINE, [fleet([{"minutes": 28 * 60, "speed_kmh": 40}], parked)], things=THINGS, now=NOW)
    assert told(found) == [("raise", 2, 1471.2, 1440.0), ("end", 2, 1591.7, 1560.5)]


def test_when_nobody_is_heard_nobody_is_blamed() -> None:
    """The platform was down for an hour: afterwards all are given their time again, and who stays silent is raised then."""
    down = [
        {"minutes": 30, "speed_kmh": 60},
        {"minutes": 60, "silent": True, "speed_kmh": 60},
        {"minutes": 60, "speed_kmh": 60},
    ]
    gone = [{"minutes": 30, "speed_kmh": 60}, {"minutes": 1, "silent": True}]
    found = replay(MOVING, [fleet(down, down, gone)], things=THINGS, now=NOW)
    assert told(found) == [("raise", 3, 100.0, 10.0)]


def test_a_vehicle_that_left_the_register_is_not_missed() -> None:
    found = replay(MOVING, [fleet(ALWAYS, LOST)], things=THINGS.filter(thing=1), now=NOW)
    assert told(found) == []


def test_rows_without_a_fix_are_heard_and_rows_sent_afterwards_too() -> None:
    rows = fleet(ALWAYS, LOST)
    dark = rows.with_columns(quality=pl.when(pl.col("thing") == 1).then(256).otherwise(0).cast(pl.UInt16))
    assert told(replay(MOVING, [dark], things=THINGS, now=NOW)) == told(replay(MOVING, [rows], things=THINGS, now=NOW))
    # What a terminal kept in a dead zone does not make it heard earlier: the receipt counts.
    full = fleet(ALWAYS, [{"minutes": 105, "speed_kmh": 60}])
    back = START + timedelta(minutes=75)
    kept = (pl.col("thing") == 2) & pl.col("observed_at").is_between(START + timedelta(minutes=30), back)
    late = full.with_columns(received_at=pl.when(kept).then(pl.lit(back)).otherwise("received_at"))
    found = replay(MOVING, [late.sort("received_at", "thing", "observed_at")], things=THINGS, now=NOW)
    assert [row[:2] for row in told(found)] == [("raise", 2), ("end", 2)]


def run_live(
    rows: pl.DataFrame, dice: np.random.Generator
) -> tuple[list[dict[str, Any]], pl.DataFrame, datetime | None]:
    """As the worker does it: at odd moments, what has come since, and then the question about the minute that is over."""
    state, asked_at, found, done = MOVING.empty_state(), None, [], 0
    policy, living = _policy(), THINGS["thing"].to_numpy()
    received = rows["received_at"].to_list()
    now = START
    while done < rows.height:
        now += timedelta(seconds=int(dice.integers(1, 400)))
        count = sum(at <= now for at in received)
        heard = advance_with_silence(
            MOVING, Rows(rows.slice(done, count - done)), state, living, policy, now, asked_at=asked_at, until=minute_before(now)
        )  # fmt: skip
        state, asked_at, done = heard.advance.state, heard.asked_at, count
        found += heard.advance.findings.to_dicts()
    return found, state, asked_at


def _policy() -> Any:
    from haihe.kernel.alerts.processing import parameter_of

    return parameter_of


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_the_worker_says_what_a_replay_says_whenever_it_runs(seed: int) -> None:
    dice = np.random.default_rng(seed)
    tracks = []
    for _ in range(3):
        track, minutes = [], 0
        while minutes < 150:
            some = int(dice.choice([1, 5, 12, 30]))
            track.append(
                {"minutes": some, "speed_kmh": float(dice.choice([0, 60])), "silent": bool(dice.random() < 0.5)}
            )
            minutes += some
        tracks.append(track)
    rows = fleet(*tracks)
    live, state, asked_at = run_live(rows, dice)
    again = replay(MOVING, [rows], things=THINGS, now=NOW, until=asked_at)
    assert sorted(map(_key, live)) == sorted(map(_key, again.findings.to_dicts()))
    assert state.select("thing", "heard_at", "raised").equals(again.state.select("thing", "heard_at", "raised"))


def _key(finding: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(finding[name] for name in ("observed_at", "thing", "phase", "key"))


def test_cut_minute_by_minute_it_is_the_same() -> None:
    rows = fleet(ALWAYS, LOST, PARKED)
    same(
        replay(MOVING, [rows], things=THINGS, now=NOW),
        replay(MOVING, cut(rows, range(0, rows.height, 6)), things=THINGS, now=NOW),
    )


@pytest.mark.django_db
def test_the_worker_raises_once_though_nothing_comes_and_ends_when_it_does(tmp_path: Path) -> None:
    journal, memory = Journal(tmp_path / "journal.sqlite"), Memory()
    things = [Thing.objects.create(kind="vehicle", key=f"V{n}").pk for n in range(2)]
    rows = fleet(ALWAYS, LOST).with_columns(thing=pl.col("thing").replace([1, 2], things)).with_columns(
        pl.lit(None, pl.Float64).alias(name) for name in ("altitude_m", "heading_deg", "mileage_km")
    )  # fmt: skip
    rows = rows.with_columns(status_bits=pl.lit(0, pl.UInt32), items=pl.lit(None, pl.Binary))

    def until(minute: int, done: int, memory: Memory) -> int:
        now = START + timedelta(minutes=minute)
        new = rows.slice(done).filter(pl.col("received_at") <= now)
        journal.append([("position", new)])
        process_once(journal, now=now, memory=memory)
        process_once(journal, now=now, memory=Memory())  # another process, which knows nothing of the first
        return done + new.height

    done = until(39, 0, memory)
    assert not Alert.objects.filter(rule="transport.offline_moving").exists()
    done = until(44, done, memory)
    alert = Alert.objects.get(rule="transport.offline_moving")
    assert (alert.thing_id, alert.count, alert.over_at) == (things[1], 1, None)
    until(80, done, memory)
    alert.refresh_from_db()
    assert alert.count == 1 and alert.over_at is not None
