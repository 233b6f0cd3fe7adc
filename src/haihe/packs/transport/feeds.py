"""JT/T 808 as a feed: terminals register, authenticate, and report where they are; every message is answered once it is durable.

A terminal is believed on its authentication code alone: before it, nothing that it sends becomes an observation. Frames are kept as
they came, whoever sent them.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import structlog
from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from haihe.kernel.errors import InvalidInput
from haihe.kernel.feeds.feed import Batch, Feed, Read, Record, Splitter
from haihe.kernel.feeds.rows import raw_frames
from haihe.kernel.feeds.session import Session
from haihe.kernel.observations.quality import Quality
from haihe.kernel.observations.standard import Position
from haihe.packs.transport.file_feed import hear, take_piece
from haihe.packs.transport.jt808 import columns, splitter
from haihe.packs.transport.jt808.acks import encode_acks
from haihe.packs.transport.jt808.attachments import PIECE_SIGN, PieceSplitter
from haihe.packs.transport.jt808.codec import decode, encode, encode_all, read_body
from haihe.packs.transport.jt808.frame import (
    FLAG,
    Header,
    checksum,
    escape,
    header_length_bytes,
    read_header,
    strip_flags,
    unescape,
)
from haihe.packs.transport.jt808.issues import SENTENCES, Issue
from haihe.packs.transport.jt808.messages import message_name
from haihe.packs.transport.jt808.packages import ASK_AT_ONCE, Assembly, Held, Sent, Whole
from haihe.packs.transport.jt808.position_frame import item_bytes
from haihe.packs.transport.jt808.times import NOT_A_TIME
from haihe.packs.transport.models import Terminal
from haihe.packs.transport.orders.conversation import conversation
from haihe.packs.transport.orders.table import ANSWERS, ORDERS
from haihe.packs.transport.registers import authentication_code, device_key
from haihe.packs.transport.reports import KEPT, MEDIA, keep, refuse

log = structlog.get_logger()
DONE, FAILED, UNSUPPORTED = 0, 1, 3
TERMINAL_REPLY, REGISTRATION, AUTHENTICATION, DEREGISTRATION, PACKAGES_AGAIN = 0x0001, 0x0100, 0x0102, 0x0003, 0x0005
CONTROL = (TERMINAL_REPLY, REGISTRATION, DEREGISTRATION, AUTHENTICATION, PACKAGES_AGAIN)
LOCATED = (0x0200, 0x0201, 0x0704)
HEARD = np.array(sorted(ANSWERS | KEPT), np.uint16)
# Messages from terminals whose meaning is kept; everything else is answered with "not supported" and kept as a frame.
SUPPORTED = np.array(sorted({0x0002, 0x0003, 0x0102, 0x0200, 0x0201, 0x0704} | ANSWERS | KEPT), np.uint16)
NO_SUCH_VEHICLE, NO_SUCH_TERMINAL = 2, 4
FIXED_BIT = 1 << 1
WRONG_CODES = 3
MILEAGE = 0x01
DATAGRAM_BYTES = 1400
LOOK_BACK = timedelta(seconds=15)  # a change is stamped before its transaction ends, and is seen only after it


class JT808(Feed):
    name = "jt808"
    title_zh = "JT/T 808 车载终端"
    title_en = "JT/T 808 vehicle terminals"
    default_port = 7611
    speaks_udp = True

    def __init__(self) -> None:
        self.looked_at: datetime = timezone.now()
        self.sessions: dict[str, Session] = {}
        self.held = Held()

    def splitter(self) -> Splitter:
        return splitter.Splitter()

    def datagrams(self, data: bytes) -> list[bytes]:
        """Whole frames in datagrams that no network cuts up; a flag never stands within a frame."""
        found = [b""]
        for part in filter(None, data.split(FLAG)):
            frame = FLAG + part + FLAG
            if found[-1] and len(found[-1]) + len(frame) > DATAGRAM_BYTES:
                found.append(b"")
            found[-1] += frame
        return found

    # --- a batch ----------------------------------------------------------------------------------------------------

    def read(self, batch: Batch) -> Read:
        found = columns.decode_locations(batch.frames)
        frames = found.frames
        read = Read()
        allowed = self._control(batch, frames, read)
        believed = allowed & frames.checksum_ok & self._own_phone(batch, frames)
        result = np.where(believed, np.where(np.isin(frames.message_id, SUPPORTED), DONE, UNSUPPORTED), FAILED)
        # A frame that arrived damaged gets no answer: the terminal sends it again.
        answered = frames.checksum_ok & (frames.version > 0) & ~np.isin(frames.message_id, CONTROL)
        # Frames before a terminal said who it is, and after it signed off, are nobody's, however they fall into batches.
        things = np.fromiter((session.thing or 0 for session in batch.sessions), np.int64, len(batch)) * allowed
        issues = frames.issues
        if found.locations.issues.any():
            issues = issues.astype(np.uint32)
            np.bitwise_or.at(issues, found.locations.frame, found.locations.issues)
        told = sentences(issues, ~allowed & (frames.message_id != REGISTRATION))
        fragments = np.flatnonzero(believed & (frames.issues & int(Issue.FRAGMENT) != 0))
        if len(fragments):
            told, result = self._assemble(batch, fragments.tolist(), told, result, answered, things, read)
        for row in np.flatnonzero(believed & frames.readable & np.isin(frames.message_id, HEARD)).tolist():
            message = decode(batch.frames[row])
            head = Asked(message["message_id"], message["version"], message["phone"], message["serial"])
            if self._hear(batch.sessions[row], head, message["body"], message["serial"], batch.received_us[row], read):
                answered[row] = False
        read.replies += self._answers(batch, frames, np.flatnonzero(answered), result)
        read.tables.append(("raw_frame", raw_frames(self.name, batch, told, known_things(things))))
        positions = self._positions(batch, found, believed, things)
        if positions is not None:
            read.tables.append(("position", positions))
        return read

    def _hear(self, session: Session, frame: Asked, body: dict[str, Any], serial: int, received_us: int, read: Read) -> bool:  # fmt: skip
        """A whole message of a believed terminal that answers an order or is kept; whether the answer to `frame`, its last one, waits
        until it is stored. `serial` is that of its first frame."""
        number = int(frame.message_id, 16)
        read.answered += conversation(session).answer(session, number, body)
        if number not in KEPT or session.thing is None:
            return False
        at = datetime.fromtimestamp(received_us / 1e6, UTC)
        stored = frame.reply(DONE)
        if number == MEDIA and "media_id" in body:
            stored += b"".join(self._to_session(session, "0x8800", {"media_id": body["media_id"]})[1])
        store = partial(keep, session.thing, number, body, at, serial)
        size = len(body.get("data") or "")
        read.records.append(Record(session, message_name(number) or "", store, stored, frame.reply(FAILED), size))
        return True

    def _own_phone(self, batch: Batch, frames: columns.Frames) -> NDArray[np.bool_]:
        """Whether the frame carries the phone number as which its connection authenticated."""
        own = np.array([session.memory.get("phone", b"?") for session in batch.sessions], dtype="S20")
        same: NDArray[np.bool_] = own == frames.phone
        return same

    def _answers(
        self, batch: Batch, frames: columns.Frames, rows: NDArray[np.int64], result: NDArray[np.int64]
    ) -> list[tuple[Session, bytes]]:
        """One 0x8001 a frame; those of a connection that stand together leave in one write."""
        if not len(rows):
            return []
        made, sessions = encode_acks(frames, result), batch.sessions
        if len(rows) < len(made):
            made, sessions = [made[row] for row in rows.tolist()], [sessions[row] for row in rows.tolist()]
        ids = np.fromiter(map(id, sessions), np.int64, len(sessions))
        starts = np.flatnonzero(np.diff(ids, prepend=-1)).tolist()
        if len(starts) == len(made):
            return list(zip(sessions, made, strict=True))
        ends = [*starts[1:], len(made)]
        return [(sessions[start], b"".join(made[start:end])) for start, end in zip(starts, ends, strict=True)]

    def _positions(
        self, batch: Batch, found: columns.Columns, believed: NDArray[np.bool_], things: NDArray[np.int64]
    ) -> pl.DataFrame | None:
        """Rows of `position`, column by column with the table's own types: this is the hottest part of the road."""
        located = found.locations
        rows = np.flatnonzero(believed[located.frame])
        if not len(rows):
            return None
        received = np.array(batch.received_us, np.int64)
        # Rows are replayed in this order too, so that a rule finds the same then as it does now.
        order = np.lexsort((located.time_us[rows], things[located.frame[rows]], received[located.frame[rows]]))
        rows = rows[order]
        frame, status = located.frame[rows], located.status_bits[rows]
        quality = np.where(status & FIXED_BIT == 0, np.uint16(Quality.NOT_FIXED), np.uint16(0))
        quality |= np.where(located.issues[rows] != 0, np.uint16(Quality.DECODED_IN_PART), np.uint16(0))
        table = pl.DataFrame(
            {
                "thing": things[frame], "observed_at": instants(located.time_us[rows]), "received_at": instants(received[frame]), "quality": quality,
                "longitude_deg": located.longitude_deg[rows], "latitude_deg": located.latitude_deg[rows], "altitude_m": located.altitude_m[rows].astype(np.float64),
                "speed_kmh": located.speed_kmh[rows], "heading_deg": located.heading_deg[rows].astype(np.float64),
                "mileage_km": pl.Series(located.items.value(MILEAGE)[rows], nan_to_null=True), "status_bits": status, "alarm_bits": located.alarm_bits[rows],
                "items": item_bytes(found, rows),
            }
        )  # fmt: skip
        return Position.check(table)

    # --- messages of several packages ---------------------------------------------------------------------------------

    def _assemble(
        self, batch: Batch, rows: list[int], told: list[str | None], result: NDArray[np.int64], answered: NDArray[np.bool_],
        things: NDArray[np.int64], read: Read
    ) -> tuple[list[str | None], NDArray[np.int64]]:  # fmt: skip
        """Put packages together; whole messages join the batch, refused ones are answered so and say why."""
        told, result = told or [None] * len(batch), result.copy()
        completed = Batch()
        for row in rows:
            header, body = _split(batch.frames[row])
            session = batch.sessions[row]
            assembly = session.memory.setdefault("assembly", Assembly(self.held))
            found = assembly.take(header, body)
            if isinstance(found, str):
                told[row] = "; ".join(filter(None, (told[row], found)))
                result[row] = FAILED
                if header.package_number == 1 and session.thing is not None:
                    read.records.append(_refusal(session, session.thing, header.message_id, found))
            elif found is not None and found.message_id in HEARD:
                values = read_body(found.message_id, found.version, found.body, [])
                frame = Asked(f"0x{header.message_id:04X}", header.version, header.phone, header.serial)
                if self._hear(session, frame, values, found.serial, batch.received_us[row], read):
                    answered[row] = False
            if isinstance(found, Whole) and found.message_id in LOCATED:
                completed.frames.append(_as_one_frame(header, found))
                completed.sessions.append(session)
                completed.received_us.append(batch.received_us[row])
        if len(completed):
            located = columns.decode_locations(completed.frames)
            own = np.array([session.thing or 0 for session in completed.sessions], np.int64)
            positions = self._positions(completed, located, np.ones(len(completed), np.bool_), own)
            if positions is not None:
                read.tables.append(("position", positions))
        return told, result

    def _ask_again(self) -> None:
        """Packages that did not come are asked for; what never completes is given up."""
        for session in list(self.sessions.values()):
            assembly = session.memory.get("assembly")
            if assembly is None:
                continue
            ask, given_up = assembly.overdue()
            for unfinished in [] if session.closing else ask:  # a device that comes back goes on where it was
                missing = [{"number": number} for number in unfinished.missing[:ASK_AT_ONCE]]
                asked, body = "0x8003", {"first_serial": unfinished.first_serial, "packages": missing}
                if unfinished.message_id == MEDIA and len(unfinished.parts.get(1, b"")) >= 4:
                    # Media have a request of their own, which names them by their id.
                    asked, body = (
                        "0x8800",
                        {"media_id": int.from_bytes(unfinished.parts[1][:4], "big"), "packages": missing},
                    )
                frame = self._to_session(session, asked, body)[1][0]
                session.gateway.loop.call_soon_threadsafe(session.send, frame)
            for unfinished in given_up:
                log.warning("a message never completed", device=session.device, message=message_name(unfinished.message_id),
                            packages=unfinished.count, missing=len(unfinished.missing))  # fmt: skip
                if session.thing is not None:
                    lacking = f"共 {unfinished.count} 包，缺 {len(unfinished.missing)} 包 {len(unfinished.missing)} of {unfinished.count} packages never came"
                    note = _refusal(session, session.thing, unfinished.message_id, lacking)
                    session.gateway.storing.take_soon(self, [note])

    def _to_session(self, session: Session, message_id: str, body: dict[str, Any]) -> tuple[int, list[bytes]]:
        """A message of ours: its (first) serial and its frames. Long ones are kept for a while, see 0x0005."""
        serial = next_serial(session)
        header = {"version": session.memory["version"], "phone": session.memory["phone"].decode(), "serial": serial}
        frames = encode_all({"message_id": message_id, **header, "body": body})
        if len(frames) > 1:
            session.memory["serial"] = (serial + len(frames) - 1) & 0xFFFF
            session.memory.setdefault("sent", Sent()).keep(serial, frames)
        return serial, frames

    # --- who it is --------------------------------------------------------------------------------------------------

    def _control(self, batch: Batch, frames: columns.Frames, read: Read) -> NDArray[np.bool_]:
        """Deal with registrations, authentications and answers, in order; whether each frame came from an authenticated peer."""
        allowed = np.fromiter((session.authenticated for session in batch.sessions), np.bool_, len(batch))
        rows = np.flatnonzero(frames.readable & frames.checksum_ok & np.isin(frames.message_id, CONTROL))
        if not len(rows):
            return allowed
        messages = {row: decode(batch.frames[row]) for row in rows.tolist()}
        terminals = self._terminals(message["phone"] for message in messages.values())
        for row, message in messages.items():
            session = batch.sessions[row]
            self._one_control(session, message, terminals.get(device_key(message["phone"])), read)
            if session.authenticated != bool(allowed[row]):
                later = np.fromiter((s is session for s in batch.sessions[row:]), np.bool_, len(batch) - row)
                allowed[row:][later] = session.authenticated
        return allowed

    def _terminals(self, phones: Iterable[str]) -> dict[str, Terminal]:
        close_old_connections()
        keys = {device_key(phone) for phone in phones}
        return {t.phone: t for t in Terminal.objects.filter(phone__in=keys).select_related("vehicle__thing")}

    def _one_control(self, session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read) -> None:
        number, body = int(message["message_id"], 16), message["body"]
        if number == REGISTRATION:
            self._register(session, message, terminal, read)
        elif number == AUTHENTICATION:
            self._authenticate(session, message, terminal, read)
        elif number == DEREGISTRATION:
            known = session.authenticated and message["phone"].encode() == session.memory.get("phone")
            session.authenticated = session.authenticated and not known
            read.replies.append((session, self._reply(message, DONE if known else FAILED)))
        elif number == PACKAGES_AGAIN:
            read.replies.append((session, self._packages_again(session, message)))
        elif session.authenticated and "reply_serial" in body:
            read.answered += conversation(session).general_reply(session, body)

    def _packages_again(self, session: Session, message: dict[str, Any]) -> bytes:
        body, sent = message["body"], session.memory.get("sent")
        known = session.authenticated and message["phone"].encode() == session.memory.get("phone")
        numbers = [row["number"] for row in body.get("packages", []) if "number" in row]
        frames = sent.again(body.get("first_serial", -1), numbers) if known and sent is not None else []
        return self._reply(message, DONE if frames else FAILED) + b"".join(frames)

    def _register(self, session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read) -> None:
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
        frame = encode({**_to(message), "message_id": "0x8100", "serial": next_serial(session), "body": answer})
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

    def _authenticate(self, session: Session, message: dict[str, Any], terminal: Terminal | None, read: Read) -> None:
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
            read.replies.append((session, self._reply(message, FAILED)))
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
        older = self.sessions.get(terminal.phone)
        if older is not None and "assembly" in older.memory:
            session.memory.setdefault("assembly", older.memory["assembly"])
        self.sessions[terminal.phone] = session
        read.replies.append((session, self._reply(message, DONE)))

    def _reply(self, message: dict[str, Any], result: int) -> bytes:
        body = {"reply_serial": message["serial"], "reply_id": message["message_id"], "result": result}
        return encode({**_to(message), "message_id": "0x8001", "serial": message["serial"], "body": body})

    def refresh(self) -> None:
        """Cut off terminals that were switched off, moved to another vehicle, or whose vehicle was retired since the last look."""
        close_old_connections()
        self._ask_again()
        since, now = self.looked_at - LOOK_BACK, timezone.now()
        changed = Terminal.objects.filter(
            Q(changed_at__gte=since) | Q(vehicle__thing__changed_at__gte=since)
        ).select_related("vehicle__thing")
        rows = list(changed)
        self.looked_at = now  # only after the register could be read
        for terminal in rows:
            session = self.sessions.get(terminal.phone)
            if session is None or session.closing or session.device != terminal.phone:
                continue
            vehicle = terminal.vehicle
            same_code = terminal.epoch == session.memory["epoch"]
            is_on = terminal.enabled and vehicle is not None and vehicle.thing.retired_at is None
            if not (is_on and same_code and vehicle and vehicle.thing_id == session.thing):
                session.gateway.loop.call_soon_threadsafe(
                    session.close, "终端登记已变更 the terminal's registration changed"
                )

    # --- commands ---------------------------------------------------------------------------------------------------

    def command(self, session: Session, kind: str, content: dict[str, object]) -> tuple[int, bytes]:
        """One of the orders of orders/table.py; what the terminal does not have in its edition is an InvalidInput."""
        order = ORDERS.get(kind)
        if order is None:
            raise InvalidInput(f"JT/T 808 没有命令“{kind}”。", f"JT/T 808 has no command {kind!r}.", where="kind")
        given = content.get("values", content)
        values = order.with_defaults(given if isinstance(given, dict) else {})
        message_id, body = order.message(values, session.memory["version"])
        serial, frames = self._to_session(session, message_id, body)
        conversation(session).begin(serial, len(frames), order)
        return serial, b"".join(frames)


