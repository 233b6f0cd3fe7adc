"""What goes to a terminal: general replies to its frames, and messages of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.kernel.feeds.feed import Batch
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.jt808.acks import encode_acks
from haihe.packs.transport.jt808.codec import encode, encode_all
from haihe.packs.transport.jt808.columns import Frames
from haihe.packs.transport.jt808.packages import Sent

DONE, FAILED, UNSUPPORTED = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A frame as a general reply names it."""

    message_id: str
    version: str
    phone: str
    serial: int

    @classmethod
    def of(cls, message: dict[str, Any]) -> Asked:
        """The frame of a message as `codec.decode` gives it."""
        return cls(message["message_id"], message["version"], message["phone"], message["serial"])

    def reply(self, result: int) -> bytes:
        body = {"reply_serial": self.serial, "reply_id": self.message_id, "result": result}
        head = {"message_id": "0x8001", "version": self.version, "phone": self.phone, "serial": self.serial}
        return encode({**head, "body": body})


def acknowledgements(
    batch: Batch, frames: Frames, rows: NDArray[np.int64], result: NDArray[np.int64]
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


def to_session(session: Session, message_id: str, body: dict[str, Any]) -> tuple[int, list[bytes]]:
    """A message of ours: its (first) serial and its frames. Long ones are kept for a while, see 0x0005."""
    serial = next_serial(session)
    header = {"version": session.memory["version"], "phone": session.memory["phone"].decode(), "serial": serial}
    frames = encode_all({"message_id": message_id, **header, "body": body})
    if len(frames) > 1:
        session.memory["serial"] = (serial + len(frames) - 1) & 0xFFFF
        session.memory.setdefault("sent", Sent()).keep(serial, frames)
    return serial, frames


def next_serial(session: Session) -> int:
    session.memory["serial"] = (session.memory.get("serial", 0) + 1) & 0xFFFF
    number: int = session.memory["serial"]
    return number
