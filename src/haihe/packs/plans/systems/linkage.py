"""The check of coordination between city and district (GOV-17): linked tasks, contacts with firms, a round of inspection."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.packs.plans.models_linkage import InspectionAnswer, TaskLink
from haihe.packs.plans.models_supervision import Contact
from haihe.packs.plans.systems.projects import take_over

POOL = "建设公共算力服务平台，汇聚企业算力资源并统一调度，为中小企业提供低价算力服务，形成算力券兑付机制"
TALKS = "举办科普活动并印发宣传手册，组织学校和社区参加，每年不少于两次"


def newest_linkage(at: datetime) -> Live | None:
    """The newest link, contact or answer to an inspection."""
    rows = [TaskLink.objects.order_by("-made_at").values_list("made_at", flat=True).first()]
    rows += [
        model.objects.order_by("-at").values_list("at", flat=True).first() for model in (Contact, InspectionAnswer)
    ]
    known = [row for row in rows if row is not None]
    return Live(max(known)) if known else None


def plan_of(issuer: str, title: str, units: tuple[str, str]) -> bytes:
    """A plan of two tasks as its issuer publishes it."""
    tasks = (f"（一）建设算力平台。{POOL}。", f"（二）开展宣传。{TALKS}。")
    rows = [f"{text}（责任单位：{unit}）" for text, unit in zip(tasks, units, strict=True)]
    return "\n".join([issuer, f"关于印发{title}的通知", "", title, "", "一、重点任务", *rows, ""]).encode()


@provides("GOV-17", "市、区任务按同一目标联动，与企业的联络有登记，一轮督查显示哪些滞后。", live=newest_linkage)
def linkage(scratch: ScratchDistrict) -> Saw:
    """A city task and the district task that answers it are proposed and linked; a contact is logged; of two district tasks an
    inspection shows the one that is late, its unit answers, and the picture stands although the task is moved afterwards."""
    supervisor, units = scratch.account("supervisor"), ("联动检查数据局", "联动检查科技局")
    for unit in units:
        scratch.unit(unit)
    city = take_over(supervisor, plan_of("检查市人民政府", "检查市算力行动方案", ("市数据局", "市科技局")))
    district = take_over(supervisor, plan_of("试验区人民政府", "试验区算力行动方案", units))
    expect(len(city) == len(district) == 2, "没有读出市、区各两项任务。", "Two tasks of each level were not read.")
    score = _link(supervisor, city, district)
    _contact(scratch, supervisor, units[0], district[0]["id"])
    number = _inspect(scratch, supervisor, district, units[1])
    return Saw(
        f"比对建议把市级任务对应到区级任务（相近度 {score:.0f}），人工确认后两边任务页都显示联动；1 次企业联络已登记；一轮督查看了 2 项任务，逾期的 1 项列出，由其单位答复（{number}）并审定，任务改期后结果不变。",
        f"The comparison proposed the district task for the city's (score {score:.0f}); confirmed by a person, both tasks show the link. 1 contact with a firm is logged. A round of inspection looked at 2 tasks and listed the 1 that was late; its unit answered ({number}), it was judged, and the picture stood when the task was moved.",
        {"links": 1, "contacts": 1, "looked_at": 2, "behind": 1},
    )  # fmt: skip


def _link(supervisor: Client, city: list[dict[str, Any]], district: list[dict[str, Any]]) -> float:
    """The first city task, linked as proposed; the score of the proposal."""
    rows = supervisor.get(f"/plans/links/proposals/{city[0]['plan_id']}/{district[0]['plan_id']}")
    best = next((row["candidates"][0] for row in rows if row["city"] == city[0]["id"] and row["candidates"]), None)
    expect(best and best["district"] == district[0]["id"], "比对没有建议对应的区级任务。", "The comparison does not propose the task that answers.", str(best))  # fmt: skip
    pair = {"city": city[0]["id"], "district": district[0]["id"]}
    supervisor.post("/plans/links", {**pair, "goal": "检查：建成算力平台", "reason": "同一项目"})
    for task in pair.values():
        found = supervisor.get("/plans/links", task=task)
        expect(len(found) == 1 and "检查：建成算力平台" in supervisor.page(f"/tasks/{task}/"), "任务页没有显示联动。", "A task does not show its link.", str(task))  # fmt: skip
    return float(best["score"]) if best else 0.0


def _contact(scratch: ScratchDistrict, supervisor: Client, unit: str, task: int) -> None:
    told = {"organisation": unit, "firm": "GOV-17 检查公司", "kind": "visit", "on": timezone.localdate().isoformat(), "subject": "算力需求", "result": "转区数据局对接", "task": task}  # fmt: skip
    scratch.account("officer", unit).post("/plans/contacts", told)
    found = [row for row in supervisor.get("/plans/contacts") if row["firm"] == told["firm"]]
    expect(len(found) == 1 and found[0]["task_id"] == task, "企业联络没有登记。", "The contact with the firm is not logged.")  # fmt: skip


def _inspect(scratch: ScratchDistrict, supervisor: Client, district: list[dict[str, Any]], unit: str) -> str:
    """A round over the district's plan in which the second task is late; the number of its unit's case."""
    late, today = district[1]["id"], timezone.localdate()
    move = f"/plans/tasks/{late}/deadline"
    supervisor.post(move, {"deadline": (today - timedelta(days=1)).isoformat(), "reason": "时间节点"})
    supervisor.post(f"/plans/tasks/{district[0]['id']}/deadline", {"deadline": (today + timedelta(days=90)).isoformat(), "reason": "时间节点"})  # fmt: skip
    made = supervisor.post("/plans/inspections", {"title": "GOV-17 督查", "plan": district[0]["plan_id"]})
    seen = [(line["task"], line["organisation"], [row["kind"] for row in line["behind"]]) for line in made["lines"]]
    expect(made["looked_at"] == 2 and seen == [(late, unit, ["late"])], "督查没有如实显示滞后的任务。", "The inspection does not show just what is behind.", str(seen))  # fmt: skip
    officer, case = scratch.account("officer", unit), made["lines"][0]["case"]
    officer.post(f"/plans/inspections/lines/{made['lines'][0]['id']}/answer", {"text": "场地未落实，下月补办"})
    judged = supervisor.post(f"/cases/{case}/steps/judge", form={"text": "属实", "to": "closed"})
    supervisor.post(move, {"deadline": (today + timedelta(days=90)).isoformat(), "reason": "延期"})
    after = supervisor.get(f"/plans/inspections/{made['id']}")
    stands = after["lines"][0]["behind"] == made["lines"][0]["behind"] and after["lines"][0]["answer"]
    expect(not after["open"] and stands, "督查结果没有留下。", "The result of the inspection did not stand.", str(after["lines"]))  # fmt: skip
    return str(judged["number"])
