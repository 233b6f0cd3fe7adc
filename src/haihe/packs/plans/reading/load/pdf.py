"""PDF: the text layer, as PDFium reads it, put back into paragraphs by pdf_layout. No text recognition is done here."""

from __future__ import annotations

import ctypes
import re
import threading
import unicodedata
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from haihe.packs.plans.reading.load import limits, pdf_layout, txt
from haihe.packs.plans.reading.load.errors import (
    FETCH_AGAIN,
    KEEP_PLAN_PAGES,
    RECOGNISE,
    REMOVE_PASSWORD,
    UnreadableDocument,
)
from haihe.packs.plans.reading.load.pdf_layout import Placed
from haihe.packs.plans.reading.model import Issue

_PDFIUM = threading.Lock()  # PDFium must not be entered by two threads
_MAX_CHARS = 20_000_000
_LEAST_CHARS_PER_PAGE = 8  # a scan may carry a page number or a stamp as text
_MOST_UNREADABLE_SHARE = 0.1
_CELL_GAP_EMS = 1.5
_LINE_SHIFT_EMS = 0.5
_SPACE_EMS = 0.1
_MEASURED_CHARS = 12
_UNREADABLE = re.compile("[\ue000-\uf8ff\ufffd\ufffe\uffff\x00-\x08\x0e-\x1f]")
# Fonts often map a character to the radical that looks like it (Kangxi radicals, CJK radicals supplement).
_RADICALS = str.maketrans(
    "⺟⺠⻁⻄⻅⻆⻉⻋⻑⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "母民虎西见角贝车長长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
) | {code: unicodedata.normalize("NFKC", chr(code)) for code in (*range(0x2F00, 0x2FD6), *range(0xF900, 0xFA6E))}
# PDFium gives U+0002 for a hyphen at the end of a line.
_RADICALS |= {0x02: "-", 0xA0: " ", 0x200B: "", 0xFEFF: "", 0xAD: ""}


def load(data: bytes, name: str) -> txt.Result:
    """The paragraphs of a PDF's text layer, without page numbers and running headers and footers (issues tell)."""
    with _PDFIUM:
        document = _open(data, name)
        try:
            pages, issues = _read_pages(document, name)
        finally:
            document.close()
    lines, layout_issues = pdf_layout.paragraphs(pages)
    return lines, issues + layout_issues


def _open(data: bytes, name: str) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise UnreadableDocument(
                "PDF 文件有密码保护。", "The PDF is protected by a password.", where=name, **REMOVE_PASSWORD
            ) from error
        raise UnreadableDocument(
            "PDF 文件不完整或已损坏。", "The PDF is incomplete or damaged.", where=name, **FETCH_AGAIN
        ) from error
    if pages > limits.MAX_PDF_PAGES:
        document.close()
        zh, en = f"PDF 有 {pages} 页，上限为 {limits.MAX_PDF_PAGES} 页。", f"The PDF has {pages} pages"
        raise UnreadableDocument(zh, f"{en}, the limit is {limits.MAX_PDF_PAGES}.", where=name, **KEEP_PLAN_PAGES)
    return document


def _read_pages(document: pypdfium2.PdfDocument, name: str) -> tuple[list[list[Placed]], list[Issue]]:
    pages: list[list[Placed]] = []
    damaged: list[int] = []
    chars = 0
    for number in range(len(document)):
        try:
            pages.append(_read_page(document, number))
        except pypdfium2.PdfiumError:
            pages.append([])
            damaged.append(number + 1)
        chars += sum(len(line.text) for line in pages[-1])
        if chars > _MAX_CHARS:
            zh, en = "PDF 里的文字多得异常，已拒绝。", "The PDF holds an absurd amount of text and was refused."
            raise UnreadableDocument(zh, en, where=name, **KEEP_PLAN_PAGES)
    _refuse_without_text(pages, chars, name)
    empty = [number for number, page in enumerate(pages, start=1) if not page and number not in damaged]
    issues = []
    if damaged:
        issues.append(Issue(1, f"第 {_list(damaged)} 页已损坏，未读取。Damaged pages were not read."))
    if empty:
        message = "页没有文字（空白或图片），未读取。Pages without text (blank or pictures) were not read."
        issues.append(Issue(1, f"第 {_list(empty)} {message}"))
    return pages, issues


