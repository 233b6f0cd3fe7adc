"""Where vehicles are, and were on a day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema

from haihe.kernel.permissions import demand
from haihe.packs.transport import services
from haihe.packs.transport.api.base import router, visible_vehicles
from haihe.packs.transport.models import Vehicle
from haihe.packs.transport.tracks import last_positions, read_day
from haihe.web.api_administration import asker, pick


class PositionOut(Schema):
    """Degrees WGS 84, km/h, degrees clockwise from north; `state`: moving, online (standing) or offline; `continuous_driving_h`: driving
    since the last sufficient rest, null where no rule has judged the vehicle yet."""

    vehicle_id: int
    plate: str
    at: datetime
    longitude_deg: float
    latitude_deg: float
    speed_kmh: float
    heading_deg: float
    state: str
    continuous_driving_h: float | None


class TrackOut(Schema):
    at: list[datetime]
    longitude_deg: list[float]
    latitude_deg: list[float]
    speed_kmh: list[float | None]


@router.get("/positions", response=list[PositionOut], summary="The latest position of each visible vehicle")
def positions(request: HttpRequest) -> list[dict[str, Any]]:
    rows = {vehicle.thing_id: vehicle for vehicle in visible_vehicles(request)}
    services.note_map_read(request.auth, len(rows))  # type: ignore[attr-defined]
    found, driven = last_positions(rows, timezone.now()), services.continuous_driving(rows)
    return [
        {
            "vehicle_id": rows[thing].pk, "plate": rows[thing].plate, "at": last.at, "longitude_deg": last.longitude_deg, "latitude_deg": last.latitude_deg,
            "speed_kmh": last.speed_kmh, "heading_deg": last.heading_deg, "state": last.state,
            "continuous_driving_h": round(driven[thing].total_seconds() / 3600, 3) if thing in driven else None,
        }
        for thing, last in found.items()
    ]  # fmt: skip


@router.get("/vehicles/{pk}/track", response=TrackOut, summary="One day's track; the purpose is recorded with the read")
def track(request: HttpRequest, pk: int, on: date, purpose: str) -> dict[str, Any]:
    """`purpose`: supervision, check, accident, complaint or own."""
    account = asker(request, "vehicle.read")
    vehicle = pick(account, Vehicle.objects.all(), pk)
    demand(account, "track.read", vehicle)
    rows = read_day(account, vehicle, on, purpose)
    return {"at": rows["observed_at"].to_list()} | {
        name: rows[name].to_list() for name in ("longitude_deg", "latitude_deg", "speed_kmh")
    }
