"""Plans by title and document number, tasks with their units, targets, clauses as they now hold, and papers that were issued."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from haihe.kernel.search import searchable
from haihe.packs.plans.models import Clause, IssuedPaper, Plan, Target, Task, TaskUnit


def _task(task: Task) -> str:
    return " ".join([task.number, task.plan.title, *(unit.name for unit in task.units.all()), task.text])


def _clause(clause: Clause) -> str:
    content = clause.current
    named = [str(content.get(key) or "") for key in ("subject", "text")]
    return " ".join([clause.plan.title, *named, *(str(unit.get("name", "")) for unit in content.get("units") or [])])


def _clause_title(clause: Clause) -> str:
    content = clause.current
    return str(content.get("heading") or content.get("subject") or content.get("name") or content.get("text") or "")


def _strings(content: Any) -> Iterator[str]:
    """Every text in what a paper was made of."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for each in content.values() if isinstance(content, dict) else content:
            yield from _strings(each)


searchable(
    Task, "任务", "Tasks", title=lambda task: task.heading, text=_task, related=("plan",), prefetched=("units",),
    also={TaskUnit: lambda unit: [unit.task_id]},
)  # fmt: skip
searchable(
    Target, "指标", "Targets", related=("indicator", "plan"), link=lambda target: reverse("plans:target", args=[target.pk]),
    title=lambda target: f"{target.indicator.title} {target.goal}", text=lambda target: target.plan.title,
)  # fmt: skip
searchable(
    Plan, "规划文件", "Plans", link=lambda plan: reverse("plans:check", args=[plan.pk]),
    text=lambda plan: f"{plan.number} {plan.issuer} {plan.bundle_title}",
)  # fmt: skip
searchable(
    Clause, "条款", "Clauses", title=_clause_title, text=_clause, related=("plan",),
    link=lambda clause: f"{reverse('plans:check', args=[clause.plan_id])}#c{clause.pk}",
)  # fmt: skip
searchable(
    IssuedPaper, "文书", "Papers", text=lambda paper: " ".join(_strings(paper.content)), link=lambda paper: reverse("plans:paper", args=[paper.pk])
)  # fmt: skip
