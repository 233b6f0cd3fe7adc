"""TRA-01 and TRA-14: carriers with their regimes and duty holders, what they lack, work given to them and archives a month left out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.cases import CaseEvent
from haihe.kernel.registers import EntryEvent
from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.kernel.systems.registering import Entry, open_entry, take_step
from haihe.packs.transport.cases import WORK
from haihe.packs.transport.months import month_bounds
from haihe.packs.transport.register import KEY, REQUIRED

BUREAU = "企业检查交通局"
KINDS = {"hazmat": "危化", "passenger": "客运", "school_bus": "校车", "public_transport": "公交", "taxi": "出租"}
NAMES = {"monitoring_regime": "动态监控管理制度", "responsibility_regime": "动态监控责任制度", "safety_manager": "检查员甲", "monitoring_manager": "检查员乙"}  # fmt: skip
BY_HAND = (
    "在“运输企业”看每家企业的类别、管理人员和缺的制度或人员；企业“登记档案”报请备案，主管局在“登记册”里审核通过后，“缺”里就没有了。再让人员卸任，又会列出。",
    "Carriers shows the kinds, managers and what each lacks; a carrier adds to its archive and hands it in, and once the bureau accepts it under Registers it is lacking no more. When the manager leaves, it is listed again.",
)  # fmt: skip
BY_HAND_14 = (
    "在“运输企业”下方“部署工作”，企业在“案件”里报送，进展在同一页看得到。“当月未更新”列出该月没有更新的档案，可翻到别的月份。",
    "Give work at the bottom of Carriers; the carrier answers under Cases, and the same page shows how far each is. Left out lists the archives that nobody updated in the month, which can be changed.",
)  # fmt: skip


def newest_filing(at: datetime) -> Live | None:
    """The newest event of an archive, and whether its entry is of the demo."""
    newest = EntryEvent.objects.filter(entry__register=KEY).order_by("-at").values_list("at", "entry__synthetic").first()  # fmt: skip
    return Live(*newest) if newest else None


def newest_work(at: datetime) -> Live | None:
    """The newest event of work that was given to a carrier."""
    rows = CaseEvent.objects.filter(case__type_name=WORK.name)
    newest = rows.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


@provides(
    "TRA-01", "五类运输企业连同责任人员登记在册，缺少应有制度或人员的企业被标出。", live=newest_filing, by_hand=BY_HAND
)
def carriers(scratch: ScratchDistrict) -> Saw:
    """A carrier of each of the five kinds: one files both regimes and both managers, one all but its monitoring manager, three nothing.
    What each lacks is flagged, and when the first one's safety manager leaves, it is flagged too."""
    supervisor, judge = scratch.account("supervisor"), scratch.account("officer", scratch.unit(BUREAU))
    units = {kind: _carrier(scratch, supervisor, f"五类检查{short}公司", [kind]) for kind, short in KINDS.items()}
    whole, partly = units["hazmat"], units["passenger"]
    filed = {kind: _filed(scratch, judge, whole, kind) for kind in REQUIRED}
    for kind in list(REQUIRED)[:3]:
        _filed(scratch, judge, partly, kind)
    found = _standing(supervisor, units.values())
    kinds = [found[unit]["carrier"]["kinds"] for unit in units.values()]
    expect(kinds == [[kind] for kind in KINDS], "五类企业没有登记。", "The five kinds are not registered.", str(kinds))
    lacking = {kind: found[unit]["lacking"] for kind, unit in units.items()}
    nothing = {kind: list(REQUIRED) for kind in list(KINDS)[2:]}
    expect(lacking == {"hazmat": [], "passenger": ["monitoring_manager"], **nothing}, "缺的制度或人员没有如实标出。", "What is lacking is not flagged as it is.", str(lacking))  # fmt: skip
    holders = found[whole]["holders"]
    expect(holders == {"safety_manager": ["检查员甲"], "monitoring_manager": ["检查员乙"]}, "责任人员没有登记。", "The duty holders are not registered.", str(holders))  # fmt: skip
    take_step(scratch.account("officer", whole), judge, filed["safety_manager"], "end")
    after = _standing(supervisor, [whole])[whole]["lacking"]
    page = supervisor.page("/transport/carriers/")
    expect(after == ["safety_manager"] and whole in page, "人员卸任后没有标出。", "A manager's leaving is not flagged.", str(after))  # fmt: skip
    return Saw(
        "五类企业各 1 家登记在册；1 家备案了两项制度、两类人员，不缺；1 家缺动态监控管理人员、3 家四项全缺，均被标出；前者的安全管理人员卸任后也被标出。",
        "A carrier of each of the five kinds is registered; 1 filed both regimes and both managers and lacks nothing; 1 lacking its monitoring manager and 3 lacking all four are flagged, and so was the first once its safety manager had left.",
        {"carriers": len(units), "flagged": sum(map(bool, lacking.values()))},
    )  # fmt: skip


