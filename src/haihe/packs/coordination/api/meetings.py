"""Calls about members and meetings."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query

from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import allows, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.api.base import router, unit_of, units_of
from haihe.packs.coordination.api.schemas import (
    AnswerIn,
    CorrectionIn,
    DayIn,
    DraftIn,
    MeetingIn,
    MeetingOut,
    MemberIn,
    MemberOut,
    PresentIn,
    ReasonIn,
    RevisionIn,
)
from haihe.packs.coordination.models import Meeting, Member
from haihe.web.api_administration import asker, pick


def _member(row: Member) -> dict[str, Any]:
    names = MemberOut.model_fields.keys() - {"organisation"}
    return {name: getattr(row, name) for name in names} | {"organisation": row.organisation.name}


@router.get("/members", response=list[MemberOut], summary="Member units, former ones included")
def list_members(request: HttpRequest) -> list[dict[str, Any]]:
    rows = visible(asker(request, "coordination.read"), Member.objects.select_related("organisation"))
    return [_member(row) for row in rows[:1000]]


@router.post("/members", response=MemberOut, summary="Add a member unit")
def add_member(request: HttpRequest, data: MemberIn) -> dict[str, Any]:
    account = asker(request, "member.add")
    unit = get_organisation(data.organisation)
    return _member(services.add_member(account, unit, part=data.part, contact_role=data.contact_role, since=data.since))


@router.post("/members/{pk}/end", response=MemberOut, summary="End a membership")
def end_member(request: HttpRequest, pk: int, data: DayIn) -> dict[str, Any]:
    account = asker(request, "coordination.read")
    return _member(services.end_member(account, pick(account, Member.objects.all(), pk), until=data.until))


def _meeting(account: Account, row: Meeting) -> dict[str, Any]:
    """The draft is shown only to whoever may write it."""
    names = {"id", "title", "at", "place", "chair", "state", "revision"}
    seats = row.attendance.select_related("organisation")
    minutes = row.minutes
    return {name: getattr(row, name) for name in names} | {
        "agenda": [item.title for item in row.agenda.all()], "attendance": [{"organisation": s.organisation.name, "state": s.state, "role": s.role} for s in seats],
        "draft": row.draft if allows(account, "minutes.save", row) else "", "version": minutes.version if minutes else 0, "minutes": minutes.text if minutes else "",
    }  # fmt: skip


def _seen_meeting(request: HttpRequest, pk: int) -> tuple[Account, Meeting]:
    account = asker(request, "coordination.read")
    return account, pick(account, Meeting.objects.all(), pk)


def _after(account: Account, pk: int) -> dict[str, Any]:
    return _meeting(account, Meeting.objects.get(pk=pk))


@router.get("/meetings", response=list[MeetingOut], summary="Meetings that the account may see, newest first")
def list_meetings(request: HttpRequest, limit: int = Query(50, ge=1, le=200)) -> list[dict[str, Any]]:
    account = asker(request, "coordination.read")
    return [_meeting(account, row) for row in visible(account, Meeting.objects.all())[:limit]]


@router.post("/meetings", response=MeetingOut, summary="Convene a meeting")
def convene(request: HttpRequest, data: MeetingIn) -> dict[str, Any]:
    account = asker(request, "meeting.convene")
    made = services.convene(account, None, **{**data.dict(), "units": units_of(data.units)})
    return _meeting(account, made)


@router.get("/meetings/{pk}", response=MeetingOut, summary="One meeting")
def get_meeting(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _meeting(*_seen_meeting(request, pk))


@router.post("/meetings/{pk}/change", response=MeetingOut, summary="Another time, place, chair or agenda")
def change_meeting(request: HttpRequest, pk: int, data: MeetingIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.change_meeting(account, row, at=data.at, place=data.place, chair=data.chair, agenda=data.agenda)
    return _after(account, pk)


@router.post("/meetings/{pk}/cancel", response=MeetingOut, summary="Cancel a planned meeting")
def cancel_meeting(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.cancel_meeting(account, row, reason=data.reason)
    return _after(account, pk)


@router.post("/meetings/{pk}/answer", response=MeetingOut, summary="Say whether the unit comes, and who")
def answer_invitation(request: HttpRequest, pk: int, data: AnswerIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.answer_invitation(
        account, row, coming=data.coming, role=data.role, organisation=unit_of(data.organisation)
    )
    return _after(account, pk)


@router.post("/meetings/{pk}/attendance", response=MeetingOut, summary="Record which units attended")
def record_attendance(request: HttpRequest, pk: int, data: PresentIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.record_attendance(account, row, present=units_of(data.present))
    return _after(account, pk)


@router.post("/meetings/{pk}/minutes/draft", response=MeetingOut, summary="Save the draft of the minutes")
def save_minutes(request: HttpRequest, pk: int, data: DraftIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.save_minutes(account, row, text=data.text, revision=data.revision)
    return _after(account, pk)


@router.post("/meetings/{pk}/minutes/approve", response=MeetingOut, summary="Approve the draft: written once")
def approve_minutes(request: HttpRequest, pk: int, data: RevisionIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.approve_minutes(account, row, revision=data.revision)
    return _after(account, pk)


@router.post("/meetings/{pk}/minutes/correct", response=MeetingOut, summary="A corrected version of approved minutes")
def correct_minutes(request: HttpRequest, pk: int, data: CorrectionIn) -> dict[str, Any]:
    account, row = _seen_meeting(request, pk)
    services.correct_minutes(account, row, text=data.text, reason=data.reason, version=data.version)
    return _after(account, pk)
