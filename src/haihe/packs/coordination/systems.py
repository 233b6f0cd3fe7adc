"""The named systems that this pack provides, each with its check."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.packs.coordination.models import Decision, Note, YearReport


def newest_note(at: datetime) -> Live | None:
    newest = Note.objects.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


def newest_report(at: datetime) -> Live | None:
    newest = YearReport.objects.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


def newest_decision(at: datetime) -> Live | None:
    """Of a meeting: one that answers a note of a round is GOV-01."""
    newest = Decision.objects.exclude(meeting=None).order_by("-made_at").values_list("made_at", flat=True).first()
    return Live(newest) if newest else None


# --- GOV-01 a round of coordination ---------------------------------------------------------------------------------------


@provides(
    "GOV-01", "一轮协调汇集各单位情况、印发通报，并把每个未解决的问题转成有承办单位和期限的议定事项。", live=newest_note
)
def coordination_round(scratch: ScratchDistrict) -> Saw:
    """Three units are asked, two hand in notes with three problems; the bulletin names who did not; each problem is decided."""
    supervisor, today = scratch.account("supervisor"), timezone.localdate()
    units = [scratch.unit(name) for name in ("协调检查甲局", "协调检查乙局", "协调检查丙局")]
    begun = supervisor.post(
        "/coordination/rounds", {"title": "GOV-01 情况汇总", "notes_by": today.isoformat(), "units": units}
    )
    address = f"/coordination/rounds/{begun['id']}"
    _hand_in(scratch, address, units[0], ["缺少算力资源", "数据共享受阻"])
    _hand_in(scratch, address, units[1], ["人员不足"])
    supervisor.post(f"{address}/bulletin/issue", {"revision": supervisor.get(address)["revision"]})
    issued = supervisor.get(address)
    expect(issued["issue"] and issued["missing"] == [units[2]], "通报没有印发，或未列未报送单位。", "No bulletin, or nobody named as missing.")  # fmt: skip
    told = [word for word in ("缺少算力资源", "数据共享受阻", "人员不足", units[2]) if word in issued["bulletin"]]
    expect(len(told) == 4, "通报漏了情况。", "The bulletin leaves something out.", str(told))
    due = (today + timedelta(days=14)).isoformat()
    for problem in issued["problems"]:
        decision = {"text": f"解决：{problem['text']}", "organisation": units[2], "due": due}
        supervisor.post(f"/coordination/problems/{problem['id']}/decide", decision)
    _all_decided(supervisor, address, units[2], due)
    return Saw(
        "3 个单位中 2 个报送情况，通报已印发并列明 1 个未报；3 个问题都转成有承办单位、期限和案件的议定事项。",
        "2 of 3 units handed in notes; the bulletin is issued and names the 1 that did not; all 3 problems became decisions with an owner, a due date and a case.",
        {"units": 3, "notes": 2, "decisions": 3},
    )  # fmt: skip


def _hand_in(scratch: ScratchDistrict, address: str, unit: str, problems: list[str]) -> None:
    officer = scratch.account("officer", unit)
    officer.post(f"{address}/notes", {"text": f"{unit}工作按计划推进。", "problems": problems})


def _all_decided(supervisor: Client, address: str, owner: str, due: str) -> None:
    """No problem of the round is open any more, and each has its decision with owner, day and a case that runs."""
    problems: list[dict[str, Any]] = supervisor.get(address)["problems"]
    decisions = {row["id"]: row for row in supervisor.get("/coordination/decisions")}
    expect(len(problems) == 3 and not any(p["open"] for p in problems), "还有问题没有处理。", "Some problem is still open.")  # fmt: skip
    for problem in problems:
        found = decisions.get(problem["decision_id"]) or {}
        fits = (found.get("organisation"), found.get("due")) == (owner, due) and found.get("case_id")
        expect(fits, "议定事项缺少承办单位、期限或案件。", "A decision lacks owner, day or case.", str(found))


# --- GOV-02 yearly plans and the ledger of key work -----------------------------------------------------------------------


@provides(
    "GOV-02", "各单位年度计划汇成一本台账，有措施、时间节点、进展和佐证，逾期项不经人手自动标出。", live=newest_report
)
def yearly_ledger(scratch: ScratchDistrict) -> Saw:
    """Two units' plans of the year: one measure with a report and its file, one past its day that nobody touched."""
    yesterday = timezone.localdate() - timedelta(days=1)
    year, end = yesterday.year, yesterday.replace(month=12, day=31)
    units = [scratch.unit(name) for name in ("台账检查甲局", "台账检查乙局")]
    first = _adopted(scratch, units[0], year, [("台账检查平台建设", end), ("台账检查数据归集", yesterday)])
    _adopted(scratch, units[1], year, [("台账检查人员培训", end)])
    officer, report = scratch.account("officer", units[0]), {"text": "已完成一期", "percent": 60}
    evidence = [("files", "progress.txt", "一期验收情况".encode())]
    officer.post(f"/coordination/measures/{first[0]['id']}/reports", form=report, files=evidence)
    ledger = scratch.account("supervisor").get("/coordination/ledger", year=year)
    rows = {row["measure"]: row for row in ledger if row["measure"].startswith("台账检查")}
    nodes = {title: row["due"] for title, row in rows.items()}
    wanted = {"台账检查平台建设": end, "台账检查数据归集": yesterday, "台账检查人员培训": end}
    expect(nodes == {t: day.isoformat() for t, day in wanted.items()}, "台账的措施或时间节点不对。", "Measures or time nodes differ from the plans.", str(nodes))  # fmt: skip
    told = rows["台账检查平台建设"]
    expect((told["percent"], told["progress"], told["files"]) == (60, "已完成一期", 1), "台账没有进展和佐证。", "The ledger lacks progress or evidence.", str(told))  # fmt: skip
    red = [title for title, row in rows.items() if row["light"] == "red"]
    expect("台账检查数据归集" in red and len(red) == sum(day <= yesterday for day in wanted.values()), "逾期没有自动标出。", "What is overdue was not flagged.", str(red))  # fmt: skip
    return Saw(
        f"两个单位的年度计划汇成一本台账：{len(rows)} 项措施各有时间节点；一项有进展（60%）和 1 份佐证；逾期的自动亮红灯。",
        f"The yearly plans of 2 units make one ledger: {len(rows)} measures with time nodes; one shows progress (60 %) and 1 file; what is overdue is red by itself.",
        {"units": 2, "measures": len(rows), "overdue": len(red)},
    )  # fmt: skip


