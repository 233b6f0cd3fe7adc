"""The live map with ten thousand moving vehicles in a real Chromium: frames a second, and the time from a frame sent to the screen.

    python benchmarks/map.py [--vehicles 10000] [--every 10] [--seconds 40] [--viewers 1] [--pictures DIR]

A fresh district (gateway, worker, duties, web), a terminal for each vehicle over real TCP, and Chromium without a window, drawing WebGL in
software, all on the same machine. Each report is a new place; the load notes when it handed the report to TCP, the page notes when it
had drawn which places (its event "drawn", then two frames of the browser), and both use the same clock. Frames are those that the
browser gives the page, first while it only follows, then while somebody drags the map all the time. `--viewers`: so many more
readers ask for the positions as the page does.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from haihe.ports import free_port
from ingest import running, set_up, wait_for
from machine import describe

HERE = Path(__file__).parent
GOAL_P95_S = 2.0
ARGUMENTS = [
    "--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# Runs before the page's own scripts: notes what was drawn when, and each frame.
NOTES = """
window.drawnPlaces = new Map(); window.frameTimes = [];
document.addEventListener("drawn", (event) => {
  const places = event.detail;
  requestAnimationFrame(() => requestAnimationFrame(() => {
    const now = Date.now();
    for (const [id, longitude, latitude] of places) {
      const key = `${id} ${Math.round(longitude * 1e6)} ${Math.round(latitude * 1e6)}`;
      if (!window.drawnPlaces.has(key)) window.drawnPlaces.set(key, now);
    }
  }));
});
const count = (now) => { window.frameTimes.push(now); requestAnimationFrame(count); };
requestAnimationFrame(count);
"""


def numbers_of_vehicles(environment: dict[str, str]) -> list[int]:
    """The vehicles' numbers on pages, in the order of their terminals."""
    program = """
from haihe.runtime import set_up_django
set_up_django()
from haihe.packs.transport.models import Terminal
print(*Terminal.objects.order_by("pk").values_list("vehicle_id", flat=True))
"""
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def edges_of_the_map() -> list[float]:
    """West, south, east, north of the district that is drawn, a little inside."""
    file = json.loads((HERE.parent / "src/haihe/demo/wanghe.geojson").read_text(encoding="utf-8"))
    outline = next(f for f in file["features"] if f["properties"]["kind"] == "outline")["geometry"]["coordinates"]
    ring = outline[0] if isinstance(outline[0][0][0], float) else outline[0][0]
    (west, east), (south, north) = ((min(axis), max(axis)) for axis in zip(*ring, strict=True))
    inside_x, inside_y = (east - west) / 12, (north - south) / 12
    return [west + inside_x, south + inside_y, east - inside_x, north - inside_y]


class Viewer(threading.Thread):
    """Another reader who has the map open: asks for what is new as the page does."""

    def __init__(self, port: int, session: str) -> None:
        super().__init__(daemon=True)
        self.address, self.session = f"http://127.0.0.1:{port}/transport/positions.json", session
        self.over = False

    def run(self) -> None:
        after = ""
        while not self.over:
            request = urllib.request.Request(  # noqa: S310
                self.address + (f"?after={after}" if after else ""), headers={"Cookie": f"sessionid={self.session}"}
            )
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                after = json.loads(answer.read()).get("after", "")
            time.sleep(1)


def frames(page: Page, seconds: float, *, drags: bool) -> tuple[float, float]:
    """(frames a second, milliseconds of the longest twentieth of the gaps between them)."""
    page.evaluate("window.frameTimes.length = 0")
    end = time.monotonic() + seconds
    if drags:
        box = page.locator("#map canvas").first.bounding_box() or {"x": 0, "y": 0, "width": 800, "height": 600}
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        while time.monotonic() < end:
            page.mouse.move(x, y)
            page.mouse.down()
            for step in range(30):
                page.mouse.move(x + 4 * (step if step < 15 else 30 - step), y + 2 * (step if step < 15 else 30 - step))
            page.mouse.up()
    else:
        page.wait_for_timeout(1000 * seconds)
    times = page.evaluate("window.frameTimes")
    gaps = sorted(b - a for a, b in itertools.pairwise(times))
    return 1000 * len(gaps) / (times[-1] - times[0]), gaps[int(0.95 * len(gaps))]


def until_drawn(sent: Path, drawn: dict[str, float], vehicles: list[int], since: float, until: float) -> list[float]:
    """Seconds from TCP to the screen of each report sent in a span of time; one that was never drawn ends the run if another
    of its vehicle was not drawn later either."""
    delays, missing = [], 0
    for line in sent.read_text().splitlines():
        number, longitude, latitude, at = json.loads(line)
        if since <= at < until:
            shown = drawn.get(f"{vehicles[number]} {longitude} {latitude}")
            if shown is None:
                missing += 1
            else:
                delays.append(shown / 1000 - at)
    if missing > 0.01 * (len(delays) + missing):
        raise SystemExit(f"{missing} of {len(delays) + missing} reports never came to the screen")
    return sorted(delays)


