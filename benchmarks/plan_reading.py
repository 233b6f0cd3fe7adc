"""How fast plan documents are read: documents/s on one core, and whether memory stays flat.

    python benchmarks/plan_reading.py [--documents 1000] [--runs 3]

The files of HAIHE_PLANS (without it: the project's own fictional plan) are read again and again until the wanted number of
documents is reached. The ratio is taken against plain Python splitting the same text into lines and sentences in the same run,
so that it can be compared between machines.
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

    memory: list[float] = []
    rates = []
    for run in range(chosen.runs):
        count = 0

        def work() -> None:
            nonlocal count
            for path in endless(files):
                count += len(read(path).documents)
                if count >= chosen.documents:
                    return
                if count % 100 < 12:
                    memory.append(resident_mb())

        seconds = timed(work)
        rates.append(count / seconds)
        print(
            f"run {run + 1}: {count} documents in {seconds:.1f} s of processor time: {count / seconds:.0f} documents/s"
        )

    texts = [path.read_text(encoding="utf-8") for path in files]
    repeats = 200
    plain = timed(lambda: [re.split(r"[。；\n]", text) for _ in range(repeats) for text in texts])
    documents = sum(len(read(path).documents) for path in files)
    plain_rate = documents * repeats / plain
    rate = statistics.median(rates)
    print(
        f"median: {rate:.0f} documents/s on one core (goal ≥ {GOAL_PER_S}): {'met' if rate >= GOAL_PER_S else 'NOT met'}"
    )
    print(f"ratio to splitting the text into sentences only: {rate / plain_rate:.4f} ({plain_rate:.0f} documents/s)")
    third = len(memory) // 3
    early, late = statistics.median(memory[:third]), statistics.median(memory[-third:])
    print(
        f"memory: {early:.0f} MB in the first third, {late:.0f} MB in the last ({(late - early) / early:+.1%}), peak {max(memory):.0f} MB"
    )
    return 0 if rate >= GOAL_PER_S else 1


def endless(files: list[Path]) -> Iterator[Path]:
    return iter(cycle(files))


if __name__ == "__main__":
    sys.exit(main())
