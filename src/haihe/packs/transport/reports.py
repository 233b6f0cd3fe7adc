"""What terminals send beside positions: stored before it is acknowledged, read with a purpose, deleted when its time is over."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from haihe.kernel import audit, evidence, exports
from haihe.kernel.duties import duty
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.evidence import DEVICE_TYPES, EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import pick
from haihe.kernel.permissions import demand, visible
from haihe.kernel.policies import parameter
from haihe.packs.transport.models import Report, Vehicle
from haihe.packs.transport.tracks import PURPOSES

EVENT, SERVICE, WAYBILL, CARD, MEDIA_EVENT, MEDIA = 0x0301, 0x0303, 0x0701, 0x0702, 0x0800, 0x0801
KEPT = frozenset({EVENT, SERVICE, WAYBILL, CARD, MEDIA_EVENT, MEDIA})
KINDS = {EVENT: Report.Kind.EVENT, SERVICE: Report.Kind.EVENT, WAYBILL: Report.Kind.WAYBILL, CARD: Report.Kind.CARD,
         MEDIA_EVENT: Report.Kind.MEDIA, MEDIA: Report.Kind.MEDIA}  # fmt: skip
ENDINGS = {0: ".jpg", 1: ".tif", 2: ".mp3", 3: ".wav", 4: ".wmv"}
CARD_RESULTS = {
    1: "密钥认证未通过 key not accepted",
    2: "卡片已锁定 card locked",
    3: "卡片被拔出 card taken out",
    4: "数据校验错误 wrong check sum",
}
LISTED = 100


def keep(thing: int, message_id: int, body: dict[str, Any], at: datetime) -> Report | None:
    """Store a message of the vehicle that is this thing; None where there is no such vehicle. Durable when it returns."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is None:
        return None
    content = {
        name: value for name, value in body.items() if name not in ("header", "layout", "data", "rest", "raw_frame")
    }
    file, issue = None, ""
    if message_id == MEDIA:
        file, issue = _media(body)
    elif message_id == CARD:
        issue = card_issue(body)
    elif message_id == WAYBILL:
        content["text"] = bytes.fromhex(body.get("data", "")).decode("gb18030", "replace")
    with transaction.atomic():
        return _store(vehicle, KINDS[message_id], at, content, issue, file)


def refuse(thing: int, message_id: int, issue: str, at: datetime) -> None:
    """Say on the vehicle's page that something was not received."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is not None and message_id in KINDS:
        _store(vehicle, KINDS[message_id], at, {}, issue)


def _store(vehicle: Vehicle, kind: str, at: datetime, content: dict[str, Any], issue: str, file: EvidenceFile | None = None) -> Report:  # fmt: skip
    days = float(parameter("transport.report_keep_days", timezone.localdate(at)))
    keep_until = timezone.localdate(at) + timedelta(days=days)
    return Report.objects.create(vehicle=vehicle, kind=kind, received_at=at, content=content, issue=issue[:200], file=file, keep_until=keep_until)  # fmt: skip


def _media(body: dict[str, Any]) -> tuple[EvidenceFile | None, str]:
    data = bytes.fromhex(body.get("data", ""))
    if not data:
        return None, "多媒体数据为空 the media holds no data"
    return _file(
        f"media-{body.get('media_id', 0)}-channel-{body.get('channel', 0)}{ENDINGS.get(body.get('format', -1), '.bin')}",
        data,
    )


def _file(name: str, data: bytes) -> tuple[EvidenceFile, str]:
    """The bytes as a file of the type that the name says; as mere bytes, with an issue, where they are not."""
    try:
        return evidence.receive(name, [data], None, types=DEVICE_TYPES), ""
    except InvalidInput:
        stored = evidence.receive(f"{name.rpartition('.')[0] or name}.bin", [data], None, types=DEVICE_TYPES)
        return stored, "内容不是终端所称的格式 the bytes are not of the format that the terminal says"


def keep_attachment(thing: int, name: str, data: bytes, alarm: dict[str, Any], at: datetime) -> Report | None:
    """A file of an alarm; `alarm` says of which. Durable when it returns."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is None:
        return None
    file, issue = _file(name, data)
    return _store(vehicle, Report.Kind.MEDIA, at, {"alarm": alarm, "file": name}, issue, file)


def card_issue(body: dict[str, Any]) -> str:
    """What is odd about a driver's card, in words; "" where nothing is."""
    if body.get("state") == 2:
        return ""
    if body.get("result"):
        return f"驾驶员卡读取失败 the card could not be read：{CARD_RESULTS.get(body['result'], body['result'])}"
    if not str(body.get("name") or "").strip():
        return "卡已插入但没有驾驶员姓名 a card without a driver"
    if not str(body.get("qualification") or "").strip():
        return "驾驶员卡没有从业资格证编码 a card without a qualification certificate"
    return ""


def reports_of(account: Account, vehicle: Vehicle, limit: int = LISTED) -> list[Report]:
    """The newest reports of a vehicle: what they are and what is odd, not what they say of people."""
    demand(account, "report.read", vehicle)
    return list(visible(account, Report.objects.filter(vehicle=vehicle)).select_related("file")[:limit])


def release_report(account: Account, report: Report, purpose: str) -> tuple[str, str, bytes]:
    """Name, content type and bytes of a report: its file, or what it says as JSON. It leaves through the export gate, recorded with its purpose."""
    demand(account, "report.read", report.vehicle)
    titles = dict(PURPOSES)
    if purpose not in titles:
        raise InvalidInput("请选择查看目的。", "Choose the purpose.", where="purpose")
    if report.file is not None:
        name, kind, content = report.file.name, report.file.content_type, report.file.open_checked()
    elif report.content:
        name, kind = f"report-{report.pk}.json", "application/json"
        content = json.dumps(report.content, ensure_ascii=False, indent=1).encode()
    else:
        raise NotFound("这条上报没有内容。", "This report holds nothing.", where=str(report.pk))
    with transaction.atomic():
        audit.record(account, "report.read", report, purpose=str(titles[purpose]), vehicle=report.vehicle.plate)
        exports.release(account, pick("终端上报", "report of a terminal"), name, content, purpose=str(titles[purpose]))
    return name, kind, content


@duty("transport.reports", every_s=3600)
def expire(at: datetime) -> int:
    """Delete reports whose time is over, and their files with them."""
    gone = list(Report.objects.filter(keep_until__lt=timezone.localdate(at)).select_related("file")[:1000])
    for report in gone:
        file = report.file
        with transaction.atomic():
            report.delete()
            if file is not None:
                evidence.discard(file)
    return len(gone)
