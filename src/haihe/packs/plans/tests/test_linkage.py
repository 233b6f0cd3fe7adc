"""City and district tasks on one goal, and rounds of inspection."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.calendar import add_working_days
from haihe.kernel.cases import Case, take_step, withdraw
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.evidence import receive
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.inspections import behind
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.models_linkage import Inspection, InspectionAnswer, InspectionLine, TaskLink
from haihe.packs.plans.tests.conftest import evidence_of, make_plan, task

HTMX = {"HTTP_HX_REQUEST": "true"}


def the(heading: str) -> Task:
    return Task.objects.select_related("plan").get(heading=heading)


@pytest.fixture
def city(people: SimpleNamespace) -> Plan:
    clauses = [("task", task(5, "建设算力平台", ("市数据局", "lead"))), ("task", task(6, "培养人才", ("市科技局", "lead")))]  # fmt: skip
    plan = make_plan(
        people.supervisor, clauses, title="某市试验行动方案", series="某市试验行动方案", issuer="某市人民政府"
    )
    services.file_plan(people.supervisor, plan)
    return plan


@pytest.fixture
def link(filed: Plan, city: Plan, people: SimpleNamespace) -> TaskLink:
    return services.link_tasks(people.supervisor, the("建设算力平台"), the("建设平台"), goal="建成算力平台", reason="同一项目")  # fmt: skip


# --- links ----------------------------------------------------------------------------------------------------------


def test_a_link_is_confirmed_with_a_reason_shown_on_both_pages_and_ended_with_one(link: TaskLink, signed_in: Any, people: SimpleNamespace) -> None:  # fmt: skip
    """The district's officer reads the city task by name although it is not among the own tasks."""
    city, district = link.city, link.district
    assert "建设平台" in signed_in(people.supervisor).get(f"/tasks/{city.pk}/").content.decode()
    page = signed_in(people.data).get(f"/tasks/{district.pk}/").content.decode()
    assert "建设算力平台" in page and "建成算力平台" in page and f'href="/tasks/{city.pk}/"' not in page
    with pytest.raises(InvalidInput):
        services.unlink_tasks(people.supervisor, link, reason=" ")
    services.unlink_tasks(people.supervisor, link, reason="市级任务已调整")
    assert "市区联动" not in signed_in(people.data).get(f"/tasks/{district.pk}/").content.decode().split("<main")[1]
    assert [row.action for row in AuditRecord.objects.filter(action__in=("task.link", "task.unlink")).order_by("pk")] == ["task.link", "task.unlink"]  # fmt: skip
    services.link_tasks(people.supervisor, city, district, goal="再来", reason="恢复")


def test_what_is_no_pair_of_city_and_district_is_refused(link: TaskLink, people: SimpleNamespace) -> None:
    known = {"goal": "目标", "reason": "理由"}
    Plan.objects.filter(pk=link.district.plan_id).update(issuer="望河区人民政府")
    with pytest.raises(Conflict):
        services.link_tasks(people.supervisor, the("建设算力平台"), the("建设平台"), **known)
    with pytest.raises(InvalidInput, match="district's plan"):
        services.link_tasks(people.supervisor, the("推广应用"), the("培养人才"), **known)
    with pytest.raises(InvalidInput, match="one plan"):
        services.link_tasks(people.supervisor, the("建设算力平台"), the("培养人才"), **known)
    for wrong in ({"goal": ""}, {"reason": " "}):
        with pytest.raises(InvalidInput):
            services.link_tasks(people.supervisor, the("培养人才"), the("推广应用"), **{**known, **wrong})
    with pytest.raises(NotAllowed):
        services.link_tasks(people.data, the("培养人才"), the("推广应用"), **known)


def test_links_are_seen_by_the_units_of_either_task(link: TaskLink, people: SimpleNamespace) -> None:
    seen = {name: visible(getattr(people, name), TaskLink.objects.all()).count() for name in ("supervisor", "viewer", "data", "city", "health", "nobody")}  # fmt: skip
    assert seen == {"supervisor": 1, "viewer": 1, "data": 1, "city": 1, "health": 0, "nobody": 0}


# --- what is behind -------------------------------------------------------------------------------------------------


def kinds(at: Any, silent_days: int = 20) -> dict[str, list[str]]:
    return {t.heading: [row["kind"] for row in why] for t, why in behind(Task.objects.all(), at, silent_days)}


