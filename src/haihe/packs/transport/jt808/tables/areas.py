"""Control of the vehicle, areas and routes. Coordinates are unsigned; bits 6 and 7 of the attributes name south and west."""

from __future__ import annotations

from typing import Any

from haihe.packs.transport.jt808.fields import U8, U16, U32, CountedText, Field, Number, Repeated, TimeOrDaily
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Layout, Message, changed, same
from haihe.packs.transport.jt808.tables.locations import LOCATION

TIMED, SPEED_LIMITED = 1, 2


def _timed(values: dict[str, Any]) -> bool:
    return bool(values.get("attribute_bits", 0) & TIMED)


def _limited(values: dict[str, Any]) -> bool:
    return bool(values.get("attribute_bits", 0) & SPEED_LIMITED)


def _degrees(prefix: str, zh: str, en: str) -> tuple[Field, Field]:
    return (
        Field(f"{prefix}latitude_deg", Number(4, 1_000_000), f"{zh}纬度", f"latitude{en}", "°"),
        Field(f"{prefix}longitude_deg", Number(4, 1_000_000), f"{zh}经度", f"longitude{en}", "°"),
    )


_ID = Field("id", U32, "区域或路线 ID", "area or route")
_ATTRIBUTES = Field("attribute_bits", U16, "属性：位 0 按时间，1 限速，2 进报警给驾驶员，3 进报警给平台，4 出报警给驾驶员，5 出报警给平台，6 南纬，7 西经，8 禁开门，14 进入关通信，15 进入采集 GNSS",
                    "bits: 0 by time, 1 speed limit, 2/3 entering told to driver/platform, 4/5 leaving, 6 south, 7 west, 8 doors shut, 14 silent within, 15 GNSS details within")  # fmt: skip
_TIMES = (
    Field("start_time", TimeOrDaily(), "起始时间", "from", when=_timed),
    Field("end_time", TimeOrDaily(), "结束时间", "until", when=_timed),
)
_SPEED = (
    Field("speed_limit_kmh", U16, "最高速度", "speed limit", "km/h", when=_limited),
    Field("overspeed_s", U8, "超速持续时间", "overspeed duration", "s", when=_limited),
)
_NIGHT = Field("night_speed_limit_kmh", U16, "夜间最高速度", "speed limit at night", "km/h", when=_limited)
_NAME = Field("name", CountedText(2), "区域或路线名称", "name")

_CENTRE = (*_degrees("", "中心点", " of the centre"), Field("radius_m", U32, "半径", "radius", "m"))
_CORNERS = (*_degrees("top_left_", "左上点", ", top left"), *_degrees("bottom_right_", "右下点", ", bottom right"))
_POINTS = Field("points", Repeated(_degrees("", "顶点", ""), 2), "顶点", "points")


def _timed_section(values: dict[str, Any]) -> bool:
    return bool(values.get("section_bits", 0) & TIMED)


def _limited_section(values: dict[str, Any]) -> bool:
    return bool(values.get("section_bits", 0) & SPEED_LIMITED)


_TURN = (
    Field("id", U32, "拐点 ID", "turn"),
    Field("section_id", U32, "路段 ID", "road section"),
    *_degrees("", "拐点", ""),
    Field("width_m", U8, "路段宽度", "width", "m"),
    Field("section_bits", U8, "路段属性：位 0 行驶时间，1 限速，2 南纬，3 西经", "bits: 0 driving time, 1 speed limit, 2 south, 3 west"),
    Field("longest_s", U16, "路段行驶过长阈值", "longest driving time", "s", when=_timed_section),
    Field("shortest_s", U16, "路段行驶不足阈值", "shortest driving time", "s", when=_timed_section),
    Field("speed_limit_kmh", U16, "路段最高速度", "speed limit", "km/h", when=_limited_section),
    Field("overspeed_s", U8, "路段超速持续时间", "overspeed duration", "s", when=_limited_section),
)  # fmt: skip
_NIGHT_OF_SECTION = Field("night_speed_limit_kmh", U16, "路段夜间最高速度", "speed limit at night", "km/h", when=_limited_section)  # fmt: skip

