"""Pieces of Word's XML that python-docx has no names for: East Asian fonts, rules, frames, page numbers, font fallbacks."""

from __future__ import annotations

from typing import Any

from docx.document import Document
from docx.enum.text import WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from haihe.packs.plans.papers.layout import FALLBACKS, POINT_MM, Layout

RED = "FF0000"
# The order in which a paragraph's properties must stand, as far as they are used here.
_BEFORE_BORDER = ("w:shd", "w:tabs", "w:suppressAutoHyphens", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:rPr")


def set_font(run: Run, font: str, size_pt: float, *, colour: str = "", spacing_twips: int = 0) -> None:
    """The font for Chinese and Latin letters alike, with size, colour and the width that characters give up."""
    run.font.name, run.font.size = font, Pt(size_pt)
    properties = run._r.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(name), font)
    fonts.set(qn("w:hint"), "eastAsia")
    if colour:
        run.font.color.rgb = _rgb(colour)
    if spacing_twips:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(spacing_twips))
        properties.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs")


def _rgb(colour: str) -> Any:
    from docx.shared import RGBColor

    return RGBColor.from_string(colour)


def exact_lines(paragraph: WordParagraph, line_pt: float, *, before_pt: float = 0, after_pt: float = 0) -> None:
    shape = paragraph.paragraph_format
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line_pt)
    shape.space_before, shape.space_after = Pt(before_pt), Pt(after_pt)
    shape.widow_control = False
    grid = OxmlElement("w:snapToGrid")
    grid.set(qn("w:val"), "0")
    paragraph._p.get_or_add_pPr().insert_element_before(grid, "w:spacing", "w:ind", "w:jc", "w:rPr")


def rule(
    paragraph: WordParagraph, side: str, thickness_mm: float, *, colour: str = "000000", gap_mm: float = 0, style: str = "single"
) -> None:  # fmt: skip
    """A line above ("top") or below ("bottom") a paragraph; Word counts its thickness in eighths of a point."""
    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(borders, *_BEFORE_BORDER)
    old = borders.find(qn(f"w:{side}"))
    if old is not None:
        borders.remove(old)
    line = OxmlElement(f"w:{side}")
    gap_pt = min(31, round(gap_mm / POINT_MM))
    for name, value in (("val", style), ("sz", max(2, round(thickness_mm / POINT_MM * 8))), ("space", gap_pt), ("color", colour)):  # fmt: skip
        line.set(qn(f"w:{name}"), str(value))
    borders.insert(0, line) if side == "top" else borders.append(line)


_BOX = """
<w:r {w} xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
 xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
 xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>
<wp:anchor distT="0" distB="0" distL="0" distR="0" simplePos="0" relativeHeight="2" behindDoc="0" locked="0" layoutInCell="1" allowOverlap="0">
<wp:simplePos x="0" y="0"/><wp:positionH relativeFrom="margin"><wp:align>center</wp:align></wp:positionH>
<wp:positionV relativeFrom="margin"><wp:align>bottom</wp:align></wp:positionV><wp:extent cx="{cx}" cy="{cy}"/>
<wp:effectExtent l="0" t="0" r="0" b="0"/><wp:wrapTopAndBottom/><wp:docPr id="1" name="colophon"/><wp:cNvGraphicFramePr/>
<a:graphic><a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:cNvSpPr txBox="1"/>
<wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{cx}" cy="{cy}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/><a:ln><a:noFill/></a:ln></wps:spPr>
<wps:txbx><w:txbxContent>{paragraphs}</w:txbxContent></wps:txbx>
<wps:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="b"><a:spAutoFit/></wps:bodyPr></wps:wsp></a:graphicData></a:graphic></wp:anchor>
</w:drawing></mc:Choice></mc:AlternateContent></w:r>"""


def at_bottom(place: WordParagraph, layout: Layout, *, height_pt: float, paragraphs: int) -> list[WordParagraph]:
    """A box anchored at `place` whose lower edge is that of the text area; its paragraphs, ruled thick, thin … thick.

    A box, because LibreOffice lets neither frames nor tables of the text area's full width stand there."""
    facts = {"cx": int(Mm(layout.paper_text_width_mm)), "cy": int(Pt(height_pt)), "paragraphs": "<w:p/>" * paragraphs}
    run = parse_xml(_BOX.format(w=nsdecls("w"), **facts))
    place._p.append(run)
    made = [WordParagraph(p, place._parent) for p in run.iter(qn("w:p"))]
    for paragraph in made:
        rule(paragraph, "top", layout.paper_thin_line_mm)
    rule(made[0], "top", layout.paper_thick_line_mm)
    rule(made[-1], "bottom", layout.paper_thick_line_mm)
    return made


def page_number(paragraph: WordParagraph, layout: Layout, *, right: bool) -> None:
    """— 1 — at the outer side."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if right else WD_ALIGN_PARAGRAPH.LEFT
    indent = Pt(layout.paper_page_number_characters * layout.paper_small_pt)
    setattr(paragraph.paragraph_format, "right_indent" if right else "left_indent", indent)
    exact_lines(paragraph, layout.paper_small_pt)
    for text, field in (("— ", ""), ("", "PAGE"), (" —", "")):
        run = paragraph.add_run(text)
        set_font(run, layout.paper_page_number_font, layout.paper_small_pt)
        if field:
            for kind in ("begin", None, "end"):
                run._r.append(_field_part(kind, field))


def _field_part(kind: str | None, field: str) -> Any:
    if kind is None:
        code = OxmlElement("w:instrText")
        code.text = field
        return code
    mark = OxmlElement("w:fldChar")
    mark.set(qn("w:fldCharType"), kind)
    return mark


def different_sides(document: Document) -> None:
    """Odd and even pages have footers of their own."""
    document.settings.odd_and_even_pages_header_footer = True


def name_fallbacks(document: Document) -> None:
    """Tell programs without a named font what may stand in for it (word/fontTable.xml)."""
    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    table = parse_xml(part.blob)
    for font, others in FALLBACKS.items():
        table.append(parse_xml(f'<w:font {nsdecls("w")} w:name="{font}"><w:altName w:val="{",".join(others[:-1])}"/></w:font>'))  # fmt: skip
    from lxml import etree

    part._blob = etree.tostring(table, xml_declaration=True, encoding="UTF-8", standalone=True)


def page_shape(document: Document, layout: Layout, *, across: bool = False) -> Any:
    """A4 with the margins that leave the text area; across: the bound side is on top."""
    from docx.enum.section import WD_ORIENT

    section = document.sections[0]
    sides = (layout.paper_top_mm, layout.right_mm, layout.bottom_mm, layout.paper_left_mm)
    if across:
        section.orientation = WD_ORIENT.LANDSCAPE
        sides = (layout.paper_left_mm, layout.paper_top_mm, layout.right_mm, layout.bottom_mm)
    section.page_width, section.page_height = (Mm(297), Mm(210)) if across else (Mm(210), Mm(297))
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(Mm, sides)
    height_mm = layout.paper_small_pt * POINT_MM
    section.footer_distance = Mm(max(5, sides[2] - layout.paper_page_number_gap_mm - height_mm))
    return section
