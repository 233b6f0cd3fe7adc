"""Two million rows into four stores and out again: Haihe, VictoriaMetrics, InfluxDB and PostgreSQL, in the same run.

    python benchmarks/store.py [--trucks 4000] [--readings 500] [--batch 5000] [--connections 4] [--rounds 3] [--only haihe,influxdb]

Each side gets the same rows over sockets, in batches of the same size from the same number of connections; a connection sends
its next batch when the last one was acknowledged. Five disciplines: rows a second until everything is acknowledged and a question sees
all of it; bytes a value on disk once the store has tidied up (its data, without logs and journals, which do not grow with the data);
and seconds for three questions, answers read and counted: the mean speed by fleet over all rows, one truck's day, the positions in a
rectangle during an hour. Each is asked again and again, so that a store may answer from what it keeps in memory, as all four do; beside
the five stands what a truck's day costs when it is another truck's each time. A wrong answer ends the run.

The stores are Debian's (apt-get install victoria-metrics influxdb postgresql), with their own settings; one that is missing is left out, and
said so. Servers and folders are gone when the program ends, also after Ctrl-C.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import queue
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haihe.settings")
from machine import describe
from store_data import FIELDS, Load, made
from store_sides import RIVALS, Haihe, Side

QUESTION_SECONDS = 4.0
GOAL_FIRST, GOAL_LEAST = 4, 0.7
DISCIPLINES = {
    "ingest": ("rows/s", True), "disk": ("bytes/value", False), "fleets": ("ms", False), "day": ("ms", False), "box": ("ms", False),
    "another's day": ("ms", False),
}  # fmt: skip
BESIDE = "another's day"  # told, and no part of the goal


@dataclass
class Figures:
    """What the rounds measured of one side, by discipline."""

    of: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in DISCIPLINES})
    memory_mb: float = 0.0

    def median(self, discipline: str) -> float:
        return statistics.median(self.of[discipline])


def measured(kind: type[Side], load: Load, connections: int, figures: Figures) -> None:
    with kind(load) as side:
        bodies = list(side.bodies())
        taken = fed(side, bodies, connections)
        del bodies
        figures.of["ingest"].append(load.rows.height / taken)
        figures.of["disk"].append(side.settle() / load.rows.height / len(FIELDS))
        means = load.mean_speeds()
        figures.of["fleets"].append(1000 * asked(side.fleets, lambda found: close(found, means)))
        rows = load.rows_of_the_day()
        figures.of["day"].append(1000 * asked(lambda: side.day(load.one_truck), lambda n: n == rows))
        figures.of["box"].append(1000 * asked(side.box, lambda n: n == load.rows_in_the_box()))
        trucks = itertools.cycle(load.trucks_in_disorder())
        figures.of[BESIDE].append(1000 * asked(lambda: side.day(next(trucks)), lambda n: n == rows))
        figures.memory_mb = max(figures.memory_mb, side.memory_mb())
    print(
        f"  {kind.name}: " + ", ".join(f"{name} {told(name, figures.of[name][-1])}" for name in DISCIPLINES), flush=True
    )


def fed(side: Side, bodies: list[bytes], connections: int) -> float:
    """Seconds from the first byte until a question sees every row."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    failures: list[BaseException] = []

    def send_all() -> None:
        try:
            sender = side.sender()
            ready.wait()
            while not failures:
                sender.send(waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as error:
            failures.append(error)
            ready.abort()

    ready = threading.Barrier(connections + 1)
    senders = [threading.Thread(target=send_all, daemon=True) for _ in range(connections)]
    for sender in senders:
        sender.start()
    ready.wait()
    began = time.perf_counter()
    for sender in senders:
        sender.join()
    if failures:
        raise failures[0]
    while (seen := side.count()) < side.load.rows.height:
        if time.perf_counter() - began > 600:
            raise SystemExit(f"{side.name} shows {seen} of {side.load.rows.height} rows")
        time.sleep(0.05)
    return time.perf_counter() - began


def asked(question: Callable[[], Any], is_right: Callable[[Any], bool]) -> float:
    """Seconds of one question, the median over some seconds of asking; the first two are for warming up."""
    found = question()
    if not is_right(found):
        raise SystemExit(f"a question is answered with {found!r}")
    question()
    delays: list[float] = []
    end = time.perf_counter() + QUESTION_SECONDS
    while time.perf_counter() < end or len(delays) < 5:
        began = time.perf_counter()
        question()
        delays.append(time.perf_counter() - began)
    return statistics.median(delays)


def close(found: dict[str, float], right: dict[str, float]) -> bool:
    return found.keys() == right.keys() and all(math.isclose(found[name], right[name], rel_tol=1e-6) for name in right)


def told(discipline: str, value: float) -> str:
    unit, _ = DISCIPLINES[discipline]
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.2f} {unit}"


def compare(all_figures: dict[type[Side], Figures]) -> None:
    ours, first, least = all_figures[Haihe], 0, math.inf
    for discipline, (_, more_is_better) in DISCIPLINES.items():
        others = {kind.name: figures for kind, figures in all_figures.items() if kind is not Haihe}
        # Round by round, because rounds next to each other saw the same machine.
        ratios = {
            name: statistics.median(
                (mine / theirs if more_is_better else theirs / mine)
                for mine, theirs in zip(ours.of[discipline], figures.of[discipline], strict=True)
            )
            for name, figures in others.items()
        }
        worst = min(ratios.values())
        if discipline != BESIDE:
            first, least = first + (worst >= 1), min(least, worst)
        print(
            f"{discipline}: Haihe {told(discipline, ours.median(discipline))}; "
            + "; ".join(
                f"{name} {told(discipline, others[name].median(discipline))} (Haihe {ratio:.2f} ×)"
                for name, ratio in ratios.items()
            )
        )
    print(
        f"Haihe is first in {first} of {len(DISCIPLINES) - 1} (goal {GOAL_FIRST}); at worst {least:.2f} × the best (goal {GOAL_LEAST})"
    )
    print(
        "memory, most held: "
        + ", ".join(
            f"{kind.name} {figures.memory_mb:.0f} MB" for kind, figures in all_figures.items() if figures.memory_mb
        )
    )


def stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--trucks", type=int, default=4000)
    options.add_argument("--readings", type=int, default=500, help="of each truck, 180 s apart")
    options.add_argument("--batch", type=int, default=5000, help="rows of one batch")
    options.add_argument("--connections", type=int, default=4)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="names of rivals, with commas; Haihe is always measured")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, stop)
    print(f"machine: {describe()}")
    load = made(chosen.trucks, chosen.readings, chosen.batch)
    print(
        f"{load.rows.height:,} rows of {len(FIELDS)} values, batches of {chosen.batch:,} over {chosen.connections} connections, {chosen.rounds} rounds"
    )
    sides: list[type[Side]] = [Haihe]
    for kind in RIVALS:
        if chosen.only and kind.name.lower() not in chosen.only.lower().split(","):
            continue
        if kind(load).missing():
            print(f"{kind.name} is left out: apt-get install {kind.package}")
        else:
            sides.append(kind)
    for kind in sides:
        print(f"  {kind.name} acknowledges what is {kind.promise}")
    all_figures = {kind: Figures() for kind in sides}
    try:
        for number in range(1, chosen.rounds + 1):
            print(f"round {number}")
            for kind in (*sides[1:], Haihe):
                measured(kind, load, chosen.connections, all_figures[kind])
    except KeyboardInterrupt:
        print("interrupted; what was started is stopped")
        return 130
    if len(sides) > 1:
        compare(all_figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
