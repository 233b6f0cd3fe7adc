"""Binding measured indicators, foreseeing, auditors' checks, key projects, evaluations, contacts with firms."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema

from haihe.kernel.errors import NotFound
from haihe.kernel.indicators import Indicator, rows_behind
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, pick, router
from haihe.packs.plans.api.shapes import TargetOut, TaskOut, target_out, task_out
from haihe.packs.plans.models import Plan, Target, Task
from haihe.packs.plans.models_supervision import Contact, KeyProject
from haihe.packs.plans.progress import standing


class CandidateOut(Schema):
    """An indicator that could serve a target: `words` that both say, how the units go together, what is measured now."""

    key: str
    title: str
    unit: str
    likeness: int
    words: list[str]
    units: str
    value: float | None
    as_of: date | None


class SuggestionOut(Schema):
    """`rivals`: more than one indicator claims the target, so that a person has to choose."""

    target: int
    title: str
    goal: str
    rivals: bool
    candidates: list[CandidateOut]


class BindIn(Schema):
    indicator: str = Field(max_length=80)
    reason: str = Field(max_length=1000)


class ReasonIn(Schema):
    reason: str = Field(max_length=1000)


class DefinitionIn(Schema):
    text: str = Field(max_length=5000)
    since: date
    source: str = Field(max_length=300)


class PaceOut(Schema):
    """Change a month so far and needed, and where it leads; numbers are null where nothing can be said (`state` says why)."""

    state: str
    values: int
    since: date | None
    so_far_a_month: float | None
    needed_a_month: float | None
    projected: float | None
    short_by: float
    definitions_changed_on: list[date]
    sentence: str
    notices: list[str]


class RowOut(Schema):
    title: str
    link: str
    state: str
    value: float
    evidence: int
    since: datetime | None
    unit: str


class AuditFindingOut(Schema):
    check: str
    subject: str
    plan: str
    why_zh: str
    why_en: str
    link: str


class SuperviseIn(Schema):
    """`first_on`: the day of the first review (default: one rhythm from today)."""

    reason: str = Field(max_length=1000)
    every_weeks: int | None = Field(default=None, ge=1, le=52)
    first_on: date | None = None


class ProjectOut(Schema):
    """`red`: a review was missed."""

    task: TaskOut
    every_weeks: int
    next_review: date
    red: bool
    reviews: list[str]


class EvaluationIn(Schema):
    outcome: str = Field(max_length=10)
    reasons: str = Field(max_length=5000)


class EvaluationOut(Schema):
    node: date
    outcome: str
    reasons: str
    at: datetime


class ContactIn(Schema):
    organisation: str = Field(max_length=120)
    firm: str = Field(max_length=120)
    kind: str = Field(max_length=10)
    on: date
    subject: str = Field(max_length=300)
    result: str = Field(default="", max_length=5000)
    task: int | None = None


class ContactOut(Schema):
    id: int
    organisation: str
    firm: str
    kind: str
    on: date
    subject: str
    result: str
    task_id: int | None


def _candidate_out(found: Any) -> dict[str, Any]:
    latest = found.latest
    return {
        "key": found.indicator.key, "title": found.indicator.title, "unit": found.indicator.unit, "likeness": found.likeness,
        "words": list(found.words), "units": found.units[0], "value": latest.value if latest else None, "as_of": latest.as_of if latest else None,
    }  # fmt: skip


def _target(request: HttpRequest, pk: int) -> tuple[Any, Any]:
    account = asker(request)
    return account, pick(account, services.with_values(Target.objects.all()), pk)


def _answer(pk: int) -> dict[str, Any]:
    return target_out(standing(services.with_values(Target.objects.all()).get(pk=pk), timezone.localdate()))


# --- binding and foreseeing -----------------------------------------------------------------------------------------


@router.get("/suggestions", response=list[SuggestionOut], summary="Targets that could measure themselves, and by what")
def suggestions(request: HttpRequest) -> Any:
    account = asker(request)
    plans = visible(account, Plan.objects.filter(replaced_by=None).exclude(filed_at=None))
    return [
        {"target": s.target.pk, "title": s.target.indicator.title, "goal": s.target.goal, "rivals": s.rivals,
         "candidates": [_candidate_out(candidate) for candidate in s.candidates]}
        for s in services.suggestions(plans)
    ]  # fmt: skip


@router.post("/targets/{pk}/binding", response=TargetOut, summary="Bind a measured indicator to a target")
def bind(request: HttpRequest, pk: int, body: BindIn) -> Any:
    account, found = _target(request, pk)
    indicator = Indicator.objects.filter(key=body.indicator, retired_at=None).first()
    if indicator is None:
        raise NotFound("没有这一指标。", "There is no such indicator.", where=body.indicator)
    services.bind(account, found, indicator=indicator, reason=body.reason)
    return _answer(pk)


@router.post("/targets/{pk}/unbinding", response=TargetOut, summary="Undo the binding of a target, with a reason")
def unbind(request: HttpRequest, pk: int, body: ReasonIn) -> Any:
    account, found = _target(request, pk)
    services.unbind(account, found, reason=body.reason)
    return _answer(pk)


@router.post("/targets/{pk}/definition", response=TargetOut, summary="Change the definition of a target's indicator")
def redefine(request: HttpRequest, pk: int, body: DefinitionIn) -> Any:
    account, found = _target(request, pk)
    services.redefine(account, found, text=body.text, since=body.since, source=body.source)
    return _answer(pk)


@router.get("/targets/{pk}/pace", response=PaceOut, summary="Pace so far against pace needed, and where it leads")
def pace(request: HttpRequest, pk: int) -> Any:
    _account, found = _target(request, pk)
    today = timezone.localdate()
    row = standing(found, today)
    told = row.pace
    return {
        "state": told.state, "values": told.count, "since": told.first.day if told.first else None, "so_far_a_month": told.so_far,
        "needed_a_month": told.needed, "projected": told.projected, "short_by": told.short_by,
        "definitions_changed_on": [definition.since for definition in row.breaks],
        "sentence": services.pace_sentence(found, told, today)[0], "notices": [case.number for case in services.notices_about(found)],
    }  # fmt: skip


@router.get("/targets/{pk}/entries", response=list[RowOut], summary="The entries that a measured number is made of")
def entries(request: HttpRequest, pk: int) -> Any:
    account, found = _target(request, pk)
    source = found.bound.indicator if found.bound else found.indicator
    names = ("title", "link", "state", "value", "evidence", "since", "unit")
    return [{name: getattr(row, name) for name in names} for row in rows_behind(source, timezone.now(), account)]


@router.get(
    "/audit",
    response=list[AuditFindingOut],
    summary="审计检查: what is missing before numbers and tasks can be trusted",
)
def audit(request: HttpRequest) -> Any:
    asker(request, "plan.audit")
    return [vars(row) for row in services.findings(timezone.localdate())]


# --- key projects, evaluations, contacts ----------------------------------------------------------------------------


@router.get("/projects", response=list[ProjectOut], summary="重点项目: tasks under supervision and their reviews")
def projects(request: HttpRequest, on: date | None = None) -> Any:
    """`on`: a day to come, as it will be red by then if nobody acts."""
    rows = visible(asker(request), KeyProject.objects.filter(ended_at=None)).select_related("task")
    now, reviews = timezone.now(), services.reviews_of(rows)
    if on is not None:
        now = max(now, timezone.make_aware(datetime.combine(on, time(12))))
    return [
        {"task": task_out(row.task, timezone.localdate()), "every_weeks": row.every_weeks, "next_review": row.next_review,
         "red": services.is_red(row, reviews[row.pk], now), "reviews": [case.number for case in reviews[row.pk]]}
        for row in rows
    ]  # fmt: skip


def _task(request: HttpRequest, pk: int) -> tuple[Any, Any]:
    account = asker(request)
    return account, pick(account, Task.objects.all(), pk)


@router.post("/tasks/{pk}/supervision", response=TaskOut, summary="Put a project under supervision")
def supervise(request: HttpRequest, pk: int, body: SuperviseIn) -> Any:
    account, found = _task(request, pk)
    services.supervise(account, found, reason=body.reason, every_weeks=body.every_weeks, first_on=body.first_on)
    return task_out(found, timezone.localdate())


@router.post("/tasks/{pk}/release", response=TaskOut, summary="Take a project off supervision, with a reason")
def release(request: HttpRequest, pk: int, body: ReasonIn) -> Any:
    account, found = _task(request, pk)
    services.release(account, found, reason=body.reason)
    return task_out(found, timezone.localdate())


@router.get("/evaluations/due", response=list[TaskOut], summary="Projects whose node is reached and not evaluated")
def evaluations_due(request: HttpRequest) -> Any:
    rows = services.to_evaluate(visible(asker(request), Task.objects.all()), timezone.localdate())
    return [task_out(task, timezone.localdate()) for task in rows.prefetch_related("units__organisation")]


@router.get("/tasks/{pk}/evaluations", response=list[EvaluationOut], summary="Evaluations of a project")
def evaluations(request: HttpRequest, pk: int) -> Any:
    return _task(request, pk)[1].evaluations.all()


@router.post("/tasks/{pk}/evaluations", response=EvaluationOut, summary="Evaluate a project at its node")
def evaluate(request: HttpRequest, pk: int, body: EvaluationIn) -> Any:
    return services.evaluate(*_task(request, pk), outcome=body.outcome, reasons=body.reasons)


def _contact_out(row: Contact) -> dict[str, Any]:
    names = ("firm", "kind", "on", "subject", "result", "task_id")
    return {"id": row.pk, "organisation": str(row.organisation), **{name: getattr(row, name) for name in names}}


@router.get("/contacts", response=list[ContactOut], summary="Contacts with firms")
def contacts(request: HttpRequest) -> Any:
    rows = visible(asker(request), Contact.objects.select_related("organisation"))
    return [_contact_out(row) for row in rows[:500]]


@router.post("/contacts", response=ContactOut, summary="Log a contact with a firm")
def log_contact(request: HttpRequest, body: ContactIn) -> Any:
    account = asker(request)
    task = pick(account, Task.objects.all(), body.task) if body.task is not None else None
    return _contact_out(
        services.log_contact(
            account, get_organisation(body.organisation), firm=body.firm, kind=body.kind, on=body.on, subject=body.subject,
            result=body.result, task=task,
        )
    )  # fmt: skip
