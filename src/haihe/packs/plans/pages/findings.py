"""查矛盾: what contradicts itself in a document, next to its original; what is meant so is marked with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.comparing.check import KINDS
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, go

SEVERITIES = {"contradiction": (two("矛盾", "Contradiction"), "red"), "likely": (two("很可能", "Likely"), "amber"), "note": (two("提示", "Note"), "")}  # fmt: skip


@dataclass(frozen=True)
class Row:
    judged: services.Judged
    title: str
    severity: Any
    colour: str
    why: str
    to_do: str
    places: list[tuple[int, str, str]]  # line, quotation, link to the document in which the line stands


@pages.page("plans/<int:pk>/findings/", "findings", permission="plan.read")
def findings(request: AccountRequest, pk: int) -> HttpResponse:
    plan = visible_row(request.user, Plan.objects.select_related("file__file", "replaces"), pk)
    parts = list(visible(request.user, plan.file.plans.defer("content")).order_by("line"))
    rows = [_row(judged, plan, parts) for judged in services.findings_of(request.user, plan)]
    told = {place.line for row in rows for place in row.judged.finding.places}
    lines = [
        (n, plan.file.lines[n - 1], n in told) for n in range(plan.line, min(plan.end_line, len(plan.file.lines)) + 1)
    ]
    content = {
        "plan": plan, "parts": parts, "open": [row for row in rows if row.judged.mark is None], "lines": [line for line in lines if line[1].strip()],
        "intended": [row for row in rows if row.judged.mark is not None], "may_mark": allows(request.user, "finding.intend", plan),
    }  # fmt: skip
    return render(request, "plans/findings.html", content)


def _row(judged: services.Judged, plan: Plan, parts: list[Plan]) -> Row:
    finding = judged.finding
    severity, colour = SEVERITIES[finding.severity]
    places = [(p.line, p.quote, _link(p.line, plan, parts)) for p in finding.places]
    why, to_do = in_language(finding.why_zh, finding.why_en), in_language(finding.to_do_zh, finding.to_do_en)
    return Row(judged, in_language(*KINDS[finding.kind]), severity, colour, why, to_do, places)


def _link(line: int, plan: Plan, parts: list[Plan]) -> str:
    if plan.line <= line <= plan.end_line:
        return f"#L{line}"
    other = next((part for part in parts if part.line <= line <= part.end_line), None)
    return reverse("plans:findings", args=[other.pk]) + f"#L{line}" if other else ""


@pages.page("plans/<int:pk>/findings/<str:key>/<str:step>/", "judge_finding", permission="plan.read", methods=("POST",))
def judge_finding(request: AccountRequest, pk: int, key: str, step: str) -> HttpResponse:
    plan = visible_row(request.user, Plan.objects.all(), pk)
    if step == "intended":
        services.mark_intended(request.user, plan, key=key, reason=request.POST.get("reason", ""))
    elif step == "reopen":
        services.unmark(request.user, plan, key=key)
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("plans:findings", args=[plan.pk]))
