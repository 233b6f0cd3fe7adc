"""The driving recorder, electronic waybills, drivers and the CAN bus."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import (
    U8,
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
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Layout, Message, same

_COMMAND = Field("command", U8, "命令字（GB/T 19056）", "command of GB/T 19056")
_DATA = Field("data", Octets(), "数据块（GB/T 19056）", "data of GB/T 19056")

# What follows the time is sent when the card was put in, and by some terminals always.
_CARD = (
    Field("state", U8, "状态：1 插卡（上班），2 拔卡（下班）", "1 card put in, 2 taken out"),
    Field("time", Time(), "插卡/拔卡时间", "when"),
    Field("result", U8, "IC 卡读取结果：0 成功，1 密钥认证未通过，2 卡片已锁定，3 卡片被拔出，4 数据校验错误",
          "0 read, 1 key not accepted, 2 card locked, 3 card taken out, 4 wrong check sum", optional=True),
    Field("name", CountedText(), "驾驶员姓名", "name", optional=True),
    Field("qualification", Text(20), "从业资格证编码", "qualification certificate", optional=True),
    Field("issuer", CountedText(), "发证机构名称", "issued by", optional=True),
    Field("valid_until", Octets(4), "证件有效期（YYYYMMDD）", "valid until (YYYYMMDD)", optional=True),
)  # fmt: skip
_OF_2011 = (
    Field("name", CountedText(), "驾驶员姓名", "name"),
    Field("id_card", Text(20), "身份证编码", "identity card"),
    Field("qualification", Text(40), "从业资格证编码", "qualification certificate"),
    Field("issuer", CountedText(), "发证机构名称", "issued by"),
)
_FRAME = (Field("id", Identifier(4), "CAN ID（位 31 通道，30 扩展帧，29 计算值）", "CAN id with bits 31 channel, 30 extended, 29 computed"),
          Field("data", Octets(8), "CAN 数据", "data"))  # fmt: skip


def _has_state(body: bytes) -> bool:
    """Since 2013 the body begins with 1 or 2; in 2011 with the length of a name, which has more bytes than that."""
    return body[:1] in (b"\x01", b"\x02") or len(body) == 7


DRIVING: tuple[Message, ...] = (
    same(0x8700, "行驶记录数据采集命令", "recorder command", _COMMAND, _DATA),
    same(0x0700, "行驶记录数据上传", "recorder data", REPLY_SERIAL, _COMMAND, _DATA),
    same(0x8701, "行驶记录参数下传", "recorder parameters", _COMMAND, _DATA),
    same(0x0701, "电子运单上报", "waybill", Field("data", CountedOctets(4), "电子运单内容", "waybill")),
    same(0x8702, "上报驾驶员身份请求", "query of the driver"),
    Message(0x0702, "驾驶员身份信息采集上报", "driver identity", (
        Layout("2019", (*_CARD, Field("id_card", Text(20), "驾驶员身份证号", "identity card", optional=True))),
        Layout("2013", _CARD, _has_state),
        Layout("2011", _OF_2011),
    )),
    same(0x0705, "CAN 总线数据上传", "CAN data",
         Field("count", Count("frames", 2), "数据项个数", "number of entries"),
         Field("time_bcd", Octets(5), "接收时间（hhmmssmsms）", "time of day with 1/10 ms (BCD)"),
         Field("frames", Repeated(_FRAME, 0), "CAN 数据项", "entries")),
)  # fmt: skip
