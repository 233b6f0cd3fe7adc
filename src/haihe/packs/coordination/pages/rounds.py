"""Rounds: asking for notes, one round with its notes, problems and bulletin."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick
from haihe.kernel.permissions import allows, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Note, Problem, Round
from haihe.packs.coordination.pages.base import (
    chosen_units,
    lines_in,
    number_in,
    own_unit_in,
    pages,
    seen_cases,
    unit_choices,
    unit_in,
)
from haihe.web.fields import day_from, visible_row
from haihe.web.pages import AccountRequest, go


@pages.page("coordination/rounds/new/", "new_round", permission="round.open", methods=("GET", "POST"))
def new_round(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        made = services.open_round(
            request.user, None, title=request.POST.get("title", ""), asked=request.POST.get("asked", ""), notes_by=day_from(request, "notes_by"), units=chosen_units(request)
        )  # fmt: skip
        return go(request, made.get_absolute_url())
    return render(request, "coordination/round_new.html", unit_choices(request) | {"today": timezone.localdate()})


@pages.page("coordination/rounds/<int:pk>/", "round", permission="coordination.read")
def round_page(request: AccountRequest, pk: int) -> HttpResponse:
    found: Round = visible_row(request.user, Round.objects.select_related("edited_by", "opened_by"), pk)
    has = services.gathered(found)
    bulletins = list(found.bulletins.select_related("issued_by"))
    may_read = set(visible(request.user, Note.objects.filter(round=found)).values_list("pk", flat=True))
    manages = allows(request.user, "bulletin.save", found)
    content: dict[str, Any] = {
        "round": found, "notes": [note for note in has.notes if note.pk in may_read], "number_in": len(has.notes), "number_all": len(has.notes) + len(has.missing),
        "missing": has.missing, "problems": [p for p in has.problems if p.note_id in may_read], "bulletin": bulletins[0] if bulletins else None, "earlier": bulletins[1:],
        "seen_cases": seen_cases(request.user, [p.decision for p in has.problems if hasattr(p, "decision")]), "manages": manages, "today": timezone.localdate(), "is_late": timezone.localdate() > found.notes_by, "mine": _own_notes(request, found) if not bulletins else [],
    }  # fmt: skip
    if manages:
        content |= unit_choices(request) | {"draft": found.draft or services.compile_bulletin(found)}
    return render(request, "coordination/round.html", content)


def _own_notes(request: AccountRequest, found: Round) -> list[dict[str, Any]]:
    """For each own unit that was asked: its newest note, and whether it may still be changed."""
    notes = services.current_notes(found)
    rows = []
    for unit in services.own_among(request.user, services.asked_units(found)):
        note = notes.get(unit.pk)
        problems = list(note.problems.all()) if note else []
        rows.append({"unit": unit, "note": note, "open": all(p.is_open for p in problems), "lines": "\n".join(p.text for p in problems)})  # fmt: skip
    return rows


@pages.page("coordination/rounds/<int:pk>/<str:step>/", "round_step", permission="coordination.read", methods=("POST",))
def round_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Every change of a round; the action itself asks for its permission."""
    found = visible_row(request.user, Round.objects.all(), pk)
    if step not in STEPS:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    messages.success(request, STEPS[step](request, found))
    return go(request, found.get_absolute_url())


def _hand_in(request: AccountRequest, found: Round) -> str:
    services.hand_in(
        request.user, found, text=request.POST.get("text", ""), problems=lines_in(request, "problems"), version=number_in(request, "version"),
        organisation=own_unit_in(request),
    )  # fmt: skip
    return pick("已报送。印发通报前可以再报新稿。", "Handed in. Until the bulletin is out you may hand in again.")


def _save(request: AccountRequest, found: Round) -> str:
    services.save_bulletin(
        request.user, found, text=request.POST.get("text", ""), revision=number_in(request, "revision")
    )
    return pick("通报草稿已保存。", "The draft is saved.")


def _issue(request: AccountRequest, found: Round) -> str:
    made = services.issue_bulletin(request.user, found, revision=number_in(request, "revision"))
    return pick(f"已印发 {made.year} 年第 {made.issue} 期。", f"Issued as no. {made.issue} of {made.year}.")


def _correct(request: AccountRequest, found: Round) -> str:
    services.correct_bulletin(
        request.user, found, text=request.POST.get("text", ""), reason=request.POST.get("reason", ""), version=number_in(request, "version")
    )  # fmt: skip
    return pick("更正已作为新版本印发。", "The correction is issued as a new version.")


STEPS = {"note": _hand_in, "bulletin": _save, "issue": _issue, "correct": _correct}


@pages.page("coordination/problems/<int:pk>/<str:step>/", "problem_step", permission="coordination.read", methods=("POST",))  # fmt: skip
def problem_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Turn a problem into a decision, or say why none is needed."""
    problem: Problem = visible_row(request.user, Problem.objects.select_related("note__round"), pk)
    if step == "decide":
        made = services.decide_problem(
            request.user, problem, text=request.POST.get("text", ""), organisation=unit_in(request), due=day_from(request, "due")
        )  # fmt: skip
        messages.success(request, pick(f"已交办 {made.organisation}。", f"Given to {made.organisation}."))
    elif step == "close":
        services.close_problem(request.user, problem, reason=request.POST.get("reason", ""))
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, problem.note.round.get_absolute_url())
