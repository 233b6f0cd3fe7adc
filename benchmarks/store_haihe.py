"""Haihe's side of `store.py`: a small program that takes batches from a socket, as a pack could, with what the kernel offers to all.

    python store_haihe.py serve PORT       python store_haihe.py upkeep

`serve` reads batches of CSV from any number of connections, passes them through the table's check into the journal, and acknowledges
each when it is fsync'd; it answers the questions over the same connections, with rows as an Arrow stream. `upkeep` is what the worker
of a district repeats for observations: feed the lake when it is due. Both find the district by HAIHE_HOME.

A message is its length (4 bytes), a letter and its content: B a batch, Q a question (JSON); the answer has the same form, with J
before JSON and T before a table.
"""

from __future__ import annotations

import io
import json
import socket
import socketserver
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import polars as pl

from haihe.kernel.observations.tables import Field, ObservationTable
from store_data import FIELDS, fleet_of, truck_name

HEAD = struct.Struct("!IB")


class Reading(ObservationTable):
    name = "reading"
    title_zh, title_en = "车辆读数（基准测试）", "Readings (benchmark)"
    purpose_zh, purpose_en = "基准测试，全部为合成数据", "A benchmark; all data is synthetic"
    retention_days = 30
    keeps_latest = False

    longitude_deg = Field(pl.Float64, "°", -180, 180, "unverified", decimals=6)
    latitude_deg = Field(pl.Float64, "°", -90, 90, "unverified", decimals=6)
    altitude_m = Field(pl.Float64, "m", -500, 9000, "unverified", decimals=0)
    speed_kmh = Field(pl.Float64, "km/h", 0, 250, "unverified", decimals=1)
    heading_deg = Field(pl.Float64, "°", 0, 360, "unverified", decimals=0)
    slope_percent = Field(pl.Float64, "%", -100, 100, "unverified", decimals=1)
    fuel_l_per_h = Field(pl.Float64, "L/h", 0, 500, "unverified", decimals=1)
    mileage_km = Field(pl.Float64, "km", 0, 10_000_000, "unverified", decimals=1)


COLUMNS = {"thing": pl.Int64, "observed_at": pl.Int64, **dict.fromkeys(FIELDS, pl.Float64)}


def store(content: bytes) -> None:
    """One batch, durable when this returns."""
    from haihe.kernel.observations import stores

    now = datetime.now(UTC)
    batch = pl.read_csv(content, has_header=False, schema=COLUMNS).with_columns(
        observed_at=pl.from_epoch("observed_at").cast(pl.Datetime("us", "UTC")), received_at=pl.lit(now).cast(pl.Datetime("us", "UTC"))
    )  # fmt: skip
    stores.journal().append([("reading", Reading.check(batch))])


def answer(question: dict[str, Any]) -> Any:
    from haihe.kernel.observations.queries import observations
    from haihe.kernel.things import Thing

    def instant(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    if question["ask"] == "count":
        return observations("reading", columns=["thing"]).select(pl.len()).collect().item()
    if question["ask"] == "fleets":
        facts = list(Thing.objects.filter(kind="truck").order_by().values_list("pk", "attributes__fleet"))
        fleets = pl.LazyFrame(facts, schema={"thing": pl.Int64, "fleet": pl.String}, orient="row")
        by_truck = observations("reading", columns=["thing", "speed_kmh"])
        # Sums by truck first: a fleet is known of a truck, and joining two million rows would be the same with more work.
        sums = by_truck.group_by("thing").agg(pl.col("speed_kmh").sum().alias("sum"), pl.len().alias("n"))
        found = sums.join(fleets, on="thing").group_by("fleet").agg(pl.col("sum").sum() / pl.col("n").sum())
        return dict(found.collect().iter_rows())
    since, until = (instant(seconds) for seconds in question["span"])
    if question["ask"] == "day":
        rows = observations("reading", [question["truck"]], since, until, columns=["observed_at", *FIELDS]).collect()
    else:
        wanted = ["thing", "observed_at", "longitude_deg", "latitude_deg"]
        rows = observations("reading", since=since, until=until, box=tuple(question["box"]), columns=wanted).collect()
    return rows


class Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while head := read_exactly(self.request, HEAD.size):
            size, letter = HEAD.unpack(head)
            content = read_exactly(self.request, size)
            if letter == ord("B"):
                store(content)
                said = b"J", b'"durable"'
            else:
                said = written(answer(json.loads(content)))
            self.request.sendall(HEAD.pack(len(said[1]), said[0][0]) + said[1])


def written(answer: Any) -> tuple[bytes, bytes]:
    if not isinstance(answer, pl.DataFrame):
        return b"J", json.dumps(answer).encode()
    stream = io.BytesIO()
    answer.write_ipc_stream(stream)
    return b"T", stream.getvalue()


def read_answer(connection: socket.socket) -> Any:
    size, letter = HEAD.unpack(read_exactly(connection, HEAD.size))
    content = read_exactly(connection, size)
    return pl.read_ipc_stream(content) if letter == ord("T") else json.loads(content)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """That many bytes; none at the end of the connection."""
    parts, missing = [], size
    while missing:
        part = connection.recv(min(missing, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def upkeep() -> None:
    from haihe.kernel.observations import upkeep

    print("keeps", flush=True)
    while True:
        now = datetime.now(UTC)
        if not upkeep.feed(now):
            time.sleep(0.2)


def settle() -> None:
    """What a district does within the next hours, at once: everything into the lake, the day compacted as one that is over."""
    from haihe.kernel.observations import stores
    from haihe.kernel.observations.compaction import compact_once
    from haihe.kernel.observations.feeder import feed_once

    journal, lake = stores.journal(), stores.lake()
    while feed_once(journal, lake).rows:
        pass
    while compact_once(lake, "reading", datetime.now(UTC) + timedelta(days=2)):
        pass
    files = lake.files("reading")
    print(
        json.dumps(
            {"bytes": int(files["size_bytes"].sum()), "rows": int(files["num_records"].sum()), "files": files.height}
        )
    )


def prepare(trucks: int) -> None:
    """A district with that many registered trucks."""
    from django.core.management import call_command

    from haihe.kernel.things import Thing

    call_command("migrate", verbosity=0)
    Thing.objects.bulk_create(
        [Thing(pk=n, kind="truck", key=truck_name(n), attributes={"fleet": fleet_of(n)}) for n in range(1, trucks + 1)]
    )


def main() -> None:
    from haihe.runtime import set_up_django, spare_the_collector

    set_up_django()
    what = sys.argv[1]
    if what == "serve":
        spare_the_collector()
        Server(("127.0.0.1", int(sys.argv[2])), Connection).serve_forever()
    elif what == "upkeep":
        upkeep()
    elif what == "settle":
        settle()
    else:
        prepare(int(sys.argv[2]))


if __name__ == "__main__":
    main()
