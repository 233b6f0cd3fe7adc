"""What terminals send beside positions: stored before it is acknowledged, read with a purpose, deleted when its time is over."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from haihe.kernel import audit, evidence, exports
from haihe.kernel.duties import duty
from haihe.kernel.errors import InvalidInput, NotFound, TooLarge
from haihe.kernel.evidence import DEVICE_TYPES, EvidenceFile
from haihe.kernel.identity import Account
from haihe.kernel.language import pick
from haihe.kernel.permissions import demand, visible
from haihe.kernel.policies import parameter
from haihe.packs.transport.jt808.messages import message_name
from haihe.packs.transport.jt808.upward import CAN, COMPRESSED, TRANSPARENT, carried
from haihe.packs.transport.models import Report, Vehicle
from haihe.packs.transport.tracks import PURPOSES

EVENT, SERVICE, WAYBILL, CARD, MEDIA_EVENT, MEDIA = 0x0301, 0x0303, 0x0701, 0x0702, 0x0800, 0x0801
DATA = (CAN, TRANSPARENT, COMPRESSED)
KEPT = frozenset({EVENT, SERVICE, WAYBILL, CARD, MEDIA_EVENT, MEDIA, *DATA})
KINDS = {EVENT: Report.Kind.EVENT, SERVICE: Report.Kind.EVENT, WAYBILL: Report.Kind.WAYBILL, CARD: Report.Kind.CARD,
         MEDIA_EVENT: Report.Kind.MEDIA, MEDIA: Report.Kind.MEDIA, **dict.fromkeys(DATA, Report.Kind.DATA)}  # fmt: skip
ENDINGS = {0: ".jpg", 1: ".tif", 2: ".mp3", 3: ".wav", 4: ".wmv"}
CARD_RESULTS = {
    1: "密钥认证未通过 key not accepted",
    2: "卡片已锁定 card locked",
    3: "卡片被拔出 card taken out",
    4: "数据校验错误 wrong check sum",
}
DRAWN_NUMBER = re.compile(r"[0-9a-fA-F]{32}")
IN_THE_ROW_BYTES = 2_000  # of data; more becomes a file
LISTED = 100


def keep(thing: int, message_id: int, body: dict[str, Any], at: datetime, serial: int = 0) -> Report | None:
    """Store a message of the vehicle that is this thing; None where there is no such vehicle. Durable when it returns. A message that is
    sent again, because its answer was lost, is the report that stands already. TooLarge where its file is beyond the district's limit."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is None:
        return None
    keys = keys_of(message_id, body, serial, at)
    if stored := _standing(vehicle, keys):
        return stored
    content = {
        name: value for name, value in body.items() if name not in ("header", "layout", "data", "rest", "raw_frame")
    }
    file, issue = None, ""
    try:
        if message_id == MEDIA:
            file, issue = _media(body)
        elif message_id in DATA:
            content, file, issue = _data(message_id, body)
    except TooLarge as error:
        refuse(thing, message_id, error.sentence(), at)
        raise
    if message_id == CARD:
        issue = card_issue(body)
    elif message_id == WAYBILL:
        content["text"] = bytes.fromhex(body.get("data", "")).decode("gb18030", "replace")
    return _store(vehicle, KINDS[message_id], at, content, issue, keys, file)


