"""What `haihe decode jt808` and `haihe encode jt808` call. See haihe/protocols.py for the contract."""

from __future__ import annotations

import re
from typing import Any

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport.jt808.codec import decode, encode
from haihe.packs.transport.jt808.issues import Issue, Note

TITLE_ZH = "JT/T 808 道路运输车辆卫星定位系统终端通讯协议（2011、2013、2019）"
TITLE_EN = "JT/T 808 terminals of road vehicles (2011, 2013, 2019)"

# Hexadecimal digits as people paste them: with spaces, commas, colons, 0x in front of each byte, in either case.
_PREFIX = re.compile(r"0[xX]")
_BETWEEN = re.compile(r"[\s,;:\-_]+")


def decode_line(line: str) -> dict[str, Any]:
    """One frame in hexadecimal digits to the dictionary of `codec.decode`. Never raises: what is not a frame says so."""
    digits = _BETWEEN.sub("", _PREFIX.sub("", line))
    try:
        frame = bytes.fromhex(digits)
    except ValueError:
        return _unreadable(line)
    return decode(frame) if frame else _unreadable(line)


def _unreadable(line: str) -> dict[str, Any]:
    return {
        "message_id": None, "name": None, "version": None, "phone": None, "serial": None, "checksum_ok": False, "length_ok": False,
        "body": {"raw_text": line}, "issues": [Note(Issue.UNREADABLE).as_dict()],
    }  # fmt: skip


def encode_line(given: Any) -> str:
    """The inverse: the frame in hexadecimal digits. Raises InvalidInput."""
    if not isinstance(given, dict):
        raise InvalidInput("须为 JSON 对象。", "A JSON object is wanted.")
    body = given.get("body")
    if isinstance(body, dict) and "raw_text" in body:
        return str(body["raw_text"])
    return encode(given).hex()
