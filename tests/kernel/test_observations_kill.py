"""kill -9 of the processes that append, feed, compact and keep newest rows, at random moments."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from haihe.kernel.observations.queries import observations
from haihe.testing.observations import APPEND, START, store_in

MOVE = """
import sys
from datetime import timedelta
from pathlib import Path
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.testing.observations import START, store_in
store = store_in(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    store.latest.advance()
    feed_once(store.journal, store.lake, limit_rows=40)
    for table in store.lake.tables():
        compact_once(store.lake, table, START + timedelta(days=3))
"""


def _kill_again_and_again(folder: Path, rounds: int, seed: int) -> None:
    """Appender and mover are killed at random moments; after each round everything acknowledged is there once."""
    dice = random.Random(seed)
    acknowledged: list[int] = []
    next_row = 0
    for _ in range(rounds):
        mover = subprocess.Popen([sys.executable, "-c", MOVE, str(folder)], stdout=subprocess.PIPE, text=True)
        assert mover.stdout and mover.stdout.readline() == "ready\n"
        appender = subprocess.Popen(
            [sys.executable, "-c", APPEND, str(folder), str(next_row)], stdout=subprocess.PIPE, text=True
        )
        assert appender.stdout
        lines = [appender.stdout.readline()]
        time.sleep(dice.uniform(0.0, 0.6))
        for process in dice.sample([mover, appender], 2):
            process.kill()
            time.sleep(dice.uniform(0, 0.05))
        lines += appender.stdout.read().splitlines(keepends=True)
        assert (appender.wait(), mover.wait()) == (-9, -9), "both were killed, neither failed"
        said = [int(line.split()[0]) for line in lines if line.endswith("\n")]
        acknowledged += said
        _everything_once(folder, acknowledged)
        # A row that was stored but whose acknowledgement was cut off is sent again by no device here.
        next_row = said[-1] + 2


def _everything_once(folder: Path, acknowledged: list[int]) -> None:
    store = store_in(folder)
    rows = observations("position", journals=[store.journal], lake=store.lake).collect()
    numbers = ((rows["observed_at"] - START).dt.total_seconds() // 20).sort().to_list()
    assert len(numbers) == len(set(numbers)), "a row is counted twice"
    assert set(acknowledged) <= set(numbers), "an acknowledged row is lost"
    newest = store.latest.read("position")
    expected = rows.group_by("thing").agg(pl.col("observed_at").max()).sort("thing")
    assert newest.select("thing", "observed_at").equals(expected)
    assert store.journal.list_set_aside() == []
    store.journal.close()


def test_kill_9_loses_nothing_acknowledged_and_counts_nothing_twice(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path, 5, seed=time.time_ns())


@pytest.mark.all
def test_kill_9_a_hundred_times(tmp_path: Path) -> None:
    _kill_again_and_again(tmp_path, 100, seed=time.time_ns())
