"""Stored plans as the reading model again, so that comparing and checking work on what a person has corrected."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from haihe.kernel.errors import NotFound
from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.packs.plans.comparing.compare import Comparison, as_json, compare
from haihe.packs.plans.comparing.paper import Paper, paper_of
from haihe.packs.plans.models import Clause, Plan
from haihe.packs.plans.reading.model import (
    BudgetLine,
    Document,
    OutlineNode,
    Period,
    Phase,
    Target,
    Task,
    UnitRole,
)


def document_of(plan: Plan) -> Document:
    """What was read, with the corrections of people over it; rejected clauses are left out."""
    clauses = [c for c in plan.clauses.all() if c.decision != Clause.Decision.REJECTED]
    content = plan.content
    return Document(
        plan.line, plan.end_line, plan.title, cast(Any, plan.kind), cast(Any, plan.status), plan.issuer or None, plan.number or None,
        plan.issued_on.isoformat() if plan.issued_on else None, Period(plan.period_start or None, plan.period_end or None), None, None,
        outline=tuple(OutlineNode(**row) for row in content.get("outline") or ()),
        targets=tuple(_target(c) for c in clauses if c.kind == Clause.Kind.TARGET and c.current.get("value") is not None),
        tasks=tuple(_task(c) for c in clauses if c.kind == Clause.Kind.TASK),
        budget=tuple(BudgetLine(**row) for row in content.get("budget") or ()),
        phases=tuple(Phase(**row) for row in content.get("phases") or ()),
    )  # fmt: skip


def _target(clause: Clause) -> Target:
    now = clause.current
    unit = now.get("unit") or None
    normal = now.get("unit_normalised") if "unit" not in clause.correction else unit
    span = now.get("span")
    return Target(
        clause.line, now.get("text") or "", now.get("subject"), now.get("kind") or "target", now.get("comparator") or "=", float(now["value"]),
        None if now.get("value_max") in (None, "") else float(now["value_max"]), unit, normal, now.get("value_as_written") or f"{now['value']:g}{unit or ''}",
        now.get("deadline"), now.get("strength") or "binding", now.get("scope"), tuple(span) if span else None,
    )  # fmt: skip


def _task(clause: Clause) -> Task:
    now = clause.current
    units = tuple(UnitRole(unit["name"], unit["role"]) for unit in now.get("units") or ())
    return Task(clause.line, clause.end_line, now.get("number"), now.get("heading") or "", now.get("text") or "", units, None, now.get("deadline"))  # fmt: skip


def paper_of_plan(plan: Plan) -> Paper:
    return paper_of(document_of(plan), plan.file.lines)


def documents_of(plans: Iterable[Plan]) -> list[Document]:
    return [document_of(plan) for plan in plans]


# --- two sides of a comparison ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """A plan, or all plans of a file (written f7), as somebody chose it."""

    written: str
    title: str
    plans: tuple[Plan, ...]

    @property
    def papers(self) -> list[Paper]:
        return [paper_of_plan(plan) for plan in self.plans]


def side_of(account: Account, written: str) -> Side:
    """The plan of that number, or with an f before it the plans of that file; NotFound where the account sees none."""
    whole, number = written.startswith("f"), written.removeprefix("f")
    rows = visible(account, Plan.objects.select_related("file").prefetch_related("clauses"))
    known = number.isascii() and number.isdigit() and len(number) < 19
    plans = (
        list((rows.filter(file_id=int(number)) if whole else rows.filter(pk=int(number))).order_by("line"))
        if known
        else []
    )
    if whole:
        plans = [plan for plan in plans if plan.kind in ("plan", "annex")] or plans
    if not plans:
        raise NotFound(
            "没有这份规划，或您无权查看。", "There is no such plan, or you may not see it.", where=written[:40]
        )
    return Side(written, plans[0].bundle_title if whole and plans[0].bundle_title else plans[0].title, tuple(plans))


def compare_stored(a: Side, b: Side, kind: str | None = None) -> Comparison:
    return compare(a.papers, b.papers, kind or None)


def release_comparison(account: Account, a: Side, b: Side, kind: str | None, *, purpose: str) -> tuple[str, bytes]:
    """The comparison as JSON, after it passed the export gate: the file's name and its bytes."""
    comparison = compare_stored(a, b, kind)
    content = json.dumps(as_json(comparison), ensure_ascii=False, indent=1).encode()
    name = f"{comparison.kind}-{a.written}-{b.written}.json"
    release(account, "plans.comparison", name, content, purpose=purpose)
    return name, content
