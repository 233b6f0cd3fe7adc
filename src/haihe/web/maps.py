"""The district's own base map (GeoJSON in WGS 84), for every page that shows where something is. Nothing loads from elsewhere."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse

import haihe
from haihe.kernel.errors import ConfigurationError
from haihe.kernel.identity import Role
from haihe.kernel.permissions import declare
from haihe.web.pages import AccountRequest
from haihe.web.site import pages

FICTIONAL = Path(haihe.__file__).parent / "demo/wanghe.geojson"
declare("base_map.read", "查看底图", "see the district's base map", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])


@cache
def _base_map(path: str) -> tuple[bytes, list[float]]:
    try:
        content = Path(path).read_bytes()
        features = json.loads(content)["features"]
        points = [point for feature in features for point in _points(feature["geometry"]["coordinates"])]
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        south, north = min(p[1] for p in points), max(p[1] for p in points)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            "底图文件无法读取。", f"The base map cannot be read: {error!r}.", where=path, to_do_zh="请检查 HAIHE_MAP，应为 GeoJSON（WGS 84）。",
            to_do_en="Check HAIHE_MAP: a GeoJSON file in WGS 84.",
        ) from error  # fmt: skip
    return content, [west, south, east, north]


def _points(coordinates: Any) -> list[list[float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        return [coordinates]
    return [point for part in coordinates for point in _points(part)]


def base_map() -> tuple[bytes, list[float]]:
    """The file's content and its bounds: west, south, east, north in degrees. ConfigurationError where it is no GeoJSON."""
    return _base_map(settings.MAP or str(FICTIONAL))


@pages.page("map/base.geojson", "base_map", permission="base_map.read")
def base(request: AccountRequest) -> HttpResponse:
    return HttpResponse(
        base_map()[0], content_type="application/geo+json", headers={"Cache-Control": "private, max-age=3600"}
    )
