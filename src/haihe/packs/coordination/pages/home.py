"""协调: what waits for whoever opens it, the meetings, the rounds, the open decisions."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.cases import Case, waiting_for
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import two
from haihe.kernel.permissions import roles_of, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.cases import DECISION
from haihe.packs.coordination.models import Attendance, Meeting, Note, Round, RoundUnit, YearPlan
from haihe.packs.coordination.pages.base import decision_rows, pages
from haihe.packs.coordination.screen import open_problems, undecided
from haihe.packs.coordination.visibility import own_units
from haihe.web.pages import AccountRequest

SHOWN = 8


def notes_to_hand_in(mine: Q) -> QuerySet[RoundUnit]:
    """Own units (`mine`, over the field organisation) that were asked and have not handed in before the bulletin."""
    handed_in = Note.objects.filter(round=OuterRef("round"), organisation=OuterRef("organisation"))
    rows = RoundUnit.objects.filter(mine, ~Exists(handed_in), round__bulletins=None)
    return rows.select_related("round", "organisation")


def invitations(mine: Q) -> QuerySet[Attendance]:
    """Seats of own units at planned meetings that nobody has answered for yet."""
    planned = {"meeting__state": Meeting.State.PLANNED, "meeting__at__gte": timezone.now()}
    rows = Attendance.objects.filter(mine, state=Attendance.State.INVITED, **planned)
    return rows.select_related("meeting", "organisation").order_by("meeting__at")


def decisions_waiting(account: Account) -> list[Case]:
    rows = visible(account, Case.objects.filter(closed_at=None, type_name=DECISION.name))
    return waiting_for(account, rows.prefetch_related("units__organisation").order_by("due_at"))


def number_waiting(account: Account) -> int:
    """For the navigation of every page, so with few queries: what the account itself has to do here (decisions count with the
    cases)."""
    if Role.SUPERVISOR in roles_of(account):
        to_adopt = YearPlan.objects.filter(state=YearPlan.State.SUBMITTED)
        return undecided().count() + to_adopt.count()
    mine = own_units(account, "organisation")
    return notes_to_hand_in(mine).count() + invitations(mine).count()


@pages.page("coordination/", "home", permission="coordination.read")
def home(request: AccountRequest) -> HttpResponse:
    account, today = request.user, timezone.localdate()
    mine = own_units(account, "organisation")
    lines = services.decision_lines(account, today)
    is_coordinator = Role.SUPERVISOR in roles_of(account)
    meetings = visible(account, Meeting.objects.exclude(state=Meeting.State.CANCELLED))
    content = {
        "is_coordinator": is_coordinator, "today": today, "late": sum(line.light == "red" for line in lines), "open": sum(line.light != "closed" for line in lines),
        "rows": decision_rows(request.user, [line for line in lines if line.light != "closed"][:SHOWN]), "problems": open_problems(account) if is_coordinator else [],
        "coming": meetings.filter(state=Meeting.State.PLANNED).order_by("at")[:SHOWN], "held": meetings.filter(state=Meeting.State.HELD)[:5],
        "rounds": [_round_row(found) for found in visible(account, Round.objects.all())[:5]], "to_hand_in": notes_to_hand_in(mine), "invitations": invitations(mine),
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


pages.in_nav("home", two("工作协调", "Coordination"), order=22, group="coordination", roles=["supervisor", "viewer", "officer"], count=number_waiting)  # fmt: skip
