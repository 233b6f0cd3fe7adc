"""Where documents begin and end in a text: notices, plans, bundles, annexes, news; whatever is none of them becomes an issue."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from haihe.packs.plans.reading.metadata import KIND_WORDS, date_in
from haihe.packs.plans.reading.model import Issue
from haihe.packs.plans.reading.outline import is_annex_mark, numbering_of

Line = tuple[int, str]

_TITLE = re.compile(rf"[^。；！？]{{2,110}}(?:{KIND_WORDS})(?:\s*（[^）。]{{1,24}}）)*\Z")
_NOTICE = re.compile(r"[^。；]{2,160}(?:关于|印发|转发)[^。；]{2,160}的?(?:通知|函|公告|批复|决定)\Z")
_OWN_ISSUER = re.compile(r"[\u4e00-\u9fff ]{2,40}(?:政府|办公厅|办公室|委员会|[省市区县]委|局|厅)关于")
_ISSUER_LINE = re.compile(r"(?:政府|办公厅|办公室|委员会|[省市区县]委|局|厅|部)\Z")
_NUMBER_LINE = re.compile(r"[\u4e00-\u9fff]{1,16}（(?:19|20)\d\d）\s?(?:第\s?)?\d{1,4}\s?号")
_QUOTED_NOTICE = re.compile(r"《[^《》]{2,60}关于(?:印发|转发)[^《》]{2,100}的通知》")
_TAIL = re.compile(
    r"（(?:20\d\d\s?年?\s?(?:—{1,2}|-|~|至)\s?20\d\d\s?年?|试行|征求意见稿|暂行|修订|修订版|20\d\d年版)）"
)
_NOT_A_TITLE_START = re.compile(
    r"[《（]|“(?![^”]{1,20}”[^，。：]{2,60}\Z)|现将|附\s?件|为|第?\d+[、.]|(?!20\d\d)\d|各|注|[\u4e00-\u9fff]{1,12}（(?:19|20)\d\d）\s?(?:第\s?)?\d{1,4}\s?号|来源|本报|记者|联系|序号"
)
_PAGE = re.compile(
    r"\s*(?:[—\-–]{1,2}\s?\d{1,4}\s?[—\-–]{1,2}|第\s?\d+\s?页(?:\s?[，/]?\s?共\s?\d+\s?页)?|\d{1,4}\s?/\s?\d{1,4})\s*\Z"
)
_BYLINE = re.compile(r"\s*(?:本报)?(?:通讯员|记者|作者)\s*[：: ]?\s*[\u4e00-\u9fff·、 ]{2,24}\Z")
_WEB = re.compile(
    r"(?:当前|您的|所在|您现在的)?位置：|首页\s*[>›»]|字\s?体：|字\s?号：|分享(?:到)?[:：]?|打印(?:本页|正文)?|关闭(?:本页|窗口)|责任编辑|扫一扫|相关阅读|相关链接|相关文档|上一篇|下一篇|"
    r"版权所有|主办：|主办单位：|ICP备|网站标识码|浏览次数|阅读次数|访问量|附件下载|政策解读：|图解：|解读：|\.(?:pdf|docx?|xlsx?|wps|ofd|zip)\b|信息来源|来源：|发布(?:时间|日期|机构)：|发文(?:字号|机关|日期)：|成文日期：|无障碍|网站地图|索\s?引\s?号|主题分类|政府信息公开|【(?:大|中|小)|收藏"
)
_CONTENTS = re.compile(r"目\s*[录次]\s*\Z")
_CONTENTS_LINE = re.compile(r".*(?:…{2,}|\.{4,}|·{4,})\s*\d+\s*\Z")
_NEWS = re.compile(r"《([^《》]{4,80}(?:方案|计划|规划|意见|措施)[^《》]{0,40})》")


@dataclass
class Span:
    """A document from its title's line to its last, before its content is read. `title_lines` belong to the title."""

    line: int
    end_line: int
    title: str
    kind: str
    title_lines: tuple[int, ...] = ()
    body: list[Line] = field(default_factory=list)


def sift(lines: list[Line]) -> tuple[list[Line], list[Issue]]:
    """Put page numbers, web navigation and tables of contents aside, each with its reason; everything else goes on."""
    kept: list[Line] = []
    issues: list[Issue] = []
    for number, text in lines:
        stripped = text.strip()
        reason = None
        if _PAGE.fullmatch(text):
            reason = "页码 page number"
        elif _CONTENTS_LINE.fullmatch(text) or _CONTENTS.fullmatch(stripped):
            reason = "目录 table of contents"
        elif len(stripped) < 90 and "。" not in stripped and _WEB.search(stripped) and numbering_of(text) is None:
            reason = "网页导航等 web page furniture"
        if reason is None:
            kept.append((number, text))
        else:
            issues.append(Issue(number, reason))
    return kept, issues


