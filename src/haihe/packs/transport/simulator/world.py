"""Vehicles that drive to and fro on the roads of a map; all of them move in one step over columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import haihe

MAP = Path(haihe.__file__).parent / "demo/wanghe.geojson"
METRES_PER_DEGREE = 111_320.0
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Road:
    """`at_m`: distance of each point from the beginning, in metres."""

    name: str
    limit_kmh: float
    longitude_deg: Floats
    latitude_deg: Floats
    at_m: Floats

    @property
    def length_m(self) -> float:
        return float(self.at_m[-1])


def read_roads(path: Path = MAP) -> list[Road]:
    """The roads of a GeoJSON map: lines with a property `limit_kmh`."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    found = []
    for feature in features:
        limit = feature["properties"].get("limit_kmh")
        if limit and feature["geometry"]["type"] == "LineString":
            lon, lat = np.array(feature["geometry"]["coordinates"], dtype=float).T
            step_x = np.diff(lon) * METRES_PER_DEGREE * np.cos(np.radians(lat[:-1]))
            step_y = np.diff(lat) * METRES_PER_DEGREE
            at = np.concatenate([[0.0], np.cumsum(np.hypot(step_x, step_y))])
            found.append(Road(feature["properties"]["name"], float(limit), lon, lat, at))
    return found


@dataclass
class State:
    """Where everybody is: degrees, km/h, degrees clockwise from north, km since the start."""

    longitude_deg: Floats
    latitude_deg: Floats
    speed_kmh: Floats
    heading_deg: Floats
    mileage_km: Floats


class World:
    """`count` vehicles on the roads. A share of them drives too fast now and then, for minutes, as in life."""

    def __init__(self, count: int, seed: int = 1, roads: list[Road] | None = None, *, speeders: float = 0.1) -> None:
        self.roads = roads or read_roads()
        self.dice = np.random.default_rng(seed)
        lengths = np.array([road.length_m for road in self.roads])
        self.road = self.dice.choice(len(self.roads), count, p=lengths / lengths.sum())
        self.limit_kmh = np.array([road.limit_kmh for road in self.roads])[self.road]
        self.length_m = lengths[self.road]
        self.at_m = self.dice.uniform(0, self.length_m)
        self.direction = self.dice.choice([-1.0, 1.0], count)
        self.habit = self.dice.uniform(0.72, 0.95, count)
        self.is_speeder = self.dice.random(count) < speeders
        self.fast_until_s = np.zeros(count)
        self.speed_kmh = self.limit_kmh * self.habit
        self.mileage_km = self.dice.uniform(20_000, 300_000, count)
        self.clock_s = 0.0

    def step(self, seconds: float) -> State:
        """Let `seconds` pass."""
        self.clock_s += seconds
        starts = (
            self.is_speeder
            & (self.fast_until_s < self.clock_s - 240)
            & (self.dice.random(len(self.road)) < seconds / 120)
        )
        self.fast_until_s = np.where(starts, self.clock_s + 180, self.fast_until_s)
        fast = self.fast_until_s > self.clock_s
        wanted = self.limit_kmh * np.where(fast, 1.22, self.habit)
        wanted += self.dice.normal(0, 1.5, len(wanted))
        change = np.clip(wanted - self.speed_kmh, -9 * seconds, 5 * seconds)
        self.speed_kmh = np.clip(self.speed_kmh + change, 0, 140)
        moved_m = self.speed_kmh / 3.6 * seconds
        self.mileage_km += moved_m / 1000
        self.at_m += moved_m * self.direction
        beyond = (self.at_m < 0) | (self.at_m > self.length_m)
        self.at_m = np.where(
            self.at_m < 0, -self.at_m, np.where(self.at_m > self.length_m, 2 * self.length_m - self.at_m, self.at_m)
        )
        self.at_m = np.clip(self.at_m, 0, self.length_m)
        self.direction = np.where(beyond, -self.direction, self.direction)
        return self.state()

    def state(self) -> State:
        longitude, latitude, heading = np.zeros((3, len(self.road)))
        for number, road in enumerate(self.roads):
            here = np.flatnonzero(self.road == number)
            if not len(here):
                continue
            at = self.at_m[here]
            longitude[here] = np.interp(at, road.at_m, road.longitude_deg)
            latitude[here] = np.interp(at, road.at_m, road.latitude_deg)
            segment = np.clip(np.searchsorted(road.at_m, at) - 1, 0, len(road.at_m) - 2)
            east = (road.longitude_deg[segment + 1] - road.longitude_deg[segment]) * np.cos(
                np.radians(road.latitude_deg[segment])
            )
            north = road.latitude_deg[segment + 1] - road.latitude_deg[segment]
            heading[here] = np.degrees(np.arctan2(east * self.direction[here], north * self.direction[here])) % 360
        return State(longitude, latitude, self.speed_kmh.copy(), heading, self.mileage_km.copy())
