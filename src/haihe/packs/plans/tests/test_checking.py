"""核对: what a person may decide and set, and what is refused."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.exports import Export
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.pages.check import read_units
from haihe.packs.plans.papers import release_division_table
from haihe.packs.plans.tests.conftest import make_plan, target, task


@pytest.fixture
def plan(people) -> Plan:
    made = make_plan(people.supervisor, [("target", target(3, "场景", 30, "个")), ("task", task(5, "建设平台", ("区数据局", "lead")))])
    made.clauses.update(decision="proposed")
    return made


def test_a_correction_lies_over_what_was_read_and_never_changes_it(plan: Plan, people) -> None:
    clause = services.correct(people.supervisor, plan.clauses.get(kind="target"), fields={"value": "1,200", "unit": "家"})
    assert (clause.decision, clause.read["value"], clause.current["value"], clause.current["unit"]) == ("corrected", 30, 1200, "家")


def test_a_field_set_back_to_what_was_read_is_no_correction(plan: Plan, people) -> None:
    clause = services.correct(people.supervisor, plan.clauses.get(kind="target"), fields={"value": "31"})
    clause = services.correct(people.supervisor, clause, fields={"value": "30"})
    assert (clause.decision, clause.correction) == ("confirmed", {})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("target", {"value": "many"}), ("target", {"value": "NaN"}), ("target", {"value": ""}), ("target", {"comparator": "≈"}), ("target", {"deadline": "soon"}),
     ("target", {"deadline": "2027-13"}), ("target", {"nonsense": 1}), ("target", {"unit": "x" * 31}), ("task", {"units": [{"name": "区数据局", "role": "boss"}]}),
     ("task", {"units": [{"name": "", "role": "lead"}]}), ("task", {"heading": "长" * 301})],
)  # fmt: skip
def test_fields_that_do_not_fit_are_refused(plan: Plan, people, kind: str, fields: dict) -> None:
    with pytest.raises(InvalidInput):
        services.correct(people.supervisor, plan.clauses.get(kind=kind), fields=fields)
    assert plan.clauses.get(kind=kind).decision == "proposed"


def test_a_decision_can_be_taken_back(plan: Plan, people) -> None:
    clause = services.reject(people.supervisor, plan.clauses.get(kind="target"))
    assert services.reopen(people.supervisor, clause).decision == "proposed"


def test_confirming_the_rest_leaves_changed_clauses_for_a_closer_look(plan: Plan, people) -> None:
    plan.clauses.filter(kind="task").update(changed_since=["units"])
    assert services.confirm_rest(people.supervisor, plan) == 1
    assert plan.clauses.get(kind="task").decision == "proposed"


def test_only_the_supervision_office_decides(plan: Plan, people) -> None:
    for account in (people.data, people.viewer, people.auditor, people.nobody):
        with pytest.raises(NotAllowed):
            services.confirm(account, plan.clauses.first())


def test_decisions_are_made_on_the_newest_version(plan: Plan, people) -> None:
    make_plan(people.supervisor, [], replaces=plan)
    with pytest.raises(Conflict, match="newer"):
        services.confirm(people.supervisor, plan.clauses.first())


def test_units_are_typed_a_line_each_role() -> None:
    assert read_units("牵 区数据局\n配合：区财政局、区教育局\n区科技局") == [
        {"name": "区数据局", "role": "lead"}, {"name": "区财政局", "role": "support"}, {"name": "区教育局", "role": "support"}, {"name": "区科技局", "role": "responsible"},
    ]  # fmt: skip


def test_an_added_clause_needs_a_line_of_the_document_and_a_name(plan: Plan, people) -> None:
    for line, fields in ((99, {"name": "平台"}), (0, {"name": "平台"}), (3, {})):
        with pytest.raises(InvalidInput):
            services.add_clause(people.supervisor, plan, kind="system", line=line, fields=fields)
    assert services.add_clause(people.supervisor, plan, kind="system", line=3, fields={"name": "平台"}).binds


# --- 任务分工表 -------------------------------------------------------------------------------------------------------


def sheet_rows(content: bytes, name: str) -> list[tuple]:
    return list(load_workbook(io.BytesIO(content))[name].iter_rows(values_only=True))


def test_the_division_table_has_the_customary_columns_and_each_role_in_its_own(filed: Plan, people) -> None:
    name, content = release_division_table(people.viewer, filed, purpose="任务分工")
    rows = sheet_rows(content, "任务分工表")
    assert name.endswith("任务分工表.xlsx") and rows[1] == ("序号", "重点任务", "工作内容", "牵头单位", "责任单位", "配合单位", "完成时限", "依据条款")
    first = rows[2]
    assert (first[3], first[4], first[5], first[7]) == ("区数据局", None, "区城市管理委", "第5行")
    assert len(sheet_rows(content, "指标")) == 2 + 3


def test_text_that_looks_like_a_formula_stays_text(people) -> None:
    plan = make_plan(people.supervisor, [("task", task(5, "=1+1", ("@区数据局", "lead"))), ("target", target(3, "-2+3", 1, "个"))])
    _, content = release_division_table(people.supervisor, plan, purpose="测试")
    for sheet in load_workbook(io.BytesIO(content)):
        assert not [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_the_table_leaves_through_the_export_gate(filed: Plan, people) -> None:
    release_division_table(people.viewer, filed, purpose="任务分工")
    export = Export.objects.get()
    assert (export.account, export.what, export.purpose) == (people.viewer, "plans.division_table", "任务分工")
    with pytest.raises(InvalidInput):
        release_division_table(people.viewer, filed, purpose=" ")
