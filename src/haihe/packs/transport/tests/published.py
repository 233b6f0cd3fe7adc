"""Frames that others published, with what they say of them. See frames/README.md for sources and licences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "frames"


class Published(NamedTuple):
    frame: bytes
    said: Any


def yezhihao() -> list[Published]:
    """125 frames of 63 messages, each with the fields its source decodes."""
    rows = json.loads((FOLDER / "yezhihao.json").read_text(encoding="utf-8"))["frames"]
    return [Published(bytes.fromhex(row["hex"]), row["fields"]) for row in rows]


def go_jt808() -> list[Published]:
    """42 frames, each with (hexadecimal digits, label, value) of its fields in order."""
    rows = json.loads((FOLDER / "go_jt808.json").read_text(encoding="utf-8"))["frames"]
    return [Published(bytes.fromhex(row["hex"]), row["values"]) for row in rows]


def traccar() -> list[Published]:
    """Frames of many makers, each with the expectations of traccar's test."""
    lines = (FOLDER / "traccar.txt").read_text(encoding="utf-8").splitlines()
    parts = [line.split() for line in lines if line and not line.startswith("#")]
    return [Published(bytes.fromhex(first), rest) for first, *rest in parts]


def everything() -> list[bytes]:
    return [published.frame for published in (*yezhihao(), *go_jt808(), *traccar())]
