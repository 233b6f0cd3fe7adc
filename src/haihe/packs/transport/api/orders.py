"""Texts and orders to terminals, and what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from haihe.packs.transport import services
from haihe.packs.transport.api.base import router
from haihe.packs.transport.models import Vehicle
from haihe.web.api_administration import asker, pick


class TextIn(Schema):
    text: str = Field(max_length=400)


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
