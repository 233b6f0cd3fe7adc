"""核对: what a person may decide and set, and what is refused."""

from __future__ import annotations

import pytest

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan
from haihe.packs.plans.tests.conftest import make_plan, target, task


@pytest.fixture
def plan(people) -> Plan:
    made = make_plan(
        people.supervisor,
        [("target", target(3, "场景", 30, "个")), ("task", task(5, "建设平台", ("区数据局", "lead")))],
    )
    made.clauses.update(decision="proposed")
    return made


def test_a_correction_lies_over_what_was_read_and_never_changes_it(plan: Plan, people) -> None:
    clause = services.correct(
        people.supervisor, plan.clauses.get(kind="target"), fields={"value": "1,200", "unit": "家"}
    )
    assert (clause.decision, clause.read["value"], clause.current["value"], clause.current["unit"]) == (
        "corrected",
        30,
        1200,
        "家",
    )


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


def test_an_added_clause_needs_a_line_of_the_document_and_a_name(plan: Plan, people) -> None:
    for line, fields in ((99, {"name": "平台"}), (0, {"name": "平台"}), (3, {})):
        with pytest.raises(InvalidInput):
            services.add_clause(people.supervisor, plan, kind="system", line=line, fields=fields)
    assert services.add_clause(people.supervisor, plan, kind="system", line=3, fields={"name": "平台"}).binds


@pytest.mark.parametrize(
    ("kind", "fields", "becomes"),
    [
        ("target", {"subject": "  场景 "}, {"subject": "场景"}), ("target", {"kind": "baseline"}, {"kind": "baseline"}), ("target", {"comparator": "range", "value": "12", "value_max": "１５"}, {"value": 12.0, "value_max": 15.0}),
        ("target", {"value": "1，200"}, {"value": 1200.0}), ("target", {"value_max": ""}, {"value_max": None}), ("target", {"deadline": "2027-06-30"}, {"deadline": "2027-06-30"}),
        ("target", {"deadline": ""}, {"deadline": None}), ("target", {"strength": "strive"}, {"strength": "strive"}), ("target", {"unit": "万元"}, {"unit": "万元"}),
        ("task", {"heading": "建设试验平台", "number": "一、", "text": "全文"}, {"heading": "建设试验平台", "number": "一、", "text": "全文"}),
        ("task", {"units": [{"name": " 区财政局 ", "role": "support"}, {"name": "区财政局", "role": "support"}]}, {"units": [{"name": "区财政局", "role": "support"}]}),
        ("task", {"deadline": "2026"}, {"deadline": "2026"}),
    ],
)  # fmt: skip
def test_every_field_takes_what_fits(plan: Plan, people, kind: str, fields: dict, becomes: dict) -> None:
    clause = services.correct(people.supervisor, plan.clauses.get(kind=kind), fields=fields)
    assert {name: clause.current[name] for name in becomes} == becomes


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("target", {"kind": "wish"}), ("target", {"strength": "perhaps"}), ("target", {"value_max": "1e"}), ("target", {"value": "Infinity"}), ("target", {"subject": "长" * 201}),
        ("target", {"deadline": "2027-02-30"}), ("task", {"number": "1" * 61}), ("task", {"text": "长" * 20_001}), ("task", {"deadline": "尽快"}), ("task", {"verb": "建设"}),
    ],
)  # fmt: skip
def test_the_same_holds_for_every_other_field(plan: Plan, people, kind: str, fields: dict) -> None:
    before = plan.clauses.get(kind=kind).current
    with pytest.raises(InvalidInput):
        services.correct(people.supervisor, plan.clauses.get(kind=kind), fields=fields)
    assert plan.clauses.get(kind=kind).current == before


@pytest.mark.parametrize("fields", [{"name": "长" * 201}, {"verb": "建" * 41}, {"heading": "x"}])
def test_a_system_has_a_name_and_a_verb_and_nothing_else(plan: Plan, people, fields: dict) -> None:
    clause = services.add_clause(
        people.supervisor, plan, kind="system", line=3, fields={"name": "平台", "verb": "建设"}
    )
    with pytest.raises(InvalidInput):
        services.correct(people.supervisor, clause, fields=fields)


def test_a_filed_clause_can_no_longer_be_decided(filed: Plan, people) -> None:
    """Filed targets and tasks change on their own pages; a system or baseline never is filed and stays open to correction."""
    for clause in filed.clauses.all():
        for decide in (services.confirm, services.reject, services.reopen):
            with pytest.raises(Conflict, match="filed already"):
                decide(people.supervisor, clause)
        with pytest.raises(Conflict, match="filed already"):
            services.correct(people.supervisor, clause, fields={})
    added = services.add_clause(people.supervisor, filed, kind="system", line=5, fields={"name": "平台"})
    assert services.reject(people.supervisor, added).decision == "rejected"


def test_every_decision_says_who_decided_what_in_the_audit_record(plan: Plan, people) -> None:
    clause = services.correct(people.supervisor, plan.clauses.get(kind="target"), fields={"value": "31"})
    record = AuditRecord.objects.filter(action="clause.correct").get()
    assert (record.details["correction"], record.details["before"], record.details["after"]) == (
        {"value": 31.0},
        "proposed",
        "corrected",
    )
    assert clause.decided_by == people.supervisor and clause.decided_at is not None
