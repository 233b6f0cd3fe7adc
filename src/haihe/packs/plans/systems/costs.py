"""The check of what the ledger says about costs by phase (GOV-09): sums that agree and sums that do not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.packs.plans.models import Plan

# phase, item, quantity, unit price and subtotal (10,000 yuan); a phase's total and the plan's stand in rows of their own.
COSTS = [
    ("阶段划分", "建设内容", "数量", "单价（万元）", "小计（万元）"),
    ("第一期（2025年）", "数据中心", "2", "600", "1200"), ("第一期（2025年）", "管理平台", "1", "600", "600"), ("小计", "", "", "", "1800"),
    ("第二期（2026年）", "远程门诊", "1", "900", "900"), ("第二期（2026年）", "智慧医院", "3", "300", "900"), ("小计", "", "", "", "1800"),
    ("合计", "", "", "", "3600"),
]  # fmt: skip
# Which row is written wrong, how, and what has to be told about it.
WRONG = {"product": (1, "1300", "数量乘单价为 1200"), "phase": (3, "1900", "各行之和为 1800"), "plan": (7, "3800", "各行之和为 3600")}  # fmt: skip


def newest_budget(at: datetime) -> Live | None:
    """The newest stored plan of which costs were read."""
    rows = Plan.objects.exclude(content__budget=[]).filter(content__has_key="budget").order_by("-imported_at")
    newest = rows.values_list("imported_at", flat=True).first()
    return Live(newest) if newest else None


def costs_plan(number: int, row: int = 0, amount: str = "") -> bytes:
    """A plan with the table of its costs; the last cell of a row may be written otherwise."""
    lines = [list(cells) for cells in COSTS]
    if row:
        lines[row][-1] = amount
    table = ["\t".join(cells) for cells in lines]
    head = [f"试验区费用检查{'甲乙丙丁'[number]}项行动计划（2025—2026年）", "一、任务", "（一）建平台。建设健康管理平台并投入使用。", "二、资金", "专项经费分两期安排，见下表。"]  # fmt: skip
    return "\n".join([*head, *table, ""]).encode()


@provides("GOV-09", "分期费用（数量、单价、小计）汇总到期、到规划，不相符的合计都报出来。", live=newest_budget)
def costs_by_phase(scratch: ScratchDistrict) -> Saw:
    """A table of costs that agrees with itself has no finding; one wrong product, phase total or plan total is told each."""
    supervisor = scratch.account("supervisor")
    right = _sums_told(supervisor, costs_plan(0))
    expect(not right, "合计相符也报了矛盾。", "Sums that agree are reported.", str(right))
    for number, (name, (row, amount, said)) in enumerate(WRONG.items(), 1):
        told = _sums_told(supervisor, costs_plan(number, row, amount))
        hit = [why for why in told if said in why]
        expect(len(hit) == 1, "不相符的合计没有报出来。", "A sum that disagrees is not reported.", f"{name}: {told}")
    return Saw(
        "4 项费用按数量乘单价得出小计，汇总成两期和规划合计，相符时不报；写错的小计、期合计、规划合计各一处都报了出来，并写明应是多少。",
        "4 cost lines (quantity, unit price, subtotal) add up to two phases and the plan: nothing is told while they agree; a wrong subtotal, phase total and plan total were each reported with the sum it should be.",
        {"lines": 4, "phases": 2, "reported": len(WRONG)},
    )  # fmt: skip


def _sums_told(client: Client, content: bytes) -> list[str]:
    """What is said about tables and sums of the plan, once it is imported."""
    imported = client.post("/plans/documents", files=[("file", "costs.txt", content)])
    rows: list[dict[str, Any]] = client.get(f"/plans/documents/{imported['documents'][0]['id']}/findings")
    return [str(row["why_zh"]) for row in rows if row["kind"] in ("table", "sum")]
