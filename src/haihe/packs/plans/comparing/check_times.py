"""Deadlines outside the plan's period, and phases that overlap."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from haihe.packs.plans.comparing.finding import Checked, Finding
from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.model import Document, Phase
from haihe.packs.plans.reading.numbers import chinese_number

_UNTIL = re.compile(r"(?:到|至|截至)\s?(20\d\d)\s?年(?:底|末)?|(20\d\d)\s?年(?:底|末)?\s?之?前")
_OUTLOOK = re.compile(r"(?:展望|远景|远期|规划期?至|有效期)[^。]{0,14}(20\d\d)")
_WITHIN = re.compile(r"([一二三四五六七八九十\d]{1,2})\s?[至到~—-]\s?([一二三四五六七八九十\d]{1,2})\s?年(?:以|之)?内")


def check_times(bundle: Checked) -> Iterable[Finding]:
    for document in bundle.documents:
        if document.period.end and document.kind in ("plan", "annex"):
            yield from _outside(bundle, document, int(document.period.end[:4]))
        yield from _overlaps(bundle, document.phases)


def _outside(bundle: Checked, document: Document, last: int) -> Iterable[Finding]:
    body = [
        (n, normalised(bundle.text(n))) for n in range(document.line, min(document.end_line, len(bundle.lines)) + 1)
    ]
    allowed = max([last, *(int(m[1]) for _, text in body for m in _OUTLOOK.finditer(text))])
    seen: set[int] = set()
    for line, text in body:
        for match in _UNTIL.finditer(text):
            year = int(match[1] or match[2])
            if year > allowed and year not in seen and not _cited(text, match.start()):
                seen.add(year)
                yield _late(bundle, document, line, match[0], last, f"“{match[0]}”在规划期（至{last}年）之外。", f"{year} lies outside the plan's period, which ends in {last}.")  # fmt: skip
        for match in _WITHIN.finditer(text):
            longest, start = _years(match[2]), int((document.period.start or str(last))[:4])
            if longest and longest > allowed - start + 1:
                yield _late(bundle, document, line, match[0], last, f"“{match[0]}”长于规划期（{start}—{last}年）。", f"That is longer than the plan's period {start}–{last}.")  # fmt: skip


def _cited(text: str, at: int) -> bool:
    """Inside 《…》 or a span of years it is the name of another document."""
    return text[:at].count("《") > text[:at].count("》") or bool(
        re.search(r"20\d\d\s?年?\s?[—~-]?\Z", text[max(0, at - 6) : at])
    )


def _late(bundle: Checked, document: Document, line: int, words: str, last: int, zh: str, en: str) -> Finding:
    return Finding(
        "period", "likely", (bundle.place(line, words), bundle.place(document.line)), zh, en,
        "若属远景目标，请写明“展望到……”；否则请改为规划期内的时限。", "Where it is an outlook, the plan should say so; otherwise set a deadline within the period.",
    )  # fmt: skip


def _years(written: str) -> int | None:
    return int(written) if written.isdigit() else chinese_number(written)


def _overlaps(bundle: Checked, phases: tuple[Phase, ...]) -> Iterable[Finding]:
    for before, after in pairwise(phases):
        if before.end is None or after.end is None or after.line - before.line > 40:
            continue
        length = min(len(before.end), len(after.start or before.end))
        starts_early = after.start is not None and after.start[:length] < before.end[:length]
        if starts_early or (after.start is None and before.start is not None and after.end[:4] <= before.end[:4]):
            yield Finding(
                "phases", "likely", (bundle.place(before.line), bundle.place(after.line)),
                f"“{after.name}”与“{before.name}”的时间重叠。", "The second phase begins before the first one ends.",
                "请确认各阶段的起止时间。", "Confirm when each phase begins and ends.",
            )  # fmt: skip
