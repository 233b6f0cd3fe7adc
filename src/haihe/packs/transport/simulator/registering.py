"""Vehicles of the simulator in the registers: plates that nobody has, marked synthetic, so that no page takes them for real."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet

from haihe.kernel import audit, search
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action
from haihe.kernel.things import Thing
from haihe.packs.transport.jt808.build import Terminal as SimulatedTerminal
from haihe.packs.transport.models import USE_OF_KIND, Carrier, Terminal, Vehicle

COLOUR = Vehicle.Colour.YELLOW.value
FIRST_PHONE = 10_000_000_000  # no mobile number begins with 10


CARRIER = "模拟运输企业"


def synthetic_carrier(account: Account) -> Carrier:
    """The carrier of vehicles that belong to no registered one."""
    with transaction.atomic():
        unit, fresh = Organisation.objects.get_or_create(name=CARRIER, defaults={"kind": Organisation.Kind.ENTERPRISE})
        if fresh:
            audit.record(account, "organisation.create", unit, name=CARRIER, synthetic=True)
        return Carrier.objects.get_or_create(organisation=unit)[0]


def count_synthetic() -> int:
    return _synthetic().count()


def _synthetic() -> QuerySet[Terminal]:
    return (
        Terminal.objects.filter(vehicle__thing__attributes__synthetic=True, enabled=True)
        .select_related("vehicle")
        .order_by("pk")
    )


@action("vehicle.simulate", "登记模拟车辆", "register synthetic vehicles", roles=[Role.SUPERVISOR])
def register_synthetic(
    account: Account,
    carrier: Carrier,
    *,
    count: int,
    kinds: Sequence[str] = (Vehicle.Kind.HEAVY_TRUCK,),
    first: int = 0,
) -> list[Vehicle]:
    """`count` vehicles with terminals at once; numbers go on from `first`."""
    things, vehicles, terminals = [], [], []
    for number in range(first, first + count):
        plate, kind = f"模A{number:05d}", str(kinds[number % len(kinds)])
        attributes = {"plate": plate, "use": USE_OF_KIND[Vehicle.Kind(kind)], "synthetic": True}
        thing = Thing(
            kind="vehicle",
            key=f"{plate}-{COLOUR}",
            name=plate,
            organisation=carrier.organisation,
            attributes=attributes,
            pack="transport",
        )
        vehicle = Vehicle(thing=thing, carrier=carrier, plate=plate, plate_colour=COLOUR, kind=kind)
        things.append(thing)
        vehicles.append(vehicle)
        terminals.append(Terminal(phone=str(FIRST_PHONE + number), vehicle=vehicle, registered_by=account))
    Thing.objects.bulk_create(things)
    Vehicle.objects.bulk_create(vehicles)
    search.index(vehicles)
    Terminal.objects.bulk_create(terminals)
    audit.note(count=count, first=first)
    return vehicles


def synthetic_terminals(count: int | None = None) -> list[SimulatedTerminal]:
    """Terminals of synthetic vehicles as the simulator drives them; every third speaks the edition of 2019."""
    rows = _synthetic()
    return [
        SimulatedTerminal(row.phone, "2019" if number % 3 == 2 else "2013", row.vehicle.plate, row.vehicle.plate_colour)
        for number, row in enumerate(rows[:count]) if row.vehicle is not None
    ]  # fmt: skip
