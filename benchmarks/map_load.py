"""The vehicles of map.py, in a process of its own: terminals over real TCP that each report a new place every so many seconds.

    python map_load.py PORT EVERY_S SECONDS CODES_FILE SENT_FILE WEST SOUTH EAST NORTH

CODES_FILE: a JSON list of [phone, code]. Once all are authenticated it prints "ready"; at the end SENT_FILE holds a line for each report:
number of the terminal, longitude and latitude in millionths of a degree, seconds since 1970 just before it was handed to TCP.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from haihe.packs.transport.jt808.build import Terminal, location_body

TICK_S = 0.05


class Vehicle(asyncio.Protocol):
    def __init__(self, phone: str, code: str, place: tuple[float, float], fleet: Fleet) -> None:
        self.terminal, self.code, self.fleet = Terminal(phone.rjust(12, "0")), code, fleet
        self.longitude_deg, self.latitude_deg = place
        # One in two hundred is too fast, so that alerts come and stand on the map.
        is_fast = fleet.dice.random() < 0.005
        self.heading_deg, self.speed_kmh = fleet.dice.uniform(0, 360), 95.0 if is_fast else fleet.dice.uniform(20, 75)
        self.is_known = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self.transport.write(self.terminal.authentication(self.code))

    def data_received(self, data: bytes) -> None:
        if not self.is_known:
            self.is_known = True
            self.fleet.known += 1

    def report(self, every_s: float) -> tuple[int, int]:
        """Drive on and say where; returns the place in millionths of a degree."""
        west, south, east, north = self.fleet.bounds
        self.heading_deg = (self.heading_deg + self.fleet.dice.gauss(0, 12)) % 360
        step = self.speed_kmh * every_s / 3600 / 111.2
        self.longitude_deg += step * math.sin(math.radians(self.heading_deg)) / 0.776
        self.latitude_deg += step * math.cos(math.radians(self.heading_deg))
        if not (west < self.longitude_deg < east and south < self.latitude_deg < north):
            self.heading_deg = (self.heading_deg + 180) % 360
        body = location_body(
            datetime.now(UTC), self.longitude_deg, self.latitude_deg, self.speed_kmh, round(self.heading_deg) % 360
        )
        self.transport.write(self.terminal.frame(0x0200, body))
        return round(self.longitude_deg * 1e6), round(self.latitude_deg * 1e6)


class Fleet:
    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        self.bounds, self.known, self.dice = bounds, 0, random.Random(1)

    def somewhere(self) -> tuple[float, float]:
        west, south, east, north = self.bounds
        return self.dice.uniform(west, east), self.dice.uniform(south, north)


async def drive(port: int, every_s: float, seconds: float, codes: Path, sent: Path, fleet: Fleet) -> None:
    loop, vehicles = asyncio.get_running_loop(), []
    for phone, code in json.loads(codes.read_text()):
        vehicle = Vehicle(phone, code, fleet.somewhere(), fleet)
        await loop.create_connection(lambda v=vehicle: v, "127.0.0.1", port)  # type: ignore[misc]
        vehicles.append(vehicle)
    while fleet.known < len(vehicles):
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    order = list(range(len(vehicles)))
    fleet.dice.shuffle(order)
    told, done, began = [], 0, time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        due = int(now / every_s * len(vehicles))
        for n in range(done, due):
            number = order[n % len(order)]
            at = time.time()
            told.append((number, *vehicles[number].report(every_s), at))
        done = due
        await asyncio.sleep(TICK_S)
    sent.write_text("\n".join(json.dumps(line) for line in told))


if __name__ == "__main__":
    port, every_s, seconds, codes, sent, *edges = sys.argv[1:]
    fleet = Fleet(tuple(map(float, edges)))  # type: ignore[arg-type]
    uvloop.run(drive(int(port), float(every_s), float(seconds), Path(codes), Path(sent), fleet))
