"""An active-safety alert's page: its attachments are asked for with a reason, and how far their upload is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.alerts.models import Alert
from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.feeds.commands import Command
from haihe.packs.transport import reports, services
from haihe.packs.transport.models import Vehicle
from haihe.packs.transport.simulator.answering import PIXEL

TIME = "2026-03-02T10:00:07+08:00"
EVIDENCE = {"item": "0x65", "type": 1, "alarm_id": 7, "alarm_terminal": "0000001", "alarm_time": TIME, "alarm_number": 3, "attachments": 2}  # fmt: skip


@pytest.fixture
def road(district: Any, account_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setenv("HAIHE_FEED_PORTS", "jt808_files=7612")
    supervisor = account_with("supervisor")
    carrier = services.register_carrier(supervisor, district.data)
    vehicle = services.register_vehicle(supervisor, carrier, plate="模R1234", phone="13900000077")
    return SimpleNamespace(
        supervisor=supervisor, vehicle=vehicle, viewer=account_with("viewer"), alert=alert_of(vehicle, EVIDENCE)
    )


def alert_of(vehicle: Vehicle, evidence: dict[str, Any], rule: str = "transport.active_safety") -> Alert:
    now = timezone.now()
    return Alert.objects.create(
        rule=rule, title_zh="主动安全报警", title_en="Active-safety alarm", thing=vehicle.thing, organisation=vehicle.organisation, key=f"kind-{Alert.objects.count()}",
        level="raised", severity="Severe", urgency="Immediate", certainty="Observed", started_at=now, raised_at=now, last_at=now, count=1, evidence=evidence,
    )  # fmt: skip


def page_of(client: Client, account: Any, alert: Alert) -> str:
    client.force_login(account)
    return client.get(f"/alerts/{alert.pk}/").content.decode()


def test_a_supervisor_asks_from_the_alert_and_sees_what_arrives(client: Client, road: SimpleNamespace) -> None:
    page = page_of(client, road.supervisor, road.alert)
    assert "已收 0 / 2 个" in page and "尚未要求上传" in page and "终端 ID" in page
    address = f"/transport/alerts/{road.alert.pk}/attachments/"
    assert client.post(address, {"address": "198.51.100.7", "reason": "短"}).status_code == 422
    assert client.post(address, {"address": "198.51.100.7", "reason": "核查疲劳驾驶报警"}).status_code == 302
    command = Command.objects.get()
    values = command.content["values"]
    said = ("alarm_terminal", "alarm_time", "number", "attachments", "address", "tcp_port")
    assert [values[name] for name in said] == ["0000001", TIME, 3, 2, "198.51.100.7", 7612]
    assert AuditRecord.objects.get(action="vehicle.order_guarded").details["reason"] == "核查疲劳驾驶报警"
    assert "等待下发" in page_of(client, road.supervisor, road.alert)

    alarm = {name: values[name] for name in ("alarm_terminal", "alarm_time", "number")}
    for number, kind in enumerate(("65_6501_0", "65_6501_1")):
        reports.keep_attachment(road.vehicle.thing_id, f"00_{kind}_{values['alarm_number']}.jpg", PIXEL, alarm, timezone.now())  # fmt: skip
        page = page_of(client, road.supervisor, road.alert)
        assert f"已收 {number + 1} / 2 个" in page and "image/jpeg" in page
    assert address not in page, "nothing is left to ask for"
    other = alert_of(road.vehicle, EVIDENCE | {"alarm_number": 4})
    assert "已收 0 / 2 个" in page_of(client, road.supervisor, other), "another alarm of the same vehicle"


def test_who_only_looks_on_sees_the_state_and_no_button(client: Client, road: SimpleNamespace) -> None:
    address = f"/transport/alerts/{road.alert.pk}/attachments/"
    page = page_of(client, road.viewer, road.alert)
    assert "已收 0 / 2 个" in page and address not in page
    assert client.post(address, {"address": "198.51.100.7", "reason": "核查疲劳驾驶报警"}).status_code == 403
    with pytest.raises(NotAllowed):
        services.ask_for_attachments(road.viewer, road.alert, reason="核查疲劳驾驶报警", address="198.51.100.7")


def test_without_a_port_or_an_address_it_says_what_to_do(client: Client, road: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    with pytest.raises(InvalidInput, match="address"):
        services.ask_for_attachments(road.supervisor, road.alert, reason="核查疲劳驾驶报警")
    monkeypatch.setenv("HAIHE_FEED_ADDRESS", "gw.example")
    asked = services.ask_for_attachments(road.supervisor, road.alert, reason="核查疲劳驾驶报警")
    assert asked.content["values"]["address"] == "gw.example"
    monkeypatch.setenv("HAIHE_FEED_PORTS", "")
    with pytest.raises(Conflict, match="jt808_files=7612"):
        services.ask_for_attachments(road.supervisor, road.alert, reason="核查疲劳驾驶报警")
    assert "附件端口未开启" in page_of(client, road.supervisor, road.alert)


@pytest.mark.parametrize("evidence", [{}, EVIDENCE | {"attachments": 0}, EVIDENCE | {"alarm_time": None}])
def test_an_alarm_without_attachments_has_no_card(client: Client, road: SimpleNamespace, evidence: dict[str, Any]) -> None:  # fmt: skip
    alert = alert_of(road.vehicle, evidence)
    assert "报警附件" not in page_of(client, road.supervisor, alert)
    with pytest.raises(NotFound):
        services.ask_for_attachments(road.supervisor, alert, reason="核查疲劳驾驶报警", address="198.51.100.7")
    speeding = alert_of(road.vehicle, EVIDENCE, rule="transport.speeding")
    assert "报警附件" not in page_of(client, road.supervisor, speeding)


def test_programs_ask_and_look_by_the_same_service(client: Client, road: SimpleNamespace) -> None:
    client.force_login(road.supervisor)
    address = f"/api/v1/transport/alerts/{road.alert.pk}/attachments"
    asked = client.post(address, {"reason": "核查疲劳驾驶报警", "address": "198.51.100.7"}, content_type="application/json")  # fmt: skip
    assert asked.status_code == 200, asked.content
    found = client.get(address).json()
    assert (found["announced"], found["reports"], found["port"]) == (2, [], 7612)
    assert [order["state"] for order in found["orders"]] == ["queued"]
