"""PDF: the paragraphs that were typed come back from the lines that were printed."""

from __future__ import annotations

import pytest

from haihe.packs.plans.reading.load import UnreadableDocument, limits, load_bytes
from haihe.packs.plans.tests.load_documents import Print, chromium_pdf, pdf_of, printed

PARAGRAPHS = [
    "为推动青石县水务管理更加精细，减少管网漏损，让居民用水更放心，结合全县实际情况，制定本方案。",
    "一、工作目标",
    "到2027年，全县建成水压监测点1200个，供水管网漏损率降至9%以下，水质在线监测覆盖率达到95%以上。各镇同步完善巡检台账，发现问题及时上报。",
    "（一）建设水务平台。建设县级智慧水务平台，汇聚水厂、泵站和管网数据，实现一屏统览。（责任单位：县水务局、县数据局，各镇人民政府）",
]


def read(pages: list[list[Print]]) -> tuple[list[str], str]:
    source = load_bytes(pdf_of(pages), "plan.pdf")
    return list(source.lines), "\n".join(issue.message for issue in source.issues)


def test_lines_broken_by_the_page_are_joined_also_across_pages() -> None:
    lines, issues = read(printed(PARAGRAPHS * 4, lines_per_page=9))
    assert lines == PARAGRAPHS * 4
    assert issues == ""


def test_a_full_line_that_ends_a_sentence_goes_on_where_paragraphs_are_indented() -> None:
    paragraph = "建" * 25 + "。" + "设" * 10 + "。"
    assert read(printed([paragraph, *PARAGRAPHS]))[0] == [paragraph, *PARAGRAPHS]


def test_without_indents_a_full_line_that_ends_a_sentence_ends_its_paragraph() -> None:
    paragraphs = ["建" * 27 + "。", "设" * 40 + "。", "用" * 27 + "；", "户" * 30 + "。"]
    assert read(printed(paragraphs, indent=0))[0] == paragraphs


def test_without_indents_a_numbered_item_begins_a_line_of_its_own() -> None:
    paragraphs = ["建" * 28, "（一）" + "设" * 40, "2." + "用" * 26, "3." + "户" * 30]
    assert read(printed(paragraphs, indent=0))[0] == paragraphs


def test_without_indents_paragraphs_set_apart_by_space_are_told_by_it() -> None:
    """A web page printed: a full line that ends a sentence goes on, because the next line is no further than usual."""
    paragraphs = ["建" * 27 + "。" + "设" * 9, "一、目标", "用" * 27 + "。" + "户" * 5, "水" * 20, "县" * 30]
    pages, y = [], 760.0
    for paragraph in paragraphs:
        for at in range(0, len(paragraph), 28):
            pages.append((paragraph[at : at + 28], 72, y, 16))
            y -= 28
        y -= 12
    assert read([pages])[0] == paragraphs


def test_a_bracket_left_open_at_the_end_of_a_line_keeps_the_paragraph_open() -> None:
    paragraphs = ["建" * 22 + "（责任单位：县水务局、县数据局）", "设" * 40]
    assert read(printed(paragraphs, indent=0))[0] == paragraphs


def test_a_page_of_short_pieces_is_not_taken_for_vertical_writing() -> None:
    """PDFium does so by itself and would end a line after each character."""
    words = ["建设", "数量", "单价", "小计", "第一期", "调研", "1", "20", "20", "采购", "3", "60"]
    page = [(word, 72, 760 - 24 * row, 16) for row, word in enumerate(words)]
    assert read([page])[0] == words


def test_what_a_real_browser_printed_is_put_back_together() -> None:
    """The font of this file is embedded as drawings (Type 3), whose boxes are as high as the ink: 一 is nearly flat."""
    source = load_bytes(chromium_pdf(), "plan.pdf")
    assert source.lines[0] == "县水务数据平台建设"
    assert [line[:2] for line in source.lines] == ["县水", "一、", "二、", "县数", "一\t", "1\t", "2\t"]
    assert source.lines[1].endswith("（责任单位：县水务局、县数据局）")
    assert source.lines[-1] == "2\t建设数据平台\t县数据局"


