"""Calls about decisions and the problems they settle."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query

from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand
from haihe.packs.coordination import services
from haihe.packs.coordination.api.base import router
from haihe.packs.coordination.api.rounds import problem_out
from haihe.packs.coordination.api.schemas import DecisionIn, DecisionOut, ProblemOut, ReasonIn
from haihe.packs.coordination.models import Decision, Meeting, Problem
from haihe.web.api_administration import asker, pick


def _decision(line: services.DecisionLine) -> dict[str, Any]:
    row = line.decision
    return {name: getattr(row, name) for name in ("id", "text", "due", "meeting_id", "problem_id", "case_id")} | {
        "organisation": row.organisation.name, "step": row.case.step if row.case else "", "light": line.light, "days_late": line.days_late,
    }  # fmt: skip


def _made(decision: Decision) -> dict[str, Any]:
    return _decision(services.line_of(decision, timezone.localdate()))


@router.get("/decisions", response=list[DecisionOut], summary="Decisions, open ones first, the latest on top")
def list_decisions(request: HttpRequest, limit: int = Query(200, ge=1, le=2000)) -> list[dict[str, Any]]:
    lines = services.decision_lines(asker(request, "coordination.read"), timezone.localdate())
    return [_decision(line) for line in lines[:limit]]


@router.post("/meetings/{pk}/decisions", response=DecisionOut, summary="Give what a meeting decided to a unit")
def decide(request: HttpRequest, pk: int, data: DecisionIn) -> dict[str, Any]:
    account = asker(request, "coordination.read")
    row = pick(account, Meeting.objects.all(), pk)
    demand(account, "decision.make", row)
    return _made(
        services.decide(account, row, text=data.text, organisation=get_organisation(data.organisation), due=data.due)
    )


@router.post("/problems/{pk}/decide", response=DecisionOut, summary="Turn an open problem into a decision")
def decide_problem(request: HttpRequest, pk: int, data: DecisionIn) -> dict[str, Any]:
    account = asker(request, "coordination.read")
    problem = pick(account, Problem.objects.all(), pk)
    demand(account, "problem.decide", problem)
    unit = get_organisation(data.organisation)
    return _made(services.decide_problem(account, problem, text=data.text, organisation=unit, due=data.due))


@router.post("/problems/{pk}/close", response=ProblemOut, summary="Say why a problem needs no decision")
def close_problem(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account = asker(request, "coordination.read")
    return problem_out(services.close_problem(account, pick(account, Problem.objects.all(), pk), reason=data.reason))
