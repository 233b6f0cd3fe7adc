"""Messages of several packages: whole ones join their batch, and what is missing is asked for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import structlog
from numpy.typing import NDArray

from haihe.kernel.feeds.feed import Batch, Feed, Read
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds.positions import position_rows
from haihe.packs.transport.feeds.reporting import HEARD, hear, refusal
from haihe.packs.transport.feeds.sending import FAILED, Asked, to_session
from haihe.packs.transport.jt808 import columns
from haihe.packs.transport.jt808.codec import read_body
from haihe.packs.transport.jt808.frame import (
    Header,
    checksum,
    escape,
    header_length_bytes,
    read_header,
    strip_flags,
    unescape,
)
from haihe.packs.transport.jt808.messages import message_name
from haihe.packs.transport.jt808.packages import ASK_AT_ONCE, Assembly, Held, Whole
from haihe.packs.transport.reports import MEDIA

log = structlog.get_logger()
LOCATED = (*dict(columns.ONE_LOCATION), 0x0704)


def assemble(
    batch: Batch, rows: list[int], told: list[str | None], result: NDArray[np.int64], answered: NDArray[np.bool_],
    things: NDArray[np.int64], read: Read, held: Held
) -> tuple[list[str | None], NDArray[np.int64]]:  # fmt: skip
    """Put packages together; whole messages join the batch, refused ones are answered so and say why."""
    told, result = told or [None] * len(batch), result.copy()
    completed = Batch()
    for row in rows:
        header, body = _split(batch.frames[row])
        session = batch.sessions[row]
        assembly = session.memory.setdefault("assembly", Assembly(held))
        found = assembly.take(header, body)
        if isinstance(found, str):
            told[row] = "; ".join(filter(None, (told[row], found)))
            result[row] = FAILED
            if header.package_number == 1 and session.thing is not None:
                read.records.append(refusal(session, session.thing, header.message_id, found))
        elif found is not None and found.message_id in HEARD:
            values = read_body(found.message_id, found.version, found.body, [])
            frame = Asked(f"0x{header.message_id:04X}", header.version, header.phone, header.serial)
            if hear(session, frame, values, found.serial, batch.received_us[row], read):
                answered[row] = False
        if isinstance(found, Whole) and found.message_id in LOCATED:
            completed.frames.append(_as_one_frame(header, found))
            completed.sessions.append(session)
            completed.received_us.append(batch.received_us[row])
    if len(completed):
        located = columns.decode_locations(completed.frames)
        own = np.array([session.thing or 0 for session in completed.sessions], np.int64)
        positions = position_rows(completed, located, np.ones(len(completed), np.bool_), own)
        if positions is not None:
            read.tables.append(("position", positions))
    return told, result


def ask_again(feed: Feed, sessions: Iterable[Session]) -> None:
    """Packages that did not come are asked for; what never completes is given up."""
    for session in sessions:
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
            frame = to_session(session, asked, body)[1][0]
            session.gateway.loop.call_soon_threadsafe(session.send, frame)
        for unfinished in given_up:
            log.warning("a message never completed", device=session.device, message=message_name(unfinished.message_id),
                        packages=unfinished.count, missing=len(unfinished.missing))  # fmt: skip
            if session.thing is not None:
                lacking = f"共 {unfinished.count} 包，缺 {len(unfinished.missing)} 包 {len(unfinished.missing)} of {unfinished.count} packages never came"
                note = refusal(session, session.thing, unfinished.message_id, lacking)
                session.gateway.storing.take_soon(feed, [note])


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