class AlarmFiles(Feed):
    """Attachments of alarms come on a port of their own; it is off until a port is given to it."""

    name = "jt808_files"
    title_zh = "报警附件（T/JSATL 12）"
    title_en = "Alarm attachments (T/JSATL 12)"
    default_port = 0
    frames_are_large = True

    def __init__(self) -> None:
        self.uploading: set[Session] = set()

    def splitter(self) -> Splitter:
        return PieceSplitter()

    def read(self, batch: Batch) -> Read:
        """Pieces of files are not kept as frames: the file that they make is evidence itself."""
        close_old_connections()
        read, told = Read(), Batch()
        issues: list[str | None] = []
        self.uploading = {session for session in self.uploading if not session.closing}
        for frame, session, received_us in zip(batch.frames, batch.sessions, batch.received_us, strict=True):
            if frame.startswith(PIECE_SIGN):
                odd = take_piece(session, frame)
                if odd:
                    log.warning("a part of a file is not taken", peer=session.peer, because=odd)
                continue
            message = decode(frame)
            odd = ""
            if message["checksum_ok"] and message["version"] is not None:
                heard = hear(session, message, datetime.fromtimestamp(received_us / 1e6, UTC), self._held())
                odd = heard.odd
                if session.authenticated:
                    self.uploading.add(session)
                if heard.answer:
                    read.replies.append((session, heard.answer))
                if heard.record:
                    read.records.append(heard.record)
            told.frames.append(frame)
            told.sessions.append(session)
            told.received_us.append(received_us)
            issues.append(odd or "; ".join(issue["zh"] + " " + issue["en"] for issue in message["issues"]) or None)
        if len(told):
            read.tables.append(("raw_frame", raw_frames(self.name, told, issues)))
        return read

    def _held(self) -> int:
        """Bytes of files that are under way."""
        uploads = (upload for session in self.uploading for upload in session.memory["uploads"].values())
        return sum(upload.size for upload in uploads if not upload.is_stored)