def title_at(lines: list[Line], position: int) -> tuple[int, str] | None:
    """A title that starts at `position`, wrapped over at most six lines: how many entries it takes, and its text."""
    first = lines[position][1].strip()
    if _QUOTED_NOTICE.fullmatch(first):
        return 1, first
    if numbering_of(first) is not None or _NOT_A_TITLE_START.match(first) or date_in(first) or len(first) < 3:
        return None
    joined = ""
    best: tuple[int, str] | None = None
    for length in range(1, 8):
        if position + length > len(lines):
            break
        raw = lines[position + length - 1][1]
        text = raw.strip()
        if not text:
            continue
        if "\t" in raw or _breaks_a_title(text, first=length == 1):
            break
        if joined and _OWN_ISSUER.match(text) and not _ISSUER_LINE.search(joined):
            return None  # 新闻详情 / 某省人民政府关于…: the title starts on the next line
        joined += text
        if _TITLE.fullmatch(joined) or _NOTICE.fullmatch(joined) or (best is not None and _TAIL.fullmatch(text)):
            best = (length, joined)
        elif best is not None or len(joined) > 140:
            # 武清区加快…总体实施方案 / 和十大专项行动计划的通知 goes on only while it is no whole title.
            if best is not None and not re.match(r"[和及与、的]", text):
                break
            if len(joined) > 140:
                break
    return best


def _breaks_a_title(text: str, *, first: bool) -> bool:
    """Lines that are never part of a title: sentences, cells, dates, 某某厅文件, document numbers, （此件公开发布）, numbered items."""
    if "。" in text or "：" in text or len(text) > 110 or date_in(text) or text.startswith("（此"):
        return True
    if text.endswith("文件") or re.fullmatch(r"[\d.]+", text) or _NUMBER_LINE.fullmatch(text):
        return True
    return not first and numbering_of(text) is not None


def is_notice(title: str) -> bool:
    return bool(re.search(r"的?(?:通知|函|公告|批复)》?\Z|\A[^《]{2,60}关于(?:印发|转发)", title))


def _stands_over_something(lines: list[Line], position: int) -> bool:
    """Whether prose, an outline or a table follows soon."""
    seen = 0
    for _, text in lines[position : position + 16]:
        stripped = text.strip()
        if not stripped:
            continue
        seen += 1
        if (
            numbering_of(stripped) is not None
            or "。" in stripped
            or "\t" in stripped
            or len(stripped) > 40
            or stripped.startswith(("序号", "阶段"))
        ):
            return True
        if seen > 9:
            break
    return False


def find_documents(lines: list[Line]) -> list[Span]:
    """The documents of normalised, sifted lines, each with its body; lines before the first belong to none."""
    spans: list[Span] = []
    annexed = False
    position = 0
    previous = ""
    while position < len(lines):
        number, text = lines[position]
        stripped = text.strip()
        if not stripped:
            position += 1
            continue
        if is_annex_mark(stripped) and position + 1 < len(lines):
            annexed, previous = True, "。"
            position += 1
            continue
        found = title_at(lines, position)
        if found is not None and _may_start(spans, previous, annexed, found[1], lines, position + found[0]):
            taken, title = found
            kind = "notice" if is_notice(title) else "annex" if annexed and not _is_plan_title(title) else "plan"
        elif (
            annexed
            and len(stripped) < 60
            and numbering_of(stripped) is None
            and "。" not in stripped
            and "\t" not in stripped
        ):
            title, taken = _title_without_its_word(lines, position)  # 成员单位工作职责
            kind = "annex"
        else:
            if spans:
                spans[-1].body.append((number, text))
                spans[-1].end_line = number
            previous, annexed = stripped, False
            position += 1
            continue
        numbers = tuple(n for n, t in lines[position : position + taken] if t.strip())
        spans.append(Span(number, numbers[-1], title, kind, numbers))
        position += taken
        previous, annexed = title, False
    return _without_announcements(spans)


def _without_announcements(spans: list[Span]) -> list[Span]:
    """A title that stands over the document once more (the page's heading, then the document's own) opens no document of its own."""
    return [
        span
        for span, following in zip(spans, [*spans[1:], *([None] if spans else [])], strict=True)
        if following is None
        or re.sub(r"\W", "", span.title) != re.sub(r"\W", "", following.title)
        or sum(bool(text.strip()) for _, text in span.body) > 4
        or any("。" in text for _, text in span.body)
    ]


