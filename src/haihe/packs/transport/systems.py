"""The named systems that this pack provides, each with its check, and the equipment that it counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from haihe.kernel.observations.queries import latest
from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, counts, expect, provides
from haihe.packs.transport.models import Terminal, Vehicle

EAST_DEG, NORTH_DEG = 117.0, 39.4  # where the vehicles of the checks drive: open country
KM_EAST_DEG, KM_NORTH_DEG = 1 / 85.9, 1 / 111.2  # at this latitude, near enough for places kilometres apart
EVERY_S = 30
Track = list[tuple[float, float]]


@counts("TRA-02")
def terminals(at: datetime) -> Saw | None:
    """Positioning terminals that are registered in a vehicle; the simulator's are told apart."""
    rows = Terminal.objects.filter(enabled=True, vehicle__thing__retired_at=None).exclude(vehicle=None)
    synthetic = rows.filter(vehicle__thing__attributes__synthetic=True).count()
    total = rows.count()
    if not total:
        return None
    return Saw(
        f"登记在用车载终端 {total} 台，其中模拟 {synthetic} 台。", f"{total} terminals are registered in vehicles, {synthetic} of them synthetic.",
        {"terminals": total, "synthetic": synthetic},
    )  # fmt: skip


def newest_position(at: datetime) -> Live | None:
    """The newest position of any vehicle; synthetic where only simulated vehicles sent within the last month."""
    rows = latest("position").filter(pl.col("thing").is_not_null())
    simulated = Vehicle.objects.filter(thing__attributes__synthetic=True).values_list("thing_id", flat=True)
    is_synthetic = pl.col("thing").is_in(list(simulated))
    real, newest = rows.filter(~is_synthetic)["observed_at"].max(), rows["observed_at"].max()
    if isinstance(real, datetime) and real >= at - timedelta(days=30):
        return Live(real)
    return Live(newest, synthetic=True) if isinstance(newest, datetime) else None


# --- TRA-18 key vehicles on a map, and an alert where one leaves its road or area ------------------------------------


@provides("TRA-18", "重点车辆连同最后位置显示在地图上，驶离允许的道路或区域即报警。", live=newest_position)
def key_vehicles(scratch: ScratchDistrict) -> Saw:
    """Three vehicles with dangerous goods: one leaves its permitted area, one its permitted road, one stays where it may be."""
    supervisor = scratch.account("supervisor")
    vehicles = register(scratch, supervisor, "区域检查运输公司", ("检A1801", "检A1802", "检A1803"), "18018")
    area = _draw(supervisor, "TRA-18 区域", {"type": "Polygon", "coordinates": [_square(3)]})
    road = _draw(supervisor, "TRA-18 道路", {"type": "LineString", "coordinates": [_at(0, 0), _at(6, 0)]})
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
        lambda: _alerts(supervisor, "transport.area", vehicles[:2]), "离开区域和道路没有报警。", "Leaving area and road raised no alert."
    )  # fmt: skip
    wrong = [alert for alert in _of_rule(supervisor, "transport.area") if alert["thing_id"] == vehicles[2]["thing_id"]]
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
        return all(_is_at(shown.get(v["id"]), track[-1]) for v, track in zip(vehicles, tracks, strict=True))

    scratch.until(all_shown, "地图上没有最后位置。", "The map does not show the last positions.")


def _is_at(row: dict[str, Any] | None, place: tuple[float, float]) -> bool:
    wanted = _at(*place)
    return row is not None and all(
        abs(row[name] - value) < 1e-4 for name, value in zip(("longitude_deg", "latitude_deg"), wanted, strict=True)
    )


# --- vehicles of checks -------------------------------------------------------------------------------------------------


def register(scratch: ScratchDistrict, client: Client, carrier: str, plates: tuple[str, ...], phones: str) -> list[dict[str, Any]]:  # fmt: skip
    """Vehicles with dangerous goods and terminals, of a carrier of their own; `phones`: the first digits of theirs."""
    unit = scratch.unit(carrier, kind="enterprise")
    made = client.post("/transport/carriers", {"organisation": unit})
    return [
        client.post("/transport/vehicles", {
            "carrier_id": made["id"], "plate": plate, "kind": "dangerous_goods", "phone": f"{phones}{number:06d}",
        }) | {"phone": f"{phones}{number:06d}"}
        for number, plate in enumerate(plates)
    ]  # fmt: skip


def drive(scratch: ScratchDistrict, vehicle: dict[str, Any], track: Track, *, speed_kmh: float = 45) -> None:
    """The vehicle's terminal signs on and reports these places (km east and north), one every EVERY_S seconds until now."""
    from haihe.packs.transport.simulator.calling import CallingTerminal

    host, port = scratch.feed_address("jt808")
    terminal = CallingTerminal(port, vehicle["phone"], plate=vehicle["plate"], host=host)
    first = datetime.now(UTC) - timedelta(seconds=EVERY_S * len(track))
    try:
        terminal.sign_on()
        for number, place in enumerate(track):
            longitude, latitude = _at(*place)
            at = first + timedelta(seconds=EVERY_S * (number + 1))
            stored = terminal.report(at, longitude_deg=longitude, latitude_deg=latitude, speed_kmh=speed_kmh)
            expect(stored == 0, "位置没有被接收。", "A position was not taken.", vehicle["plate"])
    except (ConnectionError, TimeoutError) as error:
        expect(False, "网关没有应答终端。", f"The gateway does not answer the terminal: {error}.", vehicle["plate"])
    finally:
        terminal.close()


def _at(east_km: float, north_km: float) -> tuple[float, float]:
    return round(EAST_DEG + east_km * KM_EAST_DEG, 6), round(NORTH_DEG + north_km * KM_NORTH_DEG, 6)


def _square(half_km: float) -> Track:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return [_at(east * half_km, north * half_km) for east, north in corners]


def _of_rule(client: Client, rule: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/alerts", state="all", rule=rule, limit=1000)
    return found


def _alerts(client: Client, rule: str, vehicles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The raised alerts about these vehicles; empty unless there is one about each."""
    things = {vehicle["thing_id"] for vehicle in vehicles}
    found = [a for a in _of_rule(client, rule) if a["thing_id"] in things and a["level"] == "raised"]
    return found if {alert["thing_id"] for alert in found} == things else []
