"""Indicators of the joint supervision of commercial vehicles 联网联控, as pure functions of positions and time.

Names as in the monthly report of Sichuan's road transport office (jtt.sc.gov.cn, published 2025-04-15: 入网率、上线率、数据合格率、
轨迹完整率、漂移率). What was read about how they are counted:

* track completeness 轨迹完整率 = kilometres of complete track / kilometres of track: the columns of the monthly table of Daye
  (leader2006.com/html/ysaq1886.html). What makes a stretch complete was not read: here it is one without a gap (unverified).
* online rate 上线率 = vehicles online / vehicles in the network: the columns of the same table.
* data validity 数据合格率, drift 漂移率 and speeding per vehicle 平均车辆超速次数: only the names were read; the definitions are ours
  (unverified). The full text of 全国重点营运车辆联网联控系统考核管理办法 (交运发〔2014〕267号, revised 2016) was found only by its beginning.

Every function takes positions (thing, observed_at, received_at, quality, longitude_deg, latitude_deg, speed_kmh), the vehicles that
count, and the period [since, until); each answers None where nothing can be said. Shares are in percent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def online_rate(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Decimal | None:
    """车辆上线率: vehicles with a valid position in the period, of all that count."""
    mine = _about(positions, vehicles, period)
    return _share(mine.filter(valid(mine))["thing"].n_unique(), len(set(vehicles)))


def data_validity(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Decimal | None:
    """数据合格率: valid positions of all that arrived in the period (by receipt, so that wrong clocks count as well)."""
    mine = period.rows(positions, "received_at").filter(pl.col("thing").is_in(list(vehicles)))
    # What a device sent again because it heard no answer counts once, as it came first.
    mine = _once(mine.sort("thing", "observed_at", "received_at", maintain_order=True))
    return _share(int(valid(mine).sum()), mine.height)


def track_completeness(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Decimal | None:
    """轨迹完整率: kilometres between positions without a gap, of all kilometres. A gap is longer than GAP and goes over
    SHORTEST_GAP_KM; jumps that no vehicle drives count on neither side."""
    track = steps(_about(positions, vehicles, period)).filter(pl.col("kmh") <= DRIFT_KMH)
    gap = (pl.col("step_h") > GAP.total_seconds() / 3600) & (pl.col("step_km") > SHORTEST_GAP_KM)
    return _share(float(track.filter(~gap)["step_km"].sum()), float(track["step_km"].sum()))


def drift_rate(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Decimal | None:
    """漂移率: vehicles with a jump between neighbouring positions, of those online."""
    mine = _about(positions, vehicles, period)
    jumps = steps(mine).filter(pl.col("kmh") > DRIFT_KMH)
    return _share(jumps["thing"].n_unique(), mine.filter(valid(mine))["thing"].n_unique())


def speeding_per_vehicle(
    findings: pl.DataFrame, positions: pl.DataFrame, vehicles: Sequence[int], period: Period
) -> Decimal | None:
    """平均车辆超速次数: times that the rule on speeding raised in the period, for each vehicle online. `findings` are those of the
    rule (live or replayed): thing, phase, observed_at."""
    raised = period.rows(findings).filter((pl.col("phase") == "raise") & pl.col("thing").is_in(list(vehicles)))
    mine = _about(positions, vehicles, period)
    online = mine.filter(valid(mine))["thing"].n_unique()
    return None if not online else round(Decimal(raised.height) / online, 2)


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


def _positions(period: Period) -> pl.DataFrame:
    from haihe.kernel.observations.queries import observations

    wanted = ["thing", "observed_at", "received_at", "quality", "longitude_deg", "latitude_deg", "speed_kmh"]
    return observations("position", since=period.since, until=period.until, columns=wanted).collect()


def _speeding(positions: pl.DataFrame, vehicles: Sequence[int], period: Period) -> Decimal | None:
    from haihe.kernel.alerts.models import Alert

    raised = Alert.objects.filter(rule="transport.speeding", raised_at__gte=period.since, raised_at__lt=period.until)
    findings = pl.DataFrame(
        list(raised.values_list("thing_id", "raised_at")),
        schema={"thing": pl.Int64, "observed_at": pl.Datetime("us", "UTC")},
        orient="row",
    ).with_columns(phase=pl.lit("raise"))
    return speeding_per_vehicle(findings, positions, vehicles, period)


_MEASURES = {
    "online_rate": online_rate,
    "track_completeness": track_completeness,
    "data_validity": data_validity,
    "drift_rate": drift_rate,
    "speeding_per_vehicle": _speeding,
}


@lru_cache(maxsize=1)
def _values(period: Period) -> dict[str, Decimal | None]:
    """All five of a period: a day's positions are read once and not for each of them, and not again before the period moves on."""
    vehicles = _vehicles()
    if not vehicles or period.since >= period.until:
        return {}
    positions = _positions(period)
    return {name: function(positions, vehicles, period) for name, function in _MEASURES.items()}


def _measured(name: str) -> Callable[[datetime], Decimal | None]:
    return lambda at: _values(_today(at)).get(name)


for _name in _MEASURES:
    measure(f"transport.{_name}")(_measured(_name))
for _row in DEFINITIONS:
    offer(
        Offered(
            _row["key"], _row["title_zh"], _row["title_en"], _row["unit"], _row["definition_zh"], _row["source"], SINCE
        )
    )
