"""Files that are handed in: checked, durable, outside the web root, noticed when changed."""

from __future__ import annotations

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
