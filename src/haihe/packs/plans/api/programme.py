"""The whole programme, what is public, and the units behind the names as written."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from haihe.kernel import administration
from haihe.kernel.organisations import get_organisation, propose_organisations
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, pick, router
from haihe.packs.plans.api.shapes import CountOut, LinkIn, ProgrammeOut, TargetOut, UnlinkedOut, target_out
from haihe.packs.plans.models import Plan


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
