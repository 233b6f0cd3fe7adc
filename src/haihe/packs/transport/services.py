"""The only door to this pack. Importing it registers its actions and who sees what."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from haihe.kernel import audit
from haihe.kernel.alerts.models import Alert
from haihe.kernel.feeds.commands import Command
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.kernel.policies import parameter
from haihe.packs.transport import visibility as _visibility  # noqa: F401  (registers who sees what)
from haihe.packs.transport.archives import CarrierStanding, give_work, list_carriers, list_work, may_give_work
from haihe.packs.transport.areas import assign_area, draw_area, release_area, retire_area
from haihe.packs.transport.attachments import ask_for_attachments, upload_of
from haihe.packs.transport.driving import continuous_driving
from haihe.packs.transport.models import USE_OF_KIND, Area, Carrier, SpotCheck, SpotFinding, Vehicle
from haihe.packs.transport.orders.sending import get_order, give_order, may_order
from haihe.packs.transport.orders.table import GROUPS, ORDERS
from haihe.packs.transport.registers import (
    register_carrier,
    register_terminal,
    register_vehicle,
    revoke_terminal,
    set_kinds,
)
from haihe.packs.transport.reports import release_report, reports_of
from haihe.packs.transport.spot_checks import conclude, draw_day, list_checks, list_shares, may_check, pick_day
from haihe.packs.transport.tracks import day_bounds, last_positions, read_day


def send_text(account: Account, vehicle: Vehicle, *, text: str) -> Command:
    """Queue a text for the terminal's display; the gateway sends it when the terminal is connected."""
    return give_order(account, vehicle, order="text", values={"text": text})


def note_map_read(account: Account, vehicles: int) -> None:
    """Opening the map of latest positions is recorded once, not every refresh of it."""
    audit.record(account, "map.read", None, vehicles=vehicles)


def commands_of(account: Account, vehicle: Vehicle, limit: int = 10) -> list[Command]:
    """The newest commands to a vehicle that the account may see."""
    if not visible(account, Vehicle.objects.filter(pk=vehicle.pk)).exists():
        return []
    return list(Command.objects.filter(thing=vehicle.thing_id).select_related("by").order_by("-pk")[:limit])


def alerts_of(account: Account, vehicle: Vehicle, *, on: date | None = None, limit: int = 20) -> list[Alert]:
    rows = visible(account, Alert.objects.filter(thing=vehicle.thing_id, suppression=None))
    if on is not None:
        since, until = day_bounds(on)
        rows = rows.filter(started_at__lt=until, last_at__gte=since)
    return list(rows.order_by("-started_at")[:limit])


def _open_alerts(account: Account) -> QuerySet[Alert]:
    return visible(account, Alert.objects.filter(state__in=Alert.OPEN, level=Alert.Level.RAISED, suppression=None))


def open_alert_by_thing(account: Account) -> dict[int, int]:
    """Thing → the newest open alert about it that the account may see."""
    return dict(_open_alerts(account).order_by("started_at", "pk").values_list("thing_id", "pk"))


def count_open_alerts(account: Account) -> int:
    return _open_alerts(account).count()


def has_synthetic(vehicles: QuerySet[Vehicle]) -> bool:
    """Whether any of the vehicles is the simulator's."""
    return vehicles.filter(thing__attributes__synthetic=True).exists()


def speed_limit_of(vehicle: Vehicle, on: date) -> float | None:
    """The speed limit in force for the vehicle's kind on a day, by day, km/h."""
    limits: dict[str, Any] = parameter("transport.speed_limit_kmh", on)
    found = limits.get(USE_OF_KIND[Vehicle.Kind(vehicle.kind)], limits.get("default"))
    return None if found is None else float(found)


__all__ = [
    "GROUPS",
    "ORDERS",
    "Area",
    "Carrier",
    "CarrierStanding",
    "SpotCheck",
    "SpotFinding",
    "Vehicle",
    "alerts_of",
    "ask_for_attachments",
    "assign_area",
    "commands_of",
    "conclude",
    "continuous_driving",
    "count_open_alerts",
    "draw_area",
    "draw_day",
    "get_order",
    "give_order",
    "give_work",
    "has_synthetic",
    "last_positions",
    "list_carriers",
    "list_checks",
    "list_shares",
    "list_work",
    "may_check",
    "may_give_work",
    "may_order",
    "note_map_read",
    "open_alert_by_thing",
    "pick_day",
    "read_day",
    "register_carrier",
    "register_terminal",
    "register_vehicle",
    "release_area",
    "release_report",
    "reports_of",
    "retire_area",
    "revoke_terminal",
    "send_text",
    "set_kinds",
    "speed_limit_of",
    "upload_of",
]  # fmt: skip
