"""Replies, packages, registration, parameters, control, attributes and upgrades of a terminal."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import (
    U8,
    U16,
    Count,
    CountedOctets,
    CountedText,
    Field,
    Identifier,
    Octets,
    Repeated,
    Text,
    Time,
)
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Layout, Message, changed, same
from haihe.packs.transport.jt808.parameters import Parameters

_REPLY = (
    REPLY_SERIAL,
    Field("reply_id", Identifier(), "应答 ID", "id of the message answered"),
    Field("result", U8, "结果：0 成功，1 失败，2 消息有误，3 不支持，4 报警处理确认", "0 done, 1 failed, 2 bad message, 3 unsupported, 4 alarm handled"),
)  # fmt: skip
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


def _packages(count_size: int) -> tuple[Field, ...]:
    return (
        Field("first_serial", U16, "原始消息第一包的流水号", "serial of the message's first package"),
        Field("packages", Repeated((Field("number", U16, "包序号", "package"),), count_size), "重传包 ID 列表", "packages to send again"),
    )  # fmt: skip


def _attributes(model: int, terminal: int) -> tuple[Field, ...]:
    return (
        Field("type_bits", U16, "终端类型：位 0 客运，1 危险品，2 普通货运，3 出租，6 硬盘录像，7 分体机，8 挂车（2019）",
              "bits: 0 passenger, 1 dangerous goods, 2 freight, 3 taxi, 6 disk recorder, 7 in parts, 8 trailer (2019)"),
        Field("maker", Text(5), "制造商 ID", "maker"),
        Field("model", Text(model), "终端型号", "model"),
        Field("terminal_id", Text(terminal), "终端 ID", "terminal id"),
        Field("iccid", Octets(10), "SIM 卡 ICCID", "ICCID of the SIM card"),
        Field("hardware_version", CountedText(), "硬件版本号", "hardware version"),
        Field("firmware_version", CountedText(), "固件版本号", "firmware version"),
        Field("gnss_bits", U8, "GNSS 模块：位 0 GPS，1 北斗，2 GLONASS，3 Galileo", "bits: 0 GPS, 1 BeiDou, 2 GLONASS, 3 Galileo"),
        Field("network_bits", U8, "通信模块：位 0 GPRS，1 CDMA，2 TD-SCDMA，3 WCDMA，4 CDMA2000，5 TD-LTE，7 其他",
              "bits: 0 GPRS, 1 CDMA, 2 TD-SCDMA, 3 WCDMA, 4 CDMA2000, 5 TD-LTE, 7 other"),
    )  # fmt: skip


_UPGRADED = Field(
    "part", U8, "升级类型：0 终端，12 IC 卡读卡器，52 北斗模块", "0 terminal, 12 card reader, 52 BeiDou module"
)
_COUNT, _PARAMETERS = (
    Field("count", Count("parameters"), "参数总数", "number of parameters"),
    Field("parameters", Parameters(), "参数项", "parameters"),
)

TERMINALS: tuple[Message, ...] = (
    same(0x0001, "终端通用应答", "general reply of the terminal", *_REPLY),
    same(0x8001, "平台通用应答", "general reply of the platform", *_REPLY),
    same(0x0002, "终端心跳", "heartbeat"),
    same(0x0003, "终端注销", "deregistration"),
    same(0x0004, "查询服务器时间", "query of the server's time"),
    same(0x8004, "查询服务器时间应答", "the server's time", Field("time", Time(), "时间", "time")),
    changed(0x0005, "终端补传分包请求", "request for packages", _packages(1), _packages(2)),
    changed(0x8003, "服务器补传分包请求", "request for packages", _packages(1), _packages(2)),
    Message(0x0100, "终端注册", "registration", (
        Layout("2019", _registration(11, 30, 30), lambda body: len(body) >= 76),
        Layout("2013", _registration(5, 20, 7), _registration_of_2013),
        Layout("2011", _registration(5, 8, 7)),
    )),
    same(0x8100, "终端注册应答", "reply to the registration",
         REPLY_SERIAL,
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
    same(0x8103, "设置终端参数", "setting of parameters", _COUNT, _PARAMETERS),
    same(0x8104, "查询终端参数", "query of parameters"),
    same(0x0104, "查询终端参数应答", "parameters of the terminal", REPLY_SERIAL, _COUNT, _PARAMETERS),
    same(0x8105, "终端控制", "control of the terminal",
         Field("command", U8, "命令字：1 无线升级，2 连接指定服务器，3 关机，4 复位，5 恢复出厂设置，6 关闭数据通信，7 关闭所有无线通信",
               "1 upgrade, 2 connect to a server, 3 switch off, 4 reset, 5 factory settings, 6 close data, 7 close all radio"),
         Field("parameters", Text(), "命令参数", "parameters of the command")),
    same(0x8106, "查询指定终端参数", "query of some parameters",
         Field("ids", Repeated((Field("id", Identifier(4), "参数 ID", "parameter"),)), "参数 ID 列表", "parameters")),
    same(0x8107, "查询终端属性", "query of attributes"),
    changed(0x0107, "查询终端属性应答", "attributes of the terminal", _attributes(20, 7), _attributes(30, 30)),
    same(0x8108, "下发终端升级包", "upgrade",
         _UPGRADED,
         Field("maker", Text(5), "制造商 ID", "maker"),
         Field("firmware_version", CountedText(), "版本号", "version"),
         Field("data", CountedOctets(4), "升级数据包", "data")),
    same(0x0108, "终端升级结果", "result of the upgrade",
         _UPGRADED, Field("result", U8, "结果：0 成功，1 失败，2 取消", "0 done, 1 failed, 2 cancelled")),
)  # fmt: skip
