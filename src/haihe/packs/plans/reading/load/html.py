"""Web pages: the text a visitor reads, in order, without what the site puts around it.

Boilerplate is recognised by structure (tags, roles, class words, lists of links), not by site; each block dropped is
quoted in an issue. A block that holds much prose is never dropped, whatever it is called: pages with broken markup put
the text anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html

from haihe.packs.plans.reading.load import limits, txt
from haihe.packs.plans.reading.load.docx_numbering import formatted
from haihe.packs.plans.reading.load.errors import COPY_AS_DOCX, UnreadableDocument
from haihe.packs.plans.reading.model import Issue

_INVISIBLE = {
    "script", "style", "noscript", "template", "head", "svg", "canvas", "iframe", "object", "embed", "audio",
    "video", "select", "option", "textarea", "button", "input", "map", "datalist",
}  # fmt: skip
_CHROME_TAGS = {"nav", "footer", "aside", "dialog", "menu"}
_CHROME_ROLES = {"navigation", "contentinfo", "search", "complementary", "dialog", "menu", "menubar", "toolbar"}
_CHROME_WORDS = {
    "breadcrumb", "breadcrumbs", "crumb", "crumbs", "nav", "navbar", "navigation", "menu", "footer", "foot",
    "copyright", "share", "sidebar", "toolbar", "pagination", "pager", "search", "login", "qrcode", "related",
    "recommend", "mbx", "dqwz", "topbar",
}  # fmt: skip
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_BREADCRUMB = re.compile(r"\s*(?:当前|您的|您|你的|所在|您所在的|您现在的|你现在的)(?:所在)?位置\s*(?:是)?\s*[:：]")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_BLOCKS = {
    "address", "article", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend", "li",
    "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    "caption", "nav", "footer", "aside", "menu", "dialog",
}  # fmt: skip
_LISTS = {"ul", "ol", "dl", "div", "table", "tr", "td", "p", "section", "dd", "li"}
_ATTACHMENT = re.compile(r"\.(?:docx?|pdf|xlsx?|wps|et|ofd|zip|rar|txt)(?:$|[?#])", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\n\f\xa0]+")
_WRAPPED = re.compile(r"(?<=[\u2e80-\u9fff\uff00-\uffef])[ \t\r\f]*\n[ \t\r\n\f]*(?=[\u2e80-\u9fff\uff00-\uffef])")
_EDGES = " \t\r\n\f\xa0\u3000\u200b\ufeff"
_META_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,20})""", re.IGNORECASE)
_CHARSETS = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "x-gbk": "gb18030", "utf-8": "utf-8"}
_CHARSETS |= {"big5": "big5hkscs", "iso-8859-1": "cp1252", "windows-1252": "cp1252"}
_HEAD_BYTES = 8192
_MAX_LOST_SHARE = 0.001
_MIN_LINKS, _LINK_SHARE = 4, 0.7
_CHROME_PROSE_CHARS = 300
_BREADCRUMB_CHARS = 150
_MAX_CELL_CHARS = 1500
_MAX_SPAN = 100
_QUOTED_CHARS = 40
_NUMBERED = re.compile(r"\s*(?:[\d一二三四五六七八九十]{1,3}[.．、)）]|[（(][\d一二三四五六七八九十]{1,3}[)）]|[①-⑳])")
_LABELS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}


def load(data: bytes, name: str) -> txt.Result:
    """The lines of a web page: a block or a <br> ends a line, a row of a data table is one line with tabs."""
    text, issues = _decode(data, name)
    body = _parse(text, name)
    if body is None:
        return (), issues
    scripts = body.find(".//script") is not None
    issues += _prune(body)
    lines = tuple(_lines(body))
    if scripts and not lines:
        raise _written_by_script(name)
    return lines, issues


