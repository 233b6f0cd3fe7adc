"""TRA-03: what a carrier watches of its vehicles arrives live, and its duty desk is never empty without an alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel.systems import Client, Saw, ScratchDistrict, expect, provides
from haihe.packs.transport.systems.fleet import drive, place_at, register
from haihe.packs.transport.systems.terminals import newest_position

CARRIER = "监控检查运输公司"
STEP_S, SPEED_KMH = 60, 48.0
BY_HAND = (
    "以企业联络员登录：“车辆地图”看位置、车速和状态，点开一辆车看连续驾驶时间和一日轨迹。"
    "再到“值班”设立一个没有排班的岗位：几秒后“预警”出现“值班缺岗”并已立案，排班后解除。",
    "As a carrier's officer, Live map shows position, speed and state; a vehicle's page shows its driving time and the track of a day. "
    "Then open a post without a shift under Duty: within seconds Alerts has a gap with its case, and arranging a shift ends it.",
)


@provides(
    "TRA-03",
    "车辆位置、车速、连续驾驶时间、行驶路线、运行状态实时到达；值班表缺岗即报警。",
    live=newest_position,
    by_hand=BY_HAND,
)
def monitoring(scratch: ScratchDistrict) -> Saw:
    """A vehicle drives for half an hour and its carrier sees the five quantities; then nobody is on duty, and then somebody is."""
    supervisor = scratch.account("supervisor")
    vehicle = register(scratch, supervisor, CARRIER, ("检A0301",), "18003")[0]
    carrier = scratch.account("officer", CARRIER)
    track = [(SPEED_KMH * STEP_S / 3600 * step, 2.0) for step in range(31)]
    drive(scratch, vehicle, track, speed_kmh=SPEED_KMH, every_s=STEP_S)
    row = scratch.until(
        lambda: _live(carrier, vehicle, track), "五项数据没有到齐。", "The five quantities did not arrive."
    )
    _gap(scratch, carrier)
    minutes = round(60 * row["continuous_driving_h"])
    return Saw(
        f"企业看到车辆的位置、车速（{row['speed_kmh']:g} km/h）、连续驾驶时间（{minutes} 分钟）、路线（{len(track)} 点）和状态；值班缺岗即报警立案，排班后解除。",
        f"The carrier sees position, speed ({row['speed_kmh']:g} km/h), driving time ({minutes} min), route ({len(track)} points) and state; an empty duty desk raised an alert with a case, over once a shift was arranged.",
        {"quantities": 5, "minutes": minutes, "points": len(track)},
    )  # fmt: skip


def _live(carrier: Client, vehicle: dict[str, Any], track: list[tuple[float, float]]) -> dict[str, Any] | None:
    """The vehicle's row with all five quantities as they were sent; None until they are there."""
    row: dict[str, Any] | None = next((r for r in carrier.get("/transport/positions") if r["vehicle_id"] == vehicle["id"]), None)  # fmt: skip
    if row is None:
        return None
    longitude, latitude = place_at(*track[-1])
    is_there = abs(row["longitude_deg"] - longitude) < 1e-4 and abs(row["latitude_deg"] - latitude) < 1e-4
    driven = row["continuous_driving_h"]
    if not (
        is_there
        and row["speed_kmh"] == SPEED_KMH
        and row["state"] == "moving"
        and driven is not None
        and 0.45 < driven < 0.55
    ):
        return None
    now = datetime.now(UTC)
    days = sorted({timezone.localdate(now), timezone.localdate(now - timedelta(minutes=len(track)))})
    path = f"/transport/vehicles/{vehicle['id']}/track"
    route = [point for day in days for point in carrier.get(path, on=day.isoformat(), purpose="own")["at"]]
    return row if len(route) >= len(track) else None


def _gap(scratch: ScratchDistrict, carrier: Client) -> None:
    """A post without a shift is an alert with a case of the carrier; a shift from now on ends it."""
    post = carrier.post("/rosters", {"organisation": CARRIER, "name": "动态监控室"})
    told = scratch.until(lambda: _of_gap(carrier), "值班缺岗没有报警。", "The gap in the roster raised no alert.")
    expect(
        told["over_at"] is None and told["thing"] == "动态监控室",
        "报警不是这个岗位的。",
        "The alert is about another post.",
    )
    cases = carrier.get("/cases", type="rosters.duty")
    expect(
        any(case["about_id"] == str(told["id"]) and case["due_at"] for case in cases),
        "缺岗没有立案。",
        "The gap opened no timed case.",
    )
    now = datetime.now(UTC)
    shift = {
        "person": carrier.username,
        "starts_at": now.isoformat(),
        "ends_at": (now + timedelta(hours=24)).isoformat(),
    }
    carrier.post(f"/rosters/{post['id']}/shifts", shift)
    carrier.post(f"/rosters/{post['id']}/take-over")
    scratch.until(lambda: _of_gap(carrier)["over_at"], "排班后缺岗没有解除。", "The gap did not end with the shift.")


def _of_gap(client: Client) -> Any:
    return next((a for a in client.get("/alerts", state="all", rule="rosters.gap") if a["level"] == "raised"), None)
