"""Pages of measured numbers: how old they are, what they are made of on a day, and where their definition changed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from haihe.kernel import indicators
from haihe.kernel.indicators import (
    Indicator,
    IndicatorDefinition,
    IndicatorValue,
    Offered,
    measure,
    offer,
    take_measurements,
)


@pytest.fixture
def measured(db: None, monkeypatch: pytest.MonkeyPatch) -> Indicator:
    """One indicator that is measured and nothing else."""
    monkeypatch.setattr(indicators, "MEASURES", {})
    monkeypatch.setattr(indicators, "OFFERED", {})
    monkeypatch.setattr("haihe.web.indicators.MEASURES", indicators.MEASURES)
    measure("test.a")(lambda at: Decimal(3))
    offer(Offered("test.a", "甲数", "number a", "个", "旧口径", "unverified", date(2020, 1, 1)))
    take_measurements(timezone.now())
    return Indicator.objects.get()


def text(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_the_page_says_when_the_number_was_last_measured_and_marks_what_is_old(
    measured, signed_in, account_with
) -> None:
    client = signed_in(account_with("viewer"))
    for path in ("/indicators/", f"/indicators/{measured.pk}/"):
        assert "最近一次测得" in text(client.get(path)) and "已超过一小时" not in text(client.get(path))
    Indicator.objects.update(measured_at=timezone.now() - timedelta(hours=2))
    assert "已超过一小时" in text(client.get("/indicators/"))
    Indicator.objects.update(failing_since=timezone.now(), failure="ZeroDivisionError: x")
    assert "测算失败" in text(client.get(f"/indicators/{measured.pk}/"))


def test_the_page_shows_the_break_where_the_definition_changed(measured, signed_in, account_with) -> None:
    """Measured yesterday by the old definition, today by the new one: the values keep theirs, the page says so between them."""
    yesterday, today = timezone.localdate() - timedelta(days=1), timezone.localdate()
    new = IndicatorDefinition.objects.create(indicator=measured, since=today, text="新口径", measure="test.a", source_clause="unverified")  # fmt: skip
    old = measured.definitions.get(since=date(2020, 1, 1))
    IndicatorValue.objects.create(indicator=measured, definition=old, kind="measured", value=Decimal(2), as_of=yesterday)  # fmt: skip
    take_measurements(timezone.now())
    assert measured.values.filter(definition=new).count() == 1
    page = text(signed_in(account_with("viewer")).get(f"/indicators/{measured.pk}/"))
    assert "旧口径" in page and "新口径" in page
    assert f"以上按 {today.year}年{today.month}月{today.day}日 起的新口径" in page


def test_what_people_report_is_not_shown_among_what_systems_measure(measured, signed_in, account_with) -> None:
    reported = Indicator.objects.create(key="test.reported", title="填报", unit="个")
    assert signed_in(account_with("viewer")).get(f"/indicators/{reported.pk}/").status_code == 404
    assert signed_in(account_with("viewer")).get("/indicators/99999999999999999999/").status_code == 404
    assert signed_in(account_with("viewer")).get(f"/indicators/{measured.pk}/?at=nonsense").status_code == 200
