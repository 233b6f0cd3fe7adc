"""The journeys of the supervisor and of the unit officer, in a real Chromium against a real district."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect, sync_playwright
from tests.scenarios.test_up import free_port
from tests.scenarios.walk import CONTRAST, FAULTS, WALL

import haihe

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Maps draw with WebGL, in software where there is no graphics card.
ARGUMENTS = ["--no-sandbox", "--use-gl=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        CHROMIUM is None and not os.environ.get("HAIHE_BROWSER_REQUIRED"),
        reason="no Chromium on this machine (Debian: apt-get install chromium)",
    ),
]
DEMO = Path(haihe.__file__).parent / "demo"
PHONE, DESKTOP, WALL_SIZE = (
    {"width": 390, "height": 844}, {"width": 1366, "height": 900}, {"width": 1920, "height": 1080},
)  # fmt: skip


@pytest.fixture(scope="module")
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
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


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

    def owes_nothing(self) -> None:
        """Fields and pictures are named, headings in order, and on a phone whatever is tapped is big enough."""
        faults = self.page.evaluate(FAULTS, self.page.viewport_size["width"] < 600)
        assert not faults, f"{self.page.url}: {faults}"

    def reads_well(self) -> None:
        pale = self.page.evaluate(CONTRAST)
        assert not pale, f"{self.page.url}: {pale}"

    def fits(self) -> None:
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"


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


def test_the_supervisor_imports_checks_corrects_files_and_takes_the_table(person, tmp_path: Path) -> None:
    supervisor = person("ducha")
    page = supervisor.page
    assert page.url.endswith("/programme/"), "the supervisor arrives at the programme"
    text = (
        (DEMO / "plan.txt")
        .read_text(encoding="utf-8")
        .replace("人工智能与城市运行融合发展", "智慧园林建设")
        .replace("望河政办发〔2026〕3号", "望河政办发〔2026〕9号")
    )
    plan = tmp_path / "园林方案.txt"
    plan.write_text(text, encoding="utf-8")
    page.goto("/plans/")
    page.set_input_files("input[type=file]", str(plan))
    page.wait_for_url(re.compile(r"/plans/\d+/check/"), timeout=30_000)
    cards = page.locator("article[data-clause]")
    total = cards.count()
    assert total > 40 and page.locator("mark").count() > 20, "original and reading stand side by side"
    open_before = page.locator('article[data-decision="proposed"]').count()
    assert open_before == total, "nothing binds before a person said so"
    for confirmed in (1, 2):
        page.keyboard.press("c")
        expect(page.locator('article[data-decision="proposed"]')).to_have_count(open_before - confirmed)
    with page.expect_download() as download:
        page.locator("form[action$='division.xlsx'] button").first.click()
    path = tmp_path / "table.xlsx"
    download.value.save_as(path)
    rows = list(load_workbook(path)["任务分工表"].iter_rows(values_only=True))
    assert any("牵头单位" in [str(cell) for cell in row] for row in rows[:4])
    supervisor.fits()


def test_the_unit_officer_accepts_and_reports_on_a_phone_and_the_supervisor_closes(person, tmp_path: Path) -> None:
    officer = person("zhengwu", PHONE)
    page = officer.page
    assert page.url.endswith("/week/"), "an officer arrives at the week"
    officer.fits()
    accept = page.get_by_role("button", name="签收").first
    heading = page.locator("article", has=page.get_by_role("button", name="签收")).first.locator("h3").inner_text()
    accept.click()
    page.wait_for_load_state()
    page.wait_for_timeout(500)
    page.goto("/my-tasks/")
    page.get_by_role("link", name=heading).first.click()
    page.wait_for_url(re.compile(r"/tasks/\d+/"))
    officer.fits()
    evidence = tmp_path / "现场照片.png"
    evidence.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    form = page.locator("#report form").first
    form.locator("textarea[name=text]").fill("已在三个街道试点，运行正常。")
    form.locator("input[name=files][multiple]").set_input_files(str(evidence))
    form.get_by_role("button", name="提交进展").click()
    page.get_by_text("已在三个街道试点，运行正常。").first.wait_for()
    page.get_by_text("现场照片.png").first.wait_for()


def test_the_unit_answers_a_supervision_notice_on_a_phone_and_the_supervisor_closes_it(person, tmp_path: Path) -> None:
    officer = person("shujuju", PHONE)
    page = officer.page
    page.goto("/cases/?show=mine&type=plans.supervision_notice")
    page.locator(".case-table a").first.click()
    page.wait_for_url(re.compile(r"/cases/\d+/"))
    officer.fits()
    evidence = tmp_path / "整改照片.png"
    evidence.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    page.locator("#step textarea").fill("设备已到货，下周完成安装。")
    page.locator("#step input[type=file][multiple]").set_input_files(str(evidence))
    page.get_by_role("button", name="提交答复").click()
    page.get_by_text("设备已到货，下周完成安装。").first.wait_for()
    page.get_by_text("整改照片.png").first.wait_for()
    supervisor = person("ducha")
    supervisor.page.goto(page.url)
    supervisor.page.get_by_role("button", name="同意销号").click()
    supervisor.page.locator(".case-way li.done", has_text="办结").wait_for()
    page.reload()
    assert page.locator("#step").count() == 0


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_reviewing_an_entry_moves_the_number_that_leads_back_to_it(person, viewport) -> None:
    reviewer = person("shujuju", viewport)
    page = reviewer.page
    page.goto("/scenarios/")
    figure = page.locator(".figures .figure-big").first
    before = int(figure.inner_text().split()[0])
    page.goto("/scenarios/?state=waiting")
    page.locator("td a[href^='/registers/entries/']").first.click()
    title = page.locator("h1").inner_text()
    reviewer.owes_nothing()
    page.get_by_role("button", name="审核通过").click()
    page.locator("#review").wait_for(state="detached")
    page.goto("/scenarios/")
    expect(figure).to_have_text(re.compile(rf"{before + 1}\b"))
    page.locator(".figures a").first.click()
    page.wait_for_url(re.compile(r"/indicators/\d+/"))
    reviewer.fits()
    reviewer.owes_nothing()
    page.locator("td a", has_text=title).click()
    page.locator(".case-log", has_text="审核通过").wait_for()
    reviewer.fits()


def test_a_target_moves_at_once_because_an_entry_was_reviewed(person, tmp_path: Path) -> None:
    """An officer hands an entry in, the bureau accepts it, and the target of the plan shows one more and leads down to the evidence."""
    supervisor = person("ducha")
    page = supervisor.page
    page.goto("/programme/")
    page.locator(".target-card h3 a", has_text="人工智能典型应用场景").click()
    page.wait_for_url(re.compile(r"/targets/\d+/"))
    measured = page.locator("#measure .figure-big")
    before = int(measured.inner_text().split()[0])
    expect(page.locator("#pace")).to_contain_text("此前平均每月变化")
    officer = person("jiaotong", PHONE)
    officer.page.goto("/scenarios/?q=公交客流预测排班")
    officer.page.locator("td a[href^='/registers/entries/']").first.click()
    certificate = tmp_path / "典型场景申报材料.png"
    certificate.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    form = officer.page.locator("form[action$='/steps/mark/']")
    form.locator("textarea[name=text]").fill("排班准点率提高，材料附后。")
    form.locator("input[name=files][multiple]").set_input_files(str(certificate))
    form.get_by_role("button", name="申报典型场景").click()
    officer.page.locator("#review").wait_for()
    page.reload()
    expect(measured).to_have_text(re.compile(rf"^\s*{before}\b"))  # what waits for review does not count
    reviewer = person("shujuju")
    reviewer.page.goto(officer.page.url)
    reviewer.page.get_by_role("button", name="审核通过").click()
    reviewer.page.locator("#review").wait_for(state="detached")
    page.reload()
    expect(measured).to_have_text(re.compile(rf"^\s*{before + 1}\b"))
    page.locator("#measure td a", has_text="公交客流预测排班").click()
    page.locator(".case-log .accepted", has_text="审核通过").first.wait_for()
    page.get_by_text("典型场景申报材料.png").first.wait_for()


def test_a_foreseen_miss_has_its_supervision_case(person) -> None:
    supervisor = person("lingdao")
    supervisor.page.goto("/programme/")
    supervisor.page.locator(".target-card h3 a", has_text="高质量数据集").click()
    expect(supervisor.page.locator("#pace")).to_contain_text("预计差")
    supervisor.page.locator("a.chip", has_text="DB-").first.click()
    supervisor.page.locator("h1", has_text="预计不达标：高质量数据集").wait_for()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_search_finds_while_one_types_and_the_keys_lead_to_a_result(person, viewport) -> None:
    officer = person("shujuju", viewport)
    page = officer.page
    page.keyboard.press("/")
    if viewport is PHONE:
        page.wait_for_url("**/search/")
    else:
        page.keyboard.type("高质量")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search/?q=**")
    page.locator("#search-words").fill("数据集")
    expect(page.locator("#search-results .pills")).to_contain_text("登记")
    for kind in ("指标", "条款", "登记"):
        section = page.locator(".found", has=page.get_by_role("heading", name=kind, exact=True))
        expect(section.locator("mark").first).to_have_text("数据集")
    officer.fits()
    officer.owes_nothing()
    officer.reads_well()
    page.locator("#search-words").press("ArrowDown")
    first = page.locator(".found li a").first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#search-words")).to_be_focused()
    page.keyboard.press("ArrowDown")
    address = first.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{address}")


def test_the_menu_of_a_phone_shows_the_days_work_and_opens_the_rest_by_groups(person) -> None:
    officer = person("shujuju", PHONE)
    page = officer.page
    assert page.locator(".nav a").filter(visible=True).all_inner_texts()[0] == "我的一周"
    expect(page.get_by_role("link", name="高质量数据集")).to_be_hidden()
    page.get_by_role("button", name="菜单").click()
    assert page.locator(".nav-head").all_inner_texts() == ["计划", "登记", "协调", "监管", "管理"]
    officer.fits()
    officer.owes_nothing()
    officer.reads_well()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="高质量数据集")).to_be_hidden()
    page.get_by_role("button", name="菜单").click()
    page.locator(".nav").get_by_role("link", name="高质量数据集").click()
    page.wait_for_url("**/datasets/")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_sheet_that_was_handed_in_says_what_is_in_it(person, tmp_path: Path, viewport) -> None:
    officer = person("zhengwu", viewport)
    page = officer.page
    page.goto("/fill-in/")
    with page.expect_download() as download:
        page.get_by_role("button", name="下载填报表").click()
    path = tmp_path / "填报表.xlsx"
    download.value.save_as(path)
    page.locator("input[name=sheet]").set_input_files(str(path))
    page.get_by_role("button", name="上传核对").click()
    page.wait_for_url(re.compile(r"/fill-in/\d+/"))
    officer.fits()
    officer.owes_nothing()


def test_two_officers_at_one_entry_the_second_keeps_what_was_typed(person) -> None:
    first, second = person("chengguan"), person("chengguan", PHONE)
    for one in (first, second):
        one.page.goto("/scenarios/?state=opened&q=园林")
        one.page.locator("td a[href^='/registers/entries/']").first.click()
        one.page.get_by_role("link", name="修改").click()
        one.page.locator("textarea[name=problem]").wait_for()
    first.page.locator("input[name=provider]").fill("甲公司（演示）")
    first.page.get_by_role("button", name="保存").click()
    first.page.locator(".facts dd", has_text="甲公司").wait_for()
    second.page.locator("textarea[name=problem]").fill("夜里看不清。")
    second.page.get_by_role("button", name="保存").click()
    second.page.locator(".note.red", has_text="建设单位").wait_for()
    assert second.page.locator("textarea[name=problem]").input_value() == "夜里看不清。"
    second.owes_nothing()
    second.page.get_by_role("button", name="保存").click()
    second.page.locator(".facts dd", has_text="夜里看不清。").wait_for()
    expect(second.page.locator(".facts")).to_contain_text("甲公司")
    second.errors = [error for error in second.errors if "409" not in error]  # the browser's own line about the refusal


def test_a_number_without_evidence_is_refused_and_nothing_typed_is_lost(person) -> None:
    supervisor = person("ducha")
    page = supervisor.page
    page.goto("/programme/")
    page.locator(".target-card h3 a").first.click()
    page.wait_for_url(re.compile(r"/targets/\d+/"))
    form = page.locator("form[hx-post$='/report/']")
    form.locator("input[name=value]").fill("12")
    form.locator("textarea[name=text]").fill("第三季度统计数")
    form.get_by_role("button", name="填报").click()
    form.locator(".note.red").wait_for()
    assert form.locator("textarea[name=text]").input_value() == "第三季度统计数"
    supervisor.errors = [
        error for error in supervisor.errors if "422" not in error
    ]  # the browser's own line about the refusal


def test_every_figure_says_where_it_comes_from(person) -> None:
    supervisor = person("ducha")
    page = supervisor.page
    page.goto("/programme/")
    card = page.locator(".target-card").first
    card.get_by_text("这个数从哪来").click()
    chain = card.locator("ol.chain")
    chain.locator("b", has_text="条款").first.wait_for()
    chain.locator("b", has_text="口径").first.wait_for()
    assert page.locator("#chart-units svg").count() == 1 and page.locator("#chart-standing svg").count() == 1


ROAD = ["/transport/", "/transport/vehicles/", "/transport/vehicles/1/", "/transport/vehicles/1/?purpose=check", "/alerts/", "/alerts/?state=all&level=warning", "/indicators/", "/registers/"]  # fmt: skip
OVERSIGHT = ["/search/", "/search/?q=数据", "/search/?q=数据&kind=plans.task", "/systems/", "/transport/areas/", "/rules/", "/rules/transport.speeding/", "/targets/suggestions/", "/targets/12/", "/projects/", "/contacts/", "/plans/audit/"]  # fmt: skip
PAPERS = ["/papers/", "/papers/new/?kind=ledger", "/papers/new/?kind=supervision_notice", "/papers/draft/?kind=bulletin", "/papers/draft/?kind=ledger", "/fill-in/", "/packages/"]  # fmt: skip


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("ducha", ["/programme/", "/board/", "/plans/", "/plans/1/check/", "/plans/units/", "/tasks/1/", "/targets/1/", "/units/", "/account/", "/password/", "/api/v1/docs", "/cases/", "/cases/1/", "/cases/new/", "/messages/", "/scenarios/", "/datasets/", "/compute/", "/registers/entries/1/", "/registers/datasets/new/", "/plans/compare/?a=1&b=3", "/plans/3/findings/", *ROAD, *PAPERS, *OVERSIGHT]),
        ("lingdao", ["/papers/", "/packages/", "/projects/", *ROAD]), ("jiaotong", ROAD), ("shunda", ["/cases/", "/messages/", *ROAD]),
        ("shujuju", ["/week/", "/my-tasks/", "/plans/", "/account/", "/cases/?show=mine", "/messages/", "/registers/", "/registers/entries/4/", "/registers/compute/new/", "/papers/", "/fill-in/", "/search/?q=应用场景", "/systems/", "/contacts/", "/transport/areas/"]),
        ("xitong", ["/units/", "/units/paste/", "/accounts/"]),
        ("anquan", ["/accounts/"]),
        ("shenji", ["/audit/", "/plans/audit/"]),
        ("", ["/public/", "/sign-in/"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_pages_fit_the_screen_without_errors_and_load_nothing_from_elsewhere(
    person, username: str, paths: list[str], viewport
) -> None:
    one = person(username, viewport)
    for path in paths:
        answer = one.page.goto(path)
        assert answer is not None and answer.status == 200, path
        one.page.wait_for_timeout(200)
        one.fits()
        one.owes_nothing()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_live_map_moves_filters_and_leads_to_a_vehicles_day(person, viewport) -> None:
    carrier = person("shunda", viewport)
    page = carrier.page
    page.goto("/transport/")
    rows = page.locator(".vehicles button")
    rows.nth(5).wait_for(timeout=60_000)
    expect(page.locator("#map")).to_have_attribute("data-vehicles", re.compile(r"^[1-9]\d*$"), timeout=60_000)
    first = page.locator("#map").get_attribute("data-drawn")
    expect(page.locator("#map")).not_to_have_attribute("data-drawn", first or "", timeout=15_000)
    plate = rows.nth(1).locator("b").inner_text()
    page.locator("[data-find]").fill(plate)
    expect(rows).to_have_count(1)
    rows.first.click()
    expect(page.locator(".maplibregl-popup .popup-plate b")).to_have_text(plate)
    carrier.fits()
    carrier.owes_nothing()
    page.locator(".maplibregl-popup a", has_text="今日轨迹").click()
    page.wait_for_url(re.compile(r"/transport/vehicles/\d+/"))
    page.locator("#purpose").select_option("own")
    page.get_by_role("button", name="查看").click()
    page.locator("#map[data-drawn]").wait_for(timeout=30_000)
    page.locator("button.link[data-first]").first.click()
    assert page.locator("#speed canvas").count() == 1
    carrier.fits()
    carrier.owes_nothing()


def test_a_page_refreshes_itself_when_somebody_else_changed_something(person) -> None:
    """Another session of the supervisor closes a task; the open programme shows it without being touched."""
    watching, working = person("ducha"), person("ducha")
    watching.page.goto("/programme/")
    watching.page.wait_for_timeout(1500)
    before = watching.page.locator(".kpis").inner_text()
    working.page.goto("/board/?state=reported")
    working.page.locator("a[href^='/tasks/']").first.click()
    working.page.wait_for_url(re.compile(r"/tasks/\d+/"))
    working.page.get_by_role("button", name="同意办结").click()
    expect(watching.page.locator(".kpis")).not_to_have_text(before, timeout=15_000, use_inner_text=True)


def links_of(page) -> list[str]:
    """The addresses of this district to which the page leads, without what stays on the page."""
    found = page.eval_on_selector_all("a[href^='/']", "links => links.map((link) => link.getAttribute('href'))")
    return sorted({link.split("#")[0] for link in found if not link.startswith(("/evidence/", "/api/", "/static/"))})


@pytest.mark.all  # in make test the walk of every kind of page below covers them
def test_an_officer_reaches_every_page_on_a_phone_without_scrolling_sideways(person) -> None:
    """The walk follows every link that the officer's pages offer, in both languages, up to a good number of pages."""
    officer = person("shujuju", PHONE)
    page = officer.page
    for language in ("中文", "EN"):
        to_see, seen = ["/week/", "/my-tasks/", "/plans/", "/account/", "/password/"], set()
        while to_see and len(seen) < 40:
            path = to_see.pop(0)
            if path in seen:
                continue
            seen.add(path)
            answer = page.goto(path)
            assert answer is not None and answer.status == 200, path
            officer.fits()
            officer.owes_nothing()
            for details in page.locator("main details:not([open]) > summary").all():
                if details.is_visible():
                    details.click()
            officer.fits()
            to_see += links_of(page)
        assert len(seen) > 15, seen
        page.goto("/week/")
        page.get_by_role("button", name="EN" if language == "中文" else "中文").click()
        page.get_by_role("heading", name="My week" if language == "中文" else "我的一周").wait_for()


