"""Pictures of the pages for docs/pages.md and the README: a demo district of its own, a real Chromium, desktop and phone.

    make pictures            # needs Debian's chromium and fonts-noto-cjk
    python tools/pictures.py week        # only the pages whose name holds the word

Writes docs/pictures/NAME-desktop.png (1280 × 800) and NAME-phone.png (390 × 844) and says how big each is; more than 270 KB is an
error. Nothing real is shown: district, bureaus and figures are the fictional demo.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from paper_pictures import take_papers
from playwright.sync_api import Browser, Page, sync_playwright

from haihe.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
LARGEST_BYTES = 270_000
SIZES = {
    "desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}, "wall": {"width": 1280, "height": 720},
}  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A page as one account sees it. An `address` without a slash is found by clicking (go_to)."""

    name: str
    account: str
    address: str
    sizes: tuple[str, ...] = ("desktop", "phone")
    english: bool = False
    height: int = 0  # of the desktop's window where more of the page is worth showing


PICTURES = (
    Picture("sign-in", "", "/sign-in/", ("phone",)),
    Picture("public", "", "/public/"),
    Picture("programme", "ducha", "/programme/", height=1430),
    Picture("programme-english", "ducha", "/programme/", ("desktop",), english=True),
    Picture("board", "ducha", "/board/"),
    Picture("documents", "ducha", "/plans/", ("desktop",)),
    Picture("check", "ducha", "check"),
    Picture("target", "ducha", "target"),
    Picture("target-measured", "ducha", "measured", height=1180),
    Picture("suggestions", "ducha", "/targets/suggestions/", ("desktop",)),
    Picture("compare", "ducha", "/plans/compare/?a=1&b=3", ("desktop",), height=1000),
    Picture("findings", "ducha", "/plans/3/findings/", ("desktop",)),
    Picture("audit-checks", "shenji", "/plans/audit/", ("desktop",)),
    Picture("projects", "ducha", "/projects/", ("desktop",)),
    Picture("contacts", "ducha", "/contacts/", ("desktop",)),
    Picture("search", "ducha", "/search/?q=数据集", height=1000),
    Picture("menu", "shujuju", "menu", ("phone",)),
    Picture("systems", "ducha", "/systems/", ("desktop",), height=1000),
    Picture("units-link", "ducha", "/plans/units/", ("desktop",)),
    Picture("week", "shujuju", "/week/"),
    Picture("task", "shujuju", "task"),
    Picture("papers", "ducha", "/papers/"),
    Picture("fill-in", "shujuju", "/fill-in/", ("phone",)),
    Picture("packages", "ducha", "/packages/", ("desktop",)),
    Picture("coordination", "ducha", "/coordination/", ("desktop",), height=1180),
    Picture("coordination", "jiaotong", "/coordination/", ("phone",)),
    Picture("meeting", "ducha", "/coordination/meetings/1/", ("desktop",), height=1240),
    Picture("meeting", "jiaotong", "/coordination/meetings/2/", ("phone",)),
    Picture("round", "ducha", "/coordination/rounds/2/", ("desktop",), height=1160),
    Picture("round", "jiaotong", "/coordination/rounds/2/", ("phone",)),
    Picture("ledger", "ducha", "/coordination/ledger/", ("desktop",), height=960),
    Picture("year-plan", "jiaotong", "/coordination/ledger/1/", ("phone",)),
    Picture("screen", "lingdao", "/screen/", ("wall", "phone")),
    Picture("live-map", "ducha", "map", height=860),
    Picture("areas", "ducha", "areas", ("desktop",)),
    Picture("carriers", "jiaotong", "/transport/carriers/", height=1000),
    Picture("vehicle-day", "ducha", "day", height=1020),
    Picture("orders", "ducha", "orders", height=1000),
    Picture("order", "ducha", "/transport/vehicles/1/orders/photograph/", height=1000),
    Picture("reports", "ducha", "reports"),
    Picture("alerts", "ducha", "/alerts/?state=all"),
    Picture("alert", "ducha", "alert", ("desktop",), height=960),
    Picture("alert-case", "jiaotong", "alert-case", ("phone", "desktop"), height=860),
    Picture("rule", "ducha", "/rules/transport.speeding/", ("phone",)),
    Picture("rules", "ducha", "/rules/", ("desktop",)),
    Picture("rule-trial", "ducha", "trial", ("desktop",), height=860),
    Picture("spot-checks", "jiaotong", "/transport/checks/", ("desktop",)),
    Picture("spot-check", "jiaotong", "/transport/checks/2/", ("phone",)),
    Picture("rosters", "jiaotong", "/rosters/", ("desktop",)),
    Picture("rosters", "shunda", "/rosters/", ("phone",)),
    Picture("roster", "jiaotong", "/rosters/1/", height=1100),
    Picture("indicators", "lingdao", "/indicators/", ("desktop",)),
    Picture("register", "shujuju", "/scenarios/", height=1100),
    Picture("register-entry", "shujuju", "register-entry", ("desktop",), height=900),
    Picture("registers", "shujuju", "/registers/", ("desktop",)),
    Picture("indicator", "lingdao", "indicator", ("desktop",), height=900),
    Picture("units", "xitong", "/units/", ("desktop",)),
    Picture("accounts", "anquan", "/accounts/", ("desktop",)),
    Picture("audit", "shenji", "/audit/", ("desktop",)),
)


