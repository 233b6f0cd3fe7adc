"""Indicators that the running systems measure by themselves: newest value, how it came about, and how it moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.identity import Role
from haihe.kernel.indicators import MEASURES, OFFERED, Indicator, IndicatorValue
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import declare
from haihe.web.pages import AccountRequest
from haihe.web.site import pages

DAYS_SHOWN = 7
POINTS_SHOWN = 500
declare("indicator.read", "查看指标", "see measured indicators", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])


def _row(indicator: Indicator) -> dict[str, Any]:
    measured = indicator.values.filter(kind=IndicatorValue.Kind.MEASURED)
    since = timezone.now() - timedelta(days=DAYS_SHOWN)
    points = list(
        measured.filter(recorded_at__gte=since)
        .order_by("-recorded_at")
        .values_list("recorded_at", "value")[:POINTS_SHOWN]
    )
    definition = indicator.definition_on(timezone.localdate())
    offered = OFFERED.get(indicator.key)
    return {
        "indicator": indicator, "title": pick(offered.title_zh, offered.title_en) if offered else indicator.title, "last": measured.order_by("-recorded_at").first(),
        "definition": definition, "unverified": definition is not None and "unverified" in definition.source_clause,
        "points": [[timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S"), float(value)] for at, value in reversed(points)],
    }  # fmt: skip


@pages.page("indicators/", "indicators", permission="indicator.read")
def indicators(request: AccountRequest) -> HttpResponse:
    measured = Indicator.objects.filter(definitions__measure__in=MEASURES, retired_at=None).distinct()
    rows = [_row(indicator) for indicator in measured]
    return render(
        request,
        "web/indicators.html",
        {"rows": rows, "charts": {str(row["indicator"].pk): row["points"] for row in rows}},
    )


pages.in_nav("indicators", two("运行指标", "Indicators"), order=33, roles=["supervisor", "viewer", "officer"])
