"""Areas and roads that vehicles must keep to or keep out of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from haihe.kernel.permissions import visible
from haihe.packs.transport import services
from haihe.packs.transport.api.base import ReasonIn, router, visible_vehicles
from haihe.packs.transport.models import Area
from haihe.web.api_administration import asker, pick


class AreaIn(Schema):
    """`geometry`: GeoJSON with polygons (areas) or lines (roads) in `coordinates`: wgs84, cgcs2000, gcj02 or bd09."""

    name: str = Field(max_length=100)
    mode: str = Field(json_schema_extra={"enum": ["permitted", "forbidden"]})
    geometry: dict[str, Any]
    coordinates: str = Field("wgs84", max_length=20)


class AreaOut(Schema):
    """`simplified_by_m`: by how many metres at most its outline moved so that it has few enough positions."""

    id: int
    name: str
    mode: str
    geometry: dict[str, Any]
    simplified_by_m: float
    vehicles: list[int]
    retired_at: datetime | None


class VehiclesIn(Schema):
    vehicles: list[int] = Field(min_length=1, max_length=10_000)


class CountOut(Schema):
    count: int


def _area(area: Area) -> dict[str, Any]:
    return {
        "id": area.pk, "name": area.place.name, "mode": area.mode, "geometry": area.place.geometry or {}, "retired_at": area.place.retired_at,
        "simplified_by_m": area.simplified_by_m, "vehicles": sorted(row.vehicle_id for row in area.assignments.all()),
    }  # fmt: skip


def _areas() -> Any:
    return Area.objects.select_related("place").prefetch_related("assignments")


@router.get("/areas", response=list[AreaOut], summary="Areas and roads that vehicles must keep to or keep out of")
def list_areas(request: HttpRequest) -> list[dict[str, Any]]:
    return [_area(area) for area in visible(asker(request, "vehicle.read"), _areas())]


@router.post("/areas", response=AreaOut, summary="Draw an area or road from GeoJSON")
def draw_area(request: HttpRequest, data: AreaIn) -> dict[str, Any]:
    return _area(services.draw_area(asker(request, "area.draw"), None, **data.dict()))


@router.post("/areas/{pk}/vehicles", response=CountOut, summary="Let an area hold for vehicles; how many were new")
def assign_area(request: HttpRequest, pk: int, data: VehiclesIn) -> dict[str, int]:
    account = asker(request, "area.assign")
    area, chosen = pick(account, Area.objects.all(), pk), visible_vehicles(request).filter(pk__in=data.vehicles)
    return {"count": services.assign_area(account, area, vehicles=chosen)}


@router.post("/areas/{pk}/release", response=CountOut, summary="Free vehicles from an area")
def release_area(request: HttpRequest, pk: int, data: VehiclesIn) -> dict[str, int]:
    account = asker(request, "area.release")
    area, chosen = pick(account, Area.objects.all(), pk), visible_vehicles(request).filter(pk__in=data.vehicles)
    return {"count": services.release_area(account, area, vehicles=chosen)}


@router.post("/areas/{pk}/retire", response=AreaOut, summary="Give an area up")
def retire_area(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account = asker(request, "area.retire")
    services.retire_area(account, pick(account, Area.objects.all(), pk), reason=data.reason)
    return _area(pick(account, _areas(), pk))
