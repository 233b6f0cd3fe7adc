"""The readings that `store.py` gives to every store: the same rows, written as each store likes to read them.

Trucks of eight fleets report position, height, speed, heading, slope, consumption and mileage, all at the same instants, three
minutes apart (500 readings are a day and an hour). Synthetic; decimals as devices send them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

EVERY_S = 180
FLEETS = 8
DAY_S = 86_400
FIELDS = ("longitude_deg", "latitude_deg", "altitude_m", "speed_kmh", "heading_deg", "slope_percent", "fuel_l_per_h", "mileage_km")  # fmt: skip
# The rectangle of the third question, about 5 km × 5 km in the middle of where the trucks are: west, south, east, north.
BOX = (117.20, 39.10, 117.26, 39.145)


def truck_name(number: int) -> str:
    return f"T{number:05d}"


def fleet_of(number: int) -> str:
    return f"F{number % FLEETS}"


@dataclass(frozen=True)
class Load:
    """What is measured with: rows in the order in which they arrive, and what is asked about them."""

    rows: pl.DataFrame  # truck (1 …), at_s (seconds since 1970), FIELDS
    trucks: int
    readings: int
    batch_rows: int

    @property
    def start_s(self) -> int:
        return int(self.rows["at_s"][0])

    @property
    def end_s(self) -> int:
        """After the last reading."""
        return int(self.rows["at_s"][-1]) + 1

    @property
    def one_truck(self) -> int:
        return self.trucks // 2 + 1

    def trucks_in_disorder(self) -> list[int]:
        """All of them, so that two that follow each other have nothing in common."""
        return [1 + n for n in np.random.default_rng(7).permutation(self.trucks).tolist()]

    @property
    def day(self) -> tuple[int, int]:
        return self.start_s, self.start_s + DAY_S

    @property
    def hour(self) -> tuple[int, int]:
        begin = self.start_s + self.readings // 2 * EVERY_S
        return begin, begin + 3600

    def batches(self) -> Iterator[pl.DataFrame]:
        yield from self.rows.iter_slices(self.batch_rows)

    def as_lines(self) -> Iterator[bytes]:
        """InfluxDB's line protocol, a body for each batch; VictoriaMetrics reads the same."""
        names = pl.DataFrame({
            "truck": range(1, self.trucks + 1),
            "head": [f"readings,truck={truck_name(n)},fleet={fleet_of(n)} " for n in range(1, self.trucks + 1)],
        })  # fmt: skip
        line = pl.concat_str(
            "head", *(pl.lit(f"{',' if place else ''}{name}=") + pl.col(name).cast(pl.String) for place, name in enumerate(FIELDS)),
            pl.lit(" "), "at_s",
        )  # fmt: skip
        for batch in self.batches():
            yield "\n".join(batch.join(names, on="truck", maintain_order="left").select(line).to_series()).encode()

    def as_csv(self) -> Iterator[bytes]:
        """Number of the truck, seconds since 1970, and the values; a text for each batch."""
        for batch in self.batches():
            yield batch.write_csv(include_header=False).encode()

    def as_csv_with_instants(self) -> Iterator[bytes]:
        """The same with the time written as PostgreSQL's COPY takes it."""
        instant = pl.from_epoch("at_s").dt.strftime("%Y-%m-%d %H:%M:%S+00")
        for batch in self.batches():
            yield batch.with_columns(instant).write_csv(include_header=False).encode()

    # --- the right answers ---

    def mean_speeds(self) -> dict[str, float]:
        fleet = (pl.col("truck") % FLEETS).cast(pl.String)
        found = self.rows.group_by(fleet).agg(pl.col("speed_kmh").mean())
        return {f"F{name}": mean for name, mean in found.iter_rows()}

    def rows_of_the_day(self) -> int:
        since, until = self.day
        return self.rows.filter(
            pl.col("truck") == self.one_truck, pl.col("at_s") >= since, pl.col("at_s") < until
        ).height

    def rows_in_the_box(self) -> int:
        (since, until), (west, south, east, north) = self.hour, BOX
        return self.rows.filter(
            pl.col("at_s") >= since, pl.col("at_s") < until,
            pl.col("longitude_deg").is_between(west, east), pl.col("latitude_deg").is_between(south, north),
        ).height  # fmt: skip


def made(trucks: int, readings: int, batch_rows: int, seed: int = 1) -> Load:
    """Readings that end about now: what is stored as if it had just come, is not refused as too old."""
    dice = np.random.default_rng(seed)
    shape = (readings, trucks)
    last = int(datetime.now(UTC).timestamp()) // EVERY_S * EVERY_S
    speed = np.clip(np.round(dice.normal(38, 15, shape), 1), 0, 110)
    turn = dice.normal(0, 40, shape)
    heading = np.cumsum(turn, axis=0) % 360
    step_deg = speed * EVERY_S / 3600 / 111.2
    home = dice.uniform(-0.15, 0.15, (2, trucks))
    # Drives about its home: the walk is pulled back, or after a day the fleet would be all over the country.
    north, east = step_deg * np.cos(np.radians(heading)), step_deg * np.sin(np.radians(heading)) / 0.776
    walk = np.zeros((2, readings, trucks))
    for n in range(1, readings):
        walk[:, n] = 0.97 * walk[:, n - 1] + np.stack([east[n], north[n]])
    slope = np.round(np.clip(dice.normal(0, 1.5, shape), -8, 8), 1)
    columns = {
        "longitude_deg": np.round(117.22 + home[0] + walk[0], 6), "latitude_deg": np.round(39.12 + home[1] + walk[1], 6),
        "altitude_m": np.round(3 + np.cumsum(slope, axis=0) / 50), "speed_kmh": speed, "heading_deg": np.round(heading) % 360,
        "slope_percent": slope, "fuel_l_per_h": np.round(np.clip(4 + 0.25 * speed + 2 * slope, 0.8, None), 1),
        "mileage_km": np.round(dice.uniform(1e4, 3e5, trucks) + np.cumsum(speed * EVERY_S / 3600, axis=0), 1),
    }  # fmt: skip
    instants = last - EVERY_S * np.arange(readings - 1, -1, -1)
    rows = pl.DataFrame({
        "truck": np.broadcast_to(np.arange(1, trucks + 1), shape).ravel(), "at_s": np.repeat(instants, trucks),
        **{name: values.ravel() + 0.0 for name, values in columns.items()},
    })  # fmt: skip
    return Load(rows, trucks, readings, batch_rows)
