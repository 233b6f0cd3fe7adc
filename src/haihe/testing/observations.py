"""For tests of what uses observations: plausible positions, and a journal with a lake in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.latest import Latest
from haihe.kernel.observations.standard import Position

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
# A program of a process of its own (arguments: folder, first number): it appends until it is killed, and prints each number once it is durable.
APPEND = """
import sys
from datetime import timedelta
from pathlib import Path
from haihe.testing.observations import START, positions, store_in
store = store_in(Path(sys.argv[1]))
n = int(sys.argv[2])
while True:
    # One row a batch, so that the number of rows is the number of acknowledged batches; the speed tells them apart.
    batch = positions(things=1, each=1, first_thing=n % 7 + 1, start=START + timedelta(seconds=20 * n), seed=n)
    print(n, store.journal.append([("position", batch)]), flush=True)
    n += 1
"""


@dataclass(frozen=True)
class Store:
    """A journal, a lake and the newest rows that belong together."""

    journal: Journal
    lake: Lake
    latest: Latest


def store_in(folder: Path, lake_url: str = "") -> Store:
    """The parts of a store in `folder`; its lake lies at `lake_url` if one is named."""
    folder.mkdir(parents=True, exist_ok=True)
    journal, lake = Journal(folder / "journal.sqlite3"), Lake(lake_url or folder / "lake", folder)
    return Store(journal, lake, Latest(folder / "latest", journal, lake))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new journal with its lake."""
    made = store_in(tmp_path / "store")
    yield made
    made.journal.close()


def positions(
    things: int = 20,
    each: int = 50,
    *,
    start: datetime = START,
    every_s: float = 10.0,
    seed: int = 1,
    first_thing: int = 1,
) -> pl.DataFrame:
    """`things` × `each` rows of vehicles that wander about a fictional district at town speeds, in the order in which they
    would arrive; coordinates in whole millionths of a degree, as devices send them. Synthetic."""
    dice = np.random.default_rng(seed)
    shape = (each, things)
    speed = np.clip(np.round(dice.normal(38, 15, shape), 1), 0, 110)
    heading = np.cumsum(dice.normal(0, 10, shape), axis=0) % 360
    step_deg = speed * every_s / 3600 / 111.2
    home = dice.uniform(-0.1, 0.1, (2, things))
    latitude = 39.1 + home[0] + np.cumsum(step_deg * np.cos(np.radians(heading)), axis=0)
    longitude = 117.2 + home[1] + np.cumsum(step_deg * np.sin(np.radians(heading)), axis=0) / 0.776
    seconds = np.round(np.arange(each)[:, None] * every_s + dice.uniform(0, every_s, things)[None, :])
    observed = int(start.timestamp()) * 1_000_000 + (seconds * 1_000_000).astype(np.int64)
    received = observed + dice.integers(200_000, 2_000_000, shape)
    batch = pl.DataFrame(
        {
            "thing": np.broadcast_to(np.arange(first_thing, first_thing + things), shape).ravel(),
            "observed_at": pl.Series(observed.ravel()).cast(pl.Datetime("us", "UTC")),
            "received_at": pl.Series(received.ravel()).cast(pl.Datetime("us", "UTC")),
            "longitude_deg": np.round(longitude, 6).ravel(),
            "latitude_deg": np.round(latitude, 6).ravel(),
            "altitude_m": np.round(dice.normal(3, 1, shape)).ravel(),
            "speed_kmh": speed.ravel(),
            "heading_deg": np.round(heading).ravel(),
            "mileage_km": np.round(np.cumsum(speed * every_s / 3600, axis=0), 1).ravel(),
            "status_bits": np.full(things * each, 3),
            "alarm_bits": np.zeros(things * each, dtype=np.int64),
        }
    )
    return Position.check(batch)