@contextmanager
def demo_district() -> Iterator[tuple[str, dict[str, str]]]:
    """The demo in a folder that goes away again: its address, and the passwords by account."""
    with tempfile.TemporaryDirectory() as folder:
        port, home = free_port(), Path(folder) / "district"
        command = [sys.executable, "-m", "haihe.cli", "demo", "--port", str(port)]
        environment = {**os.environ, "HAIHE_HOME": str(home), "HAIHE_FEED_PORTS": f"jt808={free_port()}"}
        running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_up(f"http://127.0.0.1:{port}/api/v1/health", running)
            text = (home / "demo-accounts.txt").read_text(encoding="utf-8")
            yield f"http://127.0.0.1:{port}", dict(re.findall(r"^(\w+)\s+([\w-]{19})", text, re.MULTILINE))
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(timeout=15)


def wait_until_up(address: str, running: subprocess.Popen[bytes], limit_s: float = 180) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end and running.poll() is None:
        with suppress(OSError):
            if json.load(urllib.request.urlopen(address, timeout=2))["accounts_exist"]:  # noqa: S310  (our own address)
                return
        time.sleep(0.3)
    raise SystemExit("演示区没有启动。The demo district did not start.")


def sign_in(page: Page, account: str, password: str) -> None:
    page.goto("/sign-in/")
    page.fill("#username", account)
    page.fill("#secret", password)
    page.click("main form button")
    page.wait_for_url(lambda url: "sign-in" not in url)


def import_a_second_plan(page: Page) -> str:
    """A plan that nobody has checked yet, for the checking page; the address of that page."""
    text = (ROOT / "src/haihe/demo/plan.txt").read_text(encoding="utf-8")
    for old, new in (("人工智能与城市运行融合发展", "智慧园林建设"), ("3号", "9号")):
        text = text.replace(old, new)
    page.goto("/plans/")
    file = {"name": "园林方案.txt", "mimeType": "text/plain", "buffer": text.encode()}
    page.set_input_files("input[type=file]", files=[file])  # type: ignore[list-item]
    page.wait_for_url(re.compile(r"/plans/\d+/check/"), timeout=60_000)
    return page.url


def go_to(page: Page, picture: Picture, checking: str) -> None:
    """Open the picture's page and bring it into the state worth showing."""
    if picture.address == "check":
        page.goto(checking)
    elif picture.address == "target":
        page.goto("/programme/?state=at_risk")
        page.locator(".target-card h3 a").first.click()
    elif picture.address == "task":
        page.goto("/week/")
        page.locator("article", has=page.locator(".note")).locator("h3 a").first.click()
    elif picture.address == "register-entry":
        page.goto("/scenarios/?state=waiting")
        page.locator("td a[href^='/registers/entries/']").first.click()
    elif picture.address == "measured":
        page.goto("/programme/")
        page.locator(".target-card h3 a", has_text="高质量数据集").click()
    elif picture.address == "menu":
        page.get_by_role("button", name="菜单").click()
    elif picture.address == "areas":
        page.goto("/transport/areas/")
        drawn(page)
    elif picture.address == "indicator":
        page.goto("/scenarios/")
        page.locator(".figures a").first.click()
    elif picture.address in ROAD:
        ROAD[picture.address](page)
    else:
        page.goto(picture.address)
    page.wait_for_load_state()
    page.wait_for_timeout(600)  # charts are drawn after loading


def wait_for_an_alert(page: Page) -> None:
    """The demo's vehicles drive over real TCP: the first alert with its case takes a minute or two."""
    for _ in range(90):
        page.goto("/alerts/?state=all")
        if page.locator("td a[href^='/cases/']").count():
            return
        page.wait_for_timeout(3000)
    raise SystemExit("没有出现预警。No alert came up.")


