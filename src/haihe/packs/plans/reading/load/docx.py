"""Word documents: the text a reader of the document sees, one line a paragraph and one line a table row.

Walks the XML itself: python-docx skips inserted text (w:ins), content controls (w:sdt) and text boxes, and computes no
list numbers. Headers and footers are other parts and are not read; everything else left out is named in an issue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from haihe.packs.plans.reading.load import txt
from haihe.packs.plans.reading.load.docx_numbering import Numbering, _attribute, _number
from haihe.packs.plans.reading.load.docx_package import Package
from haihe.packs.plans.reading.load.errors import RECOGNISE, UnreadableDocument
from haihe.packs.plans.reading.model import Issue

_PROPERTIES = {
    "pPr", "rPr", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "fldChar", "instrText",
    "delInstrText", "rt", "rubyPr", "ctrlPr", "moveFrom",
}  # fmt: skip
_CHARACTERS = {"tab": " ", "ptab": " ", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
_MAX_COLUMNS = 100
_QUOTED_CHARS = 100


@dataclass(slots=True)
class _Line:
    text: str
    is_row: bool = False
    messages: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Content:
    """What one paragraph holds, collected run by run."""

    pieces: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    boxes: list[etree._Element] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    inserted: bool = False


def load(data: bytes, name: str) -> txt.Result:
    """The lines of a .docx, .docm or .dotx and what was left out of them."""
    package = Package(data, name)
    walker = _Walker(package)
    body = package.document().find("{*}body")
    lines: list[str] = []
    issues: list[Issue] = []
    for line in walker.blocks(body if body is not None else ()):
        lines.append(line.text)
        issues.extend(Issue(len(lines), message) for message in line.messages)
    if walker.pictures and not any(line.strip() for line in lines):
        raise _only_pictures(name)
    return tuple(lines), issues + walker.closing_issues()


class _Walker:
    def __init__(self, package: Package) -> None:
        styles = package.part("styles")
        self._numbering = Numbering(package.part("numbering"), styles)
        self._notes = {kind: _notes(package.part(kind)) for kind in ("footnotes", "endnotes")}
        self._carried = _Line("")  # what stands before a deleted paragraph mark: it belongs to the next paragraph
        self._contents_lines = 0
        self._comments = 0
        self.pictures = 0

    def closing_issues(self) -> list[Issue]:
        """What concerns the file as a whole."""
        formats = len(self._numbering.unknown_formats)
        found = (
            (self.pictures, "处图片、图表或嵌入对象未读取", "pictures, charts or embedded objects were not read"),
            (self._comments, "条批注未读取", "comments were not read"),
            (self._contents_lines, "行自动目录已略去", "lines of the table of contents were left out"),
            (formats, "种自动编号格式不认识，按阿拉伯数字写出", "unknown number formats were written as digits"),
        )
        return [Issue(1, f"{count} {zh}。{count} {en}.") for count, zh, en in found if count]

    def blocks(self, container: Iterable[etree._Element]) -> Iterator[_Line]:
        """The lines of a body, a cell or a text box, in order."""
        for block in container:
            match _local(block):
                case "p":
                    yield from self._paragraph(block)
                case "tbl":
                    yield from self._table(block)
                case "AlternateContent":
                    choice = _choice(block)
                    yield from self.blocks(() if choice is None else choice)
                case "sdt" if _is_contents(block):
                    self._contents_lines += sum(1 for _ in block.iter("{*}p"))
                case "del" | "moveFrom":
                    continue
                case "altChunk":
                    yield _Line("", messages=["嵌入的外部文档未读取。An embedded foreign document was not read."])
                case local if local not in _PROPERTIES:
                    yield from self.blocks(block)
        if self._carried.text or self._carried.messages:
            yield self._take_carried()

    def _paragraph(self, paragraph: etree._Element) -> Iterator[_Line]:
        if self._numbering.style_name(paragraph).lower().startswith("toc"):
            self._contents_lines += 1
            return
        content = _Content()
        self._collect(paragraph, content)
        carried = self._take_carried()
        text, messages = carried.text + "".join(content.pieces), carried.messages + _messages(content)
        if paragraph.find("{*}pPr/{*}rPr/{*}del") is not None and not content.boxes:
            self._carried = _Line(text, messages=messages)
            return
        first, *rest = (self._numbering.label(paragraph) + text).split("\n")
        yield _Line(first.rstrip(), messages=messages)
        yield from (_Line(line.strip()) for line in rest if line.strip())
        for box in content.boxes:
            yield from self._box(box)

    def _take_carried(self) -> _Line:
        carried, self._carried = self._carried, _Line("")
        return carried

    def _box(self, box: etree._Element) -> Iterator[_Line]:
        for number, line in enumerate(self.blocks(box)):
            if number == 0:
                line.messages.append(
                    "文本框的文字放在其所在段落之后。A text box stands after the paragraph that holds it."
                )
            yield line

    def _table(self, table: etree._Element) -> Iterator[_Line]:
        rows = [row for row in _unwrapped(table, "tr") if row.find("{*}trPr/{*}del") is None]
        cells = [_unwrapped(row, "tc") for row in rows]
        if all(len(row) == 1 for row in cells):  # a frame around text: its paragraphs stay paragraphs
            for (cell,) in cells:
                yield from self.blocks(cell)
            return
        for row, row_cells in zip(rows, cells, strict=True):
            yield from self._row(row, row_cells)

    def _row(self, row: etree._Element, cells: list[etree._Element]) -> Iterator[_Line]:
        """One line a row. What a merged cell covers is left empty, so that columns keep their place."""
        texts = [""] * _columns(row.find("{*}trPr/{*}gridBefore"), 0)
        nested: list[_Line] = []
        messages: list[str] = []
        for cell in cells:
            lines = list(self.blocks(cell))
            own = [line for line in lines if not line.is_row]
            nested += [line for line in lines if line.is_row]
            messages += [message for line in own for message in line.messages]
            texts.append("" if _is_covered(cell) else " ".join(line.text.strip() for line in own if line.text.strip()))
            covered = _columns(cell.find("{*}tcPr/{*}gridSpan"), 1) - 1
            texts += [""] * min(covered, max(0, _MAX_COLUMNS - len(texts)))
        yield _Line("\t".join(texts).rstrip("\t"), is_row=True, messages=messages)
        if nested:
            nested[0].messages.append(
                "表格中的表格放在其所在行之后。A nested table stands after the row that holds it."
            )
        yield from nested

    def _collect(self, element: etree._Element, content: _Content) -> None:
        for child in element.iterchildren("*"):
            local = _local(child)
            if local == "t":
                content.pieces.append((child.text or "").replace("\t", " ").replace("\n", " "))
            elif local in _CHARACTERS:
                content.pieces.append(_CHARACTERS[local])
            elif local == "r" and _is_hidden(child):
                content.hidden.append("".join(child.itertext("{*}t")))
            elif local == "del":
                content.deleted.append("".join(child.itertext("{*}delText")))
            elif local == "AlternateContent":
                self._collect_choice(child, content)
            elif local not in _PROPERTIES and not self._collect_special(local, child, content):
                content.inserted = content.inserted or local == "ins"
                self._collect(child, content)

    def _collect_choice(self, alternate: etree._Element, content: _Content) -> None:
        choice = _choice(alternate)
        if choice is not None:
            self._collect(choice, content)

    def _collect_special(self, local: str, child: etree._Element, content: _Content) -> bool:
        """What is in a run without being text. True where it has been dealt with."""
        if local in ("drawing", "pict", "object"):
            boxes = _text_boxes(child)
            content.boxes += boxes
            self.pictures += 0 if boxes else 1
        elif local in ("footnoteReference", "endnoteReference"):
            kind = "footnotes" if local == "footnoteReference" else "endnotes"
            note = self._notes[kind].get(_attribute(child, "id") or "", "")[:_QUOTED_CHARS]
            content.messages.append(f"注释未放入正文：{note}。A note was kept out of the text.")
        elif local == "commentReference":
            self._comments += 1
        elif local == "sym":
            content.pieces.append(_symbol(child))
        else:
            return False
        return True


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _choice(alternate: etree._Element) -> etree._Element | None:
    """The first of several ways to draw the same thing: reading all of them would read it twice."""
    return next(alternate.iterchildren("{*}Choice", "{*}Fallback"), None)


def _unwrapped(parent: etree._Element, local: str) -> list[etree._Element]:
    """The rows of a table or the cells of a row, also those inside content controls and tracked changes."""
    found: list[etree._Element] = []
    for child in parent.iterchildren("*"):
        if _local(child) == local:
            found.append(child)
        elif _local(child) in ("sdt", "sdtContent", "customXml", "ins", "moveTo"):
            found += _unwrapped(child, local)
    return found


def _text_boxes(drawing: etree._Element) -> list[etree._Element]:
    """The outermost text boxes of a drawing, of each alternative only the first."""
    if _local(drawing) == "txbxContent":
        return [drawing]
    if _local(drawing) == "AlternateContent":
        choice = _choice(drawing)
        return [] if choice is None else _text_boxes(choice)
    return [box for child in drawing.iterchildren("*") for box in _text_boxes(child)]


def _columns(element: etree._Element | None, default: int) -> int:
    return min(max(_number(element, default), default), _MAX_COLUMNS)


def _is_covered(cell: etree._Element) -> bool:
    """Whether a cell continues the one above it (w:vMerge without "restart") or beside it (w:hMerge)."""
    for merge in (cell.find("{*}tcPr/{*}vMerge"), cell.find("{*}tcPr/{*}hMerge")):
        if merge is not None and _attribute(merge) != "restart":
            return True
    return False


def _is_hidden(run: etree._Element) -> bool:
    vanish = run.find("{*}rPr/{*}vanish")
    return vanish is not None and _attribute(vanish) not in ("0", "false", "off")


def _is_contents(control: etree._Element) -> bool:
    gallery = control.find("{*}sdtPr/{*}docPartObj/{*}docPartGallery")
    return _attribute(gallery) == "Table of Contents"


def _symbol(element: etree._Element) -> str:
    """A character of a symbol font. In the private area it means nothing without its font: a box stands for it."""
    try:
        code = int(_attribute(element, "char") or "", 16)
    except ValueError:
        return "□"
    return "□" if code < 0x20 or 0xD800 <= code <= 0xF8FF or code > 0xFFFF else chr(code)


def _messages(content: _Content) -> list[str]:
    messages = list(content.messages)
    deleted, hidden = "".join(content.deleted), "".join(content.hidden)
    if deleted:
        quoted = deleted[:_QUOTED_CHARS]
        messages.append(f"修订中删除的文字已略去：{quoted}。Text deleted by a tracked change was left out.")
    if content.inserted:
        messages.append("修订中插入的文字按已接受读取。Text inserted by a tracked change was read as accepted.")
    if hidden:
        messages.append(f"隐藏文字已略去：{hidden[:_QUOTED_CHARS]}。Hidden text was left out.")
    return messages


def _notes(part: etree._Element | None) -> dict[str, str]:
    """Footnotes or endnotes by their id; the separators among them have a type."""
    if part is None:
        return {}
    notes = part.iterchildren("{*}footnote", "{*}endnote")
    return {
        _attribute(note, "id") or "": "".join(note.itertext("{*}t")).strip()
        for note in notes
        if _attribute(note, "type") is None
    }


def _only_pictures(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        "文件里只有图片，没有文字。", "The file holds pictures only and no text.", where=name, **RECOGNISE
    )
