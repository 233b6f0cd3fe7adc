"""The road on pages: the live map, a vehicle's day, an alert that becomes a case."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, DESKTOP, PHONE

pytestmark = BROWSER


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
    page.locator("[data-play]").click()
    expect(page.locator("[data-now]")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d · \d+ km/h$"))
    carrier.fits()
    carrier.owes_nothing()


@pytest.mark.parametrize(("viewport", "kind"), [(DESKTOP, "polygon"), (PHONE, "linestring")], ids=["desktop", "phone"])
def test_an_area_is_drawn_on_the_map_point_by_point(person, viewport, kind: str) -> None:
    supervisor = person("ducha", viewport)
    page = supervisor.page
    page.goto("/transport/areas/")
    page.locator("#map[data-drawn]").wait_for(timeout=30_000)
    if not page.locator("details[open] #new-area").count():
        page.locator("summary", has_text="划定区域").click()
    page.locator(f"[data-draw={kind}]").click()
    page.wait_for_timeout(1000)  # the map comes into view
    box = page.locator("#map").bounding_box()
    for across, down in ((0.4, 0.4), (0.6, 0.42), (0.58, 0.6), (0.3, 0.7)):
        page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(400)  # two clicks in a moment zoom the map
    page.get_by_role("button", name="撤销一点").click()
    page.get_by_role("button", name="完成").click()
    expect(page.locator("[data-drawn].hint")).to_have_text(re.compile(r"已画，约 [\d.]+ km"))
    geometry = json.loads(page.locator("input[name=drawn]").input_value())["geometry"]
    points = geometry["coordinates"][0] if kind == "polygon" else geometry["coordinates"]
    assert len(points) == (4 if kind == "polygon" else 3), "the fourth point was taken back"
    supervisor.fits()
    page.locator("#new-area input[name=name]").fill(f"手画{kind}")
    page.locator("#mode").select_option("forbidden")
    page.locator("#new-area button.button:not([type=button])").click()
    page.wait_for_url(re.compile(r"/transport/areas/\d+/"))
    expect(page.locator("h1")).to_contain_text(f"手画{kind}")
    drawn = json.loads(page.locator("#areas-data").inner_text())[0]["geometry"]
    assert drawn["type"] == ("Polygon" if kind == "polygon" else "LineString")
    supervisor.owes_nothing()

    page.goto(f"/transport/vehicles/1/orders/{'polygon' if kind == 'polygon' else 'route'}/")
    page.locator("#map[data-drawn]").wait_for(timeout=30_000)
    page.locator("#area").select_option(label=f"手画{kind}")
    points = page.locator("[name=points]")
    expect(points).to_have_value(re.compile(r"^(\d+\.\d{6},\d+\.\d{6}\n?){3}$"))
    page.locator("[data-draw]").click()
    expect(points).to_have_value("")
    page.get_by_role("button", name="不要了").click()
    expect(page.locator("#draw-bar")).to_be_hidden()
    supervisor.fits()
    supervisor.owes_nothing()


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
