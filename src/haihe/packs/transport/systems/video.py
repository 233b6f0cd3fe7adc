"""TRA-04: what a camera in a vehicle recognised reaches who is on duty together with its clips, and clips are read for a purpose only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from haihe.kernel.systems import Client, Live, Saw, ScratchDistrict, expect, expect_refusal, provides
from haihe.packs.transport.models import Report
from haihe.packs.transport.systems.fleet import EAST_DEG, NORTH_DEG, alerts_about, register

CARRIER, OTHER = "视频检查客运公司", "视频检查另一公司"
RULE, TELEPHONE = "transport.active_safety", 2  # the driver telephones, by the camera that watches the driver
# A real picture of one pixel, and a clip of which only the beginning is one: what is stored are bytes.
CLIP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 300
BY_HAND = (
    "在“预警”打开一条“主动安全报警”：证据里有终端报警编号和附件数量，督查写明理由后要求终端上传；收到后在车辆的“终端上报”里选目的查看。"
    "没有权限的账号看不到，“审计”里每次查看都有人、时间和目的。",
    "Under Alerts open an active-safety alarm: its evidence names the alarm and its number of attachments, and a supervisor asks the terminal for them with a reason; what came is read under the vehicle's reports for a purpose. "
    "An account without the right does not see them, and the audit record has who read what, when and why.",
)  # fmt: skip


def newest_media(at: datetime) -> Live | None:
    """The newest clip or picture of a vehicle here, and whether a simulated one sent it."""
    rows = Report.objects.filter(kind=Report.Kind.MEDIA).exclude(file=None).order_by("-received_at")
    newest = rows.values_list("received_at", "vehicle__thing__attributes").first()
    return Live(newest[0], synthetic=bool(newest[1].get("synthetic"))) if newest else None


@provides(
    "TRA-04", "车载视频识别的事件连同视频编号送到值班人员，视频的查看受限并留痕。", live=newest_media, by_hand=BY_HAND
)
def in_vehicle_video(scratch: ScratchDistrict) -> Saw:
    """A passenger vehicle's camera sees its driver telephone: the carrier's officer on duty finds the event with the reference to a
    picture and a clip, which the terminal is asked for; the officer reads the clip for a purpose, nobody without the right does, and
    the audit record says who did. Pictures that run live are no part of it."""
    supervisor = scratch.account("supervisor")
    vehicle = register(scratch, supervisor, CARRIER, ("检A0401",), "18004", "intercity_bus")[0]
    officer = scratch.account("officer", CARRIER)
    post = _on_duty(officer)
    with _Camera(scratch, vehicle) as camera:
        camera.see(TELEPHONE)
        alert = scratch.until(lambda: alerts_about(officer, RULE, [vehicle]), "视频识别的事件没有送到值班人员。", "The event did not reach the officer on duty.")[0]  # fmt: skip
        told = {name: alert["evidence"].get(name) for name in camera.reference}
        expect(alert["key"] == "telephone" and told == camera.reference, "事件没有视频编号。", "The event does not refer to its clips.", str(told))  # fmt: skip
        officer.post(f"/alerts/{alert['id']}/steps/acknowledge", {"text": "值班员受理"})
        clips = f"/transport/alerts/{alert['id']}/attachments"
        supervisor.post(clips, {"reason": "核查驾驶时打电话", "address": camera.host})
        camera.upload()
    reports = scratch.until(lambda: _all_there(officer, clips), "视频没有收到。", "The clips did not arrive.")
    refused = _read(scratch, officer, vehicle, reports[-1])
    return Saw(
        f"客车驾驶员监测摄像头识别的“接打电话”到达在岗值班员（岗位 {post}），带报警编号和 2 个附件；值班员写明目的后看到原视频，未写目的、外单位和领导账号被拒绝，查看记入审计。不含实时视频，也不识别乘客。",
        f"The telephoning that a coach's camera recognised reached the officer on duty (post {post}) with the alarm's number and 2 attachments; for a stated purpose the officer got the clip as it was sent, without one, and for another carrier and a viewer, it was refused, and the reading is in the audit record. Live video and the watching of passengers are no part of it.",
        {"events": 1, "clips": len(reports), "refused": refused},
    )  # fmt: skip


def _on_duty(officer: Client) -> str:
    """A post of the carrier that the officer mans from now on; its name."""
    post, now = officer.post("/rosters", {"organisation": CARRIER, "name": "视频监控室"}), datetime.now(UTC)
    shift = {"person": officer.username, "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=24)).isoformat()}  # fmt: skip
    officer.post(f"/rosters/{post['id']}/shifts", shift)
    officer.post(f"/rosters/{post['id']}/take-over")
    found = officer.get(f"/rosters/{post['id']}")
    expect(found["on_duty"], "值班员没有在岗。", "Nobody is on duty.", str(found))
    return str(found["name"])


def _all_there(officer: Client, address: str) -> list[int]:
    upload = officer.get(address)
    return list(upload["reports"]) if len(upload["reports"]) == upload["announced"] == 2 else []


def _read(scratch: ScratchDistrict, officer: Client, vehicle: Mapping[str, Any], report: int) -> int:
    """The clip is what was sent, nobody reads it without the right or a purpose, and the record names who did; how many were refused."""
    address = f"/transport/reports/{report}/read"
    other = scratch.account("officer", scratch.unit(OTHER, kind="enterprise"))
    refusals = ((officer, "curiosity", 422), (scratch.account("viewer"), "own", 403), (other, "own", 404))
    for who, purpose, status in refusals:
        expect_refusal(
            partial(who.fetch, address, purpose=purpose), status, "无权或无目的也能看视频。", "A clip was given without the right or a purpose."
        )  # fmt: skip
    expect(officer.fetch(address, purpose="own") == CLIP, "看到的不是原视频。", "The clip is not what was sent.")
    rows = scratch.account("auditor").get("/audit", action="report.read")
    mine = [row for row in rows if row["details"].get("vehicle") == vehicle["plate"]]
    expect(
        [row["actor_name"] for row in mine] == [officer.username] and mine[0]["details"]["purpose"],
        "查看视频没有留痕。", "The reading is not in the audit record.", str(mine)[:200],
    )  # fmt: skip
    return len(refusals)


class _Camera:
    """The terminal of a vehicle with a camera on its driver: tells of an event, and sends its files when it is asked."""

    def __init__(self, scratch: ScratchDistrict, vehicle: Mapping[str, Any]) -> None:
        from haihe.packs.transport.simulator.calling import CallingTerminal

        self.host, port = scratch.feed_address("jt808")
        self.terminal = CallingTerminal(port, vehicle["phone"], plate=vehicle["plate"], host=self.host)
        self.at = datetime.now(UTC).replace(microsecond=0)
        self.reference: dict[str, Any] = {}

    def __enter__(self) -> _Camera:
        self.terminal.sign_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.close()

    def see(self, kind: int) -> None:
        """Report where the vehicle is, with an alarm of the second level by the camera that watches the driver."""
        from haihe.packs.transport.jt808.build import CHINA, location_body
        from haihe.packs.transport.jt808.items import write_items

        time = self.at.astimezone(CHINA).isoformat()
        identifier = {"terminal_id": "0000001", "time": time, "number": 0, "attachments": 2, "reserved": "00"}
        place = {"speed_kmh": 60, "altitude_m": 0, "latitude_deg": NORTH_DEG, "longitude_deg": EAST_DEG, "time": time, "vehicle_status_bits": 0}  # fmt: skip
        alarm = {"alarm_id": 1, "state": 0, "type": kind, "level": 2, "fatigue_level": 0, "reserved": "00000000", **place, "identifier": identifier}  # fmt: skip
        body = location_body(self.at, EAST_DEG, NORTH_DEG, 60) + write_items({"0x65": {"value": alarm}})
        answer = self.terminal.ask(self.terminal.terminal.frame(0x0200, body))
        expect(answer["result"] == 0, "事件没有被接收。", "The event was not taken.")
        self.reference = {"alarm_terminal": "0000001", "alarm_time": time, "alarm_number": 0, "attachments": 2}

    def upload(self) -> None:
        """Hear the order to upload and send a picture and a clip to the port that it names."""
        from haihe.packs.transport.jt808.attachments import write_piece
        from haihe.packs.transport.simulator.answering import PIXEL, Answering
        from haihe.packs.transport.simulator.calling import CallingTerminal

        asked = self.terminal.hear() or {}
        expect(asked.get("message_id") == "0x9208", "终端没有收到上传指令。", "The terminal was not asked for its files.", str(asked)[:200])  # fmt: skip
        self.terminal.send(self.terminal.terminal.reply(asked["serial"], 0x9208))
        body = asked["body"]
        line = CallingTerminal(body["tcp_port"], self.terminal.phone, host=body["address"])
        say, number = Answering(line.terminal).say, body["alarm_number"]
        files = {f"00_65_6502_0_{number}.jpg": PIXEL, f"02_65_6502_1_{number}.mp4": CLIP}
        rows = [{"name": name, "size_bytes": len(data)} for name, data in files.items()]
        told = {"terminal_id": "0000001", "identifier": body["identifier"], "alarm_number": number, "again": 0, "files": rows}  # fmt: skip
        answers = [line.ask(say(0x1210, told)[0])]
        for kind, (name, data) in zip((0, 2), files.items(), strict=True):
            file = {"name": name, "kind": kind, "size_bytes": len(data)}
            answers.append(line.ask(say(0x1211, file)[0]))
            for offset in range(0, len(data), 65_536):
                line.send(write_piece(name, offset, data[offset : offset + 65_536]))
            line.send(say(0x1212, file)[0])
            answers.append((line.hear() or {"body": {"result": -1}})["body"])
        line.close()
        expect(all(answer["result"] == 0 for answer in answers), "附件没有被接收。", "The files were not taken.", str(answers)[:200])  # fmt: skip
