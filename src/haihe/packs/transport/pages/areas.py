"""Pages of areas and roads for vehicles: drawing one from a file or from the base map, and for which vehicles it holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import allows, visible
from haihe.kernel.places import TO_WGS84
from haihe.packs.transport import services
from haihe.packs.transport.models import Area, Carrier, Vehicle
from haihe.packs.transport.pages import pages
from haihe.web.fields import id_in, visible_row
from haihe.web.maps import base_map
from haihe.web.pages import AccountRequest, go

COORDINATES = {"wgs84": "WGS 84", "cgcs2000": "CGCS2000", "gcj02": "GCJ-02", "bd09": "BD-09"}
LISTED = 500
RULE = "transport.area"


def _areas(request: AccountRequest) -> Any:
    rows = visible(request.user, Area.objects.select_related("place"))
    counted = rows.filter(place__retired_at=None).annotate(held_by=Count("assignments", distinct=True))
    return counted.order_by("place__name", "pk")  # what is counted comes in no order of its own


def _outlines() -> list[tuple[int, str]]:
    """What the base map draws and names: (place in the file, name)."""
    features = json.loads(base_map()[0])["features"]
    return [(i, str(f["properties"]["name"])) for i, f in enumerate(features) if f["properties"].get("name")]


def drawn(rows: Iterable[Area]) -> list[dict[str, Any]]:
    """What a map shows of them."""
    return [{"name": a.place.name, "mode": a.mode, "geometry": a.place.geometry} for a in rows]


@pages.page("transport/areas/", "areas", permission="vehicle.read")
def areas(request: AccountRequest) -> HttpResponse:
    rows = list(_areas(request))
    may_draw = allows(request.user, "area.draw")
    content = {
        "rows": rows, "drawn": drawn(rows), "may_draw": may_draw, "outlines": _outlines() if may_draw else [], "modes": Area.Mode.choices,
        "coordinates": [(key, COORDINATES.get(key, key)) for key in TO_WGS84], "rule": RULE,
    }  # fmt: skip
    return render(request, "transport/areas.html", content)


@pages.page("transport/areas/new/", "new_area", permission="area.draw", methods=("POST",))
def new_area(request: AccountRequest) -> HttpResponse:
    geometry, coordinates = _geometry(request)
    area = services.draw_area(
        request.user, None, name=request.POST.get("name", ""), mode=request.POST.get("mode", ""), geometry=geometry, coordinates=coordinates,
    )  # fmt: skip
    messages.success(
        request, pick(f"已划定“{area}”，请指定适用车辆。", f"{area} is drawn; now say for which vehicles.")
    )
    return go(request, reverse("transport:area", args=[area.pk]))


def _geometry(request: AccountRequest) -> tuple[Any, str]:
    """What was drawn on the map, the chosen outline of the base map, or the uploaded file; and its coordinates."""
    by_hand, chosen = request.POST.get("drawn", ""), request.POST.get("outline", "")
    if by_hand:
        return _read(by_hand, pick("地图上画的区域", "what was drawn")), "wgs84"
    if chosen:
        features = json.loads(base_map()[0])["features"]
        if not chosen.isdigit() or int(chosen) >= len(features):
            raise InvalidInput("没有这个底图边界。", "The base map has no such outline.", where="outline")
        return features[int(chosen)], "wgs84"
    file = request.FILES.get("file")
    if file is None:
        raise InvalidInput(
            "请在地图上画，选一个底图边界，或上传 GeoJSON 文件。",
            "Draw on the map, choose an outline, or upload a GeoJSON file.",
            where="file",
        )
    return _read(file.read(), file.name or "file"), request.POST.get("coordinates", "wgs84")


def _read(content: str | bytes, name: str) -> Any:
    try:
        return json.loads(content if isinstance(content, str) else content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput("不是 GeoJSON。", f"This is no GeoJSON ({error}).", where=name,
                           to_do_zh="请用 UTF-8 保存为 GeoJSON。", to_do_en="Save it as GeoJSON in UTF-8.") from error  # fmt: skip


def _area(request: AccountRequest, pk: int) -> Area:
    found: Area = visible_row(request.user, Area.objects.select_related("place"), pk)
    return found


def _vehicles(request: AccountRequest) -> Any:
    rows = Vehicle.objects.select_related("carrier__organisation").filter(thing__retired_at=None)
    return visible(request.user, rows)


@pages.page("transport/areas/<int:pk>/", "area", permission="vehicle.read")
def area(request: AccountRequest, pk: int) -> HttpResponse:
    found = _area(request, pk)
    holds = list(_vehicles(request).filter(areas=found)[: LISTED + 1])
    content = {
        "area": found, "drawn": drawn([found]), "vehicles": holds[:LISTED], "more": len(holds) > LISTED, "rule": RULE,
        "may_assign": allows(request.user, "area.assign", found) and found.place.retired_at is None,
        "carriers": visible(request.user, Carrier.objects.select_related("organisation")), "kinds": Vehicle.Kind.choices,
    }  # fmt: skip
    return render(request, "transport/area.html", content)


@pages.page("transport/areas/<int:pk>/vehicles/", "assign_area", permission="area.assign", methods=("POST",))
def assign_area(request: AccountRequest, pk: int) -> HttpResponse:
    count = services.assign_area(request.user, _area(request, pk), vehicles=_chosen(request))
    messages.success(request, pick(f"新增适用车辆 {count} 辆。", f"It now holds for {count} more vehicles."))
    return go(request, reverse("transport:area", args=[pk]))


def _chosen(request: AccountRequest) -> Any:
    """Vehicles by plates, or all of a carrier and kind; at least one of the three must be given."""
    plates = [plate.upper() for plate in request.POST.get("plates", "").replace("，", " ").replace(",", " ").split()]
    carrier, kind = id_in(request.POST.get("carrier")), request.POST.get("kind", "")
    if not (plates or carrier or kind):
        raise InvalidInput("请填号牌，或选企业、类别。", "Give plates, or choose a carrier or kind.", where="plates")
    wanted = Q(plate__in=plates) if plates else Q()
    wanted &= Q(carrier=carrier) if carrier else Q()
    wanted &= Q(kind=kind) if kind else Q()
    found = list(_vehicles(request).filter(wanted))
    missing = sorted(set(plates) - {vehicle.plate for vehicle in found})
    if missing or not found:
        raise InvalidInput("没有这些车辆。", "There are no such vehicles.", where="、".join(missing[:10]) or "carrier")
    return found


@pages.page("transport/areas/<int:pk>/release/", "release_area", permission="area.release", methods=("POST",))
def release_area(request: AccountRequest, pk: int) -> HttpResponse:
    keys = [number for written in request.POST.getlist("vehicle") if (number := id_in(written))]
    count = services.release_area(request.user, _area(request, pk), vehicles=_vehicles(request).filter(pk__in=keys))
    messages.success(request, pick(f"已解除 {count} 辆。", f"{count} vehicles are freed from it."))
    return go(request, reverse("transport:area", args=[pk]))


@pages.page("transport/areas/<int:pk>/retire/", "retire_area", permission="area.retire", methods=("POST",))
def retire_area(request: AccountRequest, pk: int) -> HttpResponse:
    services.retire_area(request.user, _area(request, pk), reason=request.POST.get("reason", ""))
    messages.success(request, pick("区域已停用。", "The area is given up."))
    return go(request, reverse("transport:areas"))


pages.in_nav(
    "areas", two("车辆区域", "Vehicle areas"), order=32, group="supervision", roles=["supervisor", "viewer", "officer"]
)
