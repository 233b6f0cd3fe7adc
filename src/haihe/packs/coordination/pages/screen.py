"""大屏: one page for the wall of a meeting room, live, without scrolling at 1920 × 1080, and just as good on a phone."""

from __future__ import annotations

from math import pi
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.language import two
from haihe.packs.coordination import services
from haihe.packs.coordination.pages.base import pages
from haihe.web.pages import AccountRequest

DECISION_ROWS = 5
STATES = {
    "met": two("已达成", "Met"), "on_track": two("正常", "On track"), "at_risk": two("偏慢", "At risk"), "late": two("落后", "Late"), "no_data": two("无数据", "No data"),
}  # fmt: skip
RADIUS = 44
HALF_CIRCLE = pi * RADIUS


@pages.page("screen/", "screen", permission="screen.read")
def screen(request: AccountRequest) -> HttpResponse:
    found = services.screen_of(request.user, timezone.now())
    theme = "light" if request.GET.get("theme") == "light" else "dark"
    content = {
        "found": found, "theme": theme, "late": found.late, "more_late": found.late_tasks + found.late_decisions - len(found.late),
        "problems": found.open_problems[:DECISION_ROWS], "more_problems": max(0, len(found.open_problems) - DECISION_ROWS),
        "gauges": [_gauge(row) for row in found.standings], "more_gauges": found.targets_with_data - len(found.standings),
        "without_data": found.targets - found.targets_with_data,
    }  # fmt: skip
    return render(request, "coordination/screen.html", content)


def _gauge(row: Any) -> dict[str, Any]:
    """A half circle: how much of the goal is reached as an arc, where it should stand by now as a mark."""
    share = row.share_percent
    expected, goal = row.assessment.expected, float(row.target.value)
    due = max(0, min(100, round(100 * expected / goal))) if expected is not None and goal else None
    return {
        "target": row.target, "state": row.assessment.state, "state_title": STATES[row.assessment.state], "share": share, "due": due,
        "arc": f"{HALF_CIRCLE * (share or 0) / 100:.1f} {HALF_CIRCLE * 2:.1f}", "turn": f"{180 * (due or 0) / 100:.1f}",
        "as_of": (row.measured or row.reported).as_of if (row.measured or row.reported) else None,
    }  # fmt: skip


pages.in_nav("screen", two("大屏", "Screen"), order=40, group="coordination", roles=["supervisor", "viewer"])
