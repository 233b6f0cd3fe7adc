"""The zip container of a .docx, opened with suspicion: its directory is checked before anything is unpacked, and what is
unpacked is counted, because a directory can lie.

Own code instead of python-docx's opener: that one unpacks every picture, fails where a relationship points nowhere (WPS writes
Target="NULL"), and refuses .docm, .dotx and Strict OOXML.
"""

from __future__ import annotations

import io
import posixpath
import zipfile

from lxml import etree

from haihe.packs.plans.reading.load import limits
from haihe.packs.plans.reading.load.errors import UnreadableDocument

_CHUNK_BYTES = 1 << 20
_ENCRYPTED_FLAG = 0x1
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_MAIN_PART = "word/document.xml"


class Package:
    """The XML parts of one .docx, by what they are: "document", "numbering", "styles", "footnotes", "endnotes"."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except Exception as error:
            raise self._damaged() from error
        self._refuse_bomb(len(data))
        self._left = limits.MAX_XML_BYTES
        self.main_part = self._related("", "officeDocument") or _MAIN_PART

    def document(self) -> etree._Element:
        root = self._xml(self.main_part)
        if root is None:
            raise self._damaged()
        return root

    def part(self, kind: str) -> etree._Element | None:
        """A part the main document refers to, or None where it has no such part."""
        folder = posixpath.dirname(self.main_part)
        return self._xml(self._related(self.main_part, kind) or posixpath.join(folder, f"{kind}.xml"))

    def _related(self, source: str, kind: str) -> str | None:
        folder, base = posixpath.split(source)
        relations = self._xml(posixpath.join(folder, "_rels", f"{base}.rels"))
        if relations is None:
            return None
        for relation in relations.iterchildren("{*}Relationship"):
            inside = relation.get("TargetMode") != "External"
            if inside and relation.get("Type", "").endswith(f"/{kind}"):
                return posixpath.normpath(posixpath.join("/", folder, relation.get("Target", ""))).lstrip("/")
        return None

    def _xml(self, part: str) -> etree._Element | None:
        try:
            content = self._read(self._zip.getinfo(part))
        except KeyError:
            return None
        except UnreadableDocument:
            raise
        except Exception as error:  # wrong check sum, broken deflate stream, cut off
            raise self._damaged() from error
        if any(doctype in content for doctype in _DOCTYPES):  # OOXML forbids it; its only use here is an entity bomb
            raise self._dangerous("文件含有 XML 实体定义", "The file defines XML entities")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
        try:
            return etree.fromstring(content, parser)
        except etree.XMLSyntaxError as error:
            raise self._damaged() from error

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableDocument(
                "文件有密码保护。", "The file is protected by a password.", where=self._name,
                to_do_zh="请去掉密码，另存为 .docx 后再试。", to_do_en="Remove the password, save it as .docx and try again.",
            )  # fmt: skip
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._damaged()  # bzip2 and LZMA unpack without a bound, and no word processor uses them
        chunks = []
        with self._zip.open(info) as file:
            while chunk := file.read(_CHUNK_BYTES):
                self._left -= len(chunk)
                if self._left < 0:
                    raise self._bomb()
                chunks.append(chunk)
        return b"".join(chunks)

    def _refuse_bomb(self, packed_bytes: int) -> None:
        entries = self._zip.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        ratio_is_absurd = unpacked > limits.RATIO_COUNTS_FROM_BYTES and unpacked > limits.MAX_UNPACK_RATIO * packed_bytes
        if len(entries) > limits.MAX_ZIP_ENTRIES or unpacked > limits.MAX_UNPACKED_BYTES or ratio_is_absurd:
            raise self._bomb()

    def _bomb(self) -> UnreadableDocument:
        return self._dangerous("文件解压后大得异常", "The file unpacks to an absurd size")

    def _dangerous(self, zh: str, en: str) -> UnreadableDocument:
        return UnreadableDocument(
            f"{zh}，可能是恶意文件，已拒绝。", f"{en}; it may be malicious and was refused.", where=self._name,
            to_do_zh="如果来源可信，请用 Word 或 WPS 打开，另存为新的 .docx 后再试。",
            to_do_en="If you trust its source, open it in Word or WPS, save it as a new .docx and try again.",
        )  # fmt: skip

    def _damaged(self) -> UnreadableDocument:
        return UnreadableDocument(
            "文件不完整或已损坏，无法读取。", "The file is incomplete or damaged and cannot be read.", where=self._name,
            to_do_zh="请用 Word 或 WPS 打开，另存为新的 .docx 后再试。",
            to_do_en="Open it in Word or WPS, save it as a new .docx and try again.",
        )  # fmt: skip
