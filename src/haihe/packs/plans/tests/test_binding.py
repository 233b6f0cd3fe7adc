"""Binding a measured indicator to a target: proposed by words and unit, confirmed and undone by a person, never twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.indicators import MEASURES, Indicator, IndicatorDefinition, IndicatorValue, take_measurements
from haihe.packs.plans import services
from haihe.packs.plans.binding import likeness, shared_words
from haihe.packs.plans.models import Plan, Target
from haihe.packs.plans.models_supervision import Binding
from haihe.packs.plans.progress import standing, with_values
from haihe.packs.plans.tests.conftest import evidence_of
from haihe.packs.plans.units_of_measure import compare_units

NOW = timezone.now


@pytest.fixture
def measured() -> Iterator[Any]:
    """A function (key, title, unit, value) → an indicator that a measure of this test counts; `value` may be a function."""
    made: list[str] = []

    def make(key: str, title: str, unit: str, value: Any = 7) -> Indicator:
        MEASURES[key] = lambda at: Decimal(value(at) if callable(value) else value)
        made.append(key)
        indicator = Indicator.objects.create(key=key.replace(".", "-"), title=title, unit=unit)
        IndicatorDefinition.objects.create(indicator=indicator, since=date(2026, 1, 1), text="已验收的数", measure=key)
        return indicator

    yield make
    for key in made:
        del MEASURES[key]


def the(title: str) -> Target:
    return with_values(Target.objects.all()).get(indicator__title=title)


def plans() -> Any:
    return Plan.objects.all()


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [("个", "家", True), ("架", "个", True), ("％", "%", True), ("EFlops", "EFLOPS", True), ("万个", "个", False), ("%", "个", False),
     ("名", "个", False), ("人", "名", True), ("亿元", "万元", False), ("", "", True), ("PFLOPS", "EFLOPS", False)],
)  # fmt: skip
def test_units_that_count_the_same_go_together_and_others_do_not(wanted: str, offered: str, fits: bool) -> None:
    assert (compare_units(wanted, offered) is not None) is fits


def test_titles_are_alike_by_what_they_count_not_by_words_of_quantity() -> None:
    assert likeness("高质量数据集", "高质量数据集数量") == 100
    assert likeness("5G基站5000个、高功率机柜", "机柜数") == 90
    assert likeness("典型应用场景", "已建成的典型应用场景") >= 90
    assert likeness("人工智能重点企业", "道路运输违章次数") < 50
    assert shared_words("服务垂直行业的大模型", "垂直行业大模型数")[0] == "垂直行业"


def test_a_proposal_says_why_and_what_is_measured_now(filed: Plan, measured: Any) -> None:
    offered = measured("t.scenarios", "已验收示范场景数", "项", 7)
    measured("t.share", "示范场景占比", "%")
    take_measurements(NOW())
    (found,) = services.candidates_of(the("示范场景"), services.measured_indicators())
    assert found.indicator == offered and found.latest is not None and found.latest.value == 7
    assert found.words == ("示范场景",) and "个、项" in found.units[0] and found.likeness >= 60


def test_one_click_lets_the_measured_value_decide_and_undoing_it_the_reported_one(
    filed: Plan, people: SimpleNamespace, measured: Any
) -> None:
    target = the("示范场景")
    services.report_target(people.supervisor, target, value=Decimal(20), text="自报", evidence=[evidence_of(people.supervisor)])  # fmt: skip
    services.bind(
        people.supervisor, target, indicator=measured("t.scenarios", "示范场景数", "个", 7), reason="同一口径"
    )
    take_measurements(NOW())
    row = standing(the("示范场景"), timezone.localdate())
    assert (row.decides, row.assessment.actual) == ("measured", 7)
    assert row.reported is not None and row.reported.value == 20, "what was reported stays beside it"
    services.unbind(people.supervisor, target, reason="口径不同")
    assert standing(the("示范场景"), timezone.localdate()).assessment.actual == 20
    assert set(AuditRecord.objects.values_list("action", flat=True)) >= {"target.bind", "target.unbind"}


def test_one_indicator_may_serve_several_targets(filed: Plan, people: SimpleNamespace, measured: Any) -> None:
    offered = measured("t.sets", "数据集", "个")
    for title in ("示范场景", "数据集"):
        services.bind(people.supervisor, the(title), indicator=offered, reason="同一口径")
    assert {b.target.indicator.title for b in Binding.objects.filter(indicator=offered)} == {"示范场景", "数据集"}


def test_a_second_claim_is_refused_by_name_until_the_first_is_undone(
    filed: Plan, people: SimpleNamespace, measured: Any
) -> None:
    target, one, two = the("数据集"), measured("t.a", "数据集甲", "个"), measured("t.b", "数据集乙", "个")
    services.bind(people.supervisor, target, indicator=one, reason="甲")
    with pytest.raises(Conflict, match=r"Two indicators claim.*数据集甲"):
        services.bind(people.supervisor, target, indicator=two, reason="乙")
    services.unbind(people.supervisor, target, reason="改用乙")
    services.bind(people.supervisor, target, indicator=two, reason="乙")
    with pytest.raises(IntegrityError), transaction.atomic():
        Binding.objects.create(target=target, indicator=one, reason="x", made_by=people.supervisor)


def test_two_indicators_that_claim_a_clause_leave_the_choice_to_a_person(filed: Plan, measured: Any) -> None:
    (
        measured("t.a", "数据集（已登记）", "个"),
        measured("t.b", "数据集（已评审）", "个"),
        measured("t.c", "示范场景数", "个"),
    )
    found = {s.target.indicator.title: s for s in services.suggestions(plans())}
    assert found["数据集"].rivals and len(found["数据集"].candidates) == 2
    assert not found["示范场景"].rivals and "覆盖率" not in found
    assert next(iter(found)) == "示范场景", "what needs no decision comes first"


def test_what_is_bound_is_suggested_no_more(filed: Plan, people: SimpleNamespace, measured: Any) -> None:
    offered = measured("t.c", "示范场景数", "个")
    services.bind(people.supervisor, the("示范场景"), indicator=offered, reason="同一口径")
    assert services.suggestions(plans()) == []


def test_bad_bindings_say_why(filed: Plan, people: SimpleNamespace, measured: Any) -> None:
    target, share = the("示范场景"), measured("t.share", "示范场景占比", "%")
    unmeasured = Indicator.objects.create(key="nothing", title="示范场景数", unit="个")
    with pytest.raises(InvalidInput, match="units differ"):
        services.bind(people.supervisor, target, indicator=share, reason="x")
    with pytest.raises(InvalidInput, match="Nothing measures"):
        services.bind(people.supervisor, target, indicator=unmeasured, reason="x")
    with pytest.raises(InvalidInput, match="reason"):
        services.bind(people.supervisor, target, indicator=share, reason=" ")
    with pytest.raises(Conflict, match="No measured"):
        services.unbind(people.supervisor, target, reason="x")
    for who in (people.viewer, people.data, people.auditor):
        with pytest.raises(NotAllowed):
            services.bind(who, target, indicator=share, reason="x")


# --- a definition that changed --------------------------------------------------------------------------------------


def values(indicator: Indicator, *rows: tuple[date, int], definition: IndicatorDefinition | None = None, kind: str = "measured") -> None:  # fmt: skip
    for day, value in rows:
        IndicatorValue.objects.create(
            indicator=indicator,
            kind=kind,
            value=value,
            as_of=day,
            definition=definition or indicator.definition_on(day),
        )


def test_pace_is_computed_within_one_definition_only(filed: Plan, people: SimpleNamespace, measured: Any) -> None:
    """Changed in July: four values before are history; what is comparable begins anew."""
    offered = measured("t.sets", "数据集", "个")
    services.bind(people.supervisor, the("数据集"), indicator=offered, reason="同一口径")
    values(offered, *[(date(2026, month, 1), 5 * month) for month in (2, 3, 4, 5)])
    assert standing(the("数据集"), date(2026, 6, 1)).pace.state == "enough"
    fresh = IndicatorDefinition.objects.create(
        indicator=offered, since=date(2026, 7, 1), text="只数已评审的", measure="t.sets"
    )
    row = standing(the("数据集"), date(2026, 7, 2))
    assert (row.pace.state, row.pace.count, row.breaks, row.comparable) == ("too_little", 0, (fresh,), ())
    values(offered, *[(date(2026, month, 1), month - 6) for month in (8, 9, 10)])
    row = standing(the("数据集"), date(2026, 10, 2))
    assert (row.pace.state, row.pace.count) == ("too_little", 3), "three comparable values, although there are seven"
    values(offered, (date(2026, 11, 1), 5))
    row = standing(the("数据集"), date(2026, 11, 2))
    assert row.pace.first is not None and row.pace.first.day == date(2026, 8, 1) and row.pace.state != "too_little"


def test_a_value_from_before_the_first_definition_counts_under_it(filed: Plan, measured: Any) -> None:
    target = the("数据集")
    first = target.indicator.definitions.get()
    values(target.indicator, (first.since - timedelta(days=40), 1), (first.since, 2), kind="reported")
    row = standing(the("数据集"), first.since)
    assert (len(row.comparable), row.breaks) == (2, ())


def test_a_new_definition_begins_after_the_present_one_and_says_on_what_ground(
    filed: Plan, people: SimpleNamespace
) -> None:
    target = the("数据集")
    since = target.indicator.definitions.get().since
    with pytest.raises(Conflict, match="begins after"):
        services.redefine(people.supervisor, target, text="新口径", since=since, source="会议")
    with pytest.raises(InvalidInput):
        services.redefine(people.supervisor, target, text="新口径", since=since + timedelta(days=1), source="")
    fresh = services.redefine(people.supervisor, target, text="新口径", since=since + timedelta(days=1), source="会议")
    assert target.indicator.definition_on(since) != fresh == target.indicator.definition_on(since + timedelta(days=1))


# --- a foreseen miss ------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(filed: Plan) -> datetime:
    """The target 数据集 (40 by the end of 2028) has gained 3 in a third of a year; the instant at which to look."""
    target = the("数据集")
    values(target.indicator, *[(date(2026, 3 + n, 1), n) for n in range(4)], kind="reported")
    return datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_a_foreseen_miss_opens_one_notice_and_not_again_while_it_is_open(
    slow: datetime, people: SimpleNamespace
) -> None:
    assert services.foresee(slow) == 1
    (case,) = services.notices_about(the("数据集"))
    assert "预计不达标" in case.subject and "每月需要" in case.text and case.opened_by is None
    assert {part.organisation.name for part in case.units.filter(role="handler")} == {"望河区数据局"}
    assert services.foresee(slow) == 0 and services.foresee(slow + timedelta(days=200)) == 0


def test_a_dismissed_notice_has_a_reason_and_stays_away_for_a_time(slow: datetime, people: SimpleNamespace) -> None:
    from haihe.kernel.cases import withdraw

    services.foresee(slow)
    (case,) = services.notices_about(the("数据集"))
    with pytest.raises(InvalidInput):
        withdraw(people.supervisor, case, reason="")
    withdraw(people.supervisor, case, reason="下月集中入库")
    case.refresh_from_db()
    assert case.closed_at is not None and case.withdrawn
    assert services.foresee(case.closed_at + timedelta(days=10)) == 0
    assert services.foresee(case.closed_at + timedelta(days=91)) == 1


def test_a_report_on_the_target_answers_its_notice(slow: datetime, people: SimpleNamespace) -> None:
    services.foresee(slow)
    services.report_target(
        people.data, the("数据集"), value=Decimal(9), text="补入库", evidence=[evidence_of(people.data)]
    )
    assert services.notices_about(the("数据集"))[0].step == "review"


def test_too_little_history_foresees_nothing(filed: Plan) -> None:
    values(the("数据集").indicator, *[(date(2026, 3 + n, 1), n) for n in range(3)], kind="reported")
    at = datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert services.foresee(at) == 0
    row = standing(the("数据集"), date(2026, 7, 1))
    assert "数据不足" in services.pace_sentence(row.target, row.pace, date(2026, 7, 1))[0]


# --- pages and calls ------------------------------------------------------------------------------------------------

HTMX = {"HTTP_HX_REQUEST": "true"}


def test_one_press_on_the_suggestions_page_binds_and_the_target_page_tells_measured_from_reported(
    signed_in, people, filed, measured
) -> None:
    offered = measured("t.sets", "数据集数量", "个", 9)
    take_measurements(NOW())
    client, target = signed_in(people.supervisor), the("数据集")
    page = client.get("/targets/suggestions/").content.decode()
    assert "现测得 9 个" in page and "单位相同：个" in page and "由它测得" in page
    form = {"target": target.pk, "indicator": offered.pk, "reason": "按推荐确认"}
    assert client.post("/targets/suggestions/", form, **HTMX).status_code == 204
    page = client.get(f"/targets/{target.pk}/").content.decode()
    assert "系统测得" in page and "最近核对为真" in page and "数据不足" in page and "按推荐确认" in page
    assert client.post("/targets/suggestions/", form, **HTMX).status_code == 409
    assert client.post(f"/targets/{target.pk}/unbind/", {"text": ""}, **HTMX).status_code == 422
    assert client.post(f"/targets/{target.pk}/unbind/", {"text": "口径不同"}, **HTMX).status_code == 204


def test_the_target_page_shows_where_the_definition_broke_and_where_the_pace_leads(
    signed_in, people, filed, measured
) -> None:
    offered = measured("t.sets", "数据集", "个")
    services.bind(people.supervisor, the("数据集"), indicator=offered, reason="同一口径")
    today = timezone.localdate()
    before, changed = today - timedelta(days=300), today - timedelta(days=200)
    IndicatorDefinition.objects.filter(indicator=offered).update(since=before)
    values(offered, (before, 30))
    IndicatorDefinition.objects.create(indicator=offered, since=changed, text="只数已评审的", measure="t.sets")
    values(offered, *[(changed + timedelta(days=30 * n), n) for n in range(1, 6)])
    page = signed_in(people.supervisor).get(f"/targets/{the('数据集').pk}/").content.decode()
    assert "只数已评审的" in page and "此前的数值不可比" in page and "此后每月需要" in page
    assert f'"breaks": ["{changed.isoformat()}"]' in page and '"projected": [["' in page


def test_where_two_claim_a_target_the_page_asks_for_a_reason(signed_in, people, filed, measured) -> None:
    measured("t.a", "数据集（已登记）", "个"), measured("t.b", "数据集（已评审）", "个")
    for path in ("/targets/suggestions/", f"/targets/{the('数据集').pk}/"):
        page = signed_in(people.supervisor).get(path).content.decode()
        assert "为什么是它" in page and "按推荐确认" not in page, path
