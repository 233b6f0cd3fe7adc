"""比对: two plans side by side; the kind of comparison is chosen by itself, and each kind of change can be looked at alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header

from haihe.kernel.language import two
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.comparing.compare import KINDS, Comparison
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.base import pages
from haihe.web.pages import AccountRequest

KIND_TITLES = {"draft": two("草案与正式稿", "Draft and final"), "city": two("市与区", "City and district"), "period": two("前后两期", "Two periods")}  # fmt: skip
CHANGE_TITLES = {
    "added": two("新增", "Added"), "dropped": two("删去", "Dropped"), "reworded": two("改写", "Reworded"), "renumbered": two("改编号", "Renumbered"),
    "amounts": two("改数字", "Amounts"), "units": two("改单位", "Units"), "merged": two("并入", "Merged"), "same": two("未变", "Unchanged"),
    "answered": two("有回应", "Answered"), "perhaps": two("可能回应", "Perhaps answered"), "unanswered": two("点名未回应", "Named, no answer"),
    "open": two("无对应", "No counterpart"), "continued": two("延续，新数值", "Goes on, new value"), "new": two("新指标", "New"), "ended": two("不再提出", "Ended"),
}  # fmt: skip
COLOURS = {
    "added": "green", "dropped": "red", "amounts": "amber", "units": "blue", "unanswered": "red", "perhaps": "amber", "answered": "green",
    "continued": "amber", "new": "green", "ended": "red",
}  # fmt: skip


@pages.page("plans/compare/", "compare", permission="plan.read")
def compare(request: AccountRequest) -> HttpResponse:
    a, b, kind = (request.GET.get(name, "") for name in ("a", "b", "as"))
    content: dict[str, Any] = {"choices": _choices(request), "a": a, "b": b, "kind": kind, "kinds": [(k, KIND_TITLES[k]) for k in KINDS]}  # fmt: skip
    if a and b:
        sides = services.side_of(request.user, a), services.side_of(request.user, b)
        content |= _shown(
            services.compare_stored(*sides, kind), request.GET.get("show", ""), {"a": a, "b": b, "as": kind}
        )
    return render(request, "plans/compare.html", content)


def _choices(request: AccountRequest) -> list[tuple[str, str]]:
    """Every plan that the reader sees, and a bundle as a whole."""
    rows = visible(
        request.user, Plan.objects.exclude(kind__in=("notice", "other", "annex")).order_by("-file_id", "line")
    )
    found: list[tuple[str, str]] = []
    seen: set[int] = set()
    for plan in rows.only("pk", "title", "status", "issued_on", "file_id", "bundle_title"):
        if plan.bundle_title and plan.file_id not in seen:
            seen.add(plan.file_id)
            found.append((f"f{plan.file_id}", plan.bundle_title))
        found.append((str(plan.pk), f"{plan.title}（{plan.issued_on}）" if plan.issued_on else plan.title))
    return found


def _shown(comparison: Comparison, show: str, chosen: dict[str, str]) -> dict[str, Any]:
    """The rows of one kind of change, or of all but what stayed the same; and a link for each kind that there is."""
    counts = [
        (name, CHANGE_TITLES[name], count, "?" + urlencode({**chosen, "show": name}))
        for name in CHANGE_TITLES
        if (count := comparison.counts.get(name))
    ]
    return {
        "comparison": comparison, "kind_title": KIND_TITLES[comparison.kind], "counts": counts, "show": show, "all": "?" + urlencode(chosen),
        "changes": [(row, _chips(row.kinds)) for row in comparison.changes if (show in row.kinds if show else row.kinds != ("same",))],
        "asked": [(row, _chips((row.kind,))) for row in comparison.asked if show in ("", row.kind)],
        "targets": [(row, _chips((row.kind,))) for row in comparison.targets if show in ("", row.kind)],
    }  # fmt: skip


def _chips(kinds: Sequence[str]) -> list[tuple[Any, str]]:
    return [(CHANGE_TITLES[kind], COLOURS.get(kind, "")) for kind in kinds]


@pages.page("plans/compare.json", "compare_export", permission="plan.export", methods=("POST",))
def compare_export(request: AccountRequest) -> HttpResponse:
    a, b = (services.side_of(request.user, request.POST.get(name, "")) for name in ("a", "b"))
    purpose = request.POST.get("purpose", "")
    name, content = services.release_comparison(request.user, a, b, request.POST.get("as") or None, purpose=purpose)
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response
