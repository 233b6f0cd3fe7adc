"""Official papers: the layout in the Word file's XML, numbers that never repeat, what was issued can be shown again."""

from __future__ import annotations

import dataclasses
import hashlib
import html
import io
import json
import re
from datetime import date
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Emu

from haihe.kernel import audit
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.exports import Export
from haihe.kernel.identity import issue_token
from haihe.packs.plans import services
from haihe.packs.plans.models import IssuedPaper, PaperCounter, Plan, Task
from haihe.packs.plans.papers.content import KINDS, Block, Paper
from haihe.packs.plans.papers.layout import POINT_MM, Layout
from haihe.packs.plans.papers.shipped import shipped_template
from haihe.packs.plans.papers.templates import check_template, own_template, write_own_template
from haihe.packs.plans.papers.word import word_file
from haihe.packs.plans.papers.wording import title_lines

DAY = date(2026, 3, 1)
PAPER = Paper(
    "supervision_notice", "望河区督查室", "关于“建设平台”任务的督办单", DAY, "望河区督查室", (Block("一、督办事项", 1), Block("正文。"), Block(head=("序号", "任务"), rows=(("1", "建设平台"),), widths=(1, 4))),
    number="望督〔2026〕1号", to="区数据局", copy_to="区财政局", printed_by="望河区人民政府办公室",
)  # fmt: skip


def opened(paper: Paper) -> Any:
    return Document(io.BytesIO(word_file(paper)))


def paragraph(document: Any, text: str) -> Any:
    from haihe.packs.plans.papers.templates import paragraphs_of

    return next(p for p in paragraphs_of(document) if text in p.text)


@pytest.fixture
def series(people: Any) -> Any:
    return services.open_series(people.supervisor, None, code="望督", organ="望河区督查室", printed_by="望河区人民政府办公室")  # fmt: skip


def wish(**known: Any) -> services.Wish:
    tasks = tuple(Task.objects.values_list("pk", flat=True))
    return services.Wish(**{"kind": "supervision_notice", "tasks": tasks, **known})


# --- layout ---------------------------------------------------------------------------------------------------------


