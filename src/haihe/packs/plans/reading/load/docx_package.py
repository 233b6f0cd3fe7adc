"""The zip container of a .docx, opened with suspicion: its directory is checked before anything is unpacked, and what
is unpacked is counted, because a directory can lie.

Own code instead of python-docx's opener: that one unpacks every picture, fails where a relationship points nowhere
(Target="NULL" is found in the wild), and refuses .docm, .dotx and Strict OOXML.
"""

from __future__ import annotations

import io
import posixpath
import zipfile

from lxml import etree

from haihe.packs.plans.reading.load import limits
from haihe.packs.plans.reading.load.errors import REMOVE_PASSWORD, SAVE_AS_DOCX, UnreadableDocument

_CHUNK_BYTES = 1 << 20
_ENCRYPTED_FLAG = 0x1
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_END_RECORD_BYTES = 22 + 65_535  # the record at the end with the longest comment
_MAIN_PART = "word/document.xml"


def open_zip(data: bytes) -> zipfile.ZipFile:
    """Open an archive unless its directory alone, which Python reads at once, would take seconds and gigabytes."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _END_RECORD_BYTES))
    directory_bytes = int.from_bytes(data[end + 12 : end + 16], "little") if end >= 0 else 0
    if directory_bytes > limits.MAX_ZIP_DIRECTORY_BYTES:
        raise zipfile.BadZipFile("directory too large")
    return zipfile.ZipFile(io.BytesIO(data))


class Package:
    """The XML parts of one .docx, by what they are: "document", "numbering", "styles", "footnotes", "endnotes"."""

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        try:
            self._zip = open_zip(data)
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
        if content.count(b"<") > 2 * limits.MAX_TAGS:  # an opening and a closing tag each
            raise self._bomb()
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        try:
            return etree.fromstring(content, parser)
        except etree.XMLSyntaxError as error:
            raise self._damaged() from error

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        if info.flag_bits & _ENCRYPTED_FLAG:
            raise UnreadableDocument(
                "文件有密码保护。", "The file is protected by a password.", where=self._name, **REMOVE_PASSWORD
            )
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
        fair = max(limits.RATIO_COUNTS_FROM_BYTES, limits.MAX_UNPACK_RATIO * packed_bytes)
        if len(entries) > limits.MAX_ZIP_ENTRIES or unpacked > min(fair, limits.MAX_UNPACKED_BYTES):
            raise self._bomb()

    def _bomb(self) -> UnreadableDocument:
        return self._dangerous("文件解压后大得异常", "The file unpacks to an absurd size")

    def _dangerous(self, zh: str, en: str) -> UnreadableDocument:
        zh, en = f"{zh}，可能是恶意文件，已拒绝。", f"{en}; it may be malicious and was refused."
        return UnreadableDocument(zh, en, where=self._name, **SAVE_AS_DOCX)

    def _damaged(self) -> UnreadableDocument:
        return UnreadableDocument(
            "文件不完整或已损坏，无法读取。", "The file is incomplete or damaged.", where=self._name, **SAVE_AS_DOCX
        )
