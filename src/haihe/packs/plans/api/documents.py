"""Documents and the commitments read from them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import File, Query
from ninja.files import UploadedFile

from haihe.kernel import evidence
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, pick, receiving, router
from haihe.packs.plans.api.shapes import ClauseIn, ClauseOut, CountOut, DocumentOut, FieldsIn, FiledOut, ImportedOut
from haihe.packs.plans.models import Clause, Plan
from haihe.web.api_administration import file_of


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
