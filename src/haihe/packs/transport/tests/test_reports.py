"""What terminals send beside positions: kept with its file, odd cards told, read with a purpose, deleted in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import Export
from haihe.packs.transport import reports, services
from haihe.packs.transport.models import Report, Vehicle
from haihe.packs.transport.simulator.answering import DRIVER, PIXEL

CARD = DRIVER | {"time": "2026-05-01T08:00:00+08:00"}


@pytest.fixture
def road(district: Any, account_with: Callable[..., Any]) -> SimpleNamespace:
    supervisor = account_with("supervisor")
    carrier = services.register_carrier(supervisor, district.data)
    vehicle = services.register_vehicle(supervisor, carrier, plate="模R1234", phone="13900000077")
    return SimpleNamespace(supervisor=supervisor, vehicle=vehicle, viewer=account_with("viewer"))


def kept(vehicle: Vehicle, number: int, body: dict[str, Any]) -> Report:
    found = reports.keep(vehicle.thing_id, number, body, timezone.now())
    assert found is not None
    return found


def picture(data: bytes = PIXEL, format: int = 0) -> dict[str, Any]:
    return {"media_id": 5, "kind": 0, "format": format, "event": 0, "channel": 1, "data": data.hex()}


def test_a_picture_is_kept_as_a_file_and_read_with_a_purpose(client: Client, road: SimpleNamespace) -> None:
    report = kept(road.vehicle, 0x0801, picture())
    assert (
        report.file is not None
        and report.file.open_checked() == PIXEL
        and "data" not in report.content
        and not report.issue
    )
    client.force_login(road.supervisor)
    page = client.get(f"/transport/vehicles/{road.vehicle.pk}/reports/")
    assert page.status_code == 200 and "照片" in page.content.decode()
    address = f"/transport/reports/{report.pk}/read/"
    assert client.post(address).status_code == 422
    answer = client.post(address, {"purpose": "complaint"})
    assert (answer.content, answer["Content-Type"], answer["Cache-Control"]) == (PIXEL, "image/jpeg", "no-store")
    assert AuditRecord.objects.get(action="report.read").details["purpose"] == "投诉核查"
    assert Export.objects.get().size_bytes == len(PIXEL)
    client.force_login(road.viewer)
    assert client.post(address, {"purpose": "complaint"}).status_code == 403, "a viewer sees no faces"


@pytest.mark.parametrize(("change", "issue"), [
    ({}, ""), ({"name": ""}, "without a driver"), ({"name": None}, "without a driver"), ({"qualification": ""}, "without a qualification"),
    ({"result": 2}, "card locked"), ({"result": 9}, "9"), ({"state": 2, "name": ""}, ""),
])  # fmt: skip
def test_odd_cards_are_told(road: SimpleNamespace, change: dict[str, Any], issue: str) -> None:
    report = kept(road.vehicle, 0x0702, CARD | change)
    assert (issue in report.issue) and bool(report.issue) is bool(issue)


def test_a_waybill_is_kept_as_text_and_bytes_of_another_format_are_told(road: SimpleNamespace) -> None:
    waybill = kept(road.vehicle, 0x0701, {"data": "运单号 001".encode("gb18030").hex()})
    assert waybill.content["text"] == "运单号 001"
    name, kind, content = services.release_report(road.supervisor, waybill, "check")
    assert kind == "application/json" and "运单号 001" in content.decode() and name.endswith(".json")
    strange = kept(road.vehicle, 0x0801, picture(b"MZ not a picture"))
    assert (
        strange.file is not None
        and strange.file.content_type == "application/octet-stream"
        and "format" in strange.issue
    )
    assert "no data" in kept(road.vehicle, 0x0801, picture(b"")).issue


def test_reports_are_deleted_with_their_files_when_their_time_is_over(road: SimpleNamespace) -> None:
    report = kept(road.vehicle, 0x0801, picture())
    assert report.keep_until == timezone.localdate() + timedelta(days=183)
    path = EvidenceFile.objects.get().path
    assert reports.expire(timezone.now() + timedelta(days=183)) == 0 and path.exists()
    assert reports.expire(timezone.now() + timedelta(days=184)) == 1
    assert not Report.objects.exists() and not EvidenceFile.objects.exists() and not path.exists()
