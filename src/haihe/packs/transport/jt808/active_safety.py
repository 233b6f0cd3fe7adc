"""Items 0x64–0x67: alarms of active-safety equipment (T/JSATL 12-2017 of Jiangsu; its Guangdong relative has an alarm identifier
of 40 instead of 16 bytes). Read in yezhihao/jt808-server (jsatl12 attributes) and its published frames; source unverified.
"""

from __future__ import annotations

from typing import Any

from haihe.packs.transport.jt808.fields import (
    U8,
    U16,
    Field,
    Number,
    Octets,
    Reader,
    Repeated,
    Text,
    Time,
    read_fields,
    write_fields,
)

_ID = (
    Field("alarm_id", Number(4), "报警 ID", "alarm id"),
    Field("state", U8, "标志状态：0 不可用，1 开始，2 结束", "0 none, 1 start, 2 end"),
)
_KIND = (Field("type", U8, "报警类型", "type of alarm"), Field("level", U8, "报警级别", "level"))
_PLACE = (
    Field("speed_kmh", U8, "车速", "speed", "km/h"),
    Field("altitude_m", U16, "高程", "altitude", "m"),
    Field("latitude_deg", Number(4, 1_000_000), "纬度", "latitude", "°"),
    Field("longitude_deg", Number(4, 1_000_000), "经度", "longitude", "°"),
    Field("time", Time(), "时间", "time"),
    Field("vehicle_status_bits", U16, "车辆状态", "vehicle status"),
)


class AlarmIdentifier:
    """Terminal, time, number and count of attachments; 16 bytes, or 40 where the terminal id has 30 bytes."""

    SHORT, LONG = 16, 40

    def __init__(self, followed_by_list: bool = False, size: int | None = None) -> None:
        self.followed_by_list = followed_by_list
        self.size = size

    def rows(self, size: int) -> tuple[Field, ...]:
        long = size == self.LONG
        return (
            Field("terminal_id", Text(30 if long else 7), "终端 ID", "terminal"),
            Field("time", Time(), "时间", "time"),
            Field("number", U8, "序号", "number"),
            Field("attachments", U8, "附件数量", "attachments"),
            Field("reserved", Octets(2 if long else 1), "预留", "reserved"),
        )

    def read(self, reader: Reader, name: str) -> dict[str, Any]:
        left = len(reader.data) - reader.position
        if self.size is not None:
            long = self.size == self.LONG
        elif self.followed_by_list:
            long = left > self.LONG and left == self.LONG + 1 + 9 * reader.data[reader.position + self.LONG]
        else:
            long = left >= self.LONG
        return read_fields(self.rows(self.LONG if long else self.SHORT), reader)

    def write(self, value: Any) -> bytes:
        long = self.size == self.LONG if self.size is not None else len(value["reserved"]) == 4
        return write_fields(self.rows(self.LONG if long else self.SHORT), value)


_IDENTIFIER = Field("identifier", AlarmIdentifier(), "报警标识号", "alarm identifier")
_DRIVER_ASSISTANCE = (
    *_ID, *_KIND,
    Field("front_speed_kmh", U8, "前车车速", "speed of the vehicle in front", "km/h"),
    Field("front_distance_ds", U8, "前车距离", "distance to it", "0.1 s"),
    Field("deviation", U8, "偏离：1 左，2 右", "deviation: 1 left, 2 right"),
    Field("road_sign", U8, "道路标志类型", "road sign"),
    Field("road_sign_value", U8, "道路标志数据", "value of the road sign"),
    *_PLACE, _IDENTIFIER,
)  # fmt: skip
_DRIVER_STATE = (
    *_ID, *_KIND,
    Field("fatigue_level", U8, "疲劳程度", "level of fatigue"),
    Field("reserved", Octets(4), "预留", "reserved"),
    *_PLACE, _IDENTIFIER,
)  # fmt: skip
_TYRE = (
    Field("position", U8, "位置", "wheel"),
    Field("type_bits", U16, "类型", "type"),
    Field("pressure_kpa", U16, "胎压", "pressure", "kPa"),
    Field("temperature_c", U16, "胎温", "temperature", "℃"),
    Field("battery_percent", U16, "电池电量", "battery", "%"),
)
_TYRES = (
    *_ID, *_PLACE,
    Field("identifier", AlarmIdentifier(followed_by_list=True), "报警标识号", "alarm identifier"),
    Field("tyres", Repeated(_TYRE), "轮胎", "tyres"),
)  # fmt: skip
_BLIND_SPOT = (*_ID, _KIND[0], *_PLACE, _IDENTIFIER)

ACTIVE_SAFETY = (
    (0x64, "高级驾驶辅助系统报警", "driver assistance alarm", _DRIVER_ASSISTANCE),
    (0x65, "驾驶员状态监测报警", "driver state alarm", _DRIVER_STATE),
    (0x66, "胎压监测系统报警", "tyre monitoring alarm", _TYRES),
    (0x67, "盲区监测系统报警", "blind spot alarm", _BLIND_SPOT),
)
