"""Valid frames for simulators and load generators, quickly: constant bytes are prepared once and the rest is written over them.

`Terminal` is one device; `location_frames` makes one location for each of many devices at once.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haihe.packs.transport.jt808.acks import build_frames
from haihe.packs.transport.jt808.bits import SOUTH_BIT, WEST_BIT
from haihe.packs.transport.jt808.codec import encode
from haihe.packs.transport.jt808.frame import FLAG, Header, build_frame, checksum, escape, unescape

CHINA = timezone(timedelta(hours=8))
ACC_ON_POSITIONED = 0b11
_LOCATION = struct.Struct(">IIIIHHH6sBBIBBB")  # basic information, then mileage 0x01 and satellites 0x31


def _bcd_time(at: datetime) -> bytes:
    return bytes.fromhex(at.astimezone(CHINA).strftime("%y%m%d%H%M%S"))


def location_body(
    at: datetime, longitude_deg: float, latitude_deg: float, speed_kmh: float = 0, heading_deg: int = 0, *,
    altitude_m: int = 0, mileage_km: float = 0, alarm_bits: int = 0, status_bits: int = ACC_ON_POSITIONED, satellites: int = 12,
) -> bytes:  # fmt: skip
    """The body of a location report with mileage and satellites; `at` is an aware datetime."""
    status_bits |= (WEST_BIT if longitude_deg < 0 else 0) | (SOUTH_BIT if latitude_deg < 0 else 0)
    return _LOCATION.pack(
        alarm_bits, status_bits, round(abs(latitude_deg) * 1e6), round(abs(longitude_deg) * 1e6), altitude_m, round(speed_kmh * 10),
        heading_deg, _bcd_time(at), 0x01, 4, round(mileage_km * 10), 0x31, 1, satellites,
    )  # fmt: skip


@dataclass
class Terminal:
    """One device: it counts its own serials and speaks the edition of `version`."""

    phone: str
    version: str = "2013"
    plate: str = ""
    plate_colour: int = 2
    serial: int = 0
    _heads: dict[int, bytearray] = field(default_factory=dict, repr=False)

    def frame(self, message_id: int, body: bytes) -> bytes:
        """Any message of this device; for repeated messages quicker than `frame.build_frame`."""
        key = message_id << 16 | len(body)
        data = self._heads.get(key)
        if data is None:
            data = self._heads[key] = self._head(message_id, len(body))
        start = len(data) - len(body)
        data[start - 2 : start] = self._next_serial()
        data[start:] = body
        return FLAG + escape(bytes(data) + bytes([checksum(bytes(data))])) + FLAG

    def _head(self, message_id: int, size: int) -> bytearray:
        head = Header(message_id, 0, self.version, self.phone, 0)
        return bytearray(unescape(build_frame(head, bytes(size))[1:-1])[0][:-1])

    def _next_serial(self) -> bytes:
        self.serial = (self.serial + 1) & 0xFFFF
        return self.serial.to_bytes(2, "big")

    def registration(self, maker: str = "HAIHE", model: str = "SIM", terminal_id: str = "0000001") -> bytes:
        body = {
            "province": 12, "city": 116, "maker": maker, "model": model, "terminal_id": terminal_id, "plate_colour": self.plate_colour,
            "plate": self.plate,
        }  # fmt: skip
        return self._encoded("0x0100", body)

    def authentication(self, code: str, imei: str = "", software_version: str = "") -> bytes:
        body: dict[str, Any] = {"auth_code": code}
        if self.version == "2019":
            body |= {"imei": imei, "software_version": software_version}
        return self._encoded("0x0102", body)

    def heartbeat(self) -> bytes:
        return self.frame(0x0002, b"")

    def location(
        self, at: datetime, longitude_deg: float, latitude_deg: float, speed_kmh: float = 0, **more: Any
    ) -> bytes:
        """A location report; `more` as in `location_body`."""
        return self.frame(0x0200, location_body(at, longitude_deg, latitude_deg, speed_kmh, **more))

    def batch(self, bodies: list[bytes], blind_spot: bool = True) -> bytes:
        """Several bodies of `location_body` sent later in one message 0x0704."""
        entries = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
        return self.frame(0x0704, len(bodies).to_bytes(2, "big") + bytes([blind_spot]) + entries)

    def reply(self, serial: int, message_id: int, result: int = 0) -> bytes:
        """The terminal's general reply to a message of the platform."""
        return self.frame(0x0001, struct.pack(">HHB", serial, message_id, result))

    def _encoded(self, message_id: str, body: dict[str, Any]) -> bytes:
        serial = int.from_bytes(self._next_serial(), "big")
        return encode(
            {"message_id": message_id, "version": self.version, "phone": self.phone, "serial": serial, "body": body}
        )


def location_frames(
    phones: NDArray[np.bytes_], serials: NDArray[Any], at: datetime, longitude_deg: NDArray[Any], latitude_deg: NDArray[Any],
    speed_kmh: NDArray[Any], heading_deg: NDArray[Any], mileage_km: NDArray[Any], version: int = 2013,
) -> list[bytes]:  # fmt: skip
    """One location report for each of many devices at one time, eastern longitudes and northern latitudes. `phones`: ASCII
    digits, all 12 (2019: 20) of them."""
    body = np.zeros(len(phones), np.dtype(
        [("alarm", ">u4"), ("status", ">u4"), ("lat", ">u4"), ("lon", ">u4"), ("altitude", ">u2"), ("speed", ">u2"), ("heading", ">u2"),
         ("time", "V6"), ("mileage_head", ">u2"), ("mileage", ">u4"), ("satellites_head", ">u2"), ("satellites", "u1")]
    ))  # fmt: skip
    body["status"], body["mileage_head"], body["satellites_head"], body["satellites"] = (
        ACC_ON_POSITIONED,
        0x0104,
        0x3101,
        12,
    )
    for name, values, factor in (
        ("lat", latitude_deg, 1e6), ("lon", longitude_deg, 1e6), ("speed", speed_kmh, 10), ("heading", heading_deg, 1), ("mileage", mileage_km, 10),
    ):  # fmt: skip
        body[name] = np.rint(np.asarray(values) * factor)
    body["time"] = np.void(_bcd_time(at))
    octets = body.view(np.uint8).reshape(len(phones), -1)
    return build_frames(
        np.full(len(phones), 0x0200), np.full(len(phones), version), phones, np.asarray(serials), octets
    )
