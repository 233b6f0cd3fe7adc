"""The page of named systems: for everybody, filtered, and without the names of plans for the public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.administration import operator
from haihe.kernel.identity import Role
from haihe.kernel.systems import TRACKERS, Saw, note_check


@pytest.fixture
def some(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRA-18 available, GOV-02 checked and failed, GOV-13 followed."""
    for system, passed in (("TRA-18", True), ("GOV-02", False)):
        note_check(
            operator(), None, system=system, passed=passed, seconds=1, saw=Saw(f"{system}所见", f"{system} seen")
        )
    followed = lambda at: {"GOV-13": Saw("《未公开的规划》第 3 行", "an unpublished plan, line 3")}  # noqa: E731
    monkeypatch.setattr("haihe.kernel.systems.standing.TRACKERS", [*TRACKERS, followed])


def test_the_public_sees_the_list_and_no_plan(client: Client, some: None) -> None:
    text = client.get("/systems/").content.decode()
    assert "TRA-18所见" in text and "GOV-13" in text and "未公开的规划" not in text


@pytest.mark.parametrize("role", Role.values)
def test_every_account_sees_it_in_its_navigation(signed_in: Callable[[Any], Client], account_with: Any, some: None, role: str) -> None:  # fmt: skip
    browser = signed_in(account_with(role))
    text = browser.get("/systems/").content.decode()
    assert "未公开的规划" in text and 'href="/systems/" aria-current="page"' in " ".join(text.split())


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("status=available", "TRA-18", "GOV-02</b>"), ("status=missing&domain=transport", "TRA-01", "TRA-18</b>"), ("q=重点车辆", "TRA-18", "GOV-02</b>"),
        ("kind=field", "TRA-02", "TRA-18</b>"), ("pack=talent", "TAL-01", "TRA-18</b>"), ("page=99999", "上一页", "下一页"), ("page=x&status=nonsense", "没有符合", "TRA-18</b>"),
        ("q=tra", "TRA-18</b>", "GOV-14</b>"), ("q=TRA-0", "TRA-02</b>", "TRA-18</b>"), ("q=缺岗", "TRA-03</b>", "TRA-18</b>"),
    ],
)  # fmt: skip
def test_filters_narrow_the_list(client: Client, some: None, query: str, there: str, not_there: str) -> None:
    answer = client.get(f"/systems/?{query}")
    text = answer.content.decode()
    assert answer.status_code == 200 and there in text and not_there not in text


def test_a_failed_check_is_told_as_failed(client: Client, some: None) -> None:
    text = client.get("/systems/?q=GOV-02").content.decode()
    assert "没通过" in text and "GOV-02所见" in text


def test_a_missing_row_says_why(client: Client, some: None) -> None:
    """Nothing provides it, it was not checked, nobody follows or counts it; its pack may not be there at all."""
    for query, told in (("TRA-16", "本版没有提供"), ("TRA-12", "还没有检查"), ("TRA-24", "没有已立项的任务在跟踪"), ("TRA-17", "没有登记册在数")):  # fmt: skip
        assert told in client.get(f"/systems/?q={query}").content.decode(), query
    assert "（未安装）" in client.get("/systems/?q=TRA-16").content.decode()
    assert "（未安装）" not in client.get("/systems/?q=TRA-12").content.decode()


def test_programs_get_the_same_rows(client: Client, signed_in: Callable[[Any], Client], account_with: Any, some: None) -> None:  # fmt: skip
    assert client.get("/api/v1/systems").status_code == 401
    rows = signed_in(account_with("viewer")).get("/api/v1/systems?status=available").json()
    day = timezone.localdate().isoformat()
    assert [(row["id"], row["checked"]["date"], row["saw"]) for row in rows] == [("TRA-18", day, "TRA-18所见")]
