"""Draws the map of the fictional district Wanghe 望河区 (outline, towns, river, roads) into demo/wanghe.geojson.

Everything is invented: no such district exists, and the roads follow from a seed. Run it again to get the same file.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from shapely.geometry import LineString, MultiPoint, Point, Polygon, mapping
from shapely.ops import voronoi_diagram

TARGET = Path(__file__).resolve().parent.parent / "src/haihe/demo/wanghe.geojson"
CENTRE = (117.52, 39.16)  # degrees, WGS 84
TOWNS = ("临河街道", "东堤街道", "桥北街道", "青湾街道", "柳渡镇", "上闸镇")
SEATS = ((0.0, 0.0), (0.07, 0.01), (0.0, 0.06), (-0.07, -0.02), (0.06, -0.07), (-0.06, 0.07))
LIMITS_KMH = {"expressway": 100, "trunk": 80, "street": 60}


def outline(dice: random.Random) -> Polygon:
    points = []
    for step in range(40):
        angle = 2 * math.pi * step / 40
        radius = 0.135 + 0.012 * math.sin(3 * angle) + dice.uniform(-0.006, 0.006)
        points.append((CENTRE[0] + radius * 1.28 * math.cos(angle), CENTRE[1] + radius * math.sin(angle)))
    return Polygon(points)


def wave(start: tuple[float, float], end: tuple[float, float], bend: float, count: int = 40) -> LineString:
    """A line from start to end that swings to both sides by `bend` degrees."""
    (x0, y0), (x1, y1) = start, end
    length = math.hypot(x1 - x0, y1 - y0)
    normal = (-(y1 - y0) / length, (x1 - x0) / length)
    points = []
    for step in range(count + 1):
        share = step / count
        off = bend * math.sin(2 * math.pi * share)
        points.append((x0 + (x1 - x0) * share + normal[0] * off, y0 + (y1 - y0) * share + normal[1] * off))
    return LineString(points)


def roads(area: Polygon) -> list[tuple[str, str, LineString]]:
    x, y = CENTRE
    ring = LineString(
        [(x + 0.075 * 1.28 * math.cos(a), y + 0.075 * math.sin(a)) for a in (2 * math.pi * n / 72 for n in range(73))]
    )
    found = [("expressway", "望河环线", ring)]
    found += [
        ("expressway", "云津高速", wave((x - 0.2, y + 0.045), (x + 0.2, y - 0.02), 0.006)),
        ("trunk", "望青公路", wave((x - 0.03, y - 0.16), (x + 0.02, y + 0.16), 0.008)),
        ("trunk", "柳渡大道", wave((x - 0.12, y + 0.1), (x + 0.13, y - 0.11), 0.007)),
        ("trunk", "上闸路", wave((x - 0.15, y - 0.07), (x + 0.14, y + 0.08), 0.009)),
    ]
    for n in range(-4, 5):
        found.append(("street", f"纬{n + 5}路", wave((x - 0.07, y + n * 0.012), (x + 0.07, y + n * 0.012), 0.0012, 24)))
        found.append(
            ("street", f"经{n + 5}路", wave((x + n * 0.015, y - 0.052), (x + n * 0.015, y + 0.052), 0.0012, 24))
        )
    return [(kind, name, line.intersection(area)) for kind, name, line in found]


def rounded(value: object) -> object:
    """Coordinates with six decimals (0.1 m)."""
    if isinstance(value, float):
        return round(value, 6)
    return [rounded(v) for v in value] if isinstance(value, list | tuple) else value


def feature(geometry: object, **properties: object) -> dict[str, object]:
    shape = mapping(geometry)  # type: ignore[arg-type]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": shape["type"], "coordinates": rounded(shape["coordinates"])},
    }


def main() -> None:
    area = outline(random.Random(7))
    features = [feature(area, kind="outline", name="望河区")]
    seats = [Point(CENTRE[0] + dx * 1.28, CENTRE[1] + dy) for dx, dy in SEATS]
    cells = list(voronoi_diagram(MultiPoint(seats), envelope=area.buffer(0.1)).geoms)
    for name, seat in zip(TOWNS, seats, strict=True):
        cell = next(c for c in cells if c.contains(seat)).intersection(area)
        features.append(feature(cell, kind="town", name=name))
    river = wave((CENTRE[0] - 0.17, CENTRE[1] + 0.02), (CENTRE[0] + 0.16, CENTRE[1] + 0.03), 0.022, 80).intersection(
        area
    )
    features.append(feature(river, kind="river", name="望河"))
    features += [feature(line, kind=kind, name=name, limit_kmh=LIMITS_KMH[kind]) for kind, name, line in roads(area)]
    note = "虚构的城区 a fictional district; drawn by tools/wanghe_map.py"
    TARGET.write_text(
        json.dumps(
            {"type": "FeatureCollection", "note": note, "features": features}, ensure_ascii=False, separators=(",", ":")
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
