"""Photographs, sound and video that a terminal keeps and sends."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import U8, U16, U32, Field, Octets, Repeated, Time
from haihe.packs.transport.jt808.location import LocationBasic
from haihe.packs.transport.jt808.message import REPLY_SERIAL, Layout, Message, same

_ID = Field("media_id", U32, "多媒体 ID", "media id")
_KIND = Field("kind", U8, "类型：0 图像，1 音频，2 视频", "0 picture, 1 sound, 2 video")
_FORMAT = Field("format", U8, "格式：0 JPEG，1 TIF，2 MP3，3 WAV，4 WMV", "0 JPEG, 1 TIF, 2 MP3, 3 WAV, 4 WMV")
_EVENT = Field("event", U8, "事件：0 平台指令，1 定时，2 抢劫报警，3 碰撞侧翻报警，4 开车门，5 关车门，6 车门由开变关，7 定距",
               "0 asked for, 1 timed, 2 robbery, 3 collision, 4 door opened, 5 door closed, 6 door closing at speed, 7 by distance")  # fmt: skip
_CHANNEL = Field("channel", U8, "通道 ID", "channel")
_HEAD = (_ID, _KIND, _FORMAT, _EVENT, _CHANNEL)
_LOCATION = Field("location", LocationBasic(), "位置基本信息", "location")
_DATA = Field("data", Octets(), "多媒体数据", "data")
_PERIOD = (
    Field("start_time", Time(or_none=True), "起始时间，空为不限", "from, none for any"),
    Field("end_time", Time(or_none=True), "结束时间，空为不限", "until, none for any"),
)
_ASKED = (
    _KIND,
    Field("channel", U8, "通道 ID，0 为所有通道", "channel, 0 for all"),
    Field(
        "event",
        U8,
        "事件：0 平台指令，1 定时，2 抢劫报警，3 碰撞侧翻报警",
        "0 asked for, 1 timed, 2 robbery, 3 collision",
    ),
    *_PERIOD,
)
_DELETE = Field("delete", U8, "删除标志：0 保留，1 删除", "0 keep, 1 delete")
_PICTURE = (
    Field("channel", U8, "通道 ID，大于 0", "channel, above 0"),
    Field("command", U16, "0 停止，65535 录像，其他为拍照张数", "0 stop, 65535 video, else number of pictures"),
    Field("interval_s", U16, "拍照间隔或录像时间，0 为最小间隔或一直录像", "interval or length, 0: shortest or for ever", "s"),
    Field("keep", U8, "0 实时上传，1 保存", "0 send at once, 1 keep"),
    Field("resolution", U8, "分辨率：1 320×240，2 640×480，3 800×600，4 1024×768，5 QCIF，6 CIF，7 HALF D1，8 D1",
          "1 320×240, 2 640×480, 3 800×600, 4 1024×768, 5 QCIF, 6 CIF, 7 half D1, 8 D1"),
    Field("quality", U8, "图像质量 1–10，1 最好", "quality 1–10, 1 best"),
    Field("brightness", U8, "亮度 0–255", "brightness 0–255"),
    Field("contrast", U8, "对比度 0–127", "contrast 0–127"),
    Field("saturation", U8, "饱和度 0–127", "saturation 0–127"),
    Field("chroma", U8, "色度 0–255", "chroma 0–255"),
)  # fmt: skip
_SIGNATURES = (b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"ID3")


def _without_location(body: bytes) -> bool:
    """2011 had no location: the file begins at once."""
    return body[8:].startswith(_SIGNATURES)


MEDIA: tuple[Message, ...] = (
    same(0x0800, "多媒体事件信息上传", "multimedia event", *_HEAD),
    Message(0x0801, "多媒体数据上传", "multimedia data", (
        Layout("2019", (*_HEAD, _LOCATION, _DATA)),
        Layout("2013", (*_HEAD, _LOCATION, _DATA), lambda body: not _without_location(body)),
        Layout("2011", (*_HEAD, _DATA)),
    )),
    same(0x8800, "多媒体数据上传应答", "reply to multimedia data",
         _ID, Field("packages", Repeated((Field("number", U16, "包序号", "package"),)), "重传包 ID 列表", "packages to send again", optional=True)),
    same(0x8801, "摄像头立即拍摄", "take a picture", *_PICTURE),
    same(0x0805, "摄像头立即拍摄应答", "picture taken",
         REPLY_SERIAL, Field("result", U8, "结果：0 成功，1 失败，2 通道不支持", "0 done, 1 failed, 2 channel not supported"),
         Field("media", Repeated((_ID,), 2), "多媒体 ID 列表", "media ids", optional=True)),
    same(0x8802, "存储多媒体数据检索", "search of multimedia", *_ASKED),
    same(0x0802, "存储多媒体数据检索应答", "multimedia found",
         REPLY_SERIAL, Field("media", Repeated((_ID, _KIND, _CHANNEL, _EVENT, _LOCATION), 2), "检索项", "found")),
    same(0x8803, "存储多媒体数据上传", "upload of multimedia", *_ASKED, _DELETE),
    same(0x8804, "录音开始", "recording",
         Field("command", U8, "0 停止录音，1 开始录音", "0 stop, 1 start"), Field("duration_s", U16, "录音时间，0 为一直录音", "length, 0 for ever", "s"),
         Field("keep", U8, "0 实时上传，1 保存", "0 send at once, 1 keep"),
         Field("sampling", U8, "采样率：0 8 kHz，1 11 kHz，2 23 kHz，3 32 kHz", "0 8 kHz, 1 11 kHz, 2 23 kHz, 3 32 kHz")),
    same(0x8805, "单条存储多媒体检索上传", "upload of one item", _ID, _DELETE),
)  # fmt: skip