def _decode(data: bytes, name: str) -> tuple[str, list[Issue]]:
    """Strictly as text first; else as the page declares, forgiving a few bad bytes, which browsers hide."""
    try:
        return txt.decode(data, name)
    except UnreadableDocument:
        declared = _META_CHARSET.search(data[:_HEAD_BYTES])
        charset = _CHARSETS.get(declared[1].decode("ascii").lower()) if declared else None
        if charset is None:
            raise
        text = data.decode(charset, "replace")
        lost = text.count("\ufffd")
        if "\0" in text or lost > max(2, len(text) * _MAX_LOST_SHARE):
            raise
        message = f"有 {lost} 处不符合网页声明的编码。{lost} places do not fit the encoding that the page declares."
        return text, [Issue(1, message)] if lost else []


def _parse(text: str, name: str) -> etree._Element | None:
    if text.count("<") > 2 * limits.MAX_TAGS:  # an opening and a closing tag each
        zh, en = "网页的标记多得异常，已拒绝。", "The page has an absurd number of tags and was refused."
        raise UnreadableDocument(zh, en, where=name, **COPY_AS_DOCX)
    parser = lxml_html.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # nothing but comments or spaces
        return None
    if any("depth" in entry.message.lower() for entry in parser.error_log):
        zh, en = "网页嵌套层次异常，无法读取。", "The page is nested too deeply to be read."
        raise UnreadableDocument(zh, en, where=name, **COPY_AS_DOCX)
    return root


def _prune(body: etree._Element) -> list[Issue]:
    """Remove what is not the page's own text. The issues stand at line 1: what was removed has no line."""
    for element in list(body.iter(*_INVISIBLE)):
        if element.getparent() is not None:
            element.drop_tree()
    sizes = _sizes(body)
    page_prose = sizes[body][0] - sizes[body][1]
    issues: list[Issue] = []
    walk = etree.iterwalk(body, events=("start",))
    doomed = []
    for _, element in walk:
        reason = _reason_to_drop(element, sizes[element], page_prose) if element is not body else ""
        if reason:
            walk.skip_subtree()
            doomed.append(element)
            quoted = _SPACES.sub(" ", "".join(element.itertext())).strip(_EDGES)[:_QUOTED_CHARS]
            if quoted:
                issues.append(Issue(1, f"已略去{reason}：{quoted}。A part around the text was left out."))
    for element in doomed:
        element.drop_tree()
    return issues


def _sizes(body: etree._Element) -> dict[etree._Element, tuple[int, int, int]]:
    """Of each element: characters of text, those of them in links, and the number of links."""
    sizes: dict[etree._Element, tuple[int, int, int]] = {}
    for _, element in etree.iterwalk(body, events=("end",)):
        length = len((element.text or "").strip(_EDGES))
        in_links = links = 0
        for child in element:
            child_length, child_in_links, child_links = sizes.get(child, (0, 0, 0))
            length += child_length + len((child.tail or "").strip(_EDGES))
            in_links += child_in_links
            links += child_links
        if element.tag == "a" and element.get("href") is not None:
            in_links, links = length, 1 if length else 0
        sizes[element] = (length, in_links, links)
    return sizes


def _reason_to_drop(element: etree._Element, size: tuple[int, int, int], page_prose: int) -> str:
    """Why a block is not the page's own text, in Chinese; "" where it is."""
    length, in_links, links = size
    prose = length - in_links
    if prose > _CHROME_PROSE_CHARS or prose * 2 > page_prose:
        return ""
    if element.get("hidden") is not None or _HIDDEN_STYLE.search(element.get("style", "")):
        return "隐藏内容"
    reason = ""
    if _is_chrome(element):
        reason = "导航或页脚"
    elif element.tag in _LISTS and length < _BREADCRUMB_CHARS and _BREADCRUMB.match("".join(element.itertext())):
        reason = "位置导航"
    elif element.tag in _LISTS and links >= _MIN_LINKS and in_links >= _LINK_SHARE * length:
        reason = "链接列表"
    has_attachment = reason and any(_ATTACHMENT.search(link.get("href", "")) for link in element.iter("a"))
    return "" if has_attachment else reason


