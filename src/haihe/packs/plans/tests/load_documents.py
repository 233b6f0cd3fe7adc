"""Documents for the tests of the loaders, built in memory from invented text."""

from __future__ import annotations

import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import docx
import docx.document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from lxml import etree

FIXTURES = Path(__file__).parent / "fixtures"
Print = tuple[str, float, float, float]  # text, x, y, size


def chromium_pdf() -> bytes:
    """What a real browser printed (see fixtures/make_load_fixtures.py)."""
    return gzip.decompress((FIXTURES / "load_chromium.pdf.gz").read_bytes())


# --- .docx ----------------------------------------------------------------------------------------------------------


def saved(document: docx.document.Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def docx_of(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return saved(document)


def word_xml(xml: str) -> etree._Element:
    """An element written with the prefix w:, whose namespace is declared here."""
    return parse_xml(re.sub(r"^<[\w:]+", rf"\g<0> {nsdecls('w')}", xml))


def with_part(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same package with one part changed or, where it is new, added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
        if part not in old.namelist():
            new.writestr(part, change(b""))
    return out.getvalue()


def numbered_docx(levels: list[tuple[str, str]], items: list[tuple[int, str]]) -> bytes:
    """A list whose levels have (format, text) and whose paragraphs have (level, words) and no numbers of their own."""
    document = docx.Document()
    numbering = document.part.numbering_part.element
    written = "".join(
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{number_format}"/>'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
        for index, (number_format, text) in enumerate(levels)
    )
    numbering.insert(0, word_xml(f'<w:abstractNum w:abstractNumId="90">{written}</w:abstractNum>'))
    numbering.append(word_xml('<w:num w:numId="90"><w:abstractNumId w:val="90"/></w:num>'))
    for level, words in items:
        paragraph = document.add_paragraph(words)
        numbers = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>'
        paragraph._p.get_or_add_pPr().append(word_xml(numbers))
    return saved(document)


# --- .pdf -----------------------------------------------------------------------------------------------------------

_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/DW 1000/FontDescriptor 5 0 R"
    b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 4>>>>",
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880"
    b"/Descent -120/CapHeight 880/StemV 93>>",
)


def pdf_of(pages: list[list[Print]], trailer: bytes = b"") -> bytes:
    """A PDF with each text at its place, every character as wide as it is high (595 × 842 points)."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", *_FONT]
    kids = []
    for page in pages:
        drawn = b"".join(
            b"BT /F %g Tf 1 0 0 1 %g %g Tm <%s> Tj ET\n" % (size, x, y, text.encode("utf-16-be").hex().encode())
            for text, x, y, size in page
        )
        packed = zlib.compress(drawn)
        objects.append(b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(kids))
    return _assembled(objects, trailer)


def _assembled(objects: list[bytes], trailer: bytes) -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, trailer, len(out),
    )  # fmt: skip


def printed(
    paragraphs: list[str], *, characters: int = 28, lines_per_page: int = 20, indent: int = 2, left: float = 72
) -> list[list[Print]]:
    """Pages as an office prints them: `characters` to a line of size 16, first lines indented, 28 points a line."""
    lines: list[tuple[int, str]] = []
    for paragraph in paragraphs:
        first = characters - indent
        lines.append((indent, paragraph[:first]))
        lines += [(0, paragraph[at : at + characters]) for at in range(first, len(paragraph), characters)]
    return [
        [
            (text, left + 16 * shift, 750 - 28 * row, 16)
            for row, (shift, text) in enumerate(lines[at : at + lines_per_page])
        ]
        for at in range(0, len(lines), lines_per_page)
    ]
