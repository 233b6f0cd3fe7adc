"""TRA-18: key vehicles on a map, and an alert where one leaves its road or area."""

from __future__ import annotations

from typing import Any

from haihe.kernel.systems import Client, Saw, ScratchDistrict, expect, provides
from haihe.packs.transport.systems.fleet import Track, alerts_about, alerts_of_rule, drive, place_at, register, square
from haihe.packs.transport.systems.terminals import newest_position

BY_HAND = (
    "在“车辆区域”划一块允许区域并指定一辆车，让它驶出去；“车辆地图”上看得到它最后的位置。"
    "“预警”应出现“驶离或驶入区域”，没有驶出的车没有。",
    "Draw a permitted area under Vehicle areas, name a vehicle and let it leave; Live map shows where it is. "
    "Alerts then has one about it, and none about a vehicle that stayed within.",
)


@provides(
    "TRA-18", "重点车辆连同最后位置显示在地图上，驶离允许的道路或区域即报警。", live=newest_position, by_hand=BY_HAND
)
def key_vehicles(scratch: ScratchDistrict) -> Saw:
    """Three vehicles with dangerous goods: one leaves its permitted area, one its permitted road, one stays where it may be."""
    supervisor = scratch.account("supervisor")
    vehicles = register(scratch, supervisor, "区域检查运输公司", ("检A1801", "检A1802", "检A1803"), "18018")
    area = _draw(supervisor, "TRA-18 区域", {"type": "Polygon", "coordinates": [square(3)]})
    road = _draw(supervisor, "TRA-18 道路", {"type": "LineString", "coordinates": [place_at(0, 0), place_at(6, 0)]})
    supervisor.post(f"/transport/areas/{area}/vehicles", {"vehicles": [vehicles[0]["id"], vehicles[2]["id"]]})
    supervisor.post(f"/transport/areas/{road}/vehicles", {"vehicles": [vehicles[1]["id"]]})
    leaves = [(0.5 * step, 0.0) for step in range(12)]  # out of the square after 3 km
    strays = [(0.4 * step, 0.0 if step < 6 else 0.5) for step in range(12)]  # half a kilometre beside the road
    stays = [(0.1 * step, 0.0) for step in range(12)]
    tracks = (leaves, strays, stays)
    for vehicle, track in zip(vehicles, tracks, strict=True):
        drive(scratch, vehicle, track)
    _shown_on_the_map(scratch, supervisor, vehicles, tracks)
    alerts = scratch.until(
        lambda: alerts_about(supervisor, "transport.area", vehicles[:2]), "离开区域和道路没有报警。", "Leaving area and road raised no alert."
    )  # fmt: skip
    wrong = [
        alert for alert in alerts_of_rule(supervisor, "transport.area") if alert["thing_id"] == vehicles[2]["thing_id"]
    ]
    expect(not wrong, "没有离开区域的车辆也报了警。", "A vehicle that stayed within was reported too.")
    distances = sorted(round(alert["value"]) for alert in alerts)
    return Saw(
        f"3 辆重点车辆显示在地图上；驶离允许区域和道路的 2 辆报警（超出 {distances[0]}、{distances[1]} 米），未离开的 1 辆没有报警。",
        f"3 key vehicles show on the map; the 2 that left their area and road raised alerts ({distances[0]} m and {distances[1]} m outside), the one that stayed none.",
        {"vehicles": 3, "alerts": len(alerts)},
    )  # fmt: skip


def _draw(client: Client, name: str, geometry: dict[str, Any]) -> int:
    area = client.post("/transport/areas", {"name": name, "mode": "permitted", "geometry": geometry})
    return int(area["id"])


def _shown_on_the_map(scratch: ScratchDistrict, client: Client, vehicles: list[dict[str, Any]], tracks: tuple[Track, ...]) -> None:  # fmt: skip
    """The map page opens, and what it is drawn from names each vehicle at its last position."""
    expect('id="map"' in client.page("/transport/"), "地图页没有地图。", "The page of the map has no map.")

    def all_shown() -> bool:
        shown = {row["vehicle_id"]: row for row in client.get("/transport/positions")}
        return all(_isplace_at(shown.get(v["id"]), track[-1]) for v, track in zip(vehicles, tracks, strict=True))

    scratch.until(all_shown, "地图上没有最后位置。", "The map does not show the last positions.")


def _isplace_at(row: dict[str, Any] | None, place: tuple[float, float]) -> bool:
    wanted = place_at(*place)
    return row is not None and all(
        abs(row[name] - value) < 1e-4 for name, value in zip(("longitude_deg", "latitude_deg"), wanted, strict=True)
    )
