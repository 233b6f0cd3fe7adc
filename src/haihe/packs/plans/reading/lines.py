"""A normalised copy of each line, character for character as long as the original, so that offsets fit both.

Digits, letters and signs become half width; brackets, commas, colons and stops of Chinese prose become full width; every kind of
space becomes a plain one.
"""

from __future__ import annotations

import re

_TABLE = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF1A)}  # ０–９
_TABLE |= {code: code - 0xFEE0 for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}  # Ａ–Ｚ ａ–ｚ
_TABLE |= {
    ord(a): ord(b)
    for a, b in {
        "％": "%", "＋": "+", "＝": "=", "＞": ">", "＜": "<", "≧": "≥", "≦": "≤", "．": ".", "﹒": ".", "　": " ", "\xa0": " ", "\u2002": " ", "\u2003": " ",
        "(": "（", ")": "）", "[": "（", "]": "）", "【": "（", "】": "）", "〔": "（", "〕": "）", "［": "（", "］": "）", "﹙": "（", "﹚": "）",
        "～": "~", "〜": "~", "∼": "~", "–": "—", "―": "—", "－": "—", "─": "—", "‐": "-", "∶": ":", "﹕": "：", ";": "；", "｜": "|", "＊": "*",
        "“": "“", "”": "”", "〇": "〇", "○": "〇",
    }.items()
}  # fmt: skip
_COMMA = re.compile(r"(?<!\d),|,(?!\d{3})")
_COLON = re.compile(r"(?<!\d):|:(?!\d)")
# A Western full stop that ends a Chinese sentence: 特制定本方案.
_STOP = re.compile(r"(?<=[\u4e00-\u9fff”）%）])\.(?=\s|$|[\u4e00-\u9fff（])")


def normalised(line: str) -> str:
    """The line in one spelling, the same length as before."""
    line = line.translate(_TABLE)
    line = _COMMA.sub("，", line)
    line = _COLON.sub("：", line)
    return _STOP.sub("。", line)
