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
    metres = _metres(found.origin, longitude_deg, latitude_deg)
    rows = [_distances(zone, *metres, margin_m, corridor_m) for zone in mine]
    over, value, limit = (np.stack([row[i] for row in rows]) for i in range(3))
    best = np.argmin(over, axis=0) if mode == "permitted" else np.argmax(over, axis=0)
    at = np.arange(size)
    names = np.array([zone.name for zone in mine])
    return Standing(over[best, at], value[best, at], limit[best, at], names[best])


CHORDS = 1.01  # arcs of outlines are drawn by chords, which lie nearer than the arc by less than this


@functools.lru_cache(maxsize=2000)
def _outlines(text: str, margin_m: float, corridor_m: float) -> list[tuple[BaseGeometry, BaseGeometry]]:
    """For each zone two outlines: within the first a position surely is in the zone (with its tolerance), outside of the second it surely is
    not. Whether a position lies in an outline is told ten times as fast as how far it is from one."""
    found = []
    for zone in read(text).zones:
        tolerance_m = corridor_m if zone.is_road else margin_m
        if zone.mode == "forbidden" and not zone.is_road:
            pair = (zone.shape.buffer(-tolerance_m * CHORDS), zone.shape)
        else:
            pair = (zone.shape.buffer(tolerance_m), zone.shape.buffer(tolerance_m * CHORDS))
        shapely.prepare(pair)
        found.append(pair)
    return found


def astray(text: str, mode: str, longitude_deg: Array, latitude_deg: Array, margin_m: float, corridor_m: float) -> Array:  # fmt: skip
    """Where `over_m` of `stand` is positive: the same, without its distances wherever that can be told without them."""
    found = read(text)
    mine = [(zone, *pair) for zone, pair in zip(found.zones, _outlines(text, margin_m, corridor_m), strict=True) if zone.mode == mode]  # fmt: skip
    inside = np.zeros(len(longitude_deg), dtype=bool)
    if not mine:
        return inside
    east, north = _metres(found.origin, longitude_deg, latitude_deg)
    for zone, surely, perhaps in mine:
        rows = np.flatnonzero(~inside)
        inside[rows] = shapely.contains_xy(surely, east[rows], north[rows])
        rows = rows[~inside[rows]]
        rows = rows[shapely.contains_xy(perhaps, east[rows], north[rows])]
        over, _, _ = _distances(zone, east[rows], north[rows], margin_m, corridor_m)
        inside[rows] = over <= 0 if mode == "permitted" else over > 0
    return ~inside if mode == "permitted" else inside


def _distances(zone: Zone, east: Array, north: Array, margin_m: float, corridor_m: float) -> tuple[Array, Array, Array]:
    """(over, value, limit) of one zone. Within a forbidden road is within its corridor; within a forbidden area, past its margin."""
    points = shapely.points(east, north)
    if zone.is_road:
        distance, none = shapely.distance(points, zone.shape), np.zeros(len(points))
        if zone.mode == "permitted":
            return distance - corridor_m, distance, none + corridor_m
        return corridor_m - distance, corridor_m - distance, none
    within, margin = shapely.contains_xy(zone.shape, east, north), np.full(len(points), margin_m)
    if zone.mode == "permitted":
        distance = np.zeros(len(points))
        distance[~within] = shapely.distance(points[~within], zone.shape)
        return distance - margin_m, distance, margin
    depth = shapely.distance(points, shapely.boundary(zone.shape))
    depth[~within] *= -1
    return depth - margin_m, depth, margin


def simplified(geometry: dict[str, Any]) -> tuple[dict[str, Any], float] | None:
    """The geometry with at most MOST_POSITIONS positions and by how many metres its outline moved at most; None where that
    cannot be had within SIMPLIFIED_BY_M."""
    drawn = shape(geometry)
    for tolerance_m in SIMPLIFIED_BY_M:
        simple = drawn.simplify(tolerance_m / METRES_PER_DEGREE) if tolerance_m else drawn
        if shapely.get_num_coordinates(simple) <= MOST_POSITIONS and not simple.is_empty:
            return json.loads(shapely.to_geojson(simple)), tolerance_m
    return None
