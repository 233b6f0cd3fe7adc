"""Parameters of a terminal (messages 0x8103, 0x0104): id 4 bytes, length 1 byte, value. Ids and types as implementations name
them (yezhihao/jt808-server, emqx/emqx); the standard's table was not read: source unverified. Unknown ids keep their bytes."""

from __future__ import annotations

from typing import Any

from haihe.packs.transport.jt808.fields import U8, U16, U32, Kind, Number, Reader, Text
from haihe.packs.transport.jt808.issues import Issue

# id: (kind, title in Chinese, title in English, unit)
PARAMETERS: dict[int, tuple[Kind, str, str, str]] = {
    0x0001: (U32, "心跳间隔", "heartbeat interval", "s"),
    0x0002: (U32, "TCP 应答超时", "TCP reply timeout", "s"),
    0x0003: (U32, "TCP 重传次数", "TCP retransmissions", ""),
    0x0010: (Text(), "主服务器 APN", "main server APN", ""),
    0x0013: (Text(), "主服务器地址", "main server address", ""),
    0x0017: (Text(), "备份服务器地址", "backup server address", ""),
    0x0018: (U32, "服务器 TCP 端口", "server TCP port", ""),
    0x0019: (U32, "服务器 UDP 端口", "server UDP port", ""),
    0x0020: (U32, "位置汇报策略", "reporting strategy", ""),
    0x0021: (U32, "位置汇报方案", "reporting scheme", ""),
    0x0022: (U32, "驾驶员未登录汇报间隔", "interval without driver", "s"),
    0x0027: (U32, "休眠汇报间隔", "interval when asleep", "s"),
    0x0028: (U32, "紧急报警汇报间隔", "interval in emergencies", "s"),
    0x0029: (U32, "缺省汇报间隔", "default interval", "s"),
    0x002C: (U32, "缺省距离汇报间隔", "default distance", "m"),
    0x0030: (U32, "拐点补传角度", "corner angle", "°"),
    0x0050: (U32, "报警屏蔽字", "alarm mask", ""),
    0x0055: (U32, "最高速度", "maximum speed", "km/h"),
    0x0056: (U32, "超速持续时间", "overspeed duration", "s"),
    0x0057: (U32, "连续驾驶时间门限", "continuous driving limit", "s"),
    0x0058: (U32, "当天累计驾驶时间门限", "driving limit of the day", "s"),
    0x0059: (U32, "最小休息时间", "minimum rest", "s"),
    0x005A: (U32, "最长停车时间", "maximum parking time", "s"),
    0x005B: (Number(2, 10), "超速预警差值", "overspeed warning margin", "km/h"),
    0x005C: (U16, "疲劳驾驶预警差值", "fatigue warning margin", "s"),
    0x0080: (Number(4, 10), "车辆里程表读数", "odometer", "km"),
    0x0081: (U16, "省域 ID", "province", ""),
    0x0082: (U16, "市县域 ID", "city or county", ""),
    0x0083: (Text(), "机动车号牌", "number plate", ""),
    0x0084: (U8, "车牌颜色", "plate colour", ""),
}  # fmt: skip


class Parameters:
    """The list of parameters: rows of id, name, value, unit and bytes."""

    def read(self, reader: Reader, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while reader.position < len(reader.data):
            number = int.from_bytes(reader.take(4), "big")
            data = reader.take(reader.take(1)[0])
            rows.append({"id": f"0x{number:04X}", **_value(number, data, reader, name), "hex": data.hex()})
        return rows

    def write(self, value: Any) -> bytes:
        parts = []
        for row in value:
            number = int(row["id"], 16)
            data = _bytes(number, row)
            parts.append(number.to_bytes(4, "big") + bytes([len(data)]) + data)
        return b"".join(parts)


def _value(number: int, data: bytes, reader: Reader, name: str) -> dict[str, Any]:
    known = PARAMETERS.get(number)
    if known is None:
        return {}
    kind, zh, en, unit = known
    title = {"name": f"{zh} {en}"}
    if isinstance(kind, Number) and kind.size != len(data):
        reader.note(Issue.ITEM_LENGTH, f"{name}.0x{number:04X}")
        return title
    return title | {"value": kind.read(Reader(data, reader.version), name)} | ({"unit": unit} if unit else {})


def _bytes(number: int, row: dict[str, Any]) -> bytes:
    kept = bytes.fromhex(row["hex"]) if "hex" in row else None
    if number not in PARAMETERS or "value" not in row:
        return kept or b""
    if kept is not None and _value(number, kept, Reader(b"", ""), "").get("value") == row["value"]:
        return kept
    return PARAMETERS[number][0].write(row["value"])
