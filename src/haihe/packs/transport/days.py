"""A vehicle's day as stretches: driving, standing, silence, drift. Pure functions of its positions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import polars as pl

from haihe.kernel.places import distance_km

SILENCE_S = 300  # without a position for longer nobody knows what the vehicle did
STOP_S = 120  # a shorter halt belongs to the drive (lights, jams)
MOVING_KMH = 3.0
JUMP_KMH, JUMP_KM = 200.0, 0.1  # ground that no vehicle covers: the position jumped, what lies between is unknown
DRIFT_S = 60  # what lies between two jumps is drift as well, if it is no longer than this
UNKNOWN = ("silence", "drift")


@dataclass(frozen=True)
class Stretch:
    """`kind`: drive, stop, silence or drift. `first` and `last` number the positions at its ends; `over_s`: seconds above the limit."""

    kind: str
    since: datetime
    until: datetime
    first: int
    last: int
    km: float
    top_kmh: float
    over_s: float
    middle: tuple[float, float]

    @property
    def lasted(self) -> timedelta:
        return self.until - self.since

    @property
    def mean_kmh(self) -> float | None:
        hours = self.lasted.total_seconds() / 3600
        return self.km / hours if self.kind == "drive" and hours else None


def stretches(rows: pl.DataFrame, limit_kmh: float | None) -> list[Stretch]:
    """Driving, standing, drift, and each silence by itself. `rows`: positions of one vehicle in order of time with observed_at, longitude_deg,
    latitude_deg, speed_kmh and gap_s (seconds since the position before). Each step between two positions belongs to exactly one stretch."""
    if rows.height < 2:
        return []
    at, gap = rows["observed_at"].to_list(), rows["gap_s"].to_list()
    speed = rows["speed_kmh"].fill_null(0).to_list()
    longitude, latitude = rows["longitude_deg"].to_numpy(), rows["latitude_deg"].to_numpy()
    step_km = distance_km(longitude[:-1], latitude[:-1], longitude[1:], latitude[1:]).tolist()
    kinds = _kinds(at, _raw(gap, [0.0, *step_km], speed))
    found = []
    for (kind, _), steps in groupby(range(1, len(at)), lambda n: (kinds[n], n if kinds[n] == "silence" else 0)):
        of = list(steps)
        km = sum(step_km[n - 1] for n in of) if kind in ("drive", "silence") else 0.0
        over = sum(gap[n] for n in of if kind == "drive" and limit_kmh and speed[n] > limit_kmh)
        top = max(speed[n] for n in of) if kind == "drive" else 0.0
        here = of[len(of) // 2]
        middle = float(longitude[here]), float(latitude[here])
        found.append(Stretch(kind, at[of[0] - 1], at[of[-1]], of[0] - 1, of[-1], km, top, over, middle))
    return found


def _raw(gap: list[float], step_km: list[float], speed: list[float]) -> list[str]:
    """What each step is by itself, the step before the first position included as no distance in no time."""
    found = []
    for gap_s, km, kmh in zip(gap, step_km, speed, strict=True):
        if gap_s > SILENCE_S:
            found.append("silence")
        elif km > JUMP_KMH * gap_s / 3600 + JUMP_KM:
            found.append("drift")
        else:
            found.append("stop" if kmh < MOVING_KMH else "drive")
    return found


def _kinds(at: list[datetime], raw: list[str]) -> list[str]:
    """What each step is beside its neighbours."""
    kinds = list(raw)
    jumped = None
    for n, kind in enumerate(raw):
        if kind == "drift":
            if jumped is not None and (at[n - 1] - at[jumped]).total_seconds() <= DRIFT_S:
                kinds[jumped:n] = ["drift"] * (n - jumped)
            jumped = n
    for kind, steps in groupby(range(1, len(kinds)), kinds.copy().__getitem__):
        of = list(steps)
        if kind == "stop" and (at[of[-1]] - at[of[0] - 1]).total_seconds() < STOP_S:
            kinds[of[0] : of[-1] + 1] = ["drive"] * len(of)
    return kinds


@dataclass(frozen=True)
class Summary:
    km: float
    driven: timedelta
    stops: int
    top_kmh: float
    over: timedelta
    unknown: timedelta


def summary(parts: list[Stretch]) -> Summary:
    def lasting(*kinds: str) -> timedelta:
        return sum((part.lasted for part in parts if part.kind in kinds), timedelta())

    return Summary(
        km=sum(part.km for part in parts if part.kind == "drive"), driven=lasting("drive"), stops=sum(part.kind == "stop" for part in parts),
        top_kmh=max((part.top_kmh for part in parts), default=0.0), over=timedelta(seconds=sum(part.over_s for part in parts)), unknown=lasting(*UNKNOWN),
    )  # fmt: skip
