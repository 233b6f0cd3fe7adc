"""`/api/v1/plans`: comparing two stored plans, and what contradicts itself in one. The same actions as on the pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema

from haihe.kernel.permissions import demand
from haihe.packs.plans import services
from haihe.packs.plans.api import asker, pick, router
from haihe.packs.plans.comparing.compare import as_json
from haihe.packs.plans.models import Plan


class ComparisonOut(Schema):
    """`changes` for draft, `asked` for city, `targets` for period; see docs/how-to/compare-plans.md."""

    schema_version: str
    kind: str
    a: dict[str, Any]
    b: dict[str, Any]
    counts: dict[str, int]
    changes: list[dict[str, Any]] = []
    asked: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []


class PlaceOut(Schema):
    line: int
    quote: str


class FindingOut(Schema):
    """`intended`: a person's reason; empty while the finding is open."""

    key: str
    kind: str
    severity: str
    places: list[PlaceOut]
    why_zh: str
    why_en: str
    to_do_zh: str
    to_do_en: str
    intended: str
    by: str
    at: datetime | None


class IntendedIn(Schema):
    reason: str = Field(max_length=300)


class ExportIn(Schema):
    purpose: str = Field(max_length=200)


def _plan(request: HttpRequest, pk: int) -> tuple[Any, Plan]:
    account = asker(request)
    return account, pick(account, Plan.objects.select_related("file", "replaces"), pk)


@router.get("/compare/{a}/{b}", response=ComparisonOut, summary="Two plans compared (f7: all plans of file 7)")
def compare(request: HttpRequest, a: str, b: str, kind: str | None = None) -> Any:
    account = asker(request)
    return as_json(services.compare_stored(services.side_of(account, a), services.side_of(account, b), kind))


@router.post(
    "/compare/{a}/{b}/export", summary="The comparison as a file, through the export gate", response={200: Any}
)
def export(request: HttpRequest, a: str, b: str, body: ExportIn, kind: str | None = None) -> HttpResponse:
    account = asker(request)
    demand(account, "plan.export")
    sides = services.side_of(account, a), services.side_of(account, b)
    _, content = services.release_comparison(account, *sides, kind, purpose=body.purpose)
    return HttpResponse(content, content_type="application/json")


@router.get("/documents/{pk}/findings", response=list[FindingOut], summary="What contradicts itself in the document")
def findings(request: HttpRequest, pk: int) -> Any:
    account, plan = _plan(request, pk)
    return [_out(row) for row in services.findings_of(account, plan)]


@router.post("/documents/{pk}/findings/{key}/intended", response=list[FindingOut], summary="Mark a finding as intended")
def intended(request: HttpRequest, pk: int, key: str, body: IntendedIn) -> Any:
    account, plan = _plan(request, pk)
    services.mark_intended(account, plan, key=key, reason=body.reason)
    return [_out(row) for row in services.findings_of(account, plan)]


@router.post("/documents/{pk}/findings/{key}/reopen", response=list[FindingOut], summary="Take the mark back")
def reopen_finding(request: HttpRequest, pk: int, key: str) -> Any:
    account, plan = _plan(request, pk)
    services.unmark(account, plan, key=key)
    return [_out(row) for row in services.findings_of(account, plan)]


def _out(row: services.Judged) -> dict[str, Any]:
    mark = row.mark
    said = {
        "intended": mark.reason if mark else "",
        "by": mark.by.username if mark else "",
        "at": mark.at if mark else None,
    }
    return {**row.finding.as_json(), **said}
