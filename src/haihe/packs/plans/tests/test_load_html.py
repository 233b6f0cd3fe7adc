"""Web pages: the text of the page in order, without what the site puts around it."""

from __future__ import annotations

import pytest

from haihe.packs.plans.reading.load import UnreadableDocument, load_bytes

PAGE = """<!DOCTYPE html><html><head><meta charset="{charset}"><title>行动方案_青石县</title>
<style>p{{}}</style></head><body>
<div class="topNav"><a href="/">首页</a><a href="/gk">政务公开</a></div>
<div>当前位置：<a href="/">首页</a> &gt; <a href="/wj">文件</a></div>
<h1>青石县智慧水务
行动方案</h1><script>var hidden = "脚本";</script>
<div id="zoom"><p>&nbsp;&nbsp;一、目标</p><p>　　建成<b>平台</b>，覆盖<br>十个镇。</p></div>
<ul><li><a href="1">要闻一</a></li><li><a href="2">要闻二</a></li>
<li><a href="3">要闻三</a></li><li><a href="4">要闻四</a></li></ul>
<footer>版权所有 青石县人民政府</footer></body></html>"""
LINES = ("青石县智慧水务行动方案", "一、目标", "建成平台，覆盖", "十个镇。")


ENCODINGS = "utf-8:utf-8 utf-8:utf-8-sig gb2312:gb18030 utf-8:gbk gb2312:utf-8 utf-16:utf-16"


def lines(body: str) -> tuple[str, ...]:
    return load_bytes(f"<html><body>{body}</body></html>".encode(), "page.html").lines


@pytest.mark.parametrize("declared_and_used", ENCODINGS.split())
def test_a_page_reads_the_same_in_every_encoding_even_where_it_declares_a_wrong_one(declared_and_used: str) -> None:
    charset, encoding = declared_and_used.split(":")
    source = load_bytes(PAGE.format(charset=charset).encode(encoding), "page.html")
    assert (source.format, source.lines) == ("html", LINES)


def test_what_surrounds_the_text_is_left_out_and_quoted_in_issues() -> None:
    issues = "\n".join(issue.message for issue in load_bytes(PAGE.format(charset="utf-8").encode(), "page.html").issues)
    for words in ("导航或页脚：首页政务公开", "位置导航：当前位置", "链接列表：要闻一", "导航或页脚：版权所有"):
        assert words in issues


def test_a_few_bad_bytes_are_forgiven_as_browsers_do_with_an_issue() -> None:
    page = (
        PAGE.format(charset="gb2312")
        .encode("gb18030")
        .replace("十个镇".encode("gbk"), "十个镇".encode("gbk") + b"\xff")
    )
    source = load_bytes(page, "page.html")
    assert source.lines[:3] == LINES[:3]
    assert "1 处不符合网页声明的编码" in source.issues[0].message


def test_the_declared_encoding_is_used_for_what_offices_here_do_not_write() -> None:
    page = '<html><meta charset="big5"><body><p>智慧水務與資料平臺建設計畫</p></body></html>'
    assert load_bytes(page.encode("big5"), "page.html").lines == ("智慧水務與資料平臺建設計畫",)


def test_rows_keep_their_columns_under_merged_cells() -> None:
    table = """<table><tr><th>序号<th>任务<th>单位<tr><td>1<td rowspan="2">建平台<td>县水务局<br>县数据局
    <tr><td>2<td>县财政局<tr><td colspan="2">合计<td>3</table>"""
    assert lines(table) == ("序号\t任务\t单位", "1\t建平台\t县水务局 县数据局", "2\t\t县财政局", "合计\t\t3")


def test_a_page_laid_out_with_tables_is_read_as_paragraphs() -> None:
    inner = "<table><tr><td><p>一、目标</p><p>建成平台。</p></td></tr></table>"
    layout = f"<table><tr><td>左栏</td><td>{inner}</td></tr></table>"
    assert lines(layout) == ("左栏", "一、目标", "建成平台。")


def test_items_of_an_ordered_list_get_their_numbers_unless_they_are_written() -> None:
    assert lines("<ol start=3><li>建平台<li>改管网</ol><ol><li>1.已编号</ol>") == ("3. 建平台", "4. 改管网", "1.已编号")


def test_prose_is_kept_whatever_its_container_is_called() -> None:
    """Broken markup leaves a navigation block open, and the whole text ends up in it."""
    prose = "<p>" + "建设县级智慧水务平台，汇聚管网数据。" * 20 + "</p>"
    assert len(lines(f'<div class="nav"><p>首页</p>{prose}')) == 2


def test_links_to_attachments_are_kept() -> None:
    links = "".join(f'<li><a href="{n}.docx">附件{n}</a></li>' for n in range(1, 6))
    assert lines(f"<p>正文。</p><ul>{links}</ul>")[-1] == "附件5"


def test_hidden_blocks_and_form_controls_are_left_out() -> None:
    assert lines(
        '<p>建成平台。</p><p style="display: none">藏</p><select><option>选项</select><button>打印</button>'
    ) == ("建成平台。",)


def test_pages_with_unclosed_tags_nested_deeply_are_read() -> None:
    assert lines("<p>前</p>" + "<div><b>" * 600 + "深") == ("前", "深")


def test_a_page_nested_beyond_reason_is_refused_rather_than_cut() -> None:
    with pytest.raises(UnreadableDocument, match="nested too deeply"):
        lines("<p>前</p>" + "<div>" * 5000 + "深")


def test_a_page_whose_text_a_script_loads_is_refused_as_such() -> None:
    with pytest.raises(UnreadableDocument, match="script loads it"):
        lines('<div id="app"></div><script src="app.js"></script>')


def test_entities_and_external_references_are_not_followed() -> None:
    page = '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/hostname">]><html><body><p>甲&x;乙</p></body></html>'
    assert "甲" in load_bytes(page.encode(), "page.xhtml").lines[-1]
    assert "root" not in "".join(load_bytes(page.replace("hostname", "passwd").encode(), "page.xhtml").lines)
