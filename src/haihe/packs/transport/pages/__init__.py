"""Pages of the transport pack: live map, vehicles, one vehicle with its day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.alerts.models import Alert
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, visible
from haihe.kernel.things import Thing
from haihe.packs.transport import services
from haihe.packs.transport.days import SILENCE_S, UNKNOWN, stretches, summary
from haihe.packs.transport.following import followed
from haihe.packs.transport.models import Carrier, Vehicle
from haihe.packs.transport.tracks import ONLINE_WITHIN, PURPOSES, Last, last_positions, lasts, read_day
from haihe.web.alerts import PAGE_OF_KIND
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, Pages, go
from haihe.web.paging import page_of

pages = Pages("transport")
ROWS_A_PAGE = 100
# The district's time without its offset: a browser in another time zone shows the same clock.
WALL_CLOCK = "%Y-%m-%dT%H:%M:%S"
AT_ONCE = 2000  # numbers in one condition; beyond it reading all vehicles is quicker
STATES = {
    "alert": ("有预警", "Alert", "red"),
    "moving": ("行驶", "Moving", "blue"),
    "online": ("停车", "Standing", "green"),
    "offline": ("离线", "Offline", ""),
}
EVENT_COLOURS = {"raised": "#d3271b", "warning": "#e08a00"}


def _vehicles(request: AccountRequest) -> Any:
    return visible(request.user, Vehicle.objects.select_related("carrier__organisation", "terminal", "thing")).filter(
        thing__retired_at=None
    )


# --- map ------------------------------------------------------------------------------------------------------------


@pages.page("transport/", "map", permission="vehicle.read")
def live_map(request: AccountRequest) -> HttpResponse:
    vehicles = _vehicles(request)
    audit.record(request.user, "map.read", None, vehicles=vehicles.count())
    carriers = visible(request.user, Carrier.objects.select_related("organisation").filter(vehicles__in=vehicles))
    content = {
        "carriers": sorted({_short(carrier.organisation) for carrier in carriers}), "kinds": _kinds_of(vehicles),
        "synthetic": services.has_synthetic(vehicles), "states": STATES, "words": _words(),
    }  # fmt: skip
    return render(request, "transport/map.html", content)


def _short(unit: Organisation) -> str:
    return unit.short_name or unit.name


def _kinds_of(vehicles: Any) -> list[tuple[str, str]]:
    """The kinds that occur, with their titles."""
    found = set(vehicles.order_by().values_list("kind", flat=True).distinct())
    return [(key, title) for key, title in Vehicle.Kind.choices if key in found]


def _words() -> dict[str, str]:
    """What the script of the map says, in the reader's language."""
    return {
        **{state: pick(zh, en) for state, (zh, en, _) in STATES.items()}, "never": pick("从未上线", "Never seen"), "s": pick("{n} 秒前", "{n} s ago"),
        "min": pick("{n} 分钟前", "{n} min ago"), "h": pick("{n} 小时前", "{n} h ago"), "d": pick("{n} 天前", "{n} d ago"), "vehicle": pick("车辆详情", "Vehicle"),
        "day": pick("今日轨迹", "Today's track"), "alert_page": pick("查看预警", "See the alert"), "none": pick("没有符合条件的车辆。", "No vehicle fits."),
        "more": pick("另有 {n} 辆未列出，请缩小范围。", "{n} more are not listed: narrow the search."), "lost": pick("暂时收不到更新", "No updates at the moment"),
    }  # fmt: skip


@pages.page("transport/positions.json", "positions", permission="vehicle.read")
def positions(request: AccountRequest) -> HttpResponse:
    """The latest position of every visible vehicle; opening the map was recorded, not each of these. `?after=` the mark of an
    earlier answer: only what has come since then (`only_changes`).

    `rows`: number, plate, carrier, kind, longitude_deg, latitude_deg (null: never seen), speed_kmh, heading_deg, state (moving, online,
    offline, alert), seconds since the position, number of the open alert or null. `alerts`: number of each vehicle with an open alert, and
    that alert's. `counts` are of all vehicles; those by state only where all rows are told."""
    now = timezone.now()
    news, after, only_changes = followed().since(request.GET.get("after", ""))
    seen, alerts = _vehicles(request), services.open_alert_by_thing(request.user)
    last = lasts(news, now)
    identities = _identities(seen, last if only_changes else None)
    rows = [_live_row(v, last.get(thing), alerts.get(thing), now) for thing, v in identities.items()]
    counts = {
        "vehicles": seen.count() if only_changes else len(rows),
        "alerts": services.count_open_alerts(request.user),
    }
    if not only_changes:
        counts |= {state: sum(row[8] == state for row in rows) for state in STATES}
        counts["connected"] = len(rows) - counts["offline"]
    return JsonResponse({
        "read_at": timezone.localtime(now).strftime("%H:%M:%S"), "rows": rows, "counts": counts, "after": after, "only_changes": only_changes,
        "alerts": [(v[0], alerts[thing]) for thing, v in _identities(seen, alerts).items()], "online_within_s": ONLINE_WITHIN.total_seconds(),
    })  # fmt: skip


def _identities(vehicles: Any, things: Collection[int] | None) -> dict[int, tuple[Any, ...]]:
    """Thing → number, plate, kind and carrier's names of vehicles: of all, or of those among `things`."""
    asked = ("thing_id", "pk", "plate", "kind", "carrier__organisation__short_name", "carrier__organisation__name")
    if things is None or len(things) > AT_ONCE:
        found = vehicles.values_list(*asked)
        return {v[0]: v[1:] for v in found if things is None or v[0] in things}
    return {v[0]: v[1:] for v in vehicles.filter(thing_id__in=list(things)).values_list(*asked)} if things else {}


