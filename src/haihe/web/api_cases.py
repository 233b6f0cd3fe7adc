"""`/api/v1/cases` and `/api/v1/notices`: the same actions as on the pages, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from ninja import Field, File, Form, Query, Router, Schema
from ninja.files import UploadedFile

from haihe.kernel import cases, evidence
from haihe.kernel.cases import CASE_TYPES, Case, CaseEvent, may_take, waiting_for
from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Account
from haihe.kernel.notices import Notice, NoticeReading, mark_read, own_notices
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand, visible

router = Router(tags=["cases"])


class TypeOut(Schema):
    """A declared case type; `openers` are the roles that may open one by hand."""

    name: str
    title_zh: str
    title_en: str
    openers: list[str]


class UnitOut(Schema):
    name: str
    role: str


class FileOut(Schema):
    id: int
    name: str
    sha256: str


class EventOut(Schema):
    at: datetime
    kind: str
    step: str
    to_step: str
    actor: str
    on_behalf_of: str
    organisation: str | None
    text: str
    evidence: list[FileOut]


class CaseOut(Schema):
    """A case at its present step; `last_day` is set where the limit is in working days, `due_at` (UTC) is when it is overdue."""

    id: int
    number: str
    type: str
    type_title_zh: str
    type_title_en: str
    subject: str
    severity: str
    step: str
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    withdrawn: bool
    overdue: bool
    about_type: str
    about_id: str
    units: list[UnitOut]


class CaseWholeOut(CaseOut):
    """`exits` are what `to` may be when the present step is taken; `may_take` says whether the asker may take it."""

    text: str
    steps: list[dict[str, Any]]
    exits: list[str]
    may_take: bool
    events: list[EventOut]


class CaseIn(Schema):
    """`organisations`: names of the units that handle it."""

    type: str = Field(max_length=80)
    subject: str = Field(max_length=300)
    organisations: list[str] = Field(min_length=1, max_length=50)
    text: str = Field(default="", max_length=20_000)
    severity: Case.Severity = Case.Severity.UNKNOWN


class ReasonIn(Schema):
    reason: str = Field(max_length=2000)


class NoticeOut(Schema):
    id: int
    at: datetime
    organisation: str | None
    subject_zh: str
    subject_en: str
    text_zh: str
    text_en: str
    about_type: str
    about_id: str
    link: str
    read: bool


def _asker(request: HttpRequest, permission: str) -> Account:
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def _case(request: HttpRequest, pk: int) -> tuple[Account, Case]:
    account = _asker(request, "case.read")
    found = visible(account, Case.objects.all()).filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。", "There is no such entry, or you may not see it.", where=f"Case {pk}"
        )
    return account, found


def _out(case: Case) -> dict[str, Any]:
    names = (
        "number",
        "type_title_zh",
        "type_title_en",
        "subject",
        "severity",
        "step",
        "opened_at",
        "due_at",
        "closed_at",
        "withdrawn",
        "about_type",
        "about_id",
    )
    units = [{"name": part.organisation.name, "role": part.role} for part in case.units.all()]
    return {
        **{name: getattr(case, name) for name in names},
        "id": case.pk,
        "type": case.type_name,
        "overdue": case.is_overdue(),
        "units": units,
    }


def _whole(account: Account, case: Case) -> dict[str, Any]:
    exits = [leave["to"] for leave in (case.current or {"exits": []})["exits"]]
    events = case.events.select_related("organisation").prefetch_related("evidence").order_by("pk")
    return {
        **_out(case), "text": case.text, "steps": case.steps, "exits": exits, "may_take": may_take(account, case),
        "events": [_event(event) for event in events],
    }  # fmt: skip


def _event(event: CaseEvent) -> dict[str, Any]:
    names = ("at", "kind", "step", "to_step", "on_behalf_of", "text")
    organisation = event.organisation.name if event.organisation else None
    return {
        **{n: getattr(event, n) for n in names},
        "actor": event.actor_name,
        "organisation": organisation,
        "evidence": list(event.evidence.all()),
    }


@router.get("/cases/types", response=list[TypeOut], summary="The declared case types")
def types(request: HttpRequest) -> Any:
    _asker(request, "case.read")
    return [
        {"name": t.name, "title_zh": t.title_zh, "title_en": t.title_en, "openers": list(t.openers)}
        for t in CASE_TYPES.values()
    ]


@router.get(
    "/cases",
    response=list[CaseOut],
    summary="Cases that the account may see: open ones, or with state=closed closed ones",
)
def list_cases(
    request: HttpRequest, state: str = "open", type: str = "", mine: bool = False, overdue: bool = False, about_type: str = "",
    about_id: str = "", limit: int = Query(100, ge=1, le=1000), after: int = Query(0, ge=0, lt=2**63),
) -> Any:  # fmt: skip
    """Ordered by id; the next page begins `after` the last id. `mine`: those whose present step the account may take."""
    account = _asker(request, "case.read")
    rows: QuerySet[Case] = visible(account, Case.objects.filter(pk__gt=after, closed_at__isnull=state != "closed"))
    wanted = {"type_name": type, "about_type": about_type, "about_id": about_id}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value}).order_by("pk")
    found: Any = rows.prefetch_related("units__organisation")
    if mine:
        found = waiting_for(account, found)
    if overdue:
        found = [case for case in found if case.is_overdue()]
    return [_out(case) for case in found[:limit]]


@router.post("/cases", response=CaseWholeOut, summary="立案: open a case of a type that may be opened by hand")
def open_case(request: HttpRequest, body: CaseIn) -> Any:
    account = _asker(request, "case.open")
    units = [get_organisation(name) for name in body.organisations]
    case = cases.open_case(account, body.type, body.subject, units, text=body.text, severity=body.severity)
    return _whole(account, case)


@router.get("/cases/{pk}", response=CaseWholeOut, summary="A case with its steps and its whole history")
def read_case(request: HttpRequest, pk: int) -> Any:
    return _whole(*_case(request, pk))


@router.post("/cases/{pk}/steps/{step}", response=CaseWholeOut, summary="Take the step at which the case stands")
def take_step(
    request: HttpRequest, pk: int, step: str, to: Form[str] = "", text: Form[str] = "", files: File[list[UploadedFile]] = [],  # noqa: B006
) -> Any:  # fmt: skip
    """Files are stored only for whoever may take the step."""
    account, case = _case(request, pk)
    demand(account, "case.step", case)
    takes = may_take(account, case) and case.step == step
    received = [evidence.receive(f.name or "file", f.chunks(), account) for f in files] if takes else []
    return _whole(account, cases.take_step(account, case, step=step, to=to, text=text, evidence=received))


@router.post(
    "/cases/{pk}/withdraw", response=CaseWholeOut, summary="撤销: withdraw a case that should not have been opened"
)
def withdraw(request: HttpRequest, pk: int, body: ReasonIn) -> Any:
    account, case = _case(request, pk)
    return _whole(account, cases.withdraw(account, case, reason=body.reason))


@router.get("/notices", response=list[NoticeOut], summary="Messages to the account and its units, newest first")
def notices(request: HttpRequest, unread: bool = False, limit: int = Query(100, ge=1, le=1000)) -> Any:
    account = _asker(request, "notice.read")
    rows = own_notices(account).select_related("organisation")
    if unread:
        rows = rows.exclude(readings__account=account)
    read = Prefetch("readings", NoticeReading.objects.filter(account=account), to_attr="own_readings")
    names = ("subject_zh", "subject_en", "text_zh", "text_en", "about_type", "about_id", "link")
    return [
        {
            **{name: getattr(n, name) for name in names}, "id": n.pk, "at": n.created_at, "read": bool(n.own_readings),
            "organisation": n.organisation.name if n.organisation else None,
        }
        for n in rows.prefetch_related(read)[:limit]
    ]  # fmt: skip


@router.post("/notices/{pk}/read", summary="Mark one message as read")
def read_notice(request: HttpRequest, pk: int) -> dict[str, int]:
    account = _asker(request, "notice.read")
    rows = own_notices(account).filter(pk=pk) if pk < 2**63 else Notice.objects.none()
    if not rows.exists():
        raise NotFound(
            "没有这一项，或您无权查看。", "There is no such entry, or you may not see it.", where=f"Notice {pk}"
        )
    return {"marked": mark_read(account, rows)}
