"""`/api/v1/rosters`: the same actions as on the pages, for programs. Instants carry their time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.timezone import is_aware, make_aware
from ninja import Field, Query, Router, Schema

from haihe.kernel import rosters
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.kernel.rosters import DutyCheck, DutyPost, HandoverNote, Shift, Standing, TakeOver
from haihe.web.api_administration import account_named, asker, pick

router = Router(tags=["rosters"])
LONGEST = timedelta(days=92)


class OnDutyOut(Schema):
    """`taken_over`: when the person signed for the shift; null where that did not happen."""

    shift_id: int
    person: str
    starts_at: datetime
    ends_at: datetime
    taken_over: datetime | None


class PostOut(Schema):
    """A post as it stands: `phase` is empty, "ahead" or "now" (nobody on duty); `gap_from`, `gap_until`: the first gap within the
    time of warning."""

    id: int
    name: str
    organisation: str
    telephone: str
    since: datetime
    retired_at: datetime | None
    phase: str
    gap_from: datetime | None
    gap_until: datetime | None
    on_duty: list[OnDutyOut]


class PostIn(Schema):
    """`since`: from when on it has to be manned; now where nothing is said."""

    organisation: str = Field(max_length=120)
    name: str = Field(max_length=120)
    telephone: str = Field("", max_length=40)
    since: datetime | None = None


class ShiftOut(Schema):
    id: int
    person: str
    starts_at: datetime
    ends_at: datetime
    withdrawn_at: datetime | None
    reason: str


class ShiftIn(Schema):
    """`person`: name of the account; `days`: the same shift on so many days in a row."""

    person: str = Field(max_length=60)
    starts_at: datetime
    ends_at: datetime
    days: int = Field(1, ge=1, le=62)


class TextIn(Schema):
    text: str = Field("", max_length=2000)


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


class QuestionIn(Schema):
    question: str = Field("", max_length=300)


class AnswerIn(Schema):
    text: str = Field("", max_length=300)


class NoteOut(Schema):
    """What the outgoing person left open; `taken_at`: when somebody signed for it, `taken_by` who."""

    id: int
    person: str
    at: datetime
    text: str
    taken_by: str | None
    taken_at: datetime | None


class TakingOut(Schema):
    id: int
    person: str
    at: datetime
    text: str
    notes: list[int]


class CheckOut(Schema):
    """`outcome`: answered, unanswered, or null while it is waited for."""

    id: int
    person: str
    asked_by: str
    asked_at: datetime
    answer_by: datetime
    question: str
    outcome: str | None
    result_at: datetime | None
    text: str


def _on_duty(shift: Shift) -> dict[str, Any]:
    taking = getattr(shift, "taking", None)
    return {
        "shift_id": shift.pk, "person": shift.account.username, "starts_at": shift.starts_at, "ends_at": shift.ends_at,
        "taken_over": taking.at if taking else None,
    }  # fmt: skip


def _post(standing: Standing, at: datetime) -> dict[str, Any]:
    post, gap = standing.post, standing.gap
    return {
        "id": post.pk, "name": post.name, "organisation": post.organisation.name, "telephone": post.telephone, "since": post.since,
        "retired_at": post.thing.retired_at, "phase": str(standing.phase(at)), "gap_from": gap.since if gap else None,
        "gap_until": gap.until if gap else None, "on_duty": [_on_duty(shift) for shift in standing.on_duty],
    }  # fmt: skip


def _shift(shift: Shift) -> dict[str, Any]:
    names = ("starts_at", "ends_at", "withdrawn_at", "reason")
    return {"id": shift.pk, "person": shift.account.username} | {name: getattr(shift, name) for name in names}


def _note(note: HandoverNote) -> dict[str, Any]:
    taking = next(iter(note.takings.all()), None)
    return {
        "id": note.pk, "person": note.account.username, "at": note.at, "text": note.text,
        "taken_by": taking.account.username if taking else None, "taken_at": taking.at if taking else None,
    }  # fmt: skip


def _taking(taking: TakeOver) -> dict[str, Any]:
    return {
        "id": taking.pk, "person": taking.account.username, "at": taking.at, "text": taking.text,
        "notes": [note.pk for note in taking.notes.all()],
    }  # fmt: skip


def _check(check: DutyCheck) -> dict[str, Any]:
    result = check.outcome
    return {
        "id": check.pk, "person": check.account.username, "asked_by": check.asked_by.username, "asked_at": check.asked_at,
        "answer_by": check.answer_by, "question": check.question, "outcome": result.outcome if result else None,
        "result_at": result.at if result else None, "text": result.text if result else "",
    }  # fmt: skip


def _aware(at: datetime, where: str) -> datetime:
    """An instant without a zone is meant in the district's."""
    try:
        found = at if is_aware(at) else make_aware(at)
        if not 2000 <= found.year <= 2200:
            raise ValueError("out of range")
        return found
    except (ValueError, OverflowError) as error:
        raise InvalidInput("时间不在合理范围内。", "This instant is out of range.", where=where,
                           to_do_zh="应在 2000 至 2200 年之间。", to_do_en="Between the years 2000 and 2200.") from error  # fmt: skip


def _rows() -> Any:
    return DutyPost.objects.select_related("thing__organisation")


def _own(request: HttpRequest, permission: str, pk: int) -> tuple[Account, DutyPost]:
    account = asker(request, permission)
    return account, pick(account, _rows(), pk)


def _standing(post: DutyPost) -> dict[str, Any]:
    now = timezone.now()
    return _post(rosters.standing_of(post, now), now)


