"""The journal on NATS JetStream: one partition of a district, kept in one stream, with the interface of the embedded journal.

A message holds the batches of one append and its number in the stream is their number. Messages are never deleted one by one, so that
between what was trimmed and the end no number is missing: a reader that asks for number after number, from any replica, notices when
that replica is behind, and asks again. What is set aside is copied, noted, and passed over.

Acknowledged means: more than half of the stream's replicas have written it. Whether it is fsync'd by then depends on how the nodes
store it; docs/how-to/scale-out.md says what was tried.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import nats.errors
import nats.js.errors
import polars as pl
import structlog
from nats.js import JetStreamContext

from haihe.kernel.errors import NotStored
from haihe.kernel.observations import stream_message
from haihe.kernel.observations.journal import Entry
from haihe.kernel.observations.stream_client import StreamClient
from haihe.kernel.observations.stream_message import Part
from haihe.kernel.observations.stream_notes import Notes
from haihe.kernel.observations.stream_reader import StreamReader
from haihe.kernel.observations.stream_sending import Sent, Unfinished

log = structlog.get_logger()
APPEND_S = 3.0
MESSAGE_ID = "Nats-Msg-Id"
AT_ONCE = 64
# Several blocks of the file that JetStream writes (8 MB each).
KEEP_BYTES = 32_000_000
PURGE_MESSAGES = 100
EMPTY = stream_message.written([])


class StreamJournal(StreamReader):
    """Partition `partition` of `partitions` of the district `prefix`; its stream is made on first use. Usable from many threads."""

    grows = True

    def __init__(self, client: StreamClient, prefix: str, partition: int = 0, partitions: int = 1) -> None:
        super().__init__(client, prefix, partition, partitions)
        self._limit = 0
        self._sizes: dict[int, int] = {}  # number → bytes of each message since the last purge
        self._purged = 0
        self._unfinished = Unfinished()

    def mine(self, things: Any) -> Any:
        return things % self.partitions == self.partition

    def close(self) -> None:
        """Nothing to do: the connection is the process's."""

    # --- appending ----------------------------------------------------------------------------------------------------

    def append(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> int:
        """Store (table, rows) batches and return the last number: acknowledged by more than half of the replicas on return. What fits
        in one message is stored all or nothing.

        Raises InvalidInput for a batch that does not fit its table, NotStored when there is no leader or no room. Appending the same
        again after NotStored stores nothing twice.
        """
        if not any(batch.height for _, batch in batches):
            return self.last_seq()
        outgoing = self._unfinished.take([self.messages(batches)])
        try:
            return self.publish(outgoing[0])
        except NotStored:
            self._unfinished.keep(outgoing)
            raise

    def messages(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> list[bytes]:
        if not self._limit:
            self._limit = self.client.max_payload()
        return stream_message.messages(batches, self._limit)

    def publish(self, outgoing: Sequence[Sent]) -> int:
        """Store those messages that are not stored yet, one after the other; each knows its number then. Returns the last."""
        self.identity  # noqa: B018  (makes the stream)
        end = time.monotonic() + APPEND_S
        for sent in outgoing:
            if sent.seq:
                continue
            try:
                sent.seq = self.client.call(
                    lambda js, s=sent: self._store(js, s), max(0.2, end - time.monotonic())  # type: ignore[misc]
                )  # fmt: skip
            except nats.js.errors.APIError as error:
                raise NotStored(
                    "消息流拒绝写入。", f"The stream refuses the data ({error}).", where=self.path,
                    to_do_zh="请检查 NATS 的日志；改正后自动恢复。", to_do_en="Look at the log of NATS; it works again by itself then.",
                ) from error  # fmt: skip
            except nats.errors.MaxPayloadError:
                self._limit = 0  # another server, with another limit
                raise NotStored(
                    "NATS 各节点的 max_payload 不一致。", "The NATS nodes differ in max_payload.", where=self.path
                ) from None
        return outgoing[-1].seq

    async def _store(self, js: JetStreamContext, sent: Sent) -> int:
        """Publish a message, again when it is called again.

        A leader looks for the id among the messages that it has applied, and one that was just elected may have some yet to apply. So
        before a repetition an empty message goes in: when that is acknowledged, all that came before it is applied. (Without it no
        repetition was seen to be stored in some hundred kills; with it none can be.)
        """
        if sent.maybe:
            await self._put(js, EMPTY, secrets.token_hex(12))
        before, sent.maybe = sent.maybe, True
        try:
            return await self._put(js, sent.message, sent.name)
        except nats.js.errors.NoStreamResponseError:
            sent.maybe = before  # there was nobody to take it
            raise

    async def _put(self, js: JetStreamContext, message: bytes, name: str) -> int:
        told = await js.publish(self.subject, message, stream=self.stream, headers={MESSAGE_ID: name})
        return int(told.seq)

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(
        self, after_seq: int, limit_rows: int = 50_000, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> list[Entry]:  # fmt: skip
        """As the embedded journal's `read`; all wanted batches of a number, or none of them."""
        notes = self.notes.get()
        return self._read(notes, after_seq, self.last_seq(), limit_rows, only, but)

    def news(
        self, after_seq: int, limit_rows: int, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> tuple[list[Entry], int]:
        """What a consumer that wants some tables has to take in, and the number that its cursor then has."""
        notes, end = self.notes.get(), self._end(after_seq)
        entries = self._read(notes, after_seq, end, limit_rows, only, but)
        if sum(entry.rows for entry in entries) >= limit_rows:
            return entries, entries[-1].seq
        return entries, max(after_seq, end)

    def _read(
        self, notes: Notes, after_seq: int, end: int, limit_rows: int, only: Collection[str] | None, but: Collection[str]
    ) -> list[Entry]:  # fmt: skip
        found: list[Entry] = []
        count = 0
        for seq, parts in self._parts(max(after_seq, notes.trimmed), end, notes):
            for part in parts:
                if (
                    (only is not None and part.table not in only)
                    or part.table in but
                    or notes.is_aside(seq, part.table)
                ):
                    continue
                batch = part.batch()
                if batch is None:
                    self.set_aside(seq, "the stored batch is damaged (checksum)", part.table)
                    continue
                found.append(Entry(seq, part.table, part.rows, batch))
                count += part.rows
            if count >= limit_rows:
                break
        return found

    def _parts(self, after_seq: int, end: int, notes: Notes) -> Iterator[tuple[int, list[Part]]]:
        """The messages after a number up to another, in order, some at a time."""
        self._forget(notes.trimmed)
        step = 8
        start = after_seq + 1
        while start <= end:
            numbers = range(start, min(end, start + step - 1) + 1)
            for seq, message in self._messages([seq for seq in numbers if not notes.is_aside(seq, "")]):
                parts = stream_message.read(message)
                if parts is None:
                    why = "the stored message is damaged (checksum)" if message else "the stream has lost this message"
                    self.set_aside(seq, why)
                    parts = []
                with self._turn:
                    self._sizes[seq] = len(message)
                    self._heads[seq] = [(part.table, part.rows, len(part.payload)) for part in parts]
                yield seq, parts
            start, step = numbers[-1] + 1, min(AT_ONCE, step * 2)

    def waiting(self, after_seq: int = 0, table: str | None = None) -> tuple[int, int, int]:
        """(batches, rows, bytes of the batches) after a number, of all tables or one."""
        notes, end = self.notes.get(), self.last_seq()
        start = max(after_seq, notes.trimmed)
        with self._turn:
            unknown = next((seq for seq in range(start + 1, end + 1) if seq not in self._heads), end + 1)
        for _ in self._parts(unknown - 1, end, notes):
            pass
        batches = rows = size = 0
        with self._turn:
            for seq in range(start + 1, end + 1):
                for name, count, length in self._heads.get(seq, ()):
                    if (table is None or name == table) and not notes.is_aside(seq, name):
                        batches, rows, size = batches + 1, rows + count, size + length
        return batches, rows, size

    # --- consumers ----------------------------------------------------------------------------------------------------

    def cursor(self, name: str) -> int:
        """The last number that the consumer has dealt with; 0 for an unknown one."""
        return self.cursors().get(name, 0)

    def cursors(self) -> dict[str, int]:
        return self.notes.get().cursors

    def set_cursor(self, name: str, seq: int) -> None:
        """Remember that the consumer has dealt with everything up to `seq`; a cursor never goes back."""

        def move(notes: Notes) -> None:
            notes.cursors[name] = max(seq, notes.cursors.get(name, 0))

        self.notes.change(move)

    def drop_cursor(self, name: str) -> None:
        self.notes.change(lambda notes: notes.cursors.pop(name, None))

    def fact(self, name: str, default: str = "") -> str:
        return self.notes.get().facts.get(name, default)

    def set_fact(self, name: str, value: str) -> None:
        self.notes.change(lambda notes: notes.facts.update({name: value}))

    def trim(self, up_to_seq: int) -> int:
        """Forget batches up to a number, never past a cursor; returns how many numbers.

        What is noted as trimmed is gone for every reader. The stream itself is purged later, so that it always keeps its newest
        `KEEP_BYTES`: tried with 2.9.10, a purge within the block that is being written loses acknowledged messages behind it when
        a node is killed at that moment.
        """
        last = self.last_seq()
        gone = 0

        def note(notes: Notes) -> None:
            nonlocal gone
            until = min([up_to_seq, last, *notes.cursors.values()])
            gone = max(0, until - notes.trimmed)
            notes.trimmed = max(until, notes.trimmed)
            notes.aside = notes.aside[-1000:]

        trimmed = self.notes.change(note).trimmed
        self._forget(trimmed)
        before = min(trimmed + 1, self._first_kept(last))
        if before > self._purged + PURGE_MESSAGES:
            self.client.call(lambda js: js.purge_stream(self.stream, seq=before))
            with self._turn:
                self._purged = before
                self._sizes = {seq: size for seq, size in self._sizes.items() if seq >= before}
        return gone

    def _first_kept(self, last: int) -> int:
        """The message from which on the stream is `KEEP_BYTES` long, as far as this process has seen its messages; else 0."""
        size = 0
        with self._turn:
            for seq in range(last, self._purged, -1):
                if seq not in self._sizes:
                    return 0
                size += self._sizes[seq]
                if size >= KEEP_BYTES:
                    return seq
        return 0

    def trimmed(self) -> int:
        """Everything up to this number has been deleted."""
        return self.notes.get().trimmed

    def set_aside(self, seq: int, reason: str, table: str = "") -> None:
        """Keep a copy of a batch (or of a whole message) out of the way and pass it over from now on; logged."""
        message = self._cache.get(seq) or self.client.call(lambda js: self._fetch(js, seq)) or b""
        parts = stream_message.read(message) or []
        rows = sum(part.rows for part in parts if table in ("", part.table))
        row = (seq, table, rows, reason[:500], datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"))

        async def keep(js: JetStreamContext) -> None:
            name = f"{self.identity}-{seq}-{table}"
            subject = f"{self.prefix}.aside.{self.identity}"
            await js.publish(
                subject, message, stream=f"{self.prefix}-aside", headers={MESSAGE_ID: name, "Haihe-Number": str(seq)}
            )

        def note(notes: Notes) -> None:
            if not notes.is_aside(seq, table):
                notes.aside.append(row)

        if self.notes.get().is_aside(seq, table):
            return
        self.client.call(keep)
        self.notes.change(note)
        log.error("a batch was set aside", journal=self.path, seq=seq, table=table, reason=reason)

    def list_set_aside(self) -> list[tuple[int, str, int, str, str]]:
        """(number, table, rows, reason, time) of batches that could not be used."""
        return sorted(self.notes.get().aside)

    def checkpoint(self) -> None:
        """Nothing to do."""
