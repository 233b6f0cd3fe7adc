"""Places: coordinates of other systems, outlines that are checked, containment, import of outlines and of divisions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haihe.kernel import places
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, TooLarge

FIXTURES = Path(__file__).parent / "fixtures"
PAIRS = json.loads((FIXTURES / "coordinate-pairs.json").read_text())["pairs"]
CENTIMETRE_DEG = 1e-7
SQUARE = [[117.0, 39.0], [117.1, 39.0], [117.1, 39.1], [117.0, 39.1], [117.0, 39.0]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


# --- coordinates ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["place"])
def test_gcj02_agrees_with_the_published_pairs(pair: dict[str, Any]) -> None:
    """googollee/eviltransform (MIT style), given as [lat, lon] with 13 digits: agreement to 1e-9 degrees, not a tolerance of the data."""
    (wgs_lat, wgs_lon), (gcj_lat, gcj_lon) = pair["wgs84"], pair["gcj02"]
    assert places.wgs84_to_gcj02(wgs_lon, wgs_lat) == pytest.approx((gcj_lon, gcj_lat), abs=1e-9)
    assert places.gcj02_to_wgs84(gcj_lon, gcj_lat) == pytest.approx((wgs_lon, wgs_lat), abs=CENTIMETRE_DEG)


INSIDE = st.tuples(st.floats(73, 137), st.floats(2, 55))


@given(st.lists(INSIDE, min_size=1, max_size=50))
def test_the_inverse_is_exact_to_a_centimetre_anywhere_in_the_box(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    back = places.gcj02_to_wgs84(*places.wgs84_to_gcj02(lon, lat))
    assert np.allclose(back, (lon, lat), rtol=0, atol=CENTIMETRE_DEG)


@given(st.lists(INSIDE, min_size=1, max_size=50))
def test_bd09_comes_back_to_where_it_began(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    assert np.allclose(places.bd09_to_wgs84(*places.wgs84_to_bd09(lon, lat)), (lon, lat), rtol=0, atol=2e-7)


def test_the_offset_is_hundreds_of_metres_in_tianjin_and_none_abroad() -> None:
    assert 0.2 < places.distance_km(117.04, 39.38, *places.wgs84_to_gcj02(117.04, 39.38)) < 1.0
    for point in [(2.35, 48.85), (-74.0, 40.7), (139.7, 35.7), (0.0, 0.0)]:
        assert places.wgs84_to_gcj02(*point) == point == places.gcj02_to_wgs84(*point)


def test_a_column_may_hold_positions_at_home_abroad_and_missing_ones() -> None:
    lon, lat = np.array([117.04, 2.35, np.nan]), np.array([39.38, 48.85, np.nan])
    there_lon, there_lat = places.wgs84_to_gcj02(lon, lat)
    assert there_lon[0] != lon[0] and there_lat[0] != lat[0]
    assert (there_lon[1], there_lat[1]) == (2.35, 48.85) and np.isnan(there_lon[2])
    assert np.allclose(places.gcj02_to_wgs84(there_lon, there_lat), (lon, lat), atol=CENTIMETRE_DEG, equal_nan=True)


def test_cgcs2000_is_taken_as_it_is() -> None:
    assert places.cgcs2000_to_wgs84(117.04, 39.38) == (117.04, 39.38) == places.wgs84_to_cgcs2000(117.04, 39.38)


def test_distance_of_one_degree_of_latitude() -> None:
    assert float(places.distance_km(117, 39, 117, 40)) == pytest.approx(111.195, abs=0.01)


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-1.2, 1.2), st.floats(-1.2, 1.2))
def test_near_places_are_as_far_apart_on_the_plane_as_on_the_sphere(
    lon: float, lat: float, east: float, north: float
) -> None:
    there = (lon + east, max(-90.0, min(90.0, lat + north)))
    on_sphere = 6371.0088 * 2 * math.asin(min(1.0, math.sqrt(
        math.sin(math.radians(there[1] - lat) / 2) ** 2
        + math.cos(math.radians(lat)) * math.cos(math.radians(there[1])) * math.sin(math.radians(east) / 2) ** 2
    )))  # fmt: skip
    assert float(places.distance_km(lon, lat, *there)) == pytest.approx(on_sphere, rel=2e-4, abs=1e-6)
    assert places.distance_km(lon, lat, lon, lat) == 0 and np.isnan(places.distance_km(lon, lat, lon, np.nan))


# --- outlines -------------------------------------------------------------------------------------------------------

WRONG = [
    ("text", "nonsense", "not a GeoJSON geometry"),
    ("no type", {"coordinates": [117, 39]}, "not a GeoJSON geometry"),
    ("unknown type", {"type": "Circle", "coordinates": [117, 39]}, "no geometry type 'Circle'"),
    ("no coordinates", {"type": "Point"}, "A position is"),
    ("one number", {"type": "Point", "coordinates": [117]}, "A position is"),
    ("text as number", {"type": "Point", "coordinates": ["117", "39"]}, "A position is"),
    ("truth as number", {"type": "Point", "coordinates": [True, 39]}, "A position is"),
    ("infinite", {"type": "Point", "coordinates": [float("inf"), 39]}, "A position is"),
    ("swapped", {"type": "Point", "coordinates": [39.1, 117.0]}, "longitude comes first"),
    ("out of range", {"type": "Point", "coordinates": [200, 100]}, "out of range"),
    ("short line", {"type": "LineString", "coordinates": [[117, 39]]}, "two positions"),
    ("open ring", polygon(SQUARE[:-1]), "last equals the first"),
    ("three positions", polygon([SQUARE[0], SQUARE[1], SQUARE[0]]), "four positions"),
    ("no ring", polygon(), "A filled array"),
    ("bow tie", polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), "crosses or overlaps itself"),
    ("empty collection", {"type": "GeometryCollection", "geometries": []}, "holds no geometries"),
    ("nested collection", {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]}, "nested"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "message"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_no_geometry_is_refused_with_its_reason(name: str, content: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        places.check_geometry(content)


def test_an_error_names_the_very_position() -> None:
    broken = [*SQUARE[:2], [117.1, 95.0], *SQUARE[3:]]
    with pytest.raises(InvalidInput) as caught:
        places.check_geometry(polygon(broken))
    assert caught.value.where == "geometry.coordinates[0][2]"


def test_a_monstrous_outline_is_refused_before_it_is_built() -> None:
    with pytest.raises(TooLarge):
        places.check_geometry({"type": "MultiPoint", "coordinates": [[117, 39]] * 200_001})


def test_rings_may_run_either_way_and_foreign_members_are_dropped() -> None:
    checked = places.check_geometry({**polygon(SQUARE[::-1]), "crs": {"type": "name"}, "bbox": [0, 0, 1, 1]})
    assert checked == polygon(SQUARE[::-1])


def test_altitudes_are_kept() -> None:
    assert places.check_geometry({"type": "Point", "coordinates": [117, 39, 3.5]})["coordinates"] == [117.0, 39.0, 3.5]


# --- the register ---------------------------------------------------------------------------------------------------


@pytest.fixture
def supervisor(account_with: Any) -> Any:
    return account_with("supervisor")


def test_a_place_has_its_bounding_box_and_holds_what_lies_within(supervisor: Any) -> None:
    park = places.register_place(supervisor, None, kind="park", name="望河经济开发区", geometry=polygon(SQUARE))
    site = [[117.04, 39.04], [117.06, 39.04], [117.06, 39.06], [117.04, 39.06], [117.04, 39.04]]
    yard = places.register_place(supervisor, None, kind="yard", name="一号场站", geometry=polygon(site))
    assert (park.west, park.south, park.east, park.north) == (117.0, 39.0, 117.1, 39.1)
    assert places.places_containing(117.05, 39.05) == [yard, park]
    assert places.places_containing(117.0, 39.0) == [park], "the outline itself counts as within"
    assert places.places_containing(117.05, 39.05, kind="park") == [park]
    assert places.places_containing(117.2, 39.05) == []


def test_whole_columns_are_placed_at_once(supervisor: Any) -> None:
    hole = [[117.04, 39.04], [117.06, 39.04], [117.06, 39.06], [117.04, 39.06], [117.04, 39.04]]
    area = places.register_place(supervisor, None, kind="area", name="甲", geometry=polygon(SQUARE, hole))
    found = places.places_of([117.01, 117.05, np.nan, 118.0], [39.01, 39.05, 39.0, 39.0])
    assert found.rows() == [(0, area.pk)], "the hole, the missing and the far position lie nowhere"


def test_a_redrawn_or_retired_place_is_seen_at_once(supervisor: Any) -> None:
    place = places.register_place(supervisor, None, kind="area", name="甲", geometry=polygon(SQUARE))
    assert places.places_containing(117.05, 39.05) == [place]
    place = places.draw_place(supervisor, place, geometry={"type": "Point", "coordinates": [117.2, 39.2]})
    assert places.places_containing(117.05, 39.05) == []
    places.retire_place(supervisor, place, reason="合并")
    assert places.places_containing(117.2, 39.2) == []


def test_outlines_drawn_on_a_map_service_are_stored_in_wgs84(supervisor: Any) -> None:
    lon, lat = places.wgs84_to_gcj02(117.05, 39.05)
    place = places.register_place(
        supervisor, None, kind="site", name="站", geometry={"type": "Point", "coordinates": [lon, lat]}, coordinates="gcj02"
    )  # fmt: skip
    place.refresh_from_db()
    assert place.geometry["coordinates"] == pytest.approx([117.05, 39.05], abs=CENTIMETRE_DEG)
    with pytest.raises(InvalidInput, match="Unknown coordinates"):
        places.draw_place(supervisor, place, geometry=place.geometry, coordinates="xian80")


def test_a_file_of_outlines_is_imported_whole_or_not_at_all_and_twice_without_doubles(
    supervisor: Any, tmp_path: Path
) -> None:
    features = [
        {"type": "Feature", "properties": {"code": "A1", "name": "甲镇"}, "geometry": polygon(SQUARE)},
        {"type": "Feature", "properties": {"code": "A2", "name": "乙镇"}, "geometry": {"type": "Point", "coordinates": [117.3, 39.3]}},
    ]  # fmt: skip
    path = tmp_path / "towns.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    for _ in range(2):
        places.import_places(supervisor, None, content=places.read_geojson(path), kind="town")
    assert list(places.Place.objects.values_list("code", "name")) == [("A1", "甲镇"), ("A2", "乙镇")]
    features[1]["geometry"] = {"type": "Point", "coordinates": [39.3, 117.3]}
    features[0]["properties"] = {"code": "A1", "name": "改名"}
    with pytest.raises(InvalidInput) as caught:
        places.import_places(supervisor, None, content={"type": "FeatureCollection", "features": features}, kind="town")
    assert "features[1]" in caught.value.where
    assert places.find_place("town", "A1").name == "甲镇"


def test_a_file_that_is_no_json_says_so(tmp_path: Path) -> None:
    path = tmp_path / "broken.geojson"
    path.write_text('{"type": ')
    with pytest.raises(InvalidInput, match="cannot be read"):
        places.read_geojson(path)


def test_divisions_come_with_the_tree_their_codes_imply(supervisor: Any) -> None:
    """towns-120114-120119.csv: modood/Administrative-divisions-of-China, dist/streets.csv (WTFPL)."""
    rows = places.read_divisions(FIXTURES / "towns-120114-120119.csv")
    assert len(rows) == 65
    names = {"12": "天津市", "120114": "武清区", "120119": "蓟州区"}
    new = places.import_divisions(supervisor, None, rows=rows, names=names)
    assert new == 65 + 4, "the towns, two counties, their city level and the province"
    town = places.find_place("town", "120114001")
    assert [town.name, town.parent.name, town.parent.parent.name, town.parent.parent.parent.name] == ["杨村街道", "武清区", "1201", "天津市"]  # fmt: skip
    assert places.find_place("county", "120119").children.count() + town.parent.children.count() == 65
    assert places.import_divisions(supervisor, None, rows=rows, names=names) == 0, "importing again makes nothing new"


@pytest.mark.parametrize("code", ["12011", "1201140011", "12011A", "", "１２"])
def test_a_code_of_no_level_is_refused(code: str) -> None:
    with pytest.raises(InvalidInput):
        places.level_of(code)


def test_a_code_is_registered_once_and_a_place_never_lies_within_itself(supervisor: Any) -> None:
    above = places.register_place(supervisor, None, kind="area", name="甲", code="1")
    below = places.register_place(supervisor, None, kind="area", name="乙", code="2", parent=above)
    with pytest.raises(Conflict):
        places.register_place(supervisor, None, kind="area", name="丙", code="1")
    above.parent = below
    with pytest.raises(InvalidInput, match="within itself"):
        above.save()


def test_only_those_with_the_permission_register_places(account_with: Any, district: Any) -> None:
    for role in ("viewer", "officer", "auditor"):
        with pytest.raises(NotAllowed):
            places.register_place(account_with(role, district.data), None, kind="area", name="甲")


@pytest.mark.parametrize(
    ("position", "said"),
    [
        ([117.05, 39.1, 5], "altitude"),
        ([117.05, 10**400], "longitude, latitude"),
        ([117.05, 39.1, -(10**400)], "with an altitude"),
    ],
)
def test_positions_that_fuzzing_found_are_refused_with_a_sentence(position: list[float], said: str) -> None:
    """One with an altitude among others without, and whole numbers that no float can hold."""
    ring = [[117.0, 39.0], [117.1, 39.0], position, [117.0, 39.0]]
    with pytest.raises(InvalidInput, match=said):
        places.check_geometry({"type": "Polygon", "coordinates": [ring]})
