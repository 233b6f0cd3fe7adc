"""Draft against final: what was added, dropped, reworded, renumbered, and which amounts changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

from haihe.packs.plans.comparing import matching
from haihe.packs.plans.comparing.paper import Paper, Passage, by_sentence
from haihe.packs.plans.comparing.wording import AmountChange, Piece, changed_amounts, difference

SAME_PASSAGE = 50.0  # two wordings less alike than this are two passages
HEADING_SHARE = 0.25
CONTAINED = 85.0


@dataclass(frozen=True, slots=True)
class Change:
    """A passage of one or both versions. `kinds`: same, added, dropped, merged (its words now stand inside
    another passage), or any of reworded, renumbered, units, amounts."""

    kinds: tuple[str, ...]
    a: Passage | None
    b: Passage | None
    score: float
    pieces: tuple[Piece, ...] = ()
    amounts: tuple[AmountChange, ...] = ()
    units_added: tuple[str, ...] = ()
    units_dropped: tuple[str, ...] = ()


def compare_versions(a: Paper, b: Paper) -> list[Change]:
    """In the order of `b`; what was dropped stands where it stood in `a`. An article is compared sentence by sentence."""
    ours, theirs = a.passages, b.passages
    if "news" in (a.kind, b.kind):
        ours, theirs = _sentences(ours), _sentences(theirs)
    pairs = _paired(ours, theirs)
    of_b = {pair.b: pair for pair in pairs}
    inside = _inside(ours, theirs, {pair.a for pair in pairs})
    changes = [
        _changed(ours[of_b[n].a], passage, of_b[n].score) if n in of_b else Change(("added",), None, passage, 0.0)
        for n, passage in enumerate(theirs)
    ]
    return _with_dropped(changes, ours, theirs, {pair.a: pair.b for pair in pairs}, inside)


def _sentences(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    return tuple(part for passage in passages for part in by_sentence(passage))


def _paired(ours: tuple[Passage, ...], theirs: tuple[Passage, ...]) -> list[matching.Pair]:
    """What says the same first, in its order (加强组织领导 may stand in ten plans of a bundle), then what is alike."""
    pairs = _identical(ours, theirs)
    used_a, used_b = {pair.a for pair in pairs}, {pair.b for pair in pairs}
    left_a = [n for n in range(len(ours)) if n not in used_a]
    left_b = [n for n in range(len(theirs)) if n not in used_b]
    a = [matching.pairs_of(ours[n].heading + ours[n].words) for n in left_a]
    b = [matching.pairs_of(theirs[n].heading + theirs[n].words) for n in left_b]
    proposals = matching.candidates(a, b, matching.Weights.of([*a, *b]))
    alike = matching.scored(proposals, lambda i, j: _score(ours[left_a[i]], theirs[left_b[j]]), SAME_PASSAGE)
    return pairs + [matching.Pair(left_a[p.a], left_b[p.b], p.score) for p in matching.one_to_one(alike)]


def _identical(ours: tuple[Passage, ...], theirs: tuple[Passage, ...]) -> list[matching.Pair]:
    waiting: dict[str, deque[int]] = {}
    for n, passage in enumerate(theirs):
        waiting.setdefault(matching.plain(_whole(passage)), deque()).append(n)
    found = []
    for n, passage in enumerate(ours):
        same = waiting.get(matching.plain(_whole(passage)))
        if same:
            found.append(matching.Pair(n, same.popleft(), 100.0))
    return found


def _score(a: Passage, b: Passage) -> float:
    words = matching.likeness(a.words or a.heading, b.words or b.heading)
    if not (a.heading and b.heading and a.words and b.words):
        return words
    return (1 - HEADING_SHARE) * words + HEADING_SHARE * fuzz.ratio(a.heading, b.heading)


def _changed(a: Passage, b: Passage, score: float) -> Change:
    kinds = []
    old, new = _whole(a), _whole(b)
    if matching.plain(old) != matching.plain(new):
        kinds.append("reworded")
    if matching.plain(a.number) != matching.plain(b.number) and a.number and b.number:
        kinds.append("renumbered")
    added = tuple(u for u in b.units if u not in a.units)
    dropped = tuple(u for u in a.units if u not in b.units)
    if a.units and (added or dropped):
        kinds.append("units")
    amounts = changed_amounts(old, new) if kinds else ()
    if amounts:
        kinds.append("amounts")
    pieces = difference(old, new) if "reworded" in kinds else (("same", new),)
    return Change(tuple(kinds) or ("same",), a, b, score, pieces, amounts, added, dropped)


def _whole(passage: Passage) -> str:
    return "。".join(part for part in (passage.heading, passage.words) if part)


def _inside(ours: tuple[Passage, ...], theirs: tuple[Passage, ...], paired: set[int]) -> dict[int, int]:
    """Passages without a partner whose words stand, almost whole, inside a longer one of the other version."""
    left = [n for n in range(len(ours)) if n not in paired and len(ours[n].words) >= 8]
    a, b = [matching.pairs_of(ours[n].words) for n in left], [matching.pairs_of(p.words) for p in theirs]
    found = {}
    for n, proposals in zip(left, matching.candidates(a, b, matching.Weights.of([*a, *b]), most=3), strict=True):
        for m in proposals:
            longer = len(theirs[m].words) > len(ours[n].words)
            if (
                longer
                and fuzz.partial_ratio(matching.plain(ours[n].words), matching.plain(theirs[m].words)) >= CONTAINED
            ):
                found[n] = m
                break
    return found


def _with_dropped(
    changes: list[Change],
    ours: tuple[Passage, ...],
    theirs: tuple[Passage, ...],
    kept: dict[int, int],
    inside: dict[int, int],
) -> list[Change]:
    """Each dropped passage follows the change that holds the passage before it."""
    after: dict[int, list[Change]] = {}
    last = -1
    for n, passage in enumerate(ours):
        if n in kept:
            last = kept[n]
        else:
            gone = (
                Change(("merged",), passage, theirs[inside[n]], CONTAINED)
                if n in inside
                else Change(("dropped",), passage, None, 0.0)
            )
            after.setdefault(last, []).append(gone)
    found = list(after.get(-1, []))
    for n, change in enumerate(changes):
        found += [change, *after.get(n, [])]
    return found
