"""What a message carries within it, for people: CAN frames by the bits of their id (0x0705), transparent data by its type (0x0900), and
compressed data unpacked (0x0901).

Bits and types as SmallChi/JT808, yezhihao/jt808-server and several other public implementations list them alike; of the two bytes behind
the seconds of a CAN time they disagree, so that these stay digits. What a GNSS module, a card or a serial port says is laid down by its
maker. Source unverified.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from haihe.packs.transport.jt808.codec import decode
from haihe.packs.transport.jt808.frame import FLAG
from haihe.packs.transport.jt808.splitter import Splitter

CAN, TRANSPARENT, COMPRESSED = 0x0705, 0x0900, 0x0901
LONGEST_UNPACKED_BYTES = 8 << 20  # as of any message; a few KB can unpack to gigabytes
GZIP = 31  # zlib's number for data with gzip's head and checksum
MESSAGES_SHOWN = 50
CARD_BYTES = 64  # a road transport card's data upwards
CHANNEL_2, EXTENDED, AVERAGED, CAN_ID = 1 << 31, 1 << 30, 1 << 29, (1 << 29) - 1
KINDS = {
    0x00: ("GNSS 模块详细定位数据", "details of the GNSS module"),
    0x0B: ("道路运输证 IC 卡信息", "road transport card"),
    0x41: ("串口 1", "serial port 1"),
    0x42: ("串口 2", "serial port 2"),
    0xF7: ("外设状态信息", "state of peripherals"),
    0xF8: ("外设系统信息", "systems of peripherals"),
}
CUSTOM = ("用户自定义", "the maker's own")
UNKNOWN = ("标准未列出的类型", "a type that the standard does not list")


@dataclass
class Carried:
    """What was found: values for people, the bytes themselves, and what is odd."""

    values: dict[str, Any]
    data: bytes = b""
    issues: list[str] = field(default_factory=list)


def carried(message_id: int, body: dict[str, Any]) -> Carried:
    """What one of the three messages carries. Never raises on what `codec` has read."""
    if message_id == CAN:
        return _can(body)
    data = bytes.fromhex(body.get("data") or "")
    return _transparent(int(body.get("kind", -1)), data) if message_id == TRANSPARENT else _compressed(data)


def _can(body: dict[str, Any]) -> Carried:
    digits, rows = str(body.get("time_bcd") or ""), body.get("frames") or []
    frames = []
    for row in rows:
        sent = int(row.get("id", "0x0"), 16)
        frames.append({
            "channel": 2 if sent & CHANNEL_2 else 1, "id": f"0x{sent & CAN_ID:08X}", "extended": bool(sent & EXTENDED),
            "averaged": bool(sent & AVERAGED), "data": row.get("data", ""),
        })  # fmt: skip
    found = Carried({"time_of_day": ":".join((digits[:2], digits[2:4], digits[4:6])), "fraction": digits[6:], "frames": frames})  # fmt: skip
    if body.get("count") != len(frames):
        found.issues.append(f"声明 {body.get('count')} 项，收到 {len(frames)} 项 {len(frames)} entries came")
    return found


def kind_of(number: int) -> tuple[str, str]:
    """What a type of transparent data is called."""
    return KINDS.get(number) or (CUSTOM if 0xF0 <= number <= 0xFF else UNKNOWN)


def _transparent(number: int, data: bytes) -> Carried:
    zh, en = kind_of(number)
    found = Carried({"kind": f"0x{max(number, 0):02X}", "name": f"{zh} {en}"}, data)
    if data and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in data):
        found.values["text"] = data.decode("ascii")
    if not data:
        found.issues.append("透传内容为空 the data are empty")
    elif number == 0x0B and len(data) != CARD_BYTES:
        found.issues.append(
            f"IC 卡信息应为 {CARD_BYTES} 字节，实为 {len(data)} 字节 the card's data have {len(data)} bytes"
        )
    return found


def _compressed(data: bytes) -> Carried:
    unpacking = zlib.decompressobj(GZIP)
    try:
        plain = unpacking.decompress(data, LONGEST_UNPACKED_BYTES)
    except zlib.error:
        return Carried({}, data, ["不是 GZIP 数据 the data are not of gzip"])
    found = Carried({"unpacked_bytes": len(plain)}, plain)
    if unpacking.unconsumed_tail:
        limit = LONGEST_UNPACKED_BYTES >> 20
        return Carried({}, data, [f"解压后超过 {limit} MB，未解压 more than {limit} MB when unpacked"])
    if not unpacking.eof:
        found.issues.append("压缩数据不完整 the compressed data end too early")
    if plain.startswith(FLAG):
        frames = Splitter().feed(plain)
        found.values["messages"] = [decode(frame) for frame in frames[:MESSAGES_SHOWN]]
    return found
