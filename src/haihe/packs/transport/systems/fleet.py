"""Vehicles of checks: registered over the API, driven by terminals over real TCP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from haihe.kernel.systems import Client, ScratchDistrict, expect

EAST_DEG, NORTH_DEG = 117.0, 39.4  # where the vehicles of the checks drive: open country
KM_EAST_DEG, KM_NORTH_DEG = 1 / 85.9, 1 / 111.2  # at this latitude, near enough for places kilometres apart
EVERY_S = 30
Track = list[tuple[float, float]]


def register(
    scratch: ScratchDistrict, client: Client, carrier: str, plates: tuple[str, ...], phones: str, kind: str = "dangerous_goods"
) -> list[dict[str, Any]]:  # fmt: skip
    """Vehicles of a kind with terminals, of a carrier of their own; `phones`: the first digits of theirs."""
    unit = scratch.unit(carrier, kind="enterprise")
    made = client.post("/transport/carriers", {"organisation": unit})
    return [
        client.post("/transport/vehicles", {
            "carrier_id": made["id"], "plate": plate, "kind": kind, "phone": f"{phones}{number:06d}",
        }) | {"phone": f"{phones}{number:06d}"}
        for number, plate in enumerate(plates)
    ]  # fmt: skip


def drive(
    scratch: ScratchDistrict, vehicle: dict[str, Any], track: Track, *, speed_kmh: float | Sequence[float] = 45, every_s: float = EVERY_S
) -> None:  # fmt: skip
    """The vehicle's terminal signs on and reports these places (km east and north), one every so many seconds until now; `speed_kmh`
    of all or of each."""
    from haihe.packs.transport.simulator.calling import CallingTerminal

    host, port = scratch.feed_address("jt808")
    terminal = CallingTerminal(port, vehicle["phone"], plate=vehicle["plate"], host=host)
    first = datetime.now(UTC) - timedelta(seconds=every_s * len(track))
    speeds = [speed_kmh] * len(track) if isinstance(speed_kmh, int | float) else speed_kmh
    try:
        terminal.sign_on()
        for number, place in enumerate(track):
            longitude, latitude = place_at(*place)
            at = first + timedelta(seconds=every_s * (number + 1))
            stored = terminal.report(at, longitude_deg=longitude, latitude_deg=latitude, speed_kmh=speeds[number])
            expect(stored == 0, "位置没有被接收。", "A position was not taken.", vehicle["plate"])
    except (ConnectionError, TimeoutError) as error:
        expect(False, "网关没有应答终端。", f"The gateway does not answer the terminal: {error}.", vehicle["plate"])
    finally:
        terminal.close()


def place_at(east_km: float, north_km: float) -> tuple[float, float]:
    return round(EAST_DEG + east_km * KM_EAST_DEG, 6), round(NORTH_DEG + north_km * KM_NORTH_DEG, 6)


def square(half_km: float) -> Track:
    corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    return [place_at(east * half_km, north * half_km) for east, north in corners]


def alerts_of_rule(client: Client, rule: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/alerts", state="all", rule=rule, limit=1000)
    return found


def alerts_about(client: Client, rule: str, vehicles: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The raised alerts about these vehicles; empty unless there is one about each."""
    things = {vehicle["thing_id"] for vehicle in vehicles}
    found = [a for a in alerts_of_rule(client, rule) if a["thing_id"] in things and a["level"] == "raised"]
    return found if {alert["thing_id"] for alert in found} == things else []


def cases_about(client: Client, type_name: str, alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cases of a type about these alerts; empty unless there is one about each."""
    ids = {str(alert["id"]) for alert in alerts}
    found = [c for c in client.get("/cases", state="all", type=type_name, limit=1000) if c["about_id"] in ids]
    return found if {case["about_id"] for case in found} == ids else []
