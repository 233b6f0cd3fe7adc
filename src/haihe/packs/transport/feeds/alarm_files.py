"""The port for attachments of alarms (T/JSATL 12): frames of JT/T 808, and between them pieces of files."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from django.db import close_old_connections

from haihe.kernel.feeds.feed import Batch, Feed, Read, Splitter
from haihe.kernel.feeds.rows import raw_frames
from haihe.kernel.feeds.session import Session
from haihe.packs.transport.feeds.uploading import hear, take_piece
from haihe.packs.transport.jt808.attachments import PIECE_SIGN, PieceSplitter
from haihe.packs.transport.jt808.codec import decode

log = structlog.get_logger()


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
