"""The same thing with two numbers: another value, or the same value once firm and once only striven for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from haihe.packs.plans.comparing import matching
from haihe.packs.plans.comparing.finding import Checked, Finding
from haihe.packs.plans.comparing.periods import same_subject, size
from haihe.packs.plans.reading.model import Target

SAME_THING = 84.0
MOST_TARGETS = 3_000
_COUNT_OF_ITEMS = re.compile(
    r"(?:重点|主要|专项)?(?:工程|任务|行动|项目|措施|工作)"
)  # 14项重点工程 counts the items of its own section
_RATE = re.compile(r"每年|年均|每季|每月|同比|增长|首批|新增|新建|累计|其中|分别|试点")


def check_numbers(bundle: Checked) -> Iterable[Finding]:
    targets = [t for d in bundle.documents for t in d.targets if _usable(t)][:MOST_TARGETS]
    index = [matching.pairs_of(t.subject or "") for t in targets]
    for n, row in enumerate(matching.candidates(index, index, matching.Weights.of(index), most=12)):
        for m in row:
            if m > n and targets[n].line != targets[m].line:
                yield from _pair(bundle, targets[n], targets[m])


def _usable(target: Target) -> bool:
    return (
        target.kind == "target"
        and target.unit != "大"
        and len(target.subject or "") >= 4
        and not _COUNT_OF_ITEMS.fullmatch(target.subject or "")
    )


def _pair(bundle: Checked, a: Target, b: Target) -> Iterable[Finding]:
    if size(a)[2] != size(b)[2]:
        return
    if size(a) == size(b):
        if _one_ends_the_other(a, b) and a.strength != b.strength:
            yield _differs(bundle, a, b, "strength")
        elif _one_ends_the_other(a, b) and a.comparator != b.comparator and "range" not in (a.comparator, b.comparator):
            yield _differs(bundle, a, b, "comparator")
    elif same_subject(a, b) >= SAME_THING and a.deadline == b.deadline and _words_around(bundle, a) == _words_around(bundle, b):  # fmt: skip
        yield _contradicts(bundle, a, b)


def _one_ends_the_other(a: Target, b: Target) -> bool:
    """产业规模 and 人工智能产业规模, where the value is the same too."""
    short, long = sorted((a.subject or "", b.subject or ""), key=len)
    return len(short) >= 4 and long.endswith(short)


def _words_around(bundle: Checked, target: Target) -> tuple[str, ...]:
    """Words that make another quantity of it: each year, newly, of these."""
    text = bundle.text(target.line)
    at = text.find(target.value_as_written)
    before = re.split(r"[。；]", text[: max(at, 0)])[-1][-20:]
    return tuple(sorted(set(_RATE.findall(before))))


def _contradicts(bundle: Checked, a: Target, b: Target) -> Finding:
    when = f"（{a.deadline}）" if a.deadline else ""
    return Finding(
        "numbers", "contradiction", (bundle.place(a.line, a.value_as_written), bundle.place(b.line, b.value_as_written)),
        f"“{a.subject}”{when}一处为 {a.value_as_written}，另一处为 {b.value_as_written}。",
        f"The same thing{when} is {a.value_as_written} in one place and {b.value_as_written} in the other.",
        "请起草单位确认以哪一处为准并更正另一处；若口径不同，请在文中写明口径。",
        "Ask the drafter which one holds and correct the other; where they count different things, the text should say so.",
    )  # fmt: skip


def _differs(bundle: Checked, a: Target, b: Target, kind: str) -> Finding:
    zh, en = ("一处为“力争”，另一处没有", "striven for in one place and firm in the other") if kind == "strength" else (
        "两处的“以上”“达到”等限定不同", "the words 'at least', 'reach' differ")  # fmt: skip
    return Finding(
        kind, "note", (bundle.place(a.line, a.value_as_written), bundle.place(b.line, b.value_as_written)),
        f"“{a.subject}”两处数值相同，但{zh}：{a.value_as_written}／{b.value_as_written}。",
        f"The value is the same, but {en}: {a.value_as_written} / {b.value_as_written}.",
        "请统一表述；考核时以约束性更强的一处为准须经确认。", "Use one wording; which one is counted has to be decided.",
    )  # fmt: skip
