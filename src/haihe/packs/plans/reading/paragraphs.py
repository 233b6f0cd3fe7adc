"""Paragraphs that a page layout broke into lines are put together again; a paragraph keeps the number of its first line."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.outline import is_annex_mark, numbering_of

_ENDS = re.compile(r"[。；：！？”）…\d]\s*\Z|[。；！？]”?\s*\Z")
_LABEL_START = re.compile(r"\s*(?:牵头|责任|配合|完成时[限间]|协[同办作]|参[加与]|主办|记者|联系|附\s?件)")
_CLAUSE_END = re.compile(r"[。；！？]")
LONG = 26

Pieces = list[tuple[int, int]]  # where in a joined paragraph each of its lines starts: (offset, line number)


def join_wrapped(
    lines: list[tuple[int, str]], originals: list[str]
) -> tuple[list[tuple[int, str]], dict[int, str], dict[int, Pieces]]:
    """Lines with the broken ones joined to the first; the original text and the pieces of each joined line by its number."""
    joined: list[tuple[int, str]] = []
    whole: dict[int, str] = {}
    pieces: dict[int, Pieces] = {}
    width = _usual_width(lines)
    position = 0
    while position < len(lines):
        number, text = lines[position]
        original = originals[number - 1]
        last = text
        parts = [(0, number)]
        following = position + 1
        while following < len(lines):
            blank = following
            while blank < len(lines) and not lines[blank][1].strip() and blank - following < 1:
                blank += 1
            if blank >= len(lines) or not _goes_on(text, last, lines[blank][1], width, crossed=blank > following):
                break
            next_number, next_text = lines[blank]
            parts.append((len(text.rstrip()), next_number))
            text = text.rstrip() + next_text.strip()
            original = original.rstrip() + originals[next_number - 1].strip()
            last = next_text
            following = blank + 1
        joined.append((number, text))
        if following > position + 1:
            whole[number], pieces[number] = original, parts
        position = following
    return joined, whole, pieces


def placed(span: tuple[int, int], text: str, pieces: Pieces) -> tuple[int, tuple[int, int]]:
    """The line on which the clause that holds `span` of a joined paragraph starts, and the span counted from that line's start."""
    start = max((match.end() for match in _CLAUSE_END.finditer(text, 0, span[0])), default=0)
    start += len(text[start:]) - len(text[start:].lstrip())
    offset, line = next(piece for piece in reversed(pieces) if piece[0] <= start)
    return line, (span[0] - offset, span[1] - offset)


def _usual_width(lines: list[tuple[int, str]]) -> int:
    """The width at which a hard-wrapped text breaks; 0 where lines are whole paragraphs."""
    lengths = sorted(len(text.rstrip()) for _, text in lines if len(text.strip()) >= LONG)
    if len(lengths) < 8:
        return 0
    widest = lengths[int(len(lengths) * 0.9)]
    near = sum(1 for n in lengths if widest - 4 <= n <= widest)
    return widest if widest <= 60 and near >= len(lengths) * 0.4 else 0


def _goes_on(paragraph: str, last: str, following: str, width: int, *, crossed: bool) -> bool:
    """Whether `following` continues the sentence that the last line broke off."""
    last, stripped = last.rstrip(), following.strip()
    if not stripped or "\t" in last or "\t" in following or is_annex_mark(stripped) or _LABEL_START.match(following):
        return False
    if numbering_of(following) is not None and not re.match(r"\s*\d+\s*[.、]?\d*[万亿%个家项]", following):
        return False
    if following.startswith(("　", "  ")):
        return False
    full = bool(width) and len(last) >= width - 3
    if full and not crossed:
        return not re.search(r"[。！？]\s*\Z", last) or paragraph.count("（") > paragraph.count("）")
    open_bracket = paragraph.count("（") > paragraph.count("）") and len(last) > 10
    if open_bracket and not crossed and re.search(r"[：、，]\Z|牵头|责任", paragraph[paragraph.rfind("（") :]):
        return True
    return (
        len(last.strip()) >= 30
        and not _ENDS.search(last)
        and bool(re.match(r"[\u4e00-\u9fff、，]", stripped))
        and "。" in paragraph + following
    )
