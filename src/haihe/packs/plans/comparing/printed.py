"""A comparison as rows of a terminal table: kind, place in A, place in B, what changed."""

from __future__ import annotations

from haihe.packs.plans.comparing.compare import Comparison
from haihe.packs.plans.comparing.paper import Passage
from haihe.packs.plans.comparing.versions import Change

SHORT = 60


def rows_of(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Without what is the same in both."""
    if comparison.kind == "draft":
        return [_change(c) for c in comparison.changes if c.kinds != ("same",)]
    if comparison.kind == "city":
        return [
            (row.kind, _at(row.passage), " ".join(f"{_at(a.passage)} ({a.score:g})" for a in row.answers), row.names and f"[{row.names}] " + row.passage.words[:SHORT])
            for row in comparison.asked
        ]  # fmt: skip
    rows = []
    for row in comparison.targets:
        old, new = row.a.value_as_written if row.a else "", row.b.value_as_written if row.b else ""
        subject = (row.b or row.a).subject if (row.b or row.a) else ""  # type: ignore[union-attr]
        rows.append((row.kind, old, new, str(subject or "")))
    return rows


def _at(passage: Passage | None) -> str:
    return "" if passage is None else f"{passage.line} {passage.number} {passage.heading[:16]}".replace("  ", " ")


def _change(change: Change) -> tuple[str, str, str, str]:
    passage = change.b or change.a
    amounts = "；".join(f"{a.subject} {a.old} → {a.new}" for a in change.amounts)
    signs = {"same": "", "old": "-", "new": "+"}
    words = "".join(f"{{{signs[k]}{text}{signs[k]}}}" if k != "same" else "…" for k, text in change.pieces)
    return (
        " ".join(change.kinds),
        _at(change.a),
        _at(change.b),
        amounts or words[:200] or (passage.words[:SHORT] if passage else ""),
    )
