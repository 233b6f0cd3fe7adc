"""The named system that this pack provides, with its check."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from haihe.kernel.registers import EntryEvent
from haihe.kernel.systems import Live, Saw, ScratchDistrict, expect, provides
from haihe.kernel.systems.registering import open_entry, take_step

SIZE = 120_000


def newest_event(at: datetime) -> Live | None:
    """The newest event of the register, and whether its entry is of the demo."""
    rows = EntryEvent.objects.filter(entry__register="datasets").order_by("-at")
    newest = rows.values_list("at", "entry__synthetic").first()
    return Live(*newest) if newest else None


@provides("DAT-08", "数据集带来源、许可、规模和质量评分入库，登记册统计达到评分线的数据集。", live=newest_event)
def high_quality_datasets(scratch: ScratchDistrict) -> Saw:
    """Three data sets: one far above any bar, one far below it, one that nobody admitted. Only the first counts."""
    owner, reviewer = scratch.unit("数据集检查甲局"), scratch.unit("数据集检查审核局")
    builder, judge = scratch.account("officer", owner), scratch.account("officer", reviewer)
    before = judge.get("/datasets/counts")["indicators"]
    day = timezone.localdate().isoformat()
    known = {"field": "城市治理", "source": "井盖巡查记录", "licence": "shared", "size": str(SIZE), "size_unit": "rows", "format": "CSV", "updates": "daily", "reported_on": day}  # fmt: skip
    made = [
        open_entry(builder, "datasets", owner, reviewer, {**known, "name": f"DAT-08 数据集{name}", "score": score})
        for name, score in (("甲", "99"), ("乙", "1"), ("丙", "99"))
    ]
    admitted = [take_step(builder, judge, entry, "admit") for entry in made[:2]]
    expect([e["state"] for e in admitted] == ["admitted"] * 2, "数据集没有入库。", "The data sets were not admitted.")
    seen = judge.get(f"/registers/entries/{made[0]['id']}")["values"]
    kept = {key: str(seen[key]) for key in ("source", "licence", "size", "score")}
    expect(kept == {"source": "井盖巡查记录", "licence": "shared", "size": str(SIZE), "score": "99"}, "来源、许可、规模或评分没有留下。", "Source, licence, size or score is not kept.", str(kept))  # fmt: skip
    after = judge.get("/datasets/counts")["indicators"]
    rise = {key: (after[key] or 0) - (before[key] or 0) for key in ("datasets.high_quality", "datasets.admitted")}
    expect(rise == {"datasets.high_quality": 1, "datasets.admitted": 2}, "达标计数不对。", "The count above the bar is wrong.", str(rise))  # fmt: skip
    return Saw(
        "3 个数据集登记了来源、许可、规模和评分；2 个经审核入库，其中达到评分线的 1 个计入，低分和未入库的没有计入。",
        "3 data sets were registered with source, licence, size and score; 2 were admitted after review, and the 1 above the bar counts; the low score and the one not admitted do not.",
        {"registered": 3, "admitted": 2, "high_quality": 1},
    )  # fmt: skip
