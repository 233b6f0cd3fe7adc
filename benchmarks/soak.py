"""Hours of a fleet: does memory stay flat, do answers stay quick, and is everything there that was acknowledged?

    python benchmarks/soak.py [--hours 6] [--vehicles 2000] [--every 5] [--sample 30] [--folder DIR]

Starts a fresh district (gateway, worker, duties, web as `haihe up` does) and drives the vehicles over real TCP: each reports every
`--every` seconds, one in two hundred hangs up each minute and comes back, and a signed-in page is opened every five seconds. Every
`--sample` seconds one line is printed and written to soak.csv: memory of each process, time until acknowledged (p50, p99), time of the
page, size of journal and lake. At the end come the growth of memory over the second half (a straight line through it, MB an hour),
a drawing (soak.svg), and the count: positions stored, each frame once, against frames acknowledged.

A soak that was interrupted (SIGTERM, a kill, a power cut) goes on when the same command is given with the same folder: the district, its
journal and its lake stay in DIR/district, soak.csv is continued, and `--hours` counts what all stretches took together. Memory begins anew
with each stretch, so its growth is told for each.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import itertools
import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path

import uvloop

from haihe.packs.transport.jt808.build import Terminal, location_body
from haihe.ports import free_port
from ingest import Visitor, environment_of, memory_mb, running, set_up, sign_in, wait_for
from machine import describe

PARTS = ("worker", "duties", "web", "gateway")
Row = dict[str, float]
# Each frame once: one whose answer got lost was sent again and stands twice; two of a vehicle may be of the same second, and differ by chance.
COUNT = """
from haihe.runtime import set_up_django
set_up_django()
import polars as pl
from haihe.kernel.observations.queries import observations
frames = observations("position", columns=["thing", "observed_at", "longitude_deg", "speed_kmh"]).unique()
print(frames.select(pl.len()).collect().item())
"""


class Vehicle(asyncio.Protocol):
    """Authenticates, then reports one position at a time; a report that is not answered in time is sent again on the next connection."""

    def __init__(self, fleet: Fleet, phone: str, code: str) -> None:
        self.fleet, self.code = fleet, code
        self.terminal = Terminal(phone.rjust(12, "0"))
        self.transport: asyncio.Transport | None = None
        self.authenticated = False
        self.waiting = b""  # sent and not yet acknowledged
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.authenticated = False
        self.transport.write(self.terminal.authentication(self.code))

    def data_received(self, data: bytes) -> None:
        if not self.authenticated:
            self.authenticated = True
            if self.waiting:
                self.send(self.waiting)
        elif self.waiting:
            self.fleet.latencies.append(time.perf_counter() - self.sent_at)
            self.fleet.acknowledged += 1
            self.waiting = b""

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None

    def report(self) -> None:
        """The next position, unless the one before it still waits."""
        if self.transport is None or not self.authenticated or self.waiting:
            self.fleet.put_off += 1
            return
        dice = self.fleet.dice
        body = location_body(
            datetime.now(UTC), 117 + dice.random() / 10, 39.1, dice.uniform(0, 90), dice.randrange(360)
        )
        self.send(self.terminal.frame(0x0200, body))

    def send(self, frame: bytes) -> None:
        self.waiting, self.sent_at = frame, time.perf_counter()
        if self.transport is not None:
            self.transport.write(frame)


class Fleet:
    """All vehicles and what was measured since the last sample."""

    def __init__(self, port: int, codes: list[list[str]], *, acknowledged: int, until: float) -> None:
        self.port, self.dice = port, random.Random()
        self.vehicles = [Vehicle(self, phone, code) for phone, code in codes]
        self.acknowledged, self.put_off = acknowledged, 0
        self.latencies: list[float] = []
        self.until = until  # by the loop's clock; a signal brings it forward

    def over(self) -> bool:
        return asyncio.get_running_loop().time() >= self.until

    def stop(self) -> None:
        self.until = asyncio.get_running_loop().time()

    async def drive(self, every_s: float) -> None:
        """Each vehicle in turn, evenly over the period."""
        loop, step = asyncio.get_running_loop(), every_s / len(self.vehicles)
        begun, number = loop.time(), 0
        while not self.over():
            while begun + number * step <= loop.time():
                await self._next(self.vehicles[number % len(self.vehicles)], loop)
                number += 1
            await asyncio.sleep(0.01)

    async def _next(self, vehicle: Vehicle, loop: asyncio.AbstractEventLoop) -> None:
        if vehicle.transport is None:
            await loop.create_connection(lambda: vehicle, "127.0.0.1", self.port)
        else:
            vehicle.report()

    async def hang_up(self) -> None:
        while not self.over():
            await asyncio.sleep(60.0)
            for vehicle in self.dice.sample(self.vehicles, max(1, len(self.vehicles) // 200)):
                if vehicle.transport is not None:
                    vehicle.transport.abort()

    async def settle(self) -> None:
        """What is still on its way gets its answer, over a new connection where it has none."""
        loop = asyncio.get_running_loop()
        for _ in range(100):
            open_ones = [vehicle for vehicle in self.vehicles if vehicle.waiting]
            if not open_ones:
                return
            for vehicle in open_ones:
                if vehicle.transport is None:
                    await loop.create_connection(lambda vehicle=vehicle: vehicle, "127.0.0.1", self.port)  # type: ignore[misc]
            await asyncio.sleep(0.1)


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[int(len(ordered) * share)] * 1e3


def size_mb(path: Path) -> float:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e6


async def sample(
    fleet: Fleet, visitor: Visitor, processes: list[subprocess.Popen[bytes]], home: Path, file: Path, every_s: float, before: list[Row]
) -> list[Row]:  # fmt: skip
    """A row every so often until the end, each printed and written at once; all rows, with those of the stretches before."""
    loop, begun = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    rows = list(before)
    minutes, stretch = (before[-1]["minutes"], before[-1]["stretch"] + 1) if before else (0.0, 1)
    with file.open("a", newline="") as out:
        while not fleet.over():
            await asyncio.sleep(min(every_s, max(0.1, fleet.until - loop.time())))
            taken, fleet.latencies = fleet.latencies, []
            pages, visitor.took_s = visitor.took_s, []
            row = {"stretch": stretch, "minutes": minutes + (loop.time() - begun) / 60}
            row |= {f"{part}_mb": memory_mb(p) for part, p in zip(PARTS, processes, strict=True)}
            row |= {"ack_p50_ms": percentile(taken, 0.5), "ack_p99_ms": percentile(taken, 0.99), "page_p99_ms": percentile(pages, 0.99)}  # fmt: skip
            row |= {"acknowledged": fleet.acknowledged, "journal_mb": size_mb(home / "journal.sqlite3"), "lake_mb": size_mb(home / "lake")}  # fmt: skip
            writer = csv.DictWriter(out, list(row))
            if not rows:
                writer.writeheader()
            writer.writerow({name: round(value, 2) for name, value in row.items()})
            out.flush()
            print("  ".join(f"{name} {value:,.1f}" for name, value in row.items()), flush=True)
            rows.append(row)
    return rows


def growth_mb_per_h(rows: list[Row], name: str) -> float:
    """The slope of the least-squares line through the second half."""
    half = rows[len(rows) // 2 :]
    x, y = [row["minutes"] / 60 for row in half], [row[name] for row in half]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread if spread else 0.0


def draw(rows: list[Row], file: Path) -> None:
    """Two panels, memory above and latency below, as a plain SVG."""
    panels = [("MB", [f"{part}_mb" for part in PARTS]), ("ms", ["ack_p50_ms", "ack_p99_ms", "page_p99_ms"])]
    colours = ("#1b6e8c", "#b3541e", "#4a7c3a", "#7a4b8f")
    width, height, left = 900, 260, 60
    last = max(row["minutes"] for row in rows) or 1.0
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height * 2 + 20}" font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="white"/>']  # fmt: skip
    for place, (unit, names) in enumerate(panels):
        top, tall = place * height + 24, height - 60
        highest = max(row[name] for row in rows for name in names) * 1.1 or 1.0
        parts.append(f'<text x="8" y="{top + 8}">{highest:.0f} {unit}</text><text x="8" y="{top + tall}">0</text>')
        parts.append(f'<path d="M{left} {top}V{top + tall}H{width - 10}" fill="none" stroke="#999"/><text x="{width - 90}" y="{top + tall + 16}">{last:.0f} min</text>')  # fmt: skip
        for number, name in enumerate(names):
            for stretch in stretches(rows):
                points = " ".join(
                    f"{left + row['minutes'] / last * (width - left - 10):.1f},{top + tall - row[name] / highest * tall:.1f}" for row in stretch
                )  # fmt: skip
                parts.append(f'<polyline points="{points}" fill="none" stroke="{colours[number]}" stroke-width="1.5"/>')
            parts.append(f'<text x="{left + 10 + number * 130}" y="{top - 6}" fill="{colours[number]}">{name}</text>')
    file.write_text("\n".join([*parts, "</svg>"]), encoding="utf-8")


def stretches(rows: list[Row]) -> list[list[Row]]:
    """The rows of each time that the processes were started."""
    return [list(group) for _, group in itertools.groupby(rows, key=itemgetter("stretch"))]


def read_back(file: Path) -> list[Row]:
    if not file.exists():
        return []
    with file.open(newline="") as rows:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(rows)]


async def run(chosen: argparse.Namespace, home: Path, port: int, visitor: Visitor, processes: list[subprocess.Popen[bytes]], codes: Path) -> tuple[Fleet, list[Row]]:  # fmt: skip
    loop = asyncio.get_running_loop()
    before = read_back(chosen.folder / "soak.csv")
    done_minutes, acknowledged = (before[-1]["minutes"], int(before[-1]["acknowledged"])) if before else (0.0, 0)
    until = loop.time() + chosen.hours * 3600 - done_minutes * 60
    fleet = Fleet(port, json.loads(codes.read_text()), acknowledged=acknowledged, until=until)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, fleet.stop)
    sampled, *_ = await asyncio.gather(
        sample(fleet, visitor, processes, home, chosen.folder / "soak.csv", chosen.sample, before),
        fleet.drive(chosen.every),
        fleet.hang_up(),
    )
    await fleet.settle()
    return fleet, sampled


def district(home: Path, vehicles: int) -> tuple[dict[str, str], Path, str]:
    """The district of the stretches before, or a fresh one: environment, file of codes, session cookie."""
    if (home / "codes.json").exists():
        environment = environment_of(home)
        return environment, home / "codes.json", sign_in(environment)
    home.mkdir(parents=True)
    return set_up(home, vehicles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=6)
    parser.add_argument("--vehicles", type=int, default=2000)
    parser.add_argument("--every", type=float, default=5)
    parser.add_argument("--sample", type=float, default=30)
    parser.add_argument("--folder", type=Path, default=Path())
    chosen = parser.parse_args()
    if chosen.every < 2:
        parser.error(
            "--every: at least 2, for a report tells its time in whole seconds and each (vehicle, time) is counted once"
        )
    home = (chosen.folder / "district").resolve()
    print(describe())
    environment, codes, session = district(home, chosen.vehicles)
    port, web_port = free_port(), free_port()
    ours = {**environment, "HAIHE_FEED_PORTS": f"jt808={port}", "HAIHE_PORT": str(web_port)}
    with running(*([sys.executable, "-m", "haihe.runtime", part] for part in PARTS), environment=ours) as processes:
        wait_for(port)
        wait_for(web_port)
        visitor = Visitor(web_port, session, every_s=5.0)
        visitor.start()
        fleet, rows = uvloop.run(run(chosen, home, port, visitor, processes, codes))
        visitor.over = True
        failed = [part for part, process in zip(PARTS, processes, strict=True) if process.poll() is not None]
    draw(rows, chosen.folder / "soak.svg")
    stored = int(subprocess.run([sys.executable, "-c", COUNT], env=ours, capture_output=True, text=True, check=True).stdout)  # fmt: skip
    for stretch in stretches(rows):
        print(
            f"stretch {stretch[0]['stretch']:.0f}, minutes {stretch[0]['minutes']:.0f} to {stretch[-1]['minutes']:.0f}"
        )
        for part in PARTS:
            name = f"{part}_mb"
            print(f"  {part}: {stretch[0][name]:.0f} → {stretch[-1][name]:.0f} MB, second half {growth_mb_per_h(stretch, name):+.1f} MB an hour")  # fmt: skip
    first, second = (percentile([row["ack_p99_ms"] / 1e3 for row in half], 0.5) for half in (rows[: len(rows) // 2] or rows, rows[len(rows) // 2 :]))  # fmt: skip
    print(f"ack p99, median of samples: {first:.1f} ms in the first half, {second:.1f} ms in the second")
    print(f"acknowledged {fleet.acknowledged:,} frames, positions stored {stored:,}; put off because the one before was open or the vehicle away: {fleet.put_off:,}")  # fmt: skip
    if failed or stored < fleet.acknowledged:
        raise SystemExit(f"FAILED: ended {failed or 'none'}, stored {stored:,} of {fleet.acknowledged:,}")
    if rows[-1]["minutes"] < chosen.hours * 60 - 1:
        print("stopped before its time: the same command goes on from here")


if __name__ == "__main__":
    main()
