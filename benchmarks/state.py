"""State changes a second that are durable, judged by a rule, and kept as newest: Haihe, and Home Assistant's recorder in the same run.

    python benchmarks/state.py [--changes 1000000] [--entities 5000] [--batch 2000] [--rounds 3] [--home-assistant PYTHON]

A state change of Haihe is a row of a declared table about one of 5,000 things. It comes as text, is checked, lies fsync'd in the
journal, is judged by the worker's own step with a rule that is on (a value over the limit of its thing; some thousand alerts open and
close), and the newest value of each thing is kept. This process appends what comes; another takes the worker's three steps in turn (rules,
newest rows, lake). The clock stops when rules and newest rows have taken in the last change. Then it is counted whether every
change is there, every newest value is right, and an alert stands for each thing that was over its limit.

The rival is Home Assistant 2024.3.3 (the last for Python 3.11), in an environment of its own, named by its Python; without rules:

    python3.11 -m venv DIR && DIR/bin/pip install homeassistant==2024.3.3 SQLAlchemy==2.0.27 fnv-hash-fast==0.5.0 psutil-home-assistant==0.0.1

Where none is named the figure of an earlier measurement stands in, and this is said.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import numpy as np
import polars as pl

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.observations.tables import Field, ObservationTable
from machine import describe

GOAL = 20
EARLIER_RIVAL = (
    4_700.0  # changes/s, measured by the project on such a machine before, with other work on the second core
)
LIMIT = 95.0


class State(ObservationTable):
    name = "benchmark_state"
    title_zh, title_en = "状态（基准测试）", "States (benchmark)"
    purpose_zh, purpose_en = "基准测试，全部为合成数据", "A benchmark; all data is synthetic"
    retention_days = 30

    value_kw = Field(pl.Float64, "kW", 0, 10_000, "unverified")


def declare_rule() -> str:
    """Only once Django is set up."""
    from haihe.kernel.alerts.batches import Batch
    from haihe.kernel.alerts.rules import FINDINGS, Rule

    class OverLimit(Rule):
        name = "benchmark.over_limit"
        title_zh, title_en, unit = "超过上限（基准测试）", "Over its limit (benchmark)", "kW"
        table, thing_kind, attributes = "benchmark_state", "entity", ("limit_kw",)
        state: Mapping[str, Any] = {"over": pl.Boolean}
        severity, urgency, certainty = Severity.MINOR, Urgency.EXPECTED, Certainty.OBSERVED

        def evaluate(
            self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
        ) -> tuple[pl.DataFrame, pl.DataFrame]:
            runs = batch.runs
            # A fact of a thing comes as a categorical text: cast before it is a number.
            frame = batch.frame.with_columns(pl.col("limit_kw").cast(pl.String).cast(pl.Float64))
            over = (frame["value_kw"] > frame["limit_kw"]).fill_null(False).to_numpy()
            before = runs.before(over, state["over"].fill_null(False).to_numpy())
            parts = [
                frame.filter(pl.Series(mask)).select(
                    "thing", "observed_at", key=pl.lit("value"), phase=pl.lit(phase), value=pl.col("value_kw"),
                    limit=pl.col("limit_kw"), evidence=pl.lit("{}"),
                ).select(*FINDINGS)
                for phase, mask in (("raise", over & ~before), ("end", before & ~over))
            ]  # fmt: skip
            return pl.concat(parts), state.with_columns(over=pl.Series(over[runs.last]))

    return OverLimit.name


# --- what comes -------------------------------------------------------------------------------------------------------


def changes_of(count: int, entities: int, started: datetime) -> pl.DataFrame:
    """Changes in the order in which they come, each entity in turn; one in a thousand is over the limit."""
    dice = np.random.default_rng(1)
    first = int(started.timestamp() * 1e6) - count * 100
    values = np.where(dice.random(count) < 0.001, dice.uniform(LIMIT, 99, count), dice.uniform(0, LIMIT, count))
    return pl.DataFrame(
        {
            "thing": np.arange(count) % entities + 1,
            "at_us": first + np.arange(count) * 100,
            "value_kw": np.round(values, 3),
        }
    )


def take_in(text: bytes) -> None:
    """One batch as it came, durable when this returns."""
    from haihe.kernel.observations import stores

    instant = pl.Datetime("us", "UTC")
    kinds = {"thing": pl.Int64, "observed_at": pl.Int64, "value_kw": pl.Float64}
    batch = pl.read_csv(text, has_header=False, schema=kinds).with_columns(pl.col("observed_at").cast(instant))
    batch = batch.with_columns(received_at=pl.lit(datetime.now(UTC)).cast(instant))
    stores.journal().append([("benchmark_state", State.check(batch))])


# --- the district -----------------------------------------------------------------------------------------------------


def prepare(entities: int) -> None:
    from django.core.management import call_command

    from haihe.kernel.alerts.models import RuleStatus
    from haihe.kernel.things import Thing

    call_command("migrate", verbosity=0)
    Thing.objects.bulk_create(
        [Thing(pk=n, kind="entity", key=f"E{n:05d}", attributes={"limit_kw": LIMIT}) for n in range(1, entities + 1)],
        batch_size=2000,
    )
    RuleStatus.objects.update_or_create(rule="benchmark.over_limit", defaults={"enabled": True})


def work() -> None:
    """The worker's steps, each as often as `runtime.ROAD` lets it, until standard input ends."""
    import select

    from haihe.runtime import spare_the_collector, steps_of

    steps, last = steps_of("worker"), {}
    spare_the_collector()
    print("works", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        for step, does in steps:
            if time.monotonic() - last.get(step.name, 0.0) >= step.every_s:
                last[step.name] = time.monotonic()
                does(datetime.now(UTC))


def measure(changes: int, entities: int, batch: int) -> dict[str, float]:
    """Changes a second, with the worker beside; run in a process of its own whose HAIHE_HOME is fresh."""
    from haihe.kernel.alerts.processing import CURSOR
    from haihe.kernel.observations import stores
    from haihe.kernel.observations.latest import CONSUMER

    prepare(entities)
    rows = changes_of(changes, entities, datetime.now(UTC))
    texts = [part.write_csv(include_header=False).encode() for part in rows.iter_slices(batch)]
    journal = stores.journal()
    worker = subprocess.Popen([sys.executable, __file__, "--work"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert worker.stdin and worker.stdout
    try:
        if worker.stdout.readline() != b"works\n":
            raise SystemExit("the worker did not start")
        began = time.perf_counter()
        for text in texts:
            take_in(text)
        durable = time.perf_counter() - began
        end = journal.last_seq()
        while min(journal.cursors().get(name, 0) for name in (CURSOR, CONSUMER)) < end:
            if worker.poll() is not None or time.perf_counter() - began > 600:
                raise SystemExit("the worker did not come to the end")
            time.sleep(0.005)
        taken = time.perf_counter() - began
    finally:
        worker.stdin.close()
        worker.wait(30)
    return {"durable_s": durable, "taken_s": taken, **checked(rows)}


def checked(rows: pl.DataFrame) -> dict[str, float]:
    """What is stored against what was sent; ends the run where something is missing."""
    from haihe.kernel.alerts.models import Alert, RuleStatus
    from haihe.kernel.observations.queries import latest, observations

    stored = observations("benchmark_state", columns=["thing"]).select(pl.len()).collect().item()
    newest = latest("benchmark_state").select("thing", "value_kw")
    expected = rows.group_by("thing", maintain_order=True).agg(pl.col("value_kw").last()).sort("thing")
    # One alert of a thing stays open until a person handled it; what happens again is counted on it.
    alerts = rows.filter(pl.col("value_kw") > LIMIT)["thing"].n_unique()
    if error := RuleStatus.objects.get(rule="benchmark.over_limit").error:
        raise SystemExit(f"the rule failed: {error}")
    if stored != rows.height or not newest.equals(expected) or Alert.objects.count() != alerts:
        raise SystemExit(
            f"stored {stored} of {rows.height}; newest right: {newest.equals(expected)}; alerts {Alert.objects.count()} of {alerts}"
        )
    return {"alerts": alerts}


# --- the program ------------------------------------------------------------------------------------------------------


def ours(chosen: argparse.Namespace) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="haihe-state-") as home:
        environment = {**os.environ, "HAIHE_HOME": home, "HAIHE_PACKS": "transport"}
        command = [
            sys.executable,
            __file__,
            "--measure",
            "--changes",
            chosen.changes,
            "--entities",
            chosen.entities,
            "--batch",
            chosen.batch,
        ]
        told = subprocess.run(
            [str(part) for part in command], env=environment, stdout=subprocess.PIPE, text=True, check=True
        )
    found: dict[str, float] = json.loads(told.stdout)
    print(
        f"  Haihe: {chosen.changes / found['taken_s']:,.0f} changes/s ({chosen.changes / found['durable_s']:,.0f}/s durable), {found['alerts']:.0f} alerts, none missing"
    )
    return found


def theirs(chosen: argparse.Namespace) -> float:
    """Changes a second of the recorder."""
    if not chosen.home_assistant:
        return EARLIER_RIVAL
    command = [
        chosen.home_assistant,
        str(Path(__file__).with_name("state_rival.py")),
        str(chosen.rival_changes),
        str(chosen.entities),
    ]
    told = json.loads(
        subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    )
    if told["rows"] != chosen.rival_changes:
        raise SystemExit(f"the recorder holds {told['rows']} of {chosen.rival_changes} changes")
    rate = float(chosen.rival_changes / told["committed_s"])
    print(
        f"  Home Assistant {told['version']}: {rate:,.0f} changes/s recorded (set in memory {chosen.rival_changes / told['set_s']:,.0f}/s)"
    )
    return rate


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--changes", type=int, default=1_000_000)
    options.add_argument("--entities", type=int, default=5000)
    options.add_argument(
        "--batch", type=int, default=2000, help="changes of one commit; the gateway takes at most 2,000"
    )
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--home-assistant", default="", help="the Python of an environment with Home Assistant")
    options.add_argument("--rival-changes", type=int, default=50_000)
    options.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure or chosen.work:
        from haihe.runtime import set_up_django

        set_up_django()
        declare_rule()
        if chosen.work:
            work()
        else:
            print(json.dumps(measure(chosen.changes, chosen.entities, chosen.batch)))
        return 0
    print(f"machine: {describe()}")
    if not chosen.home_assistant:
        print(
            f"no Home Assistant was named (--home-assistant): compared with {EARLIER_RIVAL:,.0f} changes/s, measured earlier"
        )
    ratios, rates = [], []
    for number in range(1, chosen.rounds + 1):
        print(f"round {number}")
        rival = theirs(chosen)
        rates.append(chosen.changes / ours(chosen)["taken_s"])
        ratios.append(rates[-1] / rival)
    print(
        f"median of {chosen.rounds}: {statistics.median(rates):,.0f} changes/s, {statistics.median(ratios):.1f} × the recorder (goal {GOAL})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
