"""The rules of road transport: the cases that an official can read, the contract of rules, and bad input."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.kernel.alerts.replay import replay
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.policies import all_parameters
from haihe.packs.transport.columns import night_ms
from haihe.testing.rules import NOW, RuleContract, case_name, positions, read_cases, run_case, same

CASES = Path(__file__).parent.parent / "policies" / "cases"
SPEEDING, FATIGUE = RULES["transport.speeding"], RULES["transport.fatigue"]
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
USES = ["hazmat", "passenger", "freight", None]


@pytest.mark.parametrize("case", read_cases(CASES / "speeding.yaml"), ids=case_name)
def test_speeding_as_in_the_cases(case: dict[str, Any]) -> None:
    expected, found = run_case(SPEEDING, case)
    assert found == expected


@pytest.mark.parametrize("case", read_cases(CASES / "fatigue.yaml"), ids=case_name)
def test_fatigue_as_in_the_cases(case: dict[str, Any]) -> None:
    expected, found = run_case(FATIGUE, case)
    assert found == expected


def test_every_parameter_of_the_rules_is_there_and_says_where_it_comes_from() -> None:
    known = all_parameters()
    for rule in (SPEEDING, FATIGUE):
        for key in rule.parameters:
            assert all(value.source for value in known[f"transport.{key}"].values), key
    assert known["transport.speed_limit_kmh"].on(datetime(2026, 1, 1, tzinfo=UTC).date()).is_verified


def fleet(seed: int, vehicles: int = 6, hours: int = 11, every_s: int = 120) -> pl.DataFrame:
    """Some vehicles that drive and stop as dice fall, in order of receipt, with some rows out of order and some twice."""
    dice = np.random.default_rng(seed)
    tracks = []
    for thing in range(1, vehicles + 1):
        track, left = [], hours * 60
        while left > 0:
            minutes = int(dice.choice([2, 6, 20, 60, 240]))
            speed = float(dice.choice([0, 0, 20, 76, 79, 88, 99, 110]))
            track.append({"minutes": min(minutes, left), "speed_kmh": speed, "silent": bool(dice.random() < 0.1)})
            left -= minutes
        tracks.append(positions(thing, START + timedelta(seconds=thing), track, every_s))
    rows = pl.concat(tracks)
    delay = dice.choice([0, 1, 1000], size=rows.height, p=[0.6, 0.35, 0.05])
    rows = rows.with_columns(received_at=pl.col("observed_at") + pl.Series(delay).cast(pl.Duration("ms")) * 1000)
    rows = pl.concat([rows, rows.sample(fraction=0.05, seed=seed)])
    return rows.sort("received_at", "thing", "observed_at")


FACTS = pl.DataFrame({"thing": range(1, 7), "use": (USES * 2)[:6]}, schema={"thing": pl.Int64, "use": pl.String})


class TestSpeedingContract(RuleContract):
    rule, things = SPEEDING, FACTS

    def rows(self) -> pl.DataFrame:
        return fleet(1)


class TestFatigueContract(RuleContract):
    rule, things = FATIGUE, FACTS

    def rows(self) -> pl.DataFrame:
        return fleet(2, hours=30)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0, 1), max_size=6), st.sampled_from([SPEEDING, FATIGUE]))
def test_any_cut_of_any_drive_gives_the_same_alerts(seed: int, places: list[float], rule: Any) -> None:
    rows = fleet(seed, vehicles=3, hours=14, every_s=180)
    edges = [0, *sorted(int(place * rows.height) for place in places), rows.height]
    batches = [rows.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    same(replay(rule, [rows], things=FACTS, now=NOW), replay(rule, batches, things=FACTS, now=NOW))


def test_the_fast_count_of_24_hours_is_that_of_a_slow_one() -> None:
    """Driving in the row's clock hour and the 23 before it, added up the long way."""
    rows = fleet(11, vehicles=2, hours=60, every_s=300)
    rule = FATIGUE
    for until in range(50, rows.height, 173):
        state = replay(rule, [rows.head(until)], things=FACTS, now=NOW).state
        for thing in (1, 2):
            seen = (
                rows.head(until)
                .filter(thing=thing)
                .unique("observed_at", keep="first")
                .sort("received_at", "observed_at")
            )
            total = _slow_total(seen)
            kept = state.filter(thing=thing)["total_ms"].to_list()
            assert kept == ([total] if seen.height else []), (until, thing)


def _slow_total(rows: pl.DataFrame) -> int:
    newest, was_moving, driven, last = 0, False, [], None
    for at, speed in rows.select(pl.col("observed_at").dt.epoch("ms"), "speed_kmh").iter_rows():
        if last is not None and at <= newest:
            continue
        if last is not None and was_moving and at - last <= 600_000:
            driven += [second for second in range(last, at, 1000)]
        newest = last = at
        was_moving = speed >= 5
    return 1000 * sum(1 for ms in driven if ms // 3_600_000 > newest // 3_600_000 - 24)


def test_the_night_between_two_instants_is_counted_to_the_second() -> None:
    def at(text: str) -> np.ndarray:
        return np.array([int(datetime.fromisoformat(text + "+08:00").timestamp() * 1000)])

    def night(a: str, b: str) -> float:
        return float(night_ms(at(b), at(b) - at(a), (22, 6))[0] / 60_000)

    assert night("2026-03-02T21:00:00", "2026-03-02T22:30:00") == 30
    assert night("2026-03-02T05:30:00", "2026-03-02T07:00:00") == 30
    assert night("2026-03-02T07:00:00", "2026-03-03T07:00:00") == 480
    assert night("2026-03-02T12:00:00", "2026-03-02T13:00:00") == 0
    assert night("2026-03-02T23:00:00", "2026-03-02T23:30:00") == 30
    assert night("2026-03-01T12:00:00", "2026-03-03T23:00:00") == 2 * 480 + 60


BAD = positions(
    1, START, [{"minutes": 10, "speed_kmh": 70}, {"minutes": 5, "speed_kmh": 95}, {"minutes": 3, "speed_kmh": 60}]
)
BAD_FACTS = pl.DataFrame({"thing": [1], "use": ["hazmat"]})


@pytest.mark.parametrize("year", [1970, 2099])
@pytest.mark.parametrize("rule", [SPEEDING, FATIGUE], ids=lambda rule: rule.name)
def test_a_clock_in_another_century_neither_raises_nor_blinds(rule: Any, year: int) -> None:
    """A row of 2099 that no flag marks must not make all rows after it late; one of 1970 is merely late."""
    clean = replay(rule, [BAD], things=BAD_FACTS, now=NOW)
    wrong = BAD.gather_every(7).with_columns(observed_at=pl.col("observed_at").dt.replace(year=year))
    mixed = pl.concat([BAD.head(5), wrong, BAD.tail(-5)])
    found = replay(rule, [mixed], things=BAD_FACTS, now=NOW)
    assert found.table().equals(clean.table())


def test_a_speed_that_no_vehicle_drives_is_not_believed() -> None:
    rows = BAD.with_columns(speed_kmh=pl.lit(650.0))
    assert replay(SPEEDING, [rows], things=BAD_FACTS, now=NOW).findings.is_empty()


def test_unknown_devices_and_things_of_other_kinds_are_passed_over() -> None:
    rows = pl.concat(
        [BAD.with_columns(thing=pl.lit(None, dtype=pl.Int64)), BAD.with_columns(thing=pl.lit(99, dtype=pl.Int64))]
    )
    assert replay(SPEEDING, [rows], things=BAD_FACTS, now=NOW).findings.is_empty()
