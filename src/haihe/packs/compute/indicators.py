"""What the register of compute capacity adds up: of each site the newest verified period that had ended by the day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from haihe.kernel.indicators import Offered
from haihe.kernel.registers import Count, Snapshot, offer_count
from haihe.kernel.registers.counting import Chosen
from haihe.kernel.registers.fields import same_words
from haihe.packs.compute.register import CLAUSE

SINCE = date(2026, 1, 1)  # from when on numbers may be asked for: they are counted from the history of the entries


def newest(known: Sequence[Snapshot], day: date) -> list[Snapshot]:
    """One snapshot a site: verified, of the newest period that had ended by the day."""
    ended = [s for s in known if s.state == "verified" and s.values["period_end"] <= day.isoformat()]
    by_site = {
        same_words(s.values["site"]): s for s in sorted(ended, key=lambda s: (s.values["period_end"], s.entry_id))
    }
    return list(by_site.values())


def of(key: str) -> Callable[[Sequence[Snapshot], date], Chosen]:
    """Each site's number; sites without any are left out."""
    return lambda known, day: [(s, s.number(key)) for s in newest(known, day) if s.number(key)]


def sites_with_racks(known: Sequence[Snapshot], day: date) -> Chosen:
    return [(s, s.number("racks_in_use")) for s in newest(known, day) if s.number("racks")]


def use_rate_percent(chosen: Sequence[tuple[Snapshot, Decimal]]) -> Decimal | None:
    """Racks in use of all racks of the same sites; None without any rack."""
    racks = sum((s.number("racks") for s, _ in chosen), Decimal(0))
    return round(100 * sum((used for _, used in chosen), Decimal(0)) / racks, 2) if racks else None


for _key, _field, _zh, _en, _unit, _text in (
    ("compute.high_power_racks", "high_power_racks", "高功率机柜数", "high-power racks", "架", "各站点最近一期核定的高功率机柜数之和；多少功率算高功率 unverified"),
    ("compute.base_stations", "base_stations", "5G基站数", "5G base stations", "个", "各站点最近一期核定的累计建成 5G 基站数之和"),
    ("compute.eflops", "eflops_verified", "智算规模", "intelligent computing capacity", "EFlops", "各站点最近一期核定的智算规模之和；计算精度 unverified"),
    ("compute.eflops_declared", "eflops_declared", "填报智算规模", "capacity declared", "EFlops", "各站点最近一期核定登记中填报的智算规模之和，供与核定数对照"),
):  # fmt: skip
    offer_count(Offered(_key, _zh, _en, _unit, _text, CLAUSE, SINCE), Count("compute", of(_field)))
offer_count(
    Offered("compute.rack_use_rate", "机柜总体上架率", "rack use rate", "%", "各站点最近一期核定的已上架机柜数之和 ÷ 同一批站点机柜总数之和", CLAUSE, SINCE),
    Count("compute", sites_with_racks, use_rate_percent),
)  # fmt: skip
