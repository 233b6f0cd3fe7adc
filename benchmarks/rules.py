"""How fast all rules of road transport go over a day of a fleet, and how many times faster than it passes.

    python benchmarks/rules.py [--vehicles 100000] [--hours 24] [--from 0] [--batch-rows 1000000] [--partitions 1]
    python benchmarks/rules.py --step

A position of each vehicle every 30 seconds (rules_day.py: shifts, routes and areas, dead zones, silence, faults), in order of receipt and in
batches as a replay reads them (`--batch-rows 50000`: as the worker does at most); the state of the whole fleet is carried along. Making the
positions is not counted. Printed for each rule: processor time a row (of all threads, so that other load on a shared machine matters less),
its share, and what it found. What several rules need is worked out by the first that asks and counted there; what all need stands by itself.

`--partitions 2` cuts the fleet in two, each half in a process of its own, as the workers of a district on a stream do: the slower one counts.
`--step` measures whole steps of the worker instead: reading, all rules, alerts, states and cursor written and fsync'd in one transaction of a
database of its own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # as the worker has it

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe, resident_mb
from rules_day import EVERY_S, START, Day, describe_day

STEP_ROWS = 50_000
GOAL = 500


def options() -> argparse.Namespace:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--vehicles", type=int, default=100_000)
    found.add_argument("--hours", type=float, default=24)
    found.add_argument("--from", type=float, default=0, dest="since", help="hour of the day at which to begin")
    found.add_argument("--batch-rows", type=int, default=0, help="0: as a replay reads them")
    found.add_argument("--partitions", type=int, default=1)
    found.add_argument("--partition", type=int, default=-1, help=argparse.SUPPRESS)
    found.add_argument("--step", action="store_true")
    return found.parse_args()


def main() -> int:
    chosen = options()
    if chosen.step:
        return whole_steps(chosen.vehicles)
    if chosen.partitions > 1 and chosen.partition < 0:
        return in_partitions(chosen)

    from haihe.runtime import set_up_django, spare_the_collector

    set_up_django()
    from haihe.kernel.alerts.replay import ROWS_AT_ONCE

    rows_at_once = chosen.batch_rows or ROWS_AT_ONCE
    mine = chosen.vehicles // chosen.partitions
    day = Day(mine, seed=1 + max(chosen.partition, 0), first_thing=1 + mine * max(chosen.partition, 0))
    facts = day.facts()
    first, last = int(chosen.since * 3600 / EVERY_S), int((chosen.since + chosen.hours) * 3600 / EVERY_S)
    print(f"machine: {describe()}; load before: {os.getloadavg()[0]:.1f}")
    print(
        f"{describe_day(day, facts)}; {chosen.hours:g} hours from {chosen.since:g}:00, batches of {rows_at_once:,} rows"
    )
    run = Run(facts)
    spare_the_collector()  # as the worker does
    for batch in batches(day, first, last, rows_at_once):
        run.take(batch)
    run.tell(day.vehicles, chosen.hours)
    return 0


def batches(day: Day, first: int, last: int, rows_at_once: int) -> Iterator[pl.DataFrame]:
    waiting: list[pl.DataFrame] = []
    for number, rows in enumerate(day.rounds(first, last), first):
        waiting.append(rows)
        if sum(each.height for each in waiting) >= rows_at_once or number == last - 1:
            whole = pl.concat(waiting, rechunk=True)
            full = whole.height // rows_at_once * rows_at_once if number < last - 1 else whole.height
            yield from whole.head(full).iter_slices(rows_at_once)
            waiting = [whole.slice(full)]


class Run:
    """All rules over positions, from empty states, with the time that each took."""

    def __init__(self, facts: pl.DataFrame) -> None:
        from haihe.kernel.alerts.rules import RULES

        self.facts, self.living = facts, facts["thing"].to_numpy()
        self.rules = {name: rule for name, rule in sorted(RULES.items()) if rule.table == "position"}
        self.states = {name: rule.empty_state() for name, rule in self.rules.items()}
        self.seconds = dict.fromkeys(["what all share", "plain", *self.rules], 0.0)
        self.found = {name: dict.fromkeys(("warning", "raise", "end"), 0) for name in self.rules}
        self.asked_at: dict[str, object] = dict.fromkeys(self.rules)
        self.rows, self.began_s, self.wall_s = 0, 0.0, 0.0

    def take(self, batch: pl.DataFrame) -> None:
        from haihe.kernel.alerts.processing import with_facts
        from haihe.kernel.alerts.rows import Rows

        self._start()
        batch.sort("thing", "observed_at").group_by("thing").agg(pl.col("speed_kmh").max())
        self._stop("plain")
        began_s = time.perf_counter()
        self._start()
        rows = Rows(with_facts(batch, self.facts))
        for tolerated in sorted({rule.tolerated_quality for rule in self.rules.values()}):
            rows.usable(tolerated)
        self._stop("what all share")
        for name in self.rules:
            self._start()
            self._advance(name, rows)
            self._stop(name)
        self.rows += batch.height
        self.wall_s += time.perf_counter() - began_s

    def _advance(self, name: str, rows: object) -> None:
        from haihe.kernel.alerts.advancing import advance
        from haihe.kernel.alerts.processing import parameter_of
        from haihe.kernel.alerts.silence import advance_with_silence

        rule, state = self.rules[name], self.states[name]
        if rule.speaks_of_silence:
            heard = advance_with_silence(
                rule, rows, state, self.living, parameter_of, START, asked_at=self.asked_at[name]
            )
            step, self.asked_at[name] = heard.advance, heard.asked_at
        else:
            step = advance(rule, rows, state, parameter_of, START)
        self.states[name] = step.state
        for phase, count in step.findings["phase"].value_counts().iter_rows():
            self.found[name][phase] = self.found[name].get(phase, 0) + count

    def _start(self) -> None:
        self.began_s = time.process_time()

    def _stop(self, name: str) -> None:
        self.seconds[name] += time.process_time() - self.began_s

    def tell(self, vehicles: int, hours: float) -> None:
        plain = self.seconds.pop("plain")
        total = sum(self.seconds.values())
        for name, seconds in self.seconds.items():
            found = ", ".join(f"{count:,} {phase}" for phase, count in self.found.get(name, {}).items())
            print(f"{name}: {seconds / self.rows * 1e9:.0f} ns a row, {seconds / total:.0%}; {found}".rstrip("; "))
        print(
            f"plain (the same rows sorted and grouped once): {plain / self.rows * 1e9:.0f} ns a row; all rules: {total / plain:.1f} × that"
        )
        print(f"memory: {resident_mb():.0f} MB")
        print(
            f"all {len(self.rules)} rules: {self.rows:,} rows of {vehicles:,} vehicles, {total:.1f} s of processor time, {self.rows / total:,.0f} rows/s, "
            f"{hours * 3600 / total:.0f} × real time on one core (goal {GOAL}); {self.wall_s:.1f} s of wall time, {hours * 3600 / self.wall_s:.0f} ×"
        )


def in_partitions(chosen: argparse.Namespace) -> int:
    """One process a partition; they compete for whatever the machine has."""
    command = [sys.executable, __file__, *sys.argv[1:], "--partition"]
    runs = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE, text=True) for n in range(chosen.partitions)]
    told = [run.communicate()[0] for run in runs]
    if any(run.returncode for run in runs):
        return 1
    for each in told:
        print(each)
    processor, wall = zip(*(_seconds(each.splitlines()[-1]) for each in told), strict=True)
    hours = chosen.hours * 3600
    print(
        f"{chosen.partitions} partitions on {os.cpu_count()} cores: {hours / max(processor):.0f} × real time by processor time of the slower one "
        f"(goal {GOAL}), {hours / max(wall):.0f} × by its wall time"
    )
    return 0


def _seconds(line: str) -> tuple[float, float]:
    words = line.split()
    return float(words[words.index("processor") - 3]), float(words[words.index("wall") - 3])


def whole_steps(vehicles: int) -> int:
    with tempfile.TemporaryDirectory(prefix="haihe-rules-") as home:
        os.environ["HAIHE_HOME"] = home
        os.environ["HAIHE_PACKS"] = "transport"
        from haihe.runtime import set_up_django

        set_up_django()
        from django.core.management import call_command

        from haihe.kernel.administration import operator
        from haihe.kernel.alerts.models import Alert
        from haihe.kernel.alerts.processing import Memory, process_once
        from haihe.kernel.observations import stores
        from haihe.kernel.things import Thing
        from haihe.packs.transport.simulator.registering import synthetic_carrier

        print(f"machine: {describe()}; load before: {os.getloadavg()[0]:.1f}")
        call_command("migrate", verbosity=0)
        carrier, day = synthetic_carrier(operator()), Day(vehicles)
        fleet = (
            Thing(pk=thing, kind="vehicle", key=f"V{thing:06d}", attributes={name: value for name, value in row.items() if value}, organisation=carrier.organisation)
            for thing, row in zip(day.thing.tolist(), day.facts().drop("thing").iter_rows(named=True), strict=True)
        )  # fmt: skip
        Thing.objects.bulk_create(fleet, batch_size=2000)
        memory, taken, rows = Memory(), [], 0
        for batch in batches(day, 900, 904, STEP_ROWS):
            stores.journal().append([("position", batch)])
            began = time.perf_counter()
            process_once(stores.journal(), memory=memory)
            taken.append(time.perf_counter() - began)
            rows += batch.height
        alerts = Alert.objects.count()
    print(
        f"steps of {STEP_ROWS:,} rows: median {np.median(taken):.2f} s, first {taken[0]:.2f} s; {alerts} alerts; "
        f"{rows / sum(taken):,.0f} rows/s of wall time, {rows / sum(taken) / (vehicles / EVERY_S):.0f} × real time"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
