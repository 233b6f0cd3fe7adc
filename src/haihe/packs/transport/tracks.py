"""What is known of vehicles' positions: the latest of each, and one vehicle's day. Reading a day is audited with its purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import polars as pl
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account
from haihe.kernel.language import two
from haihe.kernel.observations import standard as _standard  # noqa: F401  (declares the table `position` in this process)
from haihe.kernel.observations.queries import latest, read_for
from haihe.packs.transport.models import Vehicle

ONLINE_WITHIN = timedelta(minutes=10)
MOVING_FROM_KMH = 3.0
PURPOSES = (
    ("supervision", two("日常动态监管", "Daily supervision")), ("check", two("抽查", "Spot check")), ("accident", two("事故调查", "Accident inquiry")),
    ("complaint", two("投诉核查", "Complaint")), ("own", two("本企业安全管理", "The carrier's own safety management")),
)  # fmt: skip


@dataclass(frozen=True)
class Last:
    """A vehicle's latest position and how it stands at an instant: moving, online (standing) or offline."""

    at: datetime
    longitude_deg: float
    latitude_deg: float
    speed_kmh: float
    heading_deg: float
    state: str


def last_positions(things: Iterable[int], now: datetime) -> dict[int, Last]:
    """Thing → its latest usable position; things that never sent one are absent."""
    wanted = list(things)
    if not wanted:
        return {}
    return lasts(latest("position", things=wanted), now)


def lasts(newest: pl.DataFrame, now: datetime) -> dict[int, Last]:
    """Thing → its position, of newest rows; those without a place are left out."""
    rows = newest.filter(pl.col("longitude_deg").is_not_null() & pl.col("latitude_deg").is_not_null())
    found = {}
    for row in rows.select(
        "thing", "observed_at", "longitude_deg", "latitude_deg", "speed_kmh", "heading_deg"
    ).iter_rows():
        thing, at, longitude, latitude, speed, heading = row
        found[thing] = Last(at, longitude, latitude, speed or 0.0, heading or 0.0, state_of(at, speed or 0.0, now))
    return found


def state_of(at: datetime, speed_kmh: float, now: datetime) -> str:
    if now - at > ONLINE_WITHIN:
        return "offline"
    return "moving" if speed_kmh >= MOVING_FROM_KMH else "online"


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Midnight to midnight in the district's time zone, as instants in UTC."""
    start, end = (timezone.make_aware(datetime.combine(each, time.min)) for each in (day, day + timedelta(days=1)))
    return start.astimezone(UTC), end.astimezone(UTC)


def read_day(account: Account, vehicle: Vehicle, day: date, purpose: str) -> pl.DataFrame:
    """The positions of a day in order of time, with `gap_s` since the one before. The read is recorded with its purpose."""
    titles = dict(PURPOSES)
    if purpose not in titles:
        raise InvalidInput("请选择查看目的。", "Choose the purpose.", where="purpose")
    since, until = day_bounds(day)
    rows = read_for(account, str(titles[purpose]), "position", things=[vehicle.thing_id], since=since, until=until)
    rows = (
        rows.filter(pl.col("longitude_deg").is_not_null() & pl.col("latitude_deg").is_not_null())
        .sort("observed_at")
        .unique("observed_at", maintain_order=True)
    )
    return rows.with_columns(pl.col("observed_at").diff().dt.total_seconds().fill_null(0).alias("gap_s"))
