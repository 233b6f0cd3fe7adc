"""What a check finds: two places of one bundle that do not fit together, in words that an officer can act on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from haihe.packs.plans.reading.model import Document

Severity = Literal["contradiction", "likely", "note"]
MOST_NODES = 4_000  # numbered items of a document that are looked at; no plan has more
QUOTE = 60  # characters of a line that are quoted


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the file and the words on it that matter."""

    line: int
    quote: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`kind` names the check. `why` says what does not fit, `to_do` what a person can do about it."""

    kind: str
    severity: Severity
    places: tuple[Place, ...]
    why_zh: str
    why_en: str
    to_do_zh: str
    to_do_en: str

    @property
    def key(self) -> str:
        """The same for the same words, also when lines were put in before them: marks of people hang on it."""
        words = "|".join([self.kind, *(re.sub(r"\s", "", place.quote) for place in self.places)])
        return hashlib.sha256(words.encode()).hexdigest()[:16]

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle as checks see it: its documents, and the file's lines (line 1 is lines[0])."""

    documents: tuple[Document, ...]
    lines: Sequence[str]

    def text(self, line: int) -> str:
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""

    def place(self, line: int, words: str = "") -> Place:
        """The line with `words` in the middle of the quotation, or its beginning."""
        text = self.text(line).strip()
        at = text.find(words) if words else 0
        start = max(0, at - max(0, QUOTE - len(words)) // 2)
        return Place(line, text[start : start + max(QUOTE, len(words[:120]))].strip())
