"""Indicators that the running systems measure by themselves: newest value, how it came about, and how it moved."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Role
from haihe.kernel.indicators import MEASURES, OFFERED, Indicator, IndicatorValue, last_true, rows_behind
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
        "breaks": _breaks(indicator, points),
        "last_true": last_true(indicator), "is_old": _is_old(indicator), "points": [[timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S"), float(value)] for at, value in reversed(points)],
    }  # fmt: skip


def _measured() -> QuerySet[Indicator]:
    """What people report for a target is seen with the target, by its own rules; here only what systems measure."""
    return Indicator.objects.filter(definitions__measure__in=MEASURES, retired_at=None).distinct()


OLD = timedelta(hours=1)  # the worker measures every minute; what is older says so in amber


def _is_old(indicator: Indicator) -> bool:
    return indicator.measured_at is not None and timezone.now() - indicator.measured_at > OLD


def _breaks(indicator: Indicator, points: list[tuple[datetime, Any]]) -> list[str]:
    """The days within the shown time on which another definition came into force: the line is not one series there."""
    if not points:
        return []
    first, last = (timezone.localdate(points[n][0]) for n in (-1, 0))
    found = indicator.definitions.filter(since__gt=first, since__lte=last)
    return [since.isoformat() for since in found.values_list("since", flat=True)]


@pages.page("indicators/<int:pk>/", "indicator", permission="indicator.read")
def indicator(request: AccountRequest, pk: int) -> HttpResponse:
    """One number: what it is made of, since when it is counted so, and all its values with the definition of each."""
    found = _measured().filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound("没有这个指标。", "There is no such indicator.", where=str(pk))
    at, words = _asked_at(request.GET.get("at", ""))
    values = (
        found.values.filter(kind=IndicatorValue.Kind.MEASURED)
        .select_related("definition")
        .order_by("-as_of", "-recorded_at", "-pk")[:POINTS_SHOWN]
    )
    row = _row(found)
    content = {
        **row, "self_row": row, "rows": rows_behind(found, at, request.user), "at": words, "today": timezone.localdate().isoformat(), "definitions": found.definitions.order_by("-since"),
        "values": _by_day(values), "charts": {str(found.pk): row["points"]}, "cuts": {str(found.pk): row["breaks"]},
    }  # fmt: skip
    return render(request, "web/indicator.html", content)


def _asked_at(written: str) -> tuple[datetime | date, str]:
    """The day that was asked for, or this moment."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return timezone.now(), ""
    return day, day.isoformat()


def _by_day(values: Iterable[IndicatorValue]) -> list[dict[str, Any]]:
    """The last value of each day, newest first; `cut` where the definition differs from that of the line below."""
    kept: dict[date, IndicatorValue] = {}
    for value in values:
        kept.setdefault(value.as_of, value)
    rows = list(kept.values())
    below = [*rows[1:], None][: len(rows)]
    return [
        {"value": v, "cut": b is not None and v.definition_id != b.definition_id}
        for v, b in zip(rows, below, strict=True)
    ]


@pages.page("indicators/", "indicators", permission="indicator.read")
def indicators(request: AccountRequest) -> HttpResponse:
    rows = [_row(indicator) for indicator in _measured()]
    return render(
        request,
        "web/indicators.html",
        {
            "rows": rows,
            "charts": {str(row["indicator"].pk): row["points"] for row in rows},
            "cuts": {str(row["indicator"].pk): row["breaks"] for row in rows},
        },
    )


pages.in_nav(
    "indicators", two("运行指标", "Indicators"), order=39, group="registers", roles=["supervisor", "viewer", "officer"]
)