@dataclass(frozen=True, slots=True)
class Asked:
    """A frame as a general reply names it."""

    message_id: str
    version: str
    phone: str
    serial: int

    def reply(self, result: int) -> bytes:
        body = {"reply_serial": self.serial, "reply_id": self.message_id, "result": result}
        head = {"message_id": "0x8001", "version": self.version, "phone": self.phone, "serial": self.serial}
        return encode({**head, "body": body})


def _refusal(session: Session, thing: int, message_id: int, issue: str) -> Record:
    """Beside the log, where people look: on the vehicle's page. Nothing waits for it."""
    return Record(session, "refusal", partial(refuse, thing, message_id, issue, timezone.now()))


def _split(frame: bytes) -> tuple[Header, bytes]:
    """The header and the body of a frame that is known to have both."""
    data = unescape(strip_flags(frame))[0]
    header = read_header(data)
    if header is None:
        raise ValueError("only frames whose header was read are asked for")
    return header, data[header_length_bytes(header.attributes) : -1]


def _as_one_frame(header: Header, whole: Whole) -> bytes:
    """The whole message as a frame longer than any that is sent: the reader of columns takes locations of any length."""
    width = 10 if header.version == "2019" else 6
    attributes = (0x4000 if header.version == "2019" else 0).to_bytes(2, "big")
    edition = b"\1" if header.version == "2019" else b""
    head = whole.message_id.to_bytes(2, "big") + attributes + edition + bytes.fromhex(header.phone)[-width:]
    data = head + whole.serial.to_bytes(2, "big") + whole.body
    return escape(data + bytes([checksum(data)]))


