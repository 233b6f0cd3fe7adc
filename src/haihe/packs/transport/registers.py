"""The registers of the trade: carriers, vehicles, terminals. A terminal is believed only after an officer registered it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from haihe.kernel import audit, things
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action
from haihe.packs.transport.models import USE_OF_KIND, Carrier, Terminal, Vehicle

MANAGERS = [Role.SUPERVISOR, Role.OFFICER]
PHONE = re.compile(r"\d{6,20}")


@action("carrier.register", "登记运输企业", "register a carrier", roles=[Role.SUPERVISOR])
def register_carrier(
    account: Account, organisation: Organisation, *, licence_number: str = "", kinds: Sequence[str] = ()
) -> Carrier:
    known = {"licence_number": licence_number.strip(), "kinds": _kinds(kinds)}
    carrier, fresh = Carrier.objects.get_or_create(organisation=organisation, defaults=known)
    if not fresh:
        raise Conflict("该企业已登记。", "This carrier is registered already.", where=organisation.name)
    return carrier


@action("carrier.set_kinds", "登记企业类别", "say of which kinds a carrier is", roles=[Role.SUPERVISOR])
def set_kinds(account: Account, carrier: Carrier, *, kinds: Sequence[str]) -> Carrier:
    before, carrier.kinds = carrier.kinds, _kinds(kinds)
    carrier.save(update_fields=["kinds"])
    audit.note(before=before, after=carrier.kinds)
    return carrier


def _kinds(kinds: Sequence[str]) -> list[str]:
    """In one order, each once."""
    odd = [kind for kind in kinds if kind not in Carrier.Kind.values]
    if odd:
        raise InvalidInput("没有这一类企业。", "There is no such kind of carrier.", where=str(odd[0])[:40],
                           to_do_zh=f"可填：{'、'.join(Carrier.Kind.values)}。", to_do_en=f"There are: {', '.join(Carrier.Kind.values)}.")  # fmt: skip
    return [kind for kind in Carrier.Kind.values if kind in kinds]


@action("vehicle.register", "登记车辆", "register a vehicle", roles=[Role.SUPERVISOR], as_unit=["carrier"])
def register_vehicle(
    account: Account, carrier: Carrier, *, plate: str, plate_colour: int = Vehicle.Colour.YELLOW, kind: str = Vehicle.Kind.HEAVY_TRUCK, phone: str = ""
) -> Vehicle:  # fmt: skip
    """A vehicle with, if given, its terminal's phone number. The plate is stored without spaces and dots."""
    plate = re.sub(r"[\s·.]", "", plate).upper()
    if not 5 <= len(plate) <= 12:
        raise InvalidInput("号牌应为 5–12 个字符。", "A plate has 5 to 12 characters.", where="plate")
    if kind not in Vehicle.Kind.values or plate_colour not in Vehicle.Colour.values:
        raise InvalidInput("车辆类别或号牌颜色不正确。", "There is no such kind or plate colour.", where="kind")
    if Vehicle.objects.filter(plate=plate, plate_colour=plate_colour).exists():
        raise Conflict("该号牌已登记。", "This plate is registered already.", where=plate)
    attributes: dict[str, Any] = {"plate": plate, "use": USE_OF_KIND[Vehicle.Kind(kind)]}
    thing = things.register_thing(account, None, kind="vehicle", key=f"{plate}-{plate_colour}", name=plate, organisation=carrier.organisation,
                                  attributes=attributes, pack="transport")  # fmt: skip
    vehicle = Vehicle.objects.create(thing=thing, carrier=carrier, plate=plate, plate_colour=plate_colour, kind=kind)
    if phone:
        register_terminal(account, vehicle, phone=phone)
    return vehicle


@action("terminal.register", "登记终端", "register a terminal", roles=[Role.SUPERVISOR], as_unit=["carrier"])
def register_terminal(account: Account, vehicle: Vehicle, *, phone: str) -> Terminal:
    phone = phone.strip()
    if not PHONE.fullmatch(phone):
        raise InvalidInput(
            "终端手机号应为 6–20 位数字。", "The terminal's phone number has 6 to 20 digits.", where="phone"
        )
    known = Terminal.objects.filter(phone=device_key(phone)).select_related("vehicle").first()
    if known is not None and known.vehicle_id not in (None, vehicle.pk):
        raise Conflict(f"该终端已装在 {known.vehicle} 上。", f"This terminal is in {known.vehicle}.", where=phone)
    with transaction.atomic():
        for other in Terminal.objects.filter(vehicle=vehicle).exclude(phone=device_key(phone)):
            other.vehicle = None
            other.save()
        terminal, _ = Terminal.objects.update_or_create(
            phone=device_key(phone), defaults={"vehicle": vehicle, "enabled": True, "registered_by": account}
        )
    audit.note(phone=phone)
    return terminal


@action("terminal.revoke", "停用终端", "switch a terminal off", roles=[Role.SUPERVISOR], as_unit=["carrier"])
def revoke_terminal(account: Account, vehicle: Vehicle, *, reason: str) -> None:
    """The code that the terminal holds is worthless from now on."""
    if not reason.strip():
        raise InvalidInput("请写明停用原因。", "Say why the terminal is switched off.", where="reason")
    terminal = Terminal.objects.select_for_update().filter(vehicle=vehicle).first()
    if terminal is None:
        raise Conflict("该车没有登记终端。", "No terminal is registered for this vehicle.", where=vehicle.plate)
    terminal.enabled, terminal.epoch = False, terminal.epoch + 1
    terminal.save()
    audit.note(reason=reason)


def device_key(phone: str) -> str:
    """The phone number as it is compared: headers of 2013 carry 12 digits and those of 2019 carry 20, both filled up with zeros."""
    return phone.lstrip("0") or "0"


def authentication_code(terminal: Terminal) -> str:
    """The code that a terminal is given when it registers: 16 characters that only this district can compute."""
    from haihe.settings import secret_from_file

    digest = hmac.new(
        secret_from_file("terminals.key").encode(), f"{terminal.phone}|{terminal.epoch}".encode(), hashlib.sha256
    ).digest()
    return base64.b32encode(digest)[:16].decode()