def test_every_kind_of_page_of_an_officer_works_on_a_phone(person) -> None:
    """Each kind of page that links lead to is seen once: no scrolling sideways, words that stand out, taps of 44 px, the camera
    wherever evidence is handed in, a number keyboard wherever a number is typed."""
    officer = person("jiaotong", PHONE)
    page = officer.page
    to_see, kinds = ["/week/", "/account/", "/password/", "/cases/?show=mine"], set()
    while to_see:
        path = to_see.pop(0)
        kind = re.sub(r"\d+", "N", path.split("?")[0])
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = page.goto(path)
        assert answer is not None and answer.status == 200, path
        to_see += links_of(page)
        for details in page.locator("main details:not([open]) > summary").all():
            if details.is_visible():
                details.click()
        officer.fits()
        officer.owes_nothing()
        officer.reads_well()
        for form in page.locator("main form[enctype='multipart/form-data']:not(:has(input[accept='.xlsx']))").all():
            assert form.locator("input[capture]").count() == 1, f"{path}: no camera"
        for name in ("value", "percent"):
            for field in page.locator(f"main input[name={name}]").all():
                assert field.get_attribute("inputmode") in ("decimal", "numeric"), f"{path}: {name}"
    wanted = {"/week/", "/tasks/N/", "/coordination/", "/coordination/meetings/N/", "/coordination/rounds/N/", "/coordination/ledger/N/", "/cases/N/", "/messages/"}  # fmt: skip
    assert wanted <= kinds, wanted - kinds