_CIRCLE = {
    "2013": (_ID, _ATTRIBUTES, *_CENTRE, *_TIMES, *_SPEED),
    "2019": (_ID, _ATTRIBUTES, *_CENTRE, *_TIMES, *_SPEED, _NIGHT, _NAME),
}
_RECTANGLE = {
    "2013": (_ID, _ATTRIBUTES, *_CORNERS, *_TIMES, *_SPEED),
    "2019": (_ID, _ATTRIBUTES, *_CORNERS, *_TIMES, *_SPEED, _NIGHT, _NAME),
}
_POLYGON = {
    "2013": (_ID, _ATTRIBUTES, *_TIMES, *_SPEED, _POINTS),
    "2019": (_ID, _ATTRIBUTES, *_TIMES, *_SPEED, _POINTS, _NIGHT, _NAME),
}
_TURNS = {
    "2013": Field("points", Repeated(_TURN, 2), "拐点", "turns"),
    "2019": Field("points", Repeated((*_TURN, _NIGHT_OF_SECTION), 2), "拐点", "turns"),
}
_ROUTE = {
    "2013": (_ID, _ATTRIBUTES, *_TIMES, _TURNS["2013"]),
    "2019": (_ID, _ATTRIBUTES, *_TIMES, _TURNS["2019"], _NAME),
}
_ACTION = Field("action", U8, "设置属性：0 更新，1 追加，2 修改", "0 replace, 1 add, 2 change")


def _areas(edition: dict[str, tuple[Field, ...]], zh: str, en: str) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    rows = [(_ACTION, Field("areas", Repeated(edition[year]), zh, en)) for year in ("2013", "2019")]
    return rows[0], rows[1]


_IDS = Field("ids", Repeated((_ID,)), "ID 列表，空为全部", "ids, none for all")
_KIND = Field("kind", U8, "类型：1 圆形，2 矩形，3 多边形，4 路线", "1 circle, 2 rectangle, 3 polygon, 4 route")


def _of_kind(number: int, fields: tuple[Field, ...], zh: str, en: str) -> Field:
    return Field("areas", Repeated(fields, 4), zh, en, when=lambda values: values.get("kind") == number)


_FOUND = (
    _KIND, _of_kind(1, _CIRCLE["2019"], "圆形区域", "circles"), _of_kind(2, _RECTANGLE["2019"], "矩形区域", "rectangles"),
    _of_kind(3, _POLYGON["2019"], "多边形区域", "polygons"), _of_kind(4, _ROUTE["2019"], "路线", "routes"),
)  # fmt: skip

_CONTROL = (
    Field("id", U16, "控制类型：1 车门", "1 doors"),
    Field("value", U8, "控制参数（车门：0 锁闭，1 开启）", "for doors 0 locks, 1 unlocks"),
)

AREAS: tuple[Message, ...] = (
    # Two implementations differ about 2019: a number of controls in front, or one control alone, which only a body of 3 bytes is.
    Message(0x8500, "车辆控制", "control of the vehicle", (
        Layout("2019", (Field("controls", Repeated(_CONTROL, 2), "控制类型", "controls"),), lambda body: len(body) != 3),
        Layout("2019 single", _CONTROL, lambda body: len(body) == 3),
        Layout("2013", (Field("flags", U8, "控制标志：位 0 车门 0 解锁 1 加锁", "bit 0: doors, 0 unlocks, 1 locks"),)),
    )),
    same(0x0500, "车辆控制应答", "reply to the control", REPLY_SERIAL, LOCATION),
    changed(0x8600, "设置圆形区域", "circles", *_areas(_CIRCLE, "区域项", "circles")),
    same(0x8601, "删除圆形区域", "deletion of circles", _IDS),
    changed(0x8602, "设置矩形区域", "rectangles", *_areas(_RECTANGLE, "区域项", "rectangles")),
    same(0x8603, "删除矩形区域", "deletion of rectangles", _IDS),
    changed(0x8604, "设置多边形区域", "polygons", _POLYGON["2013"], _POLYGON["2019"]),
    same(0x8605, "删除多边形区域", "deletion of polygons", _IDS),
    changed(0x8606, "设置路线", "routes", _ROUTE["2013"], _ROUTE["2019"]),
    same(0x8607, "删除路线", "deletion of routes", _IDS),
    same(0x8608, "查询区域或线路数据", "query of areas", _KIND, Field("ids", Repeated((_ID,), 4), "ID 列表，空为全部", "ids, none for all")),
    same(0x0608, "查询区域或线路数据应答", "areas", *_FOUND),
)  # fmt: skip
