"""Search and menus: how people find their way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, DESKTOP, PHONE

pytestmark = BROWSER


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
