"""`/api/v1/plans`: documents, clauses, targets and tasks for programs. Each call is the same action as on the pages."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from ninja import Field, File, Form, Query, Router, Schema
from ninja.files import UploadedFile

from haihe.kernel import administration, audit, evidence
from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation, propose_organisations
from haihe.kernel.permissions import demand, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Clause, Plan, Report, Target, Task
from haihe.packs.plans.progress import Standing, light, standing
from haihe.web.api_administration import file_of

router = Router(tags=["plans"])


def asker(request: HttpRequest, permission: str = "plan.read") -> Account:
    """The account behind the token or session, after asking whether it may read plans at all."""
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def pick(account: Account, rows: QuerySet[Any], pk: int) -> Any:
    """One visible row; NotFound does not tell whether it exists."""
    found = visible(account, rows).filter(pk=pk).first()
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。",
            "There is no such entry, or you may not see it.",
            where=f"{rows.model.__name__} {pk}",
        )
    return found


def receiving(account: Account, files: list[UploadedFile]) -> AbstractContextManager[list[evidence.EvidenceFile]]:
    """The uploaded files for the block that uses them; where it fails, none of them stays."""
    return evidence.receiving(account, ((file.name or "file", file.chunks()) for file in files))


# --- shapes ---------------------------------------------------------------------------------------------------------


class DocumentOut(Schema):
    """A document as read from a file."""

    id: int
    title: str
    kind: str
    status: str
    issuer: str
    number: str
    issued_on: date | None
    period_start: str
    period_end: str
    line: int
    end_line: int
    filed_at: datetime | None
    published_at: datetime | None
    replaces_id: int | None


class UnitIn(Schema):
    name: str = Field(max_length=120)
    role: str


class ClauseOut(Schema):
    """A commitment as read (`read`), and as it holds after a person's corrections (`current`)."""

    id: int
    kind: str
    line: int
    end_line: int
    decision: str
    read: dict[str, Any]
    current: dict[str, Any]
    changed_since: list[str]


class ClauseIn(Schema):
    kind: str
    line: int = Field(ge=1, le=10**9)
    fields: dict[str, Any]


class FieldsIn(Schema):
    fields: dict[str, Any]


class ImportedOut(Schema):
    """`created` is false where the same bytes had been imported before."""

    created: bool
    documents: list[DocumentOut]


class CountOut(Schema):
    count: int


class FiledOut(Schema):
    targets: int
    tasks: int


class ValueOut(Schema):
    id: int
    kind: str
    value: float
    as_of: date
    recorded_at: datetime
    by: str | None
    note: str


class TargetOut(Schema):
    """A target and how it stands today. `assumption`: the trajectory is a straight line that nobody decided."""

    id: int
    plan_id: int
    key: str
    title: str
    unit: str
    comparator: str
    value: float
    value_max: float | None
    strength: str
    deadline: date | None
    state: str
    actual: float | None
    actual_on: date | None
    expected: float | None
    assumption: bool
    owner: str | None


class PointOut(Schema):
    day: date
    value: float
    assumed: bool


class ProvenanceOut(Schema):
    """Where a number comes from: clause, reports, files, who and when."""

    target: TargetOut
    clause: ClauseOut
    trajectory: list[PointOut]
    values: list[ValueOut]
    reports: list[dict[str, Any]]


class UnitOut(Schema):
    name: str
    role: str
    organisation: str | None
    accepted_at: datetime | None


class TaskOut(Schema):
    """A task with its light: closed, red, amber, green or none."""

    id: int
    plan_id: int
    number: str
    heading: str
    state: str
    light: str
    deadline: date | None
    deadline_assumed: bool
    units: list[UnitOut]


class ReportOut(Schema):
    id: int
    kind: str
    at: datetime
    text: str
    organisation: str | None


class StepIn(Schema):
    title: str = Field(max_length=200)
    due: date


class StepOut(Schema):
    id: int
    title: str
    due: date
    done_at: datetime | None


class DeadlineIn(Schema):
    deadline: date
    reason: str = Field(max_length=500)


class TextIn(Schema):
    text: str = Field(default="", max_length=10_000)


class BaselineIn(Schema):
    value: Decimal = Field(max_digits=24, decimal_places=6)
    on: date
    source: str = Field(max_length=300)


class MilestoneIn(Schema):
    due: date
    value: Decimal = Field(max_digits=24, decimal_places=6)


