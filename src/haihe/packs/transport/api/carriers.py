"""Carriers under supervision: their kinds, duty holders and archives, and work given to them. Archives themselves are entries of the
register `carrier_archives`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Schema

from haihe.packs.transport import services
from haihe.packs.transport.api.base import router
from haihe.packs.transport.api.fleet import CarrierOut, shown
from haihe.packs.transport.models import Carrier
from haihe.web.api_administration import asker, pick


class KindsIn(Schema):
    kinds: list[str] = Field(max_length=5)


class StaleOut(Schema):
    """An entry of the archive that nobody updated in the month."""

    entry: int
    number: str
    kind: str
    name: str


class StandingOut(Schema):
    """`holders`: kind of duty → names; `lacking`: required kinds of which nothing is on file."""

    carrier: CarrierOut
    vehicles: int
    holders: dict[str, list[str]]
    lacking: list[str]
    stale: list[StaleOut]


class WorkIn(Schema):
    title: str = Field(max_length=300)
    text: str = Field(max_length=20_000)
    due: date


class WorkOut(Schema):
    """`step`: reply (the carrier's), check (the department's), empty once it is closed."""

    case: int
    number: str
    title: str
    step: str
    due: datetime | None
    closed_at: datetime | None


@router.get(
    "/carriers/standing",
    response=list[StandingOut],
    summary="What each carrier lacks, and which archives a month left out",
)
def standings(request: HttpRequest, month: date | None = None) -> list[dict[str, Any]]:
    """`month`: any day of it; this month where nothing is said."""
    account = asker(request, "vehicle.read")
    return [
        {
            "carrier": shown(row.carrier), "vehicles": row.vehicles, "holders": row.holders, "lacking": row.lacking,
            "stale": [{"entry": e.pk, "number": e.number, "kind": e.values["kind"], "name": e.title} for e in row.stale],
        }
        for row in services.list_carriers(account, month or timezone.localdate())
    ]  # fmt: skip


@router.post("/carriers/{pk}/kinds", response=CarrierOut, summary="Say of which kinds a carrier is")
def set_kinds(request: HttpRequest, pk: int, data: KindsIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    return shown(services.set_kinds(account, pick(account, Carrier.objects.all(), pk), kinds=data.kinds))


@router.post("/carriers/{pk}/work", response=WorkOut, summary="工作部署: give a carrier work to be reported by a day")
def give_work(request: HttpRequest, pk: int, data: WorkIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    return _work(services.give_work(account, pick(account, Carrier.objects.all(), pk), **data.dict()))


@router.get("/work", response=list[WorkOut], summary="Work given to carriers, open first")
def list_work(request: HttpRequest) -> list[dict[str, Any]]:
    return [_work(case) for case in services.list_work(asker(request, "vehicle.read"))]


def _work(case: Any) -> dict[str, Any]:
    return {
        "case": case.pk, "number": case.number, "title": case.subject, "step": case.step if case.closed_at is None else "", "due": case.due_at,
        "closed_at": case.closed_at,
    }  # fmt: skip
