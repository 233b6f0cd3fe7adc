"""What cannot be read is refused in time, with what, where and what to do, and with nothing but UnreadableDocument."""

from __future__ import annotations

import functools
import io
import itertools
import os
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from haihe.kernel.errors import HaiheError
from haihe.packs.plans.reading.load import UnreadableDocument, limits, load_bytes, load_file
from haihe.packs.plans.tests.load_documents import chromium_pdf, docx_of, with_part

MB = 1024 * 1024
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refusal(data: bytes, name: str) -> UnreadableDocument:
    with pytest.raises(UnreadableDocument) as refused:
        load_bytes(data, name)
    return refused.value


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_a_200_mb_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(200 * MB)
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(UnreadableDocument, match=r"200\.0 MB, the limit is 50 MB"):
        load_file(path)
    seconds, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MB
    assert seconds < 1, "reading 200 MB would take longer; the refusal takes well under a millisecond"


def test_the_limit_can_be_set_and_holds_for_bytes_too() -> None:
    with pytest.raises(UnreadableDocument):
        load_bytes(b"x" * 11, "plan.txt", max_bytes=10)
    assert load_bytes(b"x" * 10, "plan.txt", max_bytes=10).lines == ("x" * 10,)


@pytest.mark.parametrize("name", ["plan.txt", "plan.docx", "plan.pdf", "plan.html", "plan.md", "plan"])
@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused_as_empty(name: str, data: bytes) -> None:
    assert "没有文字" in refusal(data, name).what


@pytest.mark.parametrize(
    ("data", "name", "what", "to_do"),
    [
        (OLE2 + bytes(600), "plan.doc", "旧版 Office", ".docx"),
        (OLE2 + bytes(600), "plan.wps", "WPS", ".docx"),
        (OLE2 + "EncryptedPackage".encode("utf-16-le"), "plan.docx", "密码", "去掉密码"),
        (b"{\\rtf1\\ansi abc}", "plan.doc", "RTF", ".docx"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "plan.png", "图片", "OCR"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "plan.pdf", "图片", "OCR"),
        (b"BM\x00\x10\x00\x00\x00\x00\x00\x00", "plan.bmp", "图片", "OCR"),
        (b"Rar!\x1a\x07\x00", "plan.rar", "压缩包", "解压"),
        (b"\x1f\x8b\x08\x00abc", "plan.gz", "压缩包", "解压"),
        (zipped(**{"a.txt": b"x"}), "plan.zip", "压缩包", "解压"),
        (zipped(**{"[Content_Types].xml": b"x", "xl/workbook.xml": b"x"}), "plan.xlsx", "电子表格", ".docx"),
        (zipped(**{"[Content_Types].xml": b"x", "ppt/presentation.xml": b"x"}), "plan.pptx", "演示文稿", ".docx"),
        (zipped(**{"OFD.xml": b"x"}), "plan.ofd", "OFD", ".docx"),
        (zipped(**{"mimetype": b"x", "content.xml": b"x"}), "plan.odt", "ODF", ".docx"),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related; x\r\n\r\n", "plan.mht", "MHTML", ".docx"),
        (b'<?xml version="1.0"?><?mso-application progid="Word.Document"?><w/>', "plan.xml", "Word 的 XML", ".docx"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), "plan.txt", "二进制", ".docx"),
        (bytes(range(256)) * 4, "plan.docx", "损坏", "重新下载"),
        (docx_of("甲")[:-40], "plan.docx", "损坏", "重新下载"),
        (chromium_pdf()[:4_000], "plan.pdf", "损坏", "重新下载"),
    ],
    # Names of tests must be the same in each process of the suite, and an archive made here holds the moment.
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_for_what_it_is_with_a_way_out(
    data: bytes, name: str, what: str, to_do: str
) -> None:
    error = refusal(data, name)
    assert what in error.what
    assert to_do in error.what_to_do
    assert error.where.startswith(name)
    assert all((error.zh, error.en, error.to_do_zh, error.to_do_en))


def test_a_refusal_is_one_of_haihes_own_errors() -> None:
    """So that the pages and the command line show it like any other."""
    assert isinstance(refusal(b"", "plan.txt"), HaiheError)


def test_what_is_not_an_ordinary_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", Path("/dev/zero"), "a\0b"):
        with pytest.raises(UnreadableDocument):
            load_file(path)


# --- bombs ----------------------------------------------------------------------------------------------------------


