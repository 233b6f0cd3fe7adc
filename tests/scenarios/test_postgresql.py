"""The tests that lean most on the database, on a PostgreSQL of their own; `make test-postgres` runs the whole suite on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from haihe.testing import postgres
from haihe.testing.database import IS_POSTGRESQL

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = (
    "tests/kernel/test_audit.py", "tests/kernel/test_search.py",
    "tests/scenarios/test_upgrade.py::test_the_way_back_from_a_failed_upgrade_is_there_on_both_databases",
    "tests/scenarios/test_backup.py::test_a_restored_district_has_its_accounts_files_keys_and_an_intact_audit_record",
    "tests/kernel/test_cases_processes.py::test_escalations_are_exactly_once_although_two_workers_run_and_are_killed_at_any_moment[2]",
)  # fmt: skip


@pytest.mark.all
@pytest.mark.skipif(postgres.programs() is None, reason="PostgreSQL is not installed: apt-get install postgresql")
@pytest.mark.skipif(IS_POSTGRESQL, reason="the whole suite runs on it already")
def test_what_leans_most_on_the_database_holds_on_postgresql() -> None:
    with postgres.cluster() as url:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *CHOSEN], cwd=ROOT, capture_output=True, text=True, timeout=300,
            env={**os.environ, "HAIHE_DATABASE_URL": url},
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
