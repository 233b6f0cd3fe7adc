"""Units as people write them: rules and parameters name them in one word (`min`, `working days`), pages in the reader's language."""

from __future__ import annotations

from haihe.kernel.language import pick

UNITS = {
    "s": ("秒", "s"), "min": ("分钟", "min"), "h": ("小时", "h"), "hours": ("小时", "h"), "days": ("天", "days"), "weeks": ("周", "weeks"),
    "working days": ("个工作日", "working days"), "share": ("比例", "share"), "jumps": ("次", "jumps"), "level": ("级", "level"),
    "lines": ("行", "lines"), "characters": ("字", "characters"), "m": ("米", "m"),
}  # fmt: skip


def in_words(unit: str) -> str:
    """The unit itself where it is written alike in both languages, as km/h is."""
    return pick(*UNITS.get(unit, (unit, unit)))
