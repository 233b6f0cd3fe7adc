"""Carriers, vehicles and their terminals."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Schema

from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.packs.transport import services
from haihe.packs.transport.api.base import ReasonIn, router, visible_vehicles
from haihe.packs.transport.models import Carrier, Vehicle
from haihe.web.api_administration import asker, pick


class CarrierIn(Schema):
    organisation: str = Field(max_length=120)
    licence_number: str = Field("", max_length=40)
    kinds: list[str] = Field([], max_length=5)


class CarrierOut(Schema):
    """`kinds`: hazmat, passenger, school_bus, public_transport, taxi."""

    id: int
    organisation: str
    licence_number: str
    kinds: list[str]


class VehicleIn(Schema):
    carrier_id: int
    plate: str = Field(max_length=20)
    plate_colour: int = 2
    kind: str = Field("heavy_truck", max_length=20)
    phone: str = Field("", max_length=20)


class VehicleOut(Schema):
    """`synthetic`: driven by the simulator."""

    id: int
    thing_id: int
    plate: str
    plate_colour: int
    kind: str
    carrier: str
    synthetic: bool


class PhoneIn(Schema):
    phone: str = Field(max_length=20)


def shown(carrier: Carrier) -> dict[str, Any]:
    names = ("licence_number", "kinds")
    return {"id": carrier.pk, "organisation": carrier.organisation.name, **{name: getattr(carrier, name) for name in names}}  # fmt: skip


def _vehicle(vehicle: Vehicle) -> dict[str, Any]:
    names = VehicleOut.model_fields.keys() - {"carrier", "synthetic"}
    return {name: getattr(vehicle, name) for name in names} | {
        "carrier": vehicle.carrier.organisation.name, "synthetic": bool(vehicle.thing.attributes.get("synthetic")),
    }  # fmt: skip


@router.get("/carriers", response=list[CarrierOut], summary="Carriers that the account may see")
def list_carriers(request: HttpRequest) -> list[dict[str, Any]]:
    rows = visible(asker(request, "vehicle.read"), Carrier.objects.select_related("organisation"))
    return [shown(carrier) for carrier in rows[:1000]]


@router.post("/carriers", response=CarrierOut, summary="Register a unit as a carrier")
def register_carrier(request: HttpRequest, data: CarrierIn) -> dict[str, Any]:
    account = asker(request, "carrier.register")
    return shown(
        services.register_carrier(
            account, get_organisation(data.organisation), licence_number=data.licence_number, kinds=data.kinds
        )
    )


@router.get("/vehicles", response=list[VehicleOut], summary="Vehicles that the account may see")
def list_vehicles(request: HttpRequest, limit: int = Query(100, ge=1, le=10_000)) -> list[dict[str, Any]]:
    return [_vehicle(vehicle) for vehicle in visible_vehicles(request)[:limit]]


@router.post("/vehicles", response=VehicleOut, summary="Register a vehicle, with its terminal's phone number if known")
def register_vehicle(request: HttpRequest, data: VehicleIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    carrier = pick(account, Carrier.objects.all(), data.carrier_id)
    made = services.register_vehicle(
        account, carrier, plate=data.plate, plate_colour=data.plate_colour, kind=data.kind, phone=data.phone
    )
    return _vehicle(made)


@router.post("/vehicles/{pk}/terminal", response=VehicleOut, summary="Register the vehicle's terminal")
def register_terminal(request: HttpRequest, pk: int, data: PhoneIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.all(), pk)
    services.register_terminal(account, vehicle, phone=data.phone)
    return _vehicle(vehicle)


@router.post("/vehicles/{pk}/terminal/revoke", response=VehicleOut, summary="Switch the vehicle's terminal off")
def revoke_terminal(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.all(), pk)
    services.revoke_terminal(account, vehicle, reason=data.reason)
    return _vehicle(vehicle)