def _title_without_its_word(lines: list[Line], position: int) -> tuple[str, int]:
    title, taken = lines[position][1].strip(), 1
    while position + taken < len(lines) and taken < 4 and not title.endswith(("表", "单", "册", "职责")):
        raw = lines[position + taken][1]
        following = raw.strip()
        if following and (
            len(following) > 30
            or numbering_of(following) is not None
            or "。" in following
            or "\t" in raw
            or following.startswith("序号")
        ):
            break
        taken += 1
        title += following
    return title, taken


def _is_plan_title(title: str) -> bool:
    return bool(re.search(r"(?:方案|计划|规划|意见|措施|要点|纲要|办法|政策)(?:（[^）]*）)*\Z", title))


def _may_start(spans: list[Span], previous: str, annexed: bool, title: str, lines: list[Line], following: int) -> bool:
    """Whether a title begins a document here: nothing before it goes on, and something stands below it."""
    if len(title) < 6 or not _stands_over_something(lines, following):
        return False
    if not spans or annexed:
        return True
    if previous.endswith(("：", "、", "，", "和", "及", "的")) and not previous.endswith("通知如下："):
        return False
    last = spans[-1]
    if last.kind == "notice" and not last.body:
        return title != last.title
    return len(title) >= 8 and (previous[-1:] in "。）；”.0123456789" or len(previous) < 20 or last.kind == "notice")


def with_their_bodies(spans: list[Span]) -> list[Span]:
    """A plan's title above the line of its notice (附件 … 关于印发…的通知): what follows the notice is the plan's."""
    for before, after in pairwise(spans):
        if before.kind == after.kind == "plan" and _is_letter(before):
            before.kind = "notice"
        if before.kind == "plan" and len(before.body) <= 3 and after.kind == "notice" and after is spans[-1]:
            before.body = [*before.body, *after.body]
            before.end_line, after.end_line = after.end_line, after.title_lines[-1]
            after.body = []
    return spans


def _is_letter(span: Span) -> bool:
    """What stands under a title is only the letter that forwards the next document: …印发给你们，请认真贯彻执行。"""
    return len(span.body) < 40 and any(
        re.search(r"印发(?:给)?你们|请.{0,10}贯彻(?:执行|落实)", text) for _, text in span.body
    )


def find_news(lines: list[Line]) -> tuple[Span | None, list[Issue]]:
    """A page of news that tells of a plan: that article is the document, the other articles are issues."""
    about = next((n for n, (_, text) in enumerate(lines) if _NEWS.search(text)), None)
    if about is None:
        return None, []
    bylines = [n for n, (_, text) in enumerate(lines) if _BYLINE.fullmatch(text) and text.strip()]
    start = max((n + 1 for n in bylines if n < about), default=0)
    end = min((n for n in bylines if n >= about), default=len(lines) - 1)
    tail = end + 1
    # What stands between a byline and the next title still belongs to the article when it is a note on the plan.
    while (
        tail < len(lines) and re.search(r"意见和建议|反馈意见|联系人|联系方式|联系电话|征求意见", lines[tail][1])
    ) or (tail < len(lines) and not lines[tail][1].strip()):
        tail += 1
    while tail - 1 > end and not lines[tail - 1][1].strip():
        tail -= 1
    body = lines[start:tail]
    first = next(((n, t) for n, t in body if t.strip()), None)
    if first is None:
        return None, []
    title = first[1].strip()
    if len(title) > 60 or "。" in title:
        match = _NEWS.search(lines[about][1])
        title = match[1] if match else title[:60]
    span = Span(first[0], body[-1][0], title, "news", (first[0],), [(n, t) for n, t in body if n > first[0]])
    outside = [n for n, t in (*lines[:start], *lines[tail:]) if t.strip()]
    return span, [Issue(n, "不属于规划的其他文章 another article on the same page") for n in outside]


def is_byline(text: str) -> bool:
    """记者 李某某: the end of a newspaper article."""
    return bool(text.strip()) and bool(_BYLINE.fullmatch(text))


def without_title_word(lines: list[Line]) -> list[Span]:
    """A text with an outline whose title has no title's word: its first short lines are the title."""
    filled = [(number, text) for number, text in lines if text.strip()]
    if sum(numbering_of(text) is not None for _, text in filled) < 4:
        return []
    title, taken = filled[0][1].strip(), 1
    if len(title) > 60 or "。" in title or numbering_of(title) is not None:
        title, taken = "", 0
    body = filled[taken:]
    first = filled[0][0]
    return [Span(first, filled[-1][0], title or filled[0][1].strip()[:40], "plan", (first,) if taken else (), body)]
