"""What a comparison works on: a plan as passages, each with its number, heading, words and units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.model import Document, OutlineNode, Period, Reading, Target
from haihe.packs.plans.reading.outline import numbering_of

LONGEST_PASSAGE = 6_000  # characters that are compared; more is no paragraph of a plan
MOST_PASSAGES = 20_000
UNIT_BRACKET = re.compile(
    r"[（【〔][^（）【】〔〕]*(?:责任单位|牵头|配合|负责|责任部门)[^（）]*(?:（[^（）]*）[^（）]*)*[）】〕]\s*\Z"
)
_NEWS_TAIL = re.compile(r"\s*(?:记者|联系人|联系方式|如有宝贵意见)")


@dataclass(frozen=True, slots=True)
class Passage:
    """One paragraph. `number` as the plan writes it with that of the section before it: 二、/（三）/4. ; `words` is the text
    without number, heading and the bracket of units, in one spelling."""

    line: int
    number: str
    heading: str
    section: str
    text: str
    words: str
    units: tuple[str, ...] = ()

    @property
    def asks(self) -> tuple[str, ...]:
        return tuple(sentences(self.words))


@dataclass(frozen=True, slots=True)
class Paper:
    """A plan as it is compared: what it is, its passages and its targets (those with a value; baselines left out)."""

    title: str
    kind: str
    status: str
    issuer: str
    issued_on: str
    period: Period
    passages: tuple[Passage, ...]
    targets: tuple[Target, ...]


def sentences(text: str) -> list[str]:
    """Parts that end with 。 or ；, without what is too short to say something."""
    return [part.strip() for part in re.split(r"(?<=[。；;！？])", text) if len(part.strip()) > 3]


def papers_of(reading: Reading) -> list[Paper]:
    """The plans of a file with their annexes; of a news page the article; without either, whatever was read."""
    plans = [d for d in reading.documents if d.kind == "plan"]
    chosen = (
        [d for d in reading.documents if d.kind in ("plan", "annex")]
        if plans
        else [d for d in reading.documents if d.kind == "news"]
    )
    return [paper_of(document, reading.source.lines) for document in chosen or reading.documents]


def paper_of(document: Document, lines: Sequence[str]) -> Paper:
    """`lines` are those of the whole file: line 1 is lines[0]."""
    passages = tuple(_passages(document, lines))[:MOST_PASSAGES]
    if document.kind == "news":
        passages = tuple(part for passage in passages for part in by_sentence(passage))
    return Paper(
        document.title, document.kind, document.status, document.issuer or "", document.issued_on or "", document.period, passages,
        tuple(t for t in document.targets if t.kind == "target"),
    )  # fmt: skip


def joined(papers: Sequence[Paper]) -> Paper:
    """A bundle as one plan, under the title and dates of its first part."""
    first = papers[0]
    starts = [p.period.start for p in papers if p.period.start]
    ends = [p.period.end for p in papers if p.period.end]
    return replace(
        first, passages=tuple(q for p in papers for q in p.passages), targets=tuple(t for p in papers for t in p.targets),
        period=Period(min(starts, default=None), max(ends, default=None)),
    )  # fmt: skip


def by_sentence(passage: Passage) -> list[Passage]:
    """An article or a goals paragraph compares sentence by sentence: it retells in one paragraph what stood in several."""
    parts = passage.asks
    section = " / ".join(part for part in (passage.section, passage.heading) if part)
    return [replace(passage, text=part, words=part, heading="", section=section, units=()) for part in parts] or [
        passage
    ]


def _passages(document: Document, lines: Sequence[str]) -> Iterable[Passage]:
    nodes = {node.line: node for node in document.outline}
    units = {task.line: tuple(unit.name for unit in task.units) for task in document.tasks}
    path: list[OutlineNode] = []
    waiting: tuple[int, str] | None = None
    for number in range(document.line, min(document.end_line, len(lines)) + 1):
        text = normalised(lines[number - 1][:LONGEST_PASSAGE]).strip()
        node = nodes.get(number)
        if not text or _is_title(text, document.title) or (document.kind == "news" and _NEWS_TAIL.match(text)):
            continue
        if waiting is not None and (node is not None or not _goes_on(waiting[1], text)):
            yield _passage(waiting, path, nodes, units)
            waiting = None
        if node is not None:
            path = [*(open_ for open_ in path if open_.level < node.level), node]
        waiting = (number, text) if waiting is None else (waiting[0], (waiting[1] + text)[:LONGEST_PASSAGE])
    if waiting is not None:
        yield _passage(waiting, path, nodes, units)


def _goes_on(before: str, text: str) -> bool:
    """A paragraph that the page layout broke: no stop at its end, long enough, and no table cell."""
    return "\t" not in before + text and len(before) >= 17 and not re.search(r"[。；：！？）”]\Z", before) and numbering_of(text) is None  # fmt: skip


def _is_title(text: str, title: str) -> bool:
    plain = re.sub(r"\s", "", text)
    return len(plain) > 3 and plain in re.sub(r"\s", "", normalised(title))


def _passage(at: tuple[int, str], path: list[OutlineNode], nodes: dict[int, OutlineNode], units: dict[int, tuple[str, ...]]) -> Passage:  # fmt: skip
    line, text = at
    node = nodes.get(line)
    body, heading = text, ""
    if node is not None:
        found = numbering_of(text)
        body = text[found[2] :] if found else text
        heading = node.heading if len(node.heading) <= 60 else ""
        if heading and body.startswith(heading):
            body = body[len(heading) :].lstrip("。：: ")
    section = " / ".join(open_.heading for open_ in path if open_ is not node and 0 < len(open_.heading) <= 60)
    number = "/".join(open_.number or "" for open_ in path if open_.number) if node is not None else ""
    words = UNIT_BRACKET.sub("", body).strip()
    return Passage(line, number, heading, section, text, words, units.get(line, ()))