def _live_row(vehicle: tuple[Any, ...], p: Last | None, alert: int | None, now: datetime) -> list[Any]:
    pk, plate, kind, short, name = vehicle
    if p is None:
        return [pk, plate, short or name, kind, None, None, 0, 0, "offline", None, alert]
    state = "alert" if alert and p.state != "offline" else p.state
    return [
        pk, plate, short or name, kind, round(p.longitude_deg, 6), round(p.latitude_deg, 6), round(p.speed_kmh), round(p.heading_deg), state,
        max(0, round((now - p.at).total_seconds())), alert,
    ]  # fmt: skip


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
    page = page_of(request, found, ROWS_A_PAGE)
    last = last_positions([vehicle.thing_id for vehicle in page], timezone.now())
    rows = [_row(vehicle, last.get(vehicle.thing_id)) for vehicle in page]
    carriers = [
        c
        for c in visible(request.user, Carrier.objects.select_related("organisation"))
        if allows(request.user, "vehicle.register", c)
    ]
    content = {
        "rows": rows,
        "page": page,
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
    from haihe.packs.transport.pages import orders

    found = visible_row(request.user, Vehicle.objects.select_related("carrier__organisation", "terminal", "thing"), pk)
    purpose, on, today = request.GET.get("purpose", ""), _day(request.GET.get("on", "")), timezone.localdate()
    last = last_positions([found.thing_id], timezone.now()).get(found.thing_id)
    content: dict[str, Any] = {
        "vehicle": found, "row": _row(found, last), "last": last, "purposes": PURPOSES, "purpose": purpose, "on": on, "may_read": allows(request.user, "track.read", found),
        "before": on - timedelta(days=1), "after": on + timedelta(days=1) if on < today else None, "alerts": services.alerts_of(request.user, found, limit=20),
        "commands": orders.named(services.commands_of(request.user, found, limit=5)), "may_order": allows(request.user, "vehicle.order", found), "may_see": allows(request.user, "report.read", found),
        "limit_kmh": services.speed_limit_of(found, on), "driven": services.continuous_driving([found.thing_id]).get(found.thing_id),
    }  # fmt: skip
    if purpose and content["may_read"]:
        content |= day_content(request, found, on, purpose, content["limit_kmh"])
    return render(request, "transport/vehicle.html", content)


def _day(written: str) -> date:
    """The day that was asked for, today where it is none or has not come yet."""
    try:
        return min(date.fromisoformat(written), timezone.localdate())
    except ValueError:
        return timezone.localdate()


def day_content(
    request: AccountRequest, found: Vehicle, on: date, purpose: str, limit_kmh: float | None
) -> dict[str, Any]:
    rows = read_day(request.user, found, on, purpose)
    parts = stretches(rows, limit_kmh)
    events = services.alerts_of(request.user, found, on=on, limit=200)
    day = {
        "at": rows["observed_at"].dt.convert_time_zone(timezone.get_current_timezone_name()).dt.to_string(WALL_CLOCK).to_list(),
        "longitude_deg": rows["longitude_deg"].round(6).to_list(), "latitude_deg": rows["latitude_deg"].round(6).to_list(),
        "speed_kmh": rows["speed_kmh"].fill_null(0).round(1).to_list(), "broken": [n for part in parts if part.kind in UNKNOWN for n in range(part.first + 1, part.last + 1)], "limit_kmh": limit_kmh, "silence_s": SILENCE_S,
        "events": [_event(alert) for alert in reversed(events)], "stops": [part.middle for part in parts if part.kind == "stop"],
        "words": {"limit": pick("限速", "limit"), "stop": pick("停车", "Stop")},
    }  # fmt: skip
    return {"day": day, "parts": parts, "summary": summary(parts), "events": list(reversed(events))}


def _wall_clock(at: datetime) -> str:
    return timezone.localtime(at).strftime(WALL_CLOCK)


def _event(alert: Alert) -> dict[str, Any]:
    where = alert.evidence.get("longitude_deg"), alert.evidence.get("latitude_deg")
    return {
        "at": _wall_clock(alert.raised_at or alert.started_at), "title": f"{alert.title} · {alert.get_level_display()}",
        "colour": EVENT_COLOURS.get(alert.level, "#d3271b"), "where": None if None in where else where, "url": reverse("web:alert", args=[alert.pk]),
    }  # fmt: skip


pages.in_nav(
    "map", two("车辆地图", "Live map"), order=30, group="supervision", roles=["supervisor", "viewer", "officer"]
)
pages.in_nav(
    "vehicles", two("车辆", "Vehicles"), order=31, group="supervision", roles=["supervisor", "viewer", "officer"]
)


def _page_of(thing: Thing) -> str:
    found = Vehicle.objects.filter(thing=thing).values_list("pk", flat=True).first()
    return reverse("transport:vehicle", args=[found]) if found else ""


PAGE_OF_KIND["vehicle"] = _page_of

from haihe.packs.transport.pages import areas as _areas  # noqa: E402, F401  (adds the pages of areas to `pages`)
from haihe.packs.transport.pages import attachments as _attachments  # noqa: E402, F401  (and the card of an alert's attachments)
from haihe.packs.transport.pages import carriers as _carriers  # noqa: E402, F401  (and that of carriers)
from haihe.packs.transport.pages import orders as _orders  # noqa: E402, F401  (and those of orders)
from haihe.packs.transport.pages import reports as _reports  # noqa: E402, F401  (and those of what terminals send)
from haihe.packs.transport.pages import spot_checks as _spot_checks  # noqa: E402, F401  (and those of spot checks)
