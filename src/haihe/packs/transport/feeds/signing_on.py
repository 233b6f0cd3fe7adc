"""Who a terminal is: registration, authentication, signing off, and its replies to what we said. A terminal is believed on its
authentication code alone."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
from django.db import close_old_connections
from django.utils import timezone
from numpy.typing import NDArray

from haihe.kernel.feeds.feed import Batch, Read, Record
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds.kinds import by_id
from haihe.packs.transport.feeds.sending import DONE, FAILED, Asked, next_serial
from haihe.packs.transport.jt808.codec import decode, encode
from haihe.packs.transport.jt808.columns import Frames
from haihe.packs.transport.models import Terminal
from haihe.packs.transport.orders.conversation import conversation
from haihe.packs.transport.registers import authentication_code, device_key

TERMINAL_REPLY, REGISTRATION, AUTHENTICATION, DEREGISTRATION, PACKAGES_AGAIN = 0x0001, 0x0100, 0x0102, 0x0003, 0x0005
CONTROL = (TERMINAL_REPLY, REGISTRATION, DEREGISTRATION, AUTHENTICATION, PACKAGES_AGAIN)
IS_CONTROL = by_id(CONTROL)
NO_SUCH_VEHICLE, NO_SUCH_TERMINAL = 2, 4
WRONG_CODES = 3
Sessions = dict[str, Session]  # by the phone number of the terminal


def control(batch: Batch, frames: Frames, read: Read, sessions: Sessions) -> NDArray[np.bool_]:
    """Deal with registrations, authentications and answers, in order; whether each frame came from an authenticated peer."""
    allowed = np.fromiter((session.authenticated for session in batch.sessions), np.bool_, len(batch))
    rows = np.flatnonzero(frames.readable & frames.checksum_ok & IS_CONTROL[frames.message_id])
    if not len(rows):
        return allowed
    messages = {row: decode(batch.frames[row]) for row in rows.tolist()}
    terminals = _terminals(message["phone"] for message in messages.values())
    for row, message in messages.items():
        session = batch.sessions[row]
        _one_control(session, message, terminals.get(device_key(message["phone"])), read, sessions)
        if session.authenticated != bool(allowed[row]):
            later = np.fromiter((s is session for s in batch.sessions[row:]), np.bool_, len(batch) - row)
            allowed[row:][later] = session.authenticated
    return allowed


def _terminals(phones: Iterable[str]) -> dict[str, Terminal]:
    close_old_connections()
    keys = {device_key(phone) for phone in phones}
    return {t.phone: t for t in Terminal.objects.filter(phone__in=keys).select_related("vehicle__thing")}


def _one_control(
    session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read, sessions: Sessions
) -> None:
    number, body = int(message["message_id"], 16), message["body"]
    if number == REGISTRATION:
        _register(session, message, terminal, read)
    elif number == AUTHENTICATION:
        _authenticate(session, message, terminal, read, sessions)
    elif number == DEREGISTRATION:
        known = session.authenticated and message["phone"].encode() == session.memory.get("phone")
        session.authenticated = session.authenticated and not known
        read.replies.append((session, Asked.of(message).reply(DONE if known else FAILED)))
    elif number == PACKAGES_AGAIN:
        read.replies.append((session, _packages_again(session, message)))
    elif session.authenticated and "reply_serial" in body:
        read.answered += conversation(session).general_reply(session, body)


def _packages_again(session: Session, message: dict[str, Any]) -> bytes:
    body, sent = message["body"], session.memory.get("sent")
    known = session.authenticated and message["phone"].encode() == session.memory.get("phone")
    numbers = [row["number"] for row in body.get("packages", []) if "number" in row]
    frames = sent.again(body.get("first_serial", -1), numbers) if known and sent is not None else []
    return Asked.of(message).reply(DONE if frames else FAILED) + b"".join(frames)


def _register(session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read) -> None:
    body = message["body"]
    answer: dict[str, Any] = {"reply_serial": message["serial"], "result": DONE, "auth_code": ""}
    if terminal is None or not terminal.enabled:
        answer["result"] = NO_SUCH_TERMINAL
    elif (
        terminal.vehicle is None
        or terminal.vehicle.thing.retired_at
        or not _is_plate(body.get("plate"), terminal.vehicle.plate)
    ):
        answer["result"] = NO_SUCH_VEHICLE
    else:
        answer["auth_code"] = authentication_code(terminal)
    head = {"message_id": "0x8100", "version": message["version"], "phone": message["phone"]}
    frame = encode({**head, "serial": next_serial(session), "body": answer})
    if terminal is None or answer["result"] != DONE:
        read.replies.append((session, frame))
        return
    terminal.maker, terminal.model = str(body.get("maker") or "")[:20], str(body.get("model") or "")[:40]
    terminal.terminal_id, terminal.version = (
        str(body.get("terminal_id") or "")[:30],
        body.get("layout") or message["version"],
    )
    terminal.announced_at = timezone.now()
    store = partial(terminal.save, update_fields=["maker", "model", "terminal_id", "version", "announced_at"])
    # One that cannot be stored is not answered: the terminal registers again.
    read.records.append(Record(session, "registration", store, frame))


def _authenticate(
    session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read, sessions: Sessions
) -> None:
    code = str(message["body"].get("auth_code") or "")
    usable = (
        terminal is not None
        and terminal.enabled
        and terminal.vehicle is not None
        and terminal.vehicle.thing.retired_at is None
    )
    if (
        terminal is None
        or terminal.vehicle is None
        or not usable
        or not hmac.compare_digest(code.encode(), authentication_code(terminal).encode())
    ):
        read.replies.append((session, Asked.of(message).reply(FAILED)))
        session.memory["wrong_codes"] = session.memory.get("wrong_codes", 0) + 1
        if session.memory["wrong_codes"] >= WRONG_CODES:
            read.close.append((session, "鉴权多次失败 wrong authentication codes"))
        return
    session.memory |= {
        "phone": message["phone"].encode(),
        "version": message["version"],
        "epoch": terminal.epoch,
    }
    session.gateway.known(session, terminal.phone, terminal.vehicle.thing_id)
    older = sessions.get(terminal.phone)
    if older is not None and "assembly" in older.memory:
        session.memory.setdefault("assembly", older.memory["assembly"])
    sessions[terminal.phone] = session
    read.replies.append((session, Asked.of(message).reply(DONE)))


def _is_plate(announced: object, registered: str) -> bool:
    """Terminals may leave the plate empty or send a VIN for vehicles without one; a plate that they do send must be the right one."""
    text = str(announced or "").strip("\0 ").upper()
    return not text or len(text) == 17 or text == registered
