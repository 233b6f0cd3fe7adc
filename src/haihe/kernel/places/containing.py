"""Which places hold a position: one spatial index a process, rebuilt when a place changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
import shapely
from django.db.models import Count, Max
from numpy.typing import ArrayLike

from haihe.kernel.places.geojson import as_shape
from haihe.kernel.places.register import Place


@dataclass
class _Index:
    stamp: tuple[int, datetime | None]
    keys: np.ndarray
    tree: shapely.STRtree


_indexes: dict[str, _Index] = {}


def _index(kind: str) -> _Index:
    """The index of a kind ("" for all). Its stamp, count and last change, is asked of the database each time: one cheap query
    that also sees changes made by other processes."""
    rows = Place.objects.filter(retired_at=None).exclude(geometry=None)
    rows = rows.filter(kind=kind) if kind else rows
    found = rows.aggregate(count=Count("pk"), last=Max("changed_at"))
    stamp = (found["count"], found["last"])
    known = _indexes.get(kind)
    if known is None or known.stamp != stamp:
        pairs = list(rows.order_by("pk").values_list("pk", "geometry"))
        shapes = [as_shape(geometry or {}) for _, geometry in pairs]
        shapely.prepare(shapes)
        known = _Index(stamp, np.array([pk for pk, _ in pairs], dtype=np.int64), shapely.STRtree(shapes))
        _indexes[kind] = known
    return known


def places_of(longitude_deg: ArrayLike, latitude_deg: ArrayLike, kind: str = "") -> pl.DataFrame:
    """Which positions lie in which places: columns `row` (index into the arrays) and `place` (pk), ordered by both.

    A position on the outline counts as within. NaN positions lie nowhere.
    """
    index = _index(kind)
    lon, lat = np.atleast_1d(np.asarray(longitude_deg, float)), np.atleast_1d(np.asarray(latitude_deg, float))
    usable = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
    points = shapely.points(lon[usable], lat[usable])
    rows, hits = index.tree.query(points, predicate="intersects")
    return pl.DataFrame(
        {"row": usable[rows].astype(np.int64), "place": index.keys[hits]}, schema={"row": pl.Int64, "place": pl.Int64}
    ).sort("row", "place")


def places_containing(longitude_deg: float, latitude_deg: float, kind: str = "") -> list[Place]:
    """The places (of a kind) that hold one position in WGS 84, smallest box first."""
    keys = places_of(longitude_deg, latitude_deg, kind)["place"].to_list()
    found = Place.objects.filter(pk__in=keys).select_related("parent", "organisation")

    def extent(place: Place) -> float:
        return ((place.east or 0) - (place.west or 0)) * ((place.north or 0) - (place.south or 0))

    return sorted(found, key=extent)
