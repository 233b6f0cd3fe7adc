"""Dated phases of a plan: 启动阶段（2026年1月—2026年6月）, 第一期（2018年度）, 第二阶段：2026年7月至12月, 总结阶段（2026年底前)."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import Phase
from haihe.packs.plans.reading.outline import numbering_of

_YEAR_MONTH = (
    r"20\d\d\s?(?:年度?|\.)?\s?(?:\d{1,2}\s?(?:月|\.\d{1,2})?)?(?:\s?\d{1,2}\s?日)?(?:底|末|初|上旬|中旬|下旬)?"
)
_MONTH = r"\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?(?:底|末)?"
_TIME = rf"(?P<start>{_YEAR_MONTH}|即日起)(?:\s?(?:—{{1,2}}|-|~|至|到)\s?(?P<end>{_YEAR_MONTH}|{_MONTH}))?(?P<before>\s?之?前)?"
_NAME = r"第[一二三四五六]\s?(?:期|阶段|步)|[\u4e00-\u9fff]{2,10}阶段|近期|中期|远期"
_FORMS = (
    re.compile(rf"(?P<name>{_NAME})\s*（\s?{_TIME}\s?）"),
    re.compile(rf"(?P<name>{_NAME})\s*：\s?{_TIME}(?=[，。；、）]|\Z)"),
    re.compile(rf"{_TIME}\s?(?:为|，?是)\s?(?P<name>{_NAME})"),
)
# （一）动员部署（2024年3月）: a numbered heading that is a name and a time and nothing else.
_HEADING = re.compile(rf"(?P<name>[\u4e00-\u9fff]{{2,12}})\s*（\s?{_TIME}\s?）(?=[。：]|\s*\Z)")


def read_phases(lines: list[tuple[int, str]]) -> list[Phase]:
    """The phases of normalised lines in reading order; dates as 2026 or 2026-03, None where the text gives none."""
    found: list[Phase] = []
    for number, text in lines:
        matches = [match for form in _FORMS for match in form.finditer(text)]
        numbered = numbering_of(text)
        heading = _HEADING.match(text, numbered[2]) if numbered else None
        if heading and not matches:
            matches = [heading]
        for match in sorted(matches, key=lambda match: match.start()):
            start, end = _span_of(match)
            if start or end:
                found.append(Phase(number, re.sub(r"\s", "", match["name"]), start, end))
    return found


def _span_of(match: re.Match[str]) -> tuple[str | None, str | None]:
    """Start and end: one date alone is both, with 前 it is only the end; a bare month belongs to the year before it."""
    start = _iso(match["start"])
    if match["end"] is None:
        return (None, start) if match["before"] else (start, start)
    return start, _iso(match["end"], start[:4] if start else None)


def _iso(written: str, year: str | None = None) -> str | None:
    match = re.match(r"(?:(20\d\d)\s?(?:年度?|\.)?\s?)?(?:(\d{1,2})(?:\s?月|\.|\Z))?", written)
    if match is None or not (match[1] or year):
        return None
    month = int(match[2]) if match[2] else 0
    return f"{match[1] or year}-{month:02d}" if 1 <= month <= 12 else match[1] or year
