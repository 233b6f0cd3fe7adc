"""A message of the stream: the batches of one append, or a part of them, each packed as in the embedded journal.

    "HS1" + CRC-32 of the head + length of the head + head (JSON) + the batches, one after another

The head lists for each batch: table, rows, checksum and length (older ones have something between, which is not read).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations.packing import packed, unpacked

MARK = b"HS1"
FRONT = struct.Struct("<3sII")
# What the head of a message and the headers of NATS may take, beside the batches.
HEADROOM = 4096
Packed = tuple[str, int, int, bytes]


@dataclass(frozen=True)
class Part:
    """One batch of a message, not yet unpacked."""

    table: str
    rows: int
    checksum: int
    payload: bytes | memoryview

    def batch(self) -> pl.DataFrame | None:
        return unpacked(bytes(self.payload), self.checksum, self.rows)


def written(parts: Sequence[Packed]) -> bytes:
    head = json.dumps([[*part[:3], len(part[3])] for part in parts], separators=(",", ":")).encode()
    return FRONT.pack(MARK, zlib.crc32(head), len(head)) + head + b"".join(part[3] for part in parts)


def read(message: bytes) -> list[Part] | None:
    """The batches of a message, or None when its head is not what was stored."""
    try:
        mark, checksum, length = FRONT.unpack_from(message)
        head = message[FRONT.size : FRONT.size + length]
        if mark != MARK or zlib.crc32(head) != checksum:
            return None
        found, place, whole = [], FRONT.size + length, memoryview(message)
        for table, rows, *_, crc, size in json.loads(head):
            found.append(Part(table, rows, crc, whole[place : place + size]))
            place += size
    except (struct.error, ValueError, TypeError):
        return None
    return found


def messages(batches: Sequence[tuple[str, pl.DataFrame]], limit_bytes: int) -> list[bytes]:
    """The batches as few messages as the server's largest message allows, rows in their order, no table twice in a message: a number and
    a table name one batch, as the feeder needs it. Raises InvalidInput for a batch that
    does not fit its table, or a single row that fits no message."""
    room = limit_bytes - HEADROOM
    found: list[bytes] = []
    waiting: list[Packed] = []
    size = 0
    for table, batch in batches:
        for part in _pieces(table, batch, room):
            if waiting and (size + len(part[3]) > room or table in {other[0] for other in waiting}):
                found.append(written(waiting))
                waiting, size = [], 0
            waiting.append(part)
            size += len(part[3]) + 200
    return [*found, written(waiting)] if waiting else found


def _pieces(table: str, batch: pl.DataFrame, room: int) -> Iterator[Packed]:
    if not batch.height:
        return
    part = packed(table, batch)
    if len(part[3]) <= room:
        yield part
    elif batch.height == 1:
        raise InvalidInput(
            "一行数据超过 NATS 的最大消息长度。", "One row is longer than the longest message of NATS.", where=table,
            to_do_zh="请在 NATS 配置中调大 max_payload。", to_do_en="Raise max_payload in the configuration of NATS.",
        )  # fmt: skip
    else:
        half = batch.height // 2
        yield from _pieces(table, batch.head(half), room)
        yield from _pieces(table, batch.tail(batch.height - half), room)
