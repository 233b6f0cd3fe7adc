"""Plan documents: dropping a file, the list of what was read, downloading the task-division table."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import ALLOWED_TYPES
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Clause, Plan, PlanFile
from haihe.packs.plans.pages.base import pages
from haihe.packs.plans.papers import release_division_table
from haihe.web.fields import received, visible_row
from haihe.web.pages import AccountRequest, go
from haihe.web.paging import page_of

FILES_A_PAGE = 20
READABLE = ".docx,.pdf,.txt,.html,.htm,.md"


@dataclass(frozen=True)
class FileGroup:
    """One file with the documents that were found in it."""

    file: PlanFile
    bundle: str
    plans: list[Plan]


@pages.page("plans/", "documents", permission="plan.read")
def documents(request: AccountRequest) -> HttpResponse:
    seen = visible(request.user, Plan.objects.all())
    files = PlanFile.objects.filter(pk__in=seen.order_by().values("file")).order_by("-imported_at", "-pk")
    in_place = Exists(seen.filter(file=OuterRef("pk"), replaced_by=None))
    current = page_of(request, files.filter(in_place), FILES_A_PAGE)
    replaced = page_of(request, files.exclude(in_place), FILES_A_PAGE, name="older")
    may_import = allows(request.user, "plan.import")
    content = {
        "current": _groups(seen, list(current)), "replaced": _groups(seen, list(replaced)), "page": current, "older": replaced,
        "open_older": bool(request.GET.get("older")), "readable": READABLE, "may_import": may_import,
        "unlinked": len(services.unlinked_names()) if may_import else 0,
    }  # fmt: skip
    return render(request, "plans/documents.html", content)


def _groups(seen: QuerySet[Plan], files: list[PlanFile]) -> list[FileGroup]:
    """The files with the documents of each that are seen, and how far these are checked."""
    rows = seen.filter(file__in=files).select_related("file__file", "replaces", "replaced_by")
    rows = rows.defer("file__text", "replaces__content", "replaced_by__content").order_by("line", "pk")
    open_ones = Count("pk", filter=Q(decision=Clause.Decision.PROPOSED))
    counted = Clause.objects.filter(plan__in=rows.order_by().values("pk")).order_by().values_list("plan")
    clauses = {plan: (total, left) for plan, total, left in counted.annotate(Count("pk"), left=open_ones)}
    linked = [plan.replaces_id for plan in rows if plan.replaces_id] + [
        plan.replaced_by.pk for plan in rows if not plan.is_current
    ]
    opens = set(seen.filter(pk__in=linked).values_list("pk", flat=True))
    found: dict[int, list[Plan]] = {file.pk: [] for file in files}
    for plan in rows:
        # An earlier or later version is a link only for whoever may open it.
        plan.opens_earlier = plan.replaces_id in opens  # type: ignore[attr-defined]
        plan.opens_later = not plan.is_current and plan.replaced_by.pk in opens  # type: ignore[attr-defined]
        plan.total, plan.open = clauses.get(plan.pk, (0, 0))  # type: ignore[attr-defined]
        plan.done = plan.total - plan.open  # type: ignore[attr-defined]
        found[plan.file_id].append(plan)
    return [
        FileGroup(plans[0].file, next((p.bundle_title for p in plans if p.bundle_title), ""), plans)
        for plans in found.values()
    ]


@pages.page("plans/import/", "import", permission="plan.import", methods=("POST",))
def import_file(request: AccountRequest) -> HttpResponse:
    files = received(request, "file")
    if not files:
        raise InvalidInput("请选择文件。", "Choose a file.", where="file")
    imported = services.import_evidence(request.user, files[0])
    if not imported.created:
        messages.info(
            request,
            in_language(
                "这个文件此前已导入，没有重复保存，原有核对结果保留。",
                "This file was imported before: nothing was stored twice, and all decisions are kept.",
            ),
        )
    plans = [plan for plan in imported.plans if plan.is_current] or imported.plans
    chosen = next((plan for plan in plans if plan.kind == "plan"), plans[0])
    if len(plans) > 3:
        # A bundle of plans: the list shows them all.
        return go(request, reverse("plans:documents") + f"?added={chosen.file_id}#f{chosen.file_id}")
    return go(request, reverse("plans:check", args=[chosen.pk]))


@pages.page("plans/<int:pk>/division.xlsx", "division", permission="plan.export", methods=("POST",))
def division(request: AccountRequest, pk: int) -> HttpResponse:
    plan = visible_row(request.user, Plan.objects.all(), pk)
    name, content = release_division_table(request.user, plan, purpose=request.POST.get("purpose") or "任务分工")
    response = HttpResponse(content, content_type=ALLOWED_TYPES[".xlsx"][0])
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


pages.in_nav("documents", two("规划文件", "Plans"), order=15, group="plan", roles=["supervisor", "viewer", "officer"])
