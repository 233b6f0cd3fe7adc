"""Coordinates at the edge: what is stored is WGS 84; everything else is converted when it enters or leaves.

All functions take and return (longitude_deg, latitude_deg) as numbers or numpy arrays of one shape, longitude first as in
RFC 7946, and work on whole columns at once.

* GCJ-02, the offset of Chinese map services, has no published standard; the formula here is the one in common use (constants and
  check values: googollee/eviltransform, MIT style, as in tests/kernel/fixtures/coordinate-pairs.json). Its inverse is found by iteration.
* BD-09 is a further offset on top of GCJ-02 (same provenance: common use, unverified).
* CGCS2000 is taken as WGS 84. The two ellipsoids differ only in flattening (1/298.257222101 against 1/298.257223563), at most
  0.11 mm in latitude for the same frame and epoch (程鹏飞 et al., 2000国家大地坐标系椭球参数与GRS80和WGS84的比较, as quoted at
  shuzhiduo.com/A/lk5akQmmz1; the original paper was not read). Frames of different epochs drift apart by some centimetres a year
  (maplevalley.com.cn/news/272879 reports 0.58 m in Beijing in 2023): good enough for positions of vehicles and areas, not for surveying.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Pair = tuple[Any, Any]

# Krasovsky 1940, on which the GCJ-02 formula is built: semi-major axis in metres and first eccentricity squared.
AXIS_M = 6378245.0
ECCENTRICITY_2 = 0.00669342162296594323
# Outside this box (west, south, east, north) the offset is not applied.
CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
PRECISION_DEG = 1e-9
ROUNDS = 30
BD_TURNS = np.pi * 3000.0 / 180.0


def in_china_box(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> NDArray[np.bool_]:
    """Whether the usual formula applies the offset here: a box round China, not its border."""
    lon, lat = np.asarray(longitude_deg, dtype=float), np.asarray(latitude_deg, dtype=float)
    west, south, east, north = CHINA_BOX
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _waves(value: Any, terms: tuple[tuple[float, float], ...]) -> Any:
    return sum(20.0 * height * np.sin(value * np.pi * turns) for height, turns in terms) * (2.0 / 3.0)


def _offset(lon: Any, lat: Any) -> tuple[Any, Any]:
    """The GCJ-02 offset at a WGS 84 position, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root, shared = np.sqrt(np.abs(x)), _waves(x, ((1, 6), (1, 2)))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + shared + _waves(y, ((1, 1), (2, 1 / 3))) + _waves(y, ((8, 1 / 12), (16, 1 / 30)))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + shared + _waves(x, ((1, 1), (2, 1 / 3))) + _waves(x, ((7.5, 1 / 12), (15, 1 / 30)))
    phi = np.radians(lat)
    curve = 1.0 - ECCENTRICITY_2 * np.sin(phi) ** 2
    metres_north = AXIS_M * (1.0 - ECCENTRICITY_2) / curve**1.5
    metres_east = AXIS_M / np.sqrt(curve) * np.cos(phi)
    return np.degrees(east / metres_east), np.degrees(north / metres_north)


