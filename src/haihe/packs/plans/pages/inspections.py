"""督查: rounds of inspection, what was behind on the day, and the answers of the units."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.language import two
from haihe.kernel.permissions import allows, visible
from haihe.kernel.policies import parameter
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.models_linkage import BEHIND, Inspection, InspectionLine
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import id_in, ids_in, is_given, visible_row
from haihe.web.pages import AccountRequest, go, may

SHOWN = 100


@pages.page("inspections/", "inspections", permission="plan.read", methods=("GET", "POST"))
def inspections(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        return _open(request)
    rows = visible(request.user, Inspection.objects.select_related("plan", "opened_by"))
    plans = visible(request.user, Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    content = {
        "rows": [(row, row.is_open, visible(request.user, row.lines.all()).count()) for row in rows[:SHOWN]],
        "count": rows.count(), "may_open": may(request.user, "inspection.open"), "plans": plans,
        "silent_days": parameter("plans.inspect_silent_working_days", timezone.localdate()),
    }  # fmt: skip
    return render(request, "plans/inspections.html", content)


def _open(request: AccountRequest) -> HttpResponse:
    chosen = request.POST.get("plan", "")
    plan = visible_row(request.user, Plan.objects.all(), chosen) if chosen else None
    tasks = visible(request.user, Task.objects.filter(pk__in=ids_in(request, "task")))
    days = (id_in(request.POST.get("silent_days")) or 0) if is_given(request, "silent_days") else None
    title = request.POST.get("title", "")
    made = services.inspect(request.user, plan, title=title, tasks=tasks, silent_days=days)
    return go(request, reverse("plans:inspection", args=[made.pk]))


@pages.page("inspections/<int:pk>/", "inspection", permission="plan.read")
def inspection(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Inspection.objects.select_related("plan", "opened_by"), pk)
    rows = visible(request.user, found.lines.select_related("task", "organisation", "case"))
    lines = list(rows.prefetch_related("answers__by"))
    waiting = {line.pk for case in {line.case for line in lines if line.case} for line in services.open_lines(case)}
    content = {
        "round": found, "is_open": found.is_open, "lines": len(lines), "counts": _counts(lines),
        "answered": sum(bool(line.answers.all()) for line in lines),
        "units": [_unit(request, list(own), waiting) for _, own in groupby(lines, key=lambda line: line.organisation_id)],
    }  # fmt: skip
    return render(request, "plans/inspection.html", content)


def _counts(lines: list[InspectionLine]) -> list[tuple[str, int]]:
    """How many tasks were late, silent, or had missed a review; a task of two units counts once."""
    tasks = {line.task_id: {row["kind"] for row in line.behind} for line in lines}
    return [(str(title), sum(kind in kinds for kinds in tasks.values())) for kind, title in BEHIND.items()]


def _unit(request: AccountRequest, own: list[InspectionLine], waiting: set[int]) -> dict[str, Any]:
    """A unit's lines; those that wait and that the reader may answer come with a form."""
    case = own[0].case
    at_answer = case is not None and case.closed_at is None and case.step == "answer"
    may_answer = at_answer and allows(request.user, "inspection.answer", own[0])
    return {
        "unit": own[0].organisation,
        "case": case,
        "lines": [(line, may_answer and line.pk in waiting) for line in own],
    }


@pages.page("inspections/lines/<int:pk>/answer/", "inspection_answer", permission="plan.read", methods=("POST",))
def answer(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, InspectionLine.objects.all(), pk)
    services.answer_line(request.user, found, text=request.POST.get("text", ""))
    return go(request, reverse("plans:inspection", args=[found.inspection_id]))


pages.in_nav(
    "inspections", two("督查", "Inspections"), order=30, group="plan", roles=["supervisor", "viewer", "officer"]
)
