"""Word documents: what a reader of the document sees, in order, and an issue for what is left out."""

from __future__ import annotations

import io

import docx
import pytest
from docx.enum.text import WD_BREAK

from haihe.packs.plans.reading.load import UnreadableDocument, load_bytes
from haihe.packs.plans.reading.load.docx_numbering import counting, formatted
from haihe.packs.plans.reading.model import SourceText
from haihe.packs.plans.tests.load_documents import chromium_pdf, docx_of, numbered_docx, saved, with_part, word_xml

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def load(document: docx.document.Document) -> SourceText:
    return load_bytes(saved(document), "plan.docx")


def messages(source: SourceText) -> str:
    return "\n".join(f"{issue.line} {issue.message}" for issue in source.issues)


def test_paragraphs_and_tables_keep_the_order_of_the_page() -> None:
    document = docx.Document()
    document.add_paragraph("表前")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "任务", "单位"
    document.add_paragraph("")
    document.add_paragraph("表后")
    assert load(document).lines == ("表前", "任务\t单位", "", "表后")


def test_merged_cells_are_written_once_and_leave_their_other_columns_empty() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "横"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "竖"
    for row, column in ((0, 2), (1, 1), (1, 2), (2, 1), (2, 2)):
        table.cell(row, column).text = f"{row}{column}"
    assert load(document).lines == ("横\t\t02", "竖\t11\t12", "\t21\t22")


def test_text_that_a_merged_cell_covers_is_not_shown_and_not_read() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    table.cell(0, 0).merge(table.cell(1, 0)).text = "竖"
    table.cell(1, 1).text = "右"
    covered = table._tbl.tr_lst[1].tc_lst[0].p_lst[0]
    covered.append(word_xml("<w:r><w:t>被盖住</w:t></w:r>"))
    assert load(document).lines == ("竖", "\t右")


def test_the_paragraphs_of_a_cell_share_its_line() -> None:
    document = docx.Document()
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "建平台"
    table.cell(0, 1).text = "县水务局\n县数据局"
    assert load(document).lines == ("建平台\t县水务局 县数据局",)


def test_a_nested_table_follows_the_row_that_holds_it() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(1, 0).text = "外一", "外二"
    inner = table.cell(0, 1).add_table(1, 2)
    inner.cell(0, 0).text, inner.cell(0, 1).text = "内一", "内二"
    source = load(document)
    assert source.lines == ("外一", "内一\t内二", "外二")
    assert "2 表格中的表格" in messages(source)


def test_a_frame_of_one_column_is_read_as_paragraphs() -> None:
    document = docx.Document()
    document.add_table(1, 1).cell(0, 0).text = "一、目标\n建成平台。"
    assert load(document).lines == ("一、目标", "建成平台。")


def test_automatic_numbers_are_written_out_and_restart_under_each_heading() -> None:
    levels = [("chineseCounting", "%1、"), ("japaneseCounting", "（%2）"), ("decimal", "%3.")]
    items = [(0, "甲"), (1, "乙"), (2, "丙"), (2, "丁"), (1, "戊"), (2, "己"), (0, "庚"), (1, "辛")]
    source = load_bytes(numbered_docx(levels, items), "plan.docx")
    assert source.lines == ("一、甲", "（一）乙", "1. 丙", "2. 丁", "（二）戊", "1. 己", "二、庚", "（一）辛")


def test_a_level_shows_the_numbers_of_the_levels_above_it() -> None:
    levels = [("chineseCounting", "第%1章"), ("decimal", "%1.%2")]
    source = load_bytes(numbered_docx(levels, [(0, "总则"), (1, "目标"), (1, "任务")]), "plan.docx")
    assert source.lines == ("第一章 总则", "一.1 目标", "一.2 任务")


def test_an_automatic_serial_number_fills_its_otherwise_empty_cell() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    for row, words in enumerate(("建平台", "改管网")):
        table.cell(row, 0).paragraphs[0].style = "List Number"
        table.cell(row, 1).text = words
    assert load(document).lines == ("1.\t建平台", "2.\t改管网")


