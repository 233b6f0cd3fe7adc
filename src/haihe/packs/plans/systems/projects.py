"""Checks of what is kept of projects: their tasks, reviews and evaluations (GOV-08, GOV-12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.cases import CaseEvent
from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, provides
from haihe.packs.plans.cases import PROJECT_REVIEW
from haihe.packs.plans.models_supervision import Evaluation


def newest_evaluation(at: datetime) -> Live | None:
    """The newest evaluation of a project at its node."""
    newest = Evaluation.objects.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


def newest_review(at: datetime) -> Live | None:
    """The newest event of a review of a project under supervision."""
    rows = CaseEvent.objects.filter(case__type_name=PROJECT_REVIEW.name)
    newest = rows.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


def health_plan(units: list[str], count: int) -> bytes:
    """A plan of `count` projects as it comes: one a paragraph, led by one unit and supported by the next."""
    numbers = "一二三四五六七八九"
    rows = [
        f"（{numbers[i]}）检查项目{numbers[i]}。建设健康检查项目{numbers[i]}并投入使用。（牵头单位：{units[i % len(units)]}；配合单位：{units[(i + 1) % len(units)]}）"
        for i in range(count)
    ]
    return "\n".join(["GOV 检查健康重点项目行动方案", "", "一、重点任务", *rows, ""]).encode()


def take_over(client: Client, content: bytes) -> list[dict[str, Any]]:
    """Import a plan, check, file and assign it, as a person does; its tasks."""
    imported = client.post("/plans/documents", files=[("file", "plan.txt", content)])
    expect(len(imported["documents"]) == 1, "没有读出一份规划。", "The file was not read as one plan.")
    pk = int(imported["documents"][0]["id"])
    if not imported["documents"][0]["filed_at"]:
        for step in ("confirm-rest", "file", "assign"):
            client.post(f"/plans/documents/{pk}/{step}")
    tasks: list[dict[str, Any]] = client.get("/plans/tasks", plan=pk)
    return tasks


def nine_projects(scratch: ScratchDistrict) -> list[dict[str, Any]]:
    """Nine projects of a health plan with units, the same ones each time."""
    units = [scratch.unit(name) for name in ("项目检查卫健局", "项目检查数据局", "项目检查医保局")]
    tasks = take_over(scratch.account("supervisor"), health_plan(units, 9))
    expect(len(tasks) == 9 and all(len(task["units"]) == 2 for task in tasks), "九个项目或其单位不全。", "Nine projects with two units each were not read.", str(len(tasks)))  # fmt: skip
    return tasks


@provides("GOV-08", "九个健康重点项目分解为有单位、有时间节点的任务，到节点逐项评估。", live=newest_evaluation)
def projects_evaluated(scratch: ScratchDistrict) -> Saw:
    """Nine projects with steps and nodes: none can be evaluated before its node, every one waits for it afterwards."""
    tasks, supervisor, today = nine_projects(scratch), scratch.account("supervisor"), timezone.localdate()
    yesterday, ahead = today - timedelta(days=1), today + timedelta(days=30)
    for task in tasks:
        officer, address = scratch.account("officer", task["units"][0]["name"]), f"/plans/tasks/{task['id']}"
        supervisor.post(f"{address}/deadline", {"deadline": ahead.isoformat(), "reason": "时间节点"})
        officer.post(f"{address}/steps", {"title": "建成验收", "due": ahead.isoformat()})
    mine = {task["id"] for task in tasks}
    waiting = {task["id"] for task in supervisor.get("/plans/evaluations/due")} & mine
    expect(not waiting, "未到节点就要求评估。", "An evaluation is asked for before the node.", str(waiting))
    for task in tasks:
        supervisor.post(f"/plans/tasks/{task['id']}/deadline", {"deadline": yesterday.isoformat(), "reason": "节点已到"})  # fmt: skip
    waiting = {task["id"] for task in supervisor.get("/plans/evaluations/due")} & mine
    expect(
        waiting == mine, "到了节点没有列入待评估。", "Not every project waits for its evaluation.", str(len(waiting))
    )
    for pk in mine:
        supervisor.post(f"/plans/tasks/{pk}/evaluations", {"outcome": "done", "reasons": "现场核查，已建成"})
    left = {task["id"] for task in supervisor.get("/plans/evaluations/due")} & mine
    done = [supervisor.get(f"/plans/tasks/{pk}/evaluations") for pk in mine]
    expect(not left and all(len(rows) == 1 for rows in done), "评估没有留下。", "An evaluation was not kept.")
    return Saw(
        "九个健康重点项目各有牵头、配合单位、步骤和时间节点；未到节点不列，节点改到昨天后全部列入待评估（没有实等），并逐项评估。",
        "Nine key health projects with units, steps and time nodes: none waits before its node, all nine wait once it was moved to yesterday (it was not waited for), and each was evaluated.",
        {"projects": 9, "evaluations": 9},
    )  # fmt: skip


@provides("GOV-12", "列入督查的项目有督查间隔和跨单位任务，漏了督查即亮红。", live=newest_review)
def projects_supervised(scratch: ScratchDistrict) -> Saw:
    """The worker opens today's review by itself for both units; left alone it would be red after its last day, answered it is not.

    The days until then are not waited for: the mark is asked for days to come, and the sentence says so."""
    task, supervisor, today = nine_projects(scratch)[0], scratch.account("supervisor"), timezone.localdate()
    rhythm = {"reason": "检查", "every_weeks": 4, "first_on": today.isoformat()}
    supervisor.post(f"/plans/tasks/{task['id']}/supervision", rhythm)
    roles = {unit["role"]: unit["name"] for unit in task["units"]}
    expect(set(roles) == {"lead", "support"}, "任务不是跨单位的。", "The task is not across units.", str(roles))
    case = scratch.until(
        lambda: _round_of(supervisor, task["id"]), "到了督查日没有自动立案。", "No review was opened on its day."
    )
    handlers = {unit["name"] for unit in case["units"] if unit["role"] == "handler"}
    expect(
        handlers == set(roles.values()), "督查没有交给各单位。", "The review does not go to every unit.", str(handlers)
    )
    project = _project(supervisor, task["id"])
    later = (today + timedelta(weeks=4)).isoformat()
    expect((project["every_weeks"], project["next_review"]) == (4, later), "督查间隔不对。", "The rhythm is wrong.", str(project))  # fmt: skip
    overdue = timezone.localdate(datetime.fromisoformat(case["due_at"]))  # the day after the last one in time
    days = (today, overdue - timedelta(days=1), overdue)
    marks = [_project(supervisor, task["id"], on=day.isoformat())["red"] for day in days]
    expect(marks == [False, False, True], "漏了督查没有亮红，或提前亮红。", "The red mark comes too early or not at all.", str(marks))  # fmt: skip
    steps = f"/cases/{case['id']}/steps"
    scratch.account("officer", roles["lead"]).post(f"{steps}/report", form={"text": "按计划推进"})
    supervisor.post(f"{steps}/conclude", form={"text": "属实", "to": "closed"})
    held = _project(supervisor, task["id"], on=overdue.isoformat())["red"]
    expect(not held, "督查已办结仍亮红。", "It is red although the review was held.")
    waited = (overdue - today).days
    return Saw(
        f"项目每四周督查一次，当天的督查由后台自动立案，交牵头和配合两个单位；{waited} 天后的红灯是按日推算的，没有实等：无人报告则期限次日亮红，报告并审定后同一天不红。",
        f"The project is reviewed every four weeks; the worker opened today's review by itself for its leading and its supporting unit. The mark was asked for {waited} days ahead, not waited for: red the day after the limit if nobody reports, not red on that day once the review is held.",
        {"every_weeks": 4, "units": 2, "days_ahead": waited},
    )  # fmt: skip


def _project(client: Client, task: int, **query: Any) -> dict[str, Any]:
    rows = [row for row in client.get("/plans/projects", **query) if row["task"]["id"] == task]
    expect(len(rows) == 1, "项目没有列入督查。", "The project is not under supervision.")
    return dict(rows[0])


def _round_of(client: Client, task: int) -> dict[str, Any] | None:
    """The newest review of the project as a case, or None while there is none."""
    numbers = _project(client, task)["reviews"]
    rows = client.get("/cases", type="plans.project_review") if numbers else []
    return next((dict(row) for row in rows if row["number"] == numbers[0]), None)
