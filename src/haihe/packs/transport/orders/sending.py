"""Giving an order: an action, recorded with what was ordered and why; the gateway sends it when the terminal is connected."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotFound
from haihe.kernel.feeds.commands import Command, queue
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action, allows
from haihe.packs.transport.jt808.codec import encode_all
from haihe.packs.transport.models import Terminal, Vehicle
from haihe.packs.transport.orders.forms import Order
from haihe.packs.transport.orders.table import ORDERS

LONGEST_REASON = 200
AUDITED_CHARACTERS = 500  # of what was ordered; the command itself keeps all of it


@action("vehicle.order", "向终端下发指令", "give a terminal an order", roles=[Role.SUPERVISOR], as_unit=["carrier"])
def _give(account: Account, vehicle: Vehicle, *, order: str, values: Mapping[str, Any], reason: str) -> Command:
    return _queue(account, vehicle, ORDERS[order], values, reason)


@action("vehicle.order_guarded", "向终端下发须写明理由的指令（拍照、监听、控制等）", "give a terminal an order that needs a reason (pictures, monitoring, control)", roles=[Role.SUPERVISOR])  # fmt: skip
def _give_guarded(account: Account, vehicle: Vehicle, *, order: str, values: Mapping[str, Any], reason: str) -> Command:
    if not 4 <= len(reason) <= LONGEST_REASON:
        raise InvalidInput("请用 4–200 字写明理由。", "Give the reason in 4 to 200 characters.", where="reason")
    return _queue(account, vehicle, ORDERS[order], values, reason)


def get_order(name: str) -> Order:
    if name not in ORDERS:
        raise NotFound("没有这个指令。", "There is no such order.", where=name)
    return ORDERS[name]


def give_order(account: Account, vehicle: Vehicle, *, order: str, values: Mapping[str, Any], reason: str = "") -> Command:  # fmt: skip
    """Check an order and queue it. InvalidInput names the field that is wrong; Conflict where no terminal is registered."""
    give = _give_guarded if get_order(order).guarded else _give
    return give(account, vehicle, order=order, values=values, reason=reason.strip())


def may_order(account: Account, vehicle: Vehicle, order: Order) -> bool:
    return allows(account, "vehicle.order_guarded" if order.guarded else "vehicle.order", vehicle)


def _queue(account: Account, vehicle: Vehicle, order: Order, values: Mapping[str, Any], reason: str) -> Command:
    terminal = Terminal.objects.filter(vehicle=vehicle).first()
    if terminal is None:
        raise Conflict("该车没有登记终端。", "No terminal is registered for this vehicle.", where=vehicle.plate)
    ready = order.check(values) | ({order.drawn: secrets.token_hex(16)} if order.drawn else {})
    version = "2019" if terminal.version == "2019" else "2013"
    message_id, body = order.message(ready, order.edition or version)
    # What cannot be written is refused now, not at the gateway.
    encode_all({"message_id": message_id, "version": order.edition or version, "phone": "1", "body": body})
    audit.note(
        order=order.name,
        values=str({name: value for name, value in ready.items() if name != order.drawn})[:AUDITED_CHARACTERS],
        reason=reason,
    )
    return queue(account, vehicle.thing, feed="jt808", device=terminal.phone, kind=order.name,
                 content={"values": ready, "reason": reason})  # fmt: skip
