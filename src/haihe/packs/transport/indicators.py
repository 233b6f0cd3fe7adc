"""Indicators of the joint supervision of commercial vehicles 联网联控, as pure functions of positions and time.

Names as in the monthly report of Sichuan's road transport office (jtt.sc.gov.cn, published 2025-04-15: 入网率、上线率、数据合格率、
轨迹完整率、漂移率). What was read about how they are counted:

* track completeness 轨迹完整率 = kilometres of complete track / kilometres of track: the columns of the monthly table of Daye
  (leader2006.com/html/ysaq1886.html). What makes a stretch complete was not read: here it is one without a gap (unverified).
* online rate 上线率 = vehicles online / vehicles in the network: the columns of the same table.
* data validity 数据合格率, drift 漂移率 and speeding per vehicle 平均车辆超速次数: only the names were read; the definitions are ours
  (unverified). The full text of 全国重点营运车辆联网联控系统考核管理办法 (交运发〔2014〕267号, revised 2016) was found only by its beginning.

Positions (thing, observed_at, received_at, quality, longitude_deg, latitude_deg) of a period [since, until) are counted for some vehicles at
a time, the counts are added, and each indicator is a function of the counts: None where nothing can be said. Shares are in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import polars as pl
from django.utils import timezone

from haihe.kernel.indicators import Offered, measure, offer
from haihe.kernel.observations.quality import Quality
from haihe.kernel.places import distance_km

# What a position must satisfy to be valid, and a stretch to be complete (all unverified).
GAP = timedelta(minutes=5)
SHORTEST_GAP_KM = 0.2
DRIFT_KMH = 200.0
SINCE = date(2026, 11, 1)  # from when the district counts this way
TOLERATED_DELAY = timedelta(hours=24)


@dataclass(frozen=True)
class Period:
    since: datetime
    until: datetime

    def rows(self, frame: pl.DataFrame, column: str = "observed_at") -> pl.DataFrame:
        return frame.filter(pl.col(column).is_between(self.since, self.until, closed="left"))


def _share(part: float, whole: float) -> Decimal | None:
    return None if whole <= 0 else round(Decimal(100 * part) / Decimal(whole), 2)


def _about(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> pl.DataFrame:
    """The positions of these vehicles in the period, each instant of a vehicle once, in order."""
    mine = period.rows(positions).filter(pl.col("thing").is_in(list(vehicles)))
    return _once(mine.sort("thing", "observed_at", maintain_order=True))


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """Sorted rows, each instant of a vehicle once, as it came first; rows without a time all stay."""
    again = (pl.col("thing") == pl.col("thing").shift()) & (pl.col("observed_at") == pl.col("observed_at").shift())
    return rows.filter(~again.fill_null(False))


def valid(positions: pl.DataFrame) -> pl.Series:
    """Whether each position is valid: no quality flag but that of a late one, a place that is not 0/0, received within a day."""
    placed = (pl.col("longitude_deg").abs() + pl.col("latitude_deg").abs()) > 0.01
    timely = (pl.col("received_at") - pl.col("observed_at")) <= TOLERATED_DELAY
    flaws = pl.col("quality").fill_null(0).cast(pl.UInt16) & pl.lit(0xFFFF ^ Quality.LATE, dtype=pl.UInt16)
    expression = (flaws == 0) & placed & timely
    return positions.select(expression.fill_null(False)).to_series()


def steps(positions: pl.DataFrame) -> pl.DataFrame:
    """From each valid position's predecessor to it: thing, step_h, step_km, kmh. Rows in order of thing and time."""
    good = positions.filter(valid(positions))
    columns = [pl.col(name).shift(1).over("thing").alias(f"{name}_before") for name in ("observed_at", "longitude_deg", "latitude_deg")]  # fmt: skip
    moved = good.with_columns(*columns).drop_nulls("observed_at_before")
    km = distance_km(*(moved[name].to_numpy() for name in ("longitude_deg_before", "latitude_deg_before", "longitude_deg", "latitude_deg")))  # fmt: skip
    return moved.select(
        "thing",
        step_h=(pl.col("observed_at") - pl.col("observed_at_before")).dt.total_microseconds() / 3.6e9,
        step_km=pl.Series(km),
    ).with_columns(kmh=pl.col("step_km") / pl.col("step_h"))