class ProgrammeOut(Schema):
    """`late`: numbers of the tasks whose light is red. `units`: one row a unit with its counts."""

    day: date
    documents: list[int]
    tasks_by_state: dict[str, int]
    targets_by_state: dict[str, int]
    late: list[int]
    units: list[dict[str, Any]]


class UnlinkedOut(Schema):
    name: str
    tasks: int
    proposals: list[str]


class LinkIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    organisation: str = Field(max_length=120)
    lasting: bool = False


class OwnerIn(Schema):
    organisation: str = Field(max_length=120)


def _name(unit: Model | None) -> str | None:
    return str(unit) if unit is not None else None


def task_out(task: Task, today: date) -> dict[str, Any]:
    units = [
        {"name": u.name, "role": u.role, "organisation": _name(u.organisation), "accepted_at": u.accepted_at}
        for u in task.units.all()
    ]
    return {
        "id": task.pk, "plan_id": task.plan_id, "number": task.number, "heading": task.heading, "state": task.state,
        "light": light(task, today), "deadline": task.deadline, "deadline_assumed": task.deadline_assumed, "units": units,
    }  # fmt: skip


def target_out(row: Standing) -> dict[str, Any]:
    target, verdict = row.target, row.assessment
    return {
        "id": target.pk, "plan_id": target.plan_id, "key": target.indicator.key, "title": target.indicator.title,
        "unit": target.indicator.unit, "comparator": target.comparator, "value": target.value, "value_max": target.value_max,
        "strength": target.strength, "deadline": target.deadline, "state": verdict.state, "actual": verdict.actual,
        "actual_on": verdict.actual_on, "expected": verdict.expected, "assumption": verdict.assumption, "owner": _name(target.indicator.owner),
    }  # fmt: skip


def value_out(value: Any) -> dict[str, Any]:
    by = value.by.username if value.by else None
    return {
        "id": value.pk,
        "kind": value.kind,
        "value": value.value,
        "as_of": value.as_of,
        "recorded_at": value.recorded_at,
        "by": by,
        "note": value.note,
    }


# --- documents ------------------------------------------------------------------------------------------------------


@router.get("/documents", response=list[DocumentOut], summary="Documents that this account sees")
def documents(request: HttpRequest) -> Any:
    return visible(asker(request), Plan.objects.all())


@router.post("/documents", response=ImportedOut, summary="Import a plan file (idempotent)")
def import_document(request: HttpRequest, file: File[UploadedFile]) -> Any:
    account = asker(request, "plan.import")
    with receiving(account, [file]) as kept:
        imported = services.import_evidence(account, kept[0])
    return {"created": imported.created, "documents": imported.plans}


@router.get("/documents/{pk}", response=DocumentOut, summary="One document")
def document(request: HttpRequest, pk: int) -> Any:
    return pick(asker(request), Plan.objects.all(), pk)


@router.get("/documents/{pk}/lines", response=list[str], summary="The lines of the document's own text")
def document_lines(request: HttpRequest, pk: int) -> Any:
    plan = pick(asker(request), Plan.objects.select_related("file"), pk)
    return plan.file.lines[plan.line - 1 : plan.end_line]


@router.get(
    "/documents/{pk}/clauses", response=list[ClauseOut], summary="The document's commitments, as read and as decided"
)
def document_clauses(request: HttpRequest, pk: int, kind: str | None = None) -> Any:
    rows = pick(asker(request), Plan.objects.all(), pk).clauses.all()
    return rows.filter(kind=kind) if kind else rows


@router.post("/documents/{pk}/clauses", response=ClauseOut, summary="Add a commitment that was not read")
def add_clause(request: HttpRequest, pk: int, body: ClauseIn) -> Any:
    account = asker(request)
    return services.add_clause(
        account, pick(account, Plan.objects.all(), pk), kind=body.kind, line=body.line, fields=body.fields
    )


