"""核对: original on the left, reading on the right, each clause confirmed or corrected by a person, keyboard first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from haihe.kernel.errors import InvalidInput
from haihe.packs.plans import services
from haihe.packs.plans.checking import COMPARATORS
from haihe.packs.plans.models import Clause, Plan
from haihe.packs.plans.pages.base import pages, pick
from haihe.web.pages import AccountRequest, go

ROLE_SIGNS = {"牵": "lead", "责": "responsible", "配": "support"}


@dataclass(frozen=True)
class ShownLine:
    """A line of the original with its highlights, and whether clauses start on it."""

    number: int
    html: SafeString
    clauses: list[Clause]


def shown_lines(plan: Plan, clauses: list[Clause]) -> list[ShownLine]:
    """The document's own lines; each clause's span is marked, tasks mark their first line's heading."""
    by_line: dict[int, list[Clause]] = {}
    for clause in clauses:
        by_line.setdefault(clause.line, []).append(clause)
    lines = plan.file.lines
    return [
        ShownLine(n, _marked(lines[n - 1], by_line.get(n, [])), by_line.get(n, []))
        for n in range(plan.line, min(plan.end_line, len(lines)) + 1)
    ]


def _marked(text: str, clauses: list[Clause]) -> SafeString:
    """The line as HTML: every span of a clause in a <mark> that names it. Overlapping spans: the first one wins."""
    parts: list[str] = []
    position = 0
    spans = sorted(
        (c for c in clauses if c.span_start is not None and c.span_end is not None),
        key=lambda c: (c.span_start, -(c.span_end or 0)),
    )
    for clause in spans:
        start, end = clause.span_start or 0, clause.span_end or 0
        if start < position or end > len(text):
            continue
        parts.append(escape(text[position:start]))
        parts.append(
            f'<mark class="{clause.kind}" data-clause="{clause.pk}" tabindex="-1">{escape(text[start:end])}</mark>'
        )
        position = end
    parts.append(escape(text[position:]))
    return mark_safe("".join(parts))  # noqa: S308  (every piece of text above is escaped)


@pages.page("plans/<int:pk>/check/", "check", permission="plan.read")
def check(request: AccountRequest, pk: int) -> HttpResponse:
    plan = pick(request.user, Plan.objects.select_related("file__file", "replaces", "replaced_by"), pk)
    clauses = list(plan.clauses.select_related("target", "task", "decided_by", "plan__replaced_by"))
    siblings = plan.file.plans.order_by("line") if plan.file_id else []
    content = {
        "plan": plan, "clauses": clauses, "lines": shown_lines(plan, clauses), "siblings": siblings, **_counts(clauses), "comparators": COMPARATORS,
        "issues": [*plan.content.get("issues", []), *_own_issues(plan)], "dropped": plan.content.get("dropped", []),
    }  # fmt: skip
    return render(request, "plans/check.html", content)


def _own_issues(plan: Plan) -> list[dict[str, Any]]:
    return [issue for issue in plan.file.issues if plan.line <= issue["line"] <= plan.end_line]


def _counts(clauses: list[Clause]) -> dict[str, int]:
    return {"total": len(clauses), "done": sum(c.decision != Clause.Decision.PROPOSED for c in clauses)}


def _answer(request: AccountRequest, clause: Clause) -> HttpResponse:
    """The card as it now is, and the counter; or, without htmx, the page at this clause."""
    if not request.headers.get("HX-Request"):
        return go(request, reverse("plans:check", args=[clause.plan_id]) + f"#c{clause.pk}")
    rows = list(clause.plan.clauses.all())
    return render(
        request,
        "plans/check_card.html",
        {"clause": clause, "plan": clause.plan, "comparators": COMPARATORS, "swapped": True, **_counts(rows)},
    )


@pages.page("clauses/<int:pk>/<str:step>/", "decide", permission="clause.confirm", methods=("POST",))
def decide(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    clause = pick(request.user, Clause.objects.select_related("plan"), pk)
    steps = {"confirm": services.confirm, "reject": services.reject, "reopen": services.reopen}
    if step in steps:
        return _answer(request, steps[step](request.user, clause))
    if step == "correct":
        return _answer(request, services.correct(request.user, clause, fields=_fields(request, clause.kind)))
    raise InvalidInput("没有这一步。", "There is no such step.", where=step)


def _fields(request: AccountRequest, kind: str) -> dict[str, Any]:
    """The form's fields; units are written one a line as 牵 区数据局 / 责 … / 配 …."""
    names = {
        "target": ("subject", "kind", "comparator", "value", "value_max", "unit", "deadline", "strength"),
        "task": ("number", "heading", "deadline"),
        "system": ("name", "verb"),
    }[kind]
    fields: dict[str, Any] = {name: request.POST[name] for name in names if name in request.POST}
    if kind == "task" and "units" in request.POST:
        fields["units"] = read_units(request.POST["units"])
    return fields


def read_units(text: str) -> list[dict[str, str]]:
    """牵 区数据局、区财政局 → two units with the role lead; a line without a sign holds responsible units."""
    units = []
    for line in text.splitlines():
        match = re.match(r"\s*(牵|责|配)(?:头|任|合)?(?:单位)?\s*[：: ]\s*(.+)", line)
        role, names = (ROLE_SIGNS[match[1]], match[2]) if match else ("responsible", line)
        units += [{"name": name.strip(), "role": role} for name in re.split(r"[、，,；;]", names) if name.strip()]
    return units


@pages.page("plans/<int:pk>/clauses/", "add_clause", permission="clause.add", methods=("POST",))
def add_clause(request: AccountRequest, pk: int) -> HttpResponse:
    plan = pick(request.user, Plan.objects.all(), pk)
    kind = request.POST.get("new_kind", "")
    if kind not in ("target", "task", "system"):
        raise InvalidInput("请选择条目类别。", "Choose what to add.", where="new_kind")
    line = request.POST.get("line", "")
    fields = {name: value for name, value in _fields(request, kind).items() if value not in ("", [])}
    clause = services.add_clause(request.user, plan, kind=kind, line=int(line) if line.isdigit() else 0, fields=fields)
    return go(request, reverse("plans:check", args=[plan.pk]) + f"#c{clause.pk}")


@pages.page("plans/<int:pk>/<str:step>/do/", "plan_step", permission="plan.file", methods=("POST",))
def plan_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Confirm the rest, file, assign all, publish, withdraw: then back to the page."""
    plan = pick(request.user, Plan.objects.all(), pk)
    target = reverse("plans:check", args=[plan.pk])
    if step == "confirm-rest":
        services.confirm_rest(request.user, plan)
    elif step == "file":
        services.file_plan(request.user, plan)
    elif step == "assign":
        _done, waiting = services.assign_all(request.user, plan)
        target = reverse("plans:units") if waiting else reverse("plans:board")
    elif step == "publish":
        services.publish(request.user, plan)
    elif step == "withdraw":
        services.withdraw(request.user, plan)
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, target)
