"""The leader's screen, on the wall and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect
from tests.scenarios.browser.owed import WALL
from tests.scenarios.browser.person import BROWSER, PHONE, WALL_SIZE

pytestmark = BROWSER


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
