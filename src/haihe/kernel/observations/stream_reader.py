"""Messages of a stream by number: from any replica that has them, some of them kept in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import nats.js.errors
from nats.js import JetStreamContext

from haihe.kernel.errors import NotStored
from haihe.kernel.observations.stream_client import StreamClient
from haihe.kernel.observations.stream_store import StreamStore

CACHE_BYTES = 32_000_000
TRIES = 100
MISSED_S = 60.0


class StreamReader(StreamStore):
    """What a partition's stream holds. Usable from many threads."""

    def __init__(self, client: StreamClient, prefix: str, partition: int = 0, partitions: int = 1) -> None:
        super().__init__(client, prefix, partition, partitions)
        self._cache: dict[int, bytes] = {}  # newest last
        self._cached_bytes = 0
        self._heads: dict[int, list[tuple[str, int, int]]] = {}  # number → (table, rows, bytes) of each batch
        self._forgotten = 0
        self._missed: dict[int, float] = {}

    def _messages(self, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
        with self._turn:
            found = {seq: self._cache[seq] for seq in numbers if seq in self._cache}
        missing = [seq for seq in numbers if seq not in found]
        if missing:
            for seq, message in zip(missing, self.client.call(lambda js: self._fetched(js, missing)), strict=True):
                if message is None:
                    if seq > self.notes.get().trimmed:
                        self._miss(seq)
                        found[seq] = b""
                else:
                    found[seq] = message
                    self._keep(seq, message)
        return sorted(found.items())

    def _miss(self, seq: int) -> None:
        """A number that was given and whose message no replica finds: nobody goes past it for a while, and then only aloud (it is
        set aside without bytes, and `haihe check` says so). Standing still for ever would cost everybody their alerts."""
        with self._turn:
            since = self._missed.setdefault(seq, time.monotonic())
        if time.monotonic() - since < MISSED_S:
            raise NotStored(
                "消息流暂时读不到一条已写入的消息。", f"The stream does not find message {seq} now; nobody goes past it.", where=self.path,
                to_do_zh="请检查 NATS 各节点；恢复后自动继续。", to_do_en="Look at the NATS nodes; it goes on by itself when they find it.",
            )  # fmt: skip

    async def _fetched(self, js: JetStreamContext, numbers: list[int]) -> list[bytes | None]:
        return list(await asyncio.gather(*[self._fetch(js, seq) for seq in numbers]))

    async def _fetch(self, js: JetStreamContext, seq: int) -> bytes | None:
        """A message from any replica that has it; None when none has.

        Tried: after a node was killed, a replica – also one that leads – may for seconds not find messages that were acknowledged
        shortly before. So a number that is missing is asked for again, now here, now there.
        """
        for attempt in range(TRIES):
            try:
                return (await js.get_msg(self.stream, seq, direct=attempt % 4 != 3)).data or b""
            except nats.js.errors.NotFoundError:
                if attempt % 8 == 7 and seq < (await js.stream_info(self.stream)).state.first_seq:
                    return None
                await asyncio.sleep(0.02)
        return None

    def _keep(self, seq: int, message: bytes) -> None:
        with self._turn:
            if seq not in self._cache:
                self._cache[seq] = message
                self._cached_bytes += len(message)
            while self._cached_bytes > CACHE_BYTES:
                self._cached_bytes -= len(self._cache.pop(next(iter(self._cache))))

    def _forget(self, trimmed: int) -> None:
        with self._turn:
            if trimmed == self._forgotten:
                return
            self._forgotten = trimmed
            for seq in [seq for seq in self._cache if seq <= trimmed]:
                self._cached_bytes -= len(self._cache.pop(seq))
            for seq in [seq for seq in self._heads if seq <= trimmed]:
                del self._heads[seq]
