"""`/api/v1/transport`: carriers, vehicles, latest positions, a day's track and texts to vehicles, for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from haihe.kernel.errors import InvalidInput
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand, visible
from haihe.packs.transport import services
from haihe.packs.transport.models import Area, Carrier, Report, SpotCheck, SpotFinding, Vehicle
from haihe.packs.transport.tracks import last_positions, read_day
from haihe.web.api_administration import asker, file_of, pick

router = Router(tags=["transport"])


class CarrierIn(Schema):
    organisation: str = Field(max_length=120)
    licence_number: str = Field("", max_length=40)


class CarrierOut(Schema):
    id: int
    organisation: str
    licence_number: str


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


class PositionOut(Schema):
    """Degrees WGS 84, km/h, degrees clockwise from north; `state`: moving, online (standing) or offline; `continuous_driving_h`: driving
    since the last sufficient rest, null where no rule has judged the vehicle yet."""

    vehicle_id: int
    plate: str
    at: datetime
    longitude_deg: float
    latitude_deg: float
    speed_kmh: float
    heading_deg: float
    state: str
    continuous_driving_h: float | None


class TrackOut(Schema):
    at: list[datetime]
    longitude_deg: list[float]
    latitude_deg: list[float]
    speed_kmh: list[float | None]


class PhoneIn(Schema):
    phone: str = Field(max_length=20)


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


class TextIn(Schema):
    text: str = Field(max_length=400)


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


class CommandOut(Schema):
    """`answer`: what the terminal told, for orders that are answered with more than yes or no."""

    id: int
    kind: str
    state: str
    queued_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    remark: str
    answer: dict[str, Any] | None


class InputOut(Schema):
    """One field of an order. `kind`: number, text, choice, lines (a=b each), points (longitude,latitude each), hex, time or file (Base64)."""

    name: str
    kind: str
    zh: str
    en: str
    unit: str
    least: float
    most: float
    choices: list[tuple[int, str, str]]
    default: Any
    required: bool


class OrderFormOut(Schema):
    """`guarded`: only supervisors give it, with a reason. `edition`: the only edition of terminals that knows it."""

    name: str
    message_id: str
    zh: str
    en: str
    group: str
    guarded: bool
    edition: str
    inputs: list[InputOut]


class OrderIn(Schema):
    order: str = Field(max_length=40)
    values: dict[str, Any] = {}
    reason: str = Field("", max_length=200)


def _carrier(carrier: Carrier) -> dict[str, Any]:
    return {"id": carrier.pk, "organisation": carrier.organisation.name, "licence_number": carrier.licence_number}


def _vehicle(vehicle: Vehicle) -> dict[str, Any]:
    names = VehicleOut.model_fields.keys() - {"carrier", "synthetic"}
    return {name: getattr(vehicle, name) for name in names} | {
        "carrier": vehicle.carrier.organisation.name, "synthetic": bool(vehicle.thing.attributes.get("synthetic")),
    }  # fmt: skip


def _vehicles(request: HttpRequest) -> Any:
    rows = Vehicle.objects.select_related("carrier__organisation", "thing").filter(thing__retired_at=None)
    return visible(asker(request, "vehicle.read"), rows)


@router.get("/carriers", response=list[CarrierOut], summary="Carriers that the account may see")
def list_carriers(request: HttpRequest) -> list[dict[str, Any]]:
    rows = visible(asker(request, "vehicle.read"), Carrier.objects.select_related("organisation"))
    return [_carrier(carrier) for carrier in rows[:1000]]


@router.post("/carriers", response=CarrierOut, summary="Register a unit as a carrier")
def register_carrier(request: HttpRequest, data: CarrierIn) -> dict[str, Any]:
    account = asker(request, "carrier.register")
    return _carrier(
        services.register_carrier(account, get_organisation(data.organisation), licence_number=data.licence_number)
    )


@router.get("/vehicles", response=list[VehicleOut], summary="Vehicles that the account may see")
def list_vehicles(request: HttpRequest, limit: int = Query(100, ge=1, le=10_000)) -> list[dict[str, Any]]:
    return [_vehicle(vehicle) for vehicle in _vehicles(request)[:limit]]


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


@router.get("/positions", response=list[PositionOut], summary="The latest position of each visible vehicle")
def positions(request: HttpRequest) -> list[dict[str, Any]]:
    rows = {vehicle.thing_id: vehicle for vehicle in _vehicles(request)}
    services.note_map_read(request.auth, len(rows))  # type: ignore[attr-defined]
    found, driven = last_positions(rows, timezone.now()), services.continuous_driving(rows)
    return [
        {
            "vehicle_id": rows[thing].pk, "plate": rows[thing].plate, "at": last.at, "longitude_deg": last.longitude_deg, "latitude_deg": last.latitude_deg,
            "speed_kmh": last.speed_kmh, "heading_deg": last.heading_deg, "state": last.state,
            "continuous_driving_h": round(driven[thing].total_seconds() / 3600, 3) if thing in driven else None,
        }
        for thing, last in found.items()
    ]  # fmt: skip


@router.get("/vehicles/{pk}/track", response=TrackOut, summary="One day's track; the purpose is recorded with the read")
def track(request: HttpRequest, pk: int, on: date, purpose: str) -> dict[str, Any]:
    """`purpose`: supervision, check, accident, complaint or own."""
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.all(), pk)
    demand(account, "track.read", vehicle)
    rows = read_day(account, vehicle, on, purpose)
    return {"at": rows["observed_at"].to_list()} | {
        name: rows[name].to_list() for name in ("longitude_deg", "latitude_deg", "speed_kmh")
    }


@router.post("/vehicles/{pk}/texts", response=CommandOut, summary="Queue a text for the vehicle's terminal")
def send_text(request: HttpRequest, pk: int, data: TextIn) -> Any:
    account = asker(request, "vehicle.read")
    return services.send_text(account, pick(account, Vehicle.objects.all(), pk), text=data.text)


@router.get("/vehicles/{pk}/texts", response=list[CommandOut], summary="The newest texts and what became of them")
def list_texts(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "vehicle.read")
    return services.commands_of(account, pick(account, Vehicle.objects.all(), pk), limit=100)


@router.get(
    "/orders",
    response=list[OrderFormOut],
    summary="All orders that a terminal can be given, with their fields and limits",
)
def list_order_forms(request: HttpRequest) -> Any:
    asker(request, "vehicle.read")
    return list(services.ORDERS.values())


@router.post(
    "/vehicles/{pk}/orders",
    response=CommandOut,
    summary="Give the vehicle's terminal an order; it waits for the terminal",
)
def give_order(request: HttpRequest, pk: int, data: OrderIn) -> Any:
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.all(), pk)
    return services.give_order(account, vehicle, order=data.order, values=data.values, reason=data.reason)


@router.get(
    "/vehicles/{pk}/orders",
    response=list[CommandOut],
    summary="The newest orders, what became of them and what was answered",
)
def list_orders(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "vehicle.read")
    return services.commands_of(account, pick(account, Vehicle.objects.all(), pk), limit=100)


class ReportOut(Schema):
    """`kind`: media, card, waybill or event; `issue`: what was odd about it."""

    id: int
    kind: str
    received_at: datetime
    issue: str
    keep_until: date
    file: str | None


@router.get(
    "/vehicles/{pk}/reports", response=list[ReportOut], summary="What the vehicle's terminal sent beside positions"
)
def list_reports(request: HttpRequest, pk: int) -> list[dict[str, Any]]:
    account = asker(request, "report.read")
    rows = services.reports_of(account, pick(account, Vehicle.objects.all(), pk))
    names = ReportOut.model_fields.keys() - {"file"}
    return [
        {name: getattr(row, name) for name in names} | {"file": row.file.name if row.file else None} for row in rows
    ]


@router.post(
    "/reports/{pk}/read",
    openapi_extra=file_of("application/octet-stream"),
    summary="A report's file or content; the purpose is recorded",
)
def read_report(request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
    """`purpose`: supervision, check, accident, complaint or own."""
    account = asker(request, "report.read")
    name, kind, content = services.release_report(account, pick(account, Report.objects.all(), pk), purpose)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


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
    area, chosen = pick(account, Area.objects.all(), pk), _vehicles(request).filter(pk__in=data.vehicles)
    return {"count": services.assign_area(account, area, vehicles=chosen)}


@router.post("/areas/{pk}/release", response=CountOut, summary="Free vehicles from an area")
def release_area(request: HttpRequest, pk: int, data: VehiclesIn) -> dict[str, int]:
    account = asker(request, "area.release")
    area, chosen = pick(account, Area.objects.all(), pk), _vehicles(request).filter(pk__in=data.vehicles)
    return {"count": services.release_area(account, area, vehicles=chosen)}


@router.post("/areas/{pk}/retire", response=AreaOut, summary="Give an area up")
def retire_area(request: HttpRequest, pk: int, data: ReasonIn) -> dict[str, Any]:
    account = asker(request, "area.retire")
    services.retire_area(account, pick(account, Area.objects.all(), pk), reason=data.reason)
    return _area(pick(account, _areas(), pk))


# --- spot checks ------------------------------------------------------------------------------------------------------


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