def test_the_leaders_screen_fits_the_wall_and_moves_when_something_is_decided(person) -> None:
    leader, coordinator = person("lingdao", WALL_SIZE), person("ducha")
    for theme in ("light", "dark"):
        leader.page.goto(f"/screen/?theme={theme}")
        smallest, cut, scrolls = leader.page.evaluate(WALL)
        assert (cut, scrolls) == ([], 0) and smallest >= 28, (smallest, cut, scrolls)
        leader.owes_nothing()
        leader.reads_well()
    to_decide = leader.page.locator(".figure", has_text="待决定的问题").locator("b")
    before = int(to_decide.inner_text())
    expect(leader.page.locator(".true .ago")).to_contain_text("秒前")
    coordinator.page.goto("/coordination/rounds/2/")
    problem = coordinator.page.locator(".problem", has=coordinator.page.locator(".choices")).first
    problem.get_by_text("不列入议定事项").click()
    problem.locator("input[name=reason]").fill("单位已自行解决")
    problem.get_by_role("button", name="确定").click()
    expect(to_decide).to_have_text(str(before - 1), timeout=15_000)


def test_the_leaders_screen_on_a_phone(person) -> None:
    leader = person("lingdao", PHONE)
    leader.page.goto("/screen/")
    leader.fits()
    leader.owes_nothing()
    leader.reads_well()


