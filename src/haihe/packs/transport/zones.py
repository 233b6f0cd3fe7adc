"""Areas and roads in metres: how far positions lie from what a vehicle may use or must not enter. Knows no Django.

A thing carries its zones as one text (its attribute `areas`), so that the rule over it stays a function of its columns alone:

    [{"name": "…", "mode": "permitted" | "forbidden", "geometry": <GeoJSON, WGS 84>}, …]
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from haihe.kernel.alerts.columns import Array

METRES_PER_DEGREE = 111_195.0  # of a great circle on the sphere of the mean earth radius
MOST_POSITIONS = 500
SIMPLIFIED_BY_M = (0.0, 2.0, 5.0, 10.0, 20.0)
SHAPES = ("Polygon", "MultiPolygon", "LineString", "MultiLineString")


@dataclass(frozen=True)
class Zone:
    """`shape` in metres east and north of the origin of its text."""

    name: str
    mode: str
    shape: BaseGeometry

    @property
    def is_road(self) -> bool:
        return self.shape.geom_type in ("LineString", "MultiLineString")


@dataclass(frozen=True)
class Zones:
    origin: tuple[float, float]
    zones: tuple[Zone, ...]


def as_text(zones: Iterable[tuple[str, str, dict[str, Any]]]) -> str:
    """(name, mode, geometry) … as the attribute; "" for none. The same zones give the same text."""
    rows = [{"name": name, "mode": mode, "geometry": geometry} for name, mode, geometry in zones]
    return json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if rows else ""


@functools.lru_cache(maxsize=2000)
def read(text: str) -> Zones:
    rows = json.loads(text)
    shapes = [shape(row["geometry"]) for row in rows]
    west, south, east, north = shapely.total_bounds(shapes)
    origin = (float(west + east) / 2, float(south + north) / 2)
    zones = []
    for row, drawn in zip(rows, shapes, strict=True):
        moved = shapely.transform(drawn, lambda points: np.column_stack(_metres(origin, points[:, 0], points[:, 1])))
        shapely.prepare(moved)
        zones.append(Zone(row["name"], row["mode"], moved))
    return Zones(origin, tuple(zones))


def _metres(origin: tuple[float, float], longitude_deg: Array, latitude_deg: Array) -> tuple[Array, Array]:
    """Good to a few metres within a hundred kilometres of the origin; further out only "far away" matters."""
    scale = METRES_PER_DEGREE * math.cos(math.radians(origin[1]))
    return (longitude_deg - origin[0]) * scale, (latitude_deg - origin[1]) * METRES_PER_DEGREE


@dataclass(frozen=True)
class Standing:
    """One value a position. `over_m` > 0: outside of all that is permitted, or within something forbidden, by more than its
    tolerance; −1 where nothing of the mode is drawn. `value_m` is the distance told to people, `limit_m` the tolerance."""

    over_m: Array
    value_m: Array
    limit_m: Array
    area: Array


def stand(text: str, mode: str, longitude_deg: Array, latitude_deg: Array, margin_m: float, corridor_m: float) -> Standing:  # fmt: skip
    """How positions stand to the zones of one mode: the nearest permitted one, or the forbidden one they are deepest in."""
    found = read(text)
    mine = [zone for zone in found.zones if zone.mode == mode]
    size = len(longitude_deg)
    if not mine:
        return Standing(np.full(size, -1.0), np.zeros(size), np.zeros(size), np.full(size, ""))
    points = shapely.points(*_metres(found.origin, longitude_deg, latitude_deg))
    rows = [_distances(zone, points, margin_m, corridor_m) for zone in mine]
    over, value, limit = (np.stack([row[i] for row in rows]) for i in range(3))
    best = np.argmin(over, axis=0) if mode == "permitted" else np.argmax(over, axis=0)
    at = np.arange(size)
    names = np.array([zone.name for zone in mine])
    return Standing(over[best, at], value[best, at], limit[best, at], names[best])


@functools.lru_cache(maxsize=2000)
def _outlines(text: str, margin_m: float, corridor_m: float) -> tuple[BaseGeometry, ...]:
    """For each permitted zone an outline of which no point is further from it than its tolerance (arcs are drawn by their chords); for each
    forbidden one an outline outside of which no point is in it. Whether a position lies in an outline is told ten times as fast as how far
    it is from a road."""
    outlines = tuple(
        zone.shape.buffer((corridor_m if zone.is_road else margin_m) if zone.mode == "permitted" else corridor_m * 1.01 * zone.is_road)
        for zone in read(text).zones
    )  # fmt: skip
    shapely.prepare(outlines)
    return outlines


def astray(text: str, mode: str, longitude_deg: Array, latitude_deg: Array, margin_m: float, corridor_m: float) -> Array:  # fmt: skip
    """Where `over_m` of `stand` is positive: the same without its distances wherever that can be told without them."""
    wrong = np.zeros(len(longitude_deg), dtype=bool)
    found = read(text)
    mine = [place for place, zone in enumerate(found.zones) if zone.mode == mode]
    if not mine:
        return wrong
    east, north = _metres(found.origin, longitude_deg, latitude_deg)
    wrong[:] = mode == "permitted"  # until a zone is found that says otherwise
    for zone, outline in ((found.zones[place], _outlines(text, margin_m, corridor_m)[place]) for place in mine):
        tolerance_m = corridor_m if zone.is_road else margin_m
        rows = np.flatnonzero(_in_box(zone.shape.bounds, east, north, tolerance_m) & (wrong == (mode == "permitted")))
        within = shapely.contains_xy(outline, east[rows], north[rows])
        if mode == "permitted":
            wrong[rows[within]] = False
            rows = rows[~within]
            wrong[rows] = ~shapely.dwithin(zone.shape, shapely.points(east[rows], north[rows]), tolerance_m)
        else:
            rows = rows[within]
            wrong[rows] = _distances(zone, shapely.points(east[rows], north[rows]), margin_m, corridor_m)[0] > 0
    return wrong


def _in_box(bounds: tuple[float, float, float, float], east: Array, north: Array, tolerance_m: float) -> Array:
    west, south, right, top = bounds
    inside: Array = (east >= west - tolerance_m) & (east <= right + tolerance_m)
    inside &= (north >= south - tolerance_m) & (north <= top + tolerance_m)
    return inside


def _distances(zone: Zone, points: Array, margin_m: float, corridor_m: float) -> tuple[Array, Array, Array]:
    """(over, value, limit) of one zone. Within a forbidden road is within its corridor; within a forbidden area, past its margin."""
    distance = shapely.distance(points, zone.shape)
    tolerance = corridor_m if zone.is_road else margin_m
    if zone.mode == "permitted":
        return distance - tolerance, distance, np.full(len(distance), tolerance)
    if zone.is_road:
        return corridor_m - distance, corridor_m - distance, np.zeros(len(distance))
    depth = np.where(distance > 0, -distance, shapely.distance(points, shapely.boundary(zone.shape)))
    return depth - margin_m, depth, np.full(len(distance), margin_m)


def simplified(geometry: dict[str, Any]) -> tuple[dict[str, Any], float] | None:
    """The geometry with at most MOST_POSITIONS positions and by how many metres its outline moved at most; None where that
    cannot be had within SIMPLIFIED_BY_M."""
    drawn = shape(geometry)
    for tolerance_m in SIMPLIFIED_BY_M:
        simple = drawn.simplify(tolerance_m / METRES_PER_DEGREE) if tolerance_m else drawn
        if shapely.get_num_coordinates(simple) <= MOST_POSITIONS and not simple.is_empty:
            return json.loads(shapely.to_geojson(simple)), tolerance_m
    return None
