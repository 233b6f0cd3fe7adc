"""Which of the named systems a filed plan of this district follows."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, QuerySet, Sum

from haihe.kernel.systems import Saw, catalogue, tracks
from haihe.packs.plans.models import Clause, Plan, Task


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
