"""The named system that this pack provides, with its check."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from haihe.kernel.registers import EntryEvent
from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.kernel.systems.registering import open_entry, take_step

STATES = ("opened", "selected", "built", "model", "copied")


def newest_step(at: datetime) -> Live | None:
    """The newest event of the register; synthetic where no entry of an office was touched within the last month."""
    rows = EntryEvent.objects.filter(entry__register="scenarios")
    real = rows.filter(entry__synthetic=False).order_by("-at").values_list("at", flat=True).first()
    newest = rows.order_by("-at").values_list("at", flat=True).first()
    if newest is None:
        return None
    has_real = real is not None and (at - real).days < 30
    return Live(real if has_real and real else newest, synthetic=not has_real)


@provides("GOV-18", "场景从开放到遴选、建成、认定典型、推广，数量计入场景指标。", live=newest_step)
def scenarios(scratch: ScratchDistrict) -> Saw:
    """One scenario goes the whole way, each step accepted by another unit; the counts follow it; another one stays opened."""
    owner, reviewer = scratch.unit("场景检查建设局"), scratch.unit("场景检查审核局")
    builder, judge = scratch.account("officer", owner), scratch.account("officer", reviewer)
    before = judge.get("/scenarios/counts")
    entry = _open(builder, owner, reviewer, "GOV-18 场景甲")
    _open(builder, owner, reviewer, "GOV-18 场景乙")
    seen = [entry["state"]]
    for who, step in ((judge, "select"), (builder, "build"), (builder, "mark"), (builder, "copy")):
        entry = take_step(who, judge, entry, step)
        seen.append(entry["state"])
    expect(tuple(seen) == STATES, "场景没有走完全程。", "The scenario did not go the whole way.", " → ".join(seen))
    after = judge.get("/scenarios/counts")
    moved = {key: (after["indicators"][key] or 0) - (before["indicators"][key] or 0) for key in after["indicators"]}
    expect(moved == {"scenarios.typical": 1, "scenarios.built": 1}, "指标没有随登记变化。", "The numbers did not follow the register.", str(moved))  # fmt: skip
    measured = _measured(scratch, judge, after["indicators"]["scenarios.typical"])
    return Saw(
        f"一个场景经另一单位审核，从开放走到推广；典型场景数增加 1，指标测得 {measured:g} 个；未遴选的场景没有计入。",
        f"One scenario went from opened to copied, accepted by another unit; the number of typical scenarios rose by 1 and was measured as {measured:g}; the one not selected does not count.",
        {"typical": measured, "states": len(STATES)},
    )  # fmt: skip


def _open(builder: Client, owner: str, reviewer: str, name: str) -> dict[str, Any]:
    values = {
        "name": name, "field": "governance", "problem": "靠人巡查", "provider": "检查公司", "built_on": timezone.localdate().isoformat(),
        "result": "巡查时间减半", "copies": "2",
    }  # fmt: skip
    return open_entry(builder, "scenarios", owner, reviewer, values)


def _measured(scratch: ScratchDistrict, client: Client, wanted: float) -> float:
    """The newest measured value of the indicator that a plan's target reads, once the worker has measured it."""

    def value() -> Any:
        rows = {row["key"]: row["value"] for row in client.get("/indicators/measured")}
        found = rows.get("scenarios.typical")
        return found is not None and float(found) == wanted

    scratch.until(value, "指标没有测得登记册的数量。", "The indicator was not measured from the register.")
    return wanted
