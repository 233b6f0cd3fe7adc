"""A paper's content put into its template: a Word file."""

from __future__ import annotations

import copy
import io
import re
from typing import Any

from docx.document import Document as WordDocument
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from haihe.packs.plans.papers.content import Block, Paper, written_day
from haihe.packs.plans.papers.layout import POINT_MM, Layout
from haihe.packs.plans.papers.templates import PLACEHOLDER, paragraphs_of, template_of
from haihe.packs.plans.papers.word_parts import exact_lines, rule, set_font
from haihe.packs.plans.papers.wording import title_lines

# XML 1.0 has no way to write these.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def word_file(paper: Paper) -> bytes:
    """The paper as .docx bytes. Raises InvalidInput where the district's own template does not fit."""
    layout = Layout.on(paper.day)
    document = template_of(paper.kind, paper.day)
    values = _values(paper)
    for paragraph in list(paragraphs_of(document)):
        names = PLACEHOLDER.findall(paragraph.text)
        if names == ["body"]:
            _put_body(paragraph, paper, layout)
        elif names:
            _fill(paragraph, names, values, paper, layout)
    _say_what_it_is(document, paper)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def clean(text: str) -> str:
    return _UNWRITABLE.sub("", text)


def _values(paper: Paper) -> dict[str, str]:
    values = {
        "organ": paper.organ, "number": paper.number, "title": paper.title, "to": paper.to, "signed": paper.signed,
        "day": written_day(paper.day), "copy_to": paper.copy_to, "printed_by": paper.printed_by,
    }  # fmt: skip
    return {name: clean(value) for name, value in values.items()}


def _fill(paragraph: WordParagraph, names: list[str], values: dict[str, str], paper: Paper, layout: Layout) -> None:
    """Put the values in; a paragraph whose value is empty (nobody gets a copy) goes away. The first run's looks stay."""
    telling = [name for name in names if name != "day"]
    if telling and not any(values[name] for name in telling):
        _take_away(paragraph, layout)
        return
    text = PLACEHOLDER.sub(lambda found: values[found[1]], paragraph.text)
    first, *rest = paragraph.runs
    for run in rest:
        run._r.getparent().remove(run._r)
    first.text = text
    if names == ["organ"]:
        size = layout.mark_pt(text)
        first.font.size = Pt(size)
        paragraph.paragraph_format.line_spacing = Pt(size)
    elif names == ["title"]:
        _break_title(first, text, paper, layout)
    elif names == ["signed"]:
        _above_the_day(paragraph, text, values["day"], layout)


def _take_away(paragraph: WordParagraph, layout: Layout) -> None:
    """Remove a paragraph; from the colophon's box, which then still begins with a thick line or goes away with it."""
    box = next(paragraph._p.iterancestors(qn("w:txbxContent")), None)
    paragraph._p.getparent().remove(paragraph._p)
    if box is None:
        return
    left = box.findall(qn("w:p"))
    if left:
        rule(WordParagraph(left[0], paragraph._parent), "top", layout.paper_thick_line_mm)
    else:
        run = next(box.iterancestors(qn("w:r")))
        run.getparent().remove(run)


def _break_title(run: Run, text: str, paper: Paper, layout: Layout) -> None:
    width_mm = layout.paper_text_height_mm if paper.form == "table" else layout.paper_text_width_mm
    size_pt = run.font.size.pt if run.font.size else layout.paper_title_pt
    run.text = "\n".join(title_lines(text, int(width_mm / POINT_MM / size_pt)))


def _above_the_day(paragraph: WordParagraph, signed: str, day: str, layout: Layout) -> None:
    """The signature stands centred above the day, or two characters from the right where it is longer."""
    day_width = sum(0.5 if c.isascii() else 1 for c in day)
    spare = (day_width - len(signed)) / 2
    right = max(2.0, layout.paper_date_right_characters + spare)
    paragraph.paragraph_format.right_indent = Pt(right * layout.character_pt)


def _say_what_it_is(document: WordDocument, paper: Paper) -> None:
    facts = document.core_properties
    facts.title, facts.author, facts.subject = clean(paper.title)[:250], clean(paper.signed)[:250], clean(paper.number)[:250]  # fmt: skip
    facts.comments = facts.keywords = ""


# --- the body -------------------------------------------------------------------------------------------------------


def _put_body(place: WordParagraph, paper: Paper, layout: Layout) -> None:
    for block in paper.blocks:
        if block.head:
            _put_table(place, block, paper, layout)
        else:
            _put_paragraph(place, block, layout)
    place._p.getparent().remove(place._p)


def _put_paragraph(place: WordParagraph, block: Block, layout: Layout) -> None:
    """A copy of the template's body paragraph with the block's text; headings change only the font."""
    made = copy.deepcopy(place._p)
    place._p.addprevious(made)
    paragraph = WordParagraph(made, place._parent)
    first, *rest = paragraph.runs
    for run in rest:
        run._r.getparent().remove(run._r)
    first.text = clean(block.text)
    font = {1: layout.paper_heading_font, 2: layout.paper_subheading_font}.get(block.level)
    if font:
        set_font(first, font, first.font.size.pt if first.font.size else layout.paper_body_pt)
        paragraph.paragraph_format.keep_with_next = True


def _put_table(place: WordParagraph, block: Block, paper: Paper, layout: Layout) -> None:
    across = paper.form == "table"
    width_mm = layout.paper_text_height_mm if across else layout.paper_text_width_mm
    size_pt = 10.5 if across else 12
    parent: Any = place._parent
    table = parent.add_table(rows=1 + len(block.rows), cols=len(block.head), width=Mm(width_mm))
    table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    share = width_mm / sum(block.widths)
    widths = [Mm(part * share) for part in block.widths]
    _lay_out_columns(table, widths)
    for row, texts in zip(table.rows, (block.head, *block.rows), strict=True):
        head = row._index == 0
        for cell, text, width in zip(row.cells, texts, widths, strict=True):
            cell.width = width
            _put_cell(cell.paragraphs[0], text, layout, size_pt, head=head)
        _keep_whole(row._tr, repeat=head)
    place._p.addprevious(table._tbl)


def _lay_out_columns(table: WordTable, widths: list[Any]) -> None:
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def _put_cell(paragraph: WordParagraph, text: str, layout: Layout, size_pt: float, *, head: bool) -> None:
    exact_lines(paragraph, size_pt * 1.45, before_pt=1.5, after_pt=1.5)
    set_font(paragraph.add_run(clean(text)), layout.paper_heading_font if head else layout.paper_body_font, size_pt)
    if head or len(text) <= 6:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _keep_whole(row: Any, *, repeat: bool) -> None:
    """A row is not cut by a page's end, and the head stands on every page."""
    properties = row.get_or_add_trPr()
    properties.append(OxmlElement("w:cantSplit"))
    if repeat:
        properties.append(OxmlElement("w:tblHeader"))
