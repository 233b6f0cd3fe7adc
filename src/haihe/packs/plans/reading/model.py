"""What a reading of a plan document is made of.

Plain frozen records without Django, so that the reader can be used, tested and measured on its own. `line` is always the
1-based line of the loaded text on which the clause starts; `span` is a (start, end) pair of character offsets in that line,
used by pages to highlight what was read.

SCHEMA_VERSION names the shape that `to_json` (reading/export.py) writes; it is described in docs/reference/plan-reading.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SCHEMA_VERSION = "1"

Span = tuple[int, int]
Comparator = Literal["=", ">", ">=", "<", "<=", "~", "range"]
Role = Literal["responsible", "lead", "support"]


@dataclass(frozen=True, slots=True)
class Issue:
    """Something odd that a person should look at; nothing is dropped without one."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class SourceText:
    """A loaded file: the text as numbered lines (index 0 is line 1), and what was odd about loading it.

    A table row of a .docx or .html file is one line with its cells joined by a tab; a paragraph is one line.
    """

    name: str
    format: Literal["txt", "md", "docx", "pdf", "html"]
    lines: tuple[str, ...]
    sha256: str
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitRole:
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class OutlineNode:
    """A heading with its numbering as written (一、 / （一） / 1． / （1） / 一是)."""

    line: int
    level: int
    number: str | None
    heading: str


@dataclass(frozen=True, slots=True)
class Target:
    line: int
    text: str
    subject: str | None
    kind: Literal["target", "baseline"]
    comparator: Comparator
    value: float
    value_max: float | None
    unit: str | None
    unit_normalised: str | None
    value_as_written: str
    deadline: str | None
    strength: Literal["binding", "strive"]
    scope: str | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """`text` is the item's whole text; `end_line` the last line that belongs to it."""

    line: int
    end_line: int
    number: str | None
    heading: str
    text: str
    units: tuple[UnitRole, ...] = ()
    span: Span | None = None
    deadline: str | None = None  # a time limit of its own: 完成时限 in a table or line, 2026年6月底前完成 → 2026-06


@dataclass(frozen=True, slots=True)
class NamedSystem:
    line: int
    name: str
    verb: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class BudgetLine:
    line: int
    item: str
    phase: str | None
    quantity: float | None
    unit_price: float | None
    amount: float | None
    unit: str | None


@dataclass(frozen=True, slots=True)
class Phase:
    """A dated phase or milestone: 第一期（2018年度）, 2026年6月底前."""

    line: int
    name: str
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class SubsidyTier:
    """One amount of a subsidy clause: who (condition) gets how much (amount, unit), once or each year, under which cap."""

    line: int
    condition: str
    amount: float | None
    amount_max: float | None
    rate_percent: float | None
    unit: str | None
    cap: float | None
    per: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """A cited document: 《title》 and, where given, its number 津政办发〔2017〕112号."""

    line: int
    title: str
    number: str | None


@dataclass(frozen=True, slots=True)
class Period:
    start: str | None
    end: str | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """The notice that forwards several documents, and this document's place in it (from 1)."""

    title: str
    index: int


@dataclass(frozen=True, slots=True)
class Document:
    line: int
    end_line: int
    title: str
    kind: Literal["plan", "notice", "news", "annex", "other"]
    status: Literal["draft", "trial", "final"]
    issuer: str | None
    number: str | None
    issued_on: str | None
    period: Period
    bundle: Bundle | None
    notice: str | None
    outline: tuple[OutlineNode, ...] = ()
    targets: tuple[Target, ...] = ()
    tasks: tuple[Task, ...] = ()
    systems: tuple[NamedSystem, ...] = ()
    budget: tuple[BudgetLine, ...] = ()
    phases: tuple[Phase, ...] = ()
    subsidies: tuple[SubsidyTier, ...] = ()
    annexes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything read from one file. `issues` are those that belong to no document (other articles, page numbers …)."""

    source: SourceText
    documents: tuple[Document, ...]
    issues: tuple[Issue, ...] = field(default=())
