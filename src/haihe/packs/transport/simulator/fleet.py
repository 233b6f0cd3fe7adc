"""A fleet of simulated terminals over real TCP: each registers, authenticates, beats and reports where it is.

Who registers is given its code as in life; what is not acknowledged is sent again. Every vehicle it drives is marked synthetic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from haihe.packs.transport.jt808.build import Terminal
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.splitter import Splitter
from haihe.packs.transport.simulator.answering import Answering
from haihe.packs.transport.simulator.world import State, World

HEARTBEAT_EVERY_S = 60.0
RECONNECT_AFTER_S = 3.0
ANSWER_WITHIN_S = 30.0


@dataclass
class Tally:
    """What the whole fleet has seen."""

    connected: int = 0
    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    texts: list[str] = field(default_factory=list)


class Device:
    """One terminal with its connection; `row` is its vehicle in the world."""

    def __init__(self, terminal: Terminal, row: int, tally: Tally) -> None:
        self.terminal, self.row, self.tally = terminal, row, tally
        self.at = (117.5, 39.1, 0.0)
        self.answering = Answering(terminal, lambda: self.at)
        self.code = ""
        self.writer: asyncio.StreamWriter | None = None
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.waiting: dict[int, bytes] = {}

    @property
    def is_ready(self) -> bool:
        return self.writer is not None and bool(self.code)

    async def live(self, host: str, port: int) -> None:
        """Connect, and again whenever the connection is lost."""
        while True:
            try:
                await self._session(host, port)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                pass
            finally:
                if self.writer is not None:
                    self.tally.connected -= 1
                    self.writer.close()
                    self.writer = None
            await asyncio.sleep(RECONNECT_AFTER_S)

    async def _session(self, host: str, port: int) -> None:
        reader, writer = await asyncio.open_connection(host, port)
        listening = asyncio.create_task(self._listen(reader, writer))
        try:
            if not self.code:
                self.code = str(
                    (await self._ask(writer, self.terminal.registration(), "0x8100")).get("auth_code") or ""
                )
            answer = await self._ask(writer, self.terminal.authentication(self.code), "0x8001")
            if answer["result"] != 0:
                self.tally.refused += 1
                self.code = ""
                return
            self.writer = writer
            self.tally.connected += 1
            for frame in list(self.waiting.values()):
                writer.write(frame)
            await listening
        finally:
            listening.cancel()
            writer.close()

    async def _ask(self, writer: asyncio.StreamWriter, frame: bytes, answer_id: str) -> dict[str, Any]:
        writer.write(frame)
        while True:
            message = await asyncio.wait_for(self.answers.get(), ANSWER_WITHIN_S)
            if message["message_id"] == answer_id:
                body: dict[str, Any] = message["body"]
                return body

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        splitter = Splitter()
        while data := await reader.read(65_536):
            for frame in splitter.feed(data):
                self._hear(decode(frame), writer)

    def _hear(self, message: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        body, number = message["body"], message["message_id"]
        if number == "0x8001" and self.waiting.pop(body["reply_serial"], None) is not None:
            self.tally.acknowledged += 1
        elif number in ("0x8001", "0x8100"):
            self.answers.put_nowait(message)
        else:
            if number == "0x8300":
                self.tally.texts.append(f"{self.terminal.plate}: {body['text']}")
            for frame in self.answering.hear(message):
                writer.write(frame)

    def report(self, state: State, at: datetime) -> None:
        """Send where the vehicle is; kept until it is acknowledged (the newest thousand of them)."""
        row = self.row
        self.at = float(state.longitude_deg[row]), float(state.latitude_deg[row]), float(state.speed_kmh[row])
        frame = self.terminal.location(
            at, float(state.longitude_deg[row]), float(state.latitude_deg[row]), float(state.speed_kmh[row]),
            heading_deg=int(state.heading_deg[row]) % 360, mileage_km=float(state.mileage_km[row]),
        )  # fmt: skip
        self._keep(frame)

    def _keep(self, frame: bytes) -> None:
        self.waiting[self.terminal.serial] = frame
        while len(self.waiting) > 1000:
            del self.waiting[next(iter(self.waiting))]
        if self.writer is not None:
            self.writer.write(frame)
            self.tally.sent += 1

    def beat(self) -> None:
        if self.writer is not None:
            self.writer.write(self.terminal.heartbeat())

    def send_later(self, bodies: list[bytes]) -> None:
        """Positions kept in a dead zone, in one message 0x0704."""
        self._keep(self.terminal.batch(bodies))


async def drive(
    terminals: Sequence[Terminal], world: World, host: str, port: int, *, every_s: float = 10.0, faster: float = 1.0, tell: Callable[[Tally], None] | None = None,
    until: Callable[[Tally], bool] | None = None,
) -> Tally:  # fmt: skip
    """Run the fleet until `until` says so (or for ever). `faster`: the world moves that many times as fast as the clock."""
    tally = Tally()
    devices = [Device(terminal, row, tally) for row, terminal in enumerate(terminals)]
    tasks = [asyncio.create_task(device.live(host, port)) for device in devices]
    beats = 0.0
    try:
        while until is None or not until(tally):
            state = world.step(every_s * faster)
            now = datetime.now(UTC)
            for number, device in enumerate(devices):
                device.report(state, now)
                if number % 200 == 199:
                    await asyncio.sleep(0)
            if beats >= HEARTBEAT_EVERY_S:
                beats = 0.0
                for device in devices:
                    device.beat()
            if tell is not None:
                tell(tally)
            beats += every_s
            await asyncio.sleep(every_s)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return tally