def _is_chrome(element: etree._Element) -> bool:
    if element.tag in _CHROME_TAGS or element.get("role", "").lower() in _CHROME_ROLES:
        return True
    if element.tag not in _BLOCKS and element.tag != "span":
        return False
    called = f"{element.get('class', '')} {element.get('id', '')}"
    return any(word.lower() in _CHROME_WORDS for word in _WORD.findall(called))


def _lines(root: etree._Element) -> Iterator[str]:
    """Walks without recursion: pages with unclosed tags nest thousands deep."""
    buffer: list[str] = []
    items: dict[etree._Element, int] = {}
    preformatted = 0
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        is_break = element.tag in _BLOCKS or element.tag == "br"
        if is_break:
            yield from _flush(buffer, preformatted > 0)
        if event == "start":
            preformatted += element.tag == "pre"
            if element is not root and element.tag == "table" and _is_data(element):
                yield from _rows(element)
                walk.skip_subtree()
            else:
                buffer.append(_label(element, items) + (element.text or ""))
        else:
            preformatted -= element.tag == "pre"
            if element is not root:
                buffer.append(element.tail or "")
    yield from _flush(buffer, False)


def _flush(buffer: list[str], preformatted: bool) -> list[str]:
    text = "".join(buffer)
    buffer.clear()
    if preformatted:
        return [line.strip(_EDGES) for line in text.split("\n") if line.strip(_EDGES)]
    text = _SPACES.sub(" ", _WRAPPED.sub("", text)).strip(_EDGES)
    return [text] if text else []


def _label(element: etree._Element, items: dict[etree._Element, int]) -> str:
    """The number a browser puts before an item of an ordered list, unless the item is written with one."""
    parent = element.getparent()
    if element.tag != "li" or parent is None or parent.tag != "ol" or "none" in parent.get("style", ""):
        return ""
    items[parent] = items.get(parent, _span(parent, "start") - 1) + 1
    if _NUMBERED.match(element.text or ""):
        return ""
    return f"{formatted(items[parent], _LABELS.get(parent.get('type', '1'), 'decimal'))}. "


def _is_data(table: etree._Element) -> bool:
    """Old pages are laid out with tables: one that holds tables, headings, long text or a single column is a frame."""
    if next(table.iterdescendants("table", "h1", "h2", "h3"), None) is not None:
        return False
    rows = _table_rows(table)
    if all(len(row) <= 1 for row in rows):
        return False
    return all(sum(map(len, cell.itertext())) <= _MAX_CELL_CHARS for row in rows for cell in row)


def _table_rows(table: etree._Element) -> list[list[etree._Element]]:
    return [[cell for cell in row.iterchildren("td", "th")] for row in table.iter("tr")]


def _rows(table: etree._Element) -> Iterator[str]:
    """One line a row. What a merged cell covers is left empty, so that columns keep their place."""
    for caption in table.iterchildren("caption"):
        yield from _lines(caption)
    covered: dict[int, int] = {}  # column → rows below that a cell above still covers
    for row in _table_rows(table):
        texts: list[str] = []
        for cell in row:
            _fill_covered(texts, covered)
            columns, rows = _span(cell, "colspan"), _span(cell, "rowspan")
            covered.update({len(texts) + column: rows - 1 for column in range(columns)})
            texts += [" ".join(_lines(cell)), *[""] * (columns - 1)]
        _fill_covered(texts, covered)
        line = "\t".join(texts).rstrip("\t")
        if line.strip():
            yield line


def _fill_covered(texts: list[str], covered: dict[int, int]) -> None:
    while covered.get(len(texts), 0) > 0:
        covered[len(texts)] -= 1
        texts.append("")


def _span(element: etree._Element, attribute: str) -> int:
    try:
        return min(max(int(element.get(attribute, "1")), 1), _MAX_SPAN)
    except ValueError:
        return 1


def _written_by_script(name: str) -> UnreadableDocument:
    zh, en = (
        "网页文件里没有文字，正文由脚本在浏览器中载入。",
        "The page file holds no text; a script loads it in the browser.",
    )
    return UnreadableDocument(zh, en, where=name, **COPY_AS_DOCX)
