"""What is noted beside a stream: cursors, facts, how far it was trimmed, what was set aside. One small document a partition, replaced
only by somebody who has seen the one before (the sequence number of its subject), so that no note is lost to another process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import nats.js.errors
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from haihe.kernel.errors import Conflict
from haihe.kernel.observations.stream_client import StreamClient

SEEN = "Nats-Expected-Last-Subject-Sequence"
SOMEBODY_WAS_FIRST = 10071
TRIES = 50


@dataclass
class Notes:
    """One partition's document."""

    cursors: dict[str, int] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    trimmed: int = 0
    aside: list[tuple[int, str, int, str, str]] = field(
        default_factory=list
    )  # number, table ("" for all), rows, reason, time

    def is_aside(self, seq: int, table: str) -> bool:
        return any(row[0] == seq and row[1] in ("", table) for row in self.aside)


class NoteBook:
    """The documents in the stream `{prefix}-notes`, one for each identity of a journal. Read from the leader, never from a replica that
    may be behind."""

    def __init__(self, client: StreamClient, prefix: str, identity: str) -> None:
        self.client, self.stream, self.subject = client, f"{prefix}-notes", f"{prefix}.notes.{identity}"

    def get(self) -> Notes:
        return self._get()[0]

    def change(self, how: Callable[[Notes], Any]) -> Notes:
        """Apply `how` to the newest document and store it, again when somebody else was first."""
        for _ in range(TRIES):
            notes, revision = self._get()
            before = _text(notes)
            how(notes)
            text = _text(notes)
            if text == before:
                return notes
            try:
                self.client.call(lambda js, t=text, r=revision: self._put(js, t, r))  # type: ignore[misc]
            except nats.js.errors.APIError as error:
                if error.err_code != SOMEBODY_WAS_FIRST:
                    raise
            else:
                return notes
        raise Conflict("流的记录本一直被其他进程改动。", "Other processes keep changing the notes of the stream.", where=self.subject,
                       to_do_zh="请稍后再试。", to_do_en="Try again later.")  # fmt: skip

    def _get(self) -> tuple[Notes, int]:
        async def ask(js: JetStreamContext) -> tuple[bytes, int]:
            try:
                found = await js.get_last_msg(self.stream, self.subject)
            except nats.js.errors.NotFoundError:
                return b"{}", 0
            return found.data or b"{}", int(found.seq or 0)

        data, revision = self.client.call(ask)
        held = json.loads(data)
        notes = Notes(**held)
        notes.aside = [(row[0], row[1], row[2], row[3], row[4]) for row in notes.aside]
        return notes, revision

    async def _put(self, js: JetStreamContext, text: str, revision: int) -> None:
        await js.publish(self.subject, text.encode(), stream=self.stream, headers={SEEN: str(revision)})


def _text(notes: Notes) -> str:
    return json.dumps(vars(notes), ensure_ascii=False, sort_keys=True)


def notes_config(prefix: str, replicas: int) -> StreamConfig:
    return StreamConfig(
        name=f"{prefix}-notes",
        subjects=[f"{prefix}.notes.*"],
        num_replicas=replicas,
        max_msgs_per_subject=1,
        allow_direct=False,
    )