def show_live_map(page: Page) -> None:
    wait_for_an_alert(page)
    page.goto("/transport/")
    drawn(page)
    page.locator(".vehicles li").nth(40).wait_for(state="attached")
    page.wait_for_timeout(3000)  # the whole district, with every vehicle where it is
    page.evaluate("window.scrollTo(0, 0)")


def show_day(page: Page) -> None:
    """The day of the vehicle that the first alert is about."""
    show_alert(page)
    page.locator(".facts a[href^='/transport/vehicles/']").click()
    page.wait_for_url(re.compile(r"/transport/vehicles/"))
    page.goto(f"{page.url}?purpose=check")
    drawn(page)


def show_alert(page: Page) -> None:
    wait_for_an_alert(page)
    page.locator("tr", has=page.locator("a[href^='/cases/']")).first.locator("a[href^='/alerts/']").click()
    drawn(page)


def show_trial(page: Page) -> None:
    """What lower limits would have raised in what the demo's vehicles have driven so far."""
    wait_for_an_alert(page)
    page.goto("/rules/transport.speeding/")
    for use in ("freight", "hazmat"):
        page.locator(f"[name='speed_limit_kmh:{use}']").fill("60")
    page.locator("form[action*=trials] button").click()
    page.locator(".beside").wait_for()


def show_case(page: Page) -> None:
    wait_for_an_alert(page)
    page.locator("td a[href^='/cases/']").first.click()
    drawn(page)


def show_orders(page: Page) -> None:
    """A vehicle whose terminal has answered: where it is, and a picture."""
    page.goto("/transport/vehicles/1/orders/call_position/")
    page.click("main form button")
    page.wait_for_url(re.compile(r"/orders/$"))
    page.goto("/transport/vehicles/1/orders/photograph/")
    page.fill("#reason", "（演示）核查疲劳驾驶预警")
    page.click("main form button")
    page.wait_for_url(re.compile(r"/orders/$"))
    for _ in range(40):
        page.goto("/transport/vehicles/1/orders/")
        if page.locator("main .chip.green").count() >= 2:
            return
        page.wait_for_timeout(1500)
    raise SystemExit("终端没有应答。The terminal did not answer.")


def show_reports(page: Page) -> None:
    show_orders(page)
    page.goto("/transport/vehicles/1/reports/")


def drawn(page: Page) -> None:
    page.locator("#map[data-drawn]").wait_for()


ROAD: dict[str, Callable[[Page], None]] = {
    "map": show_live_map, "day": show_day, "alert": show_alert, "alert-case": show_case, "trial": show_trial,
    "orders": show_orders, "reports": show_reports,
}  # fmt: skip


def take(browser: Browser, base: str, passwords: dict[str, str], words: list[str]) -> None:
    if not words or any("paper" in word for word in words):
        issue_papers(browser, base, passwords["ducha"])
    checking = ""
    for picture in PICTURES:
        for size in picture.sizes:
            name = f"{picture.name}-{size}.png"
            if words and not any(word in name for word in words):
                continue
            window = {**SIZES[size], **({"height": picture.height} if picture.height and size == "desktop" else {})}
            context = browser.new_context(viewport=window, base_url=base, locale="zh-CN")  # type: ignore[arg-type]
            page = context.new_page()
            if picture.account:
                sign_in(page, picture.account, passwords[picture.account])
            if picture.address == "check":
                checking = checking or import_a_second_plan(page)
            if picture.english:
                page.get_by_role("button", name="EN").click()
            go_to(page, picture, checking)
            page.screenshot(path=FOLDER / name)
            if picture.english:
                page.get_by_role("button", name="中文").click()
            context.close()
            report(FOLDER / name)


def issue_papers(browser: Browser, base: str, password: str) -> None:
    """The papers themselves; afterwards the page of papers has something to show."""
    context = browser.new_context(viewport=SIZES["desktop"], base_url=base, locale="zh-CN")  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, "ducha", password)
    for path in take_papers(page, FOLDER):
        report(path)
    context.close()


def report(path: Path) -> None:
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {size / 1000:.0f} KB")
    if size > LARGEST_BYTES:
        raise SystemExit(f"{path.name} 大于 270 KB。{path.name} is larger than 270 KB.")


def main(words: list[str]) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("需要 Chromium：apt-get install chromium fonts-noto-cjk。Chromium is needed.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo_district() as (base, passwords), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--lang=zh-CN"], env={**os.environ, "LANGUAGE": "zh_CN"}
        )  # fmt: skip
        take(browser, base, passwords, words)
        browser.close()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("words", nargs="*", help="only pages whose name holds one of them")
    main(options.parse_args().words)
