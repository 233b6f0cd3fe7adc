"""The transport part of the demo district: three invented carriers, fifty vehicles, and terminals that drive them. Synthetic."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from django.utils import timezone

import haihe
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.packs.transport import services
from haihe.packs.transport.models import Vehicle
from haihe.packs.transport.simulator.registering import register_synthetic, synthetic_terminals

CARRIERS = (
    ("顺达运输", (Vehicle.Kind.HEAVY_TRUCK, Vehicle.Kind.TRACTOR), 26),
    ("安行客运", (Vehicle.Kind.INTERCITY_BUS, Vehicle.Kind.CHARTER_COACH), 14),
    ("捷联物流", (Vehicle.Kind.DANGEROUS_GOODS,), 10),
)
EVERY_S = 5.0


def build(people: dict[str, Account]) -> None:
    """Register carriers, vehicles and terminals."""
    first = 0
    for name, kinds, count in CARRIERS:
        carrier = services.register_carrier(people["ducha"], get_organisation(name), licence_number="演示")
        register_synthetic(people["ducha"], carrier, count=count, kinds=kinds, first=first)
        first += count
    _areas(people["ducha"])
    _spot_checks(people)


def _areas(account: Account) -> None:
    """Vehicles with dangerous goods stay in the district and out of its oldest quarter."""
    features = json.loads((Path(haihe.__file__).parent / "demo/wanghe.geojson").read_text(encoding="utf-8"))["features"]
    outlines = {feature["properties"].get("name"): feature for feature in features}
    hazmat = Vehicle.objects.filter(kind=Vehicle.Kind.DANGEROUS_GOODS)
    for outline, name, mode in (
        ("望河区", "危险货物车辆行驶范围", "permitted"),
        ("临河街道", "临河街道危险货物禁行区", "forbidden"),
    ):
        area = services.draw_area(account, None, name=name, mode=mode, geometry=outlines[outline])
        services.assign_area(account, area, vehicles=hazmat)


def _spot_checks(people: dict[str, Account]) -> None:
    """One that was drawn and concluded, one that waits for its finding. The days before the demo hold no data, which is what is found."""
    drawn = services.draw_day(people["jiaotong"], None, seed="演示")
    services.conclude(people["jiaotong"], drawn, result="gaps", text="（演示）当日没有定位数据。")
    vehicle = Vehicle.objects.filter(kind=Vehicle.Kind.DANGEROUS_GOODS).order_by("pk")[0]
    services.pick_day(people["jiaotong"], vehicle, on=timezone.localdate())


def simulate() -> None:
    """Drive all synthetic vehicles over real TCP, with some that drive too fast and one that has driven for too long."""
    from haihe import settings
    from haihe.kernel.feeds.feed import all_feeds, ports_of
    from haihe.packs.transport.simulator.fleet import drive
    from haihe.packs.transport.simulator.world import World

    terminals = synthetic_terminals()
    port = ports_of(all_feeds(), settings.value_of("HAIHE_FEED_PORTS")).get("jt808")
    if terminals and port:
        world = World(len(terminals), speeders=0.15)
        asyncio.run(drive(terminals, world, settings.value_of("HAIHE_FEED_HOST"), port, every_s=EVERY_S))
