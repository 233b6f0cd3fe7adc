"""What an official paper says: one content, from which the Word file and the A4 print view are both made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from haihe.kernel.errors import NotFound


@dataclass(frozen=True)
class Kind:
    """A kind of paper. `form`: document (red head), letter or table."""

    name: str
    title_zh: str
    title_en: str
    form: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("supervision_notice", "督办单", "Supervision notice", "document"),
        Kind("chasing_letter", "催办函", "Chasing letter", "letter"),
        Kind("bulletin", "通报", "Bulletin", "document"),
        Kind("ledger", "年度工作台账", "Yearly work ledger", "table"),
    )
}
UNNUMBERED = "（草稿，未编号）"


@dataclass(frozen=True)
class Block:
    """A paragraph (`level` 0: text, 1: 一、 2: （一）) or, with `head`, a table whose columns have `widths` as shares."""

    text: str = ""
    level: int = 0
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Paper:
    kind: str
    organ: str  # 发文机关标志, without 文件
    title: str
    day: date
    signed: str
    blocks: tuple[Block, ...]
    number: str = UNNUMBERED
    to: str = ""
    copy_to: str = ""
    printed_by: str = ""
    addressees: tuple[int, ...] = field(default=())  # ids of the units that it goes to
    about: tuple[int, ...] = field(default=())  # ids of the tasks that it is about

    @property
    def form(self) -> str:
        return get_kind(self.kind).form

    @property
    def mark(self) -> str:
        return self.organ if self.form == "letter" else f"{self.organ}文件"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "day": self.day.isoformat()}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Paper:
        blocks = tuple(
            Block(b["text"], b["level"], tuple(b["head"]), tuple(map(tuple, b["rows"])), tuple(b["widths"]))
            for b in kept["blocks"]
        )
        lists = {name: tuple(kept[name]) for name in ("addressees", "about")}
        return cls(**{**kept, **lists, "day": date.fromisoformat(kept["day"]), "blocks": blocks})


def get_kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound(
            f"没有“{name[:40]}”这种文书。", f"There is no paper of the kind {name[:40]!r}.", where="kind",
            to_do_zh=f"可选：{'、'.join(KINDS)}。", to_do_en=f"Choose one of: {', '.join(KINDS)}.",
        )  # fmt: skip
    return KINDS[name]


def written_day(day: date) -> str:
    """2026年3月1日: months and days without a leading zero."""
    return f"{day.year}年{day.month}月{day.day}日"