@router.post("/documents/{pk}/confirm-rest", response=CountOut, summary="Confirm all open, unchanged commitments")
def confirm_rest(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    return {"count": services.confirm_rest(account, pick(account, Plan.objects.all(), pk))}


@router.post("/documents/{pk}/file", response=FiledOut, summary="立项: file the confirmed commitments")
def file_document(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    targets, tasks = services.file_plan(account, pick(account, Plan.objects.all(), pk))
    return {"targets": targets, "tasks": tasks}


@router.post("/documents/{pk}/assign", response=CountOut, summary="交办: assign all filed tasks whose units are linked")
def assign_document(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "task.assign")
    done, _waiting = services.assign_all(account, pick(account, Plan.objects.all(), pk))
    return {"count": done}


@router.post("/documents/{pk}/publish", response=DocumentOut, summary="Make the document's targets public")
def publish(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    return services.publish(account, pick(account, Plan.objects.all(), pk))


@router.post("/documents/{pk}/withdraw", response=DocumentOut, summary="Take the document back from the public")
def withdraw(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    return services.withdraw(account, pick(account, Plan.objects.all(), pk))


@router.get(
    "/documents/{pk}/division.xlsx",
    summary="任务分工表: the task-division table",
    response={200: bytes},
    openapi_extra=file_of(evidence.ALLOWED_TYPES[".xlsx"][0]),
)
def division_table(request: HttpRequest, pk: int, purpose: str = Query("接口下载", max_length=200)) -> HttpResponse:
    from haihe.packs.plans.papers import release_division_table

    account = asker(request, "plan.export")
    name, content = release_division_table(account, pick(account, Plan.objects.all(), pk), purpose=purpose)
    response = HttpResponse(content, content_type=evidence.ALLOWED_TYPES[".xlsx"][0])
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _clause(request: HttpRequest, pk: int) -> tuple[Account, Clause]:
    account = asker(request)
    return account, pick(account, Clause.objects.select_related("plan"), pk)


@router.post("/clauses/{pk}/confirm", response=ClauseOut, summary="Confirm a commitment")
def confirm(request: HttpRequest, pk: int) -> Any:
    return services.confirm(*_clause(request, pk))


@router.post("/clauses/{pk}/correct", response=ClauseOut, summary="Correct fields of a commitment")
def correct(request: HttpRequest, pk: int, body: FieldsIn) -> Any:
    return services.correct(*_clause(request, pk), fields=body.fields)


@router.post("/clauses/{pk}/reject", response=ClauseOut, summary="Reject a commitment")
def reject(request: HttpRequest, pk: int) -> Any:
    return services.reject(*_clause(request, pk))


@router.post("/clauses/{pk}/reopen", response=ClauseOut, summary="Take a decision back")
def reopen(request: HttpRequest, pk: int) -> Any:
    return services.reopen(*_clause(request, pk))


# --- targets --------------------------------------------------------------------------------------------------------


@router.get("/targets", response=list[TargetOut], summary="Targets and how they stand today")
def targets(request: HttpRequest, state: str | None = None, plan: int | None = None) -> Any:
    account = asker(request)
    chosen = pick(account, Plan.objects.all(), plan) if plan is not None else None
    rows = services.programme(account, timezone.localdate(), chosen).standings
    return [target_out(row) for row in rows if state is None or row.assessment.state == state]


@router.get("/targets/{pk}", response=ProvenanceOut, summary="这个数从哪来: where a target's number comes from")
def target(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    found = pick(account, Target.objects.select_related("indicator__owner", "clause", "plan"), pk)
    row = standing(found, timezone.localdate())
    reports = [
        {
            "id": report.pk, "at": report.at, "text": report.text, "by": report.account.username, "value": float(report.value.value) if report.value else None,
            "files": [{"id": f.pk, "name": f.name, "sha256": f.sha256} for f in report.evidence.all()],
        }
        for report in visible(account, Report.objects.filter(target=found)).select_related("account", "value").prefetch_related("evidence")
    ]  # fmt: skip
    return {
        "target": target_out(row), "clause": found.clause, "values": [value_out(value) for value in row.values], "reports": reports,
        "trajectory": [{"day": point.day, "value": point.value, "assumed": point.assumed} for point in row.trajectory],
    }  # fmt: skip


@router.post("/targets/{pk}/reports", response=ReportOut, summary="Report a target's value with evidence")
def report_target(
    request: HttpRequest,
    pk: int,
    value: Form[Decimal],
    text: Form[str],
    files: File[list[UploadedFile]],
    as_of: Form[date | None] = None,
) -> Any:
    account = asker(request)
    found = pick(account, Target.objects.all(), pk)
    demand(account, "target.report", found)
    with receiving(account, files) as kept:
        return report_out(services.report_target(account, found, value=value, text=text, as_of=as_of, evidence=kept))


@router.post("/targets/{pk}/baseline", response=TargetOut, summary="Set a target's baseline")
def baseline(request: HttpRequest, pk: int, body: BaselineIn) -> Any:
    account = asker(request)
    changed = services.set_baseline(
        account, pick(account, Target.objects.all(), pk), value=body.value, on=body.on, source=body.source
    )
    return target_out(standing(changed, timezone.localdate()))


@router.post("/targets/{pk}/milestones", response=TargetOut, summary="Set a target's milestones")
def milestones(request: HttpRequest, pk: int, body: list[MilestoneIn]) -> Any:
    account = asker(request)
    changed = services.set_milestones(
        account, pick(account, Target.objects.all(), pk), points=[(row.due, row.value) for row in body]
    )
    return target_out(standing(changed, timezone.localdate()))


@router.post("/targets/{pk}/owner", response=TargetOut, summary="Name the unit that owns a target")
def owner(request: HttpRequest, pk: int, body: OwnerIn) -> Any:
    account = asker(request)
    changed = services.set_owner(
        account, pick(account, Target.objects.all(), pk), organisation=get_organisation(body.organisation)
    )
    return target_out(standing(changed, timezone.localdate()))


# --- the programme and its units -----------------------------------------------------------------------------------


@router.get("/programme", response=ProgrammeOut, summary="How the whole programme stands today, by unit and state")
def whole_programme(request: HttpRequest, plan: int | None = None) -> Any:
    account = asker(request)
    chosen = pick(account, Plan.objects.all(), plan) if plan is not None else None
    return _programme_out(services.programme(account, timezone.localdate(), chosen))


@router.get("/public", auth=None, response=list[TargetOut], summary="Targets of the plans that a person made public")
def public(request: HttpRequest) -> Any:
    return [target_out(row) for row in services.programme(None, timezone.localdate()).standings]


def _programme_out(found: services.Programme) -> dict[str, Any]:
    return {
        "day": found.today, "documents": [plan.pk for plan in found.plans], "tasks_by_state": found.by_state(),
        "targets_by_state": found.by_standing(), "late": [task.pk for task in found.late], "units": [vars(line) for line in found.units],
    }  # fmt: skip


@router.get("/units/unlinked", response=list[UnlinkedOut], summary="Names of units that no person has linked yet")
def unlinked(request: HttpRequest) -> Any:
    asker(request, "unit.link")
    return [
        {
            "name": name,
            "tasks": count,
            "proposals": [p.organisation.name for p in propose_organisations(name, least=50)],
        }
        for name, count in services.unlinked_names()
    ]


@router.post("/units/link", response=CountOut, summary="Link a name as written to a unit; `lasting` records the alias")
def link(request: HttpRequest, body: LinkIn) -> Any:
    account = asker(request, "unit.link")
    organisation = get_organisation(body.organisation)
    with transaction.atomic():
        if body.lasting:
            administration.add_alias(account, organisation, name=body.name)
        return {"count": services.link_units(account, organisation, name=body.name)}


# --- tasks ----------------------------------------------------------------------------------------------------------


def report_out(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "kind": report.kind,
        "at": report.at,
        "text": report.text,
        "organisation": _name(report.organisation),
    }


def _task(request: HttpRequest, pk: int) -> tuple[Account, Task]:
    account = asker(request)
    return account, pick(account, Task.objects.all(), pk)


@router.get("/tasks", response=list[TaskOut], summary="Tasks that this account sees")
def tasks(request: HttpRequest, state: str | None = None, light: str | None = None, plan: int | None = None) -> Any:
    rows = visible(asker(request), Task.objects.all()).prefetch_related("units__organisation")
    if state:
        rows = rows.filter(state=state)
    if plan is not None:
        rows = rows.filter(plan_id=plan)
    today = timezone.localdate()
    return [row for row in (task_out(task, today) for task in rows) if light is None or row["light"] == light]


@router.get("/week", response=dict[str, list[TaskOut]], summary="我的一周: what the account has to do")
def week(request: HttpRequest) -> Any:
    today = timezone.localdate()
    lists = vars(services.my_week(asker(request), today))
    return {name: [task_out(task, today) for task in rows] for name, rows in lists.items()}


@router.get("/tasks/{pk}", response=TaskOut, summary="One task")
def task(request: HttpRequest, pk: int) -> Any:
    return task_out(_task(request, pk)[1], timezone.localdate())


@router.get("/tasks/{pk}/reports", response=list[ReportOut], summary="A task's reports, newest first")
def task_reports(request: HttpRequest, pk: int) -> Any:
    account, found = _task(request, pk)
    return [report_out(report) for report in visible(account, found.reports.all())]


@router.get("/tasks/{pk}/history", response=list[dict[str, Any]], summary="What was done to a task, by whom and when")
def task_history(request: HttpRequest, pk: int) -> Any:
    _account, found = _task(request, pk)
    return [
        {"at": row.at, "by": row.actor_name, "on_behalf_of": row.on_behalf_of, "action": row.action}
        for row in audit.history(found)
    ]


def _task_answer(done: Task) -> dict[str, Any]:
    return task_out(done, timezone.localdate())


@router.post("/tasks/{pk}/assign", response=TaskOut, summary="交办: assign a task")
def assign(request: HttpRequest, pk: int, deadline: date | None = None) -> Any:
    return _task_answer(services.assign(*_task(request, pk), deadline=deadline))


@router.post("/tasks/{pk}/accept", response=TaskOut, summary="签收: accept a task")
def accept(request: HttpRequest, pk: int) -> Any:
    return _task_answer(services.accept(*_task(request, pk)))


@router.post("/tasks/{pk}/deadline", response=TaskOut, summary="Set a task's deadline")
def deadline(request: HttpRequest, pk: int, body: DeadlineIn) -> Any:
    return _task_answer(services.set_deadline(*_task(request, pk), deadline=body.deadline, reason=body.reason))


@router.post("/tasks/{pk}/steps", response=StepOut, summary="分解: add a step")
def add_step(request: HttpRequest, pk: int, body: StepIn) -> Any:
    return services.add_step(*_task(request, pk), title=body.title, due=body.due)


@router.post("/tasks/{pk}/steps/{step}/finish", response=StepOut, summary="Tick a step off")
def finish_step(request: HttpRequest, pk: int, step: int) -> Any:
    return services.finish_step(*_task(request, pk), step_id=step)


@router.post("/tasks/{pk}/reports", response=ReportOut, summary="跟踪: report progress, with a number where wanted")
def report(
    request: HttpRequest, pk: int, text: Form[str], value: Form[Decimal | None] = None, target: Form[int | None] = None,
    as_of: Form[date | None] = None, files: File[list[UploadedFile]] = [],  # noqa: B006  (ninja copies it)
) -> Any:  # fmt: skip
    account, found = _task(request, pk)
    demand(account, "task.report", found)
    about = pick(account, Target.objects.all(), target) if target is not None else None
    with receiving(account, files) as kept:
        return report_out(
            services.report_progress(account, found, text=text, evidence=kept, value=value, target=about, as_of=as_of)
        )


@router.post("/tasks/{pk}/done", response=ReportOut, summary="Report a task done, with evidence")
def report_done(request: HttpRequest, pk: int, text: Form[str], files: File[list[UploadedFile]] = []) -> Any:  # noqa: B006
    account, found = _task(request, pk)
    demand(account, "task.report_done", found)
    with receiving(account, files) as kept:
        return report_out(services.report_done(account, found, text=text, evidence=kept))


@router.post("/tasks/{pk}/chase", response=CountOut, summary="催办: chase a task")
def chase(request: HttpRequest, pk: int, body: TextIn) -> Any:
    account, found = _task(request, pk)
    services.chase(account, found, text=body.text)
    return {"count": found.notices.count()}


@router.post("/tasks/{pk}/close", response=TaskOut, summary="办结: close a task on evidence")
def close(request: HttpRequest, pk: int, body: TextIn) -> Any:
    return _task_answer(services.close(*_task(request, pk), note=body.text))


@router.post("/tasks/{pk}/return", response=ReportOut, summary="Send a report of completion back")
def send_back(request: HttpRequest, pk: int, body: TextIn) -> Any:
    return report_out(services.send_back(*_task(request, pk), reason=body.text))


from haihe.packs.plans import api_comparing  # noqa: E402  (it adds its calls to the router above)

# --- papers, sheets and packages have files of their own, which use what stands above ---------------------------------
from haihe.packs.plans.api_papers import router as _papers  # noqa: E402
from haihe.packs.plans.api_sheets import packages as _packages  # noqa: E402
from haihe.packs.plans.api_sheets import router as _sheets  # noqa: E402

router.add_router("/papers", _papers)
router.add_router("/sheets", _sheets)
router.add_router("/packages", _packages)

__all__ = ["api_comparing", "asker", "file_of", "pick", "receiving", "router"]
