"""What can be odd about a frame. Decoding never raises; it gives back what could be read and a list of these.

`Issue` is a set of bits so that a batch carries it in one column; `Note` is one of them with its place, for people and JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag


class Issue(IntFlag):
    """Bits 0–9 concern the frame, bits 10–15 one location in it, the rest texts and lists."""

    HEADER_CUT = 1 << 0
    CHECKSUM = 1 << 1
    LENGTH = 1 << 2
    ESCAPE = 1 << 3
    FLAG_INSIDE = 1 << 4
    PHONE_DIGITS = 1 << 5
    FRAGMENT = 1 << 6
    ENCRYPTED = 1 << 7
    BODY_CUT = 1 << 8
    BATCH = 1 << 9
    TIME = 1 << 10
    LATITUDE = 1 << 11
    LONGITUDE = 1 << 12
    HEADING = 1 << 13
    ITEMS_CUT = 1 << 14
    ITEM_LENGTH = 1 << 15
    TEXT = 1 << 16
    TRAILING = 1 << 17
    UNREADABLE = 1 << 18


SENTENCES: dict[Issue, tuple[str, str]] = {
    Issue.HEADER_CUT: ("帧太短，消息头不完整", "the frame ends within its header"),
    Issue.CHECKSUM: ("校验码不符", "the checksum does not fit"),
    Issue.LENGTH: ("消息体长度与消息头所写不符", "the body is not as long as the header says"),
    Issue.ESCAPE: ("0x7d 之后不是 0x01 或 0x02", "0x7d is followed by neither 0x01 nor 0x02"),
    Issue.FLAG_INSIDE: ("帧内出现标识位 0x7e", "a flag byte 0x7e lies within the frame"),
    Issue.PHONE_DIGITS: ("终端手机号不是 BCD 数字", "the phone number holds digits that are not BCD"),
    Issue.FRAGMENT: ("分包消息，须与其他分包合并", "one package of a longer message: needs the others"),
    Issue.ENCRYPTED: ("消息体已加密", "the body is encrypted"),
    Issue.BODY_CUT: ("消息体不完整", "the body ends before its fields do"),
    Issue.BATCH: ("批量数据的个数或长度不符", "number or lengths of the batch do not fit"),
    Issue.TIME: ("时间不是有效的 BCD 时间", "the time is not a valid BCD time"),
    Issue.LATITUDE: ("纬度超出 90 度", "latitude beyond 90 degrees"),
    Issue.LONGITUDE: ("经度超出 180 度", "longitude beyond 180 degrees"),
    Issue.HEADING: ("方向超出 0–359 度", "heading beyond 0–359 degrees"),
    Issue.ITEMS_CUT: ("附加信息项不完整", "the additional items end within an item"),
    Issue.ITEM_LENGTH: ("附加信息项的长度不合标准", "an item is not as long as the standard says"),
    Issue.TEXT: ("文字不是有效的 GBK", "a text is not valid GBK"),
    Issue.TRAILING: ("最后一个字段之后还有数据", "data follows the last field"),
    Issue.UNREADABLE: ("不是十六进制的帧", "not a frame in hexadecimal digits"),
}


@dataclass(frozen=True)
class Note:
    """One issue and the field it concerns ("" = the frame as a whole)."""

    issue: Issue
    where: str = ""

    def as_dict(self) -> dict[str, str]:
        zh, en = SENTENCES[self.issue]
        return {"code": str(self.issue.name).lower(), "where": self.where, "zh": zh, "en": en}
