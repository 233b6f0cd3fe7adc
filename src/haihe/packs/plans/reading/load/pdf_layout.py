"""From printed lines with their places to paragraphs: what the page layout broke is joined, what it repeats is removed.

Chinese official documents (GB/T 9704) indent the first line of a paragraph by two characters and fill every line but
the last. So a line that reaches the right margin goes on in the next one, unless that is indented or begins a numbered
item. A document without indents is judged by punctuation: a full line that ends with 。；： ends its paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from haihe.packs.plans.reading.model import Issue

_TOP, _BOTTOM = 0.9, 0.1  # the parts of the page height where headers and footers stand
_PLACE_STEP = 0.01
_REPEATED_SHARE = 0.3
_PAGE_NUMBER = re.compile(
    r"[-—–─―·.\s]*第?\s*(?:\d{1,4}|[ivxIVX]{1,6})\s*页?\s*(?:[/／,，]?\s*共?\s*\d{1,4}\s*页?)?[-—–─―·.\s]*"
)
_MARKED_NUMBER = re.compile(r"[-—–─―·第]")
_ENDS_PARAGRAPH = re.compile(r"[。；：！？;:!?][”’」』）)]?$")
_OPEN_BRACKET = re.compile(r"（[^（）]*$")
_BEGINS_ITEM = re.compile(
    r"[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十\d]{1,3}[）)]|\d{1,2}[．、]|\d{1,2}\.(?!\d)|[①-⑳]"
    r"|第[一二三四五六七八九十百\d]{1,4}[章节条]|附件[\d一二三四五六七八九十]*[:：]?|专栏\d*"
)  # fmt: skip
_FIRST_UNIT = re.compile(r"[（《“‘〔【(\[]*(?:[A-Za-z0-9.%]+|.)[，。；：、！？）》”’〕】,.;:)\]]*")
_LATIN_EMS, _SLACK_EMS = 0.55, 0.6
_LEAST_COLUMN_EMS = 9.0
_INDENT_EMS, _SIZE_TOLERANCE = 1.2, 0.2
_APART, _SPACED_SHARE = 1.15, 0.6
_INDENTED_SHARE = 0.08
_QUOTED_CHARS = 40
_WORD_EDGE = re.compile(r"[A-Za-z,][A-Za-z]")  # two Latin words, which a space must part
_SIDE_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Placed:
    """A printed line. `left`, `right`, `y`, `size` (of a character) in points; `height` its place, 0 (foot) to 1."""

    text: str
    page: int
    left: float
    right: float
    y: float
    height: float
    size: float


@dataclass(frozen=True, slots=True)
class Column:
    """The margins between which a line stands, and how this document sets off its paragraphs.

    `pitch` is the distance of lines in points; `spaced` says that paragraphs stand further apart than their lines.
    """

    left: float
    right: float
    indents: bool
    spaced: bool
    pitch: float


def paragraphs(pages: list[list[Placed]]) -> tuple[tuple[str, ...], list[Issue]]:
    """The paragraphs of all pages in order, and an issue for each thing removed."""
    repeated = _repeated(pages)
    page_numbers = _page_numbers(pages)
    kept: list[Placed] = []
    removed: dict[str, tuple[int, int, str]] = {}  # pattern → index of the next kept line, count, example
    for page in pages:
        for line in page:
            pattern = (
                "#"
                if id(line) in page_numbers
                else _pattern(line)
                if (_pattern(line), _place(line)) in repeated
                else None
            )
            if pattern is None:
                kept.append(line)
            else:
                at, count, example = removed.get(pattern, (len(kept), 0, line.text))
                removed[pattern] = (at, count + 1, example)
    texts, line_of = _join(kept, _columns(kept))
    issues = [_removal(pattern, line_of[min(at, len(line_of) - 1)] if line_of else 1, count, example)
              for pattern, (at, count, example) in removed.items()]  # fmt: skip
    return tuple(texts), issues


def _removal(pattern: str, line: int, count: int, example: str) -> Issue:
    if pattern == "#":
        return Issue(line, f"页码已略去（{count} 处）。Page numbers were left out.")
    return Issue(
        line, f"页眉或页脚已略去（{count} 处）：{example[:_QUOTED_CHARS]}。A running header or footer was left out."
    )


def _pattern(line: Placed) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", line.text))


def _place(line: Placed) -> int:
    return round(line.height / _PLACE_STEP)


def _is_marginal(line: Placed) -> bool:
    return line.height >= _TOP or line.height <= _BOTTOM


def _repeated(pages: list[list[Placed]]) -> set[tuple[str, int]]:
    """Patterns that stand at one place at the head or foot of many pages (a third: odd and even pages may differ)."""
    counts = Counter(
        key for page in pages for key in {(_pattern(line), _place(line)) for line in page if _is_marginal(line)}
    )
    return {key for key, count in counts.items() if count >= max(2, _REPEATED_SHARE * len(pages)) and key[0] != "#"}


def _page_numbers(pages: list[list[Placed]]) -> set[int]:
    """The ids of lines that are page numbers: marked as such (- 3 -, 第3页), or bare and growing with the page."""
    found: set[int] = set()
    bare: dict[int, list[Placed]] = {}  # number minus page → lines
    for page in pages:
        for line in page:
            if not _is_marginal(line) or len(line.text) > 30 or not _PAGE_NUMBER.fullmatch(line.text):
                continue
            number = re.fullmatch(r"\s*(\d+)\s*", line.text)
            if _MARKED_NUMBER.search(line.text):
                found.add(id(line))
            elif number:
                bare.setdefault(int(number[1]) - line.page, []).append(line)
    for lines in bare.values():
        if len({line.page for line in lines}) >= 2:
            found.update(id(line) for line in lines)
    return found


def _columns(lines: list[Placed]) -> list[Column]:
    """For each line the column it stands in. A page has two where its lines stand left and right of one middle."""
    by_page: dict[int, list[int]] = {}
    for index, line in enumerate(lines):
        by_page.setdefault(line.page, []).append(index)
    side = [0] * len(lines)  # 0 the only column, 1 the left one, 2 the right one
    for indexes in by_page.values():
        page_left, page_right = min(lines[i].left for i in indexes), max(lines[i].right for i in indexes)
        middle = (page_left + page_right) / 2
        lefts = [i for i in indexes if lines[i].right <= middle + lines[i].size / 2]
        rights = [i for i in indexes if lines[i].left >= middle - lines[i].size / 2]
        if min(len(lefts), len(rights)) >= max(4, _SIDE_SHARE * len(indexes)):
            for i in lefts:
                side[i] = 1
            for i in rights:
                side[i] = 2
    columns = {
        number: _column([line for line, s in zip(lines, side, strict=True) if s == number]) for number in set(side)
    }
    return [columns[s] for s in side]


def _column(lines: list[Placed]) -> Column:
    """Margins shared by the pages: the leftmost and rightmost edges at which several lines stand."""
    left = _common_edge([line.left for line in lines], lowest=True)
    right = _common_edge([line.right for line in lines], lowest=False)
    full = [line for line in lines if line.left < left + 4 * line.size]
    indented = sum(_INDENT_EMS * line.size < line.left - left for line in full)
    steps = [(before.right, _step(before, line)) for before, line in pairwise(lines) if _step(before, line)]
    counts = Counter(round(step) for _, step in steps)
    pitch = min((step for step, count in counts.items() if count >= len(steps) / 5), default=0)
    after_short = [step for end, step in steps if end < right - (right - left) / 4]  # these lines ended a paragraph
    apart = sum(step > _APART * pitch for step in after_short)
    spaced = apart >= max(2, _SPACED_SHARE * len(after_short))
    return Column(left, right, indented >= max(2, _INDENTED_SHARE * len(full)), spaced, pitch)


def _step(before: Placed, line: Placed) -> float:
    """How far `line` stands below `before`; 0 where it is on another page or above."""
    return max(0.0, before.y - line.y) if before.page == line.page else 0.0


def _common_edge(edges: list[float], *, lowest: bool) -> float:
    """The outermost edge that at least a twentieth of the lines (and two of them) share within 5 points."""
    ordered = sorted(edges, reverse=not lowest)
    need = max(2, len(ordered) // 20)
    for index in range(len(ordered) - need + 1):
        if abs(ordered[index] - ordered[index + need - 1]) <= 5:
            return ordered[index]
    return ordered[0]


def _join(lines: list[Placed], columns: list[Column]) -> tuple[list[str], list[int]]:
    """Paragraphs, and for each printed line the number (from 1) of the paragraph it went into."""
    texts: list[str] = []
    line_of: list[int] = []
    if lines:
        texts.append(lines[0].text)
        line_of.append(1)
    for (before, line), (column, next_column) in zip(pairwise(lines), pairwise(columns), strict=True):
        if _goes_on(before, line, column, next_column):
            texts[-1] += (" " if _WORD_EDGE.match(texts[-1][-1:] + line.text[:1]) else "") + line.text
        else:
            texts.append(line.text)
        line_of.append(len(texts))
    return texts, line_of


def _first_unit_ems(text: str) -> float:
    """The width in ems of what may not be parted at the beginning of a line: a word or character and its punctuation."""
    unit = _FIRST_UNIT.match(text)
    return _SLACK_EMS + sum(_LATIN_EMS if char.isascii() else 1.0 for char in (unit[0] if unit else ""))


def _goes_on(before: Placed, line: Placed, column: Column, next_column: Column) -> bool:
    """Whether `line` continues the paragraph of `before`."""
    if "\t" in before.text or "\t" in line.text:
        return False  # rows of a table
    if abs(before.size - line.size) > _SIZE_TOLERANCE * before.size:
        return False  # another kind of text: a title, a note
    if before.right + _first_unit_ems(line.text) * before.size < column.right:
        return False  # what comes next would have found room on the line
    if column.right - column.left < _LEAST_COLUMN_EMS * line.size:
        return False  # a list of short pieces: that they are equally long says nothing
    begins_item = _BEGINS_ITEM.match(line.text) is not None
    ended = _ENDS_PARAGRAPH.search(before.text) is not None and not _OPEN_BRACKET.search(before.text)
    if line.left - next_column.left > _INDENT_EMS * line.size:
        same_edge = abs((line.left - next_column.left) - (before.left - column.left)) < line.size / 2
        return same_edge and not ended and not begins_item  # a block that is indented as a whole
    if column.spaced and not column.indents and _step(before, line):
        return _step(before, line) <= _APART * column.pitch
    if not ended:
        return column.indents or not begins_item
    return column.indents and not begins_item
