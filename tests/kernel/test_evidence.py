"""Files that are handed in: checked, durable, outside the web root, noticed when changed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from haihe.kernel import evidence
from haihe.kernel.errors import InvalidInput, TooLarge

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def test_a_file_is_stored_under_its_hash(db: None, settings) -> None:
    row = evidence.receive("现场照片.png", [PNG[:10], PNG[10:]], None)
    assert row.path.read_bytes() == PNG
    assert row.path.is_relative_to(settings.EVIDENCE_FOLDER)
    assert row.path.name == row.sha256


def test_the_same_bytes_are_stored_once(db: None, settings) -> None:
    for name in ("a.png", "b.png"):
        evidence.receive(name, [PNG], None)
    assert len([p for p in Path(settings.EVIDENCE_FOLDER).rglob("*") if p.is_file()]) == 1


@pytest.mark.parametrize(
    ("name", "data"),
    [("virus.exe", b"MZ"), ("没有后缀", b"x"), ("photo.png", b"<html>"), ("report.pdf", b"PK\x03\x04"), ("binary.txt", b"a\x00b"), ("empty.txt", b"")],
)  # fmt: skip
def test_wrong_types_and_empty_files_are_refused_and_leave_nothing(db: None, settings, name: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        evidence.receive(name, [data], None)
    folder = Path(settings.EVIDENCE_FOLDER)
    assert not [p for p in folder.rglob("*") if p.is_file()]


def archive(*entries: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for entry in entries:
            file.writestr(entry, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "entry"),
    [("a.docx", "word/document.xml"), ("a.docx", "word/document2.xml"), ("a.xlsx", "xl/workbook.xml"), ("a.pptx", "ppt/presentation.xml"), ("a.ofd", "OFD.xml")],
)  # fmt: skip
def test_an_archive_is_what_its_entries_say(db: None, name: str, entry: str) -> None:
    assert evidence.receive(name, [archive("[Content_Types].xml", entry)], None).size_bytes
    for other in (archive("evil.exe"), archive("x/" + entry), archive(entry)[:-10], b"PK\x03\x04"):
        with pytest.raises(InvalidInput):
            evidence.receive(name, [other], None)


def test_a_program_named_as_text_is_refused_wherever_its_odd_bytes_begin(db: None) -> None:
    with pytest.raises(InvalidInput):
        evidence.receive("a.csv", [b"a,b\n" * 500, b"\x7fELF\x01\x02\x03"], None)


def test_a_discarded_file_leaves_no_bytes_unless_somebody_else_handed_them_in(db: None) -> None:
    first, second = (evidence.receive(name, [PNG], None) for name in ("a.png", "b.png"))
    evidence.discard(first)
    assert second.open_checked() == PNG
    evidence.discard(second)
    assert not second.path.exists() and not evidence.EvidenceFile.objects.exists()


def test_files_that_were_received_for_nothing_are_taken_back(db: None) -> None:
    with pytest.raises(ZeroDivisionError), evidence.receiving(None, [("a.png", [PNG]), ("b.txt", [b"b"])]) as kept:
        assert len(kept) == 2
        raise ZeroDivisionError
    with pytest.raises(InvalidInput), evidence.receiving(None, [("a.png", [PNG]), ("b.exe", [b"MZ"])]):
        raise AssertionError("the second file must be refused")
    assert not evidence.EvidenceFile.objects.exists()


def test_reading_stops_at_the_limit(db: None, settings) -> None:
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield b"0" * 1024

    with pytest.raises(TooLarge):
        evidence.receive("a.txt", endless(), None, limit_bytes=10_000)
    assert taken == 10
    assert not [p for p in Path(settings.EVIDENCE_FOLDER).rglob("*") if p.is_file()]


def test_a_changed_file_is_noticed(db: None) -> None:
    row = evidence.receive("a.txt", ["证据".encode()], None)
    row.path.write_bytes(b"changed")
    with pytest.raises(InvalidInput, match="changed"):
        row.open_checked()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.txt", "C:\\temp\\a.txt", "a\x00\n.txt", " .. a.txt", "长" * 300 + ".txt"]
)
def test_names_are_cut_to_their_last_part(db: None, name: str) -> None:
    row = evidence.receive(name, [b"x"], None)
    assert "/" not in row.name and "\\" not in row.name and row.name.isprintable() and len(row.name) <= 120
