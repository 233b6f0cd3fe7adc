"""Which template a paper is made from: the district's own in HAIHE_HOME/templates/KIND.docx, or the shipped one; and whether an
edited template still says everything that a paper must say."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from docx import Document
from docx.document import Document as WordDocument
from docx.oxml.ns import qn
from docx.text.paragraph import Paragraph as WordParagraph
from lxml.etree import XMLSyntaxError

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.packs.plans.papers.content import get_kind
from haihe.packs.plans.papers.shipped import shipped_template

PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
KNOWN = {
    "organ": "发文机关标志", "number": "发文字号", "title": "标题", "to": "主送机关", "body": "正文", "signed": "署名", "day": "成文日期",
    "copy_to": "抄送机关", "printed_by": "印发机关",
}  # fmt: skip
NEEDED = {
    "document": ("organ", "number", "title", "to", "body", "signed", "day"),
    "letter": ("organ", "number", "title", "to", "body", "signed", "day"),
    "table": ("title", "number", "body", "day"),
}
LARGEST_BYTES = 5_000_000


def own_template(kind: str) -> Path:
    return Path(settings.HOME) / "templates" / f"{get_kind(kind).name}.docx"


def template_of(kind: str, day: date) -> WordDocument:
    """The template in force, checked; InvalidInput says which file and placeholder does not fit."""
    path = own_template(kind)
    if not path.exists():
        return Document(io.BytesIO(shipped_template(kind, day)))
    return check_template(kind, path.read_bytes() if path.stat().st_size <= LARGEST_BYTES else b"", str(path.name))


def check_template(kind: str, content: bytes, where: str) -> WordDocument:
    try:
        document = Document(io.BytesIO(content))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, XMLSyntaxError) as error:
        raise InvalidInput(
            "文书模板打不开。", f"The template of the paper cannot be opened ({type(error).__name__}).", where=where,
            to_do_zh="请用 Word 或 WPS 另存为 .docx（不大于 5 MB），或删除该文件以使用自带模板。",
            to_do_en="Save it as .docx of at most 5 MB, or delete it to use the shipped one.",
        ) from error  # fmt: skip
    paragraphs = list(paragraphs_of(document))
    found = [name for paragraph in paragraphs for name in PLACEHOLDER.findall(paragraph.text)]
    _demand_known(found, where)
    _demand_whole(kind, found, paragraphs, where)
    return document


def _demand_known(found: list[str], where: str) -> None:
    unknown = sorted(set(found) - KNOWN.keys())
    if unknown:
        can_zh = "、".join(f"{{{{{name}}}}}（{title}）" for name, title in KNOWN.items())
        raise InvalidInput(
            f"模板中有不认识的占位符：{'、'.join(unknown)}。", f"The template has unknown placeholders: {', '.join(unknown)}.", where=where,
            to_do_zh=f"可用的有：{can_zh}。", to_do_en=f"Known are: {', '.join(KNOWN)}.",
        )  # fmt: skip


def _demand_whole(kind: str, found: list[str], paragraphs: list[WordParagraph], where: str) -> None:
    missing = [name for name in NEEDED[get_kind(kind).form] if name not in found]
    if missing:
        named = "、".join(f"{{{{{name}}}}}（{KNOWN[name]}）" for name in missing)
        raise InvalidInput(
            f"模板缺少占位符：{named}。", f"The template lacks the placeholders: {', '.join(missing)}.", where=where,
            to_do_zh="请补上，或删除该文件以使用自带模板。", to_do_en="Add them, or delete the file to use the shipped one.",
        )  # fmt: skip
    body = [p for p in paragraphs if "body" in PLACEHOLDER.findall(p.text)]
    if len(body) != 1 or PLACEHOLDER.sub("", body[0].text).strip():
        raise InvalidInput(
            "占位符 {{body}}（正文）须恰好出现一次，且独占一段。", "The placeholder {{body}} must stand once, alone in its paragraph.", where=where,
            to_do_zh="请把它单独放在一个段落里。", to_do_en="Put it into a paragraph of its own.",
        )  # fmt: skip


def paragraphs_of(document: WordDocument) -> Iterator[WordParagraph]:
    """Every paragraph of body, tables, boxes, heads and feet."""
    parts: list[Any] = [document._body]
    for section in document.sections:
        heads = (section.header, section.first_page_header, section.even_page_header)
        feet = (section.footer, section.first_page_footer, section.even_page_footer)
        parts += [part for part in (*heads, *feet) if not part.is_linked_to_previous]
    for part in parts:
        for element in part._element.iter(qn("w:p")):
            yield WordParagraph(element, part)


def write_own_template(kind: str, day: date) -> Path:
    """Put the shipped template where the district may edit it; an edited one is never overwritten."""
    path = own_template(kind)
    if path.exists():
        raise Conflict("模板已经存在，没有覆盖。", "The template exists already and was left as it is.", where=str(path),
                       to_do_zh="如需恢复自带模板，请先移走它。", to_do_en="Move it away first to have the shipped one.")  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(shipped_template(kind, day))
    return path
