"""The four stores of `store.py`, each as its makers mean it to be used: started, fed, settled and asked.

A side has a promise (what an acknowledgement means), connections that send one batch and wait for its acknowledgement, and three
questions whose answers are parsed here. Whatever it starts is gone when its `with` block ends, also after Ctrl-C.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from haihe.ports import free_port
from haihe.testing import postgres
from store_data import BOX, EVERY_S, FIELDS, Load, fleet_of, truck_name
from store_haihe import HEAD, read_answer

HERE = Path(__file__).parent


class Sender(Protocol):
    def send(self, body: bytes) -> None: ...


class Side:
    name = ""
    promise = ""
    package = ""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.folder = Path()
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Side:
        self.folder = Path(tempfile.mkdtemp(prefix=f"haihe-store-{type(self).__name__.lower()}-"))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: object, **more: Any) -> subprocess.Popen[bytes]:
        # In a session of its own: Ctrl-C is for this program, which then stops what it started.
        done = subprocess.Popen(list(map(str, command)), start_new_session=True, stderr=subprocess.DEVNULL, **more)
        self.processes.append(done)
        return done

    def memory_mb(self) -> float:
        """The most that its processes have held."""
        found = 0.0
        for process in self.processes:
            for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
                if line.startswith("VmHWM"):
                    found += int(line.split()[1]) / 1000
        return found

    def missing(self) -> bool:
        return False

    def start(self) -> None: ...

    def bodies(self) -> Iterator[bytes]:
        raise NotImplementedError

    def sender(self) -> Sender:
        raise NotImplementedError

    def count(self) -> int:
        """Rows that a question sees now."""
        raise NotImplementedError

    def settle(self) -> int:
        """Let it tidy what it has; bytes of the data afterwards."""
        raise NotImplementedError

    def fleets(self) -> dict[str, float]:
        raise NotImplementedError

    def day(self, truck: int) -> int:
        """Rows of the day of one truck, all their values read."""
        raise NotImplementedError

    def box(self) -> int:
        raise NotImplementedError


def size_of(folder: Path) -> int:
    """Bytes that it takes on the disk: files made larger in advance count for what is in them."""
    return sum(512 * path.stat().st_blocks for path in folder.rglob("*") if path.is_file())


def wait_until_it_answers(port: int, path: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError):
            if Http(port).get(path)[0] < 400:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers on {port}")


class Http:
    """One kept connection."""

    def __init__(self, port: int, path: str = "") -> None:
        self.connection, self.path = http.client.HTTPConnection("127.0.0.1", port, timeout=300), path

    def get(self, path: str, **parameters: object) -> tuple[int, bytes]:
        query = urllib.parse.urlencode(parameters)
        self.connection.request("GET", f"{path}?{query}" if query else path)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def send(self, body: bytes) -> None:
        self.connection.request("POST", self.path, body)
        answer = self.connection.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"refused with {answer.status}: {told[:200]!r}")


# --- Haihe ------------------------------------------------------------------------------------------------------------


class Haihe(Side):
    name = "Haihe"
    promise = "fsync'd in the journal, seen by the next question"

    def start(self) -> None:
        self.port = free_port()
        self.environment = {**os.environ, "HAIHE_HOME": str(self.folder / "district"), "HAIHE_PACKS": "transport"}
        self._call("prepare", self.load.trucks)
        self.run(sys.executable, HERE / "store_haihe.py", "serve", self.port, env=self.environment)
        keeper = self.run(
            sys.executable, HERE / "store_haihe.py", "upkeep", env=self.environment, stdout=subprocess.PIPE
        )
        assert keeper.stdout and keeper.stdout.readline() == b"keeps\n"
        for _ in range(200):
            with contextlib.suppress(OSError):
                self.asking = self._connection()
                return
            time.sleep(0.1)
        raise SystemExit("Haihe's side did not start")

    def _call(self, *arguments: object) -> bytes:
        command = [sys.executable, str(HERE / "store_haihe.py"), *map(str, arguments)]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True).stdout

    def _connection(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def bodies(self) -> Iterator[bytes]:
        return self.load.as_csv()

    def sender(self) -> Sender:
        connection = self._connection()

        class OverSocket:
            def send(self, body: bytes) -> None:
                if exchange(connection, "B", body) != "durable":
                    raise RuntimeError("not acknowledged")

        return OverSocket()

    def _ask(self, **question: object) -> Any:
        return exchange(self.asking, "Q", json.dumps(question).encode())

    def count(self) -> int:
        return int(self._ask(ask="count"))

    def settle(self) -> int:
        # The keeper goes on meanwhile; both hold the lake's lock in turn.
        return int(json.loads(self._call("settle"))["bytes"])

    def fleets(self) -> dict[str, float]:
        found: dict[str, float] = self._ask(ask="fleets")
        return found

    def day(self, truck: int) -> int:
        rows = self._ask(ask="day", truck=truck, span=self.load.day)
        return rows.height if set(FIELDS) <= set(rows.columns) else 0

    def box(self) -> int:
        return int(self._ask(ask="box", box=BOX, span=self.load.hour).height)


def exchange(connection: socket.socket, letter: str, content: bytes) -> Any:
    connection.sendall(HEAD.pack(len(content), ord(letter)) + content)
    return read_answer(connection)


# --- VictoriaMetrics --------------------------------------------------------------------------------------------------


class VictoriaMetrics(Side):
    name = "VictoriaMetrics"
    promise = "in memory; on disk some seconds later, so that a power cut loses what was acknowledged last"
    package = "victoria-metrics"

    def missing(self) -> bool:
        return shutil.which("victoria-metrics") is None

    def start(self) -> None:
        self.port = free_port()
        self.run(
            "victoria-metrics", f"-storageDataPath={self.folder / 'data'}", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=12",
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until_it_answers(self.port, "/health")
        self.asking = Http(self.port)

    def bodies(self) -> Iterator[bytes]:
        return self.load.as_lines()

    def sender(self) -> Sender:
        return Http(self.port, "/write?precision=s")

    def _get(self, path: str, **parameters: object) -> bytes:
        status, told = self.asking.get(path, **parameters)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {told[:300]!r}")
        return told

    def _vector(self, query: str) -> list[dict[str, Any]]:
        told = self._get("/api/v1/query", query=query, time=self.load.end_s, nocache=1)
        return list(json.loads(told)["data"]["result"])

    def _span(self) -> str:
        return f"{self.load.end_s - self.load.start_s + 1}s"

    def count(self) -> int:
        self._get("/internal/force_flush")  # what is acknowledged becomes visible, which else takes a second
        found = self._vector(f"sum(count_over_time(readings_speed_kmh[{self._span()}]))")
        return int(found[0]["value"][1]) if found else 0

    def settle(self) -> int:
        self._get("/internal/force_flush")
        self._get("/internal/force_merge")
        last = -1
        for _ in range(60):  # until merging is over
            time.sleep(2)
            size = size_of(self.folder / "data" / "data") + size_of(self.folder / "data" / "indexdb")
            if size == last:
                break
            last = size
        return last

    def fleets(self) -> dict[str, float]:
        span = self._span()
        found = self._vector(
            f"sum(sum_over_time(readings_speed_kmh[{span}])) by (fleet) / sum(count_over_time(readings_speed_kmh[{span}])) by (fleet)"
        )
        return {one["metric"]["fleet"]: float(one["value"][1]) for one in found}

    def day(self, truck: int) -> int:
        since, until = self.load.day
        one = truck_name(truck)
        told = self._get("/api/v1/export", **{"match[]": f'{{truck="{one}"}}', "start": since, "end": until - 1})
        series = [json.loads(line) for line in told.splitlines()]
        return len(series[0]["values"]) if len(series) == len(FIELDS) else 0

    def box(self) -> int:
        """Its language joins series at steps of time: here those of the readings, so that none is missed."""
        west, south, east, north = BOX
        since, until = self.load.hour
        told = self._get(
            "/api/v1/query_range", start=since, end=until - EVERY_S, step=EVERY_S, nocache=1,
            query=f"(readings_longitude_deg >= {west} <= {east}) and on(truck) (readings_latitude_deg >= {south} <= {north})",
        )  # fmt: skip
        return sum(len(one["values"]) for one in json.loads(told)["data"]["result"])


# --- InfluxDB ---------------------------------------------------------------------------------------------------------

INFLUX = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
  cache-snapshot-write-cold-duration = "10s"
  compact-full-write-cold-duration = "15s"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[ifql]
  enabled = false
"""


