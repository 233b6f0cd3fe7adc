"""All checks of a bundle as one list, and their result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haihe.packs.plans.comparing.check_names import check_names
from haihe.packs.plans.comparing.check_numbers import check_numbers
from haihe.packs.plans.comparing.check_order import check_order
from haihe.packs.plans.comparing.check_sums import check_sums
from haihe.packs.plans.comparing.check_times import check_times
from haihe.packs.plans.comparing.finding import Checked, Finding
from haihe.packs.plans.reading.model import Document

SCHEMA_VERSION = "1"
MOST_FINDINGS = 500
CHECKS = (check_numbers, check_sums, check_order, check_times, check_names)
KINDS = {
    "numbers": ("同一事项数字不同", "Two numbers for one thing"), "strength": ("约束力不同", "Firm and striven for"),
    "comparator": ("限定词不同", "At least or exactly"), "table": ("表格合计不符", "A table does not add up"),
    "sum": ("分项与总数不符", "Parts and whole differ"), "count": ("项数不符", "Announced and counted differ"),
    "numbering": ("编号不连续", "Numbering"), "period": ("时限超出规划期", "Outside the period"),
    "phases": ("阶段重叠", "Phases overlap"), "annex": ("附件名称不符", "Title of an annex"),
    "own_title": ("自称与标题不符", "The plan's own name"), "cited": ("引用名称不一", "Name of a cited document"),
    "group": ("机构名称不一", "Name of a body"), "unit_name": ("单位名称不一", "Name of a unit"),
    "unit_missing": ("分工表单位未见正文", "Unit only in the table"), "term": ("术语拼写不一", "Spelling of a term"),
    "repeated": ("文字重复", "Repeated words"),
}  # fmt: skip
_RANK = {"contradiction": 0, "likely": 1, "note": 2}


def check_bundle(documents: Sequence[Document], lines: Sequence[str]) -> list[Finding]:
    """The findings of one file, the gravest first, then by line; each once. Never raises on odd documents."""
    bundle = Checked(tuple(documents), lines)
    found: dict[tuple[object, ...], Finding] = {}
    for check in CHECKS:
        for finding in check(bundle):
            found.setdefault((finding.kind, finding.places), finding)
            if len(found) >= MOST_FINDINGS:
                break
    return sorted(found.values(), key=lambda f: (_RANK[f.severity], f.places[0].line, f.kind))


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "findings": [finding.as_json() for finding in findings]}