def _adopted(scratch: ScratchDistrict, unit: str, year: int, measures: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """The unit writes and submits its plan of the year, the supervisor adopts it; its measures as stored."""
    officer, supervisor = scratch.account("officer", unit), scratch.account("supervisor")
    plan = officer.post("/coordination/year-plans", {"organisation": unit, "year": year})
    address = f"/coordination/year-plans/{plan['id']}"
    made = [officer.post(f"{address}/items", {"measure": title, "due": due.isoformat()}) for title, due in measures]
    officer.post(f"{address}/submit")
    adopted = supervisor.post(f"{address}/adopt")
    expect(adopted["state"] == "adopted", "年度计划没有纳入台账。", "The plan did not enter the ledger.", unit)
    return made


# --- GOV-06 a mechanism and its dispatch meeting --------------------------------------------------------------------------


@provides("GOV-06", "登记有牵头和成员单位的机制，调度会在各成员的台账里形成有编号的交办事项。", live=newest_decision)
def mechanism(scratch: ScratchDistrict) -> Saw:
    """A leading unit and two members; the meeting gives each member one assignment, which its officer finds, numbered, among
    the own decisions and nobody else's."""
    supervisor, today = scratch.account("supervisor"), timezone.localdate()
    parts = {"机制检查牵头局": "lead", "机制检查甲局": "member", "机制检查乙局": "member"}
    for unit, part in parts.items():
        supervisor.post("/coordination/members", {"organisation": scratch.unit(unit), "part": part})
    kept = {row["organisation"]: row["part"] for row in supervisor.get("/coordination/members")}
    expect(
        parts.items() <= kept.items(), "机制的牵头、成员单位没有登记。", "Lead and members are not recorded.", str(kept)
    )
    at = timezone.make_aware(datetime.combine(today, time(9))).isoformat()
    meeting = supervisor.post("/coordination/meetings", {"title": "GOV-06 调度会", "at": at, "units": list(parts)})
    address, due = f"/coordination/meetings/{meeting['id']}/decisions", (today + timedelta(days=14)).isoformat()
    members = [unit for unit, part in parts.items() if part == "member"]
    for unit in members:
        supervisor.post(address, {"text": f"GOV-06 {unit}报送算力需求", "organisation": unit, "due": due})
    numbers = [_assigned(scratch, unit, meeting["id"], due) for unit in members]
    expect(len(set(numbers)) == len(members), "交办事项没有各自的编号。", "The assignments have no numbers of their own.", str(numbers))  # fmt: skip
    return Saw(
        f"机制登记了 1 个牵头、2 个成员单位；调度会给每个成员交办一项，编号 {'、'.join(numbers)}，各成员只在自己的台账里看到本单位的一项。",
        f"A mechanism with 1 leading and 2 member units is recorded; the dispatch meeting gave each member one assignment ({', '.join(numbers)}), and each finds in its own list just its own.",
        {"lead": 1, "members": len(members), "assignments": len(numbers)},
    )  # fmt: skip


def _assigned(scratch: ScratchDistrict, unit: str, meeting: int, due: str) -> str:
    """The number of the one assignment of the meeting that the unit's officer finds in the unit's list."""
    officer = scratch.account("officer", unit)
    rows = [row for row in officer.get("/coordination/decisions") if row["meeting_id"] == meeting]
    told = [(row["organisation"], row["due"], bool(row["case_id"])) for row in rows]
    expect(
        told == [(unit, due, True)], "成员的台账里没有交办事项。", "The member's list lacks its assignment.", str(told)
    )
    return str(officer.get(f"/cases/{rows[0]['case_id']}")["number"])
