"""Meetings: convening one, and one meeting with its agenda, attendance, minutes and decisions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Decision, Meeting
from haihe.packs.coordination.pages.base import (
    chosen_units,
    decision_rows,
    lines_in,
    number_in,
    own_unit_in,
    pages,
    unit_choices,
    unit_in,
)
from haihe.web.fields import day_from, ids_in, instant_from, visible_row
from haihe.web.pages import AccountRequest, go


@pages.page("coordination/meetings/new/", "new_meeting", permission="meeting.convene", methods=("GET", "POST"))
def new_meeting(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        meeting = services.convene(
            request.user, None, title=request.POST.get("title", ""), at=instant_from(request, "at"), place=request.POST.get("place", ""),
            chair=request.POST.get("chair", ""), agenda=lines_in(request, "agenda"), units=chosen_units(request),
        )  # fmt: skip
        return go(request, meeting.get_absolute_url())
    return render(request, "coordination/meeting_new.html", unit_choices(request))


@pages.page("coordination/meetings/<int:pk>/", "meeting", permission="coordination.read")
def meeting(request: AccountRequest, pk: int) -> HttpResponse:
    found: Meeting = visible_row(request.user, Meeting.objects.select_related("edited_by", "convened_by"), pk)
    seats = list(found.attendance.select_related("organisation"))
    today = timezone.localdate()
    decisions = visible(request.user, Decision.objects.filter(meeting=found).select_related("case", "organisation"))
    versions = list(found.versions.select_related("approved_by"))
    manages = allows(request.user, "minutes.save", found)
    content: dict[str, Any] = {
        "meeting": found, "agenda": found.agenda.all(), "seats": seats, "present": sum(seat.state == "present" for seat in seats), "manages": manages,
        "rows": decision_rows(request.user, [services.line_of(each, today) for each in decisions]), "minutes": versions[0] if versions else None, "earlier": versions[1:],
        "my_seats": _own_seats(request, seats) if found.state == Meeting.State.PLANNED else [],
        "has_come": timezone.localdate(found.at) <= today, "today": today,
    }  # fmt: skip
    return render(request, "coordination/meeting.html", content | (unit_choices(request) if manages else {}))


def _own_seats(request: AccountRequest, seats: list[Any]) -> list[Any]:
    mine = services.own_among(request.user, [seat.organisation for seat in seats])
    return [seat for seat in seats if seat.organisation in mine]


@pages.page(
    "coordination/meetings/<int:pk>/<str:step>/", "meeting_step", permission="coordination.read", methods=("POST",)
)
def meeting_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Every change of a meeting; the action itself asks for its permission."""
    found = visible_row(request.user, Meeting.objects.all(), pk)
    if step not in STEPS:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    said = STEPS[step](request, found)
    messages.success(request, said)
    return go(request, found.get_absolute_url())


def _answer(request: AccountRequest, found: Meeting) -> str:
    services.answer_invitation(
        request.user, found, coming=request.POST.get("coming") == "yes", role=request.POST.get("role", ""), organisation=own_unit_in(request)
    )  # fmt: skip
    return pick("已回复。", "Answered.")


def _change(request: AccountRequest, found: Meeting) -> str:
    services.change_meeting(
        request.user, found, at=instant_from(request, "at"), place=request.POST.get("place", ""), chair=request.POST.get("chair", ""),
        agenda=lines_in(request, "agenda"),
    )  # fmt: skip
    return pick("已调整，并通知参会单位。", "Changed; the units are told.")


def _cancel(request: AccountRequest, found: Meeting) -> str:
    services.cancel_meeting(request.user, found, reason=request.POST.get("reason", ""))
    return pick("会议已取消，并通知参会单位。", "Cancelled; the units are told.")


def _hold(request: AccountRequest, found: Meeting) -> str:
    services.record_attendance(
        request.user, found, present=Organisation.objects.filter(pk__in=ids_in(request, "present"))
    )
    return pick("到会情况已登记。", "The attendance is recorded.")


def _save(request: AccountRequest, found: Meeting) -> str:
    services.save_minutes(
        request.user, found, text=request.POST.get("text", ""), revision=number_in(request, "revision")
    )
    return pick("纪要草稿已保存。", "The draft is saved.")


def _approve(request: AccountRequest, found: Meeting) -> str:
    services.approve_minutes(request.user, found, revision=number_in(request, "revision"))
    return pick("纪要已定稿，并印发参会单位。", "The minutes are approved; the units are told.")


def _correct(request: AccountRequest, found: Meeting) -> str:
    services.correct_minutes(
        request.user, found, text=request.POST.get("text", ""), reason=request.POST.get("reason", ""), version=number_in(request, "version")
    )  # fmt: skip
    return pick("更正已作为新版本印发。", "The correction is issued as a new version.")


def _decide(request: AccountRequest, found: Meeting) -> str:
    made = services.decide(
        request.user, found, text=request.POST.get("text", ""), organisation=unit_in(request), due=day_from(request, "due")
    )  # fmt: skip
    return pick(f"已交办 {made.organisation}。", f"Given to {made.organisation}.")


STEPS = {
    "answer": _answer, "change": _change, "cancel": _cancel, "hold": _hold, "minutes": _save, "approve": _approve, "correct": _correct, "decide": _decide,
}  # fmt: skip
