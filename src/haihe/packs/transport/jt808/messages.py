"""The messages as tables that read like the page of the standard, used for decoding and for encoding.

A message has one layout per edition that changed it. Layouts were read in yezhihao/jt808-server, emqx/emqx (exchange guide of its
JT/T 808 gateway) and AIPorto/GPS-Tracker-SDK (its tables 4–30 repeat those of 2011 and 2013) and hold on the published frames of
the first; the standard's own pages were not read, therefore source unverified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from haihe.packs.transport.jt808.fields import U8, U16, CountedText, Field, Identifier, Repeated, Text, Time
from haihe.packs.transport.jt808.location import Batch, LocationBody
from haihe.packs.transport.jt808.parameters import Parameters


@dataclass(frozen=True)
class Layout:
    """The fields of one edition. `fits(body)` tells it from its neighbours where the header does not."""

    edition: str
    fields: tuple[Field, ...]
    fits: Callable[[bytes], bool] = lambda body: True


@dataclass(frozen=True)
class Message:
    id: int
    zh: str
    en: str
    layouts: tuple[Layout, ...]

    @property
    def name(self) -> str:
        return f"{self.zh} {self.en}"

    def layout(self, version: str, body: bytes) -> Layout:
        """The layout for a body under a header of `version` ("2013" or "2019")."""
        editions = ("2019",) if version == "2019" else ("2013", "2011")
        own = [layout for layout in self.layouts if layout.edition in editions]
        other = [layout for layout in self.layouts if layout not in own and version == "2019"]
        return next((layout for layout in (*own, *other) if layout.fits(body)), self.layouts[-1])


_REPLY = (
    Field("reply_serial", U16, "应答流水号", "serial of the message answered"),
    Field("reply_id", Identifier(), "应答 ID", "id of the message answered"),
    Field("result", U8, "结果：0 成功，1 失败，2 消息有误，3 不支持，4 报警处理确认", "0 done, 1 failed, 2 bad message, 3 unsupported, 4 alarm handled"),
)  # fmt: skip
_REPLY_SERIAL = Field("reply_serial", U16, "应答流水号", "serial of the message answered")
_AUTH_CODE = Field("auth_code", Text(), "鉴权码", "authentication code")


def _registration(maker: int, model: int, terminal: int) -> tuple[Field, ...]:
    return (
        Field("province", U16, "省域 ID（GB/T 2260 前两位）", "province, first two digits of GB/T 2260"),
        Field("city", U16, "市县域 ID（GB/T 2260 后四位）", "city or county, last four digits"),
        Field("maker", Text(maker), "制造商 ID", "maker"),
        Field("model", Text(model), "终端型号", "model"),
        Field("terminal_id", Text(terminal), "终端 ID", "terminal id"),
        Field("plate_colour", U8, "车牌颜色：0 未上牌", "plate colour: 0 without plate"),
        Field("plate", Text(), "车辆标识（号牌，未上牌时为 VIN）", "number plate, or the VIN without one"),
    )


# Colours of JT/T 415 and of its successor JT/T 697.7 (numbers as implementations list them).
_COLOURS = frozenset((*range(10), 91, 92, 93, 94))
_COLOUR_AT_2011, _COLOUR_AT_2013 = 24, 36


def _registration_of_2013(body: bytes) -> bool:
    """2013 made the model 12 bytes longer. A 2011 body with a VIN is as long as that, so the place of the colour decides."""
    if len(body) <= _COLOUR_AT_2013:
        return False
    return body[_COLOUR_AT_2013] in _COLOURS or body[_COLOUR_AT_2011] not in _COLOURS


def _code_of_2019(body: bytes) -> bool:
    return len(body) > 0 and len(body) >= 1 + body[0] + 15


def _same(number: int, zh: str, en: str, *fields: Field) -> Message:
    return Message(number, zh, en, (Layout("2013", fields), Layout("2019", fields)))


MESSAGES: dict[int, Message] = {
    message.id: message
    for message in (
        _same(0x0001, "终端通用应答", "general reply of the terminal", *_REPLY),
        _same(0x8001, "平台通用应答", "general reply of the platform", *_REPLY),
        _same(0x0002, "终端心跳", "heartbeat"),
        _same(0x0003, "终端注销", "deregistration"),
        _same(0x0004, "查询服务器时间", "query of the server's time"),
        _same(0x8004, "查询服务器时间应答", "the server's time", Field("time", Time(), "时间", "time")),
        Message(0x0100, "终端注册", "registration", (
            Layout("2019", _registration(11, 30, 30), lambda body: len(body) >= 76),
            Layout("2013", _registration(5, 20, 7), _registration_of_2013),
            Layout("2011", _registration(5, 8, 7)),
        )),
        _same(0x8100, "终端注册应答", "reply to the registration",
              _REPLY_SERIAL,
              Field("result", U8, "结果：0 成功，1 车辆已注册，2 无此车辆，3 终端已注册，4 无此终端",
                    "0 done, 1 vehicle registered already, 2 no such vehicle, 3 terminal registered already, 4 no such terminal"),
              _AUTH_CODE),
        Message(0x0102, "终端鉴权", "authentication", (
            Layout("2019", (
                Field("auth_code", CountedText(), "鉴权码", "authentication code"),
                Field("imei", Text(15), "IMEI", "IMEI"),
                Field("software_version", Text(fill=20), "软件版本号", "software version"),
            ), _code_of_2019),
            Layout("2013", (_AUTH_CODE,)),
        )),
        _same(0x8103, "设置终端参数", "setting of parameters",
              Field("count", U8, "参数总数", "number of parameters"),
              Field("parameters", Parameters(), "参数项", "parameters")),
        _same(0x8104, "查询终端参数", "query of parameters"),
        _same(0x0104, "查询终端参数应答", "parameters of the terminal",
              _REPLY_SERIAL,
              Field("count", U8, "应答参数个数", "number of parameters"),
              Field("parameters", Parameters(), "参数项", "parameters")),
        _same(0x8105, "终端控制", "control of the terminal",
              Field("command", U8, "命令字", "command"),
              Field("parameters", Text(), "命令参数", "parameters of the command")),
        _same(0x8106, "查询指定终端参数", "query of some parameters",
              Field("ids", Repeated((Field("id", Identifier(4), "参数 ID", "parameter"),)), "参数 ID 列表", "parameters")),
        _same(0x8107, "查询终端属性", "query of attributes"),
        _same(0x0200, "位置信息汇报", "location report", Field("location", LocationBody(), "位置", "location")),
        _same(0x8201, "位置信息查询", "query of the location"),
        _same(0x0201, "位置信息查询应答", "location as asked",
              _REPLY_SERIAL, Field("location", LocationBody(), "位置", "location")),
        _same(0x0704, "定位数据批量上传", "batch of locations",
              Field("count", U16, "数据项个数", "number of entries"),
              Field("kind", U8, "类型：0 正常，1 盲区补报", "0 normal, 1 sent later from a blind spot"),
              Field("locations", Batch(), "位置汇报数据项", "locations")),
        _same(0x8204, "链路检测", "link test"),
        Message(0x8300, "文本信息下发", "text to the vehicle", (
            Layout("2019", (
                Field("flags", U8, "标志", "flags"),
                Field("kind", U8, "文本类型：1 通知，2 服务", "1 notice, 2 service"),
                Field("text", Text(), "文本信息", "text"),
            )),
            Layout("2013", (Field("flags", U8, "标志", "flags"), Field("text", Text(), "文本信息", "text"))),
        )),
    )
}  # fmt: skip

# Names of further messages, whose bodies stay as bytes.
OTHER_NAMES: dict[int, str] = {
    0x0005: "终端补传分包请求 request for packages", 0x8003: "服务器补传分包请求 request for packages",
    0x0107: "查询终端属性应答 attributes of the terminal", 0x8108: "下发终端升级包 upgrade", 0x0108: "终端升级结果 result of the upgrade",
    0x8202: "临时位置跟踪控制 temporary tracking", 0x8203: "人工确认报警 confirmation of alarms", 0x8301: "事件设置 events",
    0x0301: "事件报告 event", 0x8302: "提问下发 question", 0x0302: "提问应答 answer", 0x8303: "信息点播菜单设置 menu of services",
    0x0303: "信息点播/取消 choice of a service", 0x8304: "信息服务 service", 0x8400: "电话回拨 call-back",
    0x8401: "设置电话本 telephone book", 0x8500: "车辆控制 control of the vehicle", 0x0500: "车辆控制应答 reply to the control",
    0x8600: "设置圆形区域 circles", 0x8601: "删除圆形区域 deletion of circles", 0x8602: "设置矩形区域 rectangles",
    0x8603: "删除矩形区域 deletion of rectangles", 0x8604: "设置多边形区域 polygons", 0x8605: "删除多边形区域 deletion of polygons",
    0x8606: "设置路线 routes", 0x8607: "删除路线 deletion of routes", 0x8608: "查询区域或线路数据 query of areas",
    0x0608: "查询区域或线路数据应答 areas", 0x8700: "行驶记录数据采集命令 recorder command", 0x0700: "行驶记录数据上传 recorder data",
    0x8701: "行驶记录参数下传 recorder parameters", 0x0701: "电子运单上报 waybill", 0x8702: "上报驾驶员身份请求 query of the driver",
    0x0702: "驾驶员身份信息采集上报 driver identity", 0x0705: "CAN 总线数据上传 CAN data", 0x0800: "多媒体事件信息上传 multimedia event",
    0x0801: "多媒体数据上传 multimedia data", 0x8800: "多媒体数据上传应答 reply to multimedia data", 0x8801: "摄像头立即拍摄 take a picture",
    0x0805: "摄像头立即拍摄应答 picture taken", 0x8802: "存储多媒体数据检索 search of multimedia",
    0x0802: "存储多媒体数据检索应答 multimedia found", 0x8803: "存储多媒体数据上传 upload of multimedia", 0x8804: "录音开始 recording",
    0x8805: "单条存储多媒体检索上传 upload of one item", 0x8900: "数据下行透传 data downwards", 0x0900: "数据上行透传 data upwards",
    0x0901: "数据压缩上报 compressed data", 0x8A00: "平台 RSA 公钥 platform key", 0x0A00: "终端 RSA 公钥 terminal key",
}  # fmt: skip


def message_name(number: int) -> str | None:
    """The name of a message in Chinese and English, or None for a maker's own."""
    message = MESSAGES.get(number)
    return message.name if message else OTHER_NAMES.get(number)