def test_a_note_is_handed_in_and_an_invitation_answered_on_a_phone(person) -> None:
    officer = person("liudu", PHONE)
    page = officer.page
    page.goto("/coordination/")
    page.get_by_role("link", name="报送情况专报").first.click()
    page.locator("textarea[name=text]").fill("两个点位已完成踏勘。")
    page.locator("textarea[name=problems]").fill("取电手续未办")
    button = page.get_by_role("button", name="报送", exact=True)
    expect(button).to_be_in_viewport()
    button.click()
    page.locator(".chip", has_text="已报第 1 稿").wait_for()
    page.goto("/coordination/")
    page.get_by_role("link", name="回复会议通知").first.click()
    page.locator("input[name=role]").fill("分管副镇长")
    page.get_by_role("button", name="出席").click()
    page.get_by_role("heading", name="已回复").wait_for()


def test_accepting_takes_one_tap_and_reporting_a_number_needs_no_manual(person, tmp_path: Path) -> None:
    """On a phone: the card says 签收, one tap answers it; the next card leads straight to the report."""
    officer = person("chengguan", PHONE)
    page = officer.page
    page.goto("/week/")
    before = page.get_by_role("button", name="签收").count()
    assert before, "the demo leaves something to accept"
    page.get_by_role("button", name="签收").first.click()
    page.locator("p.note", has_text="已签收").wait_for()
    expect(page.get_by_role("button", name="签收")).to_have_count(before - 1)
    page.get_by_role("link", name="填报进展").first.click()
    page.wait_for_url(re.compile(r"/tasks/\d+/#report"))
    photo = tmp_path / "现场.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"0" * 4096)
    form = page.locator("#report form").first
    form.locator("textarea[name=text]").fill("完成两处整改，照片附后。")
    form.locator("input[name=files][multiple]").set_input_files(str(photo))
    expect(form.locator(".names")).to_contain_text("现场.jpg")
    form.get_by_role("button", name="提交进展").click()
    page.get_by_role("link", name="现场.jpg").wait_for()


