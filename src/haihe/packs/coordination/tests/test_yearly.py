"""The yearly ledger: a unit's plan feeds it, what is overdue flags itself, two officers at one measure."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.evidence import receive
from haihe.kernel.notices import own_notices
from haihe.packs.coordination import services
from haihe.packs.coordination.duties import remind
from haihe.packs.coordination.models import YearItem, YearPlan
from haihe.packs.coordination.tests.conftest import evidence_of
from haihe.packs.plans.models import Clause, Plan, PlanFile, Task, TaskUnit

YEAR = 2027
DUE = date(YEAR, 6, 30)


@pytest.fixture
def item(mechanism: SimpleNamespace) -> YearItem:
    plan = services.start_year_plan(mechanism.data, mechanism.district.data, year=YEAR)
    return services.add_item(mechanism.data, plan, measure="建成数据专区", due=DUE, result="数据集 10 个")


@pytest.fixture
def adopted(mechanism: SimpleNamespace, item: YearItem) -> YearItem:
    services.submit_year_plan(mechanism.data, item.plan)
    services.adopt_year_plan(mechanism.coordinator, item.plan)
    return YearItem.objects.get(pk=item.pk)


def lines(account: Any, on: date) -> list[Any]:
    return services.ledger_lines(account, YEAR, on)


def test_a_plan_reaches_the_ledger_only_when_it_is_adopted(mechanism: SimpleNamespace, item: YearItem) -> None:
    assert lines(mechanism.coordinator, DUE) == []
    with pytest.raises(NotAllowed):
        services.submit_year_plan(mechanism.city, item.plan)
    services.submit_year_plan(mechanism.data, item.plan)
    with pytest.raises(NotAllowed):
        services.adopt_year_plan(mechanism.data, item.plan)
    services.adopt_year_plan(mechanism.coordinator, item.plan)
    (line,) = lines(mechanism.coordinator, DUE - timedelta(days=60))
    assert (line.unit, line.measure, line.light, line.percent) == ("区数据局", "建成数据专区", "green", 0)
    assert lines(mechanism.city, DUE) == [], "another unit's measures are not shown"


def test_an_overdue_row_flags_itself_and_reminds_its_unit_once(mechanism: SimpleNamespace, adopted: YearItem) -> None:
    assert lines(mechanism.coordinator, DUE)[0].light == "amber"
    assert lines(mechanism.coordinator, DUE + timedelta(days=1))[0].light == "red"
    at = timezone.make_aware(datetime.combine(DUE + timedelta(days=1), time(9)))
    assert (remind(at), remind(at)) == (1, 0)
    assert own_notices(mechanism.data).filter(subject_zh="年度举措已逾期").count() == 1


def test_done_needs_evidence_and_closes_the_row(mechanism: SimpleNamespace, adopted: YearItem) -> None:
    services.report_item(mechanism.data, adopted, percent=40, text="过半")
    with pytest.raises(InvalidInput, match="evidence"):
        services.report_item(mechanism.data, adopted, percent=100, text="完成")
    services.report_item(mechanism.data, adopted, percent=100, text="完成", evidence=[evidence_of(mechanism.data)])
    (line,) = lines(mechanism.coordinator, DUE + timedelta(days=90))
    assert (line.light, line.percent, line.files, line.progress) == ("closed", 100, 1, "完成")


def test_two_officers_at_one_measure_the_second_is_told(mechanism: SimpleNamespace, item: YearItem) -> None:
    services.change_item(mechanism.data, item, measure="先改的", due=DUE, revision=1)
    with pytest.raises(Conflict, match="not stored"):
        services.change_item(mechanism.data, item, measure="后改的", due=DUE, revision=1)
    with pytest.raises(Conflict):
        services.remove_item(mechanism.data, item, revision=1)
    assert YearItem.objects.get().measure == "先改的"


def test_an_adopted_measure_is_changed_only_after_it_is_sent_back(
    mechanism: SimpleNamespace, adopted: YearItem
) -> None:
    with pytest.raises(Conflict):
        services.change_item(mechanism.data, adopted, measure="偷改", due=DUE, revision=1)
    services.report_item(mechanism.data, adopted, percent=10, text="开始")
    services.return_year_plan(mechanism.coordinator, adopted.plan, reason="请补充成效")
    adopted.plan.refresh_from_db()
    with pytest.raises(Conflict, match="reported"):
        services.remove_item(mechanism.data, adopted, revision=1)
    assert YearPlan.objects.get().remark == "请补充成效"


def test_a_day_outside_the_year_is_refused(mechanism: SimpleNamespace, item: YearItem) -> None:
    with pytest.raises(InvalidInput, match="outside"):
        services.add_item(mechanism.data, item.plan, measure="跨年", due=date(YEAR + 1, 1, 1))


def test_tasks_of_plans_that_end_in_the_year_stand_in_the_same_ledger(mechanism: SimpleNamespace) -> None:
    from haihe.packs.plans import services as plans
    from haihe.packs.plans.tests.conftest import make_plan, task

    plan = make_plan(
        mechanism.coordinator, [("task", task(5, "建设平台", ("区数据局", "lead"), deadline=f"{YEAR}-03"))]
    )
    plans.file_plan(mechanism.coordinator, plan)
    (line,) = lines(mechanism.coordinator, date(YEAR, 4, 1))
    assert (line.measure, line.unit, line.light) == ("建设平台", "区数据局", "red")


def test_pages_of_the_ledger_are_the_whole_ledger_cut_in_the_same_order(
    mechanism: SimpleNamespace, adopted: YearItem
) -> None:
    """Whatever the size of a page, by unit and by light: the same rows as the ledger read whole, measures before tasks of a day."""
    today, units = DUE - timedelta(days=3), [mechanism.district.data, mechanism.district.city, None]
    plan = plan_of_tasks(mechanism.coordinator, YEAR, 13, units)
    assert plan.tasks.count() == 13
    whole = lines(mechanism.coordinator, today)
    assert len(whole) == 14 and {line.light for line in whole} == {"red", "amber", "green", "closed"}

    def cut(size: int, **chosen: str) -> list[str]:
        found, number = [], 1
        while rows := services.ledger_page(mechanism.coordinator, YEAR, today, page=number, size=size, **chosen).lines:
            found, number = [*found, *rows], number + 1
        assert [(line.light == "closed", line.due) for line in found] == sorted(
            (line.light == "closed", line.due) for line in found
        )
        return [line.measure for line in found]

    for size in (1, 3, 14, 50):
        assert sorted(cut(size)) == sorted(line.measure for line in whole)
        assert cut(size) == cut(14)
    page = services.ledger_page(mechanism.coordinator, YEAR, today)
    assert {key: n for key, n in page.lights.items() if n} == Counter(line.light for line in whole)
    assert set(page.units) >= {line.unit for line in whole}
    for light in ("red", "amber", "green", "closed"):
        assert sorted(cut(3, light=light)) == sorted(line.measure for line in whole if line.light == light)
    for unit in page.units:
        assert sorted(cut(3, unit=unit)) == sorted(line.measure for line in whole if unit in line.unit.split("、"))


def plan_of_tasks(account: Any, year: int, number: int, units: list[Any]) -> Plan:
    """A filed plan with tasks that end in the year, in every state, each with a responsible unit and sometimes a supporting one."""
    file = PlanFile.objects.create(
        file=receive("p.txt", [b"p"], account), sha256="0" * 64, format="txt", text="", reader_version="1"
    )
    plan = Plan.objects.create(
        file=file,
        title="方案",
        series="方案",
        kind="plan",
        status="final",
        line=1,
        end_line=99,
        filed_at=timezone.now(),
    )
    for n in range(number):
        clause = Clause.objects.create(
            plan=plan, kind="task", position=n, line=n + 1, end_line=n + 1, decision="confirmed", fingerprint=str(n)
        )
        state = ("under_way", "assigned", "closed", "reported")[n % 4]
        task = Task.objects.create(
            clause=clause, plan=plan, heading=f"任务{n:02d}", text="", state=state, deadline=date(year, 1 + n % 12, 15)
        )
        for place, role in enumerate(("responsible", "support")[: 1 + n % 2]):
            unit = units[(n + place) % len(units)]
            TaskUnit.objects.create(
                task=task, position=place, name=unit.name if unit else "谁", role=role, organisation=unit
            )
    return plan
