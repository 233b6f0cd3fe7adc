"""JT/T 808 as a feed: terminals register, authenticate, and report where they are; every message is answered once it is durable.

A terminal is believed on its authentication code alone: before it, nothing that it sends becomes an observation. Frames are kept as
they came, whoever sent them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone
from numpy.typing import NDArray

from haihe.kernel.errors import InvalidInput
from haihe.kernel.feeds.feed import Batch, Feed, Read, Splitter
from haihe.kernel.feeds.rows import raw_frames
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds.in_packages import LOCATED, ask_again, assemble
from haihe.packs.transport.feeds.kinds import by_id
from haihe.packs.transport.feeds.oddities import known_things, sentences
from haihe.packs.transport.feeds.positions import position_rows
from haihe.packs.transport.feeds.reporting import HEARD, IS_HEARD, hear
from haihe.packs.transport.feeds.sending import DONE, FAILED, UNSUPPORTED, Asked, acknowledgements, to_session
from haihe.packs.transport.feeds.signing_on import IS_CONTROL, REGISTRATION, control
from haihe.packs.transport.jt808 import columns, splitter
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.frame import FLAG
from haihe.packs.transport.jt808.issues import Issue
from haihe.packs.transport.jt808.packages import Held
from haihe.packs.transport.models import Terminal
from haihe.packs.transport.orders.conversation import conversation
from haihe.packs.transport.orders.table import ORDERS

# Messages from terminals whose meaning is kept; everything else is answered with "not supported" and kept as a frame.
IS_SUPPORTED = by_id({0x0002, 0x0003, 0x0102, *LOCATED, *HEARD})
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
        allowed = control(batch, frames, read, self.sessions)
        believed = allowed & frames.checksum_ok & self._own_phone(batch, frames)
        result = np.where(believed, np.where(IS_SUPPORTED[frames.message_id], DONE, UNSUPPORTED), FAILED)
        # A frame that arrived damaged gets no answer: the terminal sends it again.
        answered = frames.checksum_ok & (frames.version > 0) & ~IS_CONTROL[frames.message_id]
        # Frames before a terminal said who it is, and after it signed off, are nobody's, however they fall into batches.
        things = np.fromiter((session.thing or 0 for session in batch.sessions), np.int64, len(batch)) * allowed
        issues = frames.issues
        if found.locations.issues.any():
            issues = issues.astype(np.uint32)
            np.bitwise_or.at(issues, found.locations.frame, found.locations.issues)
        told = sentences(issues, ~allowed & (frames.message_id != REGISTRATION))
        fragments = np.flatnonzero(believed & (frames.issues & int(Issue.FRAGMENT) != 0))
        if len(fragments):
            told, result = assemble(batch, fragments.tolist(), told, result, answered, things, read, self.held)
        for row in np.flatnonzero(believed & frames.readable & IS_HEARD[frames.message_id]).tolist():
            message = decode(batch.frames[row])
            if hear(
                batch.sessions[row], Asked.of(message), message["body"], message["serial"], batch.received_us[row], read
            ):
                answered[row] = False
        read.replies += acknowledgements(batch, frames, np.flatnonzero(answered), result)
        read.tables.append(("raw_frame", raw_frames(self.name, batch, told, known_things(things))))
        positions = position_rows(batch, found, believed, things)
        if positions is not None:
            read.tables.append(("position", positions))
        return read

    def _own_phone(self, batch: Batch, frames: columns.Frames) -> NDArray[np.bool_]:
        """Whether the frame carries the phone number as which its connection authenticated."""
        own = np.array([session.memory.get("phone", b"?") for session in batch.sessions], dtype="S20")
        same: NDArray[np.bool_] = own == frames.phone
        return same

    def refresh(self) -> None:
        """Cut off terminals that were switched off, moved to another vehicle, or whose vehicle was retired since the last look."""
        close_old_connections()
        ask_again(self, list(self.sessions.values()))
        since, now = self.looked_at - LOOK_BACK, timezone.now()
        changed = Terminal.objects.filter(
            Q(changed_at__gte=since) | Q(vehicle__thing__changed_at__gte=since)
        ).order_by()
        rows = list(changed.values_list("phone", "epoch", "enabled", "vehicle__thing", "vehicle__thing__retired_at"))
        self.looked_at = now  # only after the register could be read
        for phone, epoch, enabled, thing, retired_at in rows:
            session = self.sessions.get(phone)
            if session is None or session.closing or session.device != phone:
                continue
            is_on = enabled and thing is not None and retired_at is None
            if not (is_on and epoch == session.memory["epoch"] and thing == session.thing):
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
        serial, frames = to_session(session, message_id, body)
        conversation(session).begin(serial, len(frames), order)
        return serial, b"".join(frames)
