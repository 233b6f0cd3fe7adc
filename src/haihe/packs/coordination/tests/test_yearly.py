"""The yearly ledger: a unit's plan feeds it, what is overdue flags itself, two officers at one measure."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.notices import own_notices
from haihe.packs.coordination import services
from haihe.packs.coordination.duties import remind
from haihe.packs.coordination.models import YearItem, YearPlan
from haihe.packs.coordination.tests.conftest import evidence_of

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
