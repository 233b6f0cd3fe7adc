"""What the public sees: targets of published plans and how they stand. No task, no report, no person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import pages
from haihe.packs.plans.pages.programme import standing_row


@pages.page("public/", "public", public=True)
def public(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    plans = visible(None, Plan.objects.filter(replaced_by=None))
    groups = [
        {"plan": plan, "rows": [standing_row(row) for row in services.programme(None, today, plan).standings]}
        for plan in plans
    ]
    return render(
        request, "plans/public.html", {"groups": [group for group in groups if group["rows"]], "today": today}
    )


pages.first_page_of("public", "public", order=10)
