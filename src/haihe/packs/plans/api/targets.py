"""Targets: how they stand, where their numbers come from, what a person sets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form
from ninja.files import UploadedFile

from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand, visible
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, pick, receiving, router
from haihe.packs.plans.api.shapes import (
    BaselineIn,
    MilestoneIn,
    OwnerIn,
    ProvenanceOut,
    ReportOut,
    TargetOut,
    report_out,
    target_out,
    value_out,
)
from haihe.packs.plans.models import Plan, Report, Target
from haihe.packs.plans.progress import standing


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
