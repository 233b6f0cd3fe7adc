"""市区联动: the comparison proposes which district task answers which city task; a person confirms, and may undo it."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.language import two
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.models_linkage import TaskLink
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, go, may

SHOWN = 200


@pages.page("linkage/", "linkage", permission="plan.read", methods=("GET", "POST"))
def linkage(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        return _link(request)
    a, b = request.GET.get("a", ""), request.GET.get("b", "")
    rows = visible(request.user, TaskLink.objects.filter(ended_at=None))
    content: dict[str, Any] = {
        "choices": _choices(request), "a": a, "b": b, "may_link": may(request.user, "task.link"), "count": rows.count(),
        "links": rows.select_related("city__plan", "district__plan", "made_by")[:SHOWN],
        "seen": set(visible(request.user, Task.objects.filter(links_down__in=rows)).values_list("pk", flat=True)),
    }  # fmt: skip
    if a and b:
        sides = services.side_of(request.user, a), services.side_of(request.user, b)
        content["proposals"] = services.proposals(request.user, *sides)
        content["district_tasks"] = visible(request.user, Task.objects.filter(plan__in=sides[1].plans))
    return render(request, "plans/linkage.html", content)


def _choices(request: AccountRequest) -> list[tuple[str, str]]:
    """Plans of which tasks are filed: others have nothing that could be linked."""
    rows = visible(request.user, Plan.objects.filter(replaced_by=None).exclude(filed_at=None).exclude(tasks=None))
    return [(str(plan.pk), plan.title) for plan in rows.only("pk", "title").distinct()]


def _link(request: AccountRequest) -> HttpResponse:
    tasks = Task.objects.select_related("plan")
    city, district = (visible_row(request.user, tasks, request.POST.get(name, "")) for name in ("city", "district"))
    goal, reason = (request.POST.get(name, "") for name in ("goal", "reason"))
    services.link_tasks(request.user, city, district, goal=goal, reason=reason)
    return go(request, reverse("plans:task", args=[district.pk]) + "#links")


@pages.page("linkage/<int:pk>/end/", "unlink", permission="plan.read", methods=("POST",))
def unlink(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, TaskLink.objects.all(), pk)
    services.unlink_tasks(request.user, found, reason=request.POST.get("reason", ""))
    return go(request, reverse("plans:linkage"))


pages.in_nav("linkage", two("市区联动", "City and district"), order=29, group="plan", roles=["supervisor", "viewer"])
