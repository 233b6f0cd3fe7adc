"""Areas for vehicles: what is drawn, for whom it holds, who may change it, and that the rule's fact follows at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from haihe.kernel.alerts.processing import things_for
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.organisations import Organisation
from haihe.packs.transport import services
from haihe.packs.transport.models import Area
from haihe.packs.transport.tests.test_area_rule import at_km, box


@pytest.fixture
def road(district: SimpleNamespace, account_with: Callable[..., Any]) -> SimpleNamespace:
    supervisor = account_with("supervisor", district.government)
    units = [Organisation.objects.create(name=n, kind="enterprise", parent=district.city) for n in ("甲运输", "乙运输")]
    carriers = [services.register_carrier(supervisor, unit) for unit in units]
    vehicles = [services.register_vehicle(supervisor, c, plate=f"模Q{i}123") for i, c in enumerate(carriers)]
    own = account_with("officer", units[0])
    return SimpleNamespace(supervisor=supervisor, own=own, carriers=carriers, vehicles=vehicles, district=district)


def fact_of(vehicle: Any) -> list[dict[str, Any]]:
    rows = things_for(RULES["transport.area"]).filter(thing=vehicle.thing_id)["areas"].to_list()
    return json.loads(rows[0]) if rows[0] else []


def test_the_rule_reads_what_was_assigned_released_and_retired(road: SimpleNamespace) -> None:
    one = services.draw_area(road.supervisor, None, name="甲", mode="permitted", geometry=box(-1, -1, 1, 1))
    two = services.draw_area(road.supervisor, None, name="乙", mode="forbidden", geometry=box(2, 2, 3, 3))
    assert services.assign_area(road.supervisor, one, vehicles=road.vehicles) == 2
    assert services.assign_area(road.supervisor, one, vehicles=road.vehicles) == 0
    services.assign_area(road.supervisor, two, vehicles=road.vehicles[:1])
    assert [(row["name"], row["mode"]) for row in fact_of(road.vehicles[0])] == [
        ("甲", "permitted"),
        ("乙", "forbidden"),
    ]
    assert services.release_area(road.supervisor, one, vehicles=road.vehicles[:1]) == 1
    assert [row["name"] for row in fact_of(road.vehicles[0])] == ["乙"]
    services.retire_area(road.supervisor, two, reason="不再需要")
    assert fact_of(road.vehicles[0]) == [] and [row["name"] for row in fact_of(road.vehicles[1])] == ["甲"]
    with pytest.raises(Conflict):
        services.assign_area(road.supervisor, two, vehicles=road.vehicles)


def test_other_facts_of_the_vehicle_stay(road: SimpleNamespace) -> None:
    area = services.draw_area(road.supervisor, None, name="甲", mode="permitted", geometry=box(-1, -1, 1, 1))
    services.assign_area(road.supervisor, area, vehicles=road.vehicles)
    thing = road.vehicles[0].thing
    before = dict(thing.attributes)
    thing.refresh_from_db()
    assert {k: v for k, v in thing.attributes.items() if k != "areas"} == before and "areas" in thing.attributes


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        ({"type": "Point", "coordinates": [117, 39]}, "Polygon"), ({"type": "FeatureCollection", "features": []}, "Polygon"),
        ({"type": "Polygon", "coordinates": [[[117, 39], [118, 40], [118, 39], [117, 40], [117, 39]]]}, "crosses"),
        ({"type": "LineString", "coordinates": [at_km(x / 100, x % 2) for x in range(3000)]}, "500"), ("text", "GeoJSON"),
        ({"type": "GeometryCollection", "geometries": [box(0, 0, 1, 1)]}, "Polygon"),
    ],
)  # fmt: skip
def test_what_is_no_area_or_road_is_refused(road: SimpleNamespace, geometry: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        services.draw_area(road.supervisor, None, name="坏", mode="permitted", geometry=geometry)
    assert not Area.objects.exists()


def test_several_polygons_become_one_area(road: SimpleNamespace) -> None:
    features = [{"type": "Feature", "properties": {}, "geometry": box(x, 0, x + 1.5, 1)} for x in (0, 1, 5)]
    content = {"type": "FeatureCollection", "features": features}
    area = services.draw_area(road.supervisor, None, name="合", mode="permitted", geometry=content)
    assert area.place.geometry["type"] == "MultiPolygon" and len(area.place.geometry["coordinates"]) == 2


def test_carriers_see_their_own_areas_and_change_none(
    road: SimpleNamespace, signed_in: Callable[[Any], Client]
) -> None:
    mine, other = (services.draw_area(road.supervisor, None, name=n, mode="permitted", geometry=box(-1, -1, 1, 1)) for n in "甲乙")  # fmt: skip
    services.assign_area(road.supervisor, mine, vehicles=road.vehicles)
    services.assign_area(road.supervisor, other, vehicles=road.vehicles[1:])
    browser = signed_in(road.own)
    page = browser.get(f"/transport/areas/{mine.pk}/").content.decode()
    assert "模Q0123" in page and "模Q1123" not in page
    assert browser.get(f"/transport/areas/{other.pk}/").status_code == 404
    assert browser.post(f"/transport/areas/{mine.pk}/release/", {"vehicle": road.vehicles[0].pk}).status_code == 403
    with pytest.raises(NotAllowed):
        services.draw_area(road.own, None, name="丙", mode="permitted", geometry=box(0, 0, 1, 1))


def test_a_supervisor_draws_from_a_file_and_from_the_base_map(road: SimpleNamespace, signed_in: Callable[[Any], Client]) -> None:  # fmt: skip
    browser = signed_in(road.supervisor)
    file = SimpleUploadedFile("a.geojson", json.dumps(box(-1, -1, 1, 1)).encode())
    answer = browser.post(
        "/transport/areas/new/", {"name": "文件", "mode": "permitted", "coordinates": "gcj02", "file": file}
    )
    drawn = Area.objects.get(place__name="文件")
    assert answer.status_code == 302 and answer.headers["Location"] == f"/transport/areas/{drawn.pk}/"
    shifted = drawn.place.geometry["coordinates"][0][0]
    assert 0.001 < abs(shifted[0] - at_km(-1, -1)[0]) < 0.02, "GCJ-02 was not turned into WGS 84"
    browser.post("/transport/areas/new/", {"name": "底图", "mode": "forbidden", "outline": "0"})
    assert Area.objects.get(place__name="底图").mode == "forbidden"
    line = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "LineString", "coordinates": [at_km(0, 0), at_km(1, 1)]},
    }
    browser.post(
        "/transport/areas/new/",
        {"name": "手画", "mode": "permitted", "coordinates": "gcj02", "drawn": json.dumps(line)},
    )
    assert Area.objects.get(place__name="手画").place.geometry["coordinates"][1] == pytest.approx(at_km(1, 1)), (
        "the map is WGS 84"
    )
    for wrong in (
        {"outline": "999"},
        {},
        {"drawn": "{no json"},
        {"drawn": "{}"},
        {"file": SimpleUploadedFile("b.geojson", b"{no json")},
    ):
        assert browser.post("/transport/areas/new/", {"name": "坏", "mode": "permitted", **wrong}).status_code == 422
    assert "文件" in browser.get("/transport/areas/").content.decode()


def test_a_supervisor_assigns_by_plates_or_by_carrier(road: SimpleNamespace, signed_in: Callable[[Any], Client]) -> None:  # fmt: skip
    area = services.draw_area(road.supervisor, None, name="甲", mode="permitted", geometry=box(-1, -1, 1, 1))
    browser, address = signed_in(road.supervisor), f"/transport/areas/{area.pk}"
    assert browser.post(f"{address}/vehicles/", {}).status_code == 422
    assert browser.post(f"{address}/vehicles/", {"plates": "模Q0123，模Q9999"}).status_code == 422
    browser.post(f"{address}/vehicles/", {"plates": "模Q0123"})
    browser.post(f"{address}/vehicles/", {"carrier": road.carriers[1].pk})
    assert area.assignments.count() == 2
    browser.post(f"{address}/release/", {"vehicle": [v.pk for v in road.vehicles]})
    assert area.assignments.count() == 0
    browser.post(f"{address}/retire/", {"reason": "停用"})
    assert "甲" not in [row.place.name for row in Area.objects.filter(place__retired_at=None)]


def test_an_order_with_places_offers_the_drawn_areas_that_it_can_carry(road: SimpleNamespace, signed_in: Callable[[Any], Client]) -> None:  # fmt: skip
    ring, hole = box(-2, -2, 2, 2)["coordinates"][0], box(-1, -1, 1, 1)["coordinates"][0]
    shapes = {
        "甲": box(-1, -1, 1, 1), "有洞": {"type": "Polygon", "coordinates": [ring, hole]}, "路": {"type": "LineString", "coordinates": [at_km(0, 0), at_km(1, 1)]},
    }  # fmt: skip
    for name, geometry in shapes.items():
        services.draw_area(road.supervisor, None, name=name, mode="permitted", geometry=geometry)
    address = f"/transport/vehicles/{road.vehicles[0].pk}/orders"
    browser = signed_in(road.supervisor)
    offered = {name: browser.get(f"{address}/{name}/").context["areas"] for name in ("polygon", "route", "circle")}
    assert {name: [area["name"] for area in areas] for name, areas in offered.items()} == {
        "polygon": ["甲"],
        "route": ["路"],
        "circle": [],
    }
    page = browser.get(f"{address}/polygon/").content.decode()
    assert 'data-draw="polygon"' in page and "terra-draw.js" in page and '<option value="0">甲</option>' in page
    assert "terra-draw.js" not in browser.get(f"{address}/photograph/").content.decode()
    own = signed_in(road.own).get(f"{address}/polygon/").context["areas"]
    assert own == [], "none holds for its vehicles"
