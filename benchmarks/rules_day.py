"""A day of a fleet for benchmarks/rules.py: shifts with stretches and rests, routes and areas, dead zones, silence, faults. Synthetic.

Every rule finds something: about one vehicle in thirty drives near its limit or over it, some drive for longer than four hours, a third of the
fleet carries one of 235 sets of areas and roads, one report in a hundred comes some minutes late, one in five hundred twice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

EVERY_S = 30
START = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight in China
CENTRE_DEG = (117.2, 39.13)
M_PER_DEG = 111_195.0
INSTANT = pl.Datetime("us", "UTC")
ROUTES, DISTRICTS, CENTRES = 200, 5, 30
STRETCHES = 6
DEAD_ZONE_ROUNDS = 8  # what was kept in a dead zone comes four minutes later
Numbers = NDArray[np.float64]


class Day:
    """The fleet; `rounds` gives what arrives, one round of 30 seconds after the other."""

    def __init__(self, vehicles: int, seed: int = 1, first_thing: int = 1) -> None:
        dice = np.random.default_rng(seed)
        self.vehicles, self.dice = vehicles, dice
        self.thing = np.arange(first_thing, first_thing + vehicles)
        self.use = dice.choice(["hazmat", "passenger", "freight"], vehicles, p=[0.15, 0.25, 0.6])
        self.second = np.sort(dice.integers(0, EVERY_S, vehicles))  # each reports in a second of its own
        self.order = dice.permutation(vehicles)  # … so that things come in any order
        self._plan_shifts()
        self.own_kmh = np.where(self.use == "hazmat", dice.normal(62, 7, vehicles), dice.normal(68, 9, vehicles)).clip(
            20, 130
        )
        self.route = dice.integers(0, ROUTES, vehicles)
        self.radius_m = 4_000 + 150.0 * self.route  # everybody drives around the centre, on a ring of 200
        self.angle = dice.uniform(0, 2 * math.pi, vehicles)
        self.items = pl.Series([bytes.fromhex("0104000001F4020200640302002A2504000000002A020000")], dtype=pl.Binary)
        self.alarm = pl.Series([alarm_item()], dtype=pl.Binary)
        self.bad = {name: dice.random(vehicles) < share for name, share in (("fault", 0.01), ("jumps", 0.002), ("frozen", 0.002), ("astray", 0.02))}  # fmt: skip
        self.kept: dict[int, list[pl.DataFrame]] = {}

    def _plan_shifts(self) -> None:
        """Begin and end of each stretch of driving, in hours of the day."""
        dice, size = self.dice, self.vehicles
        begin = np.where(dice.random(size) < 0.2, dice.uniform(-4, 3, size), dice.normal(7, 1.2, size))
        begin[dice.random(size) < 0.15] = 99.0  # stands all day
        drive = dice.uniform(1.0, 4.2, (size, STRETCHES))
        rest = dice.uniform(0.15, 1.2, (size, STRETCHES))
        ends_with = dice.uniform(6, 12, size)  # hours on the road
        self.begin = begin[:, None] + np.cumsum(drive + rest, axis=1) - drive - rest
        self.end = np.minimum(self.begin + drive, (begin + ends_with)[:, None])

    def facts(self) -> pl.DataFrame:
        """What the register says of the vehicles."""
        texts = area_texts()
        has = self.dice.random(self.vehicles)
        text = np.full(self.vehicles, -1)
        text[self.use == "passenger"] = self.route[self.use == "passenger"]
        text[self.use == "hazmat"] = ROUTES + self.route[self.use == "hazmat"] % DISTRICTS
        freight = (self.use == "freight") & (has < 0.2)
        text[freight] = ROUTES + DISTRICTS + self.route[freight] % CENTRES
        text[(self.use == "passenger") & (has < 0.5)] = -1
        areas = pl.Series([*texts, None])[text.tolist()]
        return pl.DataFrame(
            {"thing": self.thing, "use": self.use, "areas": areas},
            schema_overrides={"use": pl.Categorical, "areas": pl.Categorical},
        )

    def rounds(self, first: int, last: int) -> Iterator[pl.DataFrame]:
        """The positions that arrive in each round, in order of receipt."""
        for number in range(first, last):
            fresh = self._round(number)
            yield pl.concat([fresh, *self.kept.pop(number, [])]) if number in self.kept else fresh

    def _round(self, number: int) -> pl.DataFrame:
        dice, size = self.dice, self.vehicles
        hour = number * EVERY_S / 3600
        drives = ((self.begin <= hour) & (hour < self.end)).any(axis=1)
        wave = 1 + 0.18 * np.sin(2 * math.pi * hour / 0.7 + self.angle * 3)
        speed = np.where(drives, (self.own_kmh * wave + dice.normal(0, 1.0, size)).clip(0, 140), 0.0).round(1)
        self.angle = self.angle + speed / 3.6 * EVERY_S / self.radius_m
        # Each block of ten minutes something else is wrong with somebody.
        block = np.random.default_rng(number // 20 + 1000)
        silent = block.random(size) < 0.012
        dark = block.random(size) < 0.01
        ill = block.random(size) < 0.5
        off_m = np.where(self.bad["astray"] & ill, 400.0, 0.0)
        jumps = self.bad["jumps"] & ill & (dice.random(size) < 0.2)
        angle = np.where(self.bad["frozen"] & ill, (number // 20) * 1.0, self.angle)
        noise = np.where(drives & ~(self.bad["frozen"] & ill), 6.0, 0.0)
        radius = self.radius_m + off_m + dice.normal(0, 1, size) * noise + np.where(jumps, 30_000, 0)
        longitude = CENTRE_DEG[0] + radius * np.cos(angle) / (M_PER_DEG * math.cos(math.radians(CENTRE_DEG[1])))
        latitude = CENTRE_DEG[1] + radius * np.sin(angle) / M_PER_DEG
        unfixed = dice.random(size) < 0.004
        at_us = int(START.timestamp() + number * EVERY_S) * 1_000_000 + self.second * 1_000_000
        frame = pl.DataFrame({
            "thing": self.thing[self.order], "observed_at": at_us, "received_at": at_us + 1_000_000,
            "quality": np.where(unfixed, 1 << 8, 0).astype(np.uint16)[self.order],
            "longitude_deg": np.where(unfixed, np.nan, longitude.round(6))[self.order], "latitude_deg": np.where(unfixed, np.nan, latitude.round(6))[self.order],
            "altitude_m": np.full(size, 3.0), "speed_kmh": speed[self.order], "heading_deg": (np.degrees(angle[self.order]) % 360).round(),
            "mileage_km": np.full(size, 1000.0 + number), "status_bits": np.full(size, 3, dtype=np.uint32),
            "alarm_bits": np.where(self.bad["fault"] & ill, 1 << 7, 0).astype(np.uint32)[self.order],
        }, nan_to_null=True)  # fmt: skip
        alarmed = pl.Series(drives[self.order] & (dice.random(size) < 0.0002))
        items = self.items.new_from_index(0, size).zip_with(~alarmed, self.alarm.new_from_index(0, size))
        frame = frame.with_columns(pl.col("observed_at", "received_at").cast(INSTANT), items=items)
        here = ~silent[self.order]
        late = here & dark[self.order]
        self._keep(number + DEAD_ZONE_ROUNDS, frame.filter(pl.Series(late)))
        twice = here & (dice.random(size) < 0.002)
        self._keep(number + 1, frame.filter(pl.Series(twice)))
        return frame.filter(pl.Series(here & ~late))

    def _keep(self, number: int, rows: pl.DataFrame) -> None:
        """Rows that arrive in a later round."""
        at = pl.lit(START.timestamp() * 1e6 + number * EVERY_S * 1e6).cast(pl.Int64).cast(INSTANT)
        self.kept.setdefault(number, []).append(rows.with_columns(received_at=at))


def area_texts() -> list[str]:
    """Ring roads of 240 positions, outlines of districts with three forbidden quarters, forbidden centres: as the register holds them."""
    from haihe.packs.transport.zones import as_text

    roads = [
        [("route", "permitted", {"type": "LineString", "coordinates": ring(4_000 + 150.0 * n, 240)})]
        for n in range(ROUTES)
    ]
    districts = [
        [("district", "permitted", area(28_000 + 1_500 * n, 160))]
        + [(f"quarter {q}", "forbidden", area(900, 60, east_m=6_000 * q - 9_000, north_m=7_000 + 500 * n)) for q in range(3)]
        for n in range(DISTRICTS)
    ]  # fmt: skip
    centres = [[("centre", "forbidden", area(4_200 + 120 * n, 120))] for n in range(CENTRES)]
    return [as_text(zones) for zones in (*roads, *districts, *centres)]


def ring(
    radius_m: float, positions: int, wobble: float = 0.0, east_m: float = 0.0, north_m: float = 0.0
) -> list[list[float]]:
    turn = np.linspace(0, 2 * math.pi, positions + 1)
    radius = radius_m * (1 + wobble * np.sin(7 * turn))
    east, north = east_m + radius * np.cos(turn), north_m + radius * np.sin(turn)
    longitude = CENTRE_DEG[0] + east / (M_PER_DEG * math.cos(math.radians(CENTRE_DEG[1])))
    points: list[list[float]] = np.column_stack([longitude, CENTRE_DEG[1] + north / M_PER_DEG]).round(6).tolist()
    return [*points[:-1], points[0]]


def area(radius_m: float, positions: int, east_m: float = 0.0, north_m: float = 0.0) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring(radius_m, positions, 0.1, east_m, north_m)]}


def alarm_item() -> bytes:
    """Driver assistance, lane departure of the second level, as a terminal sends it with a position."""
    from haihe.packs.transport.jt808.items import write_items

    when = "2026-03-02T10:00:00+08:00"
    place = {
        "speed_kmh": 60,
        "altitude_m": 3,
        "latitude_deg": 39.1,
        "longitude_deg": 117.5,
        "time": when,
        "vehicle_status_bits": 0,
    }
    told = {"terminal_id": "0000001", "time": when, "number": 0, "attachments": 2, "reserved": "00"}
    front = {"front_speed_kmh": 0, "front_distance_ds": 0, "deviation": 1, "road_sign": 0, "road_sign_value": 0}
    value = {"alarm_id": 7, "state": 0, "type": 2, "level": 2, **place, "identifier": told, **front}
    return write_items({"0x64": {"value": value}})


def describe_day(day: Day, facts: pl.DataFrame) -> str:
    with_areas = facts["areas"].count()
    zones = [json.loads(text) for text in facts["areas"].drop_nulls().unique().cast(pl.String)]
    return f"{day.vehicles:,} vehicles, {with_areas:,} of them with one of {len(zones)} sets of areas and roads"
