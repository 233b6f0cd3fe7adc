"""佐证包: one press, from the plan's line in the list of documents or here."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, HttpResponse
from django.shortcuts import render

from haihe.kernel.exports import Export
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest


@pages.page("packages/", "packages", permission="plan.evidence_package")
def packages(request: AccountRequest) -> HttpResponse:
    """The plans of which a package can be taken, and those that this account took."""
    plans = visible(request.user, Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    taken = Export.objects.filter(account=request.user, what="plans.evidence_package").order_by("-at")[:20]
    return render(request, "plans/packages.html", {"plans": plans, "taken": taken})


@pages.page("packages/<int:pk>/take/", "package_take", permission="plan.evidence_package", methods=("POST",))
def package_take(request: AccountRequest, pk: int) -> Any:
    """The file is already unlinked while it is being sent: nothing stays behind."""
    plan = visible_row(request.user, Plan.objects.select_related("file__file"), pk)
    name, path = services.release_package(request.user, plan, purpose=request.POST.get("purpose", ""))
    file = path.open("rb")
    path.unlink()
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
