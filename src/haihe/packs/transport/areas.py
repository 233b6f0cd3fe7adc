"""Areas and roads for vehicles: drawing them, saying for which vehicles they hold, giving them up.

Whatever changes here is written into the attribute `areas` of the vehicles' things in the same transaction: the rule reads only that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from django.db.models import QuerySet
from django.utils import timezone

from haihe.kernel import audit, places
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action
from haihe.kernel.places.geojson import as_shape, features_of
from haihe.kernel.things import Thing
from haihe.packs.transport.models import Area, AreaVehicle, Vehicle
from haihe.packs.transport.zones import MOST_POSITIONS, SHAPES, as_text, simplified

PLACE_KIND = "vehicle_area"


@action("area.draw", "划定车辆区域", "draw an area for vehicles", roles=[Role.SUPERVISOR])
def draw_area(
    account: Account, _target: None, *, name: str, mode: str, geometry: Any, coordinates: str = "wgs84"
) -> Area:  # fmt: skip
    """`geometry`: GeoJSON of areas (Polygon) or roads (LineString), alone or as features; several become one of several parts."""
    if mode not in Area.Mode.values:
        raise InvalidInput("请选择允许或禁行。", "Choose permitted or forbidden.", where="mode")
    if not 1 <= len(name.strip()) <= 100:
        raise InvalidInput("区域名称应为 1–100 个字。", "The name of an area has 1 to 100 characters.", where="name")
    if Area.objects.filter(place__name=name.strip(), place__retired_at=None).exists():
        raise Conflict("已有同名区域。", "There is an area of this name.", where=name,
                       to_do_zh="请换一个名称。", to_do_en="Choose another name.")  # fmt: skip
    simple, moved_m = _fitting(geometry)
    place = places.register_place(account, None, kind=PLACE_KIND, name=name, geometry=simple, coordinates=coordinates)
    audit.note(mode=mode, simplified_by_m=moved_m)
    return Area.objects.create(place=place, mode=mode, simplified_by_m=moved_m)


def _fitting(content: Any) -> tuple[dict[str, Any], float]:
    """One geometry of few enough positions out of whatever GeoJSON was given, and how far its outline moved."""
    found = [geometry for _, geometry in features_of(content)]
    kinds = {geometry["type"].removeprefix("Multi") for geometry in found}
    if not found or any(geometry["type"] not in SHAPES for geometry in found) or len(kinds) != 1:
        raise InvalidInput(
            "应为面（区域）或线（道路），一次一种。", "Areas (Polygon) or roads (LineString) belong here, one sort at a time.",
            where="geometry", to_do_zh="请在制图软件中导出为 GeoJSON 的面或线。", to_do_en="Export polygons or lines as GeoJSON.",
        )  # fmt: skip
    simple = simplified(_joined(found))
    if simple is None:
        raise InvalidInput(
            f"边界超过 {MOST_POSITIONS} 个点，简化 20 米仍过多。", f"The outline has over {MOST_POSITIONS} positions, also within 20 m of it.",
            where="geometry", to_do_zh="请分成几个较小的区域。", to_do_en="Draw several smaller areas.",
        )  # fmt: skip
    return simple


def _joined(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = json.loads(shapely.to_geojson(shapely.union_all([as_shape(each) for each in found])))
    return joined if len(found) > 1 else found[0]


@action("area.assign", "指定区域适用车辆", "say for which vehicles an area holds", roles=[Role.SUPERVISOR])
def assign_area(account: Account, area: Area, *, vehicles: Iterable[Vehicle]) -> int:
    """Adds the vehicles; how many were new. An area that was given up is refused."""
    if area.place.retired_at:
        raise Conflict("该区域已停用。", "The area was given up.", where=area.place.name)
    known = set(area.assignments.values_list("vehicle_id", flat=True))
    fresh = [vehicle for vehicle in vehicles if vehicle.pk not in known]
    AreaVehicle.objects.bulk_create(AreaVehicle(area=area, vehicle=v, assigned_by=account) for v in fresh)
    audit.note(vehicles=[vehicle.plate for vehicle in fresh][:100], count=len(fresh))
    refresh(Vehicle.objects.filter(pk__in=[vehicle.pk for vehicle in fresh]))
    return len(fresh)


@action("area.release", "解除区域适用车辆", "free vehicles from an area", roles=[Role.SUPERVISOR])
def release_area(account: Account, area: Area, *, vehicles: Iterable[Vehicle]) -> int:
    keys = [vehicle.pk for vehicle in vehicles]
    done, _ = area.assignments.filter(vehicle__in=keys).delete()
    audit.note(vehicles=keys[:100], count=done)
    refresh(Vehicle.objects.filter(pk__in=keys))
    return done


@action("area.retire", "停用车辆区域", "give an area up", roles=[Role.SUPERVISOR])
def retire_area(account: Account, area: Area, *, reason: str) -> Area:
    """The area holds for nobody any more; that it held stands in the audit record."""
    if area.place.retired_at:
        raise Conflict("该区域已停用。", "The area was given up already.", where=area.place.name)
    if not reason.strip():
        raise InvalidInput("请写明停用原因。", "Say why it is given up.", where="reason")
    keys = list(area.assignments.values_list("vehicle_id", flat=True))
    area.assignments.all().delete()
    area.place.retired_at = timezone.now()
    area.place.save()
    audit.note(reason=reason, vehicles=len(keys))
    refresh(Vehicle.objects.filter(pk__in=keys))
    return area


def refresh(vehicles: QuerySet[Vehicle]) -> None:
    """Write the areas that hold for each vehicle into its thing."""
    # Locked first: two areas given to one vehicle at the same time must not forget each other.
    things = Thing.objects.select_for_update().filter(vehicle__in=vehicles).in_bulk()
    for vehicle in vehicles:
        thing = things[vehicle.thing_id]
        rows = vehicle.areas.select_related("place").order_by("pk")
        text = as_text((area.place.name, area.mode, area.place.geometry or {}) for area in rows)
        attributes = {k: v for k, v in thing.attributes.items() if k != "areas"}
        thing.attributes = {**attributes, "areas": text} if text else attributes
        thing.save(update_fields=["attributes", "changed_at"])
