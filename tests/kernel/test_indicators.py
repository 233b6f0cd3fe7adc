"""Measured indicators: one failing measure stops no other, a definition that changes breaks the row of values, rows lead down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from haihe.kernel import indicators
from haihe.kernel.audit import AuditRecord
from haihe.kernel.indicators import (
    Indicator,
    Offered,
    RowBehind,
    last_true,
    measure,
    measure_now,
    offer,
    report_value,
    rows_behind,
    take_measurements,
)

AT = datetime(2026, 7, 3, 4, tzinfo=UTC)


@pytest.fixture
def measured(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Decimal | Exception | None]]:
    """Two indicators, `test.a` and `test.b`, and nothing else: the numbers that their measures answer, or raise."""
    monkeypatch.setattr(indicators, "MEASURES", {})
    monkeypatch.setattr(indicators, "OFFERED", {})
    answers: dict[str, Decimal | Exception | None] = {"test.a": Decimal(3), "test.b": Decimal(5)}

    def reading(key: str):
        def function(at: datetime) -> Decimal | None:
            answer = answers[key]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return function

    for key in answers:
        measure(key)(reading(key))
        offer(Offered(key, key, key, "个", "甲口径", "unverified", date(2026, 1, 1)))
    yield answers


def found(key: str) -> Indicator:
    return Indicator.objects.get(key=key)


def failures() -> list[str]:
    return list(AuditRecord.objects.filter(action__in=("indicator.fail", "indicator.works_again")).values_list("action", flat=True))  # fmt: skip


def test_one_failing_measure_stops_no_other_and_is_told_once(measured) -> None:
    measured["test.a"] = ZeroDivisionError("nothing to divide by")
    assert take_measurements(AT) == 1
    assert (found("test.a").values.count(), found("test.b").values.get().value) == (0, 5)
    assert found("test.a").failing_since == AT and "nothing to divide by" in found("test.a").failure
    take_measurements(AT + timedelta(minutes=1))
    assert failures() == ["indicator.fail"], "the same failure is written once"
    measured["test.a"] = Decimal(3)
    assert take_measurements(AT + timedelta(minutes=2)) == 1
    assert found("test.a").failing_since is None and failures() == ["indicator.fail", "indicator.works_again"]


def test_a_number_was_last_true_when_its_measure_last_answered(measured) -> None:
    take_measurements(AT)
    later = AT + timedelta(hours=2)
    assert take_measurements(later) == 0 and last_true(found("test.a")) == later
    measured["test.a"], measured["test.b"] = RuntimeError("broken"), None
    take_measurements(later + timedelta(hours=1))
    assert last_true(found("test.a")) == later and last_true(found("test.b")) == later


def test_a_look_that_takes_long_does_not_take_back_what_a_later_one_saw(measured) -> None:
    """The worker counts eight, an entry is accepted and counted at once, and only then the worker comes to write."""
    take_measurements(AT)
    later = AT + timedelta(seconds=2)

    def slow(at: datetime) -> Decimal:
        if at != AT + timedelta(seconds=1):
            return Decimal(9)
        assert measure_now(["test.a"], later) == 1
        return Decimal(8)

    indicators.MEASURES["test.a"] = slow
    take_measurements(AT + timedelta(seconds=1))
    assert found("test.a").values.order_by("-recorded_at", "-pk")[0].value == 9
    assert last_true(found("test.a")) == later
    assert measure_now(["test.a"], AT - timedelta(days=3)) == 1, "an earlier day has a number of its own"


def test_a_reported_number_was_true_on_its_day(measured, account_with) -> None:
    indicator = Indicator.objects.create(key="test.reported", title="填报", unit="个")
    assert last_true(indicator) is None
    report_value(account_with("supervisor"), indicator, Decimal(7), as_of=date(2026, 5, 2))
    assert last_true(indicator) == datetime(2026, 5, 1, 16, tzinfo=UTC), "midnight of that day in the district"


def test_values_keep_the_definition_under_which_they_were_measured(measured) -> None:
    """The definition changes on 1 July: June's value stays with the old one, the same number in July is a value of the new one."""
    take_measurements(datetime(2026, 6, 30, 4, tzinfo=UTC))
    indicators.OFFERED["test.a"] = Offered("test.a", "甲", "a", "个", "乙口径", "unverified", date(2026, 7, 1))
    take_measurements(datetime(2026, 6, 30, 5, tzinfo=UTC))
    assert found("test.a").values.count() == 1, "a definition of tomorrow changes nothing today"
    take_measurements(datetime(2026, 7, 1, 4, tzinfo=UTC))
    texts = [(v.as_of, v.definition.text) for v in found("test.a").values.order_by("as_of")]
    assert texts == [(date(2026, 6, 30), "甲口径"), (date(2026, 7, 1), "乙口径")]


def test_a_definition_changed_within_the_day_is_measured_again_although_the_number_is_the_same(measured) -> None:
    take_measurements(AT)
    indicators.OFFERED["test.a"] = Offered("test.a", "甲", "a", "个", "乙口径", "unverified", date(2026, 7, 3))
    take_measurements(AT)
    assert [v.definition.text for v in found("test.a").values.order_by("pk")] == ["甲口径", "乙口径"]


def test_rows_lead_down_to_what_was_counted_and_hide_what_the_account_may_not_see(
    measured, account_with, district
) -> None:
    from haihe.kernel.things import Thing

    mine = Thing.objects.create(kind="well", key="1", name="一号井", organisation=district.town)
    other = Thing.objects.create(kind="well", key="2", name="二号井", organisation=district.park)
    asked: list[datetime] = []

    def rows(at: datetime) -> list[RowBehind]:
        asked.append(at)
        return [
            RowBehind(t.name, f"/{t.key}/", "在册", Decimal(1), 2, AT, str(t.organisation), t) for t in (mine, other)
        ]

    indicators.OFFERED["test.a"] = Offered("test.a", "甲", "a", "个", "丙口径", "unverified", date(2026, 1, 1), rows)
    take_measurements(AT)
    assert [r.title for r in rows_behind(found("test.a"), AT)] == ["一号井", "二号井"] and asked[-1] == AT
    seen = rows_behind(found("test.a"), AT, account_with("officer", district.town))
    assert [(r.link, r.value) for r in seen] == [("/1/", 1), ("", 1)] and "二号井" not in str(seen[1])
    rows_behind(found("test.a"), date(2026, 7, 3))
    assert asked[-1] == datetime(2026, 7, 3, 15, 59, 59, 999999, tzinfo=UTC), "a day is asked for at its end"
    assert rows_behind(found("test.b"), AT) == []


def test_two_processes_that_come_first_make_each_definition_once(measured, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked before either wrote."""
    assert indicators.make_offered() == 2
    definitions = indicators.IndicatorDefinition.objects
    monkeypatch.setattr(definitions, "filter", lambda **asked: definitions.none())
    assert indicators.make_offered() == 0
    assert AuditRecord.objects.filter(action="indicator.offer").count() == 2
