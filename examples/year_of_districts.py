"""A year of several districts: by district and month how many positions, of how many vehicles, how fast on the mean.

    python examples/year_of_districts.py 2026 望河区=/data/wanghe/lake 平川区=s3://pingchuan/lake

With Dask: each part of the lakes is summed up where it is read, in processes of this machine or on a cluster (`dask.distributed`), and only
the sums come together. Names and figures are invented; positions tell about persons, sums of many vehicles do not.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import dask
import polars as pl

from haihe.kernel.observations.districts import PART_ROWS, Part, parts, read

MONTH = pl.col("observed_at").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")


def summed(part: Part) -> pl.DataFrame:
    """What is needed of one part: sums, and which vehicles were there."""
    return read(part).group_by("district", MONTH.alias("month")).agg(
        pl.len().alias("positions"), pl.col("thing").unique().alias("vehicles"),
        pl.col("speed_kmh").sum(), pl.col("speed_kmh").count().alias("speeds"),
    )  # fmt: skip


def together(sums: list[pl.DataFrame]) -> pl.DataFrame:
    """The sums of all parts as the answer."""
    every = pl.concat(sums).group_by("district", "month").agg(
        pl.col("positions", "speed_kmh", "speeds").sum(), pl.col("vehicles").explode().n_unique()
    )  # fmt: skip
    mean = (pl.col("speed_kmh") / pl.col("speeds")).alias("mean_speed_kmh")
    return every.select("district", "month", "positions", "vehicles", mean).sort("district", "month")


def year_of(lakes: Mapping[str, str], year: int, scheduler: str = "processes", rows: int = PART_ROWS) -> pl.DataFrame:
    since, until = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found = parts(lakes, "position", since=since, until=until, columns=["thing", "observed_at", "speed_kmh"], rows=rows)
    return together(list(dask.compute(*[dask.delayed(summed)(part) for part in found], scheduler=scheduler)))


if __name__ == "__main__":
    with pl.Config(tbl_rows=-1):
        print(year_of(dict(argument.split("=", 1) for argument in sys.argv[2:]), int(sys.argv[1])))
