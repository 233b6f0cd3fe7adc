"""Pages of the transport pack: live map, vehicles, one vehicle with its day."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.errors import ConfigurationError
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import allows, visible
from haihe.packs.transport import services
from haihe.packs.transport.models import Carrier, Vehicle
from haihe.packs.transport.tracks import PURPOSES, Last, last_positions, read_day
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, Pages, go

pages = Pages("transport")
LISTED = 500
STATES = {
    "moving": ("行驶", "Moving", "blue"),
    "online": ("在线停车", "Standing", "green"),
    "offline": ("离线", "Offline", ""),
}
OWN_MAP = Path(__file__).parent / "demo/wanghe.geojson"


def _vehicles(request: AccountRequest) -> Any:
    return visible(request.user, Vehicle.objects.select_related("carrier__organisation", "terminal", "thing")).filter(
        thing__retired_at=None
    )


# --- map ------------------------------------------------------------------------------------------------------------


@cache
def _base_map(path: str) -> tuple[bytes, list[float]]:
    """The district's base map (GeoJSON) and its bounds: west, south, east, north."""
    try:
        content = Path(path).read_bytes()
        features = json.loads(content)["features"]
        points = [point for feature in features for point in _points(feature["geometry"]["coordinates"])]
        west, east = min(p[0] for p in points), max(p[0] for p in points)
        south, north = min(p[1] for p in points), max(p[1] for p in points)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            "底图文件无法读取。", f"The base map cannot be read: {error!r}.", where=path, to_do_zh="请检查 HAIHE_MAP，应为 GeoJSON（WGS 84）。",
            to_do_en="Check HAIHE_MAP: a GeoJSON file in WGS 84.",
        ) from error  # fmt: skip
    return content, [west, south, east, north]


