"""A database of the first ledger keeps its chases: they become supervision notices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from haihe.runtime import set_up_django
set_up_django()
import json
from datetime import UTC, date, datetime
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
call_command("migrate", "plans", "0001", verbosity=0)
old = MigrationExecutor(connection).loader.project_state([("plans", "0001_initial"), ("kernel", "0002_written_once")]).apps
make = lambda app, model, **known: old.get_model(app, model).objects.create(**known)
data, city, office = (make("kernel", "Organisation", name=n, path=f"/{i}/") for i, n in enumerate(("数据局", "城管委", "督查室"), 1))
boss = make("kernel", "Account", username="boss", display_name="督查员", organisation=office)
officer = make("kernel", "Account", username="officer", display_name="联络员", organisation=data)
file = make("kernel", "EvidenceFile", sha256="0" * 64, name="证据.txt", size_bytes=1, content_type="text/plain")
text = make("plans", "PlanFile", file=file, sha256="1" * 64, format="txt", text="", reader_version="1")
plan = make("plans", "Plan", file=text, title="方案", series="方案", kind="plan", status="final", line=1, end_line=2, content={})
clause = make("plans", "Clause", plan=plan, kind="task", position=0, line=1, end_line=1, read={}, fingerprint="x")
task = make("plans", "Task", clause=clause, plan=plan, heading="建设平台", text="x", state="under_way")
make("plans", "TaskUnit", task=task, position=0, name="数据局", role="lead", organisation=data)
make("plans", "TaskUnit", task=task, position=1, name="城管委", role="support", organisation=city)
report = make("plans", "Report", task=task, account=officer, organisation=data, text="进展正常")
report.evidence.add(file)
answered = make("plans", "Chase", task=task, by=boss, text="请报告", answer_by=date(2026, 11, 20), answered_with=report)
waiting = make("plans", "Chase", task=task, by=boss, text="请再报告", answer_by=date(2026, 11, 27))
old.get_model("plans", "Chase").objects.filter(pk=waiting.pk).update(at=datetime(2026, 11, 24, 1, tzinfo=UTC))
old.get_model("plans", "Chase").objects.filter(pk=answered.pk).update(at=datetime(2026, 11, 17, 1, tzinfo=UTC))
call_command("migrate", verbosity=0)
from haihe.kernel.cases import Case, open_case, take_step
from haihe.kernel.identity import Account, RoleGrant
from haihe.packs.plans.cases import SUPERVISION_NOTICE
from haihe.packs.plans.models import Task
rows = [
    {
        "number": c.number, "text": c.text, "step": c.step, "last_day": str(c.last_day), "closed": c.closed_at is not None,
        "units": [[u.organisation.name, u.role] for u in c.units.all()],
        "events": [[e.kind, e.text, e.actor_name, e.evidence.count()] for e in c.events.all()],
    }
    for c in Task.objects.get().notices.order_by("number")
]
# The copied steps are those of the type, so that an old notice goes on like a new one.
rows.append(Case.objects.order_by("number").last().steps == SUPERVISION_NOTICE.copy_on(date(2026, 11, 24)))
RoleGrant.objects.create(account_id=officer.pk, role="officer", since=date(2020, 1, 1))
case = take_step(Account.objects.get(pk=officer.pk), Case.objects.get(closed_at=None), step="answer", text="已完成")
rows.append([case.step, open_case(None, SUPERVISION_NOTICE.name, "新", list(u.organisation for u in case.units.all())[0]).number])
print(json.dumps(rows, ensure_ascii=False))
"""


def test_chases_become_supervision_notices(tmp_path: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path / "home"), "HAIHE_PACKS": "plans"}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    answered, waiting, is_same, after = json.loads(done.stdout)
    units = [["数据局", "handler"], ["督查室", "opener"]]
    assert answered == {
        "number": "DB-2026-0001", "text": "请报告", "step": "closed", "last_day": "None", "closed": True, "units": units,
        "events": [["opened", "请报告", "督查员", 0], ["taken", "进展正常", "联络员", 1]],
    }  # fmt: skip
    assert waiting == {
        "number": "DB-2026-0002", "text": "请再报告", "step": "answer", "last_day": "2026-11-27", "closed": False, "units": units,
        "events": [["opened", "请再报告", "督查员", 0]],
    }  # fmt: skip
    assert is_same and after == ["review", "DB-2026-0003"]
