"""TRA-12: simulated trips near the limits of driving time and speed warn before the limit, and each warning is a timed case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from haihe.kernel.systems import Client, Saw, ScratchDistrict, expect, provides
from haihe.packs.transport.systems.fleet import Track, alerts_about, alerts_of_rule, cases_about, drive, register
from haihe.packs.transport.systems.terminals import newest_position

CARRIER = "预警检查运输公司"
STEP_S, SLOW_STEP_S = 30, 300
NEAR_KMH, OVER_KMH = 77.0, 86.0  # the limit of vehicles with dangerous goods is 80 on any road

BY_HAND = (
    "运行 haihe simulate transport，让一辆危险货物车以 77 km/h 行驶两分钟、另一辆连续行驶三个半小时；“预警”选“提醒”级别，应先于报警出现。"
    "再到“案件”选“车辆提前预警处置”：每起都有时限，由企业联络员写明情况后办结。",
    "Run haihe simulate transport, let a vehicle with dangerous goods drive two minutes at 77 km/h and another one three and a half hours without a rest: under Alerts, level warning, both stand before any alert. "
    "Under Cases, type Warning about a vehicle, each has a limit and is closed by the carrier's officer with a sentence.",
)  # fmt: skip


@provides(
    "TRA-12",
    "模拟疲劳和超速行驶，在到达限值之前提醒，每次提醒都有限时处置的案件。",
    live=newest_position,
    by_hand=BY_HAND,
)
def early_warning(scratch: ScratchDistrict) -> Saw:
    """One vehicle drives long and rests in time, one comes near the speed limit and slows down, one goes on above it."""
    supervisor = scratch.account("supervisor")
    tired, near, fast = register(scratch, supervisor, CARRIER, ("检A1201", "检A1202", "检A1203"), "18012")
    track, speeds = _trip([(3.6 * 3600 / SLOW_STEP_S, 45.0), (6, 0.0)], SLOW_STEP_S)
    drive(scratch, tired, track, speed_kmh=speeds, every_s=SLOW_STEP_S)
    for vehicle, parts in ((near, ((6, NEAR_KMH), (4, 60.0))), (fast, ((5, NEAR_KMH), (5, OVER_KMH)))):
        track, speeds = _trip(parts, STEP_S)
        drive(scratch, vehicle, track, speed_kmh=speeds, every_s=STEP_S)
    told = scratch.until(
        lambda: _warnings(supervisor, tired, near, fast),
        "没有在到达限值之前提醒。",
        "No warning came before the limit.",
    )
    scratch.until(
        lambda: alerts_about(supervisor, "transport.speeding", [fast]), "超速没有报警。", "Speeding raised no alert."
    )
    after = next(a for a in alerts_of_rule(supervisor, "transport.speeding") if a["thing_id"] == fast["thing_id"])
    expect(after["started_at"] < after["raised_at"], "提醒不早于报警。", "The warning was not before the alert.")
    cases = scratch.until(
        lambda: cases_about(supervisor, "transport.warning", told), "提醒没有立案。", "The warnings opened no cases."
    )
    limits = _handle(scratch, cases)
    return Saw(
        f"疲劳、超速行驶共 3 车，均在到达限值之前提醒（1 车继续加速后报警），3 起限时案件（{limits} 分钟）均由企业处置办结。",
        f"3 vehicles drove long or fast: each was warned before its limit (one went on and raised an alert), and the 3 timed cases ({limits} min) were handled by the carrier.",
        {"vehicles": 3, "warnings": len(told), "cases": len(cases)},
    )  # fmt: skip


def _trip(parts: Sequence[tuple[float, float]], every_s: float) -> tuple[Track, list[float]]:
    """So many steps at a speed each, straight on: the places (km) and the speeds."""
    track, speeds, east = [], list[float](), 0.0
    for steps, speed in parts:
        for _ in range(round(steps)):
            east += speed * every_s / 3600
            track.append((round(east, 4), 1.0))
            speeds.append(speed)
    return track, speeds


def _warnings(client: Client, tired: dict[str, Any], near: dict[str, Any], fast: dict[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """The alerts of the three; empty until each is there and those of the first two ended as mere warnings below their limits."""
    found = []
    for rule, vehicle, stays in (("fatigue", tired, True), ("speeding", near, True), ("speeding", fast, False)):
        alerts = [a for a in alerts_of_rule(client, f"transport.{rule}") if a["thing_id"] == vehicle["thing_id"]]
        if stays:
            alerts = [a for a in alerts if a["level"] == "warning" and a["over_at"] and a["value"] < a["limit"]]
        if len(alerts) != 1:
            return []
        found += alerts
    return found


def _handle(scratch: ScratchDistrict, cases: list[dict[str, Any]]) -> int:
    """The carrier takes the one step of each case in time; minutes that the shortest one had."""
    carrier = scratch.account("officer", CARRIER)
    expect(all(case["due_at"] for case in cases), "案件没有时限。", "A case has no limit.")
    for case in cases:
        done = carrier.post(f"/cases/{case['id']}/steps/answer", form={"text": "已电话提醒驾驶人停车休息、减速。"})
        expect(
            done["closed_at"] and done["closed_at"] < case["due_at"], "案件没有办结。", "A case was not closed in time."
        )
    return min(_minutes(case) for case in cases)


def _minutes(case: dict[str, Any]) -> int:
    opened, due = (datetime.fromisoformat(case[name]) for name in ("opened_at", "due_at"))
    return round((due - opened).total_seconds() / 60)
