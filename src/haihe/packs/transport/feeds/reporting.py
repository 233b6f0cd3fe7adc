"""Whole messages of terminals that are more than a position: answers to orders, and what is stored before it is answered."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.utils import timezone

from haihe.kernel.feeds.feed import Read, Record
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds.kinds import by_id
from haihe.packs.transport.feeds.sending import DONE, FAILED, Asked, to_session
from haihe.packs.transport.jt808.messages import message_name
from haihe.packs.transport.orders.conversation import conversation
from haihe.packs.transport.orders.table import ANSWERS
from haihe.packs.transport.reports import KEPT, MEDIA, has_file, keep, refuse

HEARD = ANSWERS | KEPT
IS_HEARD = by_id(HEARD)


def hear(session: Session, frame: Asked, body: dict[str, Any], serial: int, received_us: int, read: Read) -> bool:  # fmt: skip
    """A whole message of a believed terminal that answers an order or is kept; whether the answer to `frame`, its last one, waits
    until it is stored. `serial` is that of its first frame."""
    number = int(frame.message_id, 16)
    read.answered += conversation(session).answer(session, number, body)
    if number not in KEPT or session.thing is None:
        return False
    at = datetime.fromtimestamp(received_us / 1e6, UTC)
    stored = frame.reply(DONE)
    if number == MEDIA and "media_id" in body:
        stored += b"".join(to_session(session, "0x8800", {"media_id": body["media_id"]})[1])
    store = partial(keep, session.thing, number, body, at, serial)
    read.records.append(
        Record(
            session, message_name(number) or "", store, stored, frame.reply(FAILED),
            size_bytes=len(body.get("data") or ""), has_file=has_file(number, body),
        )
    )  # fmt: skip
    return True


def refusal(session: Session, thing: int, message_id: int, issue: str) -> Record:
    """Beside the log, where people look: on the vehicle's page. Nothing waits for it."""
    return Record(session, "refusal", partial(refuse, thing, message_id, issue, timezone.now()))