# --- posts ----------------------------------------------------------------------------------------------------------


@router.get("/rosters", response=list[PostOut], summary="Duty posts, and who is on duty")
def list_posts(request: HttpRequest, retired: bool = False) -> list[dict[str, Any]]:
    rows, now = visible(asker(request, "roster.read"), _rows()), timezone.now()
    rows = rows if retired else rows.filter(thing__retired_at=None)
    return [_post(standing, now) for standing in rosters.list_standings(rows[:1000], now)]


@router.post("/rosters", response=PostOut, summary="Open a duty post of a unit")
def open_post(request: HttpRequest, data: PostIn) -> dict[str, Any]:
    account = asker(request, "roster.open_post")
    since = _aware(data.since, "since") if data.since else None
    unit = get_organisation(data.organisation)
    made = rosters.open_post(account, unit, name=data.name, telephone=data.telephone, since=since)
    return _standing(made)


@router.get("/rosters/{pk}", response=PostOut, summary="One duty post")
def one_post(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _standing(_own(request, "roster.read", pk)[1])


@router.post("/rosters/{pk}/retire", response=PostOut, summary="Retire a duty post")
def retire_post(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account, post = _own(request, "roster.read", pk)
    return _standing(rosters.retire_post(account, post, reason=data.reason))


# --- shifts ---------------------------------------------------------------------------------------------------------


@router.get("/rosters/{pk}/shifts", response=list[ShiftOut], summary="Shifts of a post, withdrawn ones included")
def list_shifts(request: HttpRequest, pk: int, since: datetime, until: datetime) -> list[dict[str, Any]]:
    _, post = _own(request, "roster.read", pk)
    begin, end = _aware(since, "since"), _aware(until, "until")
    if not begin < end <= begin + LONGEST:
        raise InvalidInput(
            f"时段应为 1–{LONGEST.days} 天。", f"The period has 1 to {LONGEST.days} days.", where="since"
        )
    rows = post.shifts.filter(starts_at__lt=end, ends_at__gt=begin).select_related("account")
    return [_shift(shift) for shift in rows]


@router.post("/rosters/{pk}/shifts", response=list[ShiftOut], summary="Arrange a shift, or the same on several days")
def arrange_shifts(request: HttpRequest, pk: int, data: ShiftIn) -> list[dict[str, Any]]:
    account, post = _own(request, "roster.read", pk)
    made = rosters.arrange_shifts(
        account, post, person=account_named(data.person), starts_at=_aware(data.starts_at, "starts_at"),
        ends_at=_aware(data.ends_at, "ends_at"), days=data.days,
    )  # fmt: skip
    return [_shift(shift) for shift in made]


@router.post("/rosters/shifts/{pk}/withdraw", response=ShiftOut, summary="Withdraw a shift, or end a running one now")
def withdraw_shift(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account = asker(request, "roster.read")
    shift = pick(account, Shift.objects.select_related("account"), pk)
    return _shift(rosters.withdraw_shift(account, shift, reason=data.reason))


# --- hand-over and checks -------------------------------------------------------------------------------------------


@router.get("/rosters/{pk}/notes", response=list[NoteOut], summary="Hand-over notes, newest first")
def list_notes(request: HttpRequest, pk: int, limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    _, post = _own(request, "roster.read", pk)
    rows = post.notes.select_related("account").prefetch_related("takings__account").order_by("-pk")
    return [_note(note) for note in rows[:limit]]


@router.post("/rosters/{pk}/hand-over", response=NoteOut, summary="Hand one's shift over with what is still open")
def hand_over(request: HttpRequest, pk: int, data: TextIn) -> dict[str, Any]:
    account, post = _own(request, "roster.read", pk)
    return _note(rosters.hand_over(account, post, text=data.text))


@router.get("/rosters/{pk}/takings", response=list[TakingOut], summary="Shifts that were taken over, newest first")
def list_takings(request: HttpRequest, pk: int, limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    _, post = _own(request, "roster.read", pk)
    rows = post.takings.select_related("account").prefetch_related("notes").order_by("-pk")
    return [_taking(taking) for taking in rows[:limit]]


@router.post(
    "/rosters/{pk}/take-over", response=TakingOut, summary="Take one's shift over, with the notes that were left"
)
def take_over(request: HttpRequest, pk: int, data: TextIn) -> dict[str, Any]:
    account, post = _own(request, "roster.read", pk)
    return _taking(rosters.take_over(account, post, text=data.text))


@router.get(
    "/rosters/{pk}/checks", response=list[CheckOut], summary="Checks of a post and what came of them, newest first"
)
def list_checks(request: HttpRequest, pk: int, limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    _, post = _own(request, "roster.read", pk)
    return [_check(check) for check in post.checks.select_related("account", "asked_by", "result")[:limit]]


@router.post("/rosters/{pk}/checks", response=CheckOut, summary="Ask whoever is on duty to answer")
def ask_for_answer(request: HttpRequest, pk: int, data: QuestionIn) -> dict[str, Any]:
    account, post = _own(request, "roster.read", pk)
    return _check(rosters.ask_for_answer(account, post, question=data.question))


@router.post("/rosters/checks/{pk}/answer", response=CheckOut, summary="Answer a check that one was asked")
def answer_check(request: HttpRequest, pk: int, data: AnswerIn) -> dict[str, Any]:
    account = asker(request, "roster.read")
    check = pick(account, DutyCheck.objects.all(), pk)
    rosters.answer_check(account, check, text=data.text)
    return _check(DutyCheck.objects.select_related("account", "asked_by", "result").get(pk=check.pk))
