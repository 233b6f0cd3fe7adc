"""Locations, tracking and what is said about alarms."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import U8, U16, U32, Count, Field
from haihe.packs.transport.jt808.location import Batch, LocationBody
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Message, same

LOCATION = Field("location", LocationBody(), "位置", "location")

LOCATIONS: tuple[Message, ...] = (
    same(0x0200, "位置信息汇报", "location report", LOCATION),
    same(0x8201, "位置信息查询", "query of the location"),
    same(0x0201, "位置信息查询应答", "location as asked", REPLY_SERIAL, LOCATION),
    same(0x0704, "定位数据批量上传", "batch of locations",
         Field("count", Count("locations", 2), "数据项个数", "number of entries"),
         Field("kind", U8, "类型：0 正常，1 盲区补报", "0 normal, 1 sent later from a blind spot"),
         Field("locations", Batch(), "位置汇报数据项", "locations")),
    same(0x8202, "临时位置跟踪控制", "temporary tracking",
         Field("interval_s", U16, "时间间隔，0 为停止跟踪", "interval, 0 ends the tracking", "s"),
         Field("duration_s", U32, "位置跟踪有效期", "for how long", "s", optional=True)),
    same(0x8203, "人工确认报警", "confirmation of alarms",
         Field("alarm_serial", U16, "报警消息流水号，0 为该类所有报警", "serial of the alarm, 0: all of the kind"),
         Field("alarm_bits", U32, "报警类型：位 0 紧急，3 危险预警，20 进出区域，21 进出路线，22 路段行驶时间，27 非法点火，28 非法位移",
               "bits: 0 emergency, 3 danger, 20 area, 21 route, 22 section time, 27 ignition, 28 displacement")),
    same(0x8204, "链路检测", "link test"),
)  # fmt: skip
