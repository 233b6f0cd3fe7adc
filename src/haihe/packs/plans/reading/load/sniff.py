"""What a file is, by its first bytes. What cannot be read is refused here, with the way to a format that can."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath
from typing import Literal

from haihe.packs.plans.reading.load.errors import UnreadableDocument
from haihe.packs.plans.reading.model import Issue

Kind = Literal["txt", "md", "docx", "pdf", "html"]

_BY_EXTENSION: dict[str, Kind] = {
    ".txt": "txt", ".text": "txt", ".md": "md", ".markdown": "md", ".docx": "docx", ".docm": "docx", ".dotx": "docx",
    ".pdf": "pdf", ".html": "html", ".htm": "html", ".xhtml": "html", ".shtml": "html",
}  # fmt: skip
_SAVE_AS_DOCX = ("请用 Word 或 WPS 打开，另存为 .docx 后再试。", "Open it in Word or WPS, save it as .docx and try again.")
_UNPACK = ("请先解压，再逐个提供其中的文件。", "Unpack it first and provide the files in it one by one.")
_RECOGNISE = (
    "请先做文字识别（OCR），把结果存为 .docx 或 .txt 后再试。",
    "Run text recognition (OCR), save its result as .docx or .txt and try again.",
)
_PICTURE = ("这是图片，没有可读取的文字。", "This is a picture; it holds no text.", _RECOGNISE)
_ARCHIVE = ("这是压缩包，不是文件本身。", "This is an archive, not a document.", _UNPACK)
_REFUSED: tuple[tuple[bytes, tuple[str, str, tuple[str, str]]], ...] = (  # patterns of the first bytes
    (rb"\{\\rtf", ("这是 RTF 文件，不能直接读取。", "This is an RTF file, which is not read directly.", _SAVE_AS_DOCX)),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|II\*\0|MM\0\*|BM.{4}\0\0\0\0|RIFF.{4}WEBP|.{4}ftyp(?:heic|mif1)", _PICTURE),
    (rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b\x08|\xfd7zXZ\0|BZh[1-9]1AY", _ARCHIVE),
)  # fmt: skip
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_OOXML = "EncryptedPackage".encode("utf-16-le")
_HTML_START = re.compile(rb"(?is)\A[\xef\xbb\xbf\s]*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b")
_WORD_XML = re.compile(rb"(?s)\A[\xef\xbb\xbf\s]*<\?xml.{0,300}?(?:progid=\"Word\.Document\"|/2006/xmlPackage)")
_MHTML = re.compile(rb"(?is)\A(?:[\w-]+:[^\n]*\n\s*){0,8}?content-type:\s*multipart/related")
_HEAD_BYTES = 4096


def kind_of(data: bytes, name: str) -> tuple[Kind, list[Issue]]:
    """The loader to use, and an issue where the name promises something else; UnreadableDocument for what has no loader."""
    promised = _BY_EXTENSION.get(PurePath(name).suffix.lower())
    kind = _by_content(data, name, promised)
    if promised in (None, kind):
        return kind, []
    said = f"文件名为 .{promised}，内容却是 {kind}，按内容读取。The name says .{promised} but the content is {kind}; read as such."
    return kind, [Issue(1, said)]


def _by_content(data: bytes, name: str, promised: Kind | None) -> Kind:
    head = data[:_HEAD_BYTES]
    for pattern, (zh, en, to_do) in _REFUSED:
        if re.match(pattern, head, re.DOTALL):
            raise _refusal(name, zh, en, to_do)
    if head.startswith(_OLE2):
        raise _ole2(data, name)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(data, name)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if promised in ("docx", "pdf") and b"\0" in data:
        raise _refusal(
            name, f"文件名为 .{promised}，内容却不是，可能已损坏。", f"The name says .{promised} but the content is not; it may be damaged.",
            ("请重新下载或重新保存一份后再试。", "Download or save it again and try again."),
        )  # fmt: skip
    return _text_kind(head, name, promised)


def _text_kind(head: bytes, name: str, promised: Kind | None) -> Kind:
    plain = head if head[:2] not in (b"\xff\xfe", b"\xfe\xff") else head.replace(b"\0", b"")[2:]
    if _WORD_XML.match(plain):
        raise _refusal(name, "这是 Word 的 XML 文件，不能直接读取。", "This is a Word XML file, which is not read directly.", _SAVE_AS_DOCX)
    if _MHTML.match(plain):
        raise _refusal(
            name, "这是 MHTML 网页存档，不能直接读取。", "This is an MHTML web archive, which is not read directly.",
            ("请在浏览器中另存为网页（.html）后再试。", "Save the page as .html in a browser and try again."),
        )  # fmt: skip
    if _HTML_START.match(plain):
        return "html"
    return promised if promised in ("md", "html") else "txt"


def _zip_kind(data: bytes, name: str) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except Exception as error:
        raise _refusal(
            name, "文件不完整或已损坏，无法打开。", "The file is incomplete or damaged and cannot be opened.",
            ("请重新下载或重新保存一份后再试。", "Download or save it again and try again."),
        ) from error  # fmt: skip
    if "[Content_Types].xml" in names and any(part.startswith("word/") for part in names):
        return "docx"
    if any(part.startswith("xl/") for part in names):
        raise _refusal(name, "这是电子表格（.xlsx）。", "This is a spreadsheet (.xlsx).", (
            "请把内容复制到 Word 或 WPS 文字中，另存为 .docx 后再试。", "Copy its content into Word or WPS, save it as .docx and try again.",
        ))  # fmt: skip
    if any(part.startswith("ppt/") for part in names):
        raise _refusal(name, "这是演示文稿（.pptx）。", "This is a presentation (.pptx).", _SAVE_AS_DOCX)
    if "OFD.xml" in names:
        raise _refusal(name, "这是 OFD 版式文件，不能直接读取。", "This is an OFD file, which is not read directly.", (
            "请用 OFD 阅读器导出为 PDF 或 .docx 后再试。", "Export it as PDF or .docx in an OFD reader and try again.",
        ))  # fmt: skip
    if "content.xml" in names and "mimetype" in names:
        raise _refusal(name, "这是 ODF 文件（.odt），不能直接读取。", "This is an ODF file (.odt), which is not read directly.", _SAVE_AS_DOCX)
    raise _refusal(name, *_ARCHIVE)


def _ole2(data: bytes, name: str) -> UnreadableDocument:
    if _ENCRYPTED_OOXML in data:
        return _refusal(name, "文件有密码保护。", "The file is protected by a password.", (
            "请去掉密码，另存为 .docx 后再试。", "Remove the password, save it as .docx and try again.",
        ))  # fmt: skip
    return _refusal(
        name, "这是旧版 Office 或 WPS 文件（.doc、.wps、.xls），不能直接读取。",
        "This is an old Office or WPS file (.doc, .wps, .xls), which is not read directly.", _SAVE_AS_DOCX,
    )  # fmt: skip


def _refusal(name: str, zh: str, en: str, to_do: tuple[str, str]) -> UnreadableDocument:
    return UnreadableDocument(zh, en, where=name, to_do_zh=to_do[0], to_do_en=to_do[1])