def test_the_checking_page_links_both_ways_counts_what_is_left_and_takes_back(person, tmp_path: Path) -> None:
    supervisor = person("ducha")
    page = supervisor.page
    text = (
        (DEMO / "plan.txt")
        .read_text(encoding="utf-8")
        .replace("人工智能与城市运行融合发展", "智慧水务建设")
        .replace("3号", "11号")
    )
    plan = tmp_path / "水务方案.txt"
    plan.write_text(text, encoding="utf-8")
    page.goto("/plans/")
    page.set_input_files("input[type=file]", str(plan))
    page.wait_for_url(re.compile(r"/plans/\d+/check/"), timeout=30_000)
    supervisor.owes_nothing()
    left = page.locator("#counter .left")
    total = int(left.inner_text())
    mark = page.locator("mark.target").nth(3)
    number = mark.get_attribute("data-clause")
    mark.click()
    expect(page.locator(f"#c{number}")).to_have_class(re.compile(r"\bon\b"))
    page.locator("article.clause").nth(5).click(position={"x": 200, "y": 8})
    chosen = page.locator("article.clause.on").get_attribute("data-clause")
    expect(page.locator(f'mark[data-clause="{chosen}"]').first).to_have_class(re.compile(r"\bon\b"))
    assert page.locator("[data-undo]").is_hidden(), "there is nothing to take back yet"
    page.keyboard.press("c")
    expect(left).to_have_text(str(total - 1))
    expect(page.locator(f'mark[data-clause="{chosen}"]').first).to_have_class(re.compile(r"\bsure\b"))
    page.locator("[data-undo]").click()
    expect(left).to_have_text(str(total))
    expect(page.locator("[data-undo]")).to_be_hidden()


