"""The additional items of a location (id 1 byte, length 1 byte, value), one row each.

Read in: yezhihao/jt808-server (AttributeKey and the converters of its attributes, which cite tables 28–32 of JT/T 808-2019 and
13–15 of JT/T 1078-2016), emqx/emqx (exchange guide of its JT/T 808 gateway) and the published frames of both. The standards'
own pages were not read, therefore every row's source is unverified.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from haihe.packs.transport.jt808.active_safety import ACTIVE_SAFETY
from haihe.packs.transport.jt808.bits import IO_STATUS, UNVERIFIED, VEHICLE_SIGNALS, VIDEO_ALARMS, Bit, names
from haihe.packs.transport.jt808.fields import U8, U16, U32, Field, Kind, Number, Reader, read_fields, write_fields
from haihe.packs.transport.jt808.issues import Issue

# No message of the standard is long enough for more; a list of empty items would otherwise cost as much as a photo.
ITEM_LIMIT = 512


@dataclass(frozen=True)
class Temperature:
    """Degrees with the highest bit for "below zero". The standard's range of ±32767 means sign and magnitude, yet terminals
    also send two's complement: of the two readings the one nearer to zero is the temperature."""

    def read(self, reader: Reader, name: str) -> int:
        sent = int.from_bytes(reader.take(2), "big")
        return temperature(sent)

    def write(self, value: Any) -> bytes:
        return (value if value >= 0 else 0x8000 - value).to_bytes(2, "big")


def temperature(sent: int) -> int:
    if sent < 0x8000:
        return sent
    return 0x8000 - sent if sent < 0xC000 else sent - 0x10000


@dataclass(frozen=True)
class Fields:
    """A value made of several fields."""

    rows: tuple[Field, ...]

    def read(self, reader: Reader, name: str) -> dict[str, Any]:
        return read_fields(self.rows, reader)

    def write(self, value: Any) -> bytes:
        return write_fields(self.rows, value)


@dataclass(frozen=True)
class TyrePressures:
    """One byte a wheel from the front left on; 0xFF stands for "no such wheel" and is None."""

    def read(self, reader: Reader, name: str) -> list[int | None]:
        return [None if byte == 0xFF else byte for byte in reader.rest()]

    def write(self, value: Any) -> bytes:
        return bytes(0xFF if pressure is None else pressure for pressure in value)


@dataclass(frozen=True)
class Item:
    """One additional item. `lengths` are those that the standard gives (empty: any)."""

    id: int
    zh: str
    en: str
    kind: Kind
    unit: str = ""
    lengths: tuple[int, ...] = ()
    bits: tuple[Bit, ...] = ()
    since: str = "2011"
    source: str = UNVERIFIED

    @property
    def name(self) -> str:
        return f"{self.zh} {self.en}"


_AREA = (
    Field("position_type", U8, "位置类型：0 无，1 圆形，2 矩形，3 多边形，4 路段", "0 none, 1 circle, 2 rectangle, 3 polygon, 4 road section"),
    Field("area_id", U32, "区域或路段 ID", "area or section"),
)  # fmt: skip
_AREA_PASSED = (*_AREA, Field("direction", U8, "方向：0 进，1 出", "0 entered, 1 left"))
_SECTION = (
    Field("section_id", U32, "路段 ID", "road section"),
    Field("driving_time_s", U16, "路段行驶时间", "driving time", "s"),
    Field("result", U8, "结果：0 不足，1 过长", "0 too short, 1 too long"),
)
_ANALOG = (Field("ad1", U16, "AD1", "AD1"), Field("ad0", U16, "AD0", "AD0"))
_BEHAVIOUR = (
    Field("type_bits", U16, "类型：位 0 疲劳，1 打电话，2 抽烟", "bit 0 fatigue, 1 telephone, 2 smoking"),
    Field("fatigue_level", U8, "疲劳程度 0–100", "level of fatigue 0–100"),
)

