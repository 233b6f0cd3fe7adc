"""The board of alerts when there are many: pages, words, and one step for all that were ticked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.alerts import lifecycle
from haihe.kernel.alerts.models import Alert
from haihe.kernel.audit import AuditRecord
from haihe.kernel.things import Thing

HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def many(district: SimpleNamespace, account_with: Callable[..., Any]) -> SimpleNamespace:
    """An alert of each of sixty gauges of the town and three of the health bureau."""
    now = timezone.now()
    units = [district.town] * 60 + [district.health] * 3
    things = [Thing.objects.create(kind="gauge", key=f"G{n:03}", organisation=unit) for n, unit in enumerate(units)]
    alerts = [
        Alert.objects.create(rule="water.high", title_zh="水位高", title_en="High water", unit="m", thing=thing, organisation=thing.organisation, key="high",
                             level="raised", severity="Severe", started_at=now - timedelta(minutes=n), raised_at=now, last_at=now, count=1, value=3, limit=2)
        for n, thing in enumerate(things)
    ]  # fmt: skip
    return SimpleNamespace(alerts=alerts, supervisor=account_with("supervisor"), viewer=account_with("viewer"), health=account_with("officer", district.health))  # fmt: skip


def test_the_list_goes_on_by_pages_which_keep_what_else_was_asked(client: Client, many: SimpleNamespace) -> None:
    client.force_login(many.supervisor)
    first = client.get("/alerts/", {"severity": "Severe", "q": "g0"}).content.decode()
    assert first.count('name="alert"') == 50 and "1 / 2" in first
    assert 'href="?severity=Severe&amp;q=g0&amp;page=2"' in first
    second = client.get("/alerts/?severity=Severe&q=g0&page=2").content.decode()
    assert second.count('name="alert"') == 13 and 'href="?severity=Severe&amp;q=g0&amp;page=1"' in second
    assert client.get("/alerts/?page=99").content.decode().count('name="alert"') == 13, "the last one"


def test_words_find_things_and_units(client: Client, many: SimpleNamespace, district: SimpleNamespace) -> None:
    client.force_login(many.supervisor)
    assert client.get("/alerts/", {"q": "G007"}).content.decode().count('name="alert"') == 1
    assert client.get("/alerts/", {"q": district.health.name}).content.decode().count('name="alert"') == 3
    assert "没有符合条件" in client.get("/alerts/", {"q": "%"}).content.decode()
    assert [row["thing"] for row in client.get("/api/v1/alerts", {"q": "G007"}).json()] == [str(many.alerts[7].thing)]


def test_one_step_for_all_that_were_ticked_each_recorded(client: Client, many: SimpleNamespace) -> None:
    client.force_login(many.supervisor)
    lifecycle.acknowledge(many.supervisor, many.alerts[0])
    ticked = {"alert": [alert.pk for alert in many.alerts[:4]], "asked": "q=G0&page=1"}
    answer = client.post("/alerts/steps/", {**ticked, "step": "acknowledge"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[0][0] == "/alerts/?q=G0&page=1"
    assert "受理：3 条。" in page and "1 条未改动" in page, "one was acknowledged by somebody meanwhile"
    assert Alert.objects.filter(state="acknowledged").count() == 4
    assert AuditRecord.objects.filter(action="alert.acknowledge").count() == 4
    client.post("/alerts/steps/", {**ticked, "step": "handle", "text": "已派人查看"})
    assert Alert.objects.filter(state="handled").count() == 4
    assert client.post("/alerts/steps/", {**ticked, "step": "acknowledge"}).status_code == 409, "it fits none"


@pytest.mark.parametrize(
    ("step", "text", "status"), [("handle", " ", 422), ("nonsense", "x", 422), ("", "x", 422), ("false-alarm", "", 422)]
)
def test_what_is_lacking_is_said_at_its_field_and_nothing_changes(
    client: Client, many: SimpleNamespace, step: str, text: str, status: int
) -> None:
    client.force_login(many.supervisor)
    ticked = [alert.pk for alert in many.alerts[:3]]
    answer = client.post("/alerts/steps/", {"alert": ticked, "step": step, "text": text}, **HTMX)
    assert answer.status_code == status and "note red" in answer.content.decode()
    if step in ("handle", "false-alarm"):
        assert answer.headers["X-Haihe-Field"] == "text" and "<b>text</b>" not in answer.content.decode()
    assert not Alert.objects.exclude(state="raised").exists()
    assert client.post("/alerts/steps/", {"step": "acknowledge"}).status_code == 422, "nothing was ticked"


def test_an_officer_moves_only_what_is_seen_and_a_viewer_nothing(client: Client, many: SimpleNamespace) -> None:
    ticked = {"alert": [alert.pk for alert in many.alerts], "step": "acknowledge"}
    client.force_login(many.health)
    assert client.get("/alerts/").content.decode().count('name="alert"') == 3
    client.post("/alerts/steps/", ticked)
    assert Alert.objects.filter(state="acknowledged").count() == 3
    client.force_login(many.viewer)
    page = client.get("/alerts/").content.decode()
    assert 'name="alert"' not in page and "办理所选" not in page
    assert client.post("/alerts/steps/", ticked).status_code == 403
    assert Alert.objects.filter(state="acknowledged").count() == 3
