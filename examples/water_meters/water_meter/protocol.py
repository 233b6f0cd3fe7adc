"""Eight bytes: number of the meter (4), litres (3), sum of those seven modulo 256. Invented. No Django, no district."""

from __future__ import annotations

from typing import Any

from haihe.kernel.errors import InvalidInput

TITLE_ZH, TITLE_EN = "水表报文（示例）", "Frames of water meters (an example)"
NO_FRAME = {"zh": "不是八个字节的十六进制报文", "en": "not eight bytes in hexadecimal digits"}
WRONG_SUM = {"zh": "校验和不符", "en": "the sum does not fit"}


def decode_line(line: str) -> dict[str, Any]:
    """One frame in hexadecimal digits. Never raises: what cannot be read comes back as it is, with an issue."""
    try:
        frame = bytes.fromhex(line)
    except ValueError:
        frame = b""
    if len(frame) != 8:
        return {"raw_text": line, "issues": [NO_FRAME]}
    if sum(frame[:7]) % 256 != frame[7]:
        return {"raw_text": line, "issues": [WRONG_SUM]}
    return {"meter": int.from_bytes(frame[:4], "big"), "volume_l": int.from_bytes(frame[4:7], "big"), "issues": []}


def encode_line(given: Any) -> str:
    """The inverse. Raises InvalidInput."""
    if not isinstance(given, dict):
        raise InvalidInput("须为 JSON 对象。", "A JSON object is wanted.")
    if "raw_text" in given:
        return str(given["raw_text"])
    parts = []
    for name, size in (("meter", 4), ("volume_l", 3)):
        value = given.get(name)
        if type(value) is not int or not 0 <= value < 256**size:
            raise InvalidInput(
                f"{name} 应为 0 至 {256**size - 1} 的整数。",
                f"{name} is a whole number from 0 to {256**size - 1}.",
                where=name,
            )
        parts.append(value.to_bytes(size, "big"))
    body = b"".join(parts)
    return (body + bytes([sum(body) % 256])).hex()
