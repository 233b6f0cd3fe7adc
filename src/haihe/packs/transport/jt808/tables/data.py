"""Transparent and compressed data, and keys."""

from __future__ import annotations

from haihe.packs.transport.jt808.fields import U8, U32, CountedOctets, Field, Octets
from haihe.packs.transport.jt808.message import Message, same

_TRANSPARENT = (
    Field("kind", U8, "透传消息类型：0x00 GNSS 模块，0x0B IC 卡，0x41/0x42 串口，0xF0–0xFF 用户自定义",
          "0x00 GNSS module, 0x0B card, 0x41/0x42 serial port, 0xF0–0xFF maker's own"),
    Field("data", Octets(), "透传消息内容", "data"),
)  # fmt: skip
_KEY = (
    Field("exponent", U32, "RSA 公钥 {e,n} 中的 e", "e of the RSA key {e, n}"),
    Field("modulus", Octets(128), "RSA 公钥 {e,n} 中的 n", "n of the RSA key {e, n}"),
)

DATA: tuple[Message, ...] = (
    same(0x8900, "数据下行透传", "data downwards", *_TRANSPARENT),
    same(0x0900, "数据上行透传", "data upwards", *_TRANSPARENT),
    same(0x0901, "数据压缩上报", "compressed data", Field("data", CountedOctets(4), "压缩消息体（GZIP）", "compressed message (gzip)")),
    same(0x8A00, "平台 RSA 公钥", "platform key", *_KEY),
    same(0x0A00, "终端 RSA 公钥", "terminal key", *_KEY),
)  # fmt: skip
