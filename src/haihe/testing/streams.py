"""A NATS JetStream of one's own for tests and benchmarks: nodes on free ports of this machine, gone afterwards.

The server is Debian's (package `nats-server`, 2.9). A node of three can be killed and started again on its old data.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from haihe.ports import free_port

PROGRAM = "nats-server"
MISSING = "nats-server is not installed: apt-get install nats-server"
CONFIGURATION = """
listen: 127.0.0.1:{port}
http: 127.0.0.1:{monitor}
server_name: {name}
jetstream {{ store_dir: "{folder}", max_file_store: 4GB, max_memory_store: 64MB }}
"""
CLUSTER = """
cluster {{ name: haihe, listen: 127.0.0.1:{port}, routes: [{routes}] }}
"""


def program() -> str | None:
    """The server's program; None where it is not installed. Debian puts it where only root's PATH looks."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin:/usr/local/sbin")


@dataclass
class Node:
    """One server and its folder."""

    name: str
    folder: Path
    port: int
    monitor: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = program()
        if binary is None:
            raise RuntimeError(MISSING)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [binary, "-c", str(self.folder / "nats.conf")], stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, page: str) -> dict[str, Any]:
        """A page of the server's monitoring as data; empty when it does not answer."""
        address = f"http://127.0.0.1:{self.monitor}/{page}"
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(address, timeout=2) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
        return {}

    def is_ready(self) -> bool:
        return self.ask("healthz").get("status") == "ok"


@dataclass
class Broker:
    """Running nodes. `url` is what HAIHE_STREAM_URL takes."""

    nodes: list[Node] = field(default_factory=list)

    @property
    def url(self) -> str:
        return ",".join(f"nats://127.0.0.1:{node.port}" for node in self.nodes)

    def leader_of(self, stream: str) -> Node | None:
        """The node that leads a stream, as far as a running node knows."""
        for node in self.nodes:
            found = node.ask("jsz?accounts=true&streams=true") if node.process else {}
            for account in found.get("account_details", []):
                for one in account.get("stream_detail", []):
                    leader = one.get("cluster", {}).get("leader")
                    if one["name"] == stream and leader:
                        return next((each for each in self.nodes if each.name == leader and each.process), None)
        return None

    def wait(self, seconds: float = 20) -> None:
        """Until every node says that it is well and the cluster has somebody who makes streams."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if all(node.is_ready() for node in self.nodes) and (len(self.nodes) == 1 or self._has_a_head()):
                return
            time.sleep(0.05)
        raise RuntimeError(f"NATS did not start within {seconds} s: {self.nodes[0].folder}/log")

    def _has_a_head(self) -> bool:
        found = [node.ask("jsz").get("meta_cluster", {}) for node in self.nodes]
        return all(one.get("leader") and one.get("cluster_size") == len(self.nodes) for one in found)


@contextlib.contextmanager
def broker(nodes: int = 1, folder: Path | None = None, *, more: str = "") -> Iterator[Broker]:
    """A JetStream of one node or a cluster of several, ready to use; killed at the end. `more`: lines of the configuration."""
    if program() is None:
        raise RuntimeError(MISSING)
    place = folder or Path(tempfile.mkdtemp(prefix="haihe-nats-"))
    made = Broker()
    routes = [free_port() for _ in range(nodes)]
    try:
        for number in range(nodes):
            node = Node(f"n{number}", place / f"n{number}", free_port(), free_port())
            (node.folder / "data").mkdir(parents=True)
            text = CONFIGURATION.format(
                port=node.port, monitor=node.monitor, name=node.name, folder=node.folder / "data"
            )
            text += more
            if nodes > 1:
                others = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
                text += CLUSTER.format(port=routes[number], routes=others)
            (node.folder / "nats.conf").write_text(text)
            made.nodes.append(node)
        for node in made.nodes:
            node.start()
        made.wait()
        yield made
    finally:
        for node in made.nodes:
            node.kill()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def stream_url() -> Iterator[str]:
    """One node for the whole run of this process; skipped where the server is missing."""
    if program() is None:
        pytest.skip(MISSING)
    with broker() as made:
        yield made.url


def name_of(test: str) -> str:
    """A name for the streams of one test."""
    return f"t{os.getpid()}-{abs(hash((test, time.monotonic()))) % 10**9}"
