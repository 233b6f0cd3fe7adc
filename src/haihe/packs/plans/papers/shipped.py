"""The templates that come with Haihe, made by code in the layout in force; a district may put an edited one in their place."""

from __future__ import annotations

import io
from datetime import date

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph

from haihe.packs.plans.papers.content import get_kind
from haihe.packs.plans.papers.layout import Layout
from haihe.packs.plans.papers.word_parts import (
    RED,
    at_bottom,
    different_sides,
    exact_lines,
    name_fallbacks,
    page_number,
    page_shape,
    rule,
    set_font,
)

MARK = "{{organ}}"


def shipped_template(kind: str, day: date) -> bytes:
    """The template of a kind as a .docx with placeholders."""
    form, layout = get_kind(kind).form, Layout.on(day)
    document = Document()
    document._body.clear_content()
    _normal(document, layout)
    section = page_shape(document, layout, across=form == "table")
    different_sides(document)
    name_fallbacks(document)
    _page_numbers(section, layout)
    {"document": _document, "letter": _letter, "table": _table}[form](document, layout)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _normal(document: WordDocument, layout: Layout) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = layout.paper_body_font, Pt(layout.paper_body_pt)
    from docx.oxml.ns import qn

    style.element.rPr.rFonts.set(qn("w:eastAsia"), layout.paper_body_font)


def _page_numbers(section: object, layout: Layout) -> None:
    page_number(section.footer.paragraphs[0], layout, right=True)  # type: ignore[attr-defined]
    page_number(section.even_page_footer.paragraphs[0], layout, right=False)  # type: ignore[attr-defined]


def _line(document: WordDocument, layout: Layout, text: str, *, font: str = "", size_pt: float = 0, line_pt: float = 0) -> WordParagraph:  # fmt: skip
    paragraph = document.add_paragraph()
    exact_lines(paragraph, line_pt or layout.line_pt)
    run = paragraph.add_run(text)
    size = size_pt or layout.paper_body_pt
    spacing = layout.spacing_twips if size == layout.paper_body_pt else 0
    set_font(run, font or layout.paper_body_font, size, spacing_twips=spacing)
    return paragraph


def _blank(document: WordDocument, layout: Layout, lines: int) -> None:
    for _ in range(lines):
        _line(document, layout, "")


def _document(document: WordDocument, layout: Layout) -> None:
    """Red head, number and line; title, addressees, body, signature; the colophon at the foot of the last page."""
    mark = _line(document, layout, MARK + "文件", font=layout.paper_title_font, size_pt=layout.paper_mark_pt, line_pt=layout.paper_mark_pt)  # fmt: skip
    mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
    mark.paragraph_format.space_before = Mm(layout.paper_mark_top_mm)
    mark.runs[0].font.color.rgb = _red()
    _blank(document, layout, layout.paper_number_lines)
    number = _line(document, layout, "{{number}}")
    number.alignment = WD_ALIGN_PARAGRAPH.CENTER
    rule(number, "bottom", layout.paper_red_line_mm, colour=RED, gap_mm=layout.paper_red_line_gap_mm)
    _blank(document, layout, layout.paper_title_lines)
    _title_to_signature(document, layout, colophon=True)


def _letter(document: WordDocument, layout: Layout) -> None:
    """The mark and the red double lines stand in the first page's head and foot; the number at the right below."""
    section = document.sections[0]
    section.different_first_page_header_footer = True
    outside_mm = (layout.letter_line_width_mm - layout.paper_text_width_mm) / 2
    section.header_distance = Mm(layout.letter_mark_top_mm)
    head = section.first_page_header.paragraphs[0]
    head.alignment = WD_ALIGN_PARAGRAPH.CENTER
    set_font(head.add_run(MARK), layout.paper_title_font, layout.paper_mark_pt, colour=RED)
    exact_lines(head, layout.paper_mark_pt)
    rule(head, "bottom", 1, colour=RED, gap_mm=layout.letter_line_gap_mm, style="thickThinSmallGap")
    foot = section.first_page_footer.paragraphs[0]
    exact_lines(foot, 2)
    rule(foot, "bottom", 1, colour=RED, style="thinThickSmallGap")
    for paragraph in (head, foot):
        paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Mm(-outside_mm)
    section.footer_distance = Mm(layout.letter_line_bottom_mm)
    number = _line(document, layout, "{{number}}")
    number.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    number.paragraph_format.space_before = Pt(layout.paper_body_pt * 7 / 8)
    _blank(document, layout, layout.paper_title_lines)
    _title_to_signature(document, layout)


