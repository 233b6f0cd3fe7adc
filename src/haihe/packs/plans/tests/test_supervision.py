"""Key projects, evaluations at the node, contacts with firms, and the auditors' checks."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from typer.testing import CliRunner

from haihe.kernel.cases import Case, CaseEvent, take_step, watch
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.indicators import report_value
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Plan, Target, Task
from haihe.packs.plans.models_supervision import Contact, Evaluation, KeyProject
from haihe.packs.plans.tests.conftest import evidence_of

HTMX = {"HTTP_HX_REQUEST": "true"}


def the(heading: str) -> Task:
    return Task.objects.get(heading=heading)


def weeks_ahead(weeks: int) -> Any:
    return timezone.now() + timedelta(weeks=weeks)


# --- key projects ---------------------------------------------------------------------------------------------------


def test_a_key_project_is_reviewed_in_its_rhythm_by_all_its_units(filed: Plan, people: SimpleNamespace) -> None:
    project = services.supervise(people.supervisor, the("建设平台"), reason="区政府督办")
    assert project.every_weeks == 4, "the dated parameter unless a person says otherwise"
    assert services.open_reviews(weeks_ahead(3)) == 0
    assert services.open_reviews(weeks_ahead(4)) == 1 and services.open_reviews(weeks_ahead(4)) == 0
    case = project.reviews.get()
    assert {part.organisation.short_name or part.organisation.name for part in case.units.all()} >= {
        "区数据局",
        "区城市管理委",
    }
    assert services.open_reviews(weeks_ahead(8)) == 1


def test_after_a_time_without_worker_one_round_is_opened_not_one_for_each_missed(
    filed: Plan, people: SimpleNamespace
) -> None:
    project = services.supervise(people.supervisor, the("建设平台"), reason="督办", every_weeks=1)
    assert services.open_reviews(weeks_ahead(10)) == 1 and services.open_reviews(weeks_ahead(10)) == 0
    project.refresh_from_db()
    assert project.next_review > timezone.localdate(weeks_ahead(10))


def test_a_missed_review_is_marked_red_and_one_in_time_is_not(filed: Plan, people: SimpleNamespace) -> None:
    project = services.supervise(people.supervisor, the("建设平台"), reason="督办", every_weeks=2)
    services.open_reviews(weeks_ahead(2))
    project.refresh_from_db()
    now = timezone.now()
    reviews = services.reviews_of([project])[project.pk]
    assert not services.is_red(project, reviews, now)
    assert services.is_red(project, reviews, now + timedelta(days=15)), "five working days have passed"
    watch(now + timedelta(days=15))
    take_step(people.data, reviews[0], step="report", text="迟到的进展")
    again = services.reviews_of([project])[project.pk]
    assert again[0].step == "conclude" and services.is_red(project, again, now), "late stays marked for this round"
    assert CaseEvent.objects.filter(case=again[0], kind="overdue").exists()


def test_a_day_of_review_that_passed_without_a_round_is_red(filed: Plan, people: SimpleNamespace) -> None:
    project = services.supervise(people.supervisor, the("建设平台"), reason="督办", every_weeks=2)
    assert services.is_red(project, [], weeks_ahead(3)) and not services.is_red(project, [], weeks_ahead(1))


def test_a_project_is_supervised_once_at_a_time_and_released_with_a_reason(
    filed: Plan, people: SimpleNamespace
) -> None:
    task = the("建设平台")
    project = services.supervise(people.supervisor, task, reason="督办")
    with pytest.raises(Conflict):
        services.supervise(people.supervisor, task, reason="再来")
    with pytest.raises(IntegrityError), transaction.atomic():
        KeyProject.objects.create(task=task, every_weeks=1, next_review=date(2027, 1, 1), reason="x", placed_by=people.supervisor)  # fmt: skip
    with pytest.raises(InvalidInput):
        services.release(people.supervisor, task, reason=" ")
    services.release(people.supervisor, task, reason="转入常态")
    assert services.open_reviews(weeks_ahead(9)) == 0
    services.supervise(people.supervisor, task, reason="重新列入")
    for weeks in (0, 53):
        with pytest.raises(InvalidInput):
            services.supervise(people.supervisor, the("推广应用"), reason="x", every_weeks=weeks)
    with pytest.raises(NotAllowed):
        services.supervise(people.data, the("推广应用"), reason="x")
    assert project.pk != KeyProject.objects.get(ended_at=None).pk


# --- evaluations ----------------------------------------------------------------------------------------------------


def test_a_project_waits_for_its_evaluation_from_its_node_on(filed: Plan, people: SimpleNamespace) -> None:
    task = the("宣传培训")  # its node is 2026-06-30
    assert list(services.to_evaluate(Task.objects.all(), date(2026, 6, 29))) == []
    assert list(services.to_evaluate(Task.objects.all(), date(2026, 6, 30))) == [task]
    found = services.evaluate(people.supervisor, task, outcome="partly", reasons="举办一次，另一次延期")
    assert (found.node, found.organisation) == (date(2026, 6, 30), people.supervisor.organisation)
    assert list(services.to_evaluate(Task.objects.all(), date(2026, 7, 1))) == []
    with pytest.raises(Conflict, match="evaluated"):
        services.evaluate(people.supervisor, task, outcome="done", reasons="再评")
    services.set_deadline(people.supervisor, task, deadline=date(2026, 9, 30), reason="延期")
    assert list(services.to_evaluate(Task.objects.all(), date(2026, 10, 1))) == [task], "a new node is evaluated anew"


def test_the_responsible_unit_does_not_evaluate_its_own_project(
    filed: Plan, people: SimpleNamespace, account_with: Any, district: SimpleNamespace
) -> None:
    task = the("宣传培训")
    with pytest.raises(NotAllowed, match="part in the project"):
        services.evaluate(account_with("supervisor", district.town), task, outcome="done", reasons="自评")
    with pytest.raises(NotAllowed):
        services.evaluate(people.town, task, outcome="done", reasons="自评")
    for outcome, reasons in (("great", "x"), ("done", " ")):
        with pytest.raises(InvalidInput):
            services.evaluate(people.supervisor, task, outcome=outcome, reasons=reasons)
    with pytest.raises(Conflict, match="not been reached"):
        services.evaluate(people.supervisor, the("建设平台"), outcome="done", reasons="早")
    assert not Evaluation.objects.exists()


# --- contacts -------------------------------------------------------------------------------------------------------


def test_contacts_are_logged_for_the_own_unit_and_seen_by_it_and_the_supervisor(
    people: SimpleNamespace, district: SimpleNamespace
) -> None:
    known = {"firm": "甲公司", "kind": "visit", "on": timezone.localdate(), "subject": "算力需求"}
    services.log_contact(people.data, district.data, **known)
    with pytest.raises(NotAllowed):
        services.log_contact(people.data, district.health, **known)
    services.log_contact(people.supervisor, district.health, **known)
    counts = [visible(who, Contact.objects.all()).count() for who in (people.supervisor, people.data, people.health, people.town)]  # fmt: skip
    assert counts == [2, 1, 1, 0]


@pytest.mark.parametrize(
    "wrong", [{"firm": " "}, {"subject": ""}, {"kind": "party"}, {"on": timezone.localdate() + timedelta(days=1)}]
)
def test_a_contact_names_firm_matter_kind_and_a_day_that_has_been(
    people: SimpleNamespace, district: SimpleNamespace, wrong: dict[str, Any]
) -> None:
    known = {"firm": "甲公司", "kind": "visit", "on": timezone.localdate(), "subject": "算力需求", **wrong}
    with pytest.raises(InvalidInput):
        services.log_contact(people.data, district.data, **known)


# --- the auditors' checks -------------------------------------------------------------------------------------------


def found(check: str, today: date | None = None) -> dict[str, str]:
    return {row.subject: row.why_zh for row in services.findings(today or timezone.localdate()) if row.check == check}


def test_a_target_without_milestones_is_found_until_a_person_sets_one(filed: Plan, people: SimpleNamespace) -> None:
    assert set(found("no_milestone")) == {"示范场景", "覆盖率", "数据集"}
    services.set_milestones(people.supervisor, Target.objects.get(indicator__title="数据集"), points=[(date(2027, 6, 30), Decimal(20))])  # fmt: skip
    assert set(found("no_milestone")) == {"示范场景", "覆盖率"}


def test_a_task_without_a_linked_owner_is_found(filed: Plan) -> None:
    assert found("no_owner") == {}
    the("推广应用").units.update(organisation=None)
    the("宣传培训").units.filter(role="responsible").delete()
    assert set(found("no_owner")) == {"推广应用", "宣传培训"} and "尚未对应" in found("no_owner")["推广应用"]


def test_a_supporting_unit_is_found_until_it_contributes(filed: Plan, people: SimpleNamespace) -> None:
    later = timezone.localdate() + timedelta(days=31)
    assert found("silent_support") == {}, "it was assigned today"
    assert set(found("silent_support", later)) == {"建设平台"}
    services.accept(people.city, the("建设平台"))
    services.report_progress(people.data, the("建设平台"), text="牵头单位的进展")
    assert set(found("silent_support", later)) == {"建设平台"}, "what the lead reports is not the support's"
    services.report_progress(people.city, the("建设平台"), text="配合提供数据")
    assert found("silent_support", later) == {}


def test_a_number_without_evidence_or_definition_is_found(filed: Plan, people: SimpleNamespace) -> None:
    goal, other = (Target.objects.get(indicator__title=title) for title in ("示范场景", "数据集"))
    report_value(people.supervisor, goal.indicator, Decimal(3), as_of=timezone.localdate())
    services.report_target(
        people.supervisor, other, value=Decimal(3), text="x", evidence=[evidence_of(people.supervisor)]
    )
    assert found("not_recomputable") == {
        "示范场景": "填报值没有佐证材料。",
        "数据集": "指标没有测算程序，口径也只写了名称，无从复算。",
    }
    services.redefine(people.supervisor, other, text="通过评审并登记的数据集", since=timezone.localdate() + timedelta(days=1), source="会议")  # fmt: skip
    assert "数据集" not in found("not_recomputable", timezone.localdate() + timedelta(days=1))


def test_the_command_prints_what_was_found_and_fails_while_there_is_something(filed: Plan) -> None:
    from haihe.packs.plans.commands import app

    done = CliRunner().invoke(app, ["audit", "--json"])
    rows = json.loads(done.stdout)
    assert (
        done.exit_code == 1
        and {row["check"] for row in rows} == {"no_milestone"}
        and rows[0]["link"].startswith("/targets/")
    )
    assert "指标没有阶段目标 A target without interim milestones: 3" in CliRunner().invoke(app, ["audit"]).stdout
    Target.objects.update(repeat_of=Target.objects.first())
    assert CliRunner().invoke(app, ["audit"]).exit_code == 0


# --- pages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("role", "paths"),
    [("supervisor", ("/targets/suggestions/", "/plans/audit/", "/projects/", "/contacts/")), ("auditor", ("/plans/audit/",)), ("data", ("/contacts/",))],
)  # fmt: skip
def test_each_page_opens_for_its_role(
    signed_in, people, filed, role: str, paths: tuple[str, ...], language: str
) -> None:
    account = getattr(people, role)
    account.language = language
    account.save()
    client = signed_in(account)
    for path in paths:
        assert client.get(path).status_code == 200, path
    if role == "data":
        assert client.get("/plans/audit/").status_code == 403


def test_a_project_is_put_under_supervision_evaluated_and_shown(signed_in, people, filed) -> None:
    client, task = signed_in(people.supervisor), the("宣传培训")
    assert client.post(f"/projects/{task.pk}/supervise/", {"reason": "督办"}, **HTMX).status_code == 204
    assert client.post(f"/projects/{task.pk}/evaluate/", {"outcome": "not_done", "reason": "没有举办"}, **HTMX).status_code == 204  # fmt: skip
    page = client.get("/projects/").content.decode()
    assert "未完成" in page and "没有举办" in page and "每 4 周" in page
    assert client.post(f"/projects/{task.pk}/release/", {"reason": ""}, **HTMX).status_code == 422
    assert "下次" in client.get(f"/tasks/{task.pk}/").content.decode()
    assert not Case.objects.exists()


def test_a_contact_is_logged_on_its_page_and_bad_input_gets_a_sentence(signed_in, people, filed) -> None:
    client = signed_in(people.data)
    form = {"organisation": get_organisation("区数据局").pk, "firm": "<b>甲</b>公司", "kind": "call", "on": "2026-01-02", "subject": "对接"}  # fmt: skip
    assert client.post("/contacts/", form, **HTMX).status_code == 204
    assert "&lt;b&gt;甲&lt;/b&gt;公司" in client.get("/contacts/").content.decode()
    assert client.post("/contacts/", {**form, "on": "昨天"}, **HTMX).status_code == 422
    assert client.post("/contacts/", {**form, "organisation": "999999"}, **HTMX).status_code == 422
