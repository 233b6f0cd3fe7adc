"""What a file is, by its first bytes. What cannot be read is refused here, with the way to a format that can."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from haihe.packs.plans.reading.load.docx_package import open_zip
from haihe.packs.plans.reading.load.errors import (
    COPY_AS_DOCX,
    FETCH_AGAIN,
    RECOGNISE,
    REMOVE_PASSWORD,
    SAVE_AS_DOCX,
    UNPACK,
    UnreadableDocument,
)
from haihe.packs.plans.reading.model import Issue

Kind = Literal["txt", "md", "docx", "pdf", "html"]
_Refusal = tuple[str, str, dict[str, str]]

_EXTENSIONS: dict[Kind, str] = {
    "txt": ".txt .text",
    "md": ".md .markdown",
    "docx": ".docx .docm .dotx .dotm",
    "pdf": ".pdf",
    "html": ".html .htm .xhtml .shtml",
}
_BY_EXTENSION: dict[str, Kind] = {ending: kind for kind, endings in _EXTENSIONS.items() for ending in endings.split()}

_PICTURE: _Refusal = ("这是图片，没有可读取的文字。", "This is a picture; it holds no text.", RECOGNISE)
_ARCHIVE: _Refusal = ("这是压缩包，不是文件本身。", "This is an archive, not a document.", UNPACK)
_RTF: _Refusal = ("这是 RTF 文件，不能直接读取。", "This is an RTF file, which is not read directly.", SAVE_AS_DOCX)
_FLAT_XML: _Refusal = (
    "这是 Word 的 XML 文件，不能直接读取。",
    "This Word XML file is not read directly.",
    SAVE_AS_DOCX,
)
_MHTML: _Refusal = ("这是 MHTML 网页存档，不能直接读取。", "This MHTML web archive is not read directly.", COPY_AS_DOCX)
_SPREADSHEET: _Refusal = ("这是电子表格（.xlsx）。", "This is a spreadsheet (.xlsx).", COPY_AS_DOCX)
_SLIDES: _Refusal = ("这是演示文稿（.pptx）。", "This is a presentation (.pptx).", COPY_AS_DOCX)
_OFD: _Refusal = ("这是 OFD 版式文件，不能直接读取。", "This is an OFD file, which is not read directly.", COPY_AS_DOCX)
_ODF: _Refusal = (
    "这是 ODF 文件（.odt），不能直接读取。",
    "This is an ODF file (.odt), not read directly.",
    SAVE_AS_DOCX,
)
_BROKEN: _Refusal = ("文件不完整或已损坏，无法打开。", "The file is incomplete or damaged.", FETCH_AGAIN)
_LOCKED: _Refusal = ("文件有密码保护。", "The file is protected by a password.", REMOVE_PASSWORD)
_OLD_OFFICE: _Refusal = (
    "这是旧版 Office 或 WPS 文件（.doc、.wps、.xls），不能直接读取。",
    "This is an old Office or WPS file (.doc, .wps, .xls), which is not read directly.",
    SAVE_AS_DOCX,
)

_FIRST_BYTES: tuple[tuple[re.Pattern[bytes], _Refusal], ...] = (
    (re.compile(rb"\{\\rtf"), _RTF),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*"), _PICTURE),
    (re.compile(rb"(?s)BM.{4}\0\0\0\0|RIFF.{4}WEBP|.{4}ftyp(?:heic|mif1)"), _PICTURE),
    (re.compile(rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08|\xfd7zXZ\0|BZh[1-9]1AY"), _ARCHIVE),
)
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OOXML = "EncryptedPackage".encode("utf-16-le")
_SPACE = rb"\A[\xef\xbb\xbf\s]*"
_HTML_START = re.compile(  # *+ never goes back: a head full of comments would otherwise be tried in every division
    rb"(?is)" + _SPACE + rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*+)*+<(?:!doctype\s+html|html|head|body)\b"
)
_FLAT_XML_START = re.compile(rb"(?s)" + _SPACE + rb"<\?xml.{0,300}?(?:progid=\"Word\.Document\"|/2006/xmlPackage)")
_MHTML_START = re.compile(rb"(?i)\A(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,10}content-type:\s*multipart/related")
_HEAD_BYTES = 4096


def kind_of(data: bytes, name: str) -> tuple[Kind, list[Issue]]:
    """The loader to use, and an issue where the name promises something else; UnreadableDocument if there is none."""
    promised = _BY_EXTENSION.get(PurePath(name).suffix.lower())
    kind = _by_content(data, name, promised)
    if promised in (None, kind):
        return kind, []
    zh = f"文件名为 .{promised}，内容却是 {kind}，按内容读取。"
    return kind, [Issue(1, f"{zh}The name says .{promised} but the content is {kind}; it was read as such.")]


def _by_content(data: bytes, name: str, promised: Kind | None) -> Kind:
    head = data[:_HEAD_BYTES]
    for pattern, refusal in _FIRST_BYTES:
        if pattern.match(head):
            raise _refuse(name, refusal)
    if head.startswith(_OLE2):
        raise _refuse(name, _LOCKED if _ENCRYPTED_OOXML in data else _OLD_OFFICE)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data, name)
    if head.startswith(b"%PDF-") or (promised == "pdf" and b"%PDF-" in head[:1024]):
        return "pdf"
    if promised in ("docx", "pdf") and b"\0" in data:
        raise _refuse(name, _BROKEN)
    return _text_kind(head, name, promised)


def _text_kind(head: bytes, name: str, promised: Kind | None) -> Kind:
    is_utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    plain = head[2:].replace(b"\0", b"") if is_utf16 else head
    if _FLAT_XML_START.match(plain):
        raise _refuse(name, _FLAT_XML)
    if _MHTML_START.match(plain):
        raise _refuse(name, _MHTML)
    if _HTML_START.match(plain):
        return "html"
    return promised if promised in ("md", "html") else "txt"


def _zip_kind(data: bytes, name: str) -> Kind:
    try:
        with open_zip(data) as archive:
            names = set(archive.namelist())
    except Exception as error:
        raise _refuse(name, _BROKEN) from error
    if "[Content_Types].xml" in names and any(part.startswith("word/") for part in names):
        return "docx"
    for is_found, refusal in (
        (any(part.startswith("xl/") for part in names), _SPREADSHEET),
        (any(part.startswith("ppt/") for part in names), _SLIDES),
        ("OFD.xml" in names, _OFD),
        ({"content.xml", "mimetype"} <= names, _ODF),
    ):
        if is_found:
            raise _refuse(name, refusal)
    raise _refuse(name, _ARCHIVE)


def _refuse(name: str, refusal: _Refusal) -> UnreadableDocument:
    zh, en, to_do = refusal
    return UnreadableDocument(zh, en, where=name, **to_do)
