"""A district made by the first release becomes one of this release: copied first, migrated, whole; and put back where that fails."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.scenarios.district import haihe, run

from haihe.testing.database import IS_POSTGRESQL

FIXTURE = Path(__file__).parent / "fixtures" / "first-release.tar.gz"
pytestmark = pytest.mark.xdist_group("upgrade")
sqlite_only = pytest.mark.skipif(IS_POSTGRESQL, reason="the first release had SQLite only")

UPGRADE = """
from haihe.upgrade import upgrade
print(upgrade())
"""
VERIFIED = """
from haihe.kernel import audit
found = audit.verify()
print(len(found.problems))
"""
PAGES = """
import json
from django.test import Client
from haihe.kernel.identity import Account
from haihe.kernel import search
from haihe.packs.plans.models import Plan, Target, Task
client, seen = Client(HTTP_HOST="127.0.0.1"), {}
search.repair()
for name, paths in {
    "ducha": ("/programme/", "/board/", "/plans/", "/cases/", "/search/?q=数据", f"/tasks/{Task.objects.first().pk}/", f"/targets/{Target.objects.first().pk}/"),
    "shujuju": ("/week/", "/my-tasks/", "/search/?q=数据"),
}.items():
    account = Account.objects.filter(username=name).first() or Account.objects.filter(grants__role="officer").first()
    client.force_login(account, backend="haihe.kernel.identity.PasswordBackend")
    for path in paths:
        answer = client.get(path)
        seen[f"{name} {path}"] = (answer.status_code, "<mark>" in answer.content.decode())
print(json.dumps({"seen": seen, "plans": Plan.objects.count(), "tasks": Task.objects.count()}))
"""
COUNTS = "SELECT (SELECT count(*) FROM plans_plan), (SELECT count(*) FROM plans_task), (SELECT count(*) FROM django_migrations)"
FAILING = """
from importlib import import_module
from django.db import migrations
from haihe.kernel.errors import HaiheError
from haihe.upgrade import upgrade
def boom(apps, schema_editor):
    schema_editor.execute("DELETE FROM plans_reminder")
    raise RuntimeError("the disk is full")
from django.db.migrations.loader import MigrationLoader
last = import_module("haihe.packs.plans.migrations.0011_counting_parts").Migration
last.operations = [*last.operations, migrations.RunPython(boom)]
last.atomic = False
try:
    upgrade()
except HaiheError as error:
    print(error.sentence("en"))
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    home = tmp_path / "district"
    done = haihe(home, "restore", FIXTURE)
    assert done.returncode == 0, done.stderr
    return home


def counts(file: Path) -> tuple[int, ...]:
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return tuple(database.execute(COUNTS).fetchone())


@sqlite_only
def test_a_district_of_the_first_release_migrates_and_answers(old: Path) -> None:
    before = counts(old / "haihe.sqlite3")
    # One process for all of it: starting Python and Django five times was most of what this test took.
    copy, told, problems, again = run(old, UPGRADE + PAGES + VERIFIED + UPGRADE).splitlines()[-4:]
    assert counts(Path(copy)) == before and Path(copy).is_relative_to(old / "upgrades")
    found = json.loads(told)
    assert (found["plans"], found["tasks"]) == before[:2]
    assert {path: status for path, (status, _) in found["seen"].items() if status != 200} == {}
    assert all(marked for path, (_, marked) in found["seen"].items() if "search" in path), (
        "what was there before is found"
    )
    assert problems == "0", "the audit record is intact"
    assert again == "None", "a second start copies nothing"


@sqlite_only
@pytest.mark.all
def test_where_a_migration_fails_the_records_are_as_before(old: Path) -> None:
    before = counts(old / "haihe.sqlite3")
    said = run(old, FAILING)
    assert "the database is as it was before" in said and "the disk is full" in said
    assert counts(old / "haihe.sqlite3") == before
    verified = haihe(old, "audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert run(old, UPGRADE).splitlines()[-1] != "None", "and the next attempt succeeds"
    assert counts(old / "haihe.sqlite3")[:2] == before[:2]


EARLIER = """
from django.core.management import call_command
call_command("migrate", "plans", "0002", verbosity=0)
call_command("migrate", "kernel", "0006", verbosity=0)
from haihe.kernel import audit
audit.record(None, "test.before")
"""
STATE = """
from django.db.migrations.recorder import MigrationRecorder
from django.db import connection
from haihe.kernel.models import AuditRecord
from haihe.upgrade import pending
print(MigrationRecorder(connection).migration_qs.count(), pending()[0], AuditRecord.objects.count())
"""


MENDED = """
last.operations = last.operations[:-1]
"""


@pytest.mark.all
def test_the_way_back_from_a_failed_upgrade_is_there_on_both_databases(tmp_path: Path) -> None:
    home = tmp_path / "district"
    home.mkdir()
    told = run(home, EARLIER + STATE + FAILING + STATE + MENDED + UPGRADE + STATE + VERIFIED).splitlines()
    before, after_failing = (
        line for line in told if line.replace(" ", "").isdigit() and line.count(" ") == 2 and line.split()[1] != "0"
    )
    assert after_failing == before and int(before.split()[1]) >= 2
    assert told[-2].split()[1:] == ["0", "1"]
    assert told[-1] == "0", "records are still written once and whole"
