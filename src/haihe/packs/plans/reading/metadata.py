"""What a document says about itself: status, number, dates, issuer, period, cited documents."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import Period, Reference
from haihe.packs.plans.reading.numbers import chinese_number

KIND_WORDS = (
    "行动方案|实施方案|工作方案|总体方案|行动计划|推进计划|工作计划|专项计划|实施计划|计划|规划纲要|纲要|规划|实施意见|指导意见|若干意见|意见|"
    "若干措施|政策措施|措施|工作要点|要点|责任分解|任务分解|办法|方案|任务分工表|分工方案|任务分解表|任务清单|清单|工作安排|若干政策|政策|分工"
)
_STATUS = re.compile(r"征求意见稿|公开征求意见|送审稿|草案|试行|暂行")
# 津政办发〔2017〕112号 after normalisation of its brackets; also 云政函（2026）12号.
_NUMBER = re.compile(r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff]{1,16}（(?:19|20)\d\d）\s?(?:第\s?)?\d{1,4}\s?号)")
_CN_DATE = re.compile(r"([二〇零一三四五六七八九]{4})年([一二三四五六七八九十]{1,3})月([一二三四五六七八九十]{1,3})日")
_DATE = re.compile(r"((?:19|20)\d\d)\s?[年.\-/]\s?(\d{1,2})\s?[月.\-/]\s?(\d{1,2})\s?日?")
_PERIOD = re.compile(r"(20\d\d)\s?年?\s?(?:—{1,2}|-|~|至|到)\s?(20\d\d)\s?年?")
_ONE_YEAR = re.compile(r"(20\d\d)\s?年(?!前)(?:度|[^。]{0,40}(?:要点|重点|计划|安排|分工|分解))")
# The five-year plans by their names: “十四五” is 2021–2025.
_FIVE_YEARS = re.compile(r"“?十([一二三四五六七])五”?")
_CN_PERIOD = re.compile(r"(二[〇零一二三四五六七八九]{3})年?(?:至|到|—{1,2}|-)(二[〇零一二三四五六七八九]{3})年")
_IMPLEMENTED = re.compile(r"(?:实施|规划)?期限?为?\s?(20\d\d)\s?年?(?:至|—|-|~|到)(20\d\d)\s?年")
_ISSUER_END = re.compile(
    r"(?:人民政府|办公厅|办公室|委员会|局|厅|部|委|管委会|署|总局|综合司|领导小组|党委|省委|市委|区委|县委|政府|[\u4e00-\u9fff]{2}办|银行|分行|[学法]院|检察院|总工会|联合会|管理中心)(?:（[^（）]{2,16}）)?\Z"
)
_ABOUT = re.compile(
    r"\A((?!关于).{2,80}?)(?:关于)?(?:印发|转发)|\A(.{3,80}?)关于(?:公开征求|进一步|加快|做好|推进|促进)|"
    r"\A([\u4e00-\u9fff、 ]{2,60}?(?:政府|办公厅|办公室|委员会|局|厅|[部省市区县]委|部|署|部门))\s*关于"
)
_SPACED_OUT = re.compile(r"(?:[\u4e00-\u9fff]\s+)+[\u4e00-\u9fff]")  # 国 家 某 某 局, set wide to align signatures
_DATE_ALONE = re.compile(
    r"（?(?:(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|[二〇零一三四五六七八九]{4}年[一二三四五六七八九十]{1,3}月[一二三四五六七八九十]{1,3}日)）?"
)
# What a web page states of a document above or below its title, the more telling label first.
_STATED_NUMBER = re.compile(
    r"(?:发文字号|发文文号|文件编号|文件号|公文号|文\s*号)\s*[：|]\s*\|?\s*([^\s|]{2,16}（(?:19|20)\d\d）\s?\d{1,4}\s?号)"
)
_STATED_DATE = tuple(
    re.compile(rf"(?:{label})\s*[：|]\s*\|?\s*((?:19|20)\d\d\s?[年.\-/][^|]{{2,12}})")
    for label in ("成文日期|成文时间", "发文日期|印发日期|制发日期|签发日期", "发布日期|发布时间|公开日期|生成日期")
)
_STATED_ISSUER = re.compile(
    r"(?:发文机关|发文单位|发文部门|制发单位|印发机关|发布机构|发布单位)\s*[：|]\s*\|?\s*([\u4e00-\u9fff（）]{3,40})"
)
_STATED_TITLE = re.compile(r"(?:名\s*称|标\s*题)\s*：\s*\|?\s*([^|]{8,120})")
_REFERENCE = re.compile(
    r"《([^《》]{2,120}(?:《[^《》]*》[^《》]*)?)》"
    r"(?:\s?（\s?([^（）《》，]{0,20}(?:（\d{4}）)?[^（）《》，]{0,12}号|GB[^（）《》，]{2,24})(?=[），；]))?"
)
_SHORT_NAME = re.compile(r"简称(?:为)?[：“]?《([^《》]{2,20})》")


def references(lines: list[tuple[int, str]], originals: list[str]) -> list[Reference]:
    """Cited documents with their numbers, each once, as written; not the short names that a text gives them (以下简称《方案》)."""
    seen: dict[str, Reference] = {}
    short = {name for _, text in lines for name in _SHORT_NAME.findall(text)}
    for number, text in lines:
        for match in _REFERENCE.finditer(text):
            if match[1] in short:
                continue
            title = originals[number - 1][match.start(1) : match.end(1)]
            cited = originals[number - 1][match.start(2) : match.end(2)] if match[2] else None
            if title not in seen or (cited and seen[title].number is None):
                seen[title] = Reference(number, title, cited)
    return list(seen.values())


def status_of(title: str) -> str:
    """draft (征求意见稿, 草案), trial (试行, 暂行) or final."""
    match = _STATUS.search(title)
    if match is None:
        return "final"
    return "trial" if match[0] in ("试行", "暂行") else "draft"


def number_in(lines: list[tuple[int, str]], originals: list[str]) -> str | None:
    """The document's own number, which stands alone on a short line."""
    for number, text in lines:
        match = _NUMBER.search(text)
        if match and len(text.strip()) <= len(match[1]) + 12 and "《" not in text:
            return originals[number - 1][match.start(1) : match.end(1)].replace(" ", "").strip()
    return None


