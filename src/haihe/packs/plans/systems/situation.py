"""The check of how the development stands (GOV-05): series that show which targets drift, and changed tasks kept version by version."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, expect_refusal, provides
from haihe.packs.plans.models import Report
from haihe.packs.plans.models_supervision import TaskVersion
from haihe.packs.plans.systems.projects import take_over

GOAL, UNIT = 100, "态势检查科技局"
# Days before today → the values reported of the two targets: one keeps its pace, the other hardly moves.
STEADY, DRIFTING = {200: 20, 100: 45, 0: 70}, {200: 2, 100: 3, 0: 3}
BASELINE_DAYS = 300
BY_HAND = (
    "在“指标”打开一个落后的指标：折线低于计划线，状态是“进度偏慢”。再到它的任务页“督查”里“调整任务举措”，写明原因；任务内容变为新版本，“以前的版本”里能看到原文和每次的原因。",
    "Under Targets open one whose state is At risk: its series lies below the planned line. On the page of its task, under Supervision, change what it asks for with a reason; it is a new version, and Earlier versions show what it said and why it changed.",
)  # fmt: skip


def newest_value(at: datetime) -> Live | None:
    """The newest reported value of a target, or change of a task."""
    reported = Report.objects.exclude(value=None).order_by("-at").values_list("at", flat=True).first()
    changed = TaskVersion.objects.exclude(by=None).order_by("-at").values_list("at", flat=True).first()
    known = [row for row in (reported, changed) if row is not None]
    return Live(max(known)) if known else None


def plan_text(year: int) -> bytes:
    """A plan of two targets and the task behind them."""
    return (
        f"试验区态势检查行动方案（{year - 1}—{year + 1}年）\n\n一、发展目标\n到{year + 1}年，态势检查场景达到{GOAL}个以上，态势检查数据集达到{GOAL}项以上。\n\n"
        f"二、重点任务\n（一）态势检查建设。推进场景和数据集建设。（责任单位：{UNIT}）\n"
    ).encode()


@provides("GOV-05", "趋势序列显示哪些目标偏离，任务举措调整后留存新版本和原因。", live=newest_value, by_hand=BY_HAND)
def situation(scratch: ScratchDistrict) -> Saw:
    """Of two targets with the same goal one keeps its pace and one does not: their series and states tell them apart. The task behind
    them is changed twice, each time as a version with its reason, and what was filed stays readable; without a reason it is refused."""
    supervisor, today = scratch.account("supervisor"), timezone.localdate()
    scratch.unit(UNIT)
    task = take_over(supervisor, plan_text(today.year))[0]
    targets = {row["unit"]: row for row in supervisor.get("/plans/targets", plan=task["plan_id"])}
    expect(set(targets) == {"个", "项"}, "没有读出两个目标。", "Two targets were not read.", str(targets)[:200])
    steady = _series(supervisor, targets["个"]["id"], STEADY)
    drifting = _series(supervisor, targets["项"]["id"], DRIFTING)
    seen = (steady["target"]["state"], drifting["target"]["state"])
    expect(
        seen == ("on_track", "at_risk"), "没有显示哪个目标偏离。", "It does not show which target drifts.", str(seen)
    )
    short = drifting["target"]["expected"] - drifting["target"]["actual"]
    reasons = _changed(supervisor, task["id"])
    return Saw(
        f"两个同样目标（{GOAL}）的指标各有 {len(STEADY)} 期数：一个不低于计划线，一个显示偏离（比计划线少 {short:.0f}）；其任务先后调整 2 次，各存为新版本并写明原因（{'、'.join(reasons)}），立项时的内容仍可查，没有原因的调整被拒绝。",
        f"Two targets with the same goal ({GOAL}) have {len(STEADY)} values each: one is on its line or above, one is shown to drift ({short:.0f} short of it). Their task was changed twice, each kept as a version with its reason, what was filed stays readable, and a change without a reason was refused.",
        {"targets": 2, "values": 2 * len(STEADY), "drifting": 1, "versions": 1 + len(reasons)},
    )  # fmt: skip


def _series(client: Client, target: int, values: dict[int, int]) -> dict[str, Any]:
    """The target with its values reported as of their days, as its page gets it; the series is what was reported."""
    today, address = timezone.localdate(), f"/plans/targets/{target}"
    start = (today - timedelta(days=BASELINE_DAYS)).isoformat()
    client.post(f"{address}/baseline", {"value": 0, "on": start, "source": "检查：基期"})
    days = {(today - timedelta(days=ago)).isoformat(): value for ago, value in values.items()}
    for day, value in days.items():
        form = {"value": value, "text": "检查：季度数", "as_of": day}
        client.post(f"{address}/reports", form=form, files=[("files", "proof.txt", "佐证材料".encode())])
    found: dict[str, Any] = client.get(address)
    series = {row["as_of"]: row["value"] for row in found["values"]}
    expect(series == days and len(found["trajectory"]) > 1, "趋势序列不是填报的数。", "The series is not what was reported.", str(series))  # fmt: skip
    return found


def _changed(client: Client, task: int) -> list[str]:
    """Change the task's words, then its deadline; the reasons as its versions keep them."""
    address = f"/plans/tasks/{task}"
    filed = client.get(address)["heading"]
    expect_refusal(lambda: client.post(f"{address}/adjustments", {"text": "没有原因", "reason": " "}), 422, "没有原因也能调整任务。", "A task was changed without a reason.")  # fmt: skip
    client.post(f"{address}/adjustments", {"text": "数据集建设改由专班推进，按月调度", "reason": "数据集指标偏离"})
    later = (timezone.localdate() + timedelta(days=180)).isoformat()
    client.post(f"{address}/deadline", {"deadline": later, "reason": "举措调整后顺延"})
    versions = client.get(f"{address}/versions")
    told = [(row["number"], row["reason"], row["deadline"] == later) for row in versions]
    wanted = [(1, "", False), (2, "数据集指标偏离", False), (3, "举措调整后顺延", True)]
    expect(told == wanted and versions[0]["heading"] == filed and "推进场景和数据集建设" in versions[0]["text"], "调整没有留存版本和原因。", "The changes were not kept as versions with their reasons.", str(told))  # fmt: skip
    expect("专班推进" in client.page(f"/tasks/{task}/"), "任务页没有显示新的举措。", "The task's page does not show what it asks for now.")  # fmt: skip
    return [row["reason"] for row in versions[1:]]