def _table(document: WordDocument, layout: Layout) -> None:
    """Title, who and when, and the table; across."""
    title = _line(document, layout, "{{title}}", font=layout.paper_title_font, size_pt=layout.paper_title_pt, line_pt=layout.paper_title_pt * 1.6)  # fmt: skip
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    facts = _line(document, layout, "{{organ}}\t{{number}}\t{{day}}", size_pt=12, line_pt=22)
    width_mm = layout.paper_text_height_mm
    facts.paragraph_format.tab_stops.add_tab_stop(Mm(width_mm / 2), WD_TAB_ALIGNMENT.CENTER)
    facts.paragraph_format.tab_stops.add_tab_stop(Mm(width_mm), WD_TAB_ALIGNMENT.RIGHT)
    _line(document, layout, "{{body}}", size_pt=12, line_pt=22)


def _title_to_signature(document: WordDocument, layout: Layout, *, colophon: bool = False) -> None:
    title = _line(document, layout, "{{title}}", font=layout.paper_title_font, size_pt=layout.paper_title_pt, line_pt=layout.line_pt * 1.2)  # fmt: skip
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _blank(document, layout, layout.paper_to_lines)
    _line(document, layout, "{{to}}：")
    body = _line(document, layout, "{{body}}")
    body.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    body.paragraph_format.first_line_indent = Pt(layout.paper_indent_characters * layout.character_pt)
    _blank(document, layout, layout.paper_signature_lines)
    if colophon:
        # What floats stands on the page of its paragraph, which goes along with the signature.
        _colophon(document.paragraphs[-1], layout)
        document.paragraphs[-1].paragraph_format.keep_with_next = True
    for text in ("{{signed}}", "{{day}}"):
        line = _line(document, layout, text)
        line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        line.paragraph_format.right_indent = Pt(layout.paper_date_right_characters * layout.character_pt)
        line.paragraph_format.keep_with_next = text == "{{signed}}"


def _colophon(place: WordParagraph, layout: Layout) -> None:
    """抄送 above, 印发机关 and day below, between a thick, a thin and a thick line, at the foot of the text area."""
    inside = Pt(layout.paper_colophon_characters * layout.paper_small_pt)
    line_pt = layout.paper_small_pt * 1.6
    copy_to, printed = at_bottom(place, layout, height_pt=2 * line_pt, paragraphs=2)
    # The rules are as wide as their paragraph: the character at the left is written, not indented.
    hanging = Pt(3 * layout.paper_small_pt) + inside
    copy_to.paragraph_format.left_indent, copy_to.paragraph_format.first_line_indent = hanging, -hanging
    right = Mm(layout.paper_text_width_mm) - inside
    printed.paragraph_format.tab_stops.add_tab_stop(right, WD_TAB_ALIGNMENT.RIGHT)
    left = "　" * layout.paper_colophon_characters
    for paragraph, text in ((copy_to, "抄送：{{copy_to}}。"), (printed, "{{printed_by}}\t{{day}}印发")):
        exact_lines(paragraph, line_pt)
        set_font(paragraph.add_run(left + text), layout.paper_body_font, layout.paper_small_pt)


def _red() -> object:
    from docx.shared import RGBColor

    return RGBColor.from_string(RED)
