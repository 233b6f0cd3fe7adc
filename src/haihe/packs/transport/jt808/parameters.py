"""Parameters of a terminal (messages 0x8103, 0x0104): id 4 bytes, length 1 byte, value. Ids and types as implementations name
them (yezhihao/jt808-server, toggery/java-jt808-codec, emqx/emqx); the standard's table was not read: source unverified. Two of the
implementations give 0x0031 two bytes; 0x0090 has one byte in both. Unknown ids keep their bytes."""

from __future__ import annotations

from typing import Any

from haihe.packs.transport.jt808.fields import U8, U16, U32, Kind, Number, Octets, Reader, Text
from haihe.packs.transport.jt808.issues import Issue

# id: (kind, title in Chinese, title in English, unit)
PARAMETERS: dict[int, tuple[Kind, str, str, str]] = {
    0x0001: (U32, "心跳间隔", "heartbeat interval", "s"),
    0x0002: (U32, "TCP 应答超时", "TCP reply timeout", "s"),
    0x0003: (U32, "TCP 重传次数", "TCP retransmissions", ""),
    0x0004: (U32, "UDP 应答超时", "UDP reply timeout", "s"),
    0x0005: (U32, "UDP 重传次数", "UDP retransmissions", ""),
    0x0006: (U32, "SMS 应答超时", "SMS reply timeout", "s"),
    0x0007: (U32, "SMS 重传次数", "SMS retransmissions", ""),
    0x0010: (Text(), "主服务器 APN", "main server APN", ""),
    0x0011: (Text(), "主服务器拨号用户名", "main server dialling user", ""),
    0x0012: (Text(), "主服务器拨号密码", "main server dialling password", ""),
    0x0013: (Text(), "主服务器地址", "main server address", ""),
    0x0014: (Text(), "备份服务器 APN", "backup server APN", ""),
    0x0015: (Text(), "备份服务器拨号用户名", "backup server dialling user", ""),
    0x0016: (Text(), "备份服务器拨号密码", "backup server dialling password", ""),
    0x0017: (Text(), "备份服务器地址", "backup server address", ""),
    0x0018: (U32, "服务器 TCP 端口（2013）", "server TCP port (2013)", ""),
    0x0019: (U32, "服务器 UDP 端口（2013）", "server UDP port (2013)", ""),
    0x001A: (Text(), "IC 卡认证主服务器地址", "card server address", ""),
    0x001B: (U32, "IC 卡认证主服务器 TCP 端口", "card server TCP port", ""),
    0x001C: (U32, "IC 卡认证主服务器 UDP 端口", "card server UDP port", ""),
    0x001D: (Text(), "IC 卡认证备份服务器地址", "card backup server address", ""),
    0x0020: (U32, "位置汇报策略：0 定时，1 定距，2 定时和定距", "reporting strategy: 0 timed, 1 by distance, 2 both", ""),
    0x0021: (U32, "位置汇报方案：0 按 ACC，1 按登录和 ACC", "reporting scheme: 0 by ACC, 1 by login and ACC", ""),
    0x0022: (U32, "驾驶员未登录汇报间隔", "interval without driver", "s"),
    0x0023: (Text(), "从服务器 APN（2019）", "secondary server APN (2019)", ""),
    0x0024: (Text(), "从服务器拨号用户名（2019）", "secondary server dialling user (2019)", ""),
    0x0025: (Text(), "从服务器拨号密码（2019）", "secondary server dialling password (2019)", ""),
    0x0026: (Text(), "从服务器地址（2019）", "secondary server address (2019)", ""),
    0x0027: (U32, "休眠汇报间隔", "interval when asleep", "s"),
    0x0028: (U32, "紧急报警汇报间隔", "interval in emergencies", "s"),
    0x0029: (U32, "缺省汇报间隔", "default interval", "s"),
    0x002C: (U32, "缺省距离汇报间隔", "default distance", "m"),
    0x002D: (U32, "驾驶员未登录汇报距离", "distance without driver", "m"),
    0x002E: (U32, "休眠汇报距离", "distance when asleep", "m"),
    0x002F: (U32, "紧急报警汇报距离", "distance in emergencies", "m"),
    0x0030: (U32, "拐点补传角度", "corner angle", "°"),
    0x0031: (U16, "电子围栏半径", "fence radius", "m"),
    0x0032: (Octets(4), "违规行驶时段（时分—时分，2019）", "forbidden hours, hour and minute twice (2019)", ""),
    0x0040: (Text(), "监控平台电话号码", "telephone of the platform", ""),
    0x0041: (Text(), "复位电话号码", "telephone that resets", ""),
    0x0042: (Text(), "恢复出厂设置电话号码", "telephone that restores factory settings", ""),
    0x0043: (Text(), "监控平台 SMS 号码", "SMS number of the platform", ""),
    0x0044: (Text(), "接收 SMS 文本报警号码", "number for SMS alarms", ""),
    0x0045: (U32, "电话接听策略：0 自动，1 ACC 开自动、关手动", "answering: 0 at once, 1 at once with ACC on", ""),
    0x0046: (U32, "每次最长通话时间", "longest call", "s"),
    0x0047: (U32, "当月最长通话时间", "longest calls of a month", "s"),
    0x0048: (Text(), "监听电话号码", "monitoring number", ""),
    0x0049: (Text(), "监管平台特权短信号码", "privileged SMS number", ""),
    0x0050: (U32, "报警屏蔽字", "alarm mask", ""),
    0x0051: (U32, "报警发送文本 SMS 开关", "alarms that send an SMS", ""),
    0x0052: (U32, "报警拍摄开关", "alarms that take a picture", ""),
    0x0053: (U32, "报警拍摄存储标志", "alarm pictures that are kept", ""),
    0x0054: (U32, "关键标志", "key alarms", ""),
    0x0055: (U32, "最高速度", "maximum speed", "km/h"),
    0x0056: (U32, "超速持续时间", "overspeed duration", "s"),
    0x0057: (U32, "连续驾驶时间门限", "continuous driving limit", "s"),
    0x0058: (U32, "当天累计驾驶时间门限", "driving limit of the day", "s"),
    0x0059: (U32, "最小休息时间", "minimum rest", "s"),
    0x005A: (U32, "最长停车时间", "maximum parking time", "s"),
    0x005B: (Number(2, 10), "超速预警差值", "overspeed warning margin", "km/h"),
    0x005C: (U16, "疲劳驾驶预警差值", "fatigue warning margin", "s"),
    0x005D: (U16, "碰撞报警参数：位 0–7 时间（毫秒），8–15 加速度（0.1 g）", "collision: bits 0–7 time in ms, 8–15 acceleration in 0.1 g", ""),
    0x005E: (U16, "侧翻角度", "rollover angle", "°"),
    0x0064: (U32, "定时拍照控制", "timed pictures", ""),
    0x0065: (U32, "定距拍照控制", "pictures by distance", ""),
    0x0070: (U32, "图像/视频质量 1–10", "picture quality 1–10", ""),
    0x0071: (U32, "亮度 0–255", "brightness 0–255", ""),
    0x0072: (U32, "对比度 0–127", "contrast 0–127", ""),
    0x0073: (U32, "饱和度 0–127", "saturation 0–127", ""),
    0x0074: (U32, "色度 0–255", "chroma 0–255", ""),
    0x0080: (Number(4, 10), "车辆里程表读数", "odometer", "km"),
    0x0081: (U16, "省域 ID", "province", ""),
    0x0082: (U16, "市县域 ID", "city or county", ""),
    0x0083: (Text(), "机动车号牌", "number plate", ""),
    0x0084: (U8, "车牌颜色", "plate colour", ""),
    0x0090: (U8, "定位模式：位 0 GPS，1 北斗，2 GLONASS，3 Galileo", "positioning bits: 0 GPS, 1 BeiDou, 2 GLONASS, 3 Galileo", ""),
    0x0091: (U8, "GNSS 波特率：0 4800，1 9600，2 19200，3 38400，4 57600，5 115200", "GNSS baud rate: 0 4800 … 5 115200", ""),
    0x0092: (U8, "GNSS 输出频率：0 500 毫秒，1 1 秒，2 2 秒，3 3 秒", "GNSS output: 0 500 ms, 1 1 s, 2 2 s, 3 3 s", ""),
    0x0093: (U32, "GNSS 采集频率", "GNSS sampling", "s"),
    0x0094: (U8, "GNSS 上传方式：0 不上传，1 按时间，2 按距离，11 累计时间，12 累计距离，13 累计条数",
             "GNSS upload: 0 none, 1 by time, 2 by distance, 11 total time, 12 total distance, 13 number", ""),
    0x0095: (U32, "GNSS 上传设置", "GNSS upload setting", ""),
    0x0100: (U32, "CAN 通道 1 采集间隔", "CAN 1 sampling interval", "ms"),
    0x0101: (U16, "CAN 通道 1 上传间隔", "CAN 1 upload interval", "s"),
    0x0102: (U32, "CAN 通道 2 采集间隔", "CAN 2 sampling interval", "ms"),
    0x0103: (U16, "CAN 通道 2 上传间隔", "CAN 2 upload interval", "s"),
    0x0110: (Octets(8), "CAN 总线 ID 单独采集设置", "sampling of one CAN id", ""),
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
    if isinstance(kind, Number | Octets) and kind.size != len(data):
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