def test_late_silent_and_missed_are_told_apart(filed: Plan, people: SimpleNamespace) -> None:
    """宣传培训 is past its day; nobody reports on 推广应用; a review of 建设平台 is missed although it reports."""
    now = timezone.now()
    assert kinds(now) == {"宣传培训": ["late"]}
    services.supervise(people.supervisor, the("建设平台"), reason="督办", first_on=timezone.localdate())
    last = add_working_days(timezone.localdate(), 20)
    at = timezone.make_aware(timezone.datetime(last.year, last.month, last.day, 12))
    assert kinds(at) == {"宣传培训": ["late"], "建设平台": ["missed"]}, "the twentieth working day is still in time"
    at += timedelta(days=1)
    assert kinds(at) == {"宣传培训": ["late", "silent"], "推广应用": ["silent"], "建设平台": ["silent", "missed"]}
    services.report_progress(people.health, the("推广应用"), text="已开始")
    services.report_progress(people.data, the("建设平台"), text="已开始")
    assert kinds(at + timedelta(days=0), 250) == {"宣传培训": ["late"], "建设平台": ["missed"]}
    services.report_done(people.town, the("宣传培训"), text="完成", evidence=[evidence_of(people.town)])
    assert "宣传培训" not in kinds(at), "it waits for the supervision office, not for the unit"


def test_what_is_sent_back_is_no_report_of_a_unit(filed: Plan, people: SimpleNamespace) -> None:
    services.report_done(people.town, the("宣传培训"), text="完成", evidence=[evidence_of(people.town)])
    services.send_back(people.supervisor, the("宣传培训"), reason="材料不全")
    (_, why), *_ = behind(Task.objects.filter(heading="宣传培训"), timezone.now() + timedelta(days=60), 20)
    assert [row["kind"] for row in why] == ["late", "silent"]


# --- rounds ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def round_(filed: Plan, people: SimpleNamespace) -> Inspection:
    """Two tasks are late, of two units and of one."""
    Task.objects.filter(heading="推广应用").update(deadline=date(2026, 6, 30))
    return services.inspect(people.supervisor, filed, title="三季度督查")


def line_of(round_: Inspection, heading: str) -> InspectionLine:
    return round_.lines.get(task__heading=heading)


def test_a_round_is_answered_by_each_unit_line_by_line_and_its_picture_stands(round_: Inspection, people: SimpleNamespace) -> None:  # fmt: skip
    assert round_.looked_at == 3 and round_.is_open and round_.cases.count() == 2
    town, health = line_of(round_, "宣传培训"), line_of(round_, "推广应用")
    with pytest.raises(NotAllowed):
        services.answer_line(people.health, town, text="不是我的")
    with pytest.raises(NotAllowed):
        services.answer_line(people.supervisor, town, text="代答")
    with pytest.raises(InvalidInput):
        services.answer_line(people.town, town, text=" ")
    services.answer_line(people.town, town, text="六月因汛期未办，十二月补办")
    assert town.case and Case.objects.get(pk=town.case_id).step == "judge"
    with pytest.raises(Conflict):
        services.answer_line(people.town, town, text="再补一句")
    take_step(people.supervisor, Case.objects.get(pk=town.case_id), step="judge", to="answer", text="写明日期")
    services.answer_line(people.town, town, text="十二月十日补办")
    take_step(people.supervisor, Case.objects.get(pk=town.case_id), step="judge", to="closed", text="属实")
    assert round_.is_open
    take_step(people.health, Case.objects.get(pk=health.case_id), step="answer", text="在案件页一并答复")
    assert [answer.text for answer in health.answers.all()] == ["在案件页一并答复"]
    take_step(people.supervisor, Case.objects.get(pk=health.case_id), step="judge", to="closed", text="属实")
    assert not round_.is_open and [a.text for a in town.answers.all()] == [
        "十二月十日补办",
        "六月因汛期未办，十二月补办",
    ]
    services.set_deadline(people.supervisor, the("宣传培训"), deadline=date(2027, 6, 30), reason="延期")
    assert line_of(round_, "宣传培训").behind == [{"kind": "late", "since": "2026-06-30"}]
    for row in (town, town.answers.first()):
        with pytest.raises(DatabaseError), transaction.atomic():
            type(row).objects.filter(pk=row.pk).delete() if isinstance(row, InspectionAnswer) else type(row).objects.filter(pk=row.pk).update(behind=[])  # fmt: skip


def test_a_unit_sees_its_own_lines_and_a_second_round_waits_for_the_first(round_: Inspection, filed: Plan, people: SimpleNamespace) -> None:  # fmt: skip
    seen = {name: (visible(getattr(people, name), InspectionLine.objects.all()).count(), visible(getattr(people, name), Inspection.objects.all()).count()) for name in ("viewer", "town", "health", "city", "nobody")}  # fmt: skip
    assert seen == {"viewer": (2, 1), "town": (1, 1), "health": (1, 1), "city": (0, 0), "nobody": (0, 0)}
    with pytest.raises(Conflict, match="still open"):
        services.inspect(people.supervisor, filed, title="又一轮")
    for case in round_.cases:
        withdraw(people.supervisor, case, reason="重复")
    assert services.inspect(people.supervisor, filed, title="又一轮").lines.count() == 2


