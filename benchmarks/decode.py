"""How fast JT/T 808 frames become columns: locations/s of one core, stage by stage.

    python benchmarks/decode.py [--frames 16000] [--runs 7] [--batch 8000]

The load is what terminals send: location reports of 2013 and 2019 with six items of the standard, makers' items of 0xEB on every
fourth, a batch 0x0704 and a heartbeat now and then, escapes as they fall. The ratio is taken in the same run against the
straightforward decoder: per frame unescape, checksum, struct.unpack, a dictionary of items.
"""

from __future__ import annotations

import argparse
import random
import statistics
import struct
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from haihe.packs.transport.jt808.acks import encode_acks
from haihe.packs.transport.jt808.build import Terminal, location_body
from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.columns import decode_locations, find_locations, read_headers, read_locations
from haihe.packs.transport.jt808.item_columns import step_items
from haihe.packs.transport.jt808.joined import checksums_ok, join, unescape_all
from haihe.packs.transport.jt808.splitter import Splitter
from machine import describe, timed

GOAL_PER_S = 1_000_000
CHINA = timezone(timedelta(hours=8))
STANDARD_ITEMS = bytes.fromhex("02020123030202582504000000032a02000030011f")
MAKER_ITEMS = bytes.fromhex("eb16000c00b28986061708003732585700060089fffffffe")


def load(count: int) -> tuple[bytes, int]:
    """A stream of about `count` locations and how many it holds."""
    chance, at = random.Random(808), datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    terminals = [Terminal(f"139{number:08d}", "2019" if number % 3 == 0 else "2013") for number in range(500)]
    frames, locations = [], 0
    while locations < count:
        terminal = chance.choice(terminals)
        body = location_body(at + timedelta(seconds=locations), chance.uniform(116.7, 118.1), chance.uniform(38.5, 40.3), chance.uniform(0, 110),
                             chance.randrange(360), mileage_km=chance.uniform(0, 500_000)) + STANDARD_ITEMS  # fmt: skip
        body += MAKER_ITEMS if locations % 4 == 0 else b""
        if locations % 50 == 49:
            frames.append(terminal.batch([body] * 5))
            locations += 5
        else:
            frames.append(terminal.frame(0x0200, body))
            locations += 1
        if locations % 10 == 0:
            frames.append(terminal.heartbeat())
    return b"".join(frames), locations


def straightforward(frame: bytes) -> list[dict[str, Any]]:
    """What one would write first: one frame, plain struct. It leaves out bit names, units and issues."""
    data = frame.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    total = reduce(xor, data)
    message_id, attributes = struct.unpack_from(">HH", data)
    at = 17 if attributes & 0x4000 else 12
    phone, serial = data[at - 8 if at == 12 else at - 12 : at - 2].hex(), struct.unpack_from(">H", data, at - 2)[0]
    body = data[at:-1]
    bodies = [body] if message_id == 0x0200 else []
    if message_id == 0x0704:
        at = 3
        while at < len(body):
            size = struct.unpack_from(">H", body, at)[0]
            bodies.append(body[at + 2 : at + 2 + size])
            at += 2 + size
    return [_plain_location(each) | {"phone": phone, "serial": serial, "ok": total == 0} for each in bodies]


def _plain_location(body: bytes) -> dict[str, Any]:
    alarm, status, latitude, longitude, altitude, speed, heading = struct.unpack_from(">IIIIHHH", body)
    year, month, day, hour, minute, second = (int(f"{byte:02x}") for byte in body[22:28])
    moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=CHINA)
    items, at = {}, 28
    while at + 2 <= len(body):
        size = body[at + 1]
        items[body[at]] = int.from_bytes(body[at + 2 : at + 2 + size], "big")
        at += 2 + size
    return {"time": moment, "latitude": latitude / 1e6, "longitude": longitude / 1e6, "altitude": altitude, "speed": speed / 10,
            "heading": heading, "alarm": alarm, "status": status, "items": items}  # fmt: skip


def stages(stream: bytes, batch: int) -> dict[str, Callable[[], object]]:
    """Each stage over the whole load, in batches as the gateway would take them."""
    frames = Splitter().feed(stream)
    parts = [frames[start : start + batch] for start in range(0, len(frames), batch)]
    joined = [join(part) for part in parts]
    plain = [unescape_all(part) for part in joined]
    checked = [(part, checksums_ok(part)) for part in plain]
    headers = [(part, read_headers(part, ok)) for part, ok in checked]
    found = [(part, *find_locations(part, header)) for part, header in headers]
    located = [
        (part.data, rows.items_offset, rows.items_length, rows.issues)
        for part, *where in found
        for rows in [read_locations(part, *where)]
    ]
    columns = [decode_locations(part) for part in parts]
    return {
        "split": lambda: Splitter().feed(stream),
        "join": lambda: [join(part) for part in parts],
        "unescape": lambda: [unescape_all(part) for part in joined],
        "checksum": lambda: [checksums_ok(part) for part in plain],
        "headers": lambda: [read_headers(part, ok) for part, ok in checked],
        "fields": lambda: [read_locations(part, *where) for part, *where in found],
        "of which items": lambda: [step_items(*each) for each in located],
        "split to columns": lambda: [decode_locations(part) for part in _batches(Splitter().feed(stream), batch)],
        "columns to polars": lambda: [each.positions() for each in columns],
        "replies 0x8001": lambda: [encode_acks(each.frames) for each in columns],
        "straightforward": lambda: [straightforward(frame) for frame in Splitter().feed(stream)],
        "codec.decode": lambda: [decode(frame) for frame in frames[:2000]],
    }


def _batches(frames: list[bytes], size: int) -> list[list[bytes]]:
    return [frames[start : start + size] for start in range(0, len(frames), size)]


def same_as_straightforward(stream: bytes) -> bool:
    """Both decoders see the same places, speeds and times."""
    frames = Splitter().feed(stream)
    theirs = [row for frame in frames for row in straightforward(frame)]
    ours = decode_locations(frames).locations
    return (
        ours.longitude_deg.tolist() == [row["longitude"] for row in theirs]
        and ours.speed_kmh.tolist() == [row["speed"] for row in theirs]
        and ours.time_us.tolist() == [round(row["time"].timestamp()) * 1_000_000 for row in theirs]
        and (ours.items.value(0x01) * 10).round().tolist() == [row["items"][1] for row in theirs]
    )


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--frames", type=int, default=16_000)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--batch", type=int, default=8000)
    chosen = options.parse_args()
    stream, locations = load(chosen.frames)
    assert same_as_straightforward(stream)
    print(f"machine: {describe()}")
    print(
        f"load: {locations} locations in {len(stream)} bytes, batches of {chosen.batch} frames, median of {chosen.runs} runs"
    )
    rates: dict[str, float] = {}
    for name, work in stages(stream, chosen.batch).items():
        count = locations * min(1.0, 2000 / len(Splitter().feed(stream))) if name == "codec.decode" else locations
        seconds = statistics.median(timed(work) for _ in range(chosen.runs))
        rates[name] = count / seconds
        print(f"{name:20} {rates[name]:14,.0f} locations/s {seconds / count * 1e9:9.0f} ns")
    whole, plain = rates["split to columns"], rates["straightforward"]
    print(
        f"whole: {whole:,.0f} locations/s per core = {whole / plain:.1f} × straightforward decoder; goal {GOAL_PER_S:,} {'met' if whole >= GOAL_PER_S else 'MISSED'}"
    )
    return 0 if whole >= GOAL_PER_S else 1


if __name__ == "__main__":
    sys.exit(main())
