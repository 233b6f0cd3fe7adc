"""One demo district for all journeys, a Chromium for each module of them, and as many people as a journey needs."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import sync_playwright
from tests.scenarios.browser.person import CHROMIUM, DESKTOP, Person

from haihe.ports import free_port

# Maps draw with WebGL, in software where there is no graphics card.
ARGUMENTS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The demo district, running: its address and the passwords of its accounts."""
    home, port = tmp_path_factory.mktemp("demo") / "district", free_port()
    environment = {**os.environ, "HAIHE_HOME": str(home), "COLUMNS": "200", "HAIHE_FEED_PORTS": f"jt808={free_port()}"}
    running = subprocess.Popen(
        [sys.executable, "-m", "haihe.cli", "demo", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 120
        while True:
            assert time.monotonic() < end and running.poll() is None, "the demo did not start"
            with contextlib.suppress(OSError):
                if json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=2))[
                    "accounts_exist"
                ]:
                    break
            time.sleep(0.3)
        accounts = dict(
            re.findall(r"^(\w+)\s+([\w-]{19})", (home / "demo-accounts.txt").read_text(encoding="utf-8"), re.MULTILINE)
        )
        yield f"http://127.0.0.1:{port}", accounts
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=15)


@pytest.fixture(scope="module")
def browser() -> Iterator:
    # Not for the session: while Playwright's loop runs in this process, Django refuses every other test of it.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def person(browser, demo) -> Iterator:
    people: list[Person] = []

    def make(username: str, viewport=DESKTOP) -> Person:
        people.append(Person(browser, demo, username, viewport))
        return people[-1]

    yield make
    for one in people:
        assert not one.errors, one.errors
        assert not one.foreign, f"loads from elsewhere: {one.foreign}"
        one.context.close()
