"""Cases across processes: killed workers, two workers at once, and a district whose pack is gone."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from haihe.testing.database import query
from haihe.testing.districts import migrated

START = "from haihe.runtime import set_up_django\nset_up_django()\nfrom django.core.management import call_command\n"
SEED = (
    START
    + """
import sys
from datetime import timedelta
from django.utils import timezone
from haihe.kernel.cases import Case, open_case
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.organisations import Organisation
unit = Organisation.objects.create(name="望河区数据局")
for role in ("supervisor", "officer"):
    account = Account.objects.create(username=role, display_name=role, organisation=unit)
    RoleGrant.objects.create(account=account, role=role, scope=unit if role == "officer" else None, since=timezone.localdate())
for n in range(int(sys.argv[1])):
    open_case(None, "plans.supervision_notice", f"事项{n}", unit)
past = timezone.now() - timedelta(days=1)
Case.objects.update(due_at=past, watch_at=past, step_since=past - timedelta(days=9))
"""
)
WORK = (
    START
    + """
from django.utils import timezone
from haihe.kernel.cases import watch
print("ready", flush=True)
while watch(timezone.now()):
    pass
"""
)
CLOSE_WITHOUT_PACK = (
    START
    + """
from django.test import Client
from haihe.kernel.cases import CASE_TYPES, Case, take_step, watch
from haihe.kernel.identity import Account
from django.utils import timezone
assert "plans.supervision_notice" not in CASE_TYPES
case = Case.objects.get()
officer, supervisor = Account.objects.get(username="officer"), Account.objects.get(username="supervisor")
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(officer, backend="haihe.kernel.identity.PasswordBackend")
Account.objects.update(must_change_password=False)
page = client.get(f"/cases/{case.pk}/").content.decode()
assert "事项0" in page and "督办单" in page and "提交答复" in page and "功能包已停用" in page, page
assert "事项0" in client.get("/cases/?show=mine").content.decode()
watch(timezone.now())
assert case.events.filter(mark="overdue").count() == 1
case = take_step(officer, case, step="answer", text="已完成")
assert client.post(f"/cases/{case.pk}/steps/review/", {"to": "closed"}).status_code == 403
case = take_step(supervisor, case, step="review", to="closed")
assert case.closed_at
assert "已完成" in client.get(f"/cases/{case.pk}/").content.decode()
print("closed")
"""
)


def run(program: str, home: Path, *arguments: str, packs: str = "plans") -> str:
    environment = {**os.environ, "HAIHE_HOME": str(migrated(home)), "HAIHE_PACKS": packs}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start_worker(home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "HAIHE_HOME": str(home), "HAIHE_PACKS": "plans"}
    worker = subprocess.Popen([sys.executable, "-c", WORK], env=environment, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    return worker


def counts(home: Path, sql: str) -> list[int]:
    return sorted(row[0] for row in query(home, sql))


def is_exactly_once(home: Path, total: int, *, done: bool) -> int:
    """Every escalated case has one event, one message per recipient and one audit record; returns how many there are."""
    events = counts(home, "SELECT count(*) FROM kernel_caseevent WHERE mark = 'overdue' GROUP BY case_id")
    records = counts(home, "SELECT count(*) FROM kernel_auditrecord WHERE action = 'case.escalate' GROUP BY object_id")
    messages = counts(
        home,
        "SELECT count(*) FROM kernel_notice WHERE subject_zh LIKE '%已逾期' GROUP BY about_id, organisation_id, account_id",
    )
    assert set(events) <= {1} and set(records) <= {1} and set(messages) <= {1}
    assert len(events) == len(records) and len(messages) == 2 * len(events), "the unit and the supervisor are both told"
    assert not done or len(events) == total
    return len(events)


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.all)])
def test_escalations_are_exactly_once_although_two_workers_run_and_are_killed_at_any_moment(
    tmp_path: Path, rounds: int
) -> None:
    total, home, chance = 120 * rounds, tmp_path / "home", random.Random(rounds)
    run(SEED, home, str(total))
    between = set()
    for number in range(rounds + 10):
        if number >= rounds and between - {0, total}:
            break
        workers = [start_worker(home), start_worker(home)]
        time.sleep(chance.uniform(0.02, 0.4))
        for worker in workers:
            worker.kill()
            worker.wait()
        between.add(is_exactly_once(home, total, done=False))
    assert between - {0, total}, "no worker was killed in the middle of its work"
    last = [start_worker(home), start_worker(home)]
    assert [worker.wait(timeout=240) for worker in last] == [0, 0]
    assert is_exactly_once(home, total, done=True) == total


def test_a_case_is_read_watched_and_closed_without_its_pack(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(SEED, home, "1")
    assert run(CLOSE_WITHOUT_PACK, home, packs="none").strip() == "closed"
