"""The ledger: who may take which step, when, and that nothing closes without evidence."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel import administration
from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Deputy
from haihe.kernel.indicators import Indicator
from haihe.kernel.notices import Notice, own_notices
from haihe.kernel.organisations import Succession
from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.duties import closed_share, remind
from haihe.packs.plans.ledger import start_of
from haihe.packs.plans.models import Clause, Milestone, Plan, Reminder, Report, Target, Task, TaskUnit
from haihe.packs.plans.progress import standing
from haihe.packs.plans.tests.conftest import evidence_of, file_revision, make_plan, target, task

TODAY = timezone.localdate


def the(plan: Plan, heading: str) -> Task:
    return Task.objects.get(plan=plan, heading=heading)


def test_filing_makes_targets_tasks_units_and_assumed_milestones(filed: Plan) -> None:
    scenes = Target.objects.get(indicator__title="示范场景")
    assert (scenes.comparator, scenes.value, scenes.deadline, scenes.deadline_assumed) == (
        ">=",
        30,
        date(2028, 12, 31),
        False,
    )
    assert [(m.due.year, m.assumed) for m in scenes.milestones.all()] == [(2026, True), (2027, True)]
    assert [(u.name, u.role, u.organisation is not None) for u in the(filed, "建设平台").units.all()] == [
        ("区数据局", "lead", True),
        ("区城市管理委", "support", True),
    ]
    assert list(the(filed, "建设平台").targets.all()) == [Target.objects.get(indicator__title="数据集")]


def test_a_deadline_of_its_own_binds_and_the_plans_period_is_only_assumed(filed: Plan) -> None:
    assert (the(filed, "宣传培训").deadline, the(filed, "宣传培训").deadline_assumed) == (date(2026, 6, 30), False)
    assert (the(filed, "推广应用").deadline, the(filed, "推广应用").deadline_assumed) == (date(2028, 12, 31), True)


def test_filing_again_files_nothing_twice(filed: Plan, people: SimpleNamespace) -> None:
    assert services.file_plan(people.supervisor, filed) == (0, 0)


def test_only_confirmed_clauses_are_filed(people: SimpleNamespace) -> None:
    plan = make_plan(
        people.supervisor,
        [("task", task(5, "甲", ("区数据局", "lead"))), ("task", task(6, "乙", ("区数据局", "lead")))],
    )
    plan.clauses.filter(position=1).update(decision="proposed")
    assert services.file_plan(people.supervisor, plan) == (0, 1)


def test_a_number_stated_twice_is_one_target_and_an_earlier_year_is_its_milestone(people: SimpleNamespace) -> None:
    items = [
        ("target", target(2, "感知终端", 45000, "个", deadline="2026")), ("target", target(3, "感知终端", 80000, "个", deadline="2028")),
        ("target", target(5, "感知终端", 80000, "个", deadline=None)), ("target", target(6, "感知终端", 32000, "个", kind="baseline", deadline="2025")),
    ]  # fmt: skip
    plan = make_plan(people.supervisor, items)
    services.file_plan(people.supervisor, plan)
    main = Target.objects.get(plan=plan, repeat_of=None)
    assert (main.value, main.baseline_value, main.baseline_on) == (80000, 32000, date(2025, 12, 31))
    assert Milestone.objects.get(target=main, assumed=False).value == 45000
    assert main.repeats.count() == 2


def test_the_whole_way_to_a_closed_task(filed: Plan, people: SimpleNamespace) -> None:
    found = the(filed, "建设平台")
    assert services.accept(people.city, found).state == Task.State.ASSIGNED, "a supporting unit alone does not start it"
    assert services.accept(people.data, found).state == Task.State.UNDER_WAY
    goal = found.targets.get()
    report = services.report_progress(
        people.data, found, text="已建成12个", value=Decimal(12), target=goal, evidence=[evidence_of(people.data)]
    )
    assert report.value is not None and report.value.value == 12
    services.report_progress(people.city, found, text="配合完成选址")
    with pytest.raises(Conflict):
        services.close(people.supervisor, found)
    services.report_done(people.data, found, text="完成")
    assert services.close(people.supervisor, found, note="同意").state == Task.State.CLOSED
    actions = list(
        AuditRecord.objects.filter(object_type="plans.task", object_id=str(found.pk)).values_list("action", flat=True)
    )
    assert actions == [
        "task.assign",
        "task.accept",
        "task.accept",
        "task.report",
        "task.report",
        "task.report_done",
        "task.close",
    ]


@pytest.mark.parametrize(
    ("who", "step"),
    [("city", "done"), ("health", "accept"), ("nobody", "accept"), ("viewer", "accept"), ("data", "close"), ("data", "chase"), ("viewer", "chase"),
     ("auditor", "close"), ("city", "break_down"), ("data", "file")],
)  # fmt: skip
def test_whoever_has_no_part_takes_no_step(filed: Plan, people: SimpleNamespace, who: str, step: str) -> None:
    account, found = getattr(people, who), the(filed, "建设平台")
    services.accept(people.data, found)
    steps = {
        "accept": lambda: services.accept(account, found),
        "done": lambda: services.report_done(account, found, text="完成", evidence=[evidence_of(account)]),
        "close": lambda: services.close(account, found),
        "chase": lambda: services.chase(account, found, text="请报告"),
        "break_down": lambda: services.add_step(account, found, title="节点", due=TODAY()),
        "file": lambda: services.file_plan(account, filed),
    }
    with pytest.raises(NotAllowed):
        steps[step]()


def test_a_number_and_the_end_need_evidence(filed: Plan, people: SimpleNamespace) -> None:
    found = the(filed, "建设平台")
    services.accept(people.data, found)
    with pytest.raises(InvalidInput, match="evidence"):
        services.report_progress(people.data, found, text="12个", value=Decimal(12), target=found.targets.get())
    with pytest.raises(InvalidInput, match="evidence"):
        services.report_done(people.data, found, text="完成")
    with pytest.raises(InvalidInput, match="evidence"):
        services.report_target(people.supervisor, found.targets.get(), value=Decimal(3), text="", evidence=[])
    assert not Report.objects.exists()


def test_a_number_belongs_to_a_target_of_the_task(filed: Plan, people: SimpleNamespace) -> None:
    found = the(filed, "建设平台")
    services.accept(people.data, found)
    other = Target.objects.get(indicator__title="示范场景")
    with pytest.raises(InvalidInput):
        services.report_progress(
            people.data, found, text="x", value=Decimal(1), target=other, evidence=[evidence_of(people.data)]
        )


def test_the_future_cannot_be_reported(filed: Plan, people: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput, match="future"):
        services.report_target(
            people.supervisor,
            Target.objects.first(),
            value=Decimal(3),
            text="x",
            as_of=TODAY() + timedelta(days=1),
            evidence=[evidence_of(people.supervisor)],
        )


def test_a_deputy_acts_for_the_principal_and_the_record_says_so(filed: Plan, people: SimpleNamespace) -> None:
    Deputy.objects.create(principal=people.data, deputy=people.town, since=TODAY(), until=TODAY(), reason="休假")
    services.accept(people.town, the(filed, "建设平台"))
    row = AuditRecord.objects.get(action="task.accept")
    assert (row.actor_name, row.on_behalf_of) == (people.town.username, people.data.username)


def test_the_unit_that_carries_on_sees_and_accepts_its_predecessors_tasks(
    filed: Plan, people: SimpleNamespace, district: SimpleNamespace, account_with
) -> None:
    heir = administration.create_organisation(account_with("system_admin"), None, name="望河区健康服务局")
    officer = account_with("officer", heir)
    assert not visible(officer, Task.objects.all()).exists()
    Succession.objects.create(predecessor=district.health, successor=heir, on=TODAY(), source="机构改革方案")
    assert [t.heading for t in visible(officer, Task.objects.all())] == ["推广应用"]
    services.accept(officer, the(filed, "推广应用"))


def test_each_account_sees_its_own_tasks_only(filed: Plan, people: SimpleNamespace) -> None:
    seen = {
        who: [t.heading for t in visible(getattr(people, who), Task.objects.all())]
        for who in ("supervisor", "viewer", "city", "town", "nobody", "auditor")
    }
    everything = ["建设平台", "推广应用", "宣传培训"]
    assert seen == {
        "supervisor": everything,
        "viewer": everything,
        "city": ["建设平台"],
        "town": ["宣传培训"],
        "nobody": [],
        "auditor": [],
    }


def test_the_public_sees_a_plan_only_after_a_person_published_it(filed: Plan, people: SimpleNamespace) -> None:
    assert not visible(None, Plan.objects.all()).exists()
    services.publish(people.supervisor, filed)
    assert visible(None, Plan.objects.all()).exists() and not visible(None, Task.objects.all()).exists()
    services.withdraw(people.supervisor, filed)
    assert not visible(None, Plan.objects.all()).exists()


def test_a_supervision_notice_is_answered_by_the_next_report_and_settled_by_closing(
    filed: Plan, people: SimpleNamespace
) -> None:
    found = the(filed, "建设平台")
    notice = services.chase(people.supervisor, found, text="请报告")
    assert found.pk in {t.pk for t in services.my_week(people.data, TODAY()).to_accept}
    services.accept(people.data, found)
    assert [t.pk for t in services.my_week(people.data, TODAY()).chased] == [found.pk]
    services.report_progress(people.city, found, text="配合单位的进展")
    notice.refresh_from_db()
    assert notice.step == "answer", "the accountable unit is to answer, not a supporting one"
    services.report_progress(people.data, found, text="进展正常", evidence=[evidence_of(people.data)])
    notice.refresh_from_db()
    event = notice.events.get(kind="taken")
    assert (notice.step, event.text, event.organisation, event.evidence.count()) == (
        "review", "进展正常", people.data.organisation, 1,
    )  # fmt: skip
    assert not services.my_week(people.data, TODAY()).chased
    services.report_done(people.data, found, text="完成")
    services.close(people.supervisor, found)
    notice.refresh_from_db()
    assert notice.closed_at is not None


def test_a_supervision_notice_names_the_accountable_units_and_tells_their_officers(
    filed: Plan, people: SimpleNamespace, district: SimpleNamespace
) -> None:
    notice = services.chase(people.supervisor, the(filed, "建设平台"), text="请报告")
    assert [(part.organisation, part.role) for part in notice.units.all()] == [
        (district.data, "handler"), (district.government, "opener"),
    ]  # fmt: skip
    assert [n.about_id for n in own_notices(people.data)] == [str(notice.pk)] and not own_notices(people.city)
    assert notice.number.startswith(f"DB-{TODAY().year}-") and notice.find_about() == the(filed, "建设平台")


def test_a_task_sent_back_is_under_way_again(filed: Plan, people: SimpleNamespace) -> None:
    found = the(filed, "推广应用")
    services.accept(people.health, found)
    services.report_done(people.health, found, text="完成", evidence=[evidence_of(people.health)])
    with pytest.raises(InvalidInput):
        services.send_back(people.supervisor, found, reason=" ")
    services.send_back(people.supervisor, found, reason="缺少验收报告")
    found.refresh_from_db()
    assert found.state == Task.State.UNDER_WAY


def test_steps_lie_before_the_deadline(filed: Plan, people: SimpleNamespace) -> None:
    found = the(filed, "建设平台")
    services.accept(people.data, found)
    step = services.add_step(people.data, found, title="完成选型", due=date(2027, 3, 1))
    with pytest.raises(InvalidInput):
        services.add_step(people.data, found, title="太晚", due=date(2029, 1, 1))
    assert services.finish_step(people.city, found, step_id=step.pk).done_at is not None


def test_a_task_without_a_linked_unit_waits(people: SimpleNamespace, district: SimpleNamespace) -> None:
    plan = make_plan(people.supervisor, [("task", task(5, "甲", ("各镇街", "responsible")))])
    services.file_plan(people.supervisor, plan)
    done, waiting = services.assign_all(people.supervisor, plan)
    assert (done, [t.heading for t in waiting]) == (0, ["甲"])
    assert services.unlinked_names() == [("各镇街", 1)]
    services.link_units(people.supervisor, district.town, name="各镇街")
    assert services.assign_all(people.supervisor, plan)[0] == 1


def test_handing_over_moves_open_parts_to_the_successor(
    filed: Plan, people: SimpleNamespace, district: SimpleNamespace, account_with
) -> None:
    services.accept(people.data, the(filed, "建设平台"))
    heir = account_with("officer", district.data)
    assert administration.hand_over(people.supervisor, people.data, successor=heir) == 1
    assert the(filed, "建设平台").units.get(role="lead").officer == heir


def test_reminders_are_written_once_and_in_time(filed: Plan, people: SimpleNamespace) -> None:
    """Due on Tuesday 30 June 2026: three working days before is Thursday the 25th."""
    Task.objects.update(assigned_at=timezone.make_aware(timezone.datetime(2026, 6, 24, 9)))
    at = [timezone.make_aware(timezone.datetime(2026, 6, day, 9)) for day in (24, 25, 26)] + [
        timezone.make_aware(timezone.datetime(2026, 7, 1, 9))
    ]
    remind(at[0])
    assert not Reminder.objects.filter(kind="amber").exists()
    remind(at[1])
    remind(at[2])
    assert Reminder.objects.filter(kind="amber").count() == 1
    remind(at[3])
    remind(at[3])
    assert Reminder.objects.filter(kind="red").count() == 1
    assert Reminder.objects.filter(kind="unaccepted").count() == 3
    told = Notice.objects.filter(about_type="plans.task", organisation=people.town.organisation)
    assert sorted(told.values_list("subject_zh", flat=True)) == ["任务临期", "任务已逾期", "任务超期未签收"]


def test_milestones_set_by_a_person_replace_the_assumed_ones(filed: Plan, people: SimpleNamespace) -> None:
    found = Target.objects.get(indicator__title="示范场景")
    services.set_milestones(people.supervisor, found, points=[(date(2026, 12, 31), Decimal(5))])
    assert [(m.value, m.assumed) for m in found.milestones.all()] == [(5, False)]
    with pytest.raises(InvalidInput):
        services.set_milestones(people.supervisor, found, points=[(date(2029, 1, 1), Decimal(5))])
    services.set_baseline(people.supervisor, found, value=Decimal(2), on=date(2025, 12, 31), source="统计公报")
    assert not found.milestones.get(due=date(2026, 12, 31)).assumed


def test_a_revised_plan_takes_its_targets_and_tasks_along(filed: Plan, people: SimpleNamespace) -> None:
    services.accept(people.data, the(filed, "建设平台"))
    fresh = make_plan(
        people.supervisor,
        [
            ("task", task(5, "建设平台", ("区数据局", "lead"), ("柳渡镇", "support"))),
            ("target", target(3, "示范场景", 35, "个")),
        ],
        replaces=filed,
    )
    file_revision(people.supervisor, filed, fresh)
    moved = Task.objects.get(heading="建设平台")
    assert moved.plan == fresh and moved.state == Task.State.UNDER_WAY
    assert [u.name for u in moved.units.all()] == ["区数据局", "柳渡镇"]
    assert Target.objects.get(indicator__title="示范场景").value == 35
    with pytest.raises(Conflict):
        services.file_plan(people.supervisor, filed)


def test_the_share_of_closed_tasks_is_measured(filed: Plan, people: SimpleNamespace) -> None:
    assert closed_share(timezone.now()) == 0
    found = the(filed, "推广应用")
    services.accept(people.health, found)
    services.report_done(people.health, found, text="完成", evidence=[evidence_of(people.health)])
    services.close(people.supervisor, found)
    assert closed_share(timezone.now()) == Decimal("33.33")
    assert closed_share(timezone.now() - timedelta(days=1)) is None


def test_a_clause_that_is_filed_cannot_be_decided_again(filed: Plan, people: SimpleNamespace) -> None:
    with pytest.raises(Conflict, match="filed"):
        services.reject(people.supervisor, Clause.objects.filter(kind="task").first())


def test_an_upper_limit_without_baseline_is_not_behind_for_starting_above_zero(people: SimpleNamespace) -> None:
    """Its assumed line starts at the first value, not at zero; only what comes down too slowly is behind."""
    plan = make_plan(people.supervisor, [("target", target(3, "事故起数", 30, "起", comparator="<="))])
    services.file_plan(people.supervisor, plan)
    found = plan.targets.get()
    assert not found.milestones.exists()
    assert start_of(found)[1:] == (Decimal(30), True), "before the first value the line is the limit itself"

    def report(value: int, day: date) -> str:
        file = evidence_of(people.supervisor)
        services.report_target(people.supervisor, found, value=Decimal(value), as_of=day, text="统计", evidence=[file])
        return standing(plan.targets.get(), date(2026, 11, 20)).assessment.state

    assert report(50, date(2026, 3, 1)) == "on_track", "one value above the limit is where it starts"
    assert report(49, date(2026, 11, 1)) == "at_risk", "49 on a line from 50 down to 30"
    assert report(44, date(2026, 11, 2)) == "on_track"


def test_filing_again_files_only_what_is_new_and_undoes_nothing(people: SimpleNamespace) -> None:
    """After a clause was reopened and confirmed, or added: nothing is filed twice, and what people set since the first time stays."""
    subject = "示范场景"
    plan = make_plan(
        people.supervisor,
        [
            ("target", target(3, subject, 30, "个")), ("target", target(3, subject, 10, "个", deadline="2026")),
            ("task", task(5, "建设平台", ("区数据局", "lead"))), ("task", task(6, "推广应用", ("区卫生健康委", "responsible"))),
        ],
    )  # fmt: skip
    late = plan.clauses.last()
    services.reopen(people.supervisor, late)
    assert services.file_plan(people.supervisor, plan) == (2, 1)
    main = plan.targets.get(repeat_of=None)
    assert list(main.milestones.filter(assumed=False).values_list("value", flat=True)) == [10]
    services.set_milestones(people.supervisor, main, points=[(date(2027, 6, 30), Decimal(18))])
    services.assign_all(people.supervisor, plan)
    rows = Target, Task, TaskUnit, Milestone, Indicator

    def everything() -> list[Any]:
        return [list(model.objects.order_by("pk").values()) for model in rows]

    before = everything()
    assert services.file_plan(people.supervisor, plan) == (0, 0)
    assert everything() == before
    services.confirm(people.supervisor, Clause.objects.get(pk=late.pk))
    assert services.file_plan(people.supervisor, plan) == (0, 1)
    assert [t.heading for t in plan.tasks.order_by("pk")] == ["建设平台", "推广应用"]
    after = everything()
    assert [after[0], after[3], after[4]] == [before[0], before[3], before[4]] and after[1][0] == before[1][0]
    assert services.file_plan(people.supervisor, plan) == (0, 0) and everything() == after
    found = services.programme(people.supervisor, timezone.localdate())
    assert (sum(found.by_state().values()), len(found.states)) == (2, 1)
