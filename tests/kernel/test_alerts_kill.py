"""Effects happen once: a real process that evaluates the journal is killed with SIGKILL again and again, and the alerts are those
of one undisturbed pass."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))
from rule_for_tests import START, HighWater, levels, policy  # noqa: E402

from haihe.kernel.observations.journal import Journal  # noqa: E402

PREPARE = """
from haihe.runtime import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from haihe.kernel.things import Thing
print([Thing.objects.create(kind="gauge", key=f"G{n}").pk for n in range(5)])
"""
ASK = """
from haihe.runtime import set_up_django
set_up_django()
import json
from haihe.kernel.alerts.models import Alert, RuleCursor, RuleStatus
names = ("thing_id", "key", "level", "started_at", "raised_at", "last_at", "over_at", "count")
print(json.dumps({"alerts": sorted(Alert.objects.values_list(*names)), "seq": RuleCursor.objects.get().seq,
                  "rows": RuleStatus.objects.get().evaluated_rows}, default=str))
"""


def run(program: str, environment: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def killed_soon(environment: dict[str, str], folder: Path, after_s: float) -> bool:
    """Start the worker and kill it `after_s` after it began; whether it was killed before it was done."""
    worker = subprocess.Popen(
        [sys.executable, str(FOLDER / "rule_worker.py"), str(folder)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    time.sleep(after_s)
    worker.send_signal(signal.SIGKILL)
    rest = worker.stdout.read()
    worker.wait()
    return "done" not in rest


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.all)])
def test_kill_9_at_random_moments_loses_nothing_and_counts_nothing_twice(tmp_path: Path, kills: int) -> None:
    from haihe.kernel.alerts.replay import replay

    environment = {**os.environ, "HAIHE_HOME": str(tmp_path / "home"), "HAIHE_PACKS": "none"}
    things = json.loads(run(PREPARE, environment))
    journal = Journal(tmp_path / "journal.sqlite3")
    dice = random.Random(5)
    batches = []
    for turn in range(40 * kills):
        values = [dice.choice([1.0, 3.5, 4.0]) for _ in range(3)]
        batches.append(levels(things[turn % 5], values, start=START + timedelta(minutes=30 * turn)))
    journal.append([("level", batch) for batch in batches])
    killed = sum(killed_soon(environment, tmp_path, dice.uniform(0.02, 0.3)) for _ in range(kills))
    assert killed > kills / 2, "most kills must hit a process at work"
    subprocess.run([sys.executable, str(FOLDER / "rule_worker.py"), str(tmp_path)], env=environment, check=True)
    found = json.loads(run(ASK, environment))
    told = replay(HighWater(), batches, policy=policy, things=pl.DataFrame({"thing": things}))
    wanted = told.table().select("thing", "key", "level", "started_at", "raised_at", "last_at", "over_at", "count")
    assert found["alerts"] == sorted(
        [*map(_as_json, wanted.iter_rows())], key=lambda row: (row[0], row[1], row[2], row[3])
    )
    assert (found["seq"], found["rows"]) == (len(batches), 3 * len(batches))
    assert len(found["alerts"]) > 5


def _as_json(row: tuple[object, ...]) -> list[object]:
    return json.loads(json.dumps(row, default=str))
