"""Pages of orders: all that a terminal can be told, one form for each made from its table, and what became of the latest."""

from __future__ import annotations

import base64
import json
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.errors import TooLarge
from haihe.kernel.feeds.commands import Command
from haihe.kernel.language import pick
from haihe.kernel.permissions import visible
from haihe.packs.transport import services
from haihe.packs.transport.models import Area, Vehicle
from haihe.packs.transport.orders.forms import Input
from haihe.packs.transport.pages import pages
from haihe.packs.transport.pages.areas import drawn
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, go

# Orders with places: how they are drawn on the map of their page (draw.js).
SHAPES = {"circle": "circle", "rectangle": "rectangle", "polygon": "polygon", "route": "linestring"}
COLOURS = {"done": "green", "refused": "red", "failed": "red", "unanswered": "amber", "sent": "blue"}


def _vehicle(request: AccountRequest, pk: int) -> Vehicle:
    return visible_row(request.user, Vehicle.objects.select_related("carrier__organisation", "terminal", "thing"), pk)


def told(command: Command) -> str:
    """A command's answer as lines for people."""
    return "" if command.answer is None else json.dumps(command.answer, ensure_ascii=False, indent=1)


def named(commands: list[Command]) -> list[Command]:
    """Commands with the title, the colour and the answer that pages show."""
    for command in commands:
        order = services.ORDERS.get(command.kind)
        shown: Any = command
        shown.title, shown.colour, shown.told = (
            order.title if order else command.kind,
            COLOURS.get(command.state, ""),
            told(command),
        )
    return commands


@pages.page("transport/vehicles/<int:pk>/orders/", "orders", permission="vehicle.read")
def orders(request: AccountRequest, pk: int) -> HttpResponse:
    vehicle = _vehicle(request, pk)
    allowed = [order for order in services.ORDERS.values() if services.may_order(request.user, vehicle, order)]
    groups = [(pick(*titles), [o for o in allowed if o.group == key]) for key, titles in services.GROUPS.items()]
    commands = named(services.commands_of(request.user, vehicle, limit=30))
    content = {"vehicle": vehicle, "groups": [group for group in groups if group[1]], "commands": commands}
    return render(request, "transport/orders.html", content)


@pages.page(
    "transport/vehicles/<int:pk>/orders/<slug:name>/", "order", permission="vehicle.read", methods=("GET", "POST")
)
def order(request: AccountRequest, pk: int, name: str) -> HttpResponse:
    vehicle, found = _vehicle(request, pk), services.get_order(name)
    if request.method == "POST":
        values = {row.name: _given(request, row) for row in found.inputs}
        services.give_order(request.user, vehicle, order=name, values=values, reason=request.POST.get("reason", ""))
        messages.success(
            request, pick("已排队，终端在线时下发。", "Queued: it is sent as soon as the terminal is connected.")
        )
        return go(request, reverse("transport:orders", args=[pk]))
    may = services.may_order(request.user, vehicle, found)
    shape = SHAPES.get(name, "") if may else ""
    content = {
        "vehicle": vehicle,
        "order": found,
        "may": may,
        "shape": shape,
        "areas": _drawn(request, shape) if shape else [],
    }
    return render(request, "transport/order.html", content)


def _drawn(request: AccountRequest, shape: str) -> list[dict[str, Any]]:
    """The drawn areas that such an order can carry: one outline without holes, or one road."""
    rows = visible(request.user, Area.objects.select_related("place")).filter(place__retired_at=None)

    def fits(geometry: dict[str, Any]) -> bool:
        return geometry["type"].lower() == shape and (shape == "linestring" or len(geometry["coordinates"]) == 1)

    return [area for area in drawn(rows.order_by("place__name", "pk")) if fits(area["geometry"])]


def _given(request: AccountRequest, row: Input) -> str:
    if row.kind != "file":
        return str(request.POST.get(row.name, ""))
    uploaded = request.FILES.get(row.name)
    if uploaded is None:
        return ""
    if (uploaded.size or 0) > row.most:
        raise TooLarge(
            f"文件超过 {row.most / 1e6:g} MB。", f"The file is larger than {row.most / 1e6:g} MB.", where=row.name
        )
    return base64.b64encode(uploaded.read()).decode()
