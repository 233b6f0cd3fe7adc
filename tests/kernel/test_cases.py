"""Cases: who may take which step, what a step demands, what is written, who sees and is told what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.cases import (
    CASE_TYPES,
    CLOSED,
    DUE_DATE,
    Case,
    CaseEvent,
    CaseStep,
    CaseType,
    Exit,
    case_type,
    count_waiting,
    may_take,
    open_case,
    take_step,
    waiting_for,
    watch,
    withdraw,
)
from haihe.kernel.cases.limits import due_at, marks, reminder_at
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.kernel.identity import Deputy, RoleGrant
from haihe.kernel.notices import Notice, own_notices
from haihe.kernel.organisations import Organisation, Succession
from haihe.kernel.permissions import visible

TODAY = timezone.localdate


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(
        supervisor=account_with("supervisor", district.government), viewer=account_with("viewer"), auditor=account_with("auditor"),
        park=account_with("officer", district.park), city=account_with("officer", district.city), town=account_with("officer", district.town),
        nobody=account_with(""),
    )  # fmt: skip


@pytest.fixture
def case(alarm_type, district: SimpleNamespace, people: SimpleNamespace) -> Case:
    """Opened by the system; the park handles it, the city bureau reviews it."""
    return open_case(
        None, "test.alarm", "某车超速", district.park, reviewer=district.city, text="请处置", severity="severe"
    )


def photo(account) -> EvidenceFile:
    return receive("照片.png", [b"\x89PNG\r\n\x1a\n" + b"0" * 32], account)


def answered(case: Case, people: SimpleNamespace) -> Case:
    return take_step(people.park, case, step="answer", text="已处置", evidence=[photo(people.park)])


def test_the_whole_way_to_a_closed_case(case: Case, people: SimpleNamespace) -> None:
    assert case.number == f"TS-{TODAY().year}-0001" and case.severity == Case.Severity.SEVERE
    case = answered(case, people)
    assert (case.step, case.closed_at) == ("review", None)
    case = take_step(people.city, case, step="review", to="answer", text="照片看不清")
    assert (case.step, case.visit) == ("answer", 3)
    case = answered(case, people)
    case = take_step(people.supervisor, case, step="review", to="closed")
    assert case.closed_at is not None and case.due_at is None and case.watch_at is None
    history = list(case.events.values_list("kind", "step", "to_step"))
    assert history == [
        ("opened", "answer", ""), ("taken", "answer", "review"), ("taken", "review", "answer"), ("taken", "answer", "review"),
        ("taken", "review", "closed"),
    ]  # fmt: skip
    assert [e.title for e in case.events.filter(kind="taken").order_by("pk")] == ["提交", "退回", "提交", "办结"]
    audited = AuditRecord.objects.filter(object_type="kernel.case", object_id=str(case.pk)).values_list(
        "action", flat=True
    )
    assert list(audited) == ["case.open"] + ["case.step"] * 4


def test_numbers_follow_each_other_and_a_rolled_back_one_is_given_again(alarm_type, district) -> None:
    first = open_case(None, "test.alarm", "甲", district.park)
    with pytest.raises(RuntimeError), transaction.atomic():
        open_case(None, "test.alarm", "乙", district.park)
        raise RuntimeError
    assert int(open_case(None, "test.alarm", "丙", district.park).number[-4:]) == int(first.number[-4:]) + 1


def test_a_step_out_of_order_says_where_the_case_stands(case: Case, people: SimpleNamespace) -> None:
    with pytest.raises(Conflict) as caught:
        take_step(people.supervisor, case, step="review", to="closed")
    assert "处置" in caught.value.zh and caught.value.to_do_zh
    answered(case, people)
    with pytest.raises(Conflict):
        answered(case, people)


def test_a_closed_case_takes_no_step(case: Case, people: SimpleNamespace) -> None:
    take_step(people.supervisor, answered(case, people), step="review", to="closed")
    for step in (
        lambda: take_step(people.supervisor, case, step="review", to="closed"),
        lambda: withdraw(people.supervisor, case, reason="重复"),
    ):
        with pytest.raises(Conflict, match="closed"):
            step()


@pytest.mark.parametrize(
    ("given", "where"),
    [({"text": "  "}, "text"), ({"text": "已处置"}, "files"), ({"text": "已处置", "to": "closed"}, "to")],
)
def test_what_a_step_demands_is_named(case: Case, people: SimpleNamespace, given: dict, where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        take_step(people.park, case, step="answer", **given)
    assert caught.value.where == where and caught.value.to_do_zh and caught.value.to_do_en
    assert case.events.count() == 1


def test_sending_back_needs_a_reason_and_closing_does_not(case: Case, people: SimpleNamespace) -> None:
    case = answered(case, people)
    with pytest.raises(InvalidInput):
        take_step(people.city, case, step="review", to="answer")
    with pytest.raises(InvalidInput, match="Choose"):
        take_step(people.city, case, step="review", text="x")
    assert take_step(people.city, case, step="review", to="closed").closed_at


@pytest.mark.parametrize("who", ["city", "town", "supervisor", "viewer", "auditor", "nobody"])
def test_only_the_performers_of_a_step_take_it(case: Case, people: SimpleNamespace, who: str) -> None:
    account = getattr(people, who)
    with pytest.raises(NotAllowed):
        take_step(account, case, step="answer", text="x", evidence=[photo(account)])
    assert not may_take(account, case) and may_take(people.park, case)


@pytest.mark.parametrize("who", ["park", "town", "viewer", "nobody"])
def test_the_handler_does_not_review_its_own_answer(case: Case, people: SimpleNamespace, who: str) -> None:
    case = answered(case, people)
    with pytest.raises(NotAllowed):
        take_step(getattr(people, who), case, step="review", to="closed")


def test_an_officer_over_both_units_answers_or_reviews_but_not_both(
    case: Case, account_with, district: SimpleNamespace
) -> None:
    above = account_with("officer", district.government)
    take_step(above, case, step="answer", text="已处置", evidence=[photo(above)])
    case.refresh_from_db()
    assert not may_take(above, case)
    with pytest.raises(NotAllowed, match="themselves"):
        take_step(above, case, step="review", to="closed")
    assert take_step(account_with("officer", district.government), case, step="review", to="closed").closed_at


def test_a_deputy_acts_and_the_record_says_for_whom(case: Case, people: SimpleNamespace) -> None:
    Deputy.objects.create(principal=people.park, deputy=people.town, since=TODAY(), until=TODAY(), reason="休假")
    assert case in visible(people.town, Case.objects.all())
    take_step(people.town, case, step="answer", text="已处置", evidence=[photo(people.town)])
    event, row = case.events.get(kind="taken"), AuditRecord.objects.get(action="case.step")
    assert (event.account, event.on_behalf_of, event.organisation) == (
        people.town,
        people.park.username,
        people.park.organisation,
    )
    assert row.on_behalf_of == people.park.username


def test_a_unit_that_carries_on_anothers_work_sees_the_case_acts_and_is_told(
    case: Case, people: SimpleNamespace, district: SimpleNamespace, account_with
) -> None:
    """Also over two steps of succession: park → new park → newest park."""
    middle = Organisation.objects.create(name="望河新区管委会", parent=district.government)
    heir = Organisation.objects.create(name="望河高新区管委会", parent=district.government)
    officer = account_with("officer", heir)
    assert case not in visible(officer, Case.objects.all())
    Succession.objects.create(predecessor=district.park, successor=middle, on=TODAY(), source="文件")
    Succession.objects.create(predecessor=middle, successor=heir, on=TODAY(), source="文件")
    assert case in visible(officer, Case.objects.all())
    assert waiting_for(officer, Case.objects.prefetch_related("units__organisation")) == [case]
    watch(case.due_at)
    assert [n.subject_zh for n in own_notices(officer)] == [f"告警处置 {case.number}已逾期"]
    take_step(officer, case, step="answer", text="已处置", evidence=[photo(officer)])
    assert case.events.get(kind="taken").organisation == heir


def test_each_account_sees_its_own_cases_only(case: Case, people: SimpleNamespace, district, account_with) -> None:
    seen = {who: visible(getattr(people, who), Case.objects.all()).exists() for who in vars(people)}
    assert seen == {
        "supervisor": True,
        "viewer": True,
        "park": True,
        "city": True,
        "town": False,
        "auditor": False,
        "nobody": False,
    }
    scoped = account_with("supervisor", district.town)
    RoleGrant.objects.filter(account=scoped).update(scope=district.town)
    assert not visible(scoped, Case.objects.all()).exists() and not visible(None, Case.objects.all()).exists()
    other = open_case(None, "test.alarm", "镇里的事", district.town)
    assert list(visible(scoped, Case.objects.all())) == [other]
    with pytest.raises(NotAllowed):
        withdraw(scoped, case, reason="不归我管")


def test_evidence_is_seen_with_its_case(case: Case, people: SimpleNamespace) -> None:
    answered(case, people)
    for who, sees in (("city", True), ("supervisor", True), ("town", False), ("nobody", False)):
        assert visible(getattr(people, who), EvidenceFile.objects.all()).exists() == sees, who


def test_what_waits_for_an_account_is_what_it_may_take(case: Case, people: SimpleNamespace, district) -> None:
    open_case(None, "test.alarm", "另一件", district.town, reviewer=district.park)
    take_step(people.town, Case.objects.get(subject="另一件"), step="answer", text="好", evidence=[photo(people.town)])
    rows = Case.objects.prefetch_related("units__organisation")
    for account in vars(people).values():
        assert waiting_for(account, rows) == [c for c in rows if may_take(account, c)], account.username
        assert count_waiting(account, Case.objects.filter(closed_at=None)) == len(waiting_for(account, rows))


def test_history_is_written_once(case: Case, people: SimpleNamespace) -> None:
    answered(case, people)
    for change in (
        lambda: CaseEvent.objects.update(text="改"),
        lambda: CaseEvent.objects.all()._raw_delete("default"),
        lambda: CaseEvent.evidence.through.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            change()


# --- opening --------------------------------------------------------------------------------------------------------


def test_a_person_opens_only_what_the_type_allows_for_units_in_scope(alarm_type, people, district) -> None:
    assert open_case(people.supervisor, "test.alarm", "甲", district.town).opened_by == people.supervisor
    assert (
        open_case(people.city, "test.alarm", "乙", district.town).units.get(role="opener").organisation == district.city
    )
    for account in (people.viewer, people.auditor, people.nobody):
        with pytest.raises(NotAllowed):
            open_case(account, "test.alarm", "丙", district.town)
    with pytest.raises(NotFound, match="no case type"):
        open_case(None, "test.unknown", "丁", district.town)
    for given in ({"subject": " ", "organisation": district.town}, {"subject": "戊", "organisation": []}):
        with pytest.raises(InvalidInput):
            open_case(None, "test.alarm", **given)


def test_a_case_keeps_the_steps_and_limits_it_was_opened_under(
    case: Case, people: SimpleNamespace, monkeypatch
) -> None:
    """Neither a changed parameter nor a type that is gone changes an open case."""
    from haihe.kernel import cases, policies

    monkeypatch.setattr(policies, "all_parameters", dict)
    monkeypatch.setattr(cases.running, "CASE_TYPES", {})
    case = answered(case, people)
    assert case.current["limit"] == {
        "key": "test.review_days",
        "value": 3,
        "unit": "working days",
        "source": "unverified",
    }
    assert case.due_at is not None and take_step(people.city, case, step="review", to="closed").closed_at


def test_withdrawing_needs_a_reason_and_says_so_in_the_history(case: Case, people: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput):
        withdraw(people.supervisor, case, reason=" ")
    with pytest.raises(NotAllowed):
        withdraw(people.city, case, reason="误报")
    case = withdraw(people.supervisor, case, reason="误报")
    assert case.closed_at and case.step_title == "撤销" and case.events.last().text == "误报"


# --- limits ---------------------------------------------------------------------------------------------------------


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


DAYS, DAY = {"value": 3, "unit": "working days"}, {"value": 1, "unit": "working days"}


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (utc(2026, 11, 20, 2), utc(2026, 11, 25, 16)),  # Friday 10:00 in Shanghai → the end of Wednesday
        (utc(2026, 11, 20, 16, 30), utc(2026, 11, 25, 16)),  # Saturday 00:30 → Monday, Tuesday, Wednesday
        (
            utc(2025, 9, 30, 2),
            utc(2025, 10, 11, 16),
        ),  # before National Day: 9, 10 and the working Saturday of 11 October 2025
    ],
)
def test_working_days_count_in_local_time_past_weekends_and_holidays(start: datetime, due: datetime) -> None:
    assert due_at(start, DAYS) == due


def test_hours_run_on_the_clock_also_at_night_and_on_sundays() -> None:
    assert due_at(utc(2026, 11, 21, 23), {"value": 2, "unit": "hours"}) == utc(2026, 11, 22, 1)


def test_a_reminder_before_the_steps_start_is_left_out() -> None:
    start = utc(2026, 11, 20, 2)
    due = due_at(start, DAYS)
    assert reminder_at(due, DAY) == utc(2026, 11, 23, 16)
    assert [name for name, _ in marks({"remind": [DAY, {"value": 9, "unit": "working days"}]}, start, due)] == [
        "remind:1 working days",
        "overdue",
    ]


def test_reminder_and_escalation_are_written_once_each_and_again_after_sending_back(
    case: Case, people: SimpleNamespace
) -> None:
    for at in (case.due_at - timedelta(hours=3), case.due_at - timedelta(hours=2), case.due_at - timedelta(hours=1)):
        watch(at)
        watch(at)
    assert list(case.events.filter(kind="reminded").values_list("mark", flat=True)) == ["remind:2 hours"]
    case.refresh_from_db()
    assert case.light(case.due_at - timedelta(hours=1)) == "amber" and case.light(case.due_at) == "red"
    for _ in range(3):
        watch(case.due_at + timedelta(hours=1))
    assert case.events.filter(kind="overdue").count() == 1
    assert [n.subject_zh for n in own_notices(people.supervisor)] == [f"告警处置 {case.number}已逾期"]
    assert [n.subject_zh[-2:] for n in own_notices(people.park)] == ["逾期", "临期", "处置"]
    assert not own_notices(people.town).exists()
    case = take_step(people.city, answered(case, people), step="review", to="answer", text="不清楚")
    watch(case.due_at)
    assert case.events.filter(kind="overdue", step="answer").count() == 2


def test_after_a_pause_of_the_worker_only_the_last_mark_is_written(case: Case) -> None:
    watch(case.due_at + timedelta(days=30))
    assert list(case.events.exclude(mark="").values_list("mark", flat=True)) == ["overdue"]


def test_a_case_that_cannot_be_watched_does_not_keep_the_others_waiting(case: Case, district) -> None:
    other = open_case(None, "test.alarm", "另一件", district.town)
    broken = {**case.steps[0], "remind": [{"value": "x", "unit": "hours"}]}
    Case.objects.filter(pk=case.pk).update(steps=[broken, case.steps[1]])
    with pytest.raises(ValueError):
        watch(other.due_at + timedelta(days=1))
    assert other.events.filter(mark="overdue").count() == 1


def test_nobody_is_told_of_a_step_that_was_rolled_back(case: Case, people: SimpleNamespace) -> None:
    before = Notice.objects.count()
    with pytest.raises(InvalidInput):
        take_step(people.park, case, step="answer", text="没有附件")
    assert Notice.objects.count() == before


def test_a_step_may_end_on_the_cases_own_day(district) -> None:
    """Its last day belongs to it whenever the step begins, and opening such a case means to name the day."""
    step = CaseStep(
        "do", "办理", "Do", ("handler",), (Exit(CLOSED, "办结", "Close"),), limit=DUE_DATE, escalate_to=("supervisor",)
    )
    kind = case_type(CaseType("test.order", "TO", "交办", "Order", (step,)))
    try:
        day = timezone.localdate() + timedelta(days=400)
        case = open_case(None, kind.name, "办一件事", district.data, due_on=day)
        assert (case.last_day, case.current["limit"]["value"]) == (day, day.isoformat())
        assert not case.is_overdue(case.due_at - timedelta(seconds=1)) and case.is_overdue(case.due_at)
        with pytest.raises(InvalidInput, match="by when"):
            open_case(None, kind.name, "没有日期", district.data)
    finally:
        del CASE_TYPES[kind.name]
