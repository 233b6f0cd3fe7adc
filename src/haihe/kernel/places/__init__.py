"""Places: administrative areas and sites, their outlines (GeoJSON, WGS 84) and what lies within; coordinates of other systems."""

from haihe.kernel.places.containing import places_containing, places_of
from haihe.kernel.places.coordinates import (
    TO_WGS84,
    bd09_to_gcj02,
    bd09_to_wgs84,
    cgcs2000_to_wgs84,
    distance_km,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china_box,
    wgs84_to_bd09,
    wgs84_to_cgcs2000,
    wgs84_to_gcj02,
)
from haihe.kernel.places.geojson import bounding_box, check_geometry
from haihe.kernel.places.register import (
    Place,
    draw_place,
    find_place,
    import_divisions,
    import_places,
    level_of,
    read_divisions,
    read_geojson,
    register_place,
    retire_place,
)

__all__ = [
    "TO_WGS84",
    "Place",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "bounding_box",
    "cgcs2000_to_wgs84",
    "check_geometry",
    "distance_km",
    "draw_place",
    "find_place",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "import_divisions",
    "import_places",
    "in_china_box",
    "level_of",
    "places_containing",
    "places_of",
    "read_divisions",
    "read_geojson",
    "register_place",
    "retire_place",
    "wgs84_to_bd09",
    "wgs84_to_cgcs2000",
    "wgs84_to_gcj02",
]
