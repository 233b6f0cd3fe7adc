"""任务分工表 as a workbook: its columns, its print set-up, and that nothing in it is ever a formula."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.errors import InvalidInput
from haihe.kernel.exports import Export
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.papers import division_table, release_division_table, written_deadline, written_goal
from haihe.packs.plans.tests.conftest import make_plan, target, task

OUTLINE = [
    {"line": 2, "level": 1, "number": "一、", "heading": "目标"},
    {"line": 4, "level": 1, "number": "二、", "heading": "任务"},
    {"line": 5, "level": 2, "number": "1．", "heading": "建设平台"},
    {"line": 6, "level": 2, "number": "2．", "heading": "推广应用"},
]


def sheet_of(content: bytes, name: str = "任务分工表") -> Worksheet:
    return load_workbook(io.BytesIO(content))[name]


def rows_of(sheet: Worksheet) -> list[tuple]:
    return list(sheet.iter_rows(values_only=True))


def test_the_table_has_the_customary_columns_and_each_role_in_its_own(filed: Plan, people) -> None:
    name, content = release_division_table(people.viewer, filed, purpose="任务分工")
    rows = rows_of(sheet_of(content))
    assert name == "望河区试验行动方案任务分工表.xlsx"
    assert rows[0][0] == "望河区试验行动方案任务分工表"
    assert rows[1] == ("序号", "重点任务", "工作内容", "牵头单位", "责任单位", "配合单位", "完成时限", "依据条款")
    assert [row[3:6] for row in rows[2:]] == [
        ("区数据局", None, "区城市管理委"),
        (None, "区卫生健康委", None),
        (None, "柳渡镇", "各镇街"),
    ]
    assert [row[0] for row in rows[2:]] == [1, 2, 3]
    assert [row[6] for row in rows[2:]] == ["2028年底前（规划期末）", "2028年底前（规划期末）", "2026年6月30日"]


def test_tasks_stand_under_their_chapter_in_one_merged_row(people) -> None:
    tasks = [("task", task(5, "建设平台")), ("task", task(6, "推广应用"))]
    sheet = sheet_of(division_table(make_plan(people.supervisor, tasks, content={"outline": OUTLINE})))
    rows = rows_of(sheet)
    assert [row[0] for row in rows[2:]] == ["二、任务", 1, 2], (
        "one group row, although each task has a heading of its own"
    )
    assert sorted(str(area) for area in sheet.merged_cells.ranges) == ["A1:H1", "A3:H3"]
    assert rows[3][7] == "二、1．（原文第5行）"


def test_it_prints_on_a4_across_with_the_heads_on_every_page(filed: Plan) -> None:
    for name in ("任务分工表", "指标"):
        sheet = sheet_of(division_table(filed), name)
        assert (
            sheet.page_setup.orientation,
            int(sheet.page_setup.paperSize),
            sheet.page_setup.fitToWidth,
            sheet.page_setup.fitToHeight,
        ) == ("landscape", 9, 1, 0)
        assert (
            sheet.sheet_properties.pageSetUpPr.fitToPage
            and sheet.print_title_rows == "$1:$2"
            and sheet.freeze_panes == "A3"
        )
        assert all(
            cell.alignment.wrap_text for row in sheet.iter_rows(min_row=3) for cell in row if cell.value is not None
        )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", " =", "\t=", "＝"])
def test_text_that_looks_like_a_formula_stays_text(people, sign: str) -> None:
    evil = f'{sign}HYPERLINK("http://example.invalid","x")'
    tasks = [
        ("task", {**task(5, evil, (evil, "lead")), "text": evil}),
        ("target", {**target(3, evil, 1, evil), "text": evil}),
    ]
    book = load_workbook(io.BytesIO(division_table(make_plan(people.supervisor, tasks, title=evil, period_end=""))))
    seen = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in seen if cell.data_type == "f"]
    evil_cells = [cell for cell in seen if str(cell.value).strip().startswith(sign.strip())]
    assert len(evil_cells) >= 5 and all(cell.quotePrefix for cell in evil_cells), "also after somebody edits the cell"


def test_control_characters_do_not_break_the_file(people) -> None:
    content = division_table(make_plan(people.supervisor, [("task", task(5, "建设\x01平\x1f台\x0b"))]))
    assert "建设平台" in str(rows_of(sheet_of(content))[2][1])


def test_the_work_stands_without_heading_and_units(people) -> None:
    item = {
        **task(5, "建设平台", ("区数据局", "lead")),
        "text": "1．建设平台。建设试验平台（含测试区），形成数据集40个。（牵头单位：区数据局；配合单位：区城市管理委（大数据中心））",
    }
    row = rows_of(sheet_of(division_table(make_plan(people.supervisor, [("task", item)]))))[2]
    assert row[2] == "建设试验平台（含测试区），形成数据集40个。"


def test_only_what_a_person_confirmed_is_in_it_and_a_draft_says_so(people) -> None:
    plan = make_plan(people.supervisor, [("task", task(5, "建设平台")), ("task", task(6, "推广应用"))])
    plan.clauses.update(decision="proposed")
    rows = rows_of(sheet_of(division_table(plan)))
    assert rows[0][0].endswith("（未核对稿）") and len(rows) == 4
    services.confirm(people.supervisor, plan.clauses.first())
    rows = rows_of(sheet_of(division_table(plan)))
    assert "未核对" not in rows[0][0] and [row[1] for row in rows[2:]] == ["5．建设平台"]


def test_targets_have_a_sheet_of_their_own_without_baselines(people) -> None:
    items = [
        ("target", target(3, "示范场景", 12_345_678, "个")), ("target", {**target(3, "智能体", 12, "个", comparator="range", deadline="2027-06"), "value_max": 15.0}),
        ("target", target(3, "覆盖率", 58, "%", kind="baseline")),
    ]  # fmt: skip
    rows = rows_of(sheet_of(division_table(make_plan(people.supervisor, items)), "指标"))
    assert [row[1:6] for row in rows[2:]] == [
        ("示范场景", "≥ 12,345,678", "个", "2028年底前", "约束"),
        ("智能体", "12–15", "个", "2027年6月底前", "约束"),
    ]


def test_a_plan_without_tasks_or_targets_says_so(people) -> None:
    content = division_table(make_plan(people.supervisor, []))
    assert [rows_of(sheet_of(content, name))[2][0] for name in ("任务分工表", "指标")] == ["没有任务", "没有指标"]


def test_the_table_leaves_through_the_export_gate(filed: Plan, people) -> None:
    release_division_table(people.viewer, filed, purpose="任务分工")
    export = Export.objects.get()
    assert (export.account, export.what, export.purpose) == (people.viewer, "plans.division_table", "任务分工")
    with pytest.raises(InvalidInput):
        release_division_table(people.viewer, filed, purpose=" ")
    assert Export.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "written"),
    [
        ({"comparator": "=", "value": 30.0, "unit": "个"}, "30 个"), ({"comparator": ">=", "value": 0.5, "unit": "万亿元"}, "≥ 0.5 万亿元"), ({"comparator": "<=", "value": 100.0}, "≤ 100"),
        ({"comparator": "~", "value": 20.0, "unit": "%"}, "约 20 %"), ({"comparator": "range", "value": 12.0, "value_max": 15.0, "unit": "个"}, "12–15 个"), ({"comparator": ">", "value": 1e10, "unit": "元"}, "> 10,000,000,000 元"),
    ],
)  # fmt: skip
def test_goals_are_written_as_people_write_them(content: dict, written: str) -> None:
    assert written_goal(content) == written


def test_deadlines_are_as_exact_as_they_were_written() -> None:
    plan = Plan(period_end="2028")
    deadlines = ("2027", "2026-06", "2026-06-15", None, "不详")
    assert [written_deadline(d, plan) for d in deadlines] == [
        "2027年底前",
        "2026年6月底前",
        "2026年6月15日前",
        "2028年底前（规划期末）",
        "2028年底前（规划期末）",
    ]
    assert written_deadline(None, Plan(period_end="")) == ""
