"""Journal and lake: durable appends per second and their delay, bytes per value, and queries while the journal grows.

    python benchmarks/journal.py [--rows 10000000] [--seconds 3] [--folder FOLDER]
    python benchmarks/journal.py --stream [--seconds 3] [--folder FOLDER]

An append is compared in the same run with the least that durability costs: writing the same bytes (the batch as an uncompressed
Arrow stream) to the end of a plain file and calling fsync. The lake is filled through journal and feeder with synthetic vehicles
of one district (a row every 10 s each), compacted, and asked while another process appends 20,000 rows/s and feeds.

`--stream` only compares appends to the embedded journal, fsync'd, with appends to JetStream, as Debian's nats-server writes and with
`chattr +SD` (each write of a node synchronous): one node and three, all on this machine and one disk, taking turns.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe, resident_mb

VEHICLES = 5000
GROWTH_ROWS_S = 20_000


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--folder", type=Path, help="where to work, to choose the disk; default: a temporary folder")
    options.add_argument(
        "--stream", action="store_true", help="compare appends with those to JetStream, and nothing else"
    )
    options.add_argument("--grow", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.grow:
        return grow(chosen.grow)
    print(f"machine: {describe()}")
    folder = Path(tempfile.mkdtemp(prefix="haihe-journal-", dir=chosen.folder))
    try:
        for rows in (1, 100, 5000):
            (streams if chosen.stream else appends)(folder, rows, chosen.seconds)
        if chosen.stream:
            return 0
        newest(folder)
        small_batches(folder / "busy")
        fill(folder / "district", chosen.rows)
        queries(folder / "district")
    finally:
        shutil.rmtree(folder)
    return 0


def repeated(seconds: float, once: Callable[[], object]) -> list[float]:
    """Delays of one call after another for some seconds, sorted."""
    delays: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(delays) < 5:
        started = time.perf_counter()
        once()
        delays.append(time.perf_counter() - started)
    return sorted(delays)


def percentile(delays: list[float], share: float) -> float:
    return delays[min(len(delays) - 1, int(share * len(delays)))]


def told(name: str, rows: int, delays: list[float]) -> float:
    rate = rows * len(delays) / sum(delays)
    p50, p99 = (1000 * percentile(delays, share) for share in (0.5, 0.99))
    print(f"  {name}: {rate:>11,.0f} rows/s, p50 {p50:.2f} ms, p99 {p99:.2f} ms ({len(delays)} appends)")
    return rate


def appends(folder: Path, rows: int, seconds: float) -> None:
    """One appender; the runs take turns with the plain file so that both see the same disk."""
    from haihe.kernel.observations.journal import Journal
    from haihe.testing.observations import positions

    journal = Journal(folder / f"append-{rows}.sqlite3")
    batch = positions(things=rows, each=1)
    stream = io.BytesIO()
    batch.write_ipc_stream(stream)
    plain = os.open(folder / f"plain-{rows}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append_plain() -> None:
        os.write(plain, stream.getvalue())
        os.fsync(plain)

    def append_journal() -> None:
        journal.append([("position", batch)])

    ours, least = [], []
    for _ in range(3):
        least += repeated(seconds / 3, append_plain)
        ours += repeated(seconds / 3, append_journal)
        journal.checkpoint()
    print(f"append of {rows} rows, {len(stream.getvalue()):,} bytes:")
    ratio = told("journal    ", rows, sorted(ours)) / told("plain+fsync", rows, sorted(least))
    print(f"  ratio: {ratio:.2f}; stored {journal.waiting()[2] / journal.waiting()[1]:.0f} bytes a row")
    os.close(plain)
    journal.close()
    for path in folder.glob(f"*-{rows}*"):
        path.unlink()


def streams(folder: Path, rows: int, seconds: float) -> None:
    """One appender, one partition."""
    from haihe.kernel.observations.journal import Journal
    from haihe.kernel.observations.stream_client import StreamClient
    from haihe.kernel.observations.stream_journal import StreamJournal
    from haihe.testing.observations import positions
    from haihe.testing.streams import broker

    batch = positions(things=rows, each=1)
    embedded = Journal(folder / f"append-{rows}.sqlite3")
    ways: dict[str, list[float]] = {"embedded": []}
    with contextlib.ExitStack() as stack:
        appends_to = {"embedded": embedded.append}
        for nodes in (1, 3):
            for flags in ("", "+SD"):
                name, place = f"stream R{nodes}{' ' + flags if flags else ''}", folder / f"nats-{rows}-{nodes}{flags}"
                place.mkdir()
                if flags and subprocess.run(["chattr", flags, str(place)], check=False).returncode:
                    continue
                client = StreamClient(stack.enter_context(broker(nodes, place)).url)
                stack.callback(client.close)
                appends_to[name], ways[name] = StreamJournal(client, "bench").append, []
        for _ in range(3):
            for name, append in appends_to.items():
                append([("position", batch)])
                ways[name] += repeated(seconds / 3, lambda a=append: a([("position", batch)]))  # type: ignore[misc]
    print(f"append of {rows} rows:")
    rates = {name: told(f"{name:16}", rows, sorted(delays)) for name, delays in ways.items()}
    print("  ratio to embedded: " + ", ".join(f"{name} {rate / rates['embedded']:.2f}" for name, rate in rates.items()))
    embedded.close()


def newest(folder: Path) -> None:
    """Cost of keeping the newest row of each thing, by the second of 20,000 rows."""
    from haihe.testing.observations import positions, store_in

    store = store_in(folder / "newest")
    for n in range(10):
        batch = positions(things=VEHICLES, each=4, start=start() + timedelta(seconds=40 * n), seed=n)
        store.journal.append([("position", batch.slice(k * 1000, 1000)) for k in range(20)])
    started = time.process_time()
    rows = store.latest.advance()
    took = time.process_time() - started
    print(
        f"newest rows: {rows / took:,.0f} rows/s of processor time ({100 * took * 20_000 / rows:.1f} % of a core at 20,000 rows/s)"
    )


def start():  # type: ignore[no-untyped-def]
    from haihe.testing.observations import START

    return START


def fill(folder: Path, wanted: int) -> None:
    """Rows of consecutive minutes through journal and feeder, then compaction of the day."""
    from haihe.kernel.observations.compaction import compact_once
    from haihe.kernel.observations.feeder import feed_once
    from haihe.testing.observations import positions, store_in

    store, made, spent = store_in(folder), 0, 0.0
    step_minutes = 10
    while made < wanted:
        minute = made // (VEHICLES * 6)
        batch = positions(
            things=VEHICLES, each=6 * step_minutes, start=start() + timedelta(minutes=minute), seed=minute
        )
        store.journal.append([("position", batch)])
        began = time.perf_counter()
        feed_once(store.journal, store.lake)
        spent += time.perf_counter() - began
        made += batch.height
    print(
        f"fed: {made:,} rows at {made / spent:,.0f} rows/s, {store.lake.files('position').height} files; {bytes_a_value(store)} as fed"
    )
    began, merged = time.perf_counter(), 0
    while step := compact_once(store.lake, "position", start() + timedelta(days=9)):
        merged += step
    took = time.perf_counter() - began
    print(
        f"compacted: {merged} files into {store.lake.files('position').height} in {took:.1f} s; {bytes_a_value(store)}; {resident_mb():.0f} MB of memory"
    )
    store.journal.close()


def small_batches(folder: Path) -> None:
    """A district of a thousand vehicles just before its journal is fed: 24 files of a minute each, and 1,400 batches of eight rows."""
    from haihe.kernel.observations.any_journal import EVERYTHING
    from haihe.kernel.observations.feeder import feed_once
    from haihe.kernel.observations.queries import observations
    from haihe.testing.observations import positions, store_in

    store, rows = store_in(folder), positions(things=1000, each=12 * 25, every_s=5.0)
    for minute in range(24):
        store.journal.append([("position", rows.slice(minute * 12_000, 12_000))])
        feed_once(store.journal, store.lake)
    store.journal.append([("position", rows.slice(24 * 12_000 + 8 * n, 8)) for n in range(1400)])

    def ask() -> int:
        return observations("position", [123], journals=[store.journal], lake=store.lake).collect().height

    began = time.perf_counter()
    assert ask() == 25 * 12
    first = time.perf_counter() - began
    again = percentile(repeated(3.0, ask), 0.5)
    whole = percentile(repeated(3.0, lambda: store.journal.read(0, EVERYTHING, only=["position"])), 0.5)
    print(
        f"one thing's day, 1,400 batches of 8 rows waiting: at first {1000 * first:.0f} ms, then p50 {1000 * again:.1f} ms; "
        f"unpacking all that waits takes {1000 * whole:.0f} ms, {whole / again:.1f} × as long"
    )
    store.journal.close()


def bytes_a_value(store) -> str:  # type: ignore[no-untyped-def]
    from haihe.kernel.observations.standard import Position

    files = store.lake.files("position")
    rows, size = files["num_records"].sum(), files["size_bytes"].sum()
    return f"{size / rows:.1f} bytes a row, {size / rows / len(Position.schema()):.2f} bytes a value"


def grow(folder: Path) -> int:
    """The other process: 20,000 rows/s in batches of 1,000, fed when due, newest rows kept. Ends with its standard input."""
    import select

    from haihe.kernel.observations.feeder import feed_once, is_due
    from haihe.testing.observations import positions, store_in

    store, made, began = store_in(folder), 0, time.perf_counter()
    batches = positions(things=VEHICLES, each=4, start=start() + timedelta(days=1))
    print("grows", flush=True)
    while not select.select([sys.stdin], [], [], max(0.0, made / GROWTH_ROWS_S - (time.perf_counter() - began)))[0]:
        store.journal.append([("position", batches.slice(made % batches.height, 1000))])
        made += 1000
        if made % 40_000 == 0:
            store.latest.advance()
            if is_due(store.journal):
                feed_once(store.journal, store.lake)
    print(f"{made / (time.perf_counter() - began):.0f}", flush=True)
    return 0


def queries(folder: Path) -> None:
    from haihe.kernel.observations.queries import observations
    from haihe.testing.observations import store_in

    store = store_in(folder)
    store.latest.advance()
    child = subprocess.Popen(
        [sys.executable, __file__, "--grow", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin and child.stdout and child.stdout.readline() == "grows\n"

    def ask(**question: object) -> int:
        return observations("position", journals=[store.journal], lake=store.lake, **question).collect().height  # type: ignore[arg-type]

    minutes = store.lake.files("position")["num_records"].sum() // (VEHICLES * 6)
    hour = start() + timedelta(minutes=max(0, minutes // 2 - 30))
    box = (117.20, 39.10, 117.21, 39.11)  # west, south, east, north: about a square kilometre
    thousand = list(range(1, 1001))
    questions: dict[str, Callable[[], int]] = {
        "one thing's day": lambda: ask(things=[1234], since=start(), until=start() + timedelta(days=1)),
        "a box of 0.01° over an hour": lambda: ask(box=box, since=hour, until=hour + timedelta(hours=1)),
        "latest of 1,000 things": lambda: store.latest.read("position", thousand).height,
        "one thing, all times": lambda: ask(things=[1234]),
    }
    for name, question in questions.items():
        found: list[int] = []
        busy = time.process_time()
        delays = repeated(5.0, lambda: found.append(question()))
        busy = 1000 * (time.process_time() - busy) / len(delays)
        p50, p99 = (1000 * percentile(delays, share) for share in (0.5, 0.99))
        print(
            f"query {name}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, processor {busy:.0f} ms ({len(delays)} times, {statistics.median(found):,.0f} rows)"
        )
    child.stdin.close()
    rate = child.stdout.readline().strip()
    child.wait()
    print(
        f"meanwhile the other process appended {int(rate):,} rows/s; memory of the asking process {resident_mb():.0f} MB"
    )
    store.journal.close()


if __name__ == "__main__":
    sys.exit(main())
