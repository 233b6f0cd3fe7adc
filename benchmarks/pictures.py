"""How long a location waits for its acknowledgement while other terminals send pictures: 50 of them send 100 KB each, again and again,
50 more report where they are five times a second. Real processes, real connections; prints one line.

    python benchmarks/pictures.py [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from haihe.packs.transport.jt808.build import Terminal
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.splitter import Splitter
from haihe.packs.transport.simulator.answering import PIXEL, Answering
from haihe.packs.transport.tests.live import FIRST_PHONE, SYNTHETIC, Live

PHOTOGRAPHERS, OTHERS, PICTURE_BYTES, EVERY_S, PAUSE_S = 50, 50, 100_000, 0.2, 1.0


class Device:
    """One terminal; `heard` holds what the platform said and nobody has waited for yet."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal, self.splitter = terminal, Splitter()
        self.waiting: dict[tuple[str, int], asyncio.Future[dict[str, object]]] = {}

    async def sign_on(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.hearing = asyncio.create_task(self._hear())
        answer = await self.ask(self.terminal.registration(), "0x8100")
        await self.ask(self.terminal.authentication(str(answer["auth_code"])))

    async def ask(self, frame: bytes, reply: str = "0x8001", key: int | None = None) -> dict[str, object]:
        wanted = (reply, self.terminal.serial if key is None else key)
        self.waiting[wanted] = asyncio.get_running_loop().create_future()
        self.writer.write(frame)
        return await self.waiting[wanted]

    async def _hear(self) -> None:
        while data := await self.reader.read(65_536):
            for frame in self.splitter.feed(data):
                message = decode(frame)
                body = message["body"]
                key = body.get("media_id" if message["message_id"] == "0x8800" else "reply_serial", -1)
                if future := self.waiting.pop((message["message_id"], key), None):
                    future.set_result(body)


async def photograph(device: Device, until: float, sent: list[float]) -> None:
    answering, number = Answering(device.terminal), 0
    while time.monotonic() < until:
        number += 1
        head = {"media_id": number, "kind": 0, "format": 0, "event": 0, "channel": 1, "location": answering.location()}
        data = PIXEL + os.urandom(PICTURE_BYTES - len(PIXEL))
        frames = answering.say(0x0801, head | {"data": data.hex()})
        began = time.monotonic()
        await device.ask(b"".join(frames), "0x8800", number)
        sent.append(time.monotonic() - began)
        await asyncio.sleep(PAUSE_S)


async def report(device: Device, until: float, waited: list[float]) -> None:
    await asyncio.sleep(EVERY_S * np.random.random())
    while time.monotonic() < until:
        began = time.monotonic()
        await device.ask(device.terminal.location(datetime.now(UTC), 117.5, 39.1, 60))
        waited.append(time.monotonic() - began)
        await asyncio.sleep(EVERY_S)


async def measure(port: int, seconds: float) -> str:
    numbers = range(PHOTOGRAPHERS + OTHERS)
    devices = [Device(Terminal(str(FIRST_PHONE + n), "2013", f"模A{n:05d}")) for n in numbers]
    for device in devices:
        await device.sign_on(port)
    until, sent, waited = time.monotonic() + seconds, list[float](), list[float]()
    work = [photograph(device, until, sent) for device in devices[:PHOTOGRAPHERS]]
    work += [report(device, until, waited) for device in devices[PHOTOGRAPHERS:]]
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*work), seconds + 30)
    p50, p99, worst = (1000 * np.quantile(waited, part) for part in (0.5, 0.99, 1))
    return (
        f"locations {len(waited)}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms until acknowledged; "
        f"pictures {len(sent)}: p50 {1000 * np.quantile(sent, 0.5):.0f} ms, p99 {1000 * np.quantile(sent, 0.99):.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    with tempfile.TemporaryDirectory() as folder:
        live = Live(Path(folder) / "home", HAIHE_FEED_FRAMES_PER_S="100000")
        live.run(SYNTHETIC, PHOTOGRAPHERS + OTHERS)
        live.start("gateway")
        try:
            print(asyncio.run(measure(live.port, parser.parse_args().seconds)))
        finally:
            live.stop()


if __name__ == "__main__":
    main()
