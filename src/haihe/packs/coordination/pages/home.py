"""协调: what waits for whoever opens it, the meetings, the rounds, the open decisions."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.cases import Case, waiting_for
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import two
from haihe.kernel.permissions import roles_of, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.cases import DECISION
from haihe.packs.coordination.models import Attendance, Meeting, Round, YearPlan
from haihe.packs.coordination.pages.base import decision_rows, pages
from haihe.packs.coordination.screen import open_problems
from haihe.web.pages import AccountRequest

SHOWN = 8


def notes_to_hand_in(account: Account) -> list[tuple[Round, Any]]:
    """(round, unit) for each own unit that was asked and has not handed in yet."""
    waiting = []
    for found in visible(account, Round.objects.filter(bulletins=None)):
        has = services.gathered(found)
        waiting += [(found, unit) for unit in services.own_among(account, has.missing)]
    return waiting


def invitations(account: Account) -> list[Meeting]:
    """Planned meetings that a unit of the account has not answered yet."""
    rows = visible(account, Meeting.objects.filter(state=Meeting.State.PLANNED, at__gte=timezone.now()))
    found = []
    for meeting in rows.order_by("at"):
        seats = meeting.attendance.filter(state=Attendance.State.INVITED).select_related("organisation")
        if services.own_among(account, [seat.organisation for seat in seats]):
            found.append(meeting)
    return found


def decisions_waiting(account: Account) -> list[Case]:
    rows = visible(account, Case.objects.filter(closed_at=None, type_name=DECISION.name))
    return waiting_for(account, rows.prefetch_related("units__organisation").order_by("due_at"))


def number_waiting(account: Account) -> int:
    """For the navigation: what the account itself has to do here (decisions count with the cases)."""
    if Role.SUPERVISOR in roles_of(account):
        plans = visible(account, YearPlan.objects.filter(state=YearPlan.State.SUBMITTED)).count()
        return len(open_problems(account)) + plans
    return len(notes_to_hand_in(account)) + len(invitations(account))


@pages.page("coordination/", "home", permission="coordination.read")
def home(request: AccountRequest) -> HttpResponse:
    account, today = request.user, timezone.localdate()
    lines = services.decision_lines(account, today)
    is_coordinator = Role.SUPERVISOR in roles_of(account)
    meetings = visible(account, Meeting.objects.exclude(state=Meeting.State.CANCELLED))
    content = {
        "is_coordinator": is_coordinator, "today": today, "late": sum(line.light == "red" for line in lines), "open": sum(line.light != "closed" for line in lines),
        "rows": decision_rows([line for line in lines if line.light != "closed"][:SHOWN]), "problems": open_problems(account) if is_coordinator else [],
        "coming": meetings.filter(state=Meeting.State.PLANNED).order_by("at")[:SHOWN], "held": meetings.filter(state=Meeting.State.HELD)[:5],
        "rounds": [_round_row(found) for found in visible(account, Round.objects.all())[:5]], "to_hand_in": notes_to_hand_in(account), "invitations": invitations(account),
        "waiting": decisions_waiting(account), "to_adopt": visible(account, YearPlan.objects.filter(state=YearPlan.State.SUBMITTED)) if is_coordinator else [],
        "sent_back": [] if is_coordinator else visible(account, YearPlan.objects.filter(state=YearPlan.State.DRAFT).exclude(remark="")),
    }  # fmt: skip
    return render(request, "coordination/home.html", content)


def _round_row(found: Round) -> dict[str, Any]:
    has = services.gathered(found)
    return {
        "round": found, "in": len(has.notes), "all": len(has.notes) + len(has.missing), "bulletin": found.bulletin,
        "open": sum(problem.is_open for problem in has.problems),
    }  # fmt: skip


pages.in_nav("home", two("工作协调", "Coordination"), order=22, roles=["supervisor", "viewer", "officer"], count=number_waiting)  # fmt: skip
