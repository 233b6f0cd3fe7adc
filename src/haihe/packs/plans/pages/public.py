"""What the public sees: targets of published plans and how they stand. No task, no report, no person."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.language import pick as in_language
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import STATE_COLOUR, STATES, pages
from haihe.packs.plans.pages.programme import standing_row


def _group(plan: Plan, today: date) -> dict[str, object]:
    """A plan with its targets, those with a figure first, and how many stand how."""
    found = services.programme(None, today, plan)
    rows = sorted((standing_row(row) for row in found.standings), key=lambda row: row["state"] == "no_data")
    counts = [(in_language(*STATES[key]), count, STATE_COLOUR[key]) for key, count in found.by_standing().items()]
    return {"plan": plan, "rows": rows, "counts": counts}


@pages.page("public/", "public", public=True)
def public(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    groups = [_group(plan, today) for plan in visible(None, Plan.objects.filter(replaced_by=None))]
    return render(
        request, "plans/public.html", {"groups": [group for group in groups if group["rows"]], "today": today}
    )


pages.first_page_of("public", "public", order=10)
