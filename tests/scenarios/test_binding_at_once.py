"""Two people who bind two indicators to one target at the same moment, and two workers who foresee one miss: real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.scenarios.district import START, environment, new_district, run

pytestmark = [pytest.mark.xdist_group("at-once"), pytest.mark.all]

MEASURES = """
from decimal import Decimal
from haihe.kernel.indicators import MEASURES
for name in "ab":
    MEASURES[f"test.{name}"] = lambda at: Decimal(3)
"""
FILED = (
    MEASURES
    + """
from datetime import date
from django.utils import timezone
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.indicators import Indicator, IndicatorDefinition, IndicatorValue
from haihe.kernel.organisations import Organisation
from haihe.packs.plans import services
from haihe.packs.plans.models import Target
from haihe.packs.plans.tests.conftest import make_plan, target, task
unit = Organisation.objects.create(name="区数据局")
person = Account.objects.create(username="ducha", display_name="ducha", organisation=unit, password="!")
RoleGrant.objects.create(account=person, role="supervisor", since=timezone.localdate())
plan = make_plan(person, [("task", {**task(5, "建设平台", ("区数据局", "lead")), "end_line": 5}), ("target", target(5, "数据集", 40, "个"))])
services.file_plan(person, plan)
for name in "ab":
    indicator = Indicator.objects.create(key=f"test-{name}", title=f"数据集{name}", unit="个")
    IndicatorDefinition.objects.create(indicator=indicator, since=date(2026, 1, 1), text="数", measure=f"test.{name}")
own = Target.objects.get().indicator
for month in (1, 2, 3, 4):
    IndicatorValue.objects.create(indicator=own, kind="reported", value=month, as_of=date(2026, month, 1))
"""
)
ACT = (
    MEASURES
    + """
import sys
from datetime import UTC, datetime
from haihe.kernel.errors import Conflict
from haihe.kernel.identity import Account
from haihe.kernel.indicators import Indicator
from haihe.packs.plans import services
from haihe.packs.plans.models import Target
who, target, mine = Account.objects.get(username="ducha"), Target.objects.get(), Indicator.objects.get(key=f"test-{sys.argv[1]}")
print("ready", flush=True)
sys.stdin.readline()
services.foresee(datetime(2026, 5, 1, tzinfo=UTC))
try:
    services.bind(who, target, indicator=mine, reason="同时")
    print("bound")
except Conflict as error:
    print("refused" if "Two indicators claim" in str(error) else error)
"""
)
COUNTED = """
from haihe.kernel.cases import Case
from haihe.packs.plans.models_supervision import Binding
print(Binding.objects.filter(ended_at=None).count(), Case.objects.count())
"""


def test_of_two_claims_at_once_one_holds_and_one_miss_has_one_notice(tmp_path: Path) -> None:
    home = new_district(tmp_path / "district")
    run(home, FILED)
    both = [
        subprocess.Popen(
            [sys.executable, "-c", START + ACT, name], env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]  # fmt: skip
    for process in both:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in both:  # both wait at the line; now they run
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=120)[0].strip() for process in both)
    assert said == ["bound", "refused"]
    assert run(home, COUNTED) == "1 1"