class InfluxDB(Side):
    name = "InfluxDB"
    promise = "fsync'd in its write-ahead log, seen by the next question"
    package = "influxdb"

    def missing(self) -> bool:
        return shutil.which("influxd") is None

    def start(self) -> None:
        self.port = free_port()
        file = self.folder / "influxdb.conf"
        file.write_text(INFLUX.format(folder=self.folder, rpc=free_port(), port=self.port))
        self.run("influxd", "-config", file, stdout=subprocess.DEVNULL)
        wait_until_it_answers(self.port, "/ping")
        self.asking = Http(self.port)
        Http(self.port, "/query?q=CREATE+DATABASE+fleet").send(b"")

    def bodies(self) -> Iterator[bytes]:
        return self.load.as_lines()

    def sender(self) -> Sender:
        return Http(self.port, "/write?db=fleet&precision=s")

    def _query(self, query: str) -> list[dict[str, Any]]:
        told = json.loads(self.asking.get("/query", db="fleet", epoch="s", q=query)[1])
        if "error" in told["results"][0]:
            raise RuntimeError(told["results"][0]["error"])
        return list(told["results"][0].get("series", []))

    def count(self) -> int:
        found = self._query("SELECT count(speed_kmh) FROM readings")
        return int(found[0]["values"][0][1]) if found else 0

    def settle(self) -> int:
        last = -1
        for _ in range(40):  # its cache becomes files ten seconds after the last write, and those are then merged
            time.sleep(5)
            size, cached = size_of(self.folder / "data"), size_of(self.folder / "wal")
            if size == last and cached < 100_000:
                break
            last = size
        return last

    def fleets(self) -> dict[str, float]:
        return {
            one["tags"]["fleet"]: one["values"][0][1]
            for one in self._query("SELECT mean(speed_kmh) FROM readings GROUP BY fleet")
        }

    def day(self, truck: int) -> int:
        since, until = self.load.day
        one = truck_name(truck)
        found = self._query(
            f"SELECT {', '.join(FIELDS)} FROM readings WHERE truck = '{one}' AND time >= {since}s AND time < {until}s"
        )
        return len(found[0]["values"])

    def box(self) -> int:
        west, south, east, north = BOX
        since, until = self.load.hour
        found = self._query(
            f"SELECT truck, longitude_deg, latitude_deg FROM readings WHERE time >= {since}s AND time < {until}s AND longitude_deg >= {west}"
            f" AND longitude_deg <= {east} AND latitude_deg >= {south} AND latitude_deg <= {north}"
        )
        return len(found[0]["values"]) if found else 0


