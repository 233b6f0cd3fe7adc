"""Spot checks of a vehicle's day, and their findings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Schema

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport import services
from haihe.packs.transport.api.base import router
from haihe.packs.transport.models import Carrier, SpotCheck, SpotFinding, Vehicle
from haihe.web.api_administration import asker, pick


class SpotCheckOut(Schema):
    """`seed`, `drawn_from` and `digest` let a draw be repeated; `result`: complete, gaps, violation, or null until it is written."""

    id: int
    vehicle_id: int
    plate: str
    carrier: str
    on: date
    by: str
    at: datetime
    drawn: bool
    seed: str
    drawn_from: int
    digest: str
    result: str | None
    text: str
    concluded_by: str | None
    concluded_at: datetime | None


class PickIn(Schema):
    vehicle_id: int
    on: date


class DrawIn(Schema):
    """Without `carrier_id` out of all vehicles that the account may check; without `seed` one is made up."""

    carrier_id: int | None = None
    seed: str = Field("", max_length=64)


class FindingIn(Schema):
    result: str = Field(json_schema_extra={"enum": [*SpotFinding.Result.values]})
    text: str = Field("", max_length=2000)


class ShareOut(Schema):
    """`checked`: vehicles with a finding written in the month."""

    carrier_id: int
    carrier: str
    vehicles: int
    checked: int
    share: float
    results: dict[str, int]


def _check(check: SpotCheck) -> dict[str, Any]:
    found = check.outcome
    names = ("vehicle_id", "on", "at", "drawn", "seed", "drawn_from", "digest")
    return {name: getattr(check, name) for name in names} | {
        "id": check.pk, "plate": check.vehicle.plate, "carrier": check.carrier.organisation.name, "by": check.by.username,
        "result": found.result if found else None, "text": found.text if found else "",
        "concluded_by": found.by.username if found else None, "concluded_at": found.at if found else None,
    }  # fmt: skip


@router.get("/checks", response=list[SpotCheckOut], summary="Spot checks, newest first")
def list_checks(request: HttpRequest, limit: int = Query(100, ge=1, le=1000)) -> list[dict[str, Any]]:
    return [_check(check) for check in services.list_checks(asker(request, "vehicle.read"))[:limit]]


@router.get("/checks/shares", response=list[ShareOut], summary="How much of each carrier was checked in a month")
def list_shares(request: HttpRequest, month: date) -> list[dict[str, Any]]:
    """`month`: any day of it, between 2000 and 2200."""
    account = asker(request, "vehicle.read")
    if not 2000 <= month.year <= 2200:
        raise InvalidInput("请选择 2000 至 2200 年之间的月份。", "Choose a month between 2000 and 2200.", where="month")
    return [
        {
            "carrier_id": s.carrier.pk, "carrier": s.carrier.organisation.name, "vehicles": s.vehicles, "checked": s.checked,
            "share": round(s.share, 4), "results": s.results,
        }
        for s in services.list_shares(account, month)
    ]  # fmt: skip


@router.post("/checks", response=SpotCheckOut, summary="Pick a vehicle's day to check")
def pick_day(request: HttpRequest, data: PickIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.select_related("carrier__organisation"), data.vehicle_id)
    return _check(services.pick_day(account, vehicle, on=data.on))


@router.post("/checks/draw", response=SpotCheckOut, summary="Have a vehicle's day drawn")
def draw_day(request: HttpRequest, data: DrawIn) -> dict[str, Any]:
    account = asker(request, "spot_check.draw")
    rows = Carrier.objects.select_related("organisation")
    carrier = pick(account, rows, data.carrier_id) if data.carrier_id is not None else None
    return _check(services.draw_day(account, None, carrier=carrier, seed=data.seed))


@router.get(
    "/checks/{pk}",
    response=SpotCheckOut,
    summary="One spot check; its day is read as any track, for the purpose `check`",
)
def read_check(request: HttpRequest, pk: int) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    return _check(pick(account, services.list_checks(account), pk))


@router.post("/checks/{pk}/finding", response=SpotCheckOut, summary="Write what was found, once")
def conclude(request: HttpRequest, pk: int, data: FindingIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    services.conclude(account, pick(account, SpotCheck.objects.all(), pk), result=data.result, text=data.text)
    return _check(pick(account, services.list_checks(account), pk))