def test_a_slow_upload_shows_how_far_it_is(person, tmp_path: Path) -> None:
    """The connection is held down to 200 kB/s: the bar and its words tell the share, then that the plan is being read."""
    supervisor = person("ducha")
    page = supervisor.page
    page.goto("/plans/")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 50, "downloadThroughput": 10**7, "uploadThroughput": 200_000},
    )
    plan = tmp_path / "大文件.txt"
    text = (DEMO / "plan.txt").read_text(encoding="utf-8").replace("人工智能与城市运行融合发展", "慢速上传试验")
    plan.write_text(text + "\n" + "附：无关文字。\n" * 30_000, encoding="utf-8")
    page.set_input_files("input[type=file]", str(plan))
    expect(page.locator("#reading p")).to_contain_text(re.compile(r"正在上传 \d+%"), timeout=10_000)
    expect(page.locator("#busy")).to_be_visible()
    page.wait_for_url(re.compile(r"/plans/(\d+/check/|\?added)"), timeout=60_000)


def test_the_supervisor_issues_a_paper_and_the_unit_reads_it_on_a_phone(person) -> None:
    supervisor = person("ducha")
    page = supervisor.page
    page.goto("/papers/")
    page.fill("input[name=code]", "望督")
    page.fill("input[name=organ]", "望河区人民政府督查室")
    page.get_by_role("button", name="设立").click()
    page.get_by_text("望督〔").first.wait_for(state="attached")
    page.get_by_role("link", name="拟催办函").click()
    page.select_option("select[name=organisation]", label="望河区数据局")
    page.get_by_role("button", name="签发").click()
    page.get_by_role("heading", name="望督〔").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="下载（Word）").click()
    assert download.value.suggested_filename.endswith(".docx")
    officer = person("shujuju", PHONE)
    officer.page.goto("/papers/")
    officer.page.get_by_role("link", name="望督〔").first.click()
    officer.page.get_by_role("link", name="查看（A4）").click()
    officer.page.locator(".mark", has_text="望河区人民政府督查室").wait_for()
    officer.fits()
    officer.owes_nothing()


