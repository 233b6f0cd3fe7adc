"""The rule over areas: cases that an official can read, the contract of rules, and what geometry must get right."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.kernel.alerts.replay import replay
from haihe.kernel.alerts.rules import RULES
from haihe.packs.transport.zones import as_text, astray, simplified, stand
from haihe.testing.rules import (
    KM_PER_DEGREE,
    NOW,
    START_DEG,
    RuleContract,
    case_name,
    positions,
    read_cases,
    run_case,
    same,
)

AREA = RULES["transport.area"]
CASES = Path(__file__).parent.parent / "policies" / "cases" / "area.yaml"
START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


def at_km(east: float, north: float) -> list[float]:
    scale = KM_PER_DEGREE * math.cos(math.radians(START_DEG[1]))
    return [START_DEG[0] + east / scale, START_DEG[1] + north / KM_PER_DEGREE]


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return {"type": "Polygon", "coordinates": [[at_km(*corner) for corner in corners]]}


ZONES = {
    "square": ("square", "permitted", box(-4, -4, 4, 4)),
    "road": ("road", "permitted", {"type": "LineString", "coordinates": [at_km(0, 0), at_km(4, 0)]}),
    "site": ("site", "forbidden", box(4, -1, 6, 1)),
}


@pytest.mark.parametrize("case", read_cases(CASES), ids=case_name)
def test_areas_as_in_the_cases(case: dict[str, Any]) -> None:
    text = as_text([ZONES[name] for name in case["areas"]])
    expected, found = run_case(AREA, {**case, "thing": {"areas": text} if text else {}})
    assert found == expected


def drives(seed: int, vehicles: int = 6, hours: int = 6) -> pl.DataFrame:
    """Vehicles that go to and fro over the borders as dice fall, in order of receipt, with rows out of order and rows twice."""
    dice = np.random.default_rng(seed)
    tracks = []
    for thing in range(1, vehicles + 1):
        track, left = [], hours * 60
        while left > 0:
            minutes, speed = int(dice.choice([2, 6, 20, 60])), float(dice.choice([0, 15, 40, 80, -15, -40, -80]))
            track.append({"minutes": minutes, "speed_kmh": speed, "silent": bool(dice.random() < 0.15), "positions_off_km": float(dice.choice([0, 0, 0.03, 0.2]))})  # fmt: skip
            left -= minutes
        tracks.append(positions(thing, START + timedelta(seconds=thing), track, 60))
    rows = pl.concat(tracks)
    delay = dice.choice([0, 1, 1000], size=rows.height, p=[0.6, 0.35, 0.05])
    rows = rows.with_columns(received_at=pl.col("observed_at") + pl.Series(delay).cast(pl.Duration("ms")) * 1000)
    return pl.concat([rows, rows.sample(fraction=0.05, seed=seed)]).sort("received_at", "thing", "observed_at")


TEXTS = [as_text([ZONES[n] for n in names]) or None for names in (["square"], ["road"], ["site"], ["square", "site"], ["road", "site"], [])]  # fmt: skip
FACTS = pl.DataFrame({"thing": range(1, 7), "areas": TEXTS}, schema={"thing": pl.Int64, "areas": pl.String})


class TestAreaContract(RuleContract):
    rule, things = AREA, FACTS

    def rows(self) -> pl.DataFrame:
        return drives(1)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.floats(0, 1), max_size=6))
def test_any_cut_of_any_drive_gives_the_same_alerts(seed: int, places: list[float]) -> None:
    """What runs live, in whatever batches, is what a replay tells."""
    rows = drives(seed, vehicles=4, hours=5)
    edges = [0, *sorted(int(place * rows.height) for place in places), rows.height]
    batches = [rows.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    same(replay(AREA, [rows], things=FACTS, now=NOW), replay(AREA, batches, things=FACTS, now=NOW))


@settings(max_examples=60, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9))
def test_inside_is_what_the_map_shows_as_inside(east: float, north: float) -> None:
    """Away from the border by more than the margin, the rule agrees with the polygon in degrees."""
    longitude, latitude = at_km(east, north)
    away = min(abs(abs(east) - 4), abs(abs(north) - 4))
    standing = stand(as_text([ZONES["square"]]), "permitted", np.array([longitude]), np.array([latitude]), 30, 50)
    if away > 0.08:
        inside = shapely.contains_xy(shapely.geometry.shape(ZONES["square"][2]), longitude, latitude)
        assert bool(standing.over_m[0] > 0) == (not inside)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["permitted", "forbidden"]))
def test_astray_is_what_the_distances_say(seed: int, mode: str) -> None:
    """Along borders and roads too, and at the ends of roads."""
    dice = np.random.default_rng(seed)
    road = {"type": "LineString", "coordinates": [at_km(*point) for point in dice.uniform(-5, 5, (6, 2))]}
    text = as_text([("a", mode, box(-4, -4, 4, 4)), ("b", mode, road), ("c", "permitted", box(1, 1, 2, 2))])
    along = np.array(road["coordinates"])[dice.integers(0, 6, 500)].T
    near = along + dice.normal(0, 0.0005, (2, 500))
    longitude, latitude = np.hstack([near, np.array([at_km(*point) for point in dice.uniform(-6, 6, (500, 2))]).T])
    over = stand(text, mode, longitude, latitude, 30, 50).over_m
    told = astray(text, mode, longitude, latitude, 30, 50)
    assert 0 < told.sum() < 1000
    assert ((over > 0) == told)[np.abs(over) > 1e-6].all()


def test_two_permitted_areas_together_are_permitted() -> None:
    """In the second one a vehicle is not outside because it is outside of the first."""
    text = as_text([("a", "permitted", box(0, 0, 1, 1)), ("b", "permitted", box(3, 0, 4, 1))])
    longitude, latitude = np.array([at_km(x, 0.5) for x in (0.5, 2, 3.5)]).T
    assert (stand(text, "permitted", longitude, latitude, 30, 50).over_m > 0).tolist() == [False, True, False]


def test_an_outline_with_too_many_positions_is_simplified_or_refused() -> None:
    """A circle of 5,000 positions loses most of them and stays within twenty metres; a saw of them cannot be had."""
    turn = np.linspace(0, 2 * np.pi, 5001)
    circle = [at_km(3 * math.cos(a), 3 * math.sin(a)) for a in turn[:-1]]
    found = simplified({"type": "Polygon", "coordinates": [[*circle, circle[0]]]})
    assert found is not None and len(found[0]["coordinates"][0]) <= 500 and found[1] <= 20
    saw = [at_km(x / 100, x % 2) for x in range(3000)]
    assert simplified({"type": "LineString", "coordinates": saw}) is None