def _read_page(document: pypdfium2.PdfDocument, number: int) -> list[Placed]:
    page = document[number]
    try:
        textpage = page.get_textpage()
        try:
            return list(_placed_lines(textpage, number, page.get_height()))
        finally:
            textpage.close()
    finally:
        page.close()


def _placed_lines(textpage: pypdfium2.PdfTextPage, page: int, height: float) -> Iterator[Placed]:
    """The printed lines in the order they were drawn. Lines are told apart by the baseline of each character: PDFium's
    own line ends take a page of short pieces for vertical writing and break it after every character."""
    line: _Line | None = None
    parted = False
    for index in range(textpage.count_chars()):
        char = chr(pdfium.FPDFText_GetUnicode(textpage, index))
        if char.isspace() or char == "\0":
            parted = True
            continue
        x, y = _origin(textpage, index)
        if line is not None and line.goes_on_at(x, y):
            line.add(textpage, index, char, x, parted)
        else:
            if line is not None:
                yield line.placed(page, height)
            line = _Line(textpage, index, char, x, y)
        parted = False
    if line is not None:
        yield line.placed(page, height)


def _origin(textpage: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    """Where a character stands on its baseline."""
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
    return x.value, y.value


class _Line:
    """A printed line that grows by one character after another."""

    def __init__(self, textpage: pypdfium2.PdfTextPage, index: int, char: str, x: float, y: float) -> None:
        self._pieces = [char]
        self._x, self._y = x, y
        self._textpage, self._last = textpage, index
        self._left, bottom, _, top = textpage.get_charbox(index, loose=True)
        self._size = max(1.0, top - bottom)
        self._measured = 0

    def goes_on_at(self, x: float, y: float) -> bool:
        return abs(y - self._y) <= max(2.0, _LINE_SHIFT_EMS * self._size) and x >= self._x - self._size

    def add(self, textpage: pypdfium2.PdfTextPage, index: int, char: str, x: float, parted: bool) -> None:
        if parted:
            gap = textpage.get_charbox(index, loose=True)[0] - textpage.get_charbox(self._last, loose=True)[2]
            self._pieces.append(
                "\t" if gap > _CELL_GAP_EMS * self._size else " " if gap > _SPACE_EMS * self._size else ""
            )
        elif self._measured < _MEASURED_CHARS:  # where glyphs are drawings (Type 3 fonts) the box of 一 is nearly flat
            box = textpage.get_charbox(index, loose=True)
            self._size, self._measured = max(self._size, box[3] - box[1]), self._measured + 1
        self._pieces.append(char)
        self._x, self._last = x, index

    def placed(self, page: int, height: float) -> Placed:
        text = "".join(self._pieces).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        right = self._textpage.get_charbox(self._last, loose=True)[2]
        at = self._y / height if height else 0.0
        return Placed(text.translate(_RADICALS).strip(), page, self._left, right, self._y, at, self._size)


def _refuse_without_text(pages: list[list[Placed]], chars: int, name: str) -> None:
    if chars < _LEAST_CHARS_PER_PAGE * len(pages):
        zh, en = "PDF 没有文字层，可能是扫描件。", "The PDF has no text layer; it is probably a scan."
        raise UnreadableDocument(zh, en, where=name, **RECOGNISE)
    unreadable = sum(1 for page in pages for line in page for _ in _UNREADABLE.finditer(line.text))
    if unreadable > _MOST_UNREADABLE_SHARE * chars:
        zh, en = (
            "PDF 的字体没有文字对应表，文字无法还原。",
            "The fonts of the PDF do not say what characters they draw.",
        )
        raise UnreadableDocument(zh, en, where=name, **RECOGNISE)


def _list(numbers: list[int]) -> str:
    """1、2、3 等 40 页 when there are many."""
    shown = "、".join(map(str, numbers[:10]))
    return shown if len(numbers) <= 10 else f"{shown} 等 {len(numbers)}"