ITEMS: dict[int, Item] = {
    item.id: item
    for item in (
        Item(0x01, "里程", "mileage", Number(4, 10), "km", (4,)),
        Item(0x02, "油量", "fuel", Number(2, 10), "L", (2,)),
        Item(0x03, "行驶记录速度", "speed of the recorder", Number(2, 10), "km/h", (2,)),
        Item(0x04, "须人工确认的报警事件", "alarm event to confirm", U16, "", (2,), since="2013"),
        Item(0x05, "胎压", "tyre pressures", TyrePressures(), "Pa", (30,), since="2019"),
        Item(0x06, "车厢温度", "compartment temperature", Temperature(), "℃", (2,), since="2019"),
        Item(0x11, "超速报警附加信息", "overspeed alarm details", Fields(_AREA), "", (1, 5)),
        Item(0x12, "进出区域/路线报警附加信息", "area or route alarm details", Fields(_AREA_PASSED), "", (6,)),
        Item(0x13, "路段行驶时间报警附加信息", "section time alarm details", Fields(_SECTION), "", (7,)),
        Item(0x14, "视频相关报警", "video alarms", U32, "", (4,), VIDEO_ALARMS, "JT/T 1078-2016"),
        Item(0x15, "视频信号丢失通道", "channels without video signal", U32, "", (4,), since="JT/T 1078-2016"),
        Item(0x16, "视频信号遮挡通道", "channels with covered video signal", U32, "", (4,), since="JT/T 1078-2016"),
        Item(0x17, "存储器故障", "storage faults", U16, "", (2,), since="JT/T 1078-2016"),
        Item(0x18, "异常驾驶行为", "abnormal driving", Fields(_BEHAVIOUR), "", (2, 3), since="JT/T 1078-2016"),
        Item(0x25, "扩展车辆信号状态", "vehicle signals", U32, "", (4,), VEHICLE_SIGNALS, "2013"),
        Item(0x2A, "IO 状态", "input/output status", U16, "", (2,), IO_STATUS, "2013"),
        Item(0x2B, "模拟量", "analog inputs", Fields(_ANALOG), "", (4,), since="2013"),
        Item(0x30, "无线通信网络信号强度", "network signal strength", U8, "", (1,), since="2013"),
        Item(0x31, "GNSS 定位卫星数", "positioning satellites", U8, "", (1,), since="2013"),
        *(Item(number, zh, en, Fields(rows), "", (), since="T/JSATL 12-2017") for number, zh, en, rows in ACTIVE_SAFETY),
    )
}  # fmt: skip


def read_items(data: bytes, reader: Reader) -> dict[str, dict[str, Any]]:
    """Items by id, in the order sent; an id that comes again is "0x01#2". Issues go to `reader`."""
    found: dict[str, dict[str, Any]] = {}
    position = 0
    for _ in range(ITEM_LIMIT):
        if position >= len(data):
            break
        end = position + 2 + data[position + 1] if position + 1 < len(data) else len(data) + 1
        if end > len(data):
            break
        key = _free_key(f"0x{data[position]:02X}", found)
        found[key] = read_item(data[position], data[position + 2 : end], reader, key)
        position = end
    if position < len(data):
        reader.note(Issue.ITEMS_CUT, "items")
        found["cut"] = {"hex": data[position:].hex()}
    return found


def _free_key(key: str, found: dict[str, dict[str, Any]]) -> str:
    if key not in found:
        return key
    number = 2
    while f"{key}#{number}" in found:
        number += 1
    return f"{key}#{number}"


def read_item(number: int, data: bytes, reader: Reader, key: str) -> dict[str, Any]:
    """One item: its bytes, and for the items of the standards name, value and unit."""
    if number == 0xEB:
        return _read_blocks(data)
    item = ITEMS.get(number)
    if item is None:
        return {"hex": data.hex()}
    if item.lengths and len(data) not in item.lengths:
        reader.note(Issue.ITEM_LENGTH, f"items.{key}")
        if number != 0x05:  # terminals send as many wheels as there are
            return {"name": item.name, "hex": data.hex()}
    within = Reader(data, reader.version)
    found: dict[str, Any] = {"name": item.name, "value": item.kind.read(within, key)}
    if item.unit:
        found["unit"] = item.unit
    if item.bits:
        found["set"] = names(item.bits, found["value"])
    return found | {"hex": data.hex()}


def _read_blocks(data: bytes) -> dict[str, Any]:
    """Makers' blocks within 0xEB: length 2 bytes (the id included), id 2 bytes, value. Anything else stays as bytes."""
    blocks: dict[str, dict[str, Any]] = {}
    position = 0
    while position + 4 <= len(data):
        end = position + 2 + int.from_bytes(data[position : position + 2], "big")
        if end < position + 4 or end > len(data):
            break
        key = _free_key(f"0x{int.from_bytes(data[position + 2 : position + 4], 'big'):04X}", blocks)
        blocks[key] = {"hex": data[position + 4 : end].hex()}
        position = end
    return {"items": blocks, "hex": data.hex()} if blocks and position == len(data) else {"hex": data.hex()}


def write_items(items: dict[str, dict[str, Any]]) -> bytes:
    """The inverse of `read_items`: an item's bytes are kept unless its value was changed."""
    parts = []
    for key, given in items.items():
        if key == "cut":
            parts.append(bytes.fromhex(given["hex"]))
            continue
        number = int(key.split("#")[0], 16)
        data = _item_bytes(number, given)
        parts.append(bytes([number, len(data)]) + data)
    return b"".join(parts)


def _item_bytes(number: int, given: dict[str, Any]) -> bytes:
    item = ITEMS.get(number)
    kept = bytes.fromhex(given["hex"]) if "hex" in given else None
    if item is None or "value" not in given:
        return kept or b""
    if kept is not None and read_item(number, kept, Reader(b"", ""), "").get("value") == given["value"]:
        return kept
    return item.kind.write(given["value"])