def test_numbers_come_from_the_style_where_the_paragraph_has_none() -> None:
    document = docx.Document()
    document.add_paragraph("甲", style="List Number")
    document.add_paragraph("乙", style="List Number")
    document.add_paragraph("丙", style="List Bullet")
    assert load(document).lines == ("1. 甲", "2. 乙", "丙")


def test_a_start_override_restarts_the_numbers_once() -> None:
    def override(xml: bytes) -> bytes:
        number = (
            b'<w:num w:numId="91"><w:abstractNumId w:val="90"/>'
            b'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
        )
        return xml.replace(b"</w:numbering>", number + b"</w:numbering>")

    data = numbered_docx([("decimal", "%1、")], [(0, "甲"), (0, "乙"), (0, "丙")])
    data = with_part(data, "word/numbering.xml", override)
    old, new = b'w:numId w:val="90"', b'w:numId w:val="91"'
    data = with_part(data, "word/document.xml", lambda xml: xml.replace(old, new).replace(new, old, 1))
    assert load_bytes(data, "plan.docx").lines == ("1、甲", "5、乙", "6、丙")


@pytest.mark.parametrize(
    ("number_format", "expected"),
    [
        ("chineseCounting", "十二"), ("chineseCountingThousand", "十二"), ("japaneseCounting", "十二"),
        ("ideographDigital", "一二"), ("decimalFullWidth", "１２"), ("decimalZero", "12"), ("upperRoman", "XII"),
        ("lowerLetter", "l"), ("decimalEnclosedCircle", "⑫"), ("chineseLegalSimplified", "壹拾贰"),
        ("ideographTraditional", "乙"), ("ideographZodiac", "亥"), ("decimalEnclosedParen", "⑿"),
        ("bullet", ""), ("koreanCounting", None),
    ],
)  # fmt: skip
def test_every_number_format_of_chinese_documents_is_known(number_format: str, expected: str | None) -> None:
    assert formatted(12, number_format) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1005, "一千零五"),
    ],
)
def test_numbers_are_counted_as_chinese_counts(number: int, expected: str) -> None:
    assert counting(number) == expected


def test_an_unknown_number_format_becomes_digits_with_an_issue() -> None:
    source = load_bytes(numbered_docx([("koreanCounting", "%1.")], [(0, "甲")]), "plan.docx")
    assert source.lines == ("1. 甲",)
    assert "自动编号" in messages(source)


def test_inserted_text_is_kept_and_deleted_text_dropped_each_with_an_issue() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("建成")
    paragraph._p.append(word_xml('<w:ins w:id="1" w:author="a"><w:r><w:t>十二个</w:t></w:r></w:ins>'))
    paragraph._p.append(word_xml('<w:del w:id="2" w:author="a"><w:r><w:delText>十个</w:delText></w:r></w:del>'))
    paragraph.add_run("监测点")
    source = load(document)
    assert source.lines == ("建成十二个监测点",)
    assert "十个" in messages(source)
    assert "插入" in messages(source)


def test_a_paragraph_whose_end_was_deleted_joins_the_next_one() -> None:
    document = docx.Document()
    first = document.add_paragraph("由县水务局")
    first._p.get_or_add_pPr().append(word_xml('<w:rPr><w:del w:id="1" w:author="a"/></w:rPr>'))
    document.add_paragraph("牵头")
    assert load(document).lines == ("由县水务局牵头",)


def test_text_in_a_content_control_is_read_and_the_generated_contents_are_left_out_with_an_issue() -> None:
    document = docx.Document()
    body = document.element.body
    run = "<w:sdtContent><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    gallery = '<w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
    body.insert(0, word_xml("<w:sdt>" + gallery + run.format("一、目标 1")))
    body.insert(1, word_xml("<w:sdt>" + run.format("控件里的正文")))
    source = load(document)
    assert source.lines == ("控件里的正文",)
    assert "目录" in messages(source)


