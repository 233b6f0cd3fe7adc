"""The named systems that this pack provides, each with its check; and which of the others a filed plan of this district follows."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum
from django.utils import timezone

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, catalogue, expect, provides, tracks
from haihe.packs.plans.models import Clause, Plan, Report, Task


def newest_report(at: datetime) -> Live | None:
    """The newest report of a unit on a task or target."""
    newest = Report.objects.order_by("-at").values_list("at", flat=True).first()
    return Live(newest) if newest else None


# --- what plans follow --------------------------------------------------------------------------------------------------


@tracks
def followed(at: datetime) -> Mapping[str, Saw]:
    """Systems whose name stands in a filed task, or in a confirmed named system, of a plan that is in force here."""
    return _followed(_stamp())


def _stamp() -> tuple[Any, ...]:
    """Changes whenever another plan is filed or replaced, a task filed or a named system decided upon."""
    plans = _filed().aggregate(Count("pk"), Max("filed_at"), Sum("pk"))
    tasks = Task.objects.aggregate(Max("pk"))
    systems = Clause.objects.filter(kind=Clause.Kind.SYSTEM).aggregate(Max("decided_at"), Count("decided_at"))
    return (str(settings.HOME), *plans.values(), *tasks.values(), *systems.values())


@functools.lru_cache(maxsize=2)
def _followed(stamp: tuple[Any, ...]) -> Mapping[str, Saw]:
    lines = [(plan.title, line, _compact(text)) for plan in _filed() for line, text in _texts(plan)]
    found: dict[str, Saw] = {}
    for system in catalogue().values():
        names = [_compact(name) for name in system.names_zh] if system.kind == "track" else []
        hit = next((row for name in names for row in lines if name in row[2]), None)
        if hit is not None:
            title, line, _ = hit
            found[system.id] = Saw(
                f"《{title}》第 {line} 行的任务在跟踪。", f"Followed as a task: {title}, line {line}."
            )
    return found


def _filed() -> QuerySet[Plan]:
    return Plan.objects.filter(replaced_by=None).exclude(filed_at=None).order_by("pk")


def _texts(plan: Plan) -> list[tuple[int, str]]:
    """(line, words) of what binds: filed tasks with their whole text, and confirmed named systems."""
    tasks = plan.tasks.select_related("clause").values_list("clause__line", "heading", "text")
    texts = [(line, f"{heading} {text}") for line, heading, text in tasks]
    for clause in plan.clauses.filter(kind=Clause.Kind.SYSTEM):
        if clause.binds:
            texts.append((clause.line, str(clause.current.get("name") or "")))
    return texts


def _compact(text: str) -> str:
    """Without quotation marks, brackets and spaces, in which documents differ."""
    return "".join(sign for sign in text if sign not in '“”"「」《》〈〉 \u3000').lower()


# --- projects: their tasks, reviews and evaluations -----------------------------------------------------------------------


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


@provides("GOV-08", "九个健康重点项目分解为有单位、有时间节点的任务，到节点逐项评估。", live=newest_report)
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
        "九个健康重点项目各有牵头、配合单位、步骤和时间节点；未到节点不列，到节点全部列入待评估，并逐项评估。",
        "Nine key health projects with units, steps and time nodes: none waits before its node, all nine wait once it is reached, and each was evaluated.",
        {"projects": 9, "evaluations": 9},
    )  # fmt: skip


@provides("GOV-12", "列入督查的项目有督查间隔和跨单位任务，漏了督查即亮红。", live=newest_report)
def projects_supervised(scratch: ScratchDistrict) -> Saw:
    """A project with two units reviewed every week: not red today, red on the day after a review that nobody held."""
    task, supervisor, today = nine_projects(scratch)[0], scratch.account("supervisor"), timezone.localdate()
    supervisor.post(f"/plans/tasks/{task['id']}/supervision", {"reason": "检查", "every_weeks": 1})

    def project(**query: Any) -> dict[str, Any]:
        rows = [row for row in supervisor.get("/plans/projects", **query) if row["task"]["id"] == task["id"]]
        expect(len(rows) == 1, "项目没有列入督查。", "The project is not under supervision.")
        return dict(rows[0])

    now, review = project(), today + timedelta(weeks=1)
    expect((now["every_weeks"], now["next_review"]) == (1, review.isoformat()), "督查间隔不对。", "The rhythm is wrong.", str(now))  # fmt: skip
    roles = {unit["role"] for unit in now["task"]["units"]}
    expect(roles == {"lead", "support"}, "任务不是跨单位的。", "The task is not across units.", str(roles))
    marks = [project(on=day.isoformat())["red"] for day in (today, review, review + timedelta(days=1))]
    expect(marks == [False, False, True], "漏了督查没有亮红，或提前亮红。", "The red mark comes too early or not at all.", str(marks))  # fmt: skip
    return Saw(
        "项目列入督查，每周一次，牵头和配合单位都在；按日推算，督查日前和当日不红，过一天无人督查即亮红。",
        "The project is reviewed weekly across its leading and supporting unit; asked for days to come, it is not red until the day of the review and red the day after nobody held it.",
        {"every_weeks": 1, "units": 2},
    )  # fmt: skip