# --- PostgreSQL -------------------------------------------------------------------------------------------------------

TABLES = f"""
CREATE TABLE trucks (truck integer PRIMARY KEY, fleet text NOT NULL);
CREATE TABLE readings (truck integer NOT NULL, at timestamptz NOT NULL, {", ".join(f"{name} double precision" for name in FIELDS)});
CREATE INDEX ON readings (truck, at);
CREATE INDEX ON readings USING brin (at);
"""


class PostgreSQL(Side):
    name = "PostgreSQL"
    promise = "committed and fsync'd, seen by the next question"
    package = "postgresql"

    def missing(self) -> bool:
        return postgres.programs() is None

    def start(self) -> None:
        import psycopg

        self.cluster = postgres.cluster(durable=True)
        self.url = self.cluster.__enter__().replace("{home}", "postgres")
        self.asking = psycopg.connect(self.url, autocommit=True)
        self.asking.execute(TABLES)
        with self.asking.cursor() as cursor:
            pairs = [(n, fleet_of(n)) for n in range(1, self.load.trucks + 1)]
            cursor.executemany("INSERT INTO trucks VALUES (%s, %s)", pairs)

    def __exit__(self, *exc: object) -> None:
        if hasattr(self, "asking"):
            self.asking.close()
        if hasattr(self, "cluster"):
            self.cluster.__exit__(None, None, None)
        super().__exit__()

    def bodies(self) -> Iterator[bytes]:
        return self.load.as_csv_with_instants()

    def sender(self) -> Sender:
        import psycopg

        connection = psycopg.connect(self.url, autocommit=True)

        class ByCopy:
            def send(self, body: bytes) -> None:
                with connection.cursor().copy("COPY readings FROM STDIN (FORMAT csv)") as copy:
                    copy.write(body)

        return ByCopy()

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self.asking.execute(query, values).fetchall()

    def count(self) -> int:
        return int(self._rows("SELECT count(*) FROM readings")[0][0])

    def settle(self) -> int:
        self.asking.execute("VACUUM ANALYZE readings")
        self.asking.execute("CHECKPOINT")
        return int(self._rows("SELECT pg_total_relation_size('readings')")[0][0])

    def fleets(self) -> dict[str, float]:
        return dict(self._rows("SELECT fleet, avg(speed_kmh) FROM readings JOIN trucks USING (truck) GROUP BY fleet"))  # type: ignore[arg-type]

    def day(self, truck: int) -> int:
        since, until = self.load.day
        return len(
            self._rows(
                f"SELECT at, {', '.join(FIELDS)} FROM readings WHERE truck = %s AND at >= to_timestamp(%s) AND at < to_timestamp(%s)",
                (truck, since, until),
            )
        )

    def box(self) -> int:
        west, south, east, north = BOX
        since, until = self.load.hour
        return len(
            self._rows(
                "SELECT truck, at, longitude_deg, latitude_deg FROM readings WHERE at >= to_timestamp(%s) AND at < to_timestamp(%s)"
                " AND longitude_deg BETWEEN %s AND %s AND latitude_deg BETWEEN %s AND %s",
                (since, until, west, east, south, north),
            )
        )


RIVALS: tuple[type[Side], ...] = (VictoriaMetrics, InfluxDB, PostgreSQL)