def measure(chosen: argparse.Namespace, folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    environment, codes, session = set_up(home, chosen.vehicles)
    vehicles = numbers_of_vehicles(environment)
    port, web_port, sent = free_port(), free_port(), folder / "sent"
    ours = {**environment, "HAIHE_FEED_PORTS": f"jt808={port}", "HAIHE_PORT": str(web_port)}
    parts = [[sys.executable, "-m", "haihe.runtime", part] for part in ("worker", "duties", "web", "gateway")]
    with running(*parts, environment=ours):
        wait_for(port)
        wait_for(web_port)
        lasts = chosen.every + 3 * chosen.seconds + 60
        load_command = [HERE / "map_load.py", port, chosen.every, lasts, codes, sent, *edges_of_the_map()]
        load = subprocess.Popen([sys.executable, *map(str, load_command)], stdout=subprocess.PIPE, text=True)
        try:
            assert load.stdout
            if load.stdout.readline() != "ready\n":
                raise SystemExit("the terminals did not come in")
            time.sleep(chosen.every + 2)
            look(chosen, web_port, session, load, sent, vehicles)
        finally:
            load.kill()


def look(
    chosen: argparse.Namespace, web_port: int, session: str, load: subprocess.Popen[str], sent: Path, vehicles: list[int]
) -> None:  # fmt: skip
    viewers = [Viewer(web_port, session) for _ in range(chosen.viewers - 1)]
    for viewer in viewers:
        viewer.start()
    base = f"http://127.0.0.1:{web_port}"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=base, locale="zh-CN")
        context.add_cookies([{"name": "sessionid", "value": session, "url": base}])
        page = context.new_page()
        page.add_init_script(NOTES)
        page.goto("/transport/")
        wait_for_map(page, "vehicles", 0.99 * chosen.vehicles)
        page.wait_for_timeout(3000)
        spans = []
        for drags in (False, True):
            began = time.time()
            spans.append((began, time.time, *frames(page, chosen.seconds, drags=drags)))
            spans[-1] = (began, time.time(), *spans[-1][2:])
            page.wait_for_timeout(4000)  # until what was sent last is drawn
        drawn = dict(page.evaluate("[...window.drawnPlaces]"))
        if chosen.pictures:
            photographed(page, context, chosen.pictures, base, chosen.vehicles)
        browser.close()
    for viewer in viewers:
        viewer.over = True
    load.wait(600)
    for what, (since, until, rate, gap) in zip(("follows", "is dragged"), spans, strict=True):
        delays = until_drawn(sent, drawn, vehicles, since, until)
        p50, p95, p99 = (delays[int(share * len(delays))] for share in (0.5, 0.95, 0.99))
        print(
            f"{chosen.vehicles:,} vehicles, {chosen.vehicles / chosen.every:,.0f} reports/s, the page {what}: {rate:.1f} frames/s (95 % of gaps within {gap:.0f} ms);"
            f" frame to screen p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s of {len(delays):,} (goal p95 {GOAL_P95_S:.0f} s: {GOAL_P95_S / p95:.2f} × of it)",
            flush=True,
        )


def wait_for_map(page: Page, what: str, least: float) -> None:
    """Until the map says of itself that it has drawn so often, or shows so many vehicles."""
    end = time.monotonic() + 60
    while float(page.locator("#map").get_attribute(f"data-{what}") or 0) < least:
        if time.monotonic() > end:
            raise SystemExit(f"the map does not come to {least:.0f} {what}")
        page.wait_for_timeout(300)


def photographed(page: Page, context: object, folder: Path, base: str, vehicles: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"map-{vehicles}-1440.png"))
    page.locator("#map canvas").first.hover()
    for _ in range(4):
        page.mouse.wheel(0, -400)
        page.wait_for_timeout(700)
    page.wait_for_timeout(2500)
    page.screenshot(path=str(folder / f"map-{vehicles}-1440-near.png"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/transport/")
    wait_for_map(page, "drawn", 2)
    page.wait_for_timeout(1500)
    page.screenshot(path=str(folder / f"map-{vehicles}-390.png"), full_page=True)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--vehicles", type=int, default=10_000)
    options.add_argument("--every", type=float, default=10, help="seconds between two reports of a vehicle")
    options.add_argument("--seconds", type=float, default=40, help="of each of the two spans")
    options.add_argument("--viewers", type=int, default=1)
    options.add_argument("--pictures", type=Path)
    chosen = options.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, most),) * 2)
    print(f"machine: {describe()}")
    with tempfile.TemporaryDirectory(prefix="haihe-map-") as folder:
        measure(chosen, Path(folder))


if __name__ == "__main__":
    main()
