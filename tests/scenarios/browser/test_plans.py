"""The supervisor's journeys over plans and their numbers."""

from __future__ import annotations

import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, DEMO, PHONE

pytestmark = BROWSER


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


def test_a_foreseen_miss_has_its_supervision_case(person) -> None:
    supervisor = person("lingdao")
    supervisor.page.goto("/programme/")
    supervisor.page.locator(".target-card h3 a", has_text="高质量数据集").click()
    expect(supervisor.page.locator("#pace")).to_contain_text("预计差")
    supervisor.page.locator("a.chip", has_text="DB-").first.click()
    supervisor.page.locator("h1", has_text="预计不达标：高质量数据集").wait_for()


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