@provides("TRA-14", "工作部署下达到企业并跟踪报送，当月未更新的档案被列出。", live=newest_work, by_hand=BY_HAND_14)
def enterprise_supervision(scratch: ScratchDistrict) -> Saw:
    """Work goes to two carriers: one reports and it is checked, the other's stays open. An archive that was filed this month is not
    listed for it. The next month is not waited for: it is asked for, and there the archive is listed as not updated."""
    supervisor, judge = scratch.account("supervisor"), scratch.account("officer", scratch.unit(BUREAU))
    units = [_carrier(scratch, supervisor, f"部署检查{name}公司", []) for name in "甲乙"]
    due = (timezone.localdate() + timedelta(days=7)).isoformat()
    order = {"title": "TRA-14 节前安全检查", "text": "逐车检查，报送结果。", "due": due}
    given = [supervisor.post(f"/transport/carriers/{_standing(supervisor, [unit])[unit]['carrier']['id']}/work", order) for unit in units]  # fmt: skip
    answer = scratch.account("officer", units[0])
    mine = [row["number"] for row in answer.get("/transport/work")]
    expect(mine == [given[0]["number"]], "企业没有收到自己的工作部署。", "The carrier did not get its own work.", str(mine))  # fmt: skip
    steps = f"/cases/{given[0]['case']}/steps"
    answer.post(f"{steps}/reply", form={"text": "已逐车检查，无隐患。"})
    supervisor.post(f"{steps}/check", form={"to": "closed"})
    rows = {row["number"]: row for row in supervisor.get("/transport/work")}
    told = [(rows[each["number"]]["step"], bool(rows[each["number"]]["closed_at"])) for each in given]
    expect(told == [("", True), ("reply", False)], "报送情况没有跟踪。", "The replies are not tracked.", str(told))
    entry = _filed(scratch, judge, units[0], "monitoring_regime")
    this, after = month_bounds(timezone.localdate())
    listed = [_stale(supervisor, units[0], month) for month in (this.isoformat(), after.isoformat())]
    expect(listed == [[], [entry["number"]]], "当月未更新的档案没有列出。", "Archives that a month left out are not listed.", str(listed))  # fmt: skip
    return Saw(
        f"一项工作部署给 2 家企业：1 家报送并核查办结，1 家仍待报送；本月备案的档案本月不列，问到下月（{after:%Y-%m}，没有实等）则列为未更新。",
        f"Work was given to 2 carriers: one reported and was checked, the other's is still open. An archive filed this month is not listed for it; asked for next month ({after:%Y-%m}, not waited for), it is listed as not updated.",
        {"given": len(given), "closed": sum(closed for _, closed in told), "listed": len(listed[1])},
    )  # fmt: skip


def _carrier(scratch: ScratchDistrict, client: Client, name: str, kinds: list[str]) -> str:
    unit = scratch.unit(name, kind="enterprise")
    client.post("/transport/carriers", {"organisation": unit, "kinds": kinds})
    return unit


def _filed(scratch: ScratchDistrict, judge: Client, unit: str, kind: str) -> Entry:
    """What the carrier's officer hands in and the bureau accepts."""
    officer = scratch.account("officer", unit)
    entry = open_entry(officer, KEY, unit, BUREAU, {"kind": kind, "name": NAMES[kind], "since": timezone.localdate().isoformat()})  # fmt: skip
    held = take_step(officer, judge, entry, "file")
    expect(held["state"] == "held", "档案没有备案。", "The archive was not filed.", unit)
    return held


def _standing(client: Client, units: Any, month: str | None = None) -> dict[str, Any]:
    rows = {row["carrier"]["organisation"]: row for row in client.get("/transport/carriers/standing", month=month)}
    return {unit: rows[unit] for unit in units}


def _stale(client: Client, unit: str, month: str) -> list[str]:
    return [row["number"] for row in _standing(client, [unit], month)[unit]["stale"]]