# Last: by now the demo's terminals have driven long enough for the alert to have come by itself.
def test_an_alert_shows_its_place_and_leads_to_the_case_that_its_carrier_answers(person) -> None:
    """The demo's terminals drive over real TCP; the first alert comes after a minute of speeding."""
    for viewport in (DESKTOP, PHONE):
        supervisor = person("ducha", viewport)
        page = supervisor.page
        for _ in range(60):
            page.goto("/alerts/?state=all")
            if page.locator("tr", has_text="超速行驶").locator("a[href^='/cases/']").count():
                break
            page.wait_for_timeout(4000)
        supervisor.fits()
        supervisor.owes_nothing()
        page.locator("td a[href^='/alerts/']", has_text="超速行驶").first.click()
        page.locator("#map[data-drawn]").wait_for(timeout=30_000)
        expect(page.locator(".facts", has_text="超速持续")).to_be_visible()
        supervisor.fits()
        supervisor.owes_nothing()
        page.goto("/alerts/?state=all")
        page.locator("tr", has_text="超速行驶").locator("a[href^='/cases/']").first.click()
        page.locator("#map[data-drawn]").wait_for(timeout=30_000)
        supervisor.fits()
        supervisor.owes_nothing()
        page.goto("/cases/")
        supervisor.fits()
