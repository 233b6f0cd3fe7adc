"""Text to words, the same on both databases: Chinese as pairs of characters, everything else as runs of letters or of digits.

数据局 津A12345 → 数据 据局 局 津 a 12345. The last character of a Chinese run stands alone too, so that one character is found as
the beginning of a word wherever it stands. A question becomes phrases of such words, of which the last may go on.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

LONGEST_QUESTION = 60
MOST_PHRASES = 8
# Unified ideographs with extension A and the later planes; letters; digits. Everything else separates.
_RUN = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]+|\d+|[^\W\d_㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]+")
_CHINESE = re.compile(r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Phrase:
    """Words that stand one after the other; the last one may be the beginning of a word where `goes_on`."""

    words: tuple[str, ...]
    goes_on: bool


def plain(text: str) -> str:
    """Full-width forms as half-width ones, small letters."""
    return unicodedata.normalize("NFKC", text).lower()


def words_of(text: str) -> list[str]:
    """The words of a text in order, as they are stored."""
    found: list[str] = []
    for run in _RUN.findall(plain(text)):
        found += [*_pairs(run), run[-1]] if _CHINESE.match(run) else [run[:60]]
    return found


def _pairs(run: str) -> list[str]:
    return [run[n : n + 2] for n in range(len(run) - 1)]


def phrases_of(question: str) -> list[Phrase]:
    """What must be there: one phrase for each part between spaces."""
    parts = [_RUN.findall(part) for part in plain(question[:LONGEST_QUESTION]).split()]
    return [_phrase(runs) for runs in parts if runs][:MOST_PHRASES]


def _phrase(runs: list[str]) -> Phrase:
    words: list[str] = []
    for run in runs[:-1]:
        words += [*_pairs(run), run[-1]] if _CHINESE.match(run) else [run]
    last = runs[-1]
    if not _CHINESE.match(last):
        return Phrase((*words, last), goes_on=True)
    if len(last) == 1:
        return Phrase((*words, last), goes_on=True)
    return Phrase((*words, *_pairs(last)), goes_on=False)


def marked(text: str, question: str, length: int | None = None) -> list[tuple[str, bool]]:
    """The text (about `length` characters of it around the first hit) in pieces, each with whether the question names it."""
    terms = sorted({part for part in plain(question[:LONGEST_QUESTION]).split() if part}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, terms)), re.IGNORECASE) if terms else None
    if length is not None and len(text) > length:
        first = pattern.search(text) if pattern else None
        start = max(0, first.start() - length // 4) if first else 0
        text = ("…" if start else "") + text[start : start + length] + ("…" if start + length < len(text) else "")
    if pattern is None:
        return [(text, False)]
    pieces, at = [], 0
    for hit in pattern.finditer(text):
        pieces += [(text[at : hit.start()], False), (hit[0], True)]
        at = hit.end()
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]
