"""What terminals send beside positions: kept with its file, odd cards told, read with a purpose, deleted in time."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import TooLarge
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import Export
from haihe.packs.transport import reports, services
from haihe.packs.transport.jt808 import upward
from haihe.packs.transport.jt808.build import Terminal
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


# --- once, however often it is sent -----------------------------------------------------------------------------------

NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "body", "other"),
    [
        (0x0801, picture(), picture(PIXEL + b"\0")),
        (0x0801, picture() | {"location": {"time": "2026-05-01T08:00:00+08:00"}}, picture() | {"location": {"time": "2026-05-01T08:00:01+08:00"}}),
        (0x0702, CARD, CARD | {"time": "2026-05-01T18:00:00+08:00", "state": 2}),
        (0x0701, {"data": b"AA".hex()}, {"data": b"AB".hex()}),
    ],
)  # fmt: skip
def test_what_names_itself_is_one_report_whenever_and_under_whatever_serial_it_comes_again(
    road: SimpleNamespace, number: int, body: dict[str, Any], other: dict[str, Any]
) -> None:
    thing = road.vehicle.thing_id
    first = reports.keep(thing, number, dict(body), NOON, serial=1)
    again = reports.keep(thing, number, dict(body), NOON + timedelta(days=3), serial=2)
    assert first is not None and again == first and Report.objects.count() == 1
    assert EvidenceFile.objects.count() == (number == 0x0801), "the file is received once"
    assert reports.keep(thing, number, dict(other), NOON, serial=1) != first
    assert Report.objects.count() == 2


def test_an_event_is_known_by_its_serial_for_about_an_hour(road: SimpleNamespace) -> None:
    thing, event = road.vehicle.thing_id, {"id": 3}
    first = reports.keep(thing, 0x0301, event, NOON - timedelta(seconds=1), serial=9)
    assert reports.keep(thing, 0x0301, event, NOON + timedelta(minutes=20), serial=9) == first, "over the full hour too"
    assert reports.keep(thing, 0x0301, event, NOON, serial=10) != first, "the driver pressed it again"
    assert reports.keep(thing, 0x0301, event, NOON + timedelta(hours=2), serial=9) != first, "serials come round again"
    announced = {"media_id": 5, "kind": 0, "format": 0, "event": 3, "channel": 1}
    assert reports.keep(thing, 0x0800, announced, NOON, serial=1) == reports.keep(thing, 0x0800, announced, NOON, serial=2)  # fmt: skip


def test_a_file_of_an_alarm_that_is_asked_for_twice_is_kept_once(road: SimpleNamespace) -> None:
    alarm, thing = {"alarm_terminal": "0000001", "alarm_time": "2026-05-01T08:00", "number": 0}, road.vehicle.thing_id
    names = [f"00_65_6501_0_{number * 32}.jpg" for number in "ab"]
    first, again = (reports.keep_attachment(thing, name, PIXEL, alarm, NOON) for name in names)
    assert first is not None and first == again
    assert reports.keep_attachment(thing, "00_64_6501_0_" + "a" * 32 + ".jpg", PIXEL, alarm, NOON) != first
    assert reports.keep_attachment(thing, names[0], PIXEL, alarm | {"number": 1}, NOON) != first


def test_another_gateway_that_was_first_leaves_one_report_and_one_file(
    road: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kept(road.vehicle, 0x0801, picture())
    standing = reports._standing
    answers = iter([None])  # it was not there when we looked
    monkeypatch.setattr(reports, "_standing", lambda *given: next(answers, standing(*given)))
    assert kept(road.vehicle, 0x0801, picture()) == first
    assert (Report.objects.count(), EvidenceFile.objects.count()) == (1, 1)


def test_a_refusal_is_told_once_and_a_file_beyond_the_limit_is_one(road: SimpleNamespace, settings: Any) -> None:
    settings.UPLOAD_LIMIT_BYTES = 100
    for _ in range(3):
        with pytest.raises(TooLarge):
            reports.keep(road.vehicle.thing_id, 0x0801, picture(PIXEL + bytes(200)), NOON)
    report = Report.objects.get()
    assert report.file is None and "MB" in report.issue and not EvidenceFile.objects.exists()


# --- data of the CAN bus, transparent and compressed data ---------------------------------------------------------------


def test_can_data_are_kept_by_the_bits_of_their_ids(road: SimpleNamespace) -> None:
    """Bits 31 (channel), 30 (extended), 29 (averaged); the second frame is an engine's EEC1 of J1939."""
    frames = [{"id": "0x00000123", "data": "00" * 8}, {"id": "0xCCF00400", "data": "ff7d7d0000000000"}, {"id": "0x20000001", "data": "01" * 8}]  # fmt: skip
    report = kept(road.vehicle, 0x0705, {"count": 3, "time_bcd": "2359590102", "frames": frames})
    assert (report.content["time_of_day"], report.content["fraction"]) == ("23:59:59", "0102")
    told = [(row["channel"], row["id"], row["extended"], row["averaged"]) for row in report.content["frames"]]
    assert told == [(1, "0x00000123", False, False), (2, "0x0CF00400", True, False), (1, "0x00000001", False, True)]
    assert not report.issue and report.get_kind_display().startswith("CAN")
    assert "2 entries" in kept(road.vehicle, 0x0705, {"count": 3, "time_bcd": "2359590102", "frames": frames[:2]}).issue


