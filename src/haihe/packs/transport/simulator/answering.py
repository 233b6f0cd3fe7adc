"""What a simulated terminal does when it is given an order: it keeps parameters and areas, takes pictures, and answers as the standard says.

Its picture is a real JPEG of one grey pixel and its driver has a made-up name; both are marked synthetic by the vehicle they belong to.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from haihe.packs.transport.jt808.build import Terminal, location_body
from haihe.packs.transport.jt808.codec import encode_all, read_body
from haihe.packs.transport.jt808.frame import Header
from haihe.packs.transport.jt808.issues import Note
from haihe.packs.transport.jt808.packages import Assembly, Held, Sent, Whole
from haihe.packs.transport.jt808.parameters import PARAMETERS

DONE, FAILED, UNSUPPORTED = 0, 1, 3
PIXEL = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/"
    "yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k="
)
DRIVER = {
    "state": 1,
    "result": 0,
    "name": "模拟驾驶员",
    "qualification": "SYNTHETIC",
    "issuer": "模拟",
    "valid_until": "20991231",
}
AREA_KINDS = {0x8600: 1, 0x8602: 2, 0x8604: 3, 0x8606: 4}
DELETED_KINDS = {0x8601: 1, 0x8603: 2, 0x8605: 3, 0x8607: 4}


def china_now() -> str:
    from haihe.packs.transport.jt808.build import CHINA

    return datetime.now(CHINA).strftime("%Y-%m-%dT%H:%M:%S+08:00")


@dataclass
class Answering:
    """One terminal's memory of its orders. `where()` gives its longitude, latitude and speed."""

    terminal: Terminal
    where: Callable[[], tuple[float, float, float]] = lambda: (117.5, 39.1, 0.0)
    parameters: dict[int, Any] = field(
        default_factory=lambda: {0x0001: 60, 0x0029: 10, 0x0055: 80, 0x0056: 10, 0x0083: "", 0x0084: 2}
    )
    areas: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    media: dict[int, dict[str, Any]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    events: dict[int, str] = field(default_factory=dict)
    contacts: list[dict[str, Any]] = field(default_factory=list)
    tracking_s: int = 0
    files_asked: list[dict[str, Any]] = field(default_factory=list)
    locked: bool = False
    assembly: Assembly = field(default_factory=lambda: Assembly(Held()))
    sent: Sent = field(default_factory=Sent)

    def hear(self, message: dict[str, Any]) -> list[bytes]:
        """Frames that answer a message of the platform as `codec.decode` gives it."""
        number, body = int(message["message_id"], 16), message["body"]
        said = body.get("header", {})
        if said.get("package_count", 0) > 1:
            header = Header(number, 0, message["version"], message["phone"], message["serial"], None, said["package_count"], said["package_number"])  # fmt: skip
            found = self.assembly.take(header, bytes.fromhex(body["hex"]))
            if not isinstance(found, Whole):
                return [self.terminal.reply(message["serial"], number, FAILED if isinstance(found, str) else DONE)]
            notes: list[Note] = []
            body = read_body(number, message["version"], found.body, notes)
        act = _ACTS.get(number)
        if act is None:
            return (
                [self.terminal.reply(message["serial"], number, UNSUPPORTED)]
                if number >= 0x8103 and number != 0x8800
                else []
            )
        return act(self, message["serial"], number, body)

    def say(self, message_id: int, body: dict[str, Any]) -> list[bytes]:
        """A message of the terminal's own, in as many packages as it needs."""
        self.terminal.serial = (self.terminal.serial + 1) & 0xFFFF
        first = self.terminal.serial
        frames = encode_all({"message_id": f"0x{message_id:04X}", "version": self.terminal.version, "phone": self.terminal.phone, "serial": first, "body": body})  # fmt: skip
        self.terminal.serial = (first + len(frames) - 1) & 0xFFFF
        if len(frames) > 1:
            self.sent.keep(first, frames)
        return frames

    def location(self) -> dict[str, Any]:
        longitude, latitude, speed = self.where()
        body = location_body(datetime.now(UTC), longitude, latitude, speed)
        found = read_body(0x0200, self.terminal.version, body, [])
        return {name: value for name, value in found.items() if name != "items"}

    # --- acts, by message ---------------------------------------------------------------------------------------------

    def _ok(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return [self.terminal.reply(serial, number, DONE)]

    def _text(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.texts.append(body["text"])
        return self._ok(serial, number, body)

    def _set_parameters(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.parameters |= {int(row["id"], 16): row["value"] for row in body["parameters"] if "value" in row}
        return self._ok(serial, number, body)

    def _tell_parameters(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        asked = [int(row["id"], 16) for row in body.get("ids", [])] or sorted(self.parameters)
        rows = [
            {"id": f"0x{each:04X}", "value": self.parameters[each]}
            for each in asked
            if each in self.parameters and each in PARAMETERS
        ]
        return self.say(0x0104, {"reply_serial": serial, "parameters": rows})

    def _attributes(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self.say(0x0107, {
            "type_bits": 0b100, "maker": "HAIHE", "model": "SIM", "terminal_id": "0000001", "iccid": "8986" + "0" * 16, "hardware_version": "1.0",
            "firmware_version": "1.0", "gnss_bits": 3, "network_bits": 1 << 5,
        })  # fmt: skip

    def _where(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self.say(0x0201, {"reply_serial": serial, **self.location()})

    def _track(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.tracking_s = body["interval_s"]
        return self._ok(serial, number, body)

    def _question(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        first = body["answers"][0]["id"] if body["answers"] else 0
        return [*self._ok(serial, number, body), *self.say(0x0302, {"reply_serial": serial, "id": first})]

    def _events(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.events = {row["id"]: row["text"] for row in body.get("events", [])}
        return self._ok(serial, number, body)

    def _contacts(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.contacts = body.get("contacts", [])
        return self._ok(serial, number, body)

    def _door(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.locked = body["controls"][0]["value"] == 0 if "controls" in body else bool(body["flags"] & 1)
        location = self.location()
        location["status_bits"] = location["status_bits"] & ~(1 << 12) | (int(self.locked) << 12)
        return self.say(0x0500, {"reply_serial": serial, **location})

    def _set_areas(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        for area in body.get("areas", [body]):
            self.areas[AREA_KINDS[number], area["id"]] = {
                name: value for name, value in area.items() if name not in ("header", "layout")
            }
        return self._ok(serial, number, body)

    def _delete_areas(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        ids = {row["id"] for row in body["ids"]}
        self.areas = {
            key: area
            for key, area in self.areas.items()
            if key[0] != DELETED_KINDS[number] or (ids and key[1] not in ids)
        }
        return self._ok(serial, number, body)

    def _tell_areas(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        ids = {row["id"] for row in body["ids"]}
        found = [
            area for (kind, number), area in self.areas.items() if kind == body["kind"] and (not ids or number in ids)
        ]
        return self.say(0x0608, {"kind": body["kind"], "areas": found})

    def _photograph(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        taken = []
        for _ in range(min(body["command"], 20)):
            media_id = len(self.media) + 1
            self.media[media_id] = {
                "media_id": media_id,
                "kind": 0,
                "format": 0,
                "event": 0,
                "channel": body["channel"],
                "location": self.location(),
            }
            taken.append(media_id)
        frames = self.say(
            0x0805, {"reply_serial": serial, "result": DONE, "media": [{"media_id": each} for each in taken]}
        )
        return frames + ([] if body["keep"] else [frame for each in taken for frame in self._upload(each)])

    def _upload(self, media_id: int) -> list[bytes]:
        return self.say(0x0801, self.media[media_id] | {"data": PIXEL.hex()})

    def _found(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        names = ("media_id", "kind", "channel", "event", "location")
        rows = [{name: each[name] for name in names} for each in self._asked(body)]
        return self.say(0x0802, {"reply_serial": serial, "media": rows})

    def _asked(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            each
            for each in self.media.values()
            if each["kind"] == body["kind"] and body["channel"] in (0, each["channel"])
        ]

    def _upload_found(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self._ok(serial, number, body) + [
            frame for each in self._asked(body) for frame in self._upload(each["media_id"])
        ]

    def _upload_one(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        if body["media_id"] not in self.media:
            return [self.terminal.reply(serial, number, FAILED)]
        return self._ok(serial, number, body) + self._upload(body["media_id"])

    def _driver(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        card = DRIVER | {"time": china_now()} | ({"id_card": "SYNTHETIC"} if self.terminal.version == "2019" else {})
        return [*self._ok(serial, number, body), *self.say(0x0702, card)]

    def _recorder(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self.say(0x0700, {"reply_serial": serial, "command": body["command"], "data": body["data"]})

    def _key(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self.say(0x0A00, {"exponent": 65537, "modulus": "01" * 128})

    def _upgrade(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return [*self._ok(serial, number, body), *self.say(0x0108, {"part": body["part"], "result": DONE})]

    def _attachments(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        self.files_asked.append(body)
        return self._ok(serial, number, body)

    def _again(self, serial: int, number: int, body: dict[str, Any]) -> list[bytes]:
        return self.sent.again(body["first_serial"], [row["number"] for row in body["packages"]])


Act = Callable[[Answering, int, int, dict[str, Any]], list[bytes]]
_ACTS: dict[int, Act] = {
    0x8003: Answering._again, 0x8103: Answering._set_parameters, 0x8104: Answering._tell_parameters, 0x8106: Answering._tell_parameters,
    0x8105: Answering._ok, 0x8107: Answering._attributes, 0x8108: Answering._upgrade, 0x8201: Answering._where, 0x8202: Answering._track,
    0x8203: Answering._ok, 0x8204: Answering._ok, 0x8300: Answering._text, 0x8301: Answering._events, 0x8302: Answering._question,
    0x8303: Answering._ok, 0x8304: Answering._ok, 0x8400: Answering._ok, 0x8401: Answering._contacts, 0x8500: Answering._door,
    **dict.fromkeys(AREA_KINDS, Answering._set_areas), **dict.fromkeys(DELETED_KINDS, Answering._delete_areas), 0x8608: Answering._tell_areas,
    0x8700: Answering._recorder, 0x8701: Answering._ok, 0x8702: Answering._driver, 0x8801: Answering._photograph, 0x8802: Answering._found,
    0x8803: Answering._upload_found, 0x8804: Answering._ok, 0x8805: Answering._upload_one, 0x8900: Answering._ok, 0x8A00: Answering._key,
    0x9208: Answering._attachments,
}  # fmt: skip
