"""Two periods of one district: targets that go on with a new value, targets that ended, targets that are new."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from haihe.packs.plans.comparing import matching
from haihe.packs.plans.comparing.wording import _MONEY
from haihe.packs.plans.reading.model import Target

SAME_SUBJECT = 72.0
SAME_ENDING = 6  # 市级企业技术中心 and 人工智能领域市级以上企业技术中心 end alike
# What comes before the thing that is counted and does not tell it apart.
_AROUND = re.compile(
    r"^(?:到?20\d\d年底?|力争|全区|我区|全市|全县|累计|建成|建设|打造|培育|引进|新增|新建立?|形成|实施|完成|可|总体)+|^.*\d[^、]*、|[“”\"《》]|(?:规模|数量|总数)$"
)


@dataclass(frozen=True, slots=True)
class TargetChange:
    """`kind`: continued (a new value), same (the same value), ended or new."""

    kind: str
    a: Target | None
    b: Target | None
    score: float


def compare_targets(a: Sequence[Target], b: Sequence[Target]) -> list[TargetChange]:
    """In the order of `b`, then what ended. A target stated twice in a plan counts once, in its fullest form."""
    ours, theirs = _once(a), _once(b)
    index_a, index_b = [_pairs(t) for t in ours], [_pairs(t) for t in theirs]
    proposals = matching.candidates(index_a, index_b, matching.Weights.of([*index_a, *index_b]))
    pairs = matching.one_to_one(matching.scored(proposals, lambda i, j: same_subject(ours[i], theirs[j]), SAME_SUBJECT))
    of_b = {pair.b: pair for pair in pairs}
    found = []
    for n, target in enumerate(theirs):
        pair = of_b.get(n)
        old = ours[pair.a] if pair else None
        kind = "new" if old is None else "same" if size(old) == size(target) else "continued"
        found.append(TargetChange(kind, old, target, pair.score if pair else 0.0))
    matched = {pair.a for pair in pairs}
    return found + [TargetChange("ended", target, None, 0.0) for n, target in enumerate(ours) if n not in matched]


def subject_of(target: Target) -> str:
    return _AROUND.sub("", _AROUND.sub("", (target.subject or "").strip()))


def same_subject(a: Target, b: Target) -> float:
    """0 to 100; 0 where the units cannot be the same thing, or one says 市级 and the other 国家级."""
    if size(a)[2] != size(b)[2] or not a.subject or not b.subject:
        return 0.0
    one, two = subject_of(a), subject_of(b)
    if set(_LEVEL.findall(one)) != set(_LEVEL.findall(two)):
        return 0.0
    if min(len(one), len(two)) <= 2:
        return 100.0 * (one == two)
    ending = next(
        (n for n, (x, y) in enumerate(zip(one[::-1], two[::-1], strict=False)) if x != y), min(len(one), len(two))
    )
    return max(fuzz.ratio(one, two), 75.0 if ending >= SAME_ENDING else 0.0)


_LEVEL = re.compile(r"国家|省级|市级|区级|县级|国际|顶尖|高端")
MOST_ALIKE = 50  # targets of one size that are compared with one another
_COUNTED = frozenset("个家项套台处条座名人所户")


def size(target: Target) -> tuple[float, float | None, str]:
    """Value, upper value and unit; money in 元, and people and things by their kind (个 and 家 count the same)."""
    unit = target.unit_normalised or target.unit or ""
    factor, name = (_MONEY[unit], "元") if unit in _MONEY else (1.0, "个" if unit in _COUNTED else unit)
    high = None if target.value_max is None else round(target.value_max * factor, 4)
    return round(target.value * factor, 4), high, name


def _pairs(target: Target) -> set[str]:
    return matching.pairs_of(target.subject or "")


def _once(targets: Sequence[Target]) -> list[Target]:
    found: dict[tuple[object, ...], list[Target]] = {}
    for target in targets:
        if target.kind != "target" or target.unit == "大":
            continue
        alike = found.setdefault(size(target), [])
        if not any(fuzz.ratio(subject_of(target), subject_of(old)) >= 80 for old in alike[-MOST_ALIKE:]):
            alike.append(target)
    return sorted((t for alike in found.values() for t in alike), key=lambda t: (t.line, t.span or (0, 0)))
