"""A district whose gateway, worker and web server really run, and terminals that speak JT/T 808 to it over real TCP."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from haihe.kernel.observations import standard as _standard  # noqa: F401  (declares position, raw_frame and presence)
from haihe.kernel.observations.any_journal import AnyJournal
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.queries import observations
from haihe.packs.transport.simulator.calling import CallingTerminal
from haihe.ports import free_port
from haihe.testing.districts import migrated

SET_UP = "from haihe.runtime import set_up_django\nset_up_django()\n"
SYNTHETIC = """
import sys
from haihe.kernel.administration import operator
from haihe.packs.transport.simulator.registering import register_synthetic, synthetic_carrier
account = operator()
register_synthetic(account, synthetic_carrier(account), count=int(sys.argv[1]))
"""
FIRST_PHONE = 10_000_000_000
Device = CallingTerminal


def eventually(holds: Callable[[], Any], seconds: float = 20, what: str = "it") -> Any:
    """The first truthy answer; fails when none comes in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := holds():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Live:
    """Processes of one district, each with its log. `part` is gateway, web, worker, or worker-1 for the second of several."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.port, self.web_port = home, free_port(), free_port()
        self.environment = {
            **os.environ, "HAIHE_HOME": str(home), "HAIHE_FEED_PORTS": f"jt808={self.port}", "HAIHE_PORT": str(self.web_port), **settings,
        }  # fmt: skip
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        migrated(home)

    def run(self, program: str, *arguments: object) -> str:
        """A program in a process of its own that has the district's settings; what it printed."""
        command = [sys.executable, "-c", SET_UP + program, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=120, check=False, cwd=self.home
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, *parts: str) -> None:
        for part in parts:
            with (self.home / f"{part}.log").open("ab") as log:
                command = [sys.executable, "-m", "haihe.runtime", *part.split("-")]
                self.processes[part] = subprocess.Popen(
                    command, env=self.environment, stdin=subprocess.PIPE, stderr=log
                )
        if "gateway" in parts:
            eventually(lambda: self._listens(self.port), 60, "the gateway's port")
        if "web" in parts:
            eventually(self._serves, 60, "the web server")

    def kill(self, part: str) -> None:
        """kill -9."""
        self.processes[part].kill()
        assert self.processes[part].wait(10) == -9, f"{part} had ended by itself:\n{self.log(part)}"

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(8)
            process.kill()
            process.wait()

    def log(self, part: str) -> str:
        path = self.home / f"{part}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def _listens(self, port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    def _serves(self) -> bool:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{self.web_port}/api/v1/health", timeout=2).close()
            return True
        return False

    def rows(self, table: str) -> pl.DataFrame:
        """lake ∪ journals, in order of receipt."""
        journals = self.journals()
        try:
            lake = Lake(self.environment.get("HAIHE_LAKE_URL") or self.home / "lake", self.home)
            rows = observations(table, journals=journals, lake=lake).collect()
        finally:
            for journal in journals:
                journal.close()
        return rows.sort("received_at", "observed_at", maintain_order=True)

    def journals(self) -> list[AnyJournal]:
        """Its journals, as another process sees them."""
        if not (url := self.environment.get("HAIHE_STREAM_URL")):
            return [Journal(self.home / "journal.sqlite3")]
        from haihe.kernel.observations.stream_client import client
        from haihe.kernel.observations.stream_journal import StreamJournal

        name, count = self.environment["HAIHE_STREAM_NAME"], int(self.environment["HAIHE_STREAM_PARTITIONS"])
        return [StreamJournal(client(url), name, number, count) for number in range(count)]

    def device(self, number: int, version: str = "2013") -> Device:
        """The terminal of the synthetic vehicle `number`."""
        return Device(self.port, str(FIRST_PHONE + number), version, f"模A{number:05d}")
