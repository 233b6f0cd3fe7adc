"""Every page fits, names its fields and loads nothing from elsewhere."""

from __future__ import annotations

import re

import pytest
from tests.scenarios.browser.person import BROWSER, DESKTOP, PHONE

pytestmark = BROWSER

ROAD = ["/transport/", "/transport/vehicles/", "/transport/vehicles/1/", "/transport/vehicles/1/?purpose=check", "/alerts/", "/alerts/?state=all&level=warning", "/indicators/", "/registers/"]  # fmt: skip
OVERSIGHT = ["/search/", "/search/?q=数据", "/search/?q=数据&kind=plans.task", "/systems/", "/transport/areas/", "/rules/", "/rules/transport.speeding/", "/targets/suggestions/", "/targets/12/", "/projects/", "/contacts/", "/plans/audit/"]  # fmt: skip
PAPERS = ["/papers/", "/papers/new/?kind=ledger", "/papers/new/?kind=supervision_notice", "/papers/draft/?kind=bulletin", "/papers/draft/?kind=ledger", "/fill-in/", "/packages/"]  # fmt: skip


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("ducha", ["/programme/", "/board/", "/plans/", "/plans/1/check/", "/plans/units/", "/tasks/1/", "/targets/1/", "/units/", "/account/", "/password/", "/api/v1/docs", "/cases/", "/cases/1/", "/cases/new/", "/messages/", "/scenarios/", "/datasets/", "/compute/", "/registers/entries/1/", "/registers/datasets/new/", "/plans/compare/?a=1&b=3", "/plans/3/findings/", *ROAD, *PAPERS, *OVERSIGHT]),
        pytest.param("lingdao", ["/papers/", "/packages/", "/projects/", *ROAD], marks=pytest.mark.all),
        pytest.param("jiaotong", ROAD, marks=pytest.mark.all), ("shunda", ["/cases/", "/messages/", *ROAD]),
        ("shujuju", ["/week/", "/my-tasks/", "/plans/", "/account/", "/cases/?show=mine", "/messages/", "/registers/", "/registers/entries/4/", "/registers/compute/new/", "/papers/", "/fill-in/", "/search/?q=应用场景", "/systems/", "/contacts/", "/transport/areas/"]),
        ("xitong", ["/units/", "/units/paste/", "/accounts/"]),
        ("anquan", ["/accounts/"]),
        ("shenji", ["/audit/", "/plans/audit/"]),
        ("", ["/public/", "/sign-in/"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_pages_fit_the_screen_without_errors_and_load_nothing_from_elsewhere(
    person, username: str, paths: list[str]
) -> None:
    """Each page is opened on a phone and then drawn wider, as when a tablet is turned."""
    one = person(username, PHONE)
    for path in paths:
        one.page.set_viewport_size(PHONE)
        answer = one.page.goto(path)
        assert answer is not None and answer.status == 200, path
        for size in (PHONE, DESKTOP):
            one.page.set_viewport_size(size)
            one.fits()
            one.owes_nothing()


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