@functools.cache
def bomb() -> bytes:
    """201 MB of spaces in the document part, packed into 0.9 MB."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", b"x")
        with archive.open("word/document.xml", "w") as part:
            for _ in range(201):
                part.write(b" " * MB)
    return file.getvalue()


def test_a_zip_bomb_is_refused_by_its_directory_without_unpacking() -> None:
    data = bomb()
    tracemalloc.start()
    error = refusal(data, "bomb.docx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "大得异常" in error.what
    assert peak < 5 * MB


def test_a_zip_bomb_whose_directory_lies_is_stopped_while_unpacking() -> None:
    data = bytearray(bomb())
    entry = data.rindex(b"word/document.xml") - 46  # its record in the directory at the end
    assert data[entry : entry + 4] == b"PK\x01\x02"
    struct.pack_into("<I", data, entry + 24, 1000)  # the directory now says: 1,000 bytes when unpacked
    tracemalloc.start()
    refusal(bytes(data), "bomb.docx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * MB


def test_many_small_parts_that_unpack_to_too_much_together_are_refused() -> None:
    parts = {f"word/{n}.xml": os.urandom(1000) * 1100 for n in range(200)}
    assert "大得异常" in refusal(zipped(**{"[Content_Types].xml": b"x"}, **parts), "bomb.docx").what


def test_an_ordinary_repetitive_document_is_not_taken_for_a_bomb() -> None:
    paragraph = b"<w:p><w:r><w:t>" + "建设县级智慧水务平台。".encode() + b"</w:t></w:r></w:p>"
    data = with_part(
        docx_of("甲"), "word/document.xml", lambda xml: xml.replace(b"<w:body>", b"<w:body>" + paragraph * 20_000)
    )
    assert len(load_bytes(data, "long.docx").lines) == 20_001


def test_what_is_unpacked_is_counted_whatever_the_directory_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_XML_BYTES", 4000)
    data = with_part(docx_of("甲"), "word/document.xml", lambda xml: xml + b" " * 4000)
    assert "大得异常" in refusal(data, "bomb.docx").what


def test_a_directory_of_very_many_parts_is_refused_without_reading_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(**{f"word/{n}.xml": b"" for n in range(20_000)}, **{"[Content_Types].xml": b"x"})
    opened: list[object] = []
    monkeypatch.setattr(zipfile, "ZipFile", opened.append)
    assert "损坏" in refusal(data, "bomb.docx").what
    assert opened == []


def test_an_absurd_number_of_tags_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TAGS", 1000)
    data = with_part(
        docx_of("甲"), "word/document.xml", lambda xml: xml.replace(b"<w:body>", b"<w:body>" + b"<w:p/>" * 2001)
    )
    assert "大得异常" in refusal(data, "bomb.docx").what
    assert "标记多得异常" in refusal(b"<html><body>x" + b"<br>" * 2001, "bomb.html").what


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<!---->" * 600 + b"x", "comments.txt"),
        (b"![" * 200_000, "images.md"),
        (b"x" + b"<!--" * 200_000 + b"\n-->", "comments.md"),
        (b"*a" * 200_000, "stars.md"),
        (b"x" + b" " * 400_000 + b"x\n# x" + b" " * 400_000 + b"x", "spaces.md"),
        (b"<p>" + "甲".encode() + b" \n" * 200_000, "spaces.html"),
        (b"<html><body>x" + b"<table><tr><td>" * 300 + b"y", "tables.html"),
        (b"<html><body>x<ol>" + b"<li>y" * 20_000, "list.html"),
    ],
)
def test_no_pattern_runs_away_on_hostile_repetition(data: bytes, name: str) -> None:
    """Each of these takes minutes or for ever with a pattern that goes back over what it has seen."""
    started = time.process_time()
    load_bytes(data, name)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entity_definitions_in_a_docx_are_refused(encoding: str) -> None:
    names = "abcdefghi"
    levels = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in itertools.pairwise(names))
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE w [<!ENTITY a "AAAAAAAAAA">{levels}]><w>&i;</w>'
    data = with_part(docx_of("甲"), "word/document.xml", lambda _: xml.encode(encoding))
    assert "实体" in refusal(data, "bomb.docx").what


def test_xml_nested_beyond_reason_is_refused() -> None:
    deep = b"<w:body>" + b"<w:sdt>" * 100_000
    data = with_part(docx_of("甲"), "word/document.xml", lambda xml: xml.replace(b"<w:body>", deep))
    assert "损坏" in refusal(data, "deep.docx").what