def date_in(text: str) -> str | None:
    """The first full date as ISO 8601, also 二〇二五年十一月三日."""
    match = _DATE.search(text)
    if match:
        year, month, day = (int(part) for part in match.groups())
    else:
        chinese = _CN_DATE.search(text)
        if chinese is None:
            return None
        year, month, day = (chinese_number(part) or 0 for part in chinese.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year:04d}-{month:02d}-{day:02d}"


def issued_on(lines: list[tuple[int, str]]) -> str | None:
    """The date of issue: a line that is a date and nothing else, otherwise one that is hardly more."""
    for _, text in lines:
        if _DATE_ALONE.fullmatch(text.strip()):
            return date_in(text)
    for _, text in lines:
        stripped = text.strip()
        if len(stripped) <= 40 and not re.search(r"[，。；]|实施|施行|截止|反馈", stripped):
            found = date_in(stripped)
            if found:
                return found
    return None


def period_in(title: str, lines: list[tuple[int, str]]) -> Period:
    """From the title, otherwise from a sentence on the period of implementation near the top."""
    for pattern, text in [(_PERIOD, title), *((_IMPLEMENTED, text) for _, text in lines[:12])]:
        match = pattern.search(text)
        if match and int(match[1]) < int(match[2]) <= int(match[1]) + 20:
            return Period(match[1], match[2])
    chinese = _CN_PERIOD.search(title)
    if chinese:
        return Period(*(str(chinese_number(part)) for part in chinese.groups()))
    five = _FIVE_YEARS.search(re.sub(r"(?:落实|实施|贯彻)《[^》]*》", "", title))
    if five:
        end = 2000 + 5 * ("一二三四五六七".index(five[1]) + 2)
        return Period(str(end - 4), str(end))
    year = _ONE_YEAR.search(title)
    return Period(year[1], year[1]) if year else Period(None, None)


def issuer_of(title: str, lines: list[tuple[int, str]]) -> str | None:
    """Who issued it: before 关于 in a notice's title, otherwise the short lines that are names of units (joint issuers together)."""
    about = _ABOUT.search(title)
    if about:
        return " ".join((about[1] or about[2] or about[3]).strip("《“ ").split())
    names = []
    for _, text in lines:
        if _SPACED_OUT.fullmatch(text.strip()):
            text = re.sub(r"\s", "", text)
        if not text.strip():
            continue
        stripped = re.sub(r"\s*(?:20\d\d)[年.\-].*\Z", "", text.strip())
        if (
            2 < len(stripped) <= 40
            and _ISSUER_END.search(stripped)
            and not re.search(r"[，。；：、《\t\d]|单位\Z", stripped)
        ):
            names.append(stripped)
        elif names:
            break
    return " ".join(dict.fromkeys(" ".join(names).split())) or None


def signer_of(lines: list[tuple[int, str]]) -> str | None:
    """Who signed: the short lines of names that stand last before the end or the date."""
    for start in range(len(lines) - 1, -1, -1):
        if issuer_of("", lines[start : start + 1]):
            while start > 0 and (not lines[start - 1][1].strip() or issuer_of("", lines[start - 1 : start])):
                start -= 1
            return issuer_of("", lines[start:])
    return None


def stated_facts(lines: list[tuple[int, str]], originals: list[str]) -> tuple[str | None, str | None, str | None]:
    """Number, date and issuer that a web page states beside a document (发文字号：… 成文日期：…)."""
    number = next(
        (originals[n - 1][slice(*m.span(1))] for n, text in lines if (m := _STATED_NUMBER.search(text))), None
    )
    dates = [date_in(m[1]) for label in _STATED_DATE for _, text in lines if (m := label.search(text))]
    issuers = [m[1] for _, text in lines if (m := _STATED_ISSUER.search(text)) and _ISSUER_END.search(m[1])]
    titles = [issuer_of(m[1], []) for _, text in lines if (m := _STATED_TITLE.search(text))]
    return number, next((d for d in dates if d), None), next((i for i in [*titles, *issuers] if i), None)