def test_a_text_box_is_read_once_after_its_paragraph() -> None:
    """Word stores a text box twice, as a drawing and as VML for old programs."""
    box = "<w:txbxContent><w:p><w:r><w:t>框内文字</w:t></w:r></w:p></w:txbxContent>"
    both = (
        '<w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f'<mc:Choice Requires="wps"><w:drawing><w:x>{box}</w:x></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict><w:x>{box}</w:x></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    document = docx.Document()
    document.add_paragraph("框外文字")._p.append(word_xml(both))
    source = load(document)
    assert source.lines == ("框外文字", "框内文字")
    assert "2 文本框" in messages(source)


def test_notes_hidden_text_comments_and_pictures_are_left_out_with_an_issue_each() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("正文")
    paragraph._p.append(word_xml('<w:r><w:footnoteReference w:id="2"/></w:r>'))
    paragraph._p.append(word_xml("<w:r><w:rPr><w:vanish/></w:rPr><w:t>藏起来的</w:t></w:r>"))
    paragraph._p.append(word_xml('<w:r><w:commentReference w:id="1"/></w:r>'))
    document.add_picture(io.BytesIO(PICTURE))
    words = '<w:footnote w:id="2"><w:p><w:r><w:t>注的内容</w:t></w:r></w:p></w:footnote>'
    note = '<w:footnotes xmlns:w="{}">' + words + "</w:footnotes>"
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    data = with_part(saved(document), "word/footnotes.xml", lambda _: note.format(namespace).encode())
    source = load_bytes(data, "plan.docx")
    assert source.lines == ("正文", "")
    for words in ("注的内容", "藏起来的", "1 条批注", "1 处图片"):
        assert words in messages(source)


def test_headers_and_footers_are_not_read() -> None:
    document = docx.Document()
    document.add_paragraph("正文")
    document.sections[0].header.paragraphs[0].text = "页眉"
    document.sections[0].footer.paragraphs[0].text = "页脚"
    assert load(document).lines == ("正文",)


def test_a_break_in_a_paragraph_ends_a_line_and_a_tab_is_a_space() -> None:
    """A tab is kept for what parts the cells of a row."""
    document = docx.Document()
    run = document.add_paragraph().add_run("关于印发")
    run.add_break()
    run.add_text("通知\t的函")
    run.add_break(WD_BREAK.PAGE)
    assert load(document).lines == ("关于印发", "通知 的函")


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        pytest.param(
            "word/_rels/document.xml.rels",
            b"</Relationships>",
            b'<Relationship Id="r99" Type="http://x/image" Target="NULL"/></Relationships>',
            id="a relationship to nowhere",
        ),
        pytest.param(
            "[Content_Types].xml",
            b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            b"application/vnd.ms-word.document.macroEnabled.main+xml",
            id="with macros",
        ),
        pytest.param(
            "word/document.xml",
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            id="Strict OOXML",
        ),
    ],
)
def test_documents_that_python_docx_cannot_open_are_read(part: str, old: bytes, new: bytes) -> None:
    data = with_part(docx_of("一、目标"), part, lambda xml: xml.replace(old, new))
    with pytest.raises((KeyError, ValueError, AttributeError, TypeError, AssertionError)):
        assert docx.Document(io.BytesIO(data)).paragraphs[0].text == "一、目标"
    assert load_bytes(data, "plan.docx").lines == ("一、目标",)


def test_a_document_of_pictures_only_is_refused_with_advice_to_run_text_recognition() -> None:
    document = docx.Document()
    document.add_picture(io.BytesIO(PICTURE))
    with pytest.raises(UnreadableDocument, match="OCR"):
        load(document)


def test_the_content_decides_and_not_the_name() -> None:
    source = load_bytes(docx_of("一、目标"), "plan.txt")
    assert (source.format, source.lines) == ("docx", ("一、目标",))
    assert "内容却是 docx" in source.issues[0].message
    assert load_bytes(chromium_pdf(), "plan.txt").format == "pdf"
