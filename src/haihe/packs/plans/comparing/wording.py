"""How two wordings of one passage differ: word by word, and in their amounts with the old and the new value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.numbers import Quantity, normal_unit, quantities

Piece = tuple[Literal["same", "old", "new"], str]
LONGEST_DIFF = 4_000
# Numbers with their scale and Latin words are one token: 50→500 is a change of the number, not of a digit.
_TOKEN = re.compile(r"\d[\d,.]*[万亿]*|[A-Za-z][A-Za-z0-9-]*|.", re.DOTALL)
_MONEY = {"元": 1.0, "万元": 1e4, "亿元": 1e8, "万亿元": 1e12}
_NOT_AMOUNTS = re.compile(r"\s*(?:年|月|日|时|号|条|期|章|节|[.．、]\s?[\u4e00-\u9fff])")


def difference(old: str, new: str) -> tuple[Piece, ...]:
    """The new text with what was struck and what was put in, in reading order."""
    a, b = _TOKEN.findall(old[:LONGEST_DIFF]), _TOKEN.findall(new[:LONGEST_DIFF])
    pieces: list[Piece] = []
    for op in Indel.opcodes(a, b):
        if op.tag == "equal":
            pieces.append(("same", "".join(b[op.dest_start : op.dest_end])))
        else:
            pieces.append(("old", "".join(a[op.src_start : op.src_end])))
            pieces.append(("new", "".join(b[op.dest_start : op.dest_end])))
    return _tidied(pieces)


def _tidied(pieces: list[Piece]) -> tuple[Piece, ...]:
    """One struck and one new piece between what stayed; a single letter that stayed by chance joins them."""
    found: list[Piece] = []
    old = new = ""
    for n, (kind, text) in enumerate(pieces):
        if kind == "same" and (len(text) > 1 or not (old or new) or n == len(pieces) - 1):
            found += [p for p in (("old", old), ("new", new)) if p[1]]
            found.append((kind, text))
            old = new = ""
        else:
            old += text if kind != "new" else ""
            new += text if kind != "old" else ""
    found += [p for p in (("old", old), ("new", new)) if p[1]]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what stands before it. `value` in the unit's own size; money also compares across 万元 and 亿元."""

    subject: str
    value: float
    value_max: float | None
    unit: str
    written: str

    @property
    def size(self) -> tuple[float, float | None, str]:
        factor, unit = (_MONEY[self.unit], "元") if self.unit in _MONEY else (1.0, normal_unit(self.unit) or "")
        return (
            round(self.value * factor, 4),
            None if self.value_max is None else round(self.value_max * factor, 4),
            unit,
        )


@dataclass(frozen=True, slots=True)
class AmountChange:
    subject: str
    old: str
    new: str


def amounts(text: str) -> list[Amount]:
    """The numbers of a text that count or measure something: no years, days, or numbers of clauses."""
    line = normalised(text)
    return [_amount(line, q) for q in quantities(line) if _counts(line, q)]


def _counts(line: str, q: Quantity) -> bool:
    if q.value_max is None and not q.unit and 1900 <= q.value <= 2100:
        return False
    # 5G, AI4, v2: a number inside a Latin word is a name.
    inside = re.match(r"[A-Za-z]", line[q.end : q.end + 1]) or re.search(r"[A-Za-z]\Z", line[: q.start])
    return (
        q.unit not in ("年", "月", "日", "时") and not _NOT_AMOUNTS.match(line, q.end) and not (inside and not q.unit)
    )


def _amount(line: str, q: Quantity) -> Amount:
    before = re.split(r"[，。；：、（）]", line[: q.start])[-1]
    after = re.match(r"[\u4e00-\u9fffA-Za-z“”]{0,12}", line[q.end :])
    subject = before[-14:] + (f"…{after[0]}" if after and after[0] and len(before) < 5 else "")
    return Amount(subject.strip(), q.value, q.value_max, q.unit, line[q.start : q.end].strip())


def changed_amounts(old: str, new: str) -> tuple[AmountChange, ...]:
    """Numbers of the same unit that stand behind the same words and differ; each is paired once, in reading order."""
    left = amounts(old)
    found = []
    waiting = []
    for now in amounts(new):
        same = next((was for was in left if was.size == now.size and fuzz.ratio(was.subject, now.subject) >= 50), None)
        left.remove(same) if same else waiting.append(now)
    for now in waiting:
        rows = [(fuzz.ratio(was.subject, now.subject), was) for was in left if was.size[2] == now.size[2]]
        score, was = max(rows, key=lambda row: row[0], default=(0.0, None))
        if was is not None and score >= 45:
            left.remove(was)
            if was.size != now.size or _comparing(was.written) != _comparing(now.written):
                found.append(AmountChange(now.subject or was.subject, was.written, now.written))
    return tuple(found)


def _comparing(written: str) -> str:
    return re.sub(r"[\d,.]+", "", written)
