"""Two plans: which comparison fits them, and its result."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rapidfuzz import fuzz

from haihe.kernel.errors import InvalidInput
from haihe.packs.plans.comparing.levels import Asked, compare_levels, district_of
from haihe.packs.plans.comparing.paper import Paper, joined
from haihe.packs.plans.comparing.periods import TargetChange, compare_targets
from haihe.packs.plans.comparing.versions import Change, compare_versions

KINDS = ("draft", "city", "period")
SCHEMA_VERSION = "1"
_STATUS = re.compile(
    r"[（(](?:试行|征求意见稿|公开征求意见稿|送审稿|暂行|草案|修订稿|修订)[）)]|三年(?=行动)|[（(]20\d\d.{1,4}20\d\d年?[）)]"
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changes` for draft, `asked` for city, `targets` for period (and, beside the words, for draft)."""

    kind: str
    a: Paper
    b: Paper
    changes: tuple[Change, ...] = ()
    asked: tuple[Asked, ...] = ()
    targets: tuple[TargetChange, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)


def compare(a: Sequence[Paper], b: Sequence[Paper], kind: str | None = None) -> Comparison:
    """`a` the earlier or higher plan, `b` the later or lower; each the plans of one file. InvalidInput where one has none."""
    if not a or not b:
        raise InvalidInput("没有可比对的规划。", "There is no plan to compare.", where="A" if not a else "B")
    if kind is not None and kind not in KINDS:
        raise InvalidInput(f"没有“{kind}”这种比对。", f"There is no comparison {kind!r}.", where="as", to_do_en="Use draft, city or period.")  # fmt: skip
    one, two = joined(a), joined(b)
    kind = kind or kind_of(one, two)
    if kind == "draft":
        changes = tuple(compare_versions(one, two))
        return Comparison(kind, one, two, changes=changes, counts=dict(Counter(k for c in changes for k in c.kinds)))
    if kind == "city":
        asked = tuple(compare_levels(one, two))
        return Comparison(kind, one, two, asked=asked, counts=dict(Counter(row.kind for row in asked)))
    targets = tuple(compare_targets(one.targets, two.targets))
    return Comparison(kind, one, two, targets=targets, counts=dict(Counter(row.kind for row in targets)))


def kind_of(a: Paper, b: Paper) -> str:
    """A draft or the same title in the same years: draft. A district and what stands above it: city. Otherwise: period."""
    same_years = not a.period.start or not b.period.start or a.period.start == b.period.start
    alike = fuzz.ratio(_bare(a.title), _bare(b.title))
    if same_years and ((a.status == "draft" and b.status != "draft") or a.kind == "news" or alike >= 92):
        return "draft"
    if bool(district_of(b)) and district_of(a) != district_of(b) and not district_of(a):
        return "city"
    return "draft" if alike >= 92 and same_years else "period"


def _bare(title: str) -> str:
    return re.sub(r"\W", "", _STATUS.sub("", title))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """{"schema_version", "kind", "a", "b", "counts", "changes"|"asked"|"targets"}; values are plain JSON types."""
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION, "kind": comparison.kind, "a": _about(comparison.a), "b": _about(comparison.b),
        "counts": comparison.counts,
    }  # fmt: skip
    if comparison.kind == "draft":
        content["changes"] = [asdict(change) for change in comparison.changes]
    elif comparison.kind == "city":
        content["asked"] = [{**asdict(row), "kind": row.kind} for row in comparison.asked]
    else:
        content["targets"] = [asdict(row) for row in comparison.targets]
    return content


def _about(paper: Paper) -> dict[str, Any]:
    return {
        "title": paper.title, "status": paper.status, "issuer": paper.issuer, "issued_on": paper.issued_on,
        "period": [paper.period.start, paper.period.end], "passages": len(paper.passages), "targets": len(paper.targets),
    }  # fmt: skip
