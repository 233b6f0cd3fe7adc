"""GeoJSON (RFC 7946) as it comes from people and files: checked before it is stored, with errors that name the spot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from haihe.kernel.errors import InvalidInput, TooLarge

LARGEST_POSITIONS = 200_000
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
Box = tuple[float, float, float, float]


def _wrong(where: str, zh: str, en: str, to_do_zh: str = "", to_do_en: str = "") -> InvalidInput:
    return InvalidInput(zh, en, where=where, to_do_zh=to_do_zh, to_do_en=to_do_en)


def check_geometry(content: Any, where: str = "geometry") -> dict[str, Any]:
    """The geometry with only the members that RFC 7946 gives it, or InvalidInput naming the spot that does not fit.

    `content` may also be a Feature, whose geometry is taken. Rings may run in either direction, as RFC 7946 section 3.1.6 asks
    of readers. A geometry that crosses itself is refused.
    """
    if isinstance(content, dict) and content.get("type") == "Feature":
        content, where = content.get("geometry"), f"{where}.geometry"
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise _wrong(where, "不是 GeoJSON 几何对象。", "This is not a GeoJSON geometry.",
                     "应有 type 和 coordinates。", "It needs `type` and `coordinates`.")  # fmt: skip
    kind = content["type"]
    if kind == "GeometryCollection":
        return _check_collection(content, where)
    if kind not in DEPTH:
        raise _wrong(f"{where}.type", f"没有名为“{kind}”的几何类型。", f"There is no geometry type {kind!r}.",
                     f"可用：{'、'.join(DEPTH)}、GeometryCollection。", f"Known: {', '.join(DEPTH)}, GeometryCollection.")  # fmt: skip
    left = [LARGEST_POSITIONS]
    coordinates = _check_nested(content.get("coordinates"), DEPTH[kind], kind, f"{where}.coordinates", left)
    checked = {"type": kind, "coordinates": coordinates}
    _check_shape(checked, where)
    return checked


def _check_collection(content: dict[str, Any], where: str) -> dict[str, Any]:
    members = content.get("geometries")
    if not isinstance(members, list) or not members:
        raise _wrong(f"{where}.geometries", "几何集合里没有几何对象。", "The geometry collection holds no geometries.")
    if any(isinstance(m, dict) and m.get("type") == "GeometryCollection" for m in members):
        raise _wrong(f"{where}.geometries", "几何集合不应嵌套。", "Geometry collections should not be nested.")
    return {
        "type": "GeometryCollection",
        "geometries": [check_geometry(member, f"{where}.geometries[{i}]") for i, member in enumerate(members)],
    }


def _check_nested(value: Any, depth: int, kind: str, where: str, left: list[int]) -> Any:
    if depth == 0:
        left[0] -= 1
        if left[0] < 0:
            raise TooLarge(f"几何对象超过 {LARGEST_POSITIONS} 个点。", f"The geometry has over {LARGEST_POSITIONS} positions.",
                           where=where, to_do_zh="请先简化边界。", to_do_en="Simplify the outline first.")  # fmt: skip
        return _check_position(value, where)
    if not isinstance(value, list) or not value:
        raise _wrong(where, "这里应是非空数组。", "A filled array belongs here.")
    inner = [_check_nested(item, depth - 1, kind, f"{where}[{i}]", left) for i, item in enumerate(value)]
    if depth == 1 and kind.endswith("LineString") and len(inner) < 2:
        raise _wrong(where, "线至少要有两个点。", "A line needs two positions or more.")
    if depth == 1 and kind.endswith("Polygon") and (len(inner) < 4 or inner[0] != inner[-1]):
        raise _wrong(where, "面的边界至少四个点，首尾相同。", "A ring has four positions or more, and the last equals the first.",
                     "请在末尾重复第一个点。", "Repeat the first position at the end.")  # fmt: skip
    return inner


def _check_position(value: Any, where: str) -> list[float]:
    numbers = isinstance(value, list) and all(map(_is_number, value))
    if not numbers or not 2 <= len(value) <= 3:
        raise _wrong(where, "点应是 [经度, 纬度] 两个数（可加高程）。", "A position is [longitude, latitude], with an altitude if any.")  # fmt: skip
    longitude, latitude = value[0], value[1]
    if abs(longitude) <= 180 and abs(latitude) <= 90:
        return [float(n) for n in value]
    swapped = abs(longitude) <= 90 and abs(latitude) <= 180
    raise _wrong(where, f"坐标 [{longitude}, {latitude}] 超出范围。", f"The position [{longitude}, {latitude}] is out of range.",
                 "看来经纬度颠倒：经度在前。" if swapped else "经度 ±180，纬度 ±90，WGS 84 度。",
                 "Longitude and latitude seem swapped: longitude comes first." if swapped
                 else "Longitude ±180, latitude ±90, in degrees of WGS 84.")  # fmt: skip


def _is_number(value: Any) -> bool:
    """Whether it can be a coordinate; a whole number of JSON may be too large for any of them."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _check_shape(geometry: dict[str, Any], where: str) -> None:
    try:
        built = shape(geometry)
    except ValueError as error:  # GEOS holds an altitude for all positions of a geometry or for none
        raise _wrong(where, "有的点带高程，有的不带。", "Some of its positions have an altitude, some have none.",
                     "请给所有点加上高程，或全部去掉。", "Give all of them one, or leave it out everywhere.") from error  # fmt: skip
    if not shapely.is_valid(built):
        reason = shapely.is_valid_reason(built)
        raise _wrong(where, f"边界自相交或重叠（{reason}）。", f"The outline crosses or overlaps itself ({reason}).",
                     "请在制图软件中修复后再导入。", "Repair it in a mapping program, then import it again.")  # fmt: skip


def as_shape(geometry: dict[str, Any]) -> BaseGeometry:
    """The shapely geometry of checked GeoJSON."""
    return shape(geometry)


def bounding_box(geometry: dict[str, Any]) -> Box:
    """(west, south, east, north) in degrees; a geometry across the antimeridian is not expected here."""
    west, south, east, north = as_shape(geometry).bounds
    return west, south, east, north


def converted(geometry: dict[str, Any], convert: Callable[[Any, Any], tuple[Any, Any]]) -> dict[str, Any]:
    """The geometry with every position passed through a function of two columns (longitudes, latitudes)."""

    def move(points: Any) -> Any:
        lon, lat = convert(points[:, 0], points[:, 1])
        return np.column_stack([lon, lat, *(points[:, i] for i in range(2, points.shape[1]))])

    moved = shapely.transform(as_shape(geometry), move, include_z=bool(shapely.has_z(as_shape(geometry))))
    plain: dict[str, Any] = _lists(moved.__geo_interface__)
    return plain


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    return [_lists(inner) for inner in value] if isinstance(value, list | tuple) else value


def features_of(content: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """(properties, geometry) of a FeatureCollection, Feature or bare geometry; every geometry is checked."""
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        members = content.get("features")
        if not isinstance(members, list):
            raise _wrong("features", "FeatureCollection 缺少 features。", "The FeatureCollection has no `features`.")
    else:
        members = [content]
    found = []
    for i, member in enumerate(members):
        properties = member.get("properties") if isinstance(member, dict) else None
        found.append((properties if isinstance(properties, dict) else {}, check_geometry(member, f"features[{i}]")))
    return found