def test_the_page_leaves_a_text_area_of_156_by_225_mm_with_22_lines_of_28_characters() -> None:
    section = opened(PAPER).sections[0]
    sides = [round(side.mm, 1) for side in (section.page_width, section.page_height, section.top_margin, section.left_margin)]  # fmt: skip
    assert sides == [210, 297, 37, 28]
    width = Emu(section.page_width - section.left_margin - section.right_margin)
    height = Emu(section.page_height - section.top_margin - section.bottom_margin)
    assert (round(width.mm), round(height.mm)) == (156, 225)
    body = paragraph(opened(PAPER), "正文。")
    assert int(height.pt / body.paragraph_format.line_spacing.pt) == 22
    narrowed_pt = int(body.runs[0]._r.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert int(width.pt / (body.runs[0].font.size.pt + narrowed_pt)) == 28


def test_each_element_has_its_font_and_size() -> None:
    document = opened(PAPER)
    for text, font, size_pt in (
        ("望河区督查室文件", "方正小标宋简体", None), ("望督〔2026〕1号", "仿宋_GB2312", 16), ("关于“建设平台”", "方正小标宋简体", 22), ("区数据局：", "仿宋_GB2312", 16),
        ("一、督办事项", "黑体", 16), ("正文。", "仿宋_GB2312", 16), ("2026年3月1日印发", "仿宋_GB2312", 14), ("抄送：区财政局。", "仿宋_GB2312", 14),
    ):  # fmt: skip
        run = paragraph(document, text).runs[0]
        assert run._r.rPr.rFonts.get(qn("w:eastAsia")) == font, text
        assert size_pt is None or run.font.size.pt == size_pt, text


def test_the_mark_is_red_fits_a_line_and_the_red_line_lies_4_mm_under_the_number() -> None:
    document = opened(PAPER)
    mark = paragraph(document, "望河区督查室文件")
    assert str(mark.runs[0].font.color.rgb) == "FF0000" and round(mark.paragraph_format.space_before.mm) == 35
    assert mark.runs[0].font.size.pt * len("望河区督查室文件") <= 156 / POINT_MM
    line = paragraph(document, "望督〔2026〕1号")._p.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    assert line.get(qn("w:color")) == "FF0000" and round(int(line.get(qn("w:space"))) * POINT_MM) == 4


def test_odd_pages_are_numbered_right_even_pages_left() -> None:
    document = opened(PAPER)
    assert document.settings.odd_and_even_pages_header_footer
    feet = (document.sections[0].footer, document.sections[0].even_page_footer)
    assert [str(foot.paragraphs[0].alignment) for foot in feet] == ["RIGHT (2)", "LEFT (0)"]
    assert all("PAGE" in foot.paragraphs[0]._p.xml and foot.paragraphs[0].text == "—  —" for foot in feet)


def test_the_colophon_lies_at_the_foot_of_the_text_area_and_goes_away_when_nothing_stands_in_it() -> None:
    anchor = next(e for e in paragraph(opened(PAPER), "抄送：")._p.iterancestors() if e.tag.endswith("}anchor"))
    vertical = next(e for e in anchor if e.tag.endswith("}positionV"))
    assert vertical.get("relativeFrom") == "margin" and "".join(vertical.itertext()).strip() == "bottom"
    alone = opened(dataclasses.replace(PAPER, copy_to=""))
    printed = paragraph(alone, "印发")
    thick = printed._p.pPr.find(qn("w:pBdr")).find(qn("w:top")).get(qn("w:sz"))
    assert round(int(thick) / 8 * POINT_MM, 2) == 0.35, "the first line is the thick one also without 抄送"
    assert "抄送" not in alone.element.xml


def test_nobody_to_print_leaves_no_colophon() -> None:
    document = opened(dataclasses.replace(PAPER, copy_to="", printed_by=""))
    assert "txbxContent" not in document.element.xml and "{{" not in document.element.xml


def test_a_letter_has_its_number_at_the_right_and_a_ledger_lies_across() -> None:
    letter = opened(dataclasses.replace(PAPER, kind="chasing_letter"))
    head = letter.sections[0].first_page_header.paragraphs[0]
    assert head.text == "望河区督查室" and round(letter.sections[0].header_distance.mm) == 30
    assert "文件" not in head.text and str(paragraph(letter, "望督〔").alignment) == "RIGHT (2)"
    ledger = opened(dataclasses.replace(PAPER, kind="ledger")).sections[0]
    assert ledger.page_width.mm > ledger.page_height.mm
    assert ledger.orientation == 1


def test_titles_break_into_lines_of_like_length_where_words_end() -> None:
    lines = title_lines("关于限期办理“建设城市运行平台”等任务的督办单", 20)
    assert max(map(len, lines)) <= 20 and lines[0][-1] in "”等的"
    assert "".join(lines) == "关于限期办理“建设城市运行平台”等任务的督办单" and len(lines) == 2
    assert title_lines("短标题", 20) == ["短标题"]
    assert all(len(line) <= 20 for line in title_lines("长" * 71, 20))


def test_control_characters_and_markup_in_a_plan_do_not_break_the_word_file() -> None:
    evil = dataclasses.replace(PAPER, title="标\x00题<w:p>&", blocks=(Block("甲\x0b乙\ud800{{number}}"),))
    document = opened(evil)
    assert "甲乙{{number}}" in "".join(p.text for p in document.paragraphs), "text of a plan is never a placeholder"
    assert "标题<w:p>&" in paragraph(document, "标题").text.replace("\n", "")


# --- templates ------------------------------------------------------------------------------------------------------


def test_the_district_s_own_template_is_used_and_never_overwritten(settings: Any) -> None:
    path = write_own_template("bulletin", DAY)
    document = Document(str(path))
    document.add_paragraph("本区自定：{{number}}")
    document.save(str(path))
    assert "本区自定：望督〔2026〕1号" in "".join(
        p.text for p in opened(dataclasses.replace(PAPER, kind="bulletin")).paragraphs
    )
    with pytest.raises(Conflict):
        write_own_template("bulletin", DAY)
    assert own_template("bulletin") == path


@pytest.mark.parametrize(
    ("change", "said"),
    [(lambda p: "{{文号}}", "文号"), (lambda p: "", "body"), (lambda p: "前言 {{body}}", "独占一段"), (lambda p: "{{body}} {{nummer}}", "nummer")],
)  # fmt: skip
def test_a_template_with_an_unknown_or_a_missing_placeholder_says_which(change: Any, said: str) -> None:
    document = Document(io.BytesIO(shipped_template("bulletin", DAY)))
    body = next(p for p in document.paragraphs if "{{body}}" in p.text)
    body.runs[0].text = change(body.text)
    buffer = io.BytesIO()
    document.save(buffer)
    with pytest.raises(InvalidInput) as error:
        check_template("bulletin", buffer.getvalue(), "bulletin.docx")
    assert said in error.value.zh and error.value.where == "bulletin.docx" and error.value.to_do_zh


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello", b"PK\x05\x06" + b"\0" * 18])
def test_a_template_that_is_no_word_file_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be opened"):
        check_template("bulletin", content, "bulletin.docx")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_shipped_templates_pass_their_own_check_and_leave_no_placeholder(kind: str) -> None:
    check_template(kind, shipped_template(kind, DAY), kind)
    document = opened(dataclasses.replace(PAPER, kind=kind))
    xml = document.element.xml + "".join(s.first_page_header._element.xml for s in document.sections)
    assert "{{" not in xml and "}}" not in xml


# --- numbers --------------------------------------------------------------------------------------------------------


def test_issuing_numbers_keeps_and_records(people: Any, filed: Plan, series: Any) -> None:
    first = services.issue(people.supervisor, series, wish=wish(words="另：请抄报分管领导。", copy_to="区财政局"))
    second = services.issue(people.supervisor, series, wish=wish(kind="bulletin"))
    year = first.year
    assert [first.number, second.number] == [f"望督〔{year}〕1号", f"望督〔{year}〕2号"]
    name, content = services.release_paper(people.supervisor, first, purpose="发文")
    text = "".join(p.text for p in Document(io.BytesIO(content)).paragraphs)
    assert "另：请抄报分管领导。" in text and "建设平台" in text and first.number in name
    assert Export.objects.get(what="plans.paper").sha256 == first.sha256
    record = audit.history(series).filter(action="paper.issue").first()
    assert record is not None and record.details["number"] in (first.number, second.number)
    assert set(first.addressees.values_list("short_name", flat=True)) == {"区数据局", "区卫生健康委", "柳渡镇"}


def test_a_revoked_number_stays_revoked_and_is_not_given_again(people: Any, filed: Plan, series: Any) -> None:
    first = services.issue(people.supervisor, series, wish=wish())
    services.revoke(people.supervisor, first, reason="内容有误")
    with pytest.raises(Conflict):
        services.revoke(people.supervisor, first, reason="再一次")
    assert services.issue(people.supervisor, series, wish=wish()).serial == 2
    first.refresh_from_db()
    assert first.revoked_at and services.release_paper(people.supervisor, first, purpose="查证")[1]


def test_a_paper_that_cannot_be_made_uses_up_no_number(people: Any, filed: Plan, series: Any) -> None:
    with pytest.raises(InvalidInput):
        services.issue(people.supervisor, series, wish=wish(tasks=()))
    own_template("supervision_notice").parent.mkdir()
    own_template("supervision_notice").write_bytes(b"broken")
    with pytest.raises(InvalidInput):
        services.issue(people.supervisor, series, wish=wish())
    assert not PaperCounter.objects.filter(last__gt=0).exists() and not IssuedPaper.objects.exists()
    own_template("supervision_notice").unlink()
    assert services.issue(people.supervisor, series, wish=wish()).serial == 1


def test_the_database_itself_refuses_a_second_paper_of_the_same_number(people: Any, filed: Plan, series: Any) -> None:
    from django.db import IntegrityError, transaction

    services.issue(people.supervisor, series, wish=wish())
    PaperCounter.objects.update(last=0)  # as if somebody had put the counter back by hand
    with pytest.raises(IntegrityError), transaction.atomic():
        services.issue(people.supervisor, series, wish=wish())


def test_a_changed_file_is_not_shown_as_what_was_sent(people: Any, filed: Plan, series: Any, signed_in: Any) -> None:
    row = services.issue(people.supervisor, series, wish=wish())
    row.file.path.write_bytes(b"something else")
    with pytest.raises(InvalidInput):
        services.release_paper(people.supervisor, row, purpose="查证")
    assert "被改动" in signed_in(people.supervisor).get(f"/papers/{row.pk}/").content.decode()


@pytest.mark.parametrize("code", ["", " ", "望 督", "望〔督〕", "很长很长很长很长的机关代字一二三"])
def test_an_unusable_code_is_refused(people: Any, code: str) -> None:
    with pytest.raises(InvalidInput):
        services.open_series(people.supervisor, None, code=code, organ="某机关")


def test_only_the_supervision_office_issues(people: Any, filed: Plan, series: Any) -> None:
    for account in (people.data, people.viewer, people.auditor):
        with pytest.raises(NotAllowed):
            services.issue(account, series, wish=wish())


# --- pages and API --------------------------------------------------------------------------------------------------


def test_a_papers_draft_begins_on_the_page_of_its_task(signed_in: Any, people: Any, filed: Plan) -> None:
    task = next(task for task in Task.objects.all() if task.units.exclude(organisation=None))
    client = signed_in(people.supervisor)
    links = re.findall(r'href="(/papers/new/[^"]+)"', client.get(f"/tasks/{task.pk}/").content.decode())
    assert len(links) == 2
    for link in links:
        assert f'value="{task.pk}" checked' in client.get(html.unescape(link)).content.decode()
    assert "/papers/new/" not in signed_in(people.data).get(f"/tasks/{task.pk}/").content.decode()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_drafted_issued_and_shown_on_a4_with_the_same_words(signed_in: Any, people: Any, filed: Plan, series: Any, kind: str) -> None:  # fmt: skip
    client = signed_in(people.supervisor)
    form = {"kind": kind, "series": series.pk, "task": list(Task.objects.values_list("pk", flat=True)), "organisation": Task.objects.first().units.first().organisation_id, "title": ""}  # fmt: skip
    assert client.get(f"/papers/new/?kind={kind}").status_code == 200
    draft = client.get("/papers/draft/", form).content.decode()
    assert "草稿" in draft and not IssuedPaper.objects.exists()
    assert client.post("/papers/issue/", form).status_code == 302
    row = IssuedPaper.objects.get()
    page = client.get(f"/papers/{row.pk}/print/").content.decode()
    word = Document(io.BytesIO(services.release_paper(people.supervisor, row, purpose="x")[1]))
    cells = [c.text for t in word.tables for r in t.rows for c in r.cells]
    said = [p.text for p in word.paragraphs if p.text and "\n" not in p.text and "\t" not in p.text] + cells
    assert len(said) > 5 and not [text for text in said if text not in page], "one content, two forms"
    assert client.get(f"/papers/{row.pk}/").status_code == 200 and row.number in client.get("/papers/").content.decode()
    css = client.get(f"/papers/layout/2026-03-01/{KINDS[kind].form}/9.css")
    assert css["Content-Type"].startswith("text/css") and "37" in css.content.decode() and "28.95" in css.content.decode()  # fmt: skip


def test_a_unit_sees_papers_that_go_to_it_and_no_others(signed_in: Any, people: Any, filed: Plan, series: Any) -> None:
    only = Task.objects.get(heading="建设平台")
    row = services.issue(people.supervisor, series, wish=wish(tasks=(only.pk,)))
    assert signed_in(people.data).get(f"/papers/{row.pk}/print/").status_code == 200
    assert signed_in(people.health).get(f"/papers/{row.pk}/print/").status_code == 404
    assert signed_in(people.data).get("/papers/draft/?kind=bulletin").status_code == 403


def test_programs_issue_fetch_and_revoke(client: Any, people: Any, filed: Plan) -> None:
    head = {"HTTP_AUTHORIZATION": f"Bearer {issue_token(people.supervisor, 't', days=1, may_write=True)[1]}"}

    def post(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/plans/papers{path}", json.dumps(body), content_type="application/json", **head)

    made = post("/series", {"code": "望督", "organ": "望河区督查室"}).json()
    paper = post("", {"kind": "ledger", "series": made["id"], "year": 2026}).json()
    assert paper["number"].startswith("望督〔") and paper["content"]["kind"] == "ledger"
    got = client.get(f"/api/v1/plans/papers/{paper['id']}/paper.docx", **head)
    assert hashlib.sha256(got.content).hexdigest() == paper["sha256"]
    assert post(f"/{paper['id']}/revoke", {"reason": "错"}).json()["revoked_at"]
    assert post("", {"kind": "ledger", "series": 999}).status_code == 404
    assert post("", {"kind": "poem", "series": made["id"]}).status_code == 404


def test_what_people_type_is_text_on_the_print_view(signed_in: Any, people: Any, filed: Plan, series: Any) -> None:
    row = services.issue(people.supervisor, series, wish=wish(words="<script>alert(1)</script>", copy_to="<img src=x>"))
    page = signed_in(people.supervisor).get(f"/papers/{row.pk}/print/").content.decode()
    assert "<script>alert" not in page and "<img src" not in page


def test_the_layout_says_where_its_values_were_read_or_that_nobody_read_them() -> None:
    from dataclasses import fields

    from haihe.kernel.policies import all_parameters

    sources = {all_parameters()[f"plans.{f.name}"].on(DAY).source for f in fields(Layout)}
    assert "unverified" in sources and all(s == "unverified" or ("read in" in s and "not read" in s) for s in sources)