def test_running_heads_and_page_numbers_are_dropped_with_an_issue_each() -> None:
    pages = printed(PARAGRAPHS * 4, lines_per_page=9)
    for number, page in enumerate(pages, start=1):
        page.insert(0, ("青石县人民政府公报", 200, 800, 9))
        page.append((f"— {number} —", 280, 40, 12))
    lines, issues = read(pages)
    assert lines == PARAGRAPHS * 4
    assert f"页眉或页脚已略去（{len(pages)} 处）：青石县人民政府公报" in issues
    assert f"页码已略去（{len(pages)} 处）" in issues


def test_bare_page_numbers_are_known_by_growing_with_the_page() -> None:
    pages = printed(PARAGRAPHS * 4, lines_per_page=9)
    for number, page in enumerate(pages, start=7):
        page.append((str(number), 290, 40, 12))
    assert read(pages)[0] == PARAGRAPHS * 4


def test_a_number_that_is_no_page_number_stays() -> None:
    lines, _ = read([[*printed(PARAGRAPHS)[0], ("2027", 290, 40, 12)]])
    assert lines == [*PARAGRAPHS, "2027"]


def test_cells_set_apart_on_one_line_become_a_row() -> None:
    rows = [("序号", "任务", "单位"), ("1", "建平台", "县水务局"), ("2", "改管网", "县财政局")]
    page = [
        (cell, 72 + 160 * column, 700 - 28 * row, 16)
        for row, cells in enumerate(rows)
        for column, cell in enumerate(cells)
    ]
    assert read([page])[0] == ["\t".join(cells) for cells in rows]


def test_the_columns_of_a_page_are_joined_each_by_its_own_margins() -> None:
    left = printed(PARAGRAPHS, characters=13, lines_per_page=99, left=60)[0]
    right = printed(PARAGRAPHS, characters=13, lines_per_page=99, left=320)[0]
    assert read([left + right])[0] == PARAGRAPHS * 2


def test_a_title_above_the_text_is_not_joined_to_it() -> None:
    pages = printed(PARAGRAPHS)
    pages[0] = [(text, x, y - 60, size) for text, x, y, size in pages[0]]
    title = "青石县智慧水务建设行动方案二〇二五年版"
    pages[0].insert(0, (title, 72, 750, 448 / len(title)))
    assert read(pages)[0] == [title, *PARAGRAPHS]


def test_radicals_that_fonts_put_for_characters_are_put_right() -> None:
    assert read([[("⼀、⽔务⻓效⺠⽣⽬标和管⽹任务", 72, 700, 16)]])[0] == ["一、水务长效民生目标和管网任务"]


def test_a_scan_is_refused_with_advice_to_run_text_recognition() -> None:
    with pytest.raises(UnreadableDocument) as refused:
        load_bytes(pdf_of([[], [("- 2 -", 280, 40, 12)]]), "scan.pdf")
    assert "没有文字层" in refused.value.what
    assert "OCR" in refused.value.what_to_do


def test_a_page_without_text_among_others_is_named() -> None:
    assert "第 2 页没有文字" in read([printed(PARAGRAPHS)[0], []])[1]


def test_an_encrypted_file_is_refused_as_such() -> None:
    zeros = b"<" + b"00" * 32 + b">"
    lock = b"/Encrypt<</Filter/Standard/V 1/R 2/O %s/U %s/P -4>>/ID[<00><00>]" % (zeros, zeros)
    with pytest.raises(UnreadableDocument, match="password"):
        load_bytes(pdf_of(printed(PARAGRAPHS), trailer=lock), "locked.pdf")


def test_too_many_pages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PDF_PAGES", 2)
    with pytest.raises(UnreadableDocument, match="3 pages, the limit is 2"):
        load_bytes(pdf_of([[], [], []]), "long.pdf")