@pytest.mark.parametrize(("kind", "data", "name", "text", "issue"), [
    (0x00, b"$GNGGA,080000.00,3906.0,N\r\n", "GNSS", "$GNGGA,080000.00,3906.0,N\r\n", ""), (0x0B, bytes(64), "IC", None, ""),
    (0x0B, bytes(24), "IC", None, "64"), (0x41, b"\x01\x02", "串口 1", None, ""), (0xF9, b"\xff", "自定义", None, ""),
    (0x30, b"\xff", "未列出", None, ""), (0x42, b"", "串口 2", None, "empty"),
])  # fmt: skip
def test_transparent_data_are_kept_by_their_type(road: SimpleNamespace, kind: int, data: bytes, name: str, text: str | None, issue: str) -> None:  # fmt: skip
    report = kept(road.vehicle, 0x0900, {"kind": kind, "data": data.hex()})
    assert name in report.content["name"] and report.content.get("text") == text
    assert report.content.get("data", "") == data.hex() and report.file is None
    assert issue in report.issue and bool(report.issue) is bool(issue)


def test_long_transparent_data_become_a_file(road: SimpleNamespace) -> None:
    report = kept(road.vehicle, 0x0900, {"kind": 0x41, "data": (b"\x07" * 3000).hex()})
    assert report.file is not None and report.file.open_checked() == b"\x07" * 3000 and "data" not in report.content


def test_compressed_data_are_unpacked_and_the_messages_in_it_read(road: SimpleNamespace) -> None:
    beat = Terminal("13900000001").heartbeat()
    report = kept(road.vehicle, 0x0901, {"data": gzip.compress(beat * 2).hex()})
    assert [message["message_id"] for message in report.content["messages"]] == ["0x0002"] * 2 and not report.issue
    assert report.content["data"] == (beat * 2).hex() and report.content["unpacked_bytes"] == 2 * len(beat)
    assert "gzip" in kept(road.vehicle, 0x0901, {"data": b"no gzip".hex()}).issue
    assert "too early" in kept(road.vehicle, 0x0901, {"data": gzip.compress(bytes(5000))[:-9].hex()}).issue


def test_a_bomb_is_not_unpacked(road: SimpleNamespace) -> None:
    bomb = gzip.compress(bytes(upward.LONGEST_UNPACKED_BYTES + 1))
    report = kept(road.vehicle, 0x0901, {"data": bomb.hex()})
    assert "8 MB" in report.issue and report.file is not None and report.file.open_checked() == bomb


def test_what_a_maker_cut_or_forgot_is_kept_all_the_same(road: SimpleNamespace) -> None:
    for number in (0x0705, 0x0900, 0x0901):
        assert kept(road.vehicle, number, {}).issue