def refuse(thing: int, message_id: int, issue: str, at: datetime) -> None:
    """Say on the vehicle's page that something was not received: once, however often it is tried within the hour."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is None or message_id not in KINDS:
        return
    keys = within_the_hour(at, "refused", message_id, issue)
    if not _standing(vehicle, keys):
        _store(vehicle, KINDS[message_id], at, {}, issue, keys)


def keys_of(message_id: int, body: dict[str, Any], serial: int, at: datetime) -> tuple[str, ...]:
    """What makes a message the same when it is sent again: the key under which it is stored, then others under which it may stand.

    Media and waybills are known by their bytes, a card by its time. An event and transparent data carry neither: there it is the message's
    serial, which comes round again, and therefore only for about an hour; CAN data name a time of day. A terminal that numbers such a message anew has sent another."""
    said = {name: value for name, value in body.items() if name not in ("header", "layout", "raw_frame")}
    if message_id == MEDIA:
        named = [said.get(name) for name in ("media_id", "kind", "format", "event", "channel", "data")]
        return (_digest(message_id, *named, (said.get("location") or {}).get("time")),)
    if message_id == WAYBILL or (message_id == CARD and said.get("time")):
        return (_digest(message_id, said),)
    return within_the_hour(at, message_id, said, None if message_id in (MEDIA_EVENT, CAN) else serial)


def within_the_hour(at: datetime, *identity: Any) -> tuple[str, ...]:
    """Keys that differ from hour to hour: that of this hour, and that of the hour before."""
    hour = int(at.timestamp()) // 3600
    return _digest(hour, *identity), _digest(hour - 1, *identity)


def _digest(*identity: Any) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _standing(vehicle: Vehicle, keys: Sequence[str]) -> Report | None:
    return Report.objects.filter(vehicle=vehicle, key__in=keys).first()


def _store(
    vehicle: Vehicle, kind: str, at: datetime, content: dict[str, Any], issue: str, keys: Sequence[str], file: EvidenceFile | None = None
) -> Report:  # fmt: skip
    days = float(parameter("transport.report_keep_days", timezone.localdate(at)))
    keep_until = timezone.localdate(at) + timedelta(days=days)
    try:
        with transaction.atomic():
            return Report.objects.create(
                vehicle=vehicle, kind=kind, received_at=at, content=content, issue=issue[:200], key=keys[0], file=file, keep_until=keep_until
            )  # fmt: skip
    except IntegrityError:  # another gateway was first
        stored = _standing(vehicle, keys)
        if stored is None:
            raise
        if file is not None:
            evidence.discard(file)
        return stored


def _media(body: dict[str, Any]) -> tuple[EvidenceFile | None, str]:
    data = bytes.fromhex(body.get("data", ""))
    if not data:
        return None, "多媒体数据为空 the media holds no data"
    return _file(
        f"media-{body.get('media_id', 0)}-channel-{body.get('channel', 0)}{ENDINGS.get(body.get('format', -1), '.bin')}",
        data,
    )


def has_file(message_id: int, body: dict[str, Any]) -> bool:
    """Whether a file may come of a message."""
    return message_id in (MEDIA, COMPRESSED) or len(body.get("data") or "") > 2 * IN_THE_ROW_BYTES


def _data(message_id: int, body: dict[str, Any]) -> tuple[dict[str, Any], EvidenceFile | None, str]:
    found = carried(message_id, body)
    content, file = {"message": message_name(message_id), **found.values}, None
    if len(found.data) > IN_THE_ROW_BYTES:
        file, _ = _file(f"data-{message_id:04x}.bin", found.data)
    elif found.data:
        content["data"] = found.data.hex()
    return content, file, "; ".join(found.issues)


def _file(name: str, data: bytes) -> tuple[EvidenceFile, str]:
    """The bytes as a file of the type that the name says; as mere bytes, with an issue, where they are not."""
    try:
        return evidence.receive(name, [data], None, types=DEVICE_TYPES), ""
    except InvalidInput:
        stored = evidence.receive(f"{name.rpartition('.')[0] or name}.bin", [data], None, types=DEVICE_TYPES)
        return stored, "内容不是终端所称的格式 the bytes are not of the format that the terminal says"


def keep_attachment(thing: int, name: str, data: bytes | bytearray, alarm: dict[str, Any], at: datetime) -> Report | None:  # fmt: skip
    """A file of an alarm; `alarm` says of which. Durable when it returns. The same file of the same alarm is kept once: its name differs
    from order to order by the number that the order gave the alarm."""
    vehicle = Vehicle.objects.filter(thing=thing).first()
    if vehicle is None:
        return None
    content_hash = hashlib.sha256(data).hexdigest()
    keys = (_digest("attachment", alarm, DRAWN_NUMBER.sub("", name), content_hash),)
    if stored := _standing(vehicle, keys):
        return stored
    file, issue = _file(name, bytes(data))
    return _store(vehicle, Report.Kind.MEDIA, at, {"alarm": alarm, "file": name}, issue, keys, file)


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