def test_what_cannot_be_inspected_gets_a_sentence(filed: Plan, people: SimpleNamespace) -> None:
    for wrong in ({"title": " "}, {"title": "x", "silent_days": 0}, {"title": "x", "silent_days": 251}):
        with pytest.raises(InvalidInput):
            services.inspect(people.supervisor, filed, **wrong)
    with pytest.raises(InvalidInput, match="no open task"):
        services.inspect(people.supervisor, None, title="空")
    with pytest.raises(NotAllowed):
        services.inspect(people.data, filed, title="自查")


def test_a_task_without_a_linked_unit_is_shown_although_nobody_answers(filed: Plan, people: SimpleNamespace) -> None:
    the("宣传培训").units.update(organisation=None)
    made = services.inspect(people.supervisor, None, title="专项", tasks=[the("宣传培训")])
    line = made.lines.get()
    assert (line.organisation, line.case, made.is_open) == (None, None, False)


# --- pages and programs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_open_for_each_role(round_: Inspection, link: TaskLink, signed_in: Any, people: SimpleNamespace, language: str) -> None:  # fmt: skip
    pair = f"/linkage/?a={link.city.plan_id}&b={link.district.plan_id}"
    for name, paths in {"supervisor": ("/linkage/", pair, "/inspections/", round_.get_absolute_url()), "viewer": (pair, "/inspections/"), "town": ("/inspections/", round_.get_absolute_url())}.items():  # fmt: skip
        account = getattr(people, name)
        account.language = language
        account.save()
        client = signed_in(account)
        for path in paths:
            assert client.get(path).status_code == 200, (name, path)
    assert "推广应用" not in signed_in(people.town).get(round_.get_absolute_url()).content.decode()


def test_links_and_rounds_are_made_and_answered_on_pages(filed: Plan, city: Plan, signed_in: Any, people: SimpleNamespace) -> None:  # fmt: skip
    supervisor = signed_in(people.supervisor)
    form = {"city": the("建设算力平台").pk, "district": the("建设平台").pk, "goal": "<b>算力</b>", "reason": "同一项目"}
    assert supervisor.post("/linkage/", form, **HTMX).status_code == 204
    assert "&lt;b&gt;算力" in supervisor.get("/linkage/").content.decode()
    assert supervisor.post("/linkage/", {**form, "goal": ""}, **HTMX).status_code == 422
    assert supervisor.post(f"/linkage/{TaskLink.objects.get().pk}/end/", {"reason": "调整"}, **HTMX).status_code == 204
    assert supervisor.post("/inspections/", {"title": "督查", "plan": filed.pk, "silent_days": "20"}, **HTMX).status_code == 204  # fmt: skip
    assert supervisor.post("/inspections/", {"title": "督查", "plan": filed.pk, "silent_days": "x"}, **HTMX).status_code == 422  # fmt: skip
    line = InspectionLine.objects.get()
    assert (
        signed_in(people.town)
        .post(f"/inspections/lines/{line.pk}/answer/", {"text": "<i>补办</i>"}, **HTMX)
        .status_code
        == 204
    )
    assert "&lt;i&gt;补办" in signed_in(people.supervisor).get(line.inspection.get_absolute_url()).content.decode()


COMPUTE = "建设公共算力服务平台，汇聚企业算力资源并统一调度，为中小企业提供低价算力服务，形成算力券兑付机制。"
TALKS = "举办算力科普活动并印发宣传手册，组织学校和社区参加，每年不少于两次。"


def imported(account: Any, issuer: str, title: str, units: tuple[str, str]) -> Plan:
    """A plan of two tasks, read, confirmed and filed as it comes."""
    lines = [issuer, f"关于印发{title}的通知", "", title, "", "一、重点任务", f"（一）建设算力平台。{COMPUTE}（责任单位：{units[0]}）", f"（二）开展宣传。{TALKS}（责任单位：{units[1]}）", ""]  # fmt: skip
    result = services.import_evidence(account, receive(f"{title}.txt", ["\n".join(lines).encode()], account))
    (plan,) = [plan for plan in result.plans if plan.clauses.exists()]
    services.confirm_rest(account, plan)
    services.file_plan(account, plan)
    return plan


def test_the_comparison_proposes_pairs_of_filed_tasks(people: SimpleNamespace) -> None:
    """What is like another comes first with the words in both; what is linked says so."""
    upper = imported(people.supervisor, "望海市人民政府", "望海市算力行动方案", ("市数据局", "市科技局"))
    lower = imported(people.supervisor, "望河区人民政府", "望河区算力行动方案", ("区数据局", "区卫生健康委"))
    sides = [services.side_of(people.supervisor, str(plan.pk)) for plan in (upper, lower)]
    first, second = services.proposals(people.supervisor, *sides)
    assert [row.candidates[0].task.heading for row in (first, second)] == ["建设算力平台", "开展宣传"]
    best = first.candidates[0]
    assert best.task.plan == lower and best.shared and best.link is None
    link = services.link_tasks(people.supervisor, first.city, best.task, goal="算力", reason="同一项目")
    assert services.proposals(people.supervisor, *sides)[0].candidates[0].link == link
