"""The transport part of the demo district: three invented carriers, fifty vehicles, and terminals that drive them. Synthetic."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from django.utils import timezone

import haihe
from haihe.kernel.identity import Account
from haihe.kernel.organisations import get_organisation
from haihe.kernel.registers import hand_in, open_entry, review
from haihe.kernel.registers.demo import days_ago, paper
from haihe.packs.transport import services
from haihe.packs.transport.models import Carrier, Vehicle
from haihe.packs.transport.register import KEY
from haihe.packs.transport.simulator.registering import register_synthetic, synthetic_terminals

# Name, which of the five kinds it is, kinds and number of its vehicles.
CARRIERS: tuple[tuple[str, tuple[str, ...], tuple[Vehicle.Kind, ...], int], ...] = (
    ("顺达运输", (), (Vehicle.Kind.HEAVY_TRUCK, Vehicle.Kind.TRACTOR), 26),
    ("安行客运", (Carrier.Kind.PASSENGER,), (Vehicle.Kind.INTERCITY_BUS, Vehicle.Kind.CHARTER_COACH), 14),
    ("捷联物流", (Carrier.Kind.HAZMAT,), (Vehicle.Kind.DANGEROUS_GOODS,), 10),
)
# Whose account, kind, title or (invented) name, days since it was filed: what is older than a month was not updated this month.
ARCHIVES = (
    ("anxing", "monitoring_regime", "动态监控管理制度", 0), ("anxing", "responsibility_regime", "动态监控责任制度", 45),
    ("anxing", "safety_manager", "（演示）安全员", 0), ("anxing", "monitoring_manager", "（演示）监控员", 0), ("shunda", "monitoring_regime", "动态监控管理制度", 0),
)  # fmt: skip
EVERY_S = 5.0


def build(people: dict[str, Account]) -> None:
    """Register carriers, vehicles and terminals."""
    first = 0
    for name, of_five, kinds, count in CARRIERS:
        carrier = services.register_carrier(people["ducha"], get_organisation(name), licence_number="演示", kinds=of_five)  # fmt: skip
        register_synthetic(people["ducha"], carrier, count=count, kinds=kinds, first=first)
        first += count
    _archives(people)
    _areas(people["ducha"])
    _spot_checks(people)


def _archives(people: dict[str, Account]) -> None:
    """One carrier has all that it needs and left one archive out this month, one lacks three of four, one has none."""
    bureau = people["jiaotong"]
    for who, kind, name, days in ARCHIVES:
        firm, values = people[who], {"kind": kind, "name": name}
        owner, reviewer = get_organisation(str(firm.organisation)), get_organisation(str(bureau.organisation))
        with days_ago(days):
            entry = open_entry(firm, None, register=KEY, owner=owner, reviewer=reviewer, values=values, synthetic=True)
            entry = hand_in(firm, entry, version=1, step="file", text="报请备案。（演示）", evidence=[paper(firm, "档案.txt", name)])  # fmt: skip
            review(bureau, entry, version=2, accept=True, text="已核对。（演示）")


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
