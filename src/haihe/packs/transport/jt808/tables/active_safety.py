"""Upload of alarm attachments of T/JSATL 12-2017 (the Guangdong relative has longer identifiers under a header of 2019)."""

from __future__ import annotations

from collections.abc import Callable

from haihe.packs.transport.jt808.active_safety import AlarmIdentifier
from haihe.packs.transport.jt808.fields import U8, U16, U32, CountedText, Field, Octets, Repeated, Text
from haihe.packs.transport.jt808.message import Layout, Message, same

SHORT, LONG = AlarmIdentifier.SHORT, AlarmIdentifier.LONG
_ALARM_NUMBER = Field("alarm_number", Text(32), "报警编号（平台给定）", "number given by the platform")
_FILE = (
    Field("name", CountedText(), "文件名称（类型_通道_报警类型_序号_报警编号.后缀）", "file name"),
    Field(
        "kind", U8, "文件类型：0 图片，1 音频，2 视频，3 文本，4 其他", "0 picture, 1 sound, 2 video, 3 text, 4 other"
    ),
)
_SIZE = Field("size_bytes", U32, "文件大小", "size", "bytes")


def _identifier(size: int) -> Field:
    return Field("identifier", AlarmIdentifier(size=size), "报警标识号", "alarm identifier")


def _asked(size: int) -> tuple[Field, ...]:
    return (
        Field("address", CountedText(), "附件服务器地址", "address of the server"),
        Field("tcp_port", U16, "TCP 端口", "TCP port"), Field("udp_port", U16, "UDP 端口", "UDP port"),
        _identifier(size), _ALARM_NUMBER, Field("reserved", Octets(16), "预留", "reserved"),
    )  # fmt: skip


def _told(size: int) -> tuple[Field, ...]:
    return (
        Field("terminal_id", Text(30 if size == LONG else 7), "终端 ID", "terminal"),
        _identifier(size), _ALARM_NUMBER,
        Field("again", U8, "信息类型：0 正常，1 补传", "0 first time, 1 again"),
        Field("files", Repeated((_FILE[0], _SIZE)), "附件信息列表", "files"),
    )  # fmt: skip


def _asked_fits(size: int) -> Callable[[bytes], bool]:
    return lambda body: len(body) > 0 and len(body) == 1 + body[0] + 4 + size + 32 + 16


def _told_fits(size: int) -> Callable[[bytes], bool]:
    """Whether the list of files ends where the body ends."""

    def fits(body: bytes) -> bool:
        at = (30 if size == LONG else 7) + size + 32 + 1
        if len(body) <= at:
            return False
        count, at = body[at], at + 1
        for _ in range(count):
            if at >= len(body):
                return False
            at += 1 + body[at] + 4
        return at == len(body)

    return fits


_RANGE = (
    Field("offset_bytes", U32, "数据偏移量", "offset", "bytes"),
    Field("length_bytes", U32, "数据长度", "length", "bytes"),
)

ACTIVE_SAFETY_MESSAGES: tuple[Message, ...] = (
    Message(0x9208, "报警附件上传指令", "upload of alarm attachments", (
        Layout("2019", _asked(LONG), _asked_fits(LONG)), Layout("2013", _asked(SHORT)),
    )),
    Message(0x1210, "报警附件信息", "attachments of an alarm", (
        Layout("2019", _told(LONG), _told_fits(LONG)), Layout("2013", _told(SHORT)),
    )),
    same(0x1211, "文件信息上传", "file to come", *_FILE, _SIZE),
    same(0x1212, "文件上传完成", "file sent", *_FILE, _SIZE),
    same(0x9212, "文件上传完成应答", "reply to a file",
         *_FILE, Field("result", U8, "结果：0 完成，1 需要补传", "0 complete, 1 parts are missing"),
         Field("missing", Repeated(_RANGE), "补传数据包列表", "missing parts")),
)  # fmt: skip
