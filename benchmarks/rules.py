"""How fast the rules of road transport go over positions: rows per second of processor time, and how many times faster than they arrive.

    python benchmarks/rules.py [--vehicles 100000] [--rounds 4] [--runs 3] [--batch-rows 50000] [--step]

Each round is one position of every vehicle, 30 seconds after the one before; the rows are cut into batches of 50,000, as the worker
reads them (`--batch-rows 500000`: as a replay does), and the state of the whole fleet is carried along. The ratio is against real time (one position per vehicle and 30 s)
and, for comparing machines, against polars sorting and grouping the same rows once in the same run.
`--step` measures whole steps instead: reading, both rules, alerts, states and cursor written and fsync'd in one transaction of a
database of its own.

Processor time of all threads is counted, so that other load on a shared machine matters less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe, resident_mb

EVERY_S = 30
BATCH_ROWS = 50_000  # as the worker reads them; a replay takes 500,000 at once
START = datetime(2026, 3, 2, tzinfo=UTC)


def fleet_round(number: int, vehicles: int, dice: np.random.Generator) -> pl.DataFrame:
    """One position of every vehicle: nine of ten drive, each at about a speed of its own, of which some per cent are too fast."""
    at = START + timedelta(seconds=EVERY_S * number)
    drives = np.arange(vehicles) % 10 != 0
    own = np.random.default_rng(2).normal(66, 7, vehicles)
    speed = np.where(drives, (own + dice.normal(0, 0.5, vehicles)).clip(0, 120), 0.0)
    east = np.where(drives, number * EVERY_S / 3600 * own / 86, 0.0)
    return pl.DataFrame({
        "thing": np.arange(1, vehicles + 1), "quality": np.zeros(vehicles, dtype=np.uint16),
        "longitude_deg": 117.0 + east, "latitude_deg": np.full(vehicles, 39.4), "speed_kmh": speed, "alarm_bits": np.zeros(vehicles, dtype=np.uint32),
    }).with_columns(observed_at=pl.lit(at).cast(pl.Datetime("us", "UTC")), received_at=pl.lit(at).cast(pl.Datetime("us", "UTC")))  # fmt: skip


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--vehicles", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--batch-rows", type=int, default=BATCH_ROWS)
    options.add_argument("--step", action="store_true")
    chosen = options.parse_args()
    if chosen.step:
        return whole_steps(chosen.vehicles, chosen.rounds)

    from haihe.runtime import set_up_django

    set_up_django()
    print(f"machine: {describe()}")
    dice = np.random.default_rng(1)
    whole = pl.concat([fleet_round(number, chosen.vehicles, dice) for number in range(chosen.rounds)])
    batches = list(whole.iter_slices(chosen.batch_rows))
    uses = np.array(["hazmat", "passenger", "freight"])
    facts = pl.DataFrame(
        {"thing": range(1, chosen.vehicles + 1), "use": uses[np.arange(chosen.vehicles) % 3]},
        schema_overrides={"use": pl.Categorical},
    )
    facts = facts.with_columns(areas=pl.lit(None, dtype=pl.Categorical))
    rows = sum(batch.height for batch in batches)
    arriving = chosen.vehicles / EVERY_S
    plain = statistics.median(plain_seconds(batches) for _ in range(chosen.runs))
    runs = [all_rules(batches, facts) for _ in range(chosen.runs)]
    total = 0.0
    for name in runs[0]:
        seconds = statistics.median(run[name][0] for run in runs)
        total += seconds
        print(
            f"{name}: {rows / seconds:,.0f} rows/s, {rows / seconds / arriving:,.0f} × real time; {seconds / plain:.1f} × plain sort and group; "
            f"{runs[0][name][1]}"
        )
    print(
        f"all: {rows / total:,.0f} rows/s, {rows / total / arriving:,.0f} × real time at one position per {EVERY_S} s"
    )
    print(f"memory: {resident_mb():.0f} MB")
    return 0


def all_rules(batches: list[pl.DataFrame], facts: pl.DataFrame) -> dict[str, tuple[float, str]]:
    """Processor seconds and a few words: first of what the rules have in common (facts, order, usable rows), then of each rule."""
    from haihe.kernel.alerts.advancing import advance
    from haihe.kernel.alerts.processing import parameter_of, with_facts
    from haihe.kernel.alerts.rows import Rows
    from haihe.kernel.alerts.rules import RULES
    from haihe.kernel.alerts.silence import advance_with_silence
    from haihe.kernel.alerts.states import BLOCK_THINGS, pack_state

    began, shared = time.process_time(), []
    for batch in batches:
        rows = Rows(with_facts(batch, facts))
        for tolerated in {rule.tolerated_quality for rule in RULES.values()}:
            rows.usable(tolerated)
        shared.append(rows)
    told = {"what they share": (time.process_time() - began, f"{len(RULES)} rules")}
    living = facts["thing"].to_numpy()
    for name, rule in sorted((name, rule) for name, rule in RULES.items() if rule.table == "position"):
        state, asked_at, found = rule.empty_state(), None, 0
        began = time.process_time()
        for rows in shared:
            if rule.speaks_of_silence:
                heard = advance_with_silence(rule, rows, state, living, parameter_of, START, asked_at=asked_at)
                step, asked_at = heard.advance, heard.asked_at
            else:
                step = advance(rule, rows, state, parameter_of, START)
            state, found = step.state, found + step.findings.height
        taken = time.process_time() - began
        size = sum(len(pack_state(block)) for block in state.iter_slices(BLOCK_THINGS))
        told[name] = (taken, f"{found} findings; state of {state.height:,} vehicles {size / 1e6:.1f} MB")
    return told


def whole_steps(vehicles: int, rounds: int) -> int:
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

        print(f"machine: {describe()}")
        call_command("migrate", verbosity=0)
        carrier = synthetic_carrier(operator())
        uses = ("hazmat", "passenger", "freight")
        fleet = (
            Thing(
                pk=n + 1,
                kind="vehicle",
                key=f"V{n:06d}",
                attributes={"use": uses[n % 3]},
                organisation=carrier.organisation,
            )
            for n in range(vehicles)
        )
        Thing.objects.bulk_create(fleet, batch_size=5000)
        dice, memory, taken = np.random.default_rng(1), Memory(), []
        batches = [
            part for number in range(rounds) for part in fleet_round(number, vehicles, dice).iter_slices(BATCH_ROWS)
        ]
        for batch in batches:
            stores.journal().append([("position", batch)])
            began = time.perf_counter()
            process_once(stores.journal(), memory=memory)
            taken.append(time.perf_counter() - began)
        alerts = Alert.objects.count()
    print(
        f"steps of {batches[0].height:,} rows: median {statistics.median(taken):.2f} s, first {taken[0]:.2f} s; {alerts} alerts"
    )
    rows = sum(batch.height for batch in batches)
    print(
        f"whole steps: {rows / sum(taken):,.0f} rows/s of wall time, {rows / sum(taken) / (vehicles / EVERY_S):.0f} × real time"
    )
    return 0


def plain_seconds(batches: list[pl.DataFrame]) -> float:
    began = time.process_time()
    for batch in batches:
        batch.sort("thing", "observed_at").group_by("thing").agg(pl.col("speed_kmh").max())
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
