"""Plain text: every encoding a plan arrives in, and line numbers that agree with the file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from haihe.packs.plans.reading.load import UnreadableDocument, load_bytes, load_file, load_text

PLAN = (
    "青石县智慧水务行动方案\n\n一、工作目标\n到2027年，建成监测点1200个，漏损率降至9%以下。\n（责任单位：县水务局）\n"
)
LINES = tuple(PLAN.split("\n")[:-1])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gbk", "gb2312", "gb18030"])
def test_a_text_reads_the_same_in_every_encoding_that_offices_use(encoding: str) -> None:
    source = load_bytes(PLAN.encode(encoding), "plan.txt")
    assert (source.format, source.lines, source.issues) == ("txt", LINES, ())


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark_is_read_and_an_issue_says_so(encoding: str) -> None:
    source = load_bytes(PLAN.encode(encoding), "plan.txt")
    assert source.lines == LINES
    assert "字节序" in source.issues[0].message


def test_windows_line_ends_are_dropped_and_the_last_line_end_makes_no_line() -> None:
    assert load_bytes(PLAN.replace("\n", "\r\n").encode(), "plan.txt").lines == LINES
    assert load_bytes(PLAN.rstrip("\n").encode(), "plan.txt").lines == LINES


def test_line_numbers_are_those_of_sed_whatever_separators_the_text_holds(tmp_path: Path) -> None:
    r"""\x0b, \x0c, \x1c, \x85 and U+2028 end a line for str.splitlines and not for sed, grep or an editor."""
    path = tmp_path / "plan.txt"
    path.write_bytes("甲\x0b乙\n丙\x0c丁\u2028戊\n\n己\x1c庚\x85辛\r\n壬".encode())
    lines = load_file(path).lines
    for number, line in enumerate(lines, start=1):
        printed = subprocess.run(["sed", "-n", f"{number}p", str(path)], capture_output=True, check=True).stdout
        assert line == printed.decode().rstrip("\r\n")
    assert len(lines) == 5


def test_old_mac_line_ends_make_lines_and_an_issue() -> None:
    source = load_bytes("甲\r乙\r".encode(), "plan.txt")
    assert source.lines == ("甲", "乙")
    assert "CR" in source.issues[0].message


def test_a_file_of_two_encodings_is_refused_and_both_lines_are_named() -> None:
    mixed = "第一行是目标。\n".encode() + "第二行是县水务局\n".encode("gbk")
    with pytest.raises(UnreadableDocument) as refused:
        load_bytes(mixed, "plan.txt")
    assert "第 1 行是 UTF-8" in refused.value.what
    assert refused.value.where == "plan.txt:2"


def test_a_text_in_an_unknown_encoding_is_refused_instead_of_becoming_nonsense() -> None:
    with pytest.raises(UnreadableDocument, match="encoding is unknown"):
        load_bytes(("臺北市數位發展計畫，推動智慧水務與資料平臺。\n" * 5).encode("big5"), "plan.txt")


def test_bytes_that_fit_no_encoding_are_refused_with_their_line() -> None:
    with pytest.raises(UnreadableDocument) as refused:
        load_bytes("第一行\n第二行\n".encode("gbk") + b"\xff\xff\xff\n", "plan.txt")
    assert refused.value.where == "plan.txt:3"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_character_cut_by_the_end_of_the_file_costs_that_character_and_gives_an_issue(encoding: str) -> None:
    source = load_bytes("第一行\n第二行".encode(encoding)[:-1], "plan.txt")
    assert source.lines == ("第一行", "第二")
    assert [issue.line for issue in source.issues] == [2]


def test_characters_lost_before_are_pointed_out() -> None:
    issues = load_bytes("一、目标\n建成锟斤拷平台\n".encode(), "plan.txt").issues
    assert [issue.line for issue in issues] == [2]


def test_traditional_and_rare_characters_in_gb18030_are_read() -> None:
    text = "关于𬭚矿、镕炼和瀞水工程的说明，由县水务局负责，二〇二六年底前完成全部任务并验收。\n"
    assert load_bytes(text.encode("gb18030"), "plan.txt").lines == (text.strip(),)


def test_load_text_counts_lines_as_load_bytes_does() -> None:
    assert load_text(PLAN, "plan.txt") == load_bytes(PLAN.encode(), "plan.txt")
    assert load_text("甲\ud800乙", "odd").lines == ("甲\ud800乙",)
