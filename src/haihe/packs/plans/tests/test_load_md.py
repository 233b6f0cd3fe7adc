"""Markdown: marks go, words and line numbers stay."""

from __future__ import annotations

import pytest

from haihe.packs.plans.reading.load import load_bytes


def lines(text: str) -> tuple[str, ...]:
    source = load_bytes(text.encode(), "plan.md")
    assert source.format == "md"
    return source.lines


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("# 青石县行动方案", "青石县行动方案"),
        ("### **一、目标** ##", "一、目标"),
        ("- [x] 建平台", "建平台"),
        ("  * 改管网", "  改管网"),
        ("1. 建平台", "1. 建平台"),
        ("1\\. 建平台", "1. 建平台"),
        ("> 引文", "引文"),
        ("建成`平台`，***力争***_两年_~~三年~~", "建成平台，力争两年三年"),
        ("见[通知](http://a.cn/b(1).html)和![图](x.png)", "见通知和图"),
        ("a_b_c 与 2 * 3 * 4", "a_b_c 与 2 * 3 * 4"),
        ("A&amp;B<br>C <span class='x'>D</span>", "A&B C D"),
        ("漏损率<9%，压力>0.2", "漏损率<9%，压力>0.2"),
        ("***", ""),
    ],
)
def test_a_mark_is_taken_off_and_the_words_stay(marked: str, plain: str) -> None:
    assert lines("首行\n" + marked)[1:] == (plain,)


def test_a_pipe_table_becomes_rows_with_tabs() -> None:
    assert lines("| 序号 | 任务 |\n|---|:-:|\n| 1 | 甲\\|**乙** |\n| 2 | |") == ("序号\t任务", "", "1\t甲|乙", "2\t")


def test_line_n_of_the_result_is_line_n_of_the_file() -> None:
    text = "---\ntitle: x\n---\n# 一、目标\n\n```\n*原样*\n```\n<!-- 注\n释 -->后\n末行\n"
    assert lines(text) == ("", "", "", "一、目标", "", "", "*原样*", "", "", "后", "末行")


def test_a_comment_that_is_never_closed_swallows_nothing() -> None:
    assert lines("甲<!--\n乙") == ("甲<!--", "乙")


def test_front_matter_is_left_out_with_an_issue() -> None:
    assert "文件头 3 行" in load_bytes("---\ntitle: x\n---\n甲".encode(), "plan.md").issues[0].message
