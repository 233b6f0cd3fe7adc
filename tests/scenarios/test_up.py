"""`haihe up` as a person uses it: real processes, a real port, a real database file."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from haihe.ports import free_port
from haihe.testing.database import is_sound, query
from haihe.testing.districts import migrated

pytestmark = pytest.mark.xdist_group("up")


class Running:
    """A district started with `haihe up` in a data folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.feed_port = home, free_port(), free_port()
        self.output = ""
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        environment = {**os.environ, "HAIHE_HOME": str(self.home), "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
        environment["HAIHE_FEED_PORTS"] = f"jt808={self.feed_port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "haihe.cli", "up", "--port", str(self.port)], env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        while True:
            line = self.process.stdout.readline()
            assert line, "haihe up ended before it served"
            self.output += line
            if "http://127.0.0.1" in line:
                break
        self.wait_for_health()

    def wait_for_health(self, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if json.load(urllib.request.urlopen(f"{self.url}/api/v1/health", timeout=2))["status"] == "ok":
                    return
            time.sleep(0.1)
        raise AssertionError("the web server did not answer")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def children(self) -> dict[str, int]:
        assert self.process is not None
        found = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        ).stdout
        return {line.split()[-1]: int(line.split()[0]) for line in found.splitlines() if "haihe.runtime" in line}

    def stop(self, how: int = signal.SIGTERM) -> float:
        assert self.process is not None
        started = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(timeout=15)
        return time.monotonic() - started


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    yield from started(migrated(tmp_path / "district"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One district for the tests that leave it as it was."""
    yield from started(migrated(tmp_path_factory.mktemp("up") / "district"))


@pytest.fixture
def first_time(tmp_path: Path) -> Iterator[Running]:
    yield from started(tmp_path / "district")


def started(home: Path) -> Iterator[Running]:
    district = Running(home)
    try:
        district.start()
        yield district
    finally:
        if district.process and district.process.poll() is None:
            for pid in district.children().values():
                os.kill(pid, signal.SIGKILL)
            district.process.kill()


def sign_in(running: Running, username: str) -> urllib.request.OpenerDirector:
    """Sign in over HTTP with a password that `haihe up` printed, as a browser does."""
    password = re.search(rf"{username}\W+([\w-]{{19}})", running.output)
    assert password, running.output
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = opener.open(f"{running.url}/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    body = urllib.parse.urlencode(
        {"csrfmiddlewaretoken": token[1], "username": username, "password": password[1]}
    ).encode()
    answer = opener.open(
        urllib.request.Request(f"{running.url}/sign-in/", body, {"Referer": f"{running.url}/sign-in/"})
    )
    assert answer.url.endswith("/password/"), "a first password must be changed"
    return opener


def test_first_start_prints_three_administrators_and_serves_only_this_machine(first_time: Running) -> None:
    for name in ("sysadmin", "secadmin", "auditor"):
        assert name in first_time.output
    listening = subprocess.run(
        ["python3", "-c", _LISTENING.format(port=first_time.port)], capture_output=True, text=True
    ).stdout
    assert listening.strip() == "0100007F"


# The local address, as /proc/net/tcp writes it, of whoever listens on a port.
_LISTENING = """
for line in open("/proc/net/tcp").read().splitlines()[1:]:
    address, state = line.split()[1], line.split()[3]
    if state == "0A" and int(address.split(":")[1], 16) == {port}:
        print(address.split(":")[0])
"""


def test_stops_within_seconds_although_live_pages_are_open(running: Running) -> None:
    opener = sign_in(running, "auditor")
    streams = [opener.open(f"{running.url}/live/", timeout=20) for _ in range(5)]
    assert all(b"retry" in stream.readline() for stream in streams)
    assert running.stop() < 10, "seconds also on a loaded machine; about 2 on an idle one"


def test_an_upload_beyond_the_limit_is_answered_before_anything_is_written(undisturbed: Running) -> None:
    """200 MB from somebody who has not signed in: a sentence, 413, and the server goes on."""
    connection = http.client.HTTPConnection("127.0.0.1", undisturbed.port, timeout=60)
    connection.putrequest("POST", "/plans/import/")
    connection.putheader("Content-Length", str(200 << 20))
    connection.endheaders()
    for _ in range(200):
        connection.send(b"x" * (1 << 20))
    answer = connection.getresponse()
    assert answer.status == 413 and "50 MB" in answer.read().decode()
    assert answer.headers["Content-Security-Policy"] and answer.headers["X-Frame-Options"] == "DENY"
    undisturbed.wait_for_health()


def test_a_page_answers_a_monitor_that_asks_for_its_head_only(undisturbed: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", undisturbed.port, timeout=20)
    connection.request("GET", "/sign-in/")
    whole = connection.getresponse()
    assert whole.status == 200 and whole.read()
    connection.request("HEAD", "/sign-in/")
    head = connection.getresponse()
    assert head.status == 200 and head.headers["Content-Type"] == whole.headers["Content-Type"] and not head.read()
    connection.request("HEAD", "/")
    assert connection.getresponse().status == 302
    connection.close()


def test_a_killed_part_is_started_again(running: Running) -> None:
    before = running.children()
    assert set(before) == {"web", "worker", "duties", "gateway"}
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    time.sleep(1.5)
    running.wait_for_health()
    after = running.children()
    assert set(after) == set(before) and not set(after.values()) & set(before.values())


def test_a_killed_district_leaves_a_database_that_starts(running: Running) -> None:
    parts = running.children()
    running.stop(signal.SIGKILL)
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in parts.values()):
        assert time.monotonic() < end, "the parts outlived the killed district"
        time.sleep(0.1)
    assert is_sound(running.home)
    assert query(running.home, "SELECT count(*) FROM kernel_account") == [(3,)]
    running.output = ""
    running.start()
    assert "sysadmin" not in running.output, "the administrators are made once"


def test_a_taken_port_is_a_clear_message(undisturbed: Running, tmp_path: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path / "other")}
    done = subprocess.run(
        [sys.executable, "-m", "haihe.cli", "up", "--port", str(undisturbed.port)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and "HAIHE_PORT" in done.stderr and "--port" in done.stderr


def test_the_data_folder_is_private(undisturbed: Running) -> None:
    for name in ("secret.key", "audit.key"):
        path = undisturbed.home / name
        assert not path.exists() or path.stat().st_mode & 0o077 == 0, name
    assert undisturbed.home.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not say where a process may run")
def test_the_gateway_keeps_to_one_processor_and_nobody_else_does(undisturbed: Running) -> None:
    mine = os.sched_getaffinity(0)
    kept_to = {part: os.sched_getaffinity(pid) for part, pid in undisturbed.children().items()}
    assert len(kept_to.pop("gateway") & mine) == 1
    assert all(processors == mine for processors in kept_to.values())