def _to(message: dict[str, Any]) -> dict[str, Any]:
    """The header fields of an answer to a message."""
    return {"version": message["version"], "phone": message["phone"]}


def _is_plate(announced: object, registered: str) -> bool:
    """Terminals may leave the plate empty or send a VIN for vehicles without one; a plate that they do send must be the right one."""
    text = str(announced or "").strip("\0 ").upper()
    return not text or len(text) == 17 or text == registered


def next_serial(session: Session) -> int:
    session.memory["serial"] = (session.memory.get("serial", 0) + 1) & 0xFFFF
    number: int = session.memory["serial"]
    return number


def known_things(things: NDArray[np.int64]) -> pl.Series:
    """The things of frames, null for 0."""
    strangers = things == 0
    found = pl.Series(things)
    return found.set(pl.Series(strangers), None) if strangers.any() else found


def instants(microseconds: NDArray[np.int64]) -> pl.Series:
    """Microseconds since 1970 as instants; NOT_A_TIME becomes null."""
    found = pl.Series(microseconds).cast(pl.Datetime("us", "UTC"))
    lacking = microseconds == NOT_A_TIME
    return found.set(pl.Series(lacking), None) if lacking.any() else found


def sentences(issues: NDArray[np.uint32], strangers: NDArray[np.bool_]) -> list[str | None]:
    """What was odd about each frame, in words, None for most; an empty list where nothing was."""
    rows = np.flatnonzero((issues != 0) | strangers).tolist()
    told: list[str | None] = [None] * (len(issues) if rows else 0)
    for row in rows:
        words = ["未鉴权 not authenticated"] if strangers[row] else []
        words += [" ".join(SENTENCES[issue]) for issue in Issue if int(issues[row]) & issue]
        told[row] = "; ".join(words)
    return told
