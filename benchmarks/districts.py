"""A year of districts in parts by Dask, beside one process that reads the same lakes at once, in the same run.

    python benchmarks/districts.py [--districts 3] [--rows 6000000] [--part 1000000] [--rounds 3]

Question: positions, vehicles and mean speed by district and month. `one scan` is a single Polars question over all files in this process, with
all its threads; `delayed` sums up each part with Polars (examples/year_of_districts.py) in threads of this process; `dask.dataframe` groups by
district alone, count and mean. Each answer is compared with the first. Peak memory is that of a process of its own for each side.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from haihe.kernel.observations.districts import frame, parts
from haihe.kernel.observations.lake import Lake
from haihe.testing.observations import positions
from machine import describe
from year_of_districts import MONTH, year_of

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ["thing", "observed_at", "speed_kmh"]
EACH = 100


def fill(folder: Path, rows: int) -> None:
    """A district that reports once a week for a year: 52 files."""
    lake = Lake(folder, folder)
    things = max(1, rows // 52 // EACH)
    with lake.exclusive():
        for week in range(52):
            batch = positions(things, EACH, start=YEAR + timedelta(days=7 * week), seed=week)
            lake.append("position", batch, writer="benchmark", seq=week + 1)


def one_scan(lakes: dict[str, str], part_rows: int) -> pl.DataFrame:
    scans = []
    for name, url in lakes.items():
        rows, _ = Lake(url).scan("position")
        assert rows is not None
        scans.append(rows.select(pl.lit(name).alias("district"), *COLUMNS))
    return pl.concat(scans).group_by("district", MONTH.alias("month")).agg(
        pl.len().alias("positions"), pl.col("thing").n_unique().alias("vehicles"),
        pl.col("speed_kmh").mean().alias("mean_speed_kmh"),
    ).sort("district", "month").collect()  # fmt: skip


def delayed(lakes: dict[str, str], part_rows: int) -> pl.DataFrame:
    return year_of(lakes, YEAR.year, scheduler="threads", rows=part_rows)


def one_small_scan(lakes: dict[str, str], part_rows: int) -> pl.DataFrame:
    scans = [
        Lake(url).scan("position")[0].select(pl.lit(name).alias("district"), *COLUMNS) for name, url in lakes.items()
    ]  # type: ignore[union-attr]
    speed = pl.col("speed_kmh")
    return pl.concat(scans).group_by("district").agg(speed.count().alias("count"), speed.mean()).collect()


def dask_dataframe(lakes: dict[str, str], part_rows: int) -> pl.DataFrame:
    found = frame(parts(lakes, "position", columns=COLUMNS, rows=part_rows))
    summed = found.groupby("district")["speed_kmh"].agg(["count", "mean"]).compute(scheduler="threads")
    return pl.from_pandas(summed.reset_index()).sort("district")


SIDES: dict[str, Callable[[dict[str, str], int], pl.DataFrame]] = {
    "one scan": one_scan, "delayed": delayed, "one scan, small": one_small_scan, "dask.dataframe": dask_dataframe,
}  # fmt: skip


def peak_mb() -> float:
    """The peak of this process's memory (Linux); not its parent's, which getrusage would tell."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def child(side: str, lakes: dict[str, str], part_rows: int) -> None:
    """One side in this process: seconds, peak memory and what it counted."""
    before = peak_mb()
    began, used = time.monotonic(), time.process_time()
    answer = SIDES[side](lakes, part_rows)
    took, used = time.monotonic() - began, time.process_time() - used
    counted = int(answer["positions" if "positions" in answer.columns else "count"].sum())
    print(json.dumps({"s": took, "cpu_s": used, "mb": peak_mb() - before, "rows": counted}))


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--districts", type=int, default=3)
    given.add_argument("--rows", type=int, default=6_000_000, help="of each district")
    given.add_argument("--part", type=int, default=1_000_000)
    given.add_argument("--rounds", type=int, default=3)
    given.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.child:
        return child(asked.child[0], json.loads(asked.child[1]), asked.part)
    with tempfile.TemporaryDirectory(prefix="haihe-districts-") as scratch:
        lakes = {f"district {n}": f"{scratch}/{n}" for n in range(asked.districts)}
        for url in lakes.values():
            Path(url).mkdir()
            fill(Path(url), asked.rows)
        total = sum(int(Lake(url).files("position")["num_records"].sum()) for url in lakes.values())
        print(f"{describe()}\n{asked.districts} districts, {total:,} rows, parts of {asked.part:,}")
        told: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(asked.rounds):
            for side in SIDES:  # in turns, so that other work on the machine falls on all of them
                command = [sys.executable, __file__, "--part", str(asked.part), "--child", side, json.dumps(lakes)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                told[side].append(json.loads(done.stdout))
                assert told[side][-1]["rows"] == total, (side, told[side][-1], total)
    for side, rows in told.items():
        beside = "one scan" if side in ("one scan", "delayed") else "one scan, small"
        first = statistics.median(row["s"] for row in told[beside])
        s, cpu, mb = (statistics.median(row[key] for row in rows) for key in ("s", "cpu_s", "mb"))
        print(f"{side:15} {total / s:12,.0f} rows/s  {first / s:5.2f} x {beside:16}{cpu:6.1f} s CPU  {mb:7.0f} MB more")


if __name__ == "__main__":
    main()
