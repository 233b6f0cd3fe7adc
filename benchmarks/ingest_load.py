"""The load of ingest.py, in a process of its own: connections that authenticate, then keep a number of frames in flight each.

    python ingest_load.py PORT CONNECTIONS PIPELINED SECONDS CODES_FILE

CODES_FILE: a JSON list of [phone, code]. Prints JSON: frames acknowledged in the measured time, seconds, latencies.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from haihe.packs.transport.jt808.build import Terminal, location_body

ROUNDS_KEPT = 200_000


class Device(asyncio.Protocol):
    """Sends `pipelined` frames, waits until all of them are answered, and sends the next ones."""

    def __init__(self, load: Load, phone: str, code: str) -> None:
        self.load = load
        self.terminal = Terminal(phone.rjust(12, "0"))
        self.code = code
        self.open_answers = 1
        self.ready = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.terminal.authentication(self.code))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        # An answer is one flag, no flag inside, one flag.
        answers = data.count(b"\x7e") // 2
        self.open_answers -= answers
        load = self.load
        if not self.ready:
            self.ready = True
            load.ready += 1
            if load.ready == load.connections:
                load.all_ready.set()
            return
        load.acknowledged += answers
        if self.open_answers <= 0:
            load.latencies.append(time.perf_counter() - self.sent_at)
            if not load.over:
                self.send()

    def send(self) -> None:
        load = self.load
        self.open_answers = load.pipelined
        self.sent_at = time.perf_counter()
        self.transport.write(self.frames())  # type: ignore[attr-defined]

    def frames(self) -> bytes:
        """Made anew each second, so that times move on; serials repeat within it, which the platform does not mind."""
        second = int(time.time())
        if getattr(self, "made_in", 0) != second:
            self.made_in = second
            body = location_body(
                datetime.now(UTC), 117.5 + second % 100 / 1e4, 39.1, 60 + second % 20, mileage_km=1000 + second % 1000
            )
            self.made = b"".join(self.terminal.frame(0x0200, body) for _ in range(self.load.pipelined))
        return self.made


class Load:
    def __init__(self, connections: int, pipelined: int) -> None:
        self.connections, self.pipelined = connections, pipelined
        self.ready = self.acknowledged = 0
        self.latencies: list[float] = []
        self.all_ready = asyncio.Event()
        self.over = False


async def main(port: int, connections: int, pipelined: int, seconds: float, codes: list[list[str]]) -> None:
    loop = asyncio.get_running_loop()
    load = Load(connections, pipelined)
    devices: list[Device] = []
    for phone, code in codes[:connections]:
        _, device = await loop.create_connection(
            lambda phone=phone, code=code: Device(load, phone, code), "127.0.0.1", port
        )  # type: ignore[misc]
        devices.append(device)
    await asyncio.wait_for(load.all_ready.wait(), 60)
    for device in devices:
        device.send()
    await asyncio.sleep(min(2.0, seconds / 4))  # warm up
    before, started = load.acknowledged, time.perf_counter()
    load.latencies.clear()
    await asyncio.sleep(seconds)
    frames, elapsed = load.acknowledged - before, time.perf_counter() - started
    load.over = True
    latencies = sorted(load.latencies) or [0.0]
    print(json.dumps({
        "frames": frames, "seconds": elapsed, "per_s": frames / elapsed,
        "p50_ms": latencies[len(latencies) // 2] * 1e3, "p99_ms": latencies[int(len(latencies) * 0.99)] * 1e3,
    }))  # fmt: skip


if __name__ == "__main__":
    port, connections, pipelined, seconds, file = sys.argv[1:6]
    uvloop.run(main(int(port), int(connections), int(pipelined), float(seconds), json.loads(Path(file).read_text())))
