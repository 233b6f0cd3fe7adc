"""The body of a location report: 28 bytes of basic information, then additional items (message 0x0200; the same bytes in 0x0201 and
in each entry of 0x0704). One layout for 2011, 2013 and 2019; the editions differ in what some bits mean."""

from __future__ import annotations

from typing import Any

from haihe.packs.transport.jt808.bits import ALARMS, SOUTH_BIT, STATUS, WEST_BIT, names
from haihe.packs.transport.jt808.fields import U16, U32, Field, Number, Reader, iso_time, read_fields, write_fields
from haihe.packs.transport.jt808.fields import Octets as Raw
from haihe.packs.transport.jt808.issues import Issue
from haihe.packs.transport.jt808.items import read_items, write_items

BASIC_LENGTH_BYTES = 28
# Entries of a batch: more than 35 whole ones do not fit into a body; empty ones shall not cost more than a photo.
BATCH_LIMIT = 512

BASIC = (
    Field("alarm_bits", U32, "报警标志", "alarm bits"),
    Field("status_bits", U32, "状态", "status bits"),
    Field("latitude_deg", Number(4, 1_000_000), "纬度", "latitude", "°"),
    Field("longitude_deg", Number(4, 1_000_000), "经度", "longitude", "°"),
    Field("altitude_m", U16, "高程", "altitude", "m"),
    Field("speed_kmh", Number(2, 10), "速度", "speed", "km/h"),
    Field("heading_deg", U16, "方向", "heading", "°"),
    Field("time_bcd", Raw(6), "时间", "time"),
)


def read_location(reader: Reader) -> dict[str, Any]:
    """The location in the rest of `reader`; one cut within its basic information is given as far as it goes."""
    sent = read_fields(BASIC, reader)
    if len(sent) < len(BASIC):
        return sent | {"cut": reader.rest().hex()}
    time = iso_time(sent["time_bcd"])
    status = sent["status_bits"]
    found = {"time": time} | ({} if time else {"time_bcd": sent["time_bcd"]})
    found |= {
        "longitude_deg": -sent["longitude_deg"] if status & WEST_BIT and sent["longitude_deg"] else sent["longitude_deg"],
        "latitude_deg": -sent["latitude_deg"] if status & SOUTH_BIT and sent["latitude_deg"] else sent["latitude_deg"],
        **{name: sent[name] for name in ("altitude_m", "speed_kmh", "heading_deg", "alarm_bits", "status_bits")},
        "alarms": names(ALARMS, sent["alarm_bits"], reader.version),
        "status": names(STATUS, status, reader.version),
    }  # fmt: skip
    _note_odd_values(sent, time, reader)
    found["items"] = read_items(reader.rest(), reader)
    return found


def _note_odd_values(sent: dict[str, Any], time: str | None, reader: Reader) -> None:
    for odd, issue, name in (
        (time is None, Issue.TIME, "time"),
        (sent["latitude_deg"] > 90, Issue.LATITUDE, "latitude_deg"),
        (sent["longitude_deg"] > 180, Issue.LONGITUDE, "longitude_deg"),
        (sent["heading_deg"] > 359, Issue.HEADING, "heading_deg"),
    ):
        if odd:
            reader.note(issue, name)


def write_location(given: dict[str, Any]) -> bytes:
    """The inverse of `read_location`. Hemispheres are taken from the signs where the status bits do not say them already."""
    values: dict[str, Any] = dict(given)
    status = values.get("status_bits", 0)
    status |= WEST_BIT if values.get("longitude_deg", 0) < 0 else 0
    status |= SOUTH_BIT if values.get("latitude_deg", 0) < 0 else 0
    defaults: dict[str, Any] = {
        "alarm_bits": 0,
        "altitude_m": 0,
        "speed_kmh": 0,
        "heading_deg": 0,
        "time_bcd": "0" * 12,
    }
    values = defaults | values | {"status_bits": status}
    for name in ("longitude_deg", "latitude_deg"):
        if name in values:
            values[name] = abs(values[name])
    if values.get("time"):
        values["time_bcd"] = "".join(sign for sign in values["time"][2:19] if sign.isdigit())
    return write_fields(BASIC, values) + write_items(values.get("items", {}))


class LocationBody:
    """A location as the rest of a body; its fields stand beside the others of the message."""

    def read(self, reader: Reader, name: str) -> dict[str, Any]:
        return read_location(reader)

    def write(self, value: Any) -> bytes:
        return write_location(value)


class LocationBasic:
    """The 28 bytes of basic information within another list or in front of a file."""

    def read(self, reader: Reader, name: str) -> dict[str, Any]:
        part = Reader(reader.take(BASIC_LENGTH_BYTES), reader.version, notes=reader.notes, where=name)
        found = read_location(part)
        del found["items"]
        return found

    def write(self, value: Any) -> bytes:
        return write_location(value)


class Batch:
    """Entries of 0x0704: length 2 bytes and a location each, until the body ends."""

    def read(self, reader: Reader, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while reader.position < len(reader.data) and len(rows) < BATCH_LIMIT:
            left = len(reader.data) - reader.position - 2
            if left < 0:
                break
            size = int.from_bytes(reader.take(2), "big")
            if size > left:
                reader.note(Issue.BATCH, f"{name}[{len(rows)}]")
            part = Reader(
                reader.take(min(size, left)), reader.version, notes=reader.notes, where=f"{name}[{len(rows)}]"
            )
            rows.append(read_location(part))
        if reader.position < len(reader.data):
            reader.note(Issue.BATCH, name)
            reader.rest()
        return rows

    def write(self, value: Any) -> bytes:
        entries = [write_location(row) for row in value]
        return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