@dataclass(frozen=True)
class Counts:
    """What is counted of some vehicles and adds up over all; kilometres are those between valid positions."""

    vehicles: int = 0
    online: int = 0  # with a valid position in the period
    jumped: int = 0  # with a jump between neighbouring positions
    km: float = 0.0
    complete_km: float = 0.0  # without a gap
    arrived: int = 0  # positions
    valid: int = 0  # positions

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def tracked(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Counts:
    """Of the positions observed in the period: who was online, who jumped, kilometres. A gap is longer than GAP and goes over
    SHORTEST_GAP_KM; jumps that no vehicle drives count on neither side."""
    mine = _about(positions, vehicles, period)
    moved = steps(mine)
    driven = moved.filter(pl.col("kmh") <= DRIFT_KMH)
    gap = (pl.col("step_h") > GAP.total_seconds() / 3600) & (pl.col("step_km") > SHORTEST_GAP_KM)
    return Counts(
        vehicles=len(set(vehicles)),
        online=mine.filter(valid(mine))["thing"].n_unique(),
        jumped=moved.filter(pl.col("kmh") > DRIFT_KMH)["thing"].n_unique(),
        km=float(driven["step_km"].sum()),
        complete_km=float(driven.filter(~gap)["step_km"].sum()),
    )


def arrived(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Counts:
    """Of the positions received in the period, wrong clocks included: how many there are and how many are valid. What a device sent
    again because it heard no answer counts once, as it came first."""
    mine = period.rows(positions, "received_at").filter(pl.col("thing").is_in(list(vehicles)))
    mine = _once(mine.sort("thing", "observed_at", "received_at", maintain_order=True))
    return Counts(arrived=mine.height, valid=int(valid(mine).sum()))


def online_rate(counts: Counts) -> Decimal | None:
    """车辆上线率: vehicles with a valid position in the period, of all that count."""
    return _share(counts.online, counts.vehicles)


def data_validity(counts: Counts) -> Decimal | None:
    """数据合格率: valid positions of all that arrived in the period."""
    return _share(counts.valid, counts.arrived)


def track_completeness(counts: Counts) -> Decimal | None:
    """轨迹完整率: kilometres between positions without a gap, of all kilometres."""
    return _share(counts.complete_km, counts.km)


def drift_rate(counts: Counts) -> Decimal | None:
    """漂移率: vehicles with a jump between neighbouring positions, of those online."""
    return _share(counts.jumped, counts.online)


def speeding_per_vehicle(raised: int, counts: Counts) -> Decimal | None:
    """平均车辆超速次数: times that the rule on speeding raised in the period, for each vehicle online."""
    return None if not counts.online else round(Decimal(raised) / counts.online, 2)


# What the page of indicators lists: key, titles, unit, and the text of the definition with its source.
DEFINITIONS: tuple[dict[str, Any], ...] = (
    {"key": "transport.online_rate", "title_zh": "车辆上线率", "title_en": "vehicles online", "unit": "%",
     "definition_zh": "统计期内至少有一个合格定位的车辆数 ÷ 入网车辆总数", "source": "大冶市月度考核通报的表头（leader2006.com/html/ysaq1886.html）"},
    {"key": "transport.track_completeness", "title_zh": "轨迹完整率", "title_en": "track completeness", "unit": "%",
     "definition_zh": "轨迹完整里程 ÷ 轨迹总里程", "source": "大冶市月度考核通报的表头（leader2006.com/html/ysaq1886.html）；完整的判定 unverified"},
    {"key": "transport.data_validity", "title_zh": "数据合格率", "title_en": "valid positions", "unit": "%",
     "definition_zh": "合格定位条数 ÷ 接收定位总条数", "source": "unverified"},
    {"key": "transport.drift_rate", "title_zh": "卫星定位漂移车辆率", "title_en": "vehicles whose positions jump", "unit": "%",
     "definition_zh": "出现漂移的车辆数 ÷ 上线车辆数", "source": "unverified"},
    {"key": "transport.speeding_per_vehicle", "title_zh": "平均车辆超速次数", "title_en": "speeding per vehicle", "unit": "次/车",
     "definition_zh": "超速报警次数 ÷ 上线车辆数", "source": "unverified"},
)  # fmt: skip


# --- measured for this district ---------------------------------------------------------------------------------------

EVERY_MIN = 10


def _today(at: datetime) -> Period:
    """The present local day up to the last whole ten minutes, so that one value stands for all of them."""
    until = at.astimezone(UTC) - timedelta(
        minutes=at.minute % EVERY_MIN, seconds=at.second, microseconds=at.microsecond
    )
    return Period(timezone.localtime(until).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC), until)


def _vehicles() -> list[int]:
    from haihe.kernel.things import Thing

    return list(Thing.objects.filter(kind="vehicle", pack="transport", retired_at=None).values_list("pk", flat=True))


COLUMNS = ("thing", "observed_at", "received_at", "quality", "longitude_deg", "latitude_deg")


def counted(vehicles: Sequence[int], period: Period) -> Counts:
    """Of what is stored, some vehicles at a time: a fleet's day may be larger than memory."""
    from haihe.kernel.observations.queries import by_things

    observed = by_things("position", vehicles, period.since, period.until, COLUMNS)
    received = by_things("position", vehicles, columns=COLUMNS, received=(period.since, period.until))
    total = sum((tracked(positions, some, period) for some, positions in observed), Counts())
    return sum((arrived(positions, some, period) for some, positions in received), total)


def _raised(vehicles: Sequence[int], period: Period) -> int:
    from haihe.kernel.alerts.models import Alert

    found = Alert.objects.filter(rule="transport.speeding", raised_at__gte=period.since, raised_at__lt=period.until)
    counting = set(vehicles)
    return sum(thing in counting for thing in found.values_list("thing_id", flat=True))


@lru_cache(maxsize=1)
def _values(period: Period) -> dict[str, Decimal | None]:
    """All five of a period: a day's positions are read once and not for each of them, and not again before the period moves on."""
    vehicles = _vehicles()
    if not vehicles or period.since >= period.until:
        return {}
    counts = counted(vehicles, period)
    return {
        "online_rate": online_rate(counts),
        "track_completeness": track_completeness(counts),
        "data_validity": data_validity(counts),
        "drift_rate": drift_rate(counts),
        "speeding_per_vehicle": speeding_per_vehicle(_raised(vehicles, period), counts),
    }


def _measured(name: str) -> Callable[[datetime], Decimal | None]:
    return lambda at: _values(_today(at)).get(name)


for _row in DEFINITIONS:
    measure(_row["key"])(_measured(_row["key"].removeprefix("transport.")))
    offer(
        Offered(
            _row["key"], _row["title_zh"], _row["title_en"], _row["unit"], _row["definition_zh"], _row["source"], SINCE
        )
    )
