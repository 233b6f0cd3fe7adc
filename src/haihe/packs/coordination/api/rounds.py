"""Calls about rounds of situation notes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query

from haihe.kernel.identity import Account
from haihe.kernel.permissions import allows, demand, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.api.base import router, unit_of, units_of
from haihe.packs.coordination.api.schemas import CorrectionIn, DraftIn, NoteIn, NoteOut, RevisionIn, RoundIn, RoundOut
from haihe.packs.coordination.models import Note, Problem, Round
from haihe.web.api_administration import asker, pick


def problem_out(row: Problem) -> dict[str, Any]:
    decision = getattr(row, "decision", None)
    return {"id": row.pk, "organisation": row.note.organisation.name, "text": row.text, "open": row.is_open, "closed_reason": row.closed_reason,
            "decision_id": decision.pk if decision else None}  # fmt: skip


def _round(account: Account, row: Round) -> dict[str, Any]:
    """Notes and problems are those that the account may see; the draft is shown only to whoever may write it."""
    has = services.gathered(row)
    seen = set(visible(account, Note.objects.filter(round=row)).values_list("pk", flat=True))
    bulletin = row.bulletin
    names = {"id", "title", "asked", "notes_by", "revision"}
    return {name: getattr(row, name) for name in names} | {
        "units": [unit.name for unit in services.asked_units(row)], "missing": [unit.name for unit in has.missing],
        "notes": [{"organisation": n.organisation.name, "version": n.version, "text": n.text, "at": n.at} for n in has.notes if n.pk in seen],
        "problems": [problem_out(problem) for problem in has.problems if problem.note_id in seen], "draft": row.draft if allows(account, "bulletin.save", row) else "",
        "issue": bulletin.issue if bulletin else None, "version": bulletin.version if bulletin else 0, "bulletin": bulletin.text if bulletin else "",
    }  # fmt: skip


def _seen_round(request: HttpRequest, pk: int) -> tuple[Account, Round]:
    account = asker(request, "coordination.read")
    return account, pick(account, Round.objects.all(), pk)


@router.get("/rounds", response=list[RoundOut], summary="Rounds that the account may see, newest first")
def list_rounds(request: HttpRequest, limit: int = Query(20, ge=1, le=100)) -> list[dict[str, Any]]:
    account = asker(request, "coordination.read")
    return [_round(account, row) for row in visible(account, Round.objects.all())[:limit]]


@router.post("/rounds", response=RoundOut, summary="Ask units for situation notes by a day")
def open_round(request: HttpRequest, data: RoundIn) -> dict[str, Any]:
    account = asker(request, "round.open")
    return _round(account, services.open_round(account, None, **{**data.dict(), "units": units_of(data.units)}))


@router.get("/rounds/{pk}", response=RoundOut, summary="One round with its notes and bulletin")
def get_round(request: HttpRequest, pk: int) -> dict[str, Any]:
    return _round(*_seen_round(request, pk))


@router.post("/rounds/{pk}/notes", response=NoteOut, summary="Hand in the unit's note, or its next version")
def hand_in(request: HttpRequest, pk: int, data: NoteIn) -> dict[str, Any]:
    account, row = _seen_round(request, pk)
    note = services.hand_in(account, row, **{**data.dict(), "organisation": unit_of(data.organisation)})
    return {"organisation": note.organisation.name, "version": note.version, "text": note.text, "at": note.at}


@router.get("/rounds/{pk}/bulletin/proposal", response=str, summary="The bulletin as the notes give it")
def propose_bulletin(request: HttpRequest, pk: int) -> str:
    account, row = _seen_round(request, pk)
    demand(account, "bulletin.save", row)
    return services.compile_bulletin(row)


@router.post("/rounds/{pk}/bulletin/draft", response=RoundOut, summary="Save the draft of the bulletin")
def save_bulletin(request: HttpRequest, pk: int, data: DraftIn) -> dict[str, Any]:
    account, row = _seen_round(request, pk)
    return _round(account, services.save_bulletin(account, row, text=data.text, revision=data.revision))


@router.post("/rounds/{pk}/bulletin/issue", response=RoundOut, summary="Issue the bulletin: written once")
def issue_bulletin(request: HttpRequest, pk: int, data: RevisionIn) -> dict[str, Any]:
    account, row = _seen_round(request, pk)
    services.issue_bulletin(account, row, revision=data.revision)
    return _round(account, Round.objects.get(pk=pk))


@router.post("/rounds/{pk}/bulletin/correct", response=RoundOut, summary="A corrected version of the bulletin")
def correct_bulletin(request: HttpRequest, pk: int, data: CorrectionIn) -> dict[str, Any]:
    account, row = _seen_round(request, pk)
    services.correct_bulletin(account, row, text=data.text, reason=data.reason, version=data.version)
    return _round(account, Round.objects.get(pk=pk))
