"""The named systems that this pack provides, each with its check; and which of the others a filed plan of this district follows."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date, datetime
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


# --- GOV-02 yearly plans and the ledger of key work ----------------------------------------------------------------------


def yearly_plan(unit: str, measures: list[tuple[str, date]], year: int) -> bytes:
    """A unit's plan of the year as it comes: a text with one measure a paragraph, each with its time and unit."""
    numbers = "一二三四五六七八九"
    rows = [
        f"（{numbers[i]}）{title}。完成{title}，{due.year}年{due.month}月{due.day}日前完成。（责任单位：{unit}）"
        for i, (title, due) in enumerate(measures)
    ]
    return "\n".join([f"{unit}{year}年度重点工作计划", "", "一、重点任务", *rows, ""]).encode()


def take_over(client: Client, name: str, content: bytes) -> int:
    """Import a plan, check it, file and assign it, as a person does; its number."""
    imported = client.post("/plans/documents", files=[("file", name, content)])
    expect(len(imported["documents"]) == 1, "没有读出一份规划。", "The file was not read as one plan.", name)
    pk = int(imported["documents"][0]["id"])
    for step in ("confirm-rest", "file", "assign"):
        client.post(f"/plans/documents/{pk}/{step}")
    return pk


@provides(
    "GOV-02", "各单位年度计划汇成一本台账，有措施、时间节点、进展和佐证，逾期项不经人手自动标出。", live=newest_report
)
def yearly_ledger(scratch: ScratchDistrict) -> Saw:
    """Two units' plans of the year, a time node entered for each measure: one row on time with a report and its file, one row past its day that nobody touched."""
    today, supervisor = timezone.localdate(), scratch.account("supervisor")
    units = [scratch.unit(name) for name in ("台账检查甲局", "台账检查乙局")]
    late, soon = date(today.year - 1, 12, 20), date(today.year + 1, 12, 20)
    plans = {
        units[0]: [("台账检查平台建设", soon), ("台账检查数据归集", late)],
        units[1]: [("台账检查人员培训", soon)],
    }
    numbers = [take_over(supervisor, f"plan-{i}.txt", yearly_plan(u, m, today.year)) for i, (u, m) in enumerate(plans.items())]  # fmt: skip
    rows = {row["heading"]: row for row in supervisor.get("/plans/tasks") if row["plan_id"] in numbers}
    wanted = {title: due for measures in plans.values() for title, due in measures}
    expect(set(rows) == set(wanted), "台账里缺少措施。", "The ledger lacks measures of the plans.", str(sorted(set(wanted) - set(rows))))  # fmt: skip
    for title, due in wanted.items():
        path = f"/plans/tasks/{rows[title]['id']}/deadline"
        rows[title] = supervisor.post(path, {"deadline": due.isoformat(), "reason": "年度计划所写时间"})
    nodes = {title: row["deadline"] for title, row in rows.items()}
    expect(nodes == {title: due.isoformat() for title, due in wanted.items()}, "时间节点不对。", "Time nodes differ from the plans.", str(nodes))  # fmt: skip
    files = _report(scratch.account("officer", units[0]), supervisor, rows["台账检查平台建设"]["id"])
    lights = {row["heading"]: row["light"] for row in supervisor.get("/plans/tasks") if row["plan_id"] in numbers}
    red = sorted(title for title, light in lights.items() if light == "red")
    expect(
        red == ["台账检查数据归集"], "逾期没有自动亮红灯。", "What is overdue was not flagged by itself.", str(lights)
    )
    return Saw(
        f"两个单位的年度计划汇成一本台账：{len(rows)} 项措施各有单位、时间节点；一项有进展和 {files} 份佐证；逾期的 1 项自动亮红灯。",
        f"The yearly plans of 2 units make one ledger: {len(rows)} measures with unit and time node; one has progress and {files} file as evidence; the 1 that is overdue is red by itself.",
        {"units": 2, "measures": len(rows), "files": files, "overdue": len(red)},
    )  # fmt: skip


def _report(officer: Client, supervisor: Client, task: int) -> int:
    """The unit accepts and reports with a file; how many files the ledger shows with it."""
    officer.post(f"/plans/tasks/{task}/accept")
    officer.post(f"/plans/tasks/{task}/reports", form={"text": "已完成一期"}, files=[("files", "progress.txt", "一期验收情况".encode())])  # fmt: skip
    reports: list[dict[str, Any]] = supervisor.get(f"/plans/tasks/{task}/reports")
    expect(len(reports) == 1 and reports[0]["files"], "台账里没有进展和佐证。", "The ledger shows no progress with evidence.")  # fmt: skip
    return len(reports[0]["files"])
