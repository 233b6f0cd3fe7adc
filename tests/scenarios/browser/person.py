"""Somebody at a real Chromium in front of the running demo."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.scenarios.browser.owed import CONTRAST, FAULTS

import haihe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEMO = Path(haihe.__file__).parent / "demo"
PHONE, DESKTOP, WALL_SIZE = (
    {"width": 390, "height": 844}, {"width": 1366, "height": 900}, {"width": 1920, "height": 1080},
)  # fmt: skip
# What a module of journeys says of itself: one group, so that all of them share one demo and one browser.
BROWSER = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("HAIHE_BROWSER_REQUIRED"),
        reason="no Chromium on this machine (Debian: apt-get install chromium)",
    ),
]
# A page is measured as people see it: with its style sheets and letters, after the browser has drawn it.
DRAWN = "() => document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true)))))"


class Person:
    """Somebody at a browser: signed in, with every error of the page noted."""

    def __init__(self, browser, demo, username: str, viewport) -> None:
        base, passwords = demo
        self.base = base
        self.context = browser.new_context(viewport=viewport, base_url=base, locale="zh-CN", accept_downloads=True)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on(
            "request",
            lambda request: (
                None if request.url.startswith((base, "data:", "blob:")) else self.foreign.append(request.url)
            ),
        )
        if username:
            self.page.goto("/sign-in/")
            self.page.fill("#username", username)
            self.page.fill("#secret", passwords[username])
            self.page.click("main form button")
            self.page.wait_for_url(lambda url: "sign-in" not in url)

    def sees(self) -> None:
        """The page is there as people see it: loaded and drawn."""
        self.page.wait_for_load_state("load")
        self.page.evaluate(DRAWN)

    def owes_nothing(self) -> None:
        """Fields and pictures are named, headings in order, and on a phone whatever is tapped is big enough."""
        self.sees()
        faults = self.page.evaluate(FAULTS, self.page.viewport_size["width"] < 600)
        assert not faults, f"{self.page.url}: {faults}"

    def reads_well(self) -> None:
        self.sees()
        pale = self.page.evaluate(CONTRAST)
        assert not pale, f"{self.page.url}: {pale}"

    def fits(self) -> None:
        self.sees()
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"
