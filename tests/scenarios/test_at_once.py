"""Two at the same moment lose nothing, and a killed process leaves nothing half done: real processes on a real database."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.scenarios.district import START, environment, haihe, new_district, run, start

import haihe as package
from haihe.testing.database import is_sound

DEMO = Path(package.__file__).parent / "demo" / "plan.txt"
pytestmark = pytest.mark.xdist_group("at-once")

IMPORT = """
import sys
from pathlib import Path
from haihe.kernel.administration import operator
from haihe.kernel.evidence import receive
from haihe.packs.plans import services
for path in map(Path, sys.argv[1:]):
    services.import_evidence(operator(), receive(path.name, [path.read_bytes()], operator()))
"""
COUNTS = """
from haihe.kernel.models import EvidenceFile
from haihe.packs.plans.models import Clause, Plan, PlanFile
print(PlanFile.objects.count(), Plan.objects.count(), Clause.objects.count(), EvidenceFile.objects.count())
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_district(tmp_path / "district")


def whole(home: Path) -> None:
    """The database is sound and its audit record intact."""
    assert is_sound(home)
    verified = haihe(home, "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


# --- at the same moment ---------------------------------------------------------------------------------------------

FILED = """
from django.utils import timezone
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.organisations import Organisation
from haihe.packs.plans import services
from haihe.packs.plans.tests.conftest import make_plan, target, task
unit = Organisation.objects.create(name="区数据局")
people = []
for name, role in (("ducha", "supervisor"), ("a", "officer"), ("b", "officer")):
    person = Account.objects.create(username=name, display_name=name, organisation=unit, password="!")
    RoleGrant.objects.create(account=person, role=role, scope=unit if role == "officer" else None, since=timezone.localdate())
    people.append(person)
plan = make_plan(people[0], [("task", {**task(5, "建设平台", ("区数据局", "lead")), "end_line": 5}), ("target", target(5, "数据集", 40, "个"))])
services.file_plan(people[0], plan)
services.assign_all(people[0], plan)
"""
REPORT = """
import sys
from decimal import Decimal
from haihe.kernel.identity import Account
from haihe.kernel.evidence import receive
from haihe.packs.plans import services
from haihe.packs.plans.models import Target, Task
who, task, target = Account.objects.get(username=sys.argv[1]), Task.objects.get(), Target.objects.get()
print("ready", flush=True)
sys.stdin.readline()
for number in range(10):
    file = receive(f"{who.username}{number}.txt", [f"{who.username} {number}".encode()], who)
    services.report_progress(who, task, text=f"{who.username} {number}", value=Decimal(number), target=target, evidence=[file])
"""
REPORTED = """
from haihe.kernel.indicators import IndicatorValue
from haihe.kernel.audit import AuditRecord
from haihe.packs.plans.models import Report
print(len({r.text for r in Report.objects.all()}), IndicatorValue.objects.count(),
      sum(r.evidence.get().open_checked().decode() == r.text for r in Report.objects.all()),
      AuditRecord.objects.filter(action="task.report").count())
"""


def both_at_once(home: Path, program: str) -> None:
    """Run the program for the officers a and b in two processes that begin their work at the same moment."""
    both = [
        subprocess.Popen(
            [sys.executable, "-c", START + program, name], env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b")
    ]  # fmt: skip
    for process in both:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in both:  # both wait at the line; now they run
        assert process.stdin
        process.stdin.write("go" + os.linesep)
        process.stdin.flush()
    assert [process.wait(timeout=120) for process in both] == [0, 0]


def test_reports_of_two_officers_at_the_same_moment_lose_nothing(home: Path) -> None:
    run(home, FILED)
    both_at_once(home, REPORT)
    assert run(home, REPORTED) == "20 20 20 20"
    whole(home)


REGISTERED = """
from django.utils import timezone
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.organisations import Organisation
from haihe.kernel.registers import open_entry
unit = Organisation.objects.create(name="区数据局")
for name in "ab":
    person = Account.objects.create(username=name, display_name=name, organisation=unit, password="!")
    RoleGrant.objects.create(account=person, role="officer", scope=unit, since=timezone.localdate())
values = {"name": "甲", "field": "other", "problem": "0"}
open_entry(person, None, register="scenarios", owner=unit, values=values)
"""
CHANGES = """
import sys
from haihe.kernel.errors import Conflict
from haihe.kernel.identity import Account
from haihe.kernel.registers import RegisterEntry, change_entry
who, field = Account.objects.get(username=sys.argv[1]), {"a": "problem", "b": "provider"}[sys.argv[1]]
print("ready", flush=True)
sys.stdin.readline()
refused = 0
for number in range(1, 11):
    while True:
        entry = RegisterEntry.objects.get()
        try:
            change_entry(who, entry, version=entry.version, values={field: f"{who} {number}"})
            break
        except Conflict:
            refused += 1
"""
CHANGED = """
from haihe.kernel.registers import RegisterEntry
entry = RegisterEntry.objects.get()
lines = [(e.version, *e.changes) for e in entry.events.filter(kind="changed")]
print(entry.values["problem"], entry.values["provider"], entry.version, len(lines), len({v for v, *_ in lines}), sum(f == "problem" for _, f in lines))
"""


def test_two_officers_at_one_entry_at_the_same_moment_lose_nothing(home: Path) -> None:
    """Each changes a field of its own ten times as fast as it can, going by the version that it read: every change is one line."""
    run(home, REGISTERED)
    both_at_once(home, CHANGES)
    assert run(home, CHANGED) == "a 10 b 10 21 20 20 10"
    whole(home)


@pytest.mark.all
def test_different_documents_imported_at_the_same_moment_are_all_there(home: Path, tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8")
    paths = []
    for name in ("智慧园林", "智慧水务", "智慧教育"):
        path = tmp_path / f"{name}.txt"
        path.write_text(text.replace("人工智能与城市运行融合发展", name), encoding="utf-8")
        paths.append(path)
    processes = [start(home, IMPORT, path) for path in paths]
    assert [(process.wait(timeout=120), process.stderr and process.stderr.read()[-300:]) for process in processes] == [
        (0, "")
    ] * 3
    files, plans, clauses, evidence = map(int, run(home, COUNTS).split())
    run(new_district(tmp_path / "alone"), IMPORT, DEMO)
    alone = list(map(int, run(tmp_path / "alone", COUNTS).split()))
    assert [files, plans, evidence] == [3, 9, 3] and clauses == 3 * alone[2]
    whole(home)


# --- killed ---------------------------------------------------------------------------------------------------------

KILLED = """
import os, signal
from haihe.packs.plans.models import Clause
real, calls = Clause.objects.bulk_create, []
def die_at_the_third(rows):
    calls.append(rows)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(rows)
Clause.objects.bulk_create = die_at_the_third
"""


@pytest.mark.all
def test_an_import_killed_between_its_documents_leaves_none_of_them(home: Path) -> None:
    """kill -9 in the middle of the transaction, after two of three documents were written."""
    process = start(home, KILLED + IMPORT, DEMO)
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert run(home, COUNTS).split()[:3] == ["0", "0", "0"]
    whole(home)
    assert haihe(home, "plan", "import", DEMO).returncode == 0, "and the next import is whole"
    assert run(home, COUNTS).split()[:2] == ["1", "3"]


@pytest.mark.all
def test_an_import_killed_at_any_moment_leaves_all_or_nothing(home: Path) -> None:
    from haihe.packs.plans.reading import read

    documents = len(read(DEMO).documents)
    moments = random.Random(7)
    seen = set()
    for _ in range(3):
        process = start(home, IMPORT, DEMO)
        time.sleep(moments.uniform(0.3, 2.5))
        process.kill()
        process.wait(timeout=30)
        files, plans, clauses = map(int, run(home, COUNTS).split()[:3])
        assert (files, plans) in ((0, 0), (1, documents)) and bool(clauses) == bool(files)
        seen.add(files)
        whole(home)
    assert haihe(home, "plan", "import", DEMO).returncode == 0
    assert run(home, COUNTS).split()[:2] == ["1", str(documents)]


@pytest.mark.all
def test_what_a_killed_upload_left_behind_is_swept_the_next_day(home: Path) -> None:
    left = """
from haihe.kernel.administration import operator
from haihe.kernel import evidence
evidence.receive("verwaist.txt", [b"nobody's"], operator())
"""
    run(home, left)
    haihe(home, "plan", "import", DEMO)
    sweep = """
from datetime import timedelta
from django.utils import timezone
from haihe.kernel import evidence
print(evidence.sweep(timezone.now()), evidence.sweep(timezone.now() + timedelta(hours=25)))
"""
    assert run(home, sweep) == "0 1"
    assert run(home, COUNTS).split()[-1] == "1", "the imported file stays"
