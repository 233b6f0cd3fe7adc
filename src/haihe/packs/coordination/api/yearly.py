"""Calls about the yearly ledger and the leader's screen."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Query
from ninja.files import UploadedFile

from haihe.kernel import evidence
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.api.base import router
from haihe.packs.coordination.api.schemas import (
    ItemChangeIn,
    ItemIn,
    ItemOut,
    LedgerOut,
    PlanIn,
    PlanOut,
    ReasonIn,
    RevisionIn,
    ScreenOut,
)
from haihe.packs.coordination.models import YearItem, YearPlan
from haihe.web.api_administration import asker, pick


def _item(row: YearItem) -> dict[str, Any]:
    names = ItemOut.model_fields.keys() - {"light"}
    return {name: getattr(row, name) for name in names} | {"light": services.light_of(row, timezone.localdate())}


def _plan(row: YearPlan) -> dict[str, Any]:
    return {
        "id": row.pk, "organisation": row.organisation.name, "year": row.year, "state": row.state, "remark": row.remark,
        "items": [_item(item) for item in row.items.all()],
    }  # fmt: skip


def _seen_plan(request: HttpRequest, pk: int) -> tuple[Account, YearPlan]:
    account = asker(request, "coordination.read")
    return account, pick(account, YearPlan.objects.select_related("organisation"), pk)


def _seen_item(request: HttpRequest, pk: int) -> tuple[Account, YearItem]:
    account = asker(request, "coordination.read")
    return account, pick(account, YearItem.objects.select_related("plan__organisation"), pk)


@router.get("/ledger", response=list[LedgerOut], summary="The district's ledger of a year, late rows first")
def ledger(request: HttpRequest, year: int = Query(..., ge=2020, le=2100)) -> list[dict[str, Any]]:
    lines = services.ledger_lines(asker(request, "coordination.read"), year, timezone.localdate())
    names = LedgerOut.model_fields.keys() - {"kind", "id"}
    return [
        {name: getattr(line, name) for name in names}
        | {"id": line.row.pk, "kind": "measure" if isinstance(line.row, YearItem) else "task"}
        for line in lines
    ]


@router.get("/year-plans", response=list[PlanOut], summary="Yearly plans that the account may see")
def list_year_plans(request: HttpRequest, limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    rows = visible(asker(request, "coordination.read"), YearPlan.objects.select_related("organisation"))
    return [_plan(row) for row in rows.prefetch_related("items")[:limit]]


@router.post("/year-plans", response=PlanOut, summary="Start a unit's yearly plan")
def start_year_plan(request: HttpRequest, data: PlanIn) -> dict[str, Any]:
    account = asker(request, "coordination.read")
    return _plan(services.start_year_plan(account, get_organisation(data.organisation), year=data.year))


@router.post("/year-plans/{pk}/items", response=ItemOut, summary="Add a measure")
def add_item(request: HttpRequest, pk: int, data: ItemIn) -> dict[str, Any]:
    account, plan = _seen_plan(request, pk)
    return _item(services.add_item(account, plan, **data.dict()))


@router.post("/year-plans/{pk}/submit", response=PlanOut, summary="Submit the plan to the coordinator")
def submit_year_plan(request: HttpRequest, pk: int) -> dict[str, Any]:
    account, plan = _seen_plan(request, pk)
    return _plan(services.submit_year_plan(account, plan))


@router.post("/year-plans/{pk}/adopt", response=PlanOut, summary="Adopt the plan into the ledger")
def adopt_year_plan(request: HttpRequest, pk: int) -> dict[str, Any]:
    account, plan = _seen_plan(request, pk)
    return _plan(services.adopt_year_plan(account, plan))


@router.post("/year-plans/{pk}/return", response=PlanOut, summary="Send the plan back with a reason")
def return_year_plan(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account, plan = _seen_plan(request, pk)
    return _plan(services.return_year_plan(account, plan, reason=data.reason))


@router.post("/measures/{pk}/change", response=ItemOut, summary="Change a measure of a plan that is being written")
def change_item(request: HttpRequest, pk: int, data: ItemChangeIn) -> dict[str, Any]:
    account, item = _seen_item(request, pk)
    return _item(services.change_item(account, item, **data.dict()))


@router.post("/measures/{pk}/remove", response=PlanOut, summary="Remove a measure nobody reported on")
def remove_item(request: HttpRequest, pk: int, data: RevisionIn) -> dict[str, Any]:
    account, item = _seen_item(request, pk)
    return _plan(services.remove_item(account, item, revision=data.revision))


@router.post("/measures/{pk}/reports", response=ItemOut, summary="Report on a measure, with evidence")
def report_item(
    request: HttpRequest,
    pk: int,
    text: Form[str],
    percent: Form[int],
    files: File[list[UploadedFile]] = [],  # noqa: B006
) -> dict[str, Any]:
    account, item = _seen_item(request, pk)
    demand(account, "yearplan.report", item)
    stored = [evidence.receive(file.name or "file", file.chunks(), account) for file in files]
    services.report_item(account, item, percent=percent, text=text, evidence=stored)
    return _item(YearItem.objects.get(pk=pk))


@router.get("/screen", response=ScreenOut, summary="The figures of the leader's screen")
def screen(request: HttpRequest) -> dict[str, Any]:
    found = services.screen_of(asker(request, "screen.read"), timezone.now())
    names = ScreenOut.model_fields.keys() - {"open_problems"}
    return {name: getattr(found, name) for name in names} | {"open_problems": len(found.open_problems)}
