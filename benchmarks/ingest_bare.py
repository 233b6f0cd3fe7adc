"""The rival of ingest.py: a bare uvloop server that splits frames, checks the checksum and answers a valid 0x8001. It stores nothing.

Written as directly as the protocol allows: one pass per frame, no classes, no logging.
"""

from __future__ import annotations

import asyncio
import sys
from functools import reduce
from operator import xor

import uvloop


def answer(frame: bytes, serial: int) -> bytes:
    """The general reply to one frame, or nothing where the checksum does not fit."""
    data = frame.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    if len(data) < 13 or reduce(xor, data):
        return b""
    is_2019 = data[2] & 0x40
    phone_end = 15 if is_2019 else 10
    head = b"\x80\x01" + (b"\x40\x05\x01" if is_2019 else b"\x00\x05") + data[5 if is_2019 else 4 : phone_end]
    body = head + serial.to_bytes(2, "big") + data[phone_end : phone_end + 2] + data[:2] + b"\x00"
    body += bytes([reduce(xor, body)])
    return b"\x7e" + body.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


class Bare(asyncio.Protocol):
    def __init__(self) -> None:
        self.rest = b""
        self.serial = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *frames, self.rest = (self.rest + data).split(b"\x7e")
        answers = []
        for frame in frames:
            if frame:
                self.serial = (self.serial + 1) & 0xFFFF
                answers.append(answer(frame, self.serial))
        if answers:
            self.transport.write(b"".join(answers))  # type: ignore[attr-defined]


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
