"""Which passages of two plans belong together: an index of rare character pairs proposes, likeness decides, one to one.

The index keeps 500 clauses against 500 from being 250,000 comparisons: a passage meets only those that share its rarest pairs.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz

CANDIDATES = 8  # of the best by the index, looked at closely
RAREST = 60  # pairs of a passage that are looked up
MOST_SHARED = 400  # a pair that so many passages have says nothing

_NOT_WORDS = re.compile(r"[^\u4e00-\u9fffA-Za-z0-9%]+")


def plain(text: str) -> str:
    """Only letters, digits and Chinese characters, in lower case."""
    return _NOT_WORDS.sub("", text).lower()


def pairs_of(text: str) -> set[str]:
    """Neighbouring characters within a run of words; 、 and ， keep the runs apart."""
    return {a + b for run in _NOT_WORDS.split(text.lower()) for a, b in pairwise(run)}


@dataclass(frozen=True, slots=True)
class Weights:
    """How telling a pair is among all passages: rare ones weigh more (inverse document frequency)."""

    by_pair: dict[str, float]

    @classmethod
    def of(cls, texts: Sequence[set[str]]) -> Weights:
        counts = Counter(pair for pairs in texts for pair in pairs)
        return cls({pair: math.log((1 + len(texts)) / n) + 0.1 for pair, n in counts.items()})

    def total(self, pairs: set[str]) -> float:
        return sum(self.by_pair.get(pair, 0.0) for pair in pairs)


def candidates(ours: Sequence[set[str]], theirs: Sequence[set[str]], weights: Weights, most: int = CANDIDATES) -> list[list[int]]:  # fmt: skip
    """For each of ours the likeliest of theirs by shared weight, best first."""
    index: dict[str, list[int]] = {}
    for n, pairs in enumerate(theirs):
        for pair in pairs:
            index.setdefault(pair, []).append(n)
    found = []
    for pairs in ours:
        scores: Counter[int] = Counter()
        rare = sorted((p for p in pairs if p in index), key=lambda p: (-weights.by_pair.get(p, 0.0), p))[:RAREST]
        for pair in rare:
            holders = index[pair]
            if len(holders) <= MOST_SHARED:
                for n in holders:
                    scores[n] += weights.by_pair.get(pair, 0.0)  # type: ignore[assignment]
        found.append([n for n, _ in sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:most]])
    return found


@dataclass(frozen=True, slots=True)
class Pair:
    a: int
    b: int
    score: float  # 0 to 100


def likeness(a: str, b: str) -> float:
    """0 to 100: letters in their order (`ratio`), or words in any order where a list was only reordered."""
    if not a or not b:
        return 100.0 if a == b else 0.0
    straight = fuzz.ratio(a, b)
    return straight if straight >= 90 else max(straight, 0.95 * fuzz.token_sort_ratio(_spaced(a), _spaced(b)))


def _spaced(text: str) -> str:
    return re.sub(r"[、，。；：]", " ", text)


def one_to_one(found: Sequence[Pair]) -> list[Pair]:
    """The best pairs first, each passage in one pair at most; of equal ones, those that stand at the same place."""
    used_a: set[int] = set()
    used_b: set[int] = set()
    chosen = []
    for pair in sorted(found, key=lambda p: (-round(p.score, 3), abs(p.a - p.b), p.a, p.b)):
        if pair.a not in used_a and pair.b not in used_b:
            used_a.add(pair.a)
            used_b.add(pair.b)
            chosen.append(pair)
    return sorted(chosen, key=lambda p: p.b)


def scored(proposals: Sequence[Sequence[int]], score: Callable[[int, int], float], at_least: float) -> list[Pair]:
    return [Pair(a, b, s) for a, row in enumerate(proposals) for b in row if (s := score(a, b)) >= at_least]
