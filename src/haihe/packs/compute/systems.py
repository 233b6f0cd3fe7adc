"""The named system that this pack provides, with its check."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.registers import EntryEvent
from haihe.kernel.systems import Live, Saw, ScratchDistrict, expect, provides
from haihe.kernel.systems.registering import open_entry, take_step

# The four figures of the plan (policies and register.py name it), as the totals of two sites must give them.
FIGURES = {"compute.high_power_racks": 30_000, "compute.rack_use_rate": 80, "compute.base_stations": 5_000, "compute.eflops": 30}  # fmt: skip
SITES: dict[str, dict[str, Any]] = {
    "COM-05 站点甲": {"racks": 30_000, "high_power_racks": 20_000, "racks_in_use": 25_000, "base_stations": 3_000, "eflops_declared": 18},
    "COM-05 站点乙": {"racks": 10_000, "high_power_racks": 10_000, "racks_in_use": 7_000, "base_stations": 2_000, "eflops_declared": 14},
}  # fmt: skip
VERIFIED = {"COM-05 站点甲": 17, "COM-05 站点乙": 13}


def newest_event(at: datetime) -> Live | None:
    """The newest event of the register, and whether its entry is of the demo."""
    rows = EntryEvent.objects.filter(entry__register="compute").order_by("-at")
    newest = rows.values_list("at", "entry__synthetic").first()
    return Live(*newest) if newest else None


@provides("COM-05", "机柜、上架率、5G 基站和智算规模按站点、按期填报，合计得出规划的四个数。", live=newest_event)
def compute_capacity(scratch: ScratchDistrict) -> Saw:
    """Two sites, an earlier period and the newest one: the totals of the newest verified periods are the plan's four figures."""
    owner, reviewer = scratch.unit("算力检查园区", kind="park"), scratch.unit("算力检查数据局")
    builder, judge = scratch.account("officer", owner), scratch.account("officer", reviewer)
    today = timezone.localdate()
    periods = [today - timedelta(days=95), today - timedelta(days=5)]
    for site, figures in SITES.items():
        # Of the earlier period only half: it must not be added to the newest one.
        for period, share in zip(periods, (2, 1), strict=True):
            values = {key: str(value // share) for key, value in figures.items()}
            entry = open_entry(builder, "compute", owner, reviewer, {**values, "site": site, "period_end": period.isoformat(), "precision": "fp16"})  # fmt: skip
            verified = take_step(builder, judge, entry, "verify", {"eflops_verified": str(VERIFIED[site] // share)})
            expect(verified["state"] == "verified", "填报没有核定。", "An entry was not verified.", site)
    found = judge.get("/compute/counts")["indicators"]
    totals = {key: found[key] for key in FIGURES}
    expect(totals == FIGURES, "合计不是规划的四个数。", "The totals are not the plan's four figures.", str(totals))
    return Saw(
        "2 个站点各两期填报并核定；最近一期合计：高功率机柜 30,000 架、上架率 80%、5G 基站 5,000 个、智算规模 30 EFlops。",
        "2 sites were entered and verified for two periods each; the newest add up to 30,000 high-power racks, 80 % in use, 5,000 5G base stations and 30 EFlops.",
        {"sites": 2, "periods": 2, **{key.removeprefix("compute."): value for key, value in FIGURES.items()}},
    )  # fmt: skip
