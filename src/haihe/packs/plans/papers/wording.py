"""How goals, numbers, days, works and clauses are written on papers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from haihe.packs.plans.models import Plan, end_of_period

_SIGNS = {"=": "", ">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< ", "~": "约 ", "range": ""}
# The bracket with the units at the end of an item: they stand in columns of their own.
_UNIT_BRACKET = re.compile(
    r"[（(【\[][^（(【\[]*(?:责任单位|牵头单位|配合单位|牵头|负责)[^）)】\]]*(?:[（(][^）)]*[）)][^）)】\]]*)*[）)】\]]\s*\Z"
)


def written_goal(content: dict[str, Any]) -> str:
    """The goal of a target clause as people write it: ≥ 50 个, 12–15 个, 约 20 %."""
    goal = _SIGNS.get(content.get("comparator") or "=", "") + written_number(content.get("value"))
    if content.get("value_max") is not None:
        goal += f"–{written_number(content['value_max'])}"
    return f"{goal} {content.get('unit') or ''}".strip()


def written_number(value: Any) -> str:
    """12345678.5 → 12,345,678.5: never in powers of ten."""
    if value is None:
        return "?"
    exact = Decimal(str(value))
    return f"{int(exact):,}" if exact == exact.to_integral_value() else f"{exact.normalize():,f}"


def written_deadline(written: str | None, plan: Plan) -> str:
    """2026-06 → 2026年6月底前; without a deadline of its own, the end of the plan's period, which is said."""
    note, end = "", end_of_period(written)
    if end is None:
        note, end, written = "（规划期末）", plan.last_day, plan.period_end
    if end is None:
        return ""
    parts = min((written or "").count("-"), 2)
    day = (f"{end.year}年底前", f"{end.year}年{end.month}月底前", f"{end.year}年{end.month}月{end.day}日前")[parts]
    return day + note


def work_of(content: dict[str, Any]) -> str:
    """The work itself: without its number and heading, which have a column, and without the bracket of units."""
    text = _UNIT_BRACKET.sub("", str(content.get("text") or "")).strip()
    heading = str(content.get("heading") or "")
    at = text.find(heading) if heading else -1
    if 0 <= at <= 8 and len(text) > at + len(heading):
        text = text[at + len(heading) :].lstrip("。．.：: 　\t；;")
    return text or heading


@dataclass(frozen=True)
class Outline:
    """The document's headings with those above them, for group rows and for naming the clause that a row rests on."""

    paths: list[tuple[int, list[dict[str, Any]]]]  # line → headings from the top down to the one on that line

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        paths: list[tuple[int, list[dict[str, Any]]]] = []
        above: list[dict[str, Any]] = []
        for node in plan.content.get("outline") or []:
            above = [*(n for n in above if n["level"] < node["level"]), node]
            paths.append((node["line"], above))
        return cls(paths)

    def _path_at(self, line: int) -> tuple[int, list[dict[str, Any]]]:
        before = [entry for entry in self.paths if entry[0] <= line]
        return before[-1] if before else (0, [])

    def chapter_of(self, line: int) -> str | None:
        """The heading under which a task stands: the one above its own."""
        start, path = self._path_at(line)
        if path and start == line:
            path = path[:-1]
        return f"{path[-1]['number'] or ''}{path[-1]['heading']}" if path else None

    def reference_of(self, line: int) -> str:
        """二、（一）1.（原文第38行)."""
        _start, path = self._path_at(line)
        numbers = "".join(str(node["number"] or "") for node in path)
        return f"{numbers}（原文第{line}行）" if numbers else f"原文第{line}行"


def title_lines(title: str, longest: int) -> list[str]:
    """A title on as few lines as it takes, of like length, broken where the words allow it (after 的, a mark or a bracket)."""
    count = -(-len(title) // longest)
    if count <= 1:
        return [title]
    wanted = len(title) / count
    places = [n for n in range(1, len(title)) if title[n - 1] in "的”》、，）等" and title[n] not in "”》、，）等的"]
    near = [
        n
        for n in places
        if abs(n - wanted) <= longest * 0.3 and n <= longest and len(title) - n <= longest * (count - 1)
    ]
    at = min(near, key=lambda n: abs(n - wanted)) if near else round(wanted)
    return [title[:at], *title_lines(title[at:], longest)]
