"""Entries of registers, and the targets that move with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, DESKTOP, PHONE

pytestmark = BROWSER


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