def _points(coordinates: Any) -> list[list[float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        return [coordinates]
    return [point for part in coordinates for point in _points(part)]


def base_map() -> tuple[bytes, list[float]]:
    return _base_map(settings.MAP or str(OWN_MAP))


@pages.page("transport/", "map", permission="vehicle.read")
def live_map(request: AccountRequest) -> HttpResponse:
    vehicles = _vehicles(request)
    audit.record(request.user, "map.read", None, vehicles=vehicles.count())
    content = {
        "vehicles": vehicles[:LISTED],
        "bounds": json.dumps(base_map()[1]),
        "tiles": settings.TILES,
        "synthetic": services.has_synthetic(vehicles),
    }
    return render(request, "transport/map.html", content)


@pages.page("transport/base.geojson", "base_map", permission="vehicle.read")
def base(request: AccountRequest) -> HttpResponse:
    return HttpResponse(
        base_map()[0], content_type="application/geo+json", headers={"Cache-Control": "private, max-age=3600"}
    )


@pages.page("transport/positions.json", "positions", permission="vehicle.read")
def positions(request: AccountRequest) -> HttpResponse:
    """The latest position of every visible vehicle; opening the map was recorded, not each of these."""
    now = timezone.now()
    vehicles = {
        v[0]: v[1:]
        for v in _vehicles(request).values_list(
            "thing_id", "pk", "plate", "carrier__organisation__short_name", "carrier__organisation__name"
        )
    }
    last = last_positions(vehicles, now)
    alerted = services.things_with_open_alerts(request.user)
    rows = [
        [pk, plate, short or name, round(p.longitude_deg, 6), round(p.latitude_deg, 6), p.speed_kmh, p.heading_deg, "alert" if thing in alerted and p.state != "offline" else p.state,
         timezone.localtime(p.at).strftime("%H:%M:%S")]
        for thing, (pk, plate, short, name) in vehicles.items() if (p := last.get(thing))
    ]  # fmt: skip
    counts = {
        "vehicles": len(vehicles), "online": sum(p.state != "offline" for p in last.values()), "moving": sum(p.state == "moving" for p in last.values()),
        "alerts": services.count_open_alerts(request.user),
    }  # fmt: skip
    return JsonResponse({"read_at": timezone.localtime(now).strftime("%H:%M:%S"), "rows": rows, "counts": counts})


# --- vehicles -------------------------------------------------------------------------------------------------------


@pages.page("transport/vehicles/", "vehicles", permission="vehicle.read")
def vehicles(request: AccountRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()
    found = _vehicles(request)
    if q:
        found = found.filter(
            Q(plate__icontains=q.upper())
            | Q(carrier__organisation__name__icontains=q)
            | Q(carrier__organisation__short_name__icontains=q)
        )
    shown = list(found[: LISTED + 1])
    last = last_positions([v.thing_id for v in shown], timezone.now())
    rows = [_row(vehicle, last.get(vehicle.thing_id)) for vehicle in shown[:LISTED]]
    carriers = [
        c
        for c in visible(request.user, Carrier.objects.select_related("organisation"))
        if allows(request.user, "vehicle.register", c)
    ]
    content = {
        "rows": rows,
        "more": len(shown) > LISTED,
        "q": q,
        "carriers": carriers,
        "kinds": Vehicle.Kind.choices,
        "colours": Vehicle.Colour.choices,
    }
    return render(request, "transport/vehicles.html", content)


def _row(vehicle: Vehicle, last: Last | None) -> dict[str, Any]:
    zh, en, colour = STATES[last.state if last else "offline"]
    return {
        "vehicle": vehicle,
        "at": last.at if last else None,
        "state": pick(zh, en) if last else pick("从未上线", "Never seen"),
        "colour": colour,
    }


@pages.page("transport/vehicles/new/", "new_vehicle", permission="vehicle.read", methods=("POST",))
def new_vehicle(request: AccountRequest) -> HttpResponse:
    carrier = visible_row(request.user, Carrier.objects.all(), request.POST.get("carrier"))
    colour = request.POST.get("plate_colour", "2")
    vehicle = services.register_vehicle(
        request.user,
        carrier,
        plate=request.POST.get("plate", ""),
        plate_colour=int(colour) if colour.isdigit() else -1,
        kind=request.POST.get("kind", ""),
        phone=request.POST.get("phone", ""),
    )
    messages.success(request, pick(f"已登记 {vehicle}。", f"{vehicle} is registered."))
    return go(request, reverse("transport:vehicle", args=[vehicle.pk]))


@pages.page("transport/vehicles/<int:pk>/", "vehicle", permission="vehicle.read")
def vehicle(request: AccountRequest, pk: int) -> HttpResponse:
    """The vehicle; its day only after the reader named a purpose (in the address, so that a page can be sent on)."""
    found = visible_row(request.user, Vehicle.objects.select_related("carrier__organisation", "terminal", "thing"), pk)
    purpose = request.GET.get("purpose", "")
    on = _day(request.GET.get("on", ""))
    content: dict[str, Any] = {
        "vehicle": found, "row": _row(found, last_positions([found.thing_id], timezone.now()).get(found.thing_id)), "purposes": PURPOSES, "purpose": purpose, "on": on,
        "may_read": allows(request.user, "track.read", found), "alerts": services.alerts_of(request.user, found, limit=20), "commands": services.commands_of(request.user, found),
        "may_send": allows(request.user, "vehicle.send_text", found), "bounds": json.dumps(base_map()[1]), "tiles": settings.TILES,
    }  # fmt: skip
    if purpose and content["may_read"]:
        content["day"] = _day_content(request, found, on, purpose)
    return render(request, "transport/vehicle.html", content)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return timezone.localdate()


def _day_content(request: AccountRequest, found: Vehicle, on: date, purpose: str) -> dict[str, Any]:
    rows = read_day(request.user, found, on, purpose)
    events = [
        {"at": timezone.localtime(alert.raised_at).isoformat(), "title": alert.title, "colour": "#d3271b"}
        for alert in services.alerts_of(request.user, found, on=on, limit=200)
    ]
    return {
        "at": [timezone.localtime(at).isoformat() for at in rows["observed_at"]],
        "longitude_deg": rows["longitude_deg"].round(6).to_list(), "latitude_deg": rows["latitude_deg"].round(6).to_list(),
        "speed_kmh": rows["speed_kmh"].to_list(), "gap_s": rows["gap_s"].to_list(), "limit_kmh": services.speed_limit_of(found, on), "events": events,
    }  # fmt: skip


@pages.page("transport/vehicles/<int:pk>/text/", "send_text", permission="vehicle.read", methods=("POST",))
def send_text(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Vehicle.objects.all(), pk)
    services.send_text(request.user, found, text=request.POST.get("text", ""))
    messages.success(
        request, pick("已排队，终端在线时下发。", "Queued: it is sent as soon as the terminal is connected.")
    )
    return go(request, reverse("transport:vehicle", args=[pk]))


pages.in_nav("map", two("车辆地图", "Live map"), order=30, roles=["supervisor", "viewer", "officer"])
pages.in_nav("vehicles", two("车辆", "Vehicles"), order=31, roles=["supervisor", "viewer", "officer"])
