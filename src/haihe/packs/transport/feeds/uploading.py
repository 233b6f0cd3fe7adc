"""What the feed of alarm attachments does with a connection's frames, in order.

A terminal names the alarm by the number that the order to upload gave it: nobody else knows that number, so it is believed on it
alone, for a day. A file is stored before it is answered; of a file with gaps the missing parts are asked for. One that could not be
stored is not answered and stays here, so that the terminal only has to say once more that it sent it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from haihe.kernel.feeds.commands import Command
from haihe.kernel.feeds.feed import Record
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.jt808.attachments import FILE_LIMIT_BYTES, FILES, MISSING_AT_ONCE, Upload, read_piece
from haihe.packs.transport.jt808.codec import encode
from haihe.packs.transport.reports import keep_attachment

DONE, FAILED = 0, 1
COMPLETE, PARTS_MISSING = 0, 1
TOLD, TO_COME, SENT = 0x1210, 0x1211, 0x1212
VALID_FOR = timedelta(hours=24)
HELD_BYTES = 256 << 20  # of files under way on all connections


def alarm_of(number: str) -> Command | None:
    """The order that gave this number, as long as it is valid."""
    if len(number) != 32:
        return None
    since = timezone.now() - VALID_FOR
    return Command.objects.filter(feed="jt808", kind="attachments", queued_at__gte=since, content__values__alarm_number=number).exclude(sent_at=None).first()  # fmt: skip


def take_piece(session: Session, frame: bytes) -> str:
    """A part of a file that was announced; why it is not taken, or ""."""
    piece = read_piece(frame)
    upload = session.memory.get("uploads", {}).get(piece.name)
    if upload is None:
        return "文件未声明 a part of a file that was not announced"
    return "" if upload.put(piece) else "超出声明的大小 a part beyond the announced size"


@dataclass(frozen=True)
class Heard:
    """The answer to a message, what is odd about it, and the file that has to be stored before its answer goes."""

    answer: bytes = b""
    odd: str = ""
    record: Record | None = None


def hear(session: Session, message: dict[str, Any], at: datetime, held: int) -> Heard:
    """What follows from a message of the connection; `held` bytes of files are under way on all of them."""
    number, body = int(message["message_id"], 16), message["body"]
    if number == TOLD:
        return _told(session, message, body)
    if number not in (TO_COME, SENT) or not session.authenticated or session.thing is None:
        odd = "" if session.authenticated else "未出示报警编号 no number of an alarm was given"
        return Heard(_reply(message, FAILED), odd)
    uploads: dict[str, Upload] = session.memory["uploads"]
    name, size = str(body.get("name", "")), int(body.get("size_bytes", 0))
    if number == TO_COME:
        is_one_more = name not in uploads and len(uploads) >= FILES
        if not name or not 0 < size <= FILE_LIMIT_BYTES or is_one_more or held + size > HELD_BYTES:
            odd = f"文件 {name}（{size} 字节）超出限制，拒收 a file beyond the limits is refused"
            return Heard(_reply(message, FAILED), odd)
        uploads[name] = Upload(name, int(body.get("kind", 0)), size)
        return Heard(_reply(message, DONE))
    return _sent(session, session.thing, message, uploads.get(name), at)


def _told(session: Session, message: dict[str, Any], body: dict[str, Any]) -> Heard:
    order = alarm_of(str(body.get("alarm_number", "")))
    if order is None:
        odd = "报警编号不是本平台给出的，或已过期 the number of the alarm is not ours or too old"
        return Heard(_reply(message, FAILED), odd)
    values = order.content["values"]
    session.thing, session.authenticated = order.thing_id, True
    session.memory["uploads"] = {}
    session.memory["alarm"] = {name: values[name] for name in ("alarm_terminal", "alarm_time", "number")}
    return Heard(_reply(message, DONE))


def _sent(session: Session, thing: int, message: dict[str, Any], upload: Upload | None, at: datetime) -> Heard:
    if upload is None:
        return Heard(_reply(message, FAILED), "文件未声明 a file that was not announced")
    missing = upload.missing[:MISSING_AT_ONCE]
    answer = {
        "name": upload.name,
        "kind": upload.kind,
        "result": PARTS_MISSING if missing else COMPLETE,
        "missing": [{"offset_bytes": offset, "length_bytes": length} for offset, length in missing],
    }
    frame = _frame(message, "0x9212", answer)
    if missing or upload.is_stored:
        return Heard(frame)
    keep = partial(_keep, thing, upload, session.memory["alarm"], at)
    return Heard(
        record=Record(session, f"attachment {upload.name}", keep, stored=frame, size_bytes=upload.size, has_file=True)
    )


def _keep(thing: int, upload: Upload, alarm: dict[str, Any], at: datetime) -> None:
    """In the storing thread."""
    if not upload.is_stored:
        keep_attachment(thing, upload.name, upload.data, alarm, at)
        upload.is_stored, upload.data = True, bytearray()


def _reply(message: dict[str, Any], result: int) -> bytes:
    return _frame(
        message, "0x8001", {"reply_serial": message["serial"], "reply_id": message["message_id"], "result": result}
    )


def _frame(message: dict[str, Any], message_id: str, body: dict[str, Any]) -> bytes:
    return encode(
        {
            "message_id": message_id,
            "version": message["version"],
            "phone": message["phone"],
            "serial": message["serial"],
            "body": body,
        }
    )
