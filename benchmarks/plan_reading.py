"""How fast plan documents are read: documents/s on one core, and whether memory stays flat.

    python benchmarks/plan_reading.py [--documents 1000] [--runs 3]

The files of HAIHE_PLANS (without it: the project's own fictional plan) are read again and again until the wanted number of
documents is reached. The rival is the least that any reader must do, in the same run and over the same files: decode the bytes and
cut them into lines and sentences with one regular expression. The ratio of both can be compared between machines.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe, resident_mb, timed

GOAL_PER_S = 50


def sources() -> list[Path]:
    folder = os.environ.get("HAIHE_PLANS")
    if folder:
        return sorted(Path(folder).glob("*.txt"))
    import haihe

    return [Path(haihe.__file__).parent / "demo" / "plan.txt"]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--documents", type=int, default=1000)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()

    from haihe.packs.plans.reading import read

    files = sources()
    print(f"machine: {describe()}")
    read(files[0])  # import and compile before the clock runs

    rates, memory = [], Memory()
    for run in range(chosen.runs):
        count, seconds = read_documents(files, chosen.documents, memory)
        rates.append(count / seconds)
        print(f"run {run + 1}: {count} documents in {seconds:.1f} s of processor time: {rates[-1]:.0f} documents/s")

    rate = statistics.median(rates)
    verdict = "met" if rate >= GOAL_PER_S else "NOT met"
    print(f"median: {rate:.0f} documents/s on one core (goal ≥ {GOAL_PER_S}): {verdict}")
    rival = rival_rate(files)
    print(f"rival (decode and split with one expression): {rival:.0f} documents/s; ratio {rate / rival:.4f}")
    growth = memory.all_mb / memory.first_mb - 1
    print(
        f"peak memory: {memory.first_mb:.0f} MB over the first 100 documents, {memory.all_mb:.0f} MB over all ({growth:+.1%})"
    )
    return 0 if rate >= GOAL_PER_S and growth < 0.1 else 1


class Memory:
    """The largest resident size seen over the first 100 documents, and over all of them, in megabytes."""

    def __init__(self) -> None:
        self.documents, self.first_mb, self.all_mb = 0, 0.0, 0.0

    def look(self, documents: int) -> None:
        now = resident_mb()
        self.documents += documents
        if self.documents <= 100 or not self.first_mb:
            self.first_mb = max(self.first_mb, now)
        self.all_mb = max(self.all_mb, now)


def read_documents(files: list[Path], wanted: int, memory: Memory) -> tuple[int, float]:
    """Documents read and seconds of processor time."""
    from haihe.packs.plans.reading import read

    count = 0

    def work() -> None:
        nonlocal count
        for path in endless(files):
            found = len(read(path).documents)
            count += found
            memory.look(found)
            if count >= wanted:
                return

    seconds = timed(work)
    return count, seconds


def rival_rate(files: list[Path], repeats: int = 200) -> float:
    """Documents/s of decoding and splitting only."""
    from haihe.packs.plans.reading import read

    cut = re.compile(r"[。；\n]")
    seconds = timed(lambda: [cut.split(path.read_bytes().decode("utf-8")) for _ in range(repeats) for path in files])
    return sum(len(read(path).documents) for path in files) * repeats / seconds


def endless(files: list[Path]) -> Iterator[Path]:
    return iter(cycle(files))


if __name__ == "__main__":
    sys.exit(main())
