"""Compaction: many small files of a day become few, sorted ones. Runs in the background, one bounded step at a time.

A step reads at most STEP_ROWS rows, writes one new file, fsyncs it, and exchanges it for the old ones in one commit that
changes no data; readers of an older version keep the old files until they are vacuumed. It can be interrupted anywhere: a file
whose commit did not happen is not part of the table.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from haihe.kernel.observations.lake import Lake, removals
from haihe.kernel.observations.lake_files import PARTITION

SMALL_ROWS = 1_000_000
STEP_ROWS = 2_000_000
# A day that is still being fed is compacted when it has this many small files; a day that is over, when it has two.
SMALL_FILES = 24
DAY_OVER_AFTER = timedelta(hours=1)


def compact_once(lake: Lake, table: str, at: datetime) -> int:
    """One step for the day that needs it most; returns how many files were merged, 0 when nothing is to do."""
    with lake.exclusive():
        merge = _chosen(lake.files(table), at)
        if merge.is_empty():
            return 0
        with lake.place.faults(table):
            _exchange(lake, table, merge)
        return merge.height


def _chosen(files: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """The small files to merge now: the oldest of the day with the most of them, up to STEP_ROWS rows."""
    if files.is_empty():
        return files
    day = f"partition.{PARTITION}"
    today = (at - DAY_OVER_AFTER).date()
    small = files.filter(pl.col("num_records") < SMALL_ROWS)
    needed = pl.when(pl.col(day) < today).then(2).otherwise(SMALL_FILES)
    ripe = small.group_by(day).len().filter(pl.col("len") >= needed).sort("len", day)
    if ripe.is_empty():
        return ripe
    chosen = small.filter(pl.col(day) == ripe[day][-1]).sort("modification_time", "path")
    chosen = chosen.filter(pl.col("num_records").cum_sum() <= STEP_ROWS)
    return chosen if chosen.height > 1 else chosen.clear()


def _exchange(lake: Lake, table: str, files: pl.DataFrame) -> None:
    rows = lake.stored_rows(table, files["path"].to_list(), lake.stored_schema(table)).collect()
    if rows.height != files["num_records"].sum():
        raise RuntimeError(f"compaction of {table} read {rows.height} rows, not {files['num_records'].sum()}")
    added = lake.write(table, files[f"partition.{PARTITION}"][0], rows, data_change=False)
    lake.commit(table, [added, *removals(files, data_change=False)])
