"""What the register of data sets counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from haihe.kernel.indicators import Offered
from haihe.kernel.policies import parameter
from haihe.kernel.registers import Count, Snapshot, in_states, offer_count
from haihe.kernel.registers.counting import Chosen

SINCE = date(2026, 1, 1)  # from when on numbers may be asked for: they are counted from the history of the entries
CLAUSE = "《武清区促进人工智能高质量发展行动方案（2025—2027年）》一、总体要求（高质量数据集）；评分线 unverified"


def above_the_bar(known: Sequence[Snapshot], day: date) -> Chosen:
    """Admitted data sets whose score reaches the bar in force on the day; each counts one."""
    bar = Decimal(str(parameter("datasets.quality_bar_score", day)))
    return [(s, Decimal(1)) for s in known if s.state == "admitted" and s.number("score") >= bar]


offer_count(
    Offered("datasets.high_quality", "高质量数据集数", "high-quality data sets", "个", "审核入库且质量评分不低于当日评分线的数据集数", CLAUSE, SINCE),
    Count("datasets", above_the_bar),
)  # fmt: skip
offer_count(
    Offered("datasets.admitted", "入库数据集数", "data sets admitted", "个", "审核入库的数据集数，不论评分", "unverified", SINCE),
    Count("datasets", in_states("admitted")),
)  # fmt: skip
