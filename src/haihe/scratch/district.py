"""A scratch district: `haihe up` in a folder and on ports of its own, stopped and thrown away at the end."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from haihe.kernel.errors import CheckFailed
from haihe.ports import free_port
from haihe.scratch.client import HttpClient

STARTS_WITHIN_S = 120.0
STOPS_WITHIN_S = 15.0
ROOT = "试验区人民政府"
ADMINISTRATORS = ("sysadmin", "secadmin", "auditor")


class Scratch:
    """See ScratchDistrict in kernel/systems/providing.py. `limit_s` bounds whatever a check waits for (see `begin`)."""

    def __init__(self, home: Path, *, packs: str | None = None, feeds: tuple[str, ...] = ()) -> None:
        self.home, self.port = home, free_port()
        self.feeds = {name: free_port() for name in feeds}
        self.base = f"http://127.0.0.1:{self.port}"
        self.ends_at = time.monotonic() + STARTS_WITHIN_S
        self.clients: dict[str, HttpClient] = {}
        self.made = 0
        self.units: set[str] = set()
        # Nothing of this district's own settings: neither its addresses nor its mail server nor its data.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HAIHE_")}
        self.environment = {
            **kept, "HAIHE_HOME": str(home / "home"), "HAIHE_PORT": str(self.port), "COLUMNS": "200", "HAIHE_DISTRICT": "试验区",
            "HAIHE_PACKS": os.environ.get("HAIHE_PACKS", "all") if packs is None else packs,
            "HAIHE_FEED_PORTS": ",".join(f"{name}={port}" for name, port in self.feeds.items()),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    # --- its processes ----------------------------------------------------------------------------------------------

    def start(self) -> Scratch:
        """Start it and sign its three administrators in with the passwords that it printed."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.out").open("wb") as out, (self.home / "up.err").open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "haihe.cli", "up"], env=self.environment, stdout=out, stderr=errors,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        self.until(self._answers, "试验城区没有启动。", "The scratch district did not start.")
        printed = (self.home / "up.out").read_text(encoding="utf-8")
        for name in ADMINISTRATORS:
            found = re.search(rf"{name}\s*[│|]\s*(\S+)", printed)
            if found is None:
                raise CheckFailed("没有打印初始密码。", "No first password was printed.", where=name)
            self.clients[name] = HttpClient(self.base, name, self.seconds_left).sign_in(found[1])
        self._unit_of_root()
        return self

    def _answers(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            told = (self.home / "up.err").read_text(encoding="utf-8", errors="replace")[-500:]
            raise CheckFailed("试验城区退出了。", f"The scratch district ended: {told}", where="haihe up")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return b"127.0.0.1" in (self.home / "up.out").read_bytes()
        return False

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # --- time ---------------------------------------------------------------------------------------------------------

    def begin(self, limit_s: float) -> None:
        """Whatever is asked from now on has to be answered within `limit_s`, all together."""
        self.ends_at = time.monotonic() + limit_s

    def seconds_left(self) -> float:
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise CheckFailed("检查超过时限。", "The check took too long.", where="time")
        return left

    def until(self, holds: Callable[[], Any], zh: str, en: str) -> Any:
        """The first truthy answer of `holds`, asked again and again; CheckFailed with these sentences when time is over."""
        while True:
            if answer := holds():
                return answer
            if self.ends_at - time.monotonic() < 0.3:
                raise CheckFailed(zh, en)
            time.sleep(0.2)

    # --- what checks ask for ------------------------------------------------------------------------------------------

    def _unit_of_root(self) -> None:
        self.clients["sysadmin"].post("/organisations", {"name": ROOT, "kind": "government"})
        self.units.add(ROOT)

    def unit(self, name: str, *, kind: str = "bureau", parent: str = "") -> str:
        """A unit of this name below the government (or `parent`), registered on first use."""
        if name not in self.units:
            self.clients["sysadmin"].post("/organisations", {"name": name, "kind": kind, "parent": parent or ROOT})
            self.units.add(name)
        return name

    def account(self, role: str, unit: str = "") -> HttpClient:
        """An account with the role (of the unit, where one is named), signed in; the same one each time."""
        key = f"{role} {unit}"
        if key not in self.clients:
            self.made += 1
            body = {"username": f"{role}-{self.made}", "display_name": role, "organisation": unit or ROOT}
            made = self.clients["sysadmin"].post("/accounts", body)
            self.clients["secadmin"].post(f"/accounts/{made['id']}/grants", {"role": role, "scope": unit or None})
            client = HttpClient(self.base, made["username"], self.seconds_left)
            self.clients[key] = client.sign_in(made["password"])
        return self.clients[key]

    def haihe(self, *arguments: str) -> str:
        """What the `haihe` command prints for this district; CheckFailed where it fails."""
        try:
            done = subprocess.run(
                [sys.executable, "-m", "haihe.cli", *arguments], env=self.environment, capture_output=True, text=True,
                timeout=self.seconds_left(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise CheckFailed("命令超时。", "The command took too long.", where=" ".join(arguments)[:80]) from error
        if done.returncode:
            raise CheckFailed("命令失败。", f"The command failed: {done.stderr.strip()[-300:]}", where=" ".join(arguments)[:80])  # fmt: skip
        return done.stdout

    def feed_address(self, feed: str) -> tuple[str, int]:
        """Where devices of a field protocol connect."""
        if feed not in self.feeds:
            raise CheckFailed("没有接入该协议。", "Nothing listens to this protocol.", where=feed)
        return "127.0.0.1", self.feeds[feed]


@contextlib.contextmanager
def scratch_district(*, packs: str | None = None) -> Iterator[Scratch]:
    """A started scratch district with the packs of this one (or `packs`); stopped and removed at the end."""
    from haihe.kernel.feeds.feed import all_feeds

    with tempfile.TemporaryDirectory(prefix="haihe-scratch-", ignore_cleanup_errors=True) as folder:
        scratch = Scratch(Path(folder), packs=packs, feeds=tuple(feed.name for feed in all_feeds()))
        try:
            yield scratch.start()
        finally:
            scratch.stop()
