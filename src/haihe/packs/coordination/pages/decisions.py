"""All decisions: open, late and closed ones, by unit."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.language import two
from haihe.packs.coordination import services
from haihe.packs.coordination.pages.base import decision_rows, pages
from haihe.web.pages import AccountRequest

TABS = (
    ("open", two("在办", "Open")), ("red", two("逾期", "Overdue")), ("confirm", two("待确认", "To confirm")), ("closed", two("已办结", "Closed")),
)  # fmt: skip


def _fits(line: services.DecisionLine, shown: str) -> bool:
    if shown == "open":
        return line.light != "closed"
    if shown == "confirm":
        return line.decision.case is not None and line.decision.case.step == "confirm"
    return line.light == shown


@pages.page("coordination/decisions/", "decisions", permission="coordination.read")
def decisions(request: AccountRequest) -> HttpResponse:
    unit, words = request.GET.get("unit", ""), request.GET.get("q", "").strip()[:60]
    lines = services.decision_lines(request.user, timezone.localdate())
    units = sorted({str(line.decision.organisation) for line in lines})
    lines = [
        line for line in lines if (not unit or str(line.decision.organisation) == unit) and words in line.decision.text
    ]
    shown = request.GET.get("show", "open")
    shown = shown if shown in dict(TABS) else "open"
    content = {
        "tabs": [(key, title, sum(_fits(line, key) for line in lines)) for key, title in TABS], "shown": shown, "units": units, "unit": unit, "q": words,
        "rows": decision_rows(request.user, [line for line in lines if _fits(line, shown)]),
    }  # fmt: skip
    return render(request, "coordination/decisions.html", content)
