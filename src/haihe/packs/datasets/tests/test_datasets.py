"""The register of data sets: admitted with a quality report, counted above the bar in force on the day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel import policies
from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import receive
from haihe.kernel.policies import DatedValue, Parameter
from haihe.kernel.registers import COUNTS, RegisterEntry, Snapshot, change_entry, hand_in, open_entry, review
from haihe.packs.datasets.indicators import above_the_bar
from haihe.packs.datasets.register import Datasets
from haihe.testing.registers import problems

VALUES = {"name": "巡查图像", "field": "城市治理", "source": "巡查系统", "licence": "shared", "size": "48000", "size_unit": "files", "format": "JPEG", "updates": "monthly", "reported_on": "2026-10-01"}  # fmt: skip


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(city=account_with("officer", district.city), data=account_with("officer", district.data))


def admitted(people, district, **values: Any) -> RegisterEntry:
    entry = open_entry(people.city, None, register="datasets", owner=district.city, reviewer=district.data, values={**VALUES, **values})  # fmt: skip
    report = [receive("质量报告.txt", ["总评分".encode()], people.city)]
    entry = hand_in(people.city, entry, version=1, step="admit", text="附报告", evidence=report)
    return review(people.data, entry, version=2, accept=True)


def test_the_declaration_holds_the_contract() -> None:
    assert problems(Datasets) == []


def test_a_data_set_counts_once_admitted_above_the_bar(people, district) -> None:
    """Admitted at 80 (the bar), at 79.9, and one that nobody admitted: one of high quality, two admitted."""
    now = timezone.now
    admitted(people, district, score="80")
    admitted(people, district, name="录音转写", score="79.9")
    open_entry(people.city, None, register="datasets", owner=district.city, values={**VALUES, "name": "未申报", "score": 99})  # fmt: skip
    assert COUNTS["datasets.high_quality"].value_at(now()) == 1 and COUNTS["datasets.admitted"].value_at(now()) == 2
    row = COUNTS["datasets.high_quality"].rows_at(now())[0]
    assert ("巡查图像" in row.title, row.evidence, row.state) == (True, 1, "入库")


def test_a_lower_score_counts_no_more_once_the_reviewer_accepted_it(people, district) -> None:
    entry = admitted(people, district, score="90")
    entry = change_entry(people.city, entry, version=3, values={"score": 70}, text="复评")
    assert COUNTS["datasets.high_quality"].value_at(timezone.now()) == 1, "a correction waits for the reviewer"
    review(people.data, entry, version=4, accept=True)
    assert COUNTS["datasets.high_quality"].value_at(timezone.now()) == 0


def test_admission_needs_score_and_report(people, district) -> None:
    entry = open_entry(people.city, None, register="datasets", owner=district.city, reviewer=district.data, values=VALUES)  # fmt: skip
    report = [receive("质量报告.txt", ["总评分".encode()], people.city)]
    for given, where in (({"evidence": []}, "files"), ({"evidence": report}, "score")):
        with pytest.raises(InvalidInput) as caught:
            hand_in(people.city, entry, version=1, step="admit", text="申报", **given)
        assert caught.value.where == where


def test_the_whole_score_lies_within_its_parts(people, district) -> None:
    parts = {"score_complete": 90, "score_correct": 80, "score_timely": 85}
    with pytest.raises(InvalidInput) as caught:
        admitted(people, district, score=95, **parts)
    assert caught.value.where == "score"
    assert admitted(people, district, score=85, **parts).state == "admitted"


def test_the_bar_is_that_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    bar = Parameter("datasets.quality_bar_score", "线", "bar", "", (DatedValue(date(2026, 1, 1), 80, "unverified"), DatedValue(date(2026, 7, 1), 85, "unverified")))  # fmt: skip
    monkeypatch.setattr(policies, "all_parameters", lambda: {bar.key: bar})
    known = [Snapshot(1, "admitted", {"score": "82"}, datetime(2026, 1, 2, tzinfo=timezone.get_default_timezone()))]
    assert list(above_the_bar(known, date(2026, 6, 30))) == [(known[0], Decimal(1))]
    assert list(above_the_bar(known, date(2026, 7, 1))) == []


def test_the_pages_and_numbers_of_the_pack_are_there(people, district, signed_in) -> None:
    admitted(people, district, score=90)
    client = signed_in(people.city)
    assert "巡查图像" in client.get("/datasets/").content.decode()
    assert "48,000" in client.get(f"/registers/entries/{RegisterEntry.objects.get().pk}/").content.decode()
    assert client.get("/api/v1/datasets/counts").json()["indicators"]["datasets.high_quality"] == 1
