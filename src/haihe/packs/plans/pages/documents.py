"""Plan documents: dropping a file, the list, linking names of units, downloading the task-division table."""

from __future__ import annotations

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from haihe.kernel import administration
from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import ALLOWED_TYPES
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation, propose_organisations
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import pages, pick, received
from haihe.packs.plans.papers import release_division_table
from haihe.web.pages import AccountRequest, go

READABLE = ".docx,.pdf,.txt,.html,.htm,.md"


@pages.page("plans/", "documents", permission="plan.read")
def documents(request: AccountRequest) -> HttpResponse:
    rows = (
        visible(request.user, Plan.objects.select_related("file__file", "replaces", "replaced_by"))
        .annotate(total=Count("clauses"), open=Count("clauses", filter=Q(clauses__decision="proposed")))
        .order_by("-file__imported_at", "line")
    )
    files: dict[int, list[Plan]] = {}
    for plan in rows:
        files.setdefault(plan.file_id, []).append(plan)
    content = {
        "files": list(files.values()),
        "readable": READABLE,
        "may_import": allows(request.user, "plan.import"),
        "unlinked": len(services.unlinked_names()),
    }
    return render(request, "plans/documents.html", content)


@pages.page("plans/import/", "import", permission="plan.import", methods=("POST",))
def import_file(request: AccountRequest) -> HttpResponse:
    files = received(request, "file")
    if not files:
        raise InvalidInput("请选择文件。", "Choose a file.", where="file")
    plans = [plan for file in files for plan in services.import_evidence(request.user, file).plans]
    chosen = next((plan for plan in plans if plan.kind == "plan"), plans[0])
    return go(request, reverse("plans:check", args=[chosen.pk]))


@pages.page("plans/<int:pk>/division.xlsx", "division", permission="plan.export", methods=("POST",))
def division(request: AccountRequest, pk: int) -> HttpResponse:
    plan = pick(request.user, Plan.objects.all(), pk)
    name, content = release_division_table(request.user, plan, purpose=request.POST.get("purpose") or "任务分工")
    response = HttpResponse(content, content_type=ALLOWED_TYPES[".xlsx"][0])
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@pages.page("plans/units/", "units", permission="unit.link", methods=("GET", "POST"))
def link_units(request: AccountRequest) -> HttpResponse:
    """Names of units as written that no person has linked yet, each with proposals."""
    if request.method == "POST":
        name = request.POST.get("name", "")
        organisation = Organisation.objects.filter(pk=request.POST.get("organisation") or 0).first()
        if organisation is None:
            raise InvalidInput("请选择单位。", "Choose the unit.", where=name)
        if request.POST.get("lasting"):
            administration.add_alias(request.user, organisation, name=name)
        services.link_units(request.user, organisation, name=name)
        return go(request, reverse("plans:units"))
    names = [
        {"name": name, "tasks": tasks, "proposals": propose_organisations(name, least=50)}
        for name, tasks in services.unlinked_names()
    ]
    return render(
        request,
        "plans/units.html",
        {"names": names, "organisations": visible(request.user, Organisation.objects.all())},
    )


pages.in_nav("documents", two("规划文件", "Plans"), order=30, roles=["supervisor", "viewer", "officer"])
