"""The original of a document as numbered lines of HTML, with everything that was read from it marked where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from haihe.packs.plans.models import Clause, Plan


@dataclass(frozen=True)
class ShownLine:
    """A line with its marks. `clauses`: the ids of the clauses that start on it, or else of the task that covers it."""

    number: int
    html: SafeString
    clauses: str
    starts: bool


@dataclass(frozen=True)
class _Mark:
    start: int
    end: int
    clause: Clause


def shown_lines(plan: Plan, clauses: Sequence[Clause]) -> list[ShownLine]:
    """The document's own lines of its file."""
    starting: dict[int, list[Clause]] = {}
    covering: dict[int, int] = {}
    for clause in clauses:
        starting.setdefault(clause.line, []).append(clause)
        if clause.kind == Clause.Kind.TASK:
            covering.update(dict.fromkeys(range(clause.line + 1, clause.end_line + 1), clause.pk))
    lines = plan.file.lines
    shown = []
    for number in range(plan.line, min(plan.end_line, len(lines)) + 1):
        here = starting.get(number, [])
        ids = " ".join(str(clause.pk) for clause in here) or str(covering.get(number, ""))
        shown.append(ShownLine(number, marked(lines[number - 1], here), ids, bool(here)))
    return shown


def marked(text: str, clauses: Iterable[Clause]) -> SafeString:
    """The line with a <mark> for every span. Where spans overlap, the shorter one (a number inside a task) is on top."""
    marks = sorted(
        (mark for clause in clauses if (mark := _mark_of(text, clause)) is not None), key=lambda m: m.end - m.start
    )
    edges = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    parts = []
    for start, end in pairwise(edges):
        piece = escape(text[start:end])
        top = next((m for m in marks if m.start <= start and end <= m.end), None)
        parts.append(
            f'<mark class="{top.clause.kind}" data-clause="{top.clause.pk}">{piece}</mark>' if top else str(piece)
        )
    return mark_safe("".join(parts))  # noqa: S308  (every piece of text above is escaped)


def _mark_of(text: str, clause: Clause) -> _Mark | None:
    """The clause's span; without one, its heading or name where the line has it, otherwise the whole line for a task."""
    start, end = clause.span_start, clause.span_end
    if start is not None and end is not None and 0 <= start < end <= len(text):
        return _Mark(start, end, clause)
    words = str(clause.current.get("heading") or clause.current.get("name") or "")
    at = text.find(words) if words else -1
    if at >= 0:
        return _Mark(at, at + len(words), clause)
    if clause.kind == Clause.Kind.TASK and text:
        return _Mark(0, len(text), clause)
    return None
