"""How well the reader does: compares a reading with gold files that people annotated (tests/gold/RULES.md)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haihe.packs.plans.reading.load import load_file
from haihe.packs.plans.reading.model import Reading, Target
from haihe.packs.plans.reading.reader import read_source


@dataclass
class Count:
    """Found, wanted and right ones of a kind."""

    wanted: int = 0
    found: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0

    def add(self, other: Count) -> None:
        self.wanted += other.wanted
        self.found += other.found
        self.right += other.right


KINDS = ("documents", "targets (line, value)", "targets (all fields)", "tasks", "exact unit lists", "systems")


@dataclass
class Report:
    """Counts of each kind by file, and every difference as a line."""

    files: dict[str, dict[str, Count]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    def total(self, kind: str) -> Count:
        count = Count()
        for counts in self.files.values():
            count.add(counts.get(kind, Count()))
        return count

    def table(self, *, verbose: bool = False) -> str:
        lines = [f"{'file':<34}{'kind':<24}{'wanted':>7}{'found':>7}{'right':>7}{'P':>8}{'R':>8}{'F1':>8}"]
        rows = [*self.files.items(), ("total", {kind: self.total(kind) for kind in KINDS})]
        for name, counts in rows:
            for kind, c in counts.items():
                lines.append(
                    f"{name[:33]:<34}{kind:<24}{c.wanted:>7}{c.found:>7}{c.right:>7}{c.precision:>8.3f}{c.recall:>8.3f}{c.f1:>8.3f}"
                )
        return "\n".join([*lines, *(self.differences if verbose else [])])


def score_folder(documents: Path, gold: Path) -> Report:
    """Score every gold file whose document lies in `documents` (or beside the gold file)."""
    report = Report()
    for path in sorted(gold.glob("*.json")):
        wanted = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(wanted, dict) or "targets" not in wanted:
            continue
        source = next((p for p in (documents / wanted["file"], path.parent / wanted["file"]) if p.exists()), None)
        if source is not None:
            score_reading(read_source(load_file(source)), wanted, path.stem, report)
    return report


def _within(rows: Iterable[Any], wanted: dict[str, Any]) -> list[Any]:
    first, last = wanted.get("from_line", 1), wanted.get("to_line", 10**9)
    return [row for row in rows if first <= row.line <= last]


def _target_key(target: Target) -> tuple[Any, ...]:
    return (target.line, round(target.value, 4), None if target.value_max is None else round(target.value_max, 4))


def _gold_target_key(row: dict[str, Any]) -> tuple[Any, ...]:
    high = row.get("value_max")
    return (row["line"], round(row["value"], 4), None if high is None else round(high, 4))


def score_reading(reading: Reading, wanted: dict[str, Any], name: str, report: Report) -> None:
    """Add one file's counts and differences to the report."""
    targets = _within((t for d in reading.documents for t in d.targets), wanted)
    tasks = _within((t for d in reading.documents for t in d.tasks), wanted)
    systems = _within((s for d in reading.documents for s in d.systems), wanted)
    documents = _within(reading.documents, wanted)
    tell = report.differences.append
    full_found = Counter((*_target_key(t), t.comparator, t.unit or "", t.kind, t.deadline, t.strength) for t in targets)
    full_wanted = Counter(
        (*_gold_target_key(r), r["comparator"], r["unit"] or "", r["kind"], r["deadline"], r["strength"])
        for r in wanted["targets"]
    )
    task_units = {task.line: {(u.name, u.role) for u in task.units} for task in tasks}
    gold_units = {row["line"]: {(unit[0], unit[1]) for unit in row["units"]} for row in wanted["tasks"]}
    exact = sum(task_units.get(line) == units for line, units in gold_units.items())
    report.files[name] = {
        "documents": _matched(
            Counter((d.line, d.kind) for d in documents), Counter((d["line"], d["kind"]) for d in wanted["documents"])
        ),
        "targets (line, value)": _matched(
            Counter(map(_target_key, targets)), Counter(map(_gold_target_key, wanted["targets"]))
        ),
        "targets (all fields)": _matched(full_found, full_wanted),
        "tasks": _matched(Counter(task_units.keys()), Counter(gold_units.keys())),
        "exact unit lists": Count(len(gold_units), len(task_units), exact),
        "systems": _matched(
            Counter((s.line, s.name) for s in systems),
            Counter((s["line"], s["name"]) for s in wanted.get("systems") or ()),
        ),
    }
    if wanted.get("systems", ()) is None:  # nobody has annotated them in this document
        del report.files[name]["systems"]
    for key in (full_wanted - full_found).elements():
        tell(f"{name}: target wanted {key}")
    for key in (full_found - full_wanted).elements():
        tell(f"{name}: target found  {key}")
    for line in sorted(set(task_units) | set(gold_units)):
        if task_units.get(line) != gold_units.get(line):
            tell(f"{name}: task at {line}: wanted {_units(gold_units.get(line))}, found {_units(task_units.get(line))}")


def _units(units: set[tuple[str, str]] | None) -> str:
    return "no task" if units is None else " ".join(f"{role}:{name}" for name, role in sorted(units)) or "no units"


def _matched(found: Counter[Any], wanted: Counter[Any]) -> Count:
    return Count(sum(wanted.values()), sum(found.values()), sum((found & wanted).values()))