def _arrays(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    lon, lat = np.asarray(longitude_deg, dtype=float), np.asarray(latitude_deg, dtype=float)
    return np.broadcast_arrays(lon, lat)  # type: ignore[return-value]


def _answer(lon: Any, lat: Any) -> Pair:
    return (float(lon), float(lat)) if np.ndim(lon) == 0 else (lon, lat)


def wgs84_to_gcj02(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """WGS 84 → GCJ-02. Positions outside the box round China, and NaN, come back unchanged."""
    lon, lat = _arrays(longitude_deg, latitude_deg)
    inside = in_china_box(lon, lat)
    east, north = _offset(np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return _answer(np.where(inside, lon + east, lon), np.where(inside, lat + north, lat))


def _invert(forward: Any, lon: Any, lat: Any) -> Pair:
    """The position that `forward` maps to (lon, lat), by correcting a guess until it moves less than PRECISION_DEG."""
    guess_lon, guess_lat = lon, lat
    for _ in range(ROUNDS):
        there_lon, there_lat = forward(guess_lon, guess_lat)
        step_lon, step_lat = lon - there_lon, lat - there_lat
        guess_lon, guess_lat = guess_lon + step_lon, guess_lat + step_lat
        if max(np.max(np.abs(step_lon), initial=0.0), np.max(np.abs(step_lat), initial=0.0)) < PRECISION_DEG:
            break
    return guess_lon, guess_lat


def gcj02_to_wgs84(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """GCJ-02 → WGS 84, exact to 1e-7 degrees (1 cm) against `wgs84_to_gcj02`; outside the box unchanged."""
    lon, lat = _arrays(longitude_deg, latitude_deg)
    inside = in_china_box(lon, lat)

    def forward(a: Any, b: Any) -> Pair:
        east, north = _offset(a, b)
        return a + east, b + north

    found_lon, found_lat = _invert(forward, np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return _answer(np.where(inside, found_lon, lon), np.where(inside, found_lat, lat))


def gcj02_to_bd09(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """GCJ-02 → BD-09 (unverified: no published standard)."""
    lon, lat = _arrays(longitude_deg, latitude_deg)
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_TURNS)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_TURNS)
    return _answer(radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006)


def bd09_to_gcj02(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """BD-09 → GCJ-02 by iteration."""
    lon, lat = _arrays(longitude_deg, latitude_deg)
    return _answer(*_invert(gcj02_to_bd09, lon, lat))


def wgs84_to_bd09(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    return gcj02_to_bd09(*wgs84_to_gcj02(longitude_deg, latitude_deg))


def bd09_to_wgs84(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    return gcj02_to_wgs84(*bd09_to_gcj02(longitude_deg, latitude_deg))


def cgcs2000_to_wgs84(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """Unchanged; see the head of this file for what that leaves out."""
    return _answer(*_arrays(longitude_deg, latitude_deg))


def wgs84_to_cgcs2000(longitude_deg: ArrayLike, latitude_deg: ArrayLike) -> Pair:
    """Unchanged; see the head of this file for what that leaves out."""
    return _answer(*_arrays(longitude_deg, latitude_deg))


# What a file or a feed may come in, by the name people write.
TO_WGS84 = {
    "wgs84": cgcs2000_to_wgs84,
    "cgcs2000": cgcs2000_to_wgs84,
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
}
EARTH_RADIUS_KM = 6371.0088


# Up to so many degrees apart, and so near to the equator, a triangle on the plane is right to a part in ten thousand, five times as fast.
_FLAT_DEG, _FLAT_LATITUDE_DEG = 1.0, 70.0


def distance_km(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> NDArray[np.float64]:
    """Great-circle distance on a sphere of the mean earth radius, in kilometres (error below 0.6 %)."""
    lon_a, lat_a, lon_b, lat_b = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in (lon_a, lat_a, lon_b, lat_b))
    )
    east, north, middle = (np.asarray(each) for each in (lon_b - lon_a, lat_b - lat_a, lat_a + lat_b))
    middle /= 2
    far = (np.abs(east) > _FLAT_DEG) | (np.abs(north) > _FLAT_DEG) | (np.abs(middle) > _FLAT_LATITUDE_DEG)
    # In place, as tables of a fleet have a million rows.
    east *= np.cos(np.radians(middle, out=middle), out=middle)
    east *= east
    north *= north
    east += north
    found = np.sqrt(east, out=east)
    found *= math.radians(EARTH_RADIUS_KM)
    return np.where(far, _great_circle_km(lon_a, lat_a, lon_b, lat_b), found) if far.any() else found


def _great_circle_km(
    lon_a: NDArray[np.float64], lat_a: NDArray[np.float64], lon_b: NDArray[np.float64], lat_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    a, b, turn = np.radians(lat_a), np.radians(lat_b), np.radians(lon_b - lon_a)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(turn / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
