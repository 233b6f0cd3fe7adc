"""Duty rosters: gaps are found to the minute and told once, a shift is handed over by name, a check is answered or was not."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from haihe.kernel import rosters
from haihe.kernel.alerts import lifecycle
from haihe.kernel.alerts.models import Alert
from haihe.kernel.audit import AuditRecord
from haihe.kernel.cases import Case, take_step
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import Role, hand_over_open_work
from haihe.kernel.notices import Notice
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import visible
from haihe.kernel.rosters import CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver, watch

START = datetime(2026, 3, 2, tzinfo=timezone.get_default_timezone())
HOUR = timedelta(hours=1)


@given(
    st.lists(st.tuples(st.integers(-20, 60), st.integers(1, 30)), max_size=8),
    st.integers(0, 20),
    st.integers(1, 40),
)
def test_gaps_are_exactly_the_minutes_that_no_shift_covers(
    shifts: list[tuple[int, int]], first: int, length: int
) -> None:
    def at(minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    found = rosters.find_gaps(((at(b), at(b + n)) for b, n in shifts), at(first), at(first + length))
    uncovered = {m for m in range(first, first + length) if not any(b <= m < b + n for b, n in shifts)}
    told = [m for gap in found for m in range(first, first + length) if gap.since <= at(m) < gap.until]
    assert sorted(told) == sorted(uncovered) and len(told) == len(set(told))
    assert all(a.until < b.since for a, b in itertools.pairwise(found)), "neighbours are one gap"


@pytest.fixture
def carrier(district: Any, account_with: Any) -> SimpleNamespace:
    """A firm below a bureau, its two people, the bureau's officer and a supervisor, and a post without shifts."""
    unit = Organisation.objects.create(name="试验运输公司", kind="enterprise", parent=district.city)
    people = [account_with(Role.OFFICER, unit) for _ in range(2)]
    bureau, supervisor = account_with(Role.OFFICER, district.city), account_with(Role.SUPERVISOR)
    post = rosters.open_post(people[0], unit, name="监控室", telephone="0000")
    return SimpleNamespace(unit=unit, people=people, bureau=bureau, supervisor=supervisor, post=post)


def _arrange(carrier: Any, who: int, begin_h: float, hours: float, now: datetime) -> Shift:
    person = carrier.people[who]
    begin = now + begin_h * HOUR
    return rosters.arrange_shifts(person, carrier.post, person=person, starts_at=begin, ends_at=begin + hours * HOUR)[0]


def _alert(rule: str = "rosters.gap") -> Alert:
    return Alert.objects.get(rule=rule)


def test_a_gap_ahead_warns_a_gap_now_is_an_alert_with_a_case_and_both_end(carrier: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, -1, 5, now)  # until in four hours: within the time of warning
    assert watch(now) == 1 and watch(now + timedelta(minutes=1)) == 0, "told once"
    warning = _alert()
    assert (warning.level, warning.state, warning.thing) == ("warning", "raised", carrier.post.thing)
    assert abs((warning.started_at - now).total_seconds() - 4 * 3600) < 1 and not Case.objects.exists()
    told = Notice.objects.filter(subject_zh__startswith="即将缺岗").values_list("organisation", flat=True)
    assert set(told) == {carrier.unit.pk, carrier.unit.parent.pk}, "the unit and the unit above it"

    assert watch(now + 5 * HOUR) == 1
    raised = _alert()
    assert (raised.level, raised.state, raised.count) == ("raised", "raised", 1)
    case = Case.objects.get()
    assert {(p.organisation, p.role) for p in case.units.all()} == {
        (carrier.unit, "handler"), (carrier.unit.parent, "reviewer"),
    }  # fmt: skip
    assert Notice.objects.filter(subject_zh__startswith="值班缺岗", organisation=carrier.unit.parent).exists()

    _arrange(carrier, 1, 4, 24, now)
    assert watch(now + 5.1 * HOUR) == 1
    assert _alert().over_at is not None and _alert().state == "raised", "people still have to say what happened"
    take_step(carrier.people[0], case, step="answer", text="临时请假，已补班。")
    assert _alert().state == Alert.State.HANDLED
    take_step(carrier.bureau, Case.objects.get(), step="review", to="closed")
    assert _alert().state == Alert.State.ENDED


def test_an_alert_that_people_closed_is_not_raised_again_for_the_same_gap(carrier: Any) -> None:
    now = timezone.now()
    watch(now)
    lifecycle.call_false_alarm(carrier.supervisor, _alert(), text="岗位明日启用")
    assert watch(now + HOUR) == 0 and Alert.objects.count() == 1
    _arrange(carrier, 0, 1, 24, now)
    watch(now + 2 * HOUR)
    assert DutyPost.objects.get().gap_phase == "", "the next gap is news again"


def test_a_gap_filled_in_time_ends_the_warning_by_itself(carrier: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, 0, 6, now)
    watch(now + timedelta(seconds=1))
    _arrange(carrier, 1, 6, 24, now)
    watch(now + timedelta(seconds=2))
    assert _alert().state == Alert.State.ENDED and not Case.objects.exists()


def test_another_gap_ahead_is_told_again_and_a_rule_switched_off_tells_nothing(carrier: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, 0, 6, now)
    lifecycle.switch_rule(carrier.supervisor, None, rule="rosters.gap", enabled=False, reason="检修")
    assert watch(now) == 0 and not Alert.objects.exists()
    lifecycle.switch_rule(carrier.supervisor, None, rule="rosters.gap", enabled=True, reason="恢复")
    assert watch(now) == 1
    _arrange(carrier, 1, 6, 2, now)
    assert watch(now) == 1 and Alert.objects.count() == 1
    assert Notice.objects.filter(subject_zh__startswith="即将缺岗", organisation=carrier.unit).count() == 2


def test_a_retired_post_and_a_person_who_left(carrier: Any, account_with: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, -1, 24, now)
    watch(now)
    carrier.people[0].is_active = False
    carrier.people[0].save()
    watch(now)
    assert _alert().level == "raised", "an account that is switched off guards nothing"
    rosters.retire_post(carrier.supervisor, carrier.post, reason="撤并")
    watch(now)
    assert _alert().over_at is not None and DutyPost.objects.get().gap_phase == ""
    with pytest.raises(Conflict):
        _arrange(carrier, 1, 0, 4, now)
    again = rosters.open_post(carrier.people[1], carrier.unit, name="监控室")
    assert again == carrier.post and not DutyPost.objects.get().is_retired


@pytest.mark.parametrize(
    ("begin_h", "hours", "days", "error"),
    [(0, 0, 1, InvalidInput), (0, 25, 1, InvalidInput), (0, 8, 0, InvalidInput), (0, 8, 63, InvalidInput), (-9, 8, 1, InvalidInput), (2, 8, 1, Conflict), (-23, 24, 3, Conflict)],
)  # fmt: skip
def test_what_cannot_be_arranged(carrier: Any, begin_h: float, hours: float, days: int, error: type[Exception]) -> None:
    now = timezone.now()
    _arrange(carrier, 0, 0, 8, now)
    with pytest.raises(error):
        rosters.arrange_shifts(
            carrier.people[0], carrier.post, person=carrier.people[0], starts_at=now + begin_h * HOUR,
            ends_at=now + (begin_h + hours) * HOUR, days=days,
        )  # fmt: skip
    assert Shift.objects.count() == 1, "all or nothing"


def test_days_in_a_row_keep_the_clock_and_strangers_cannot_be_arranged(
    carrier: Any, account_with: Any, district: Any
) -> None:
    begin = timezone.localtime(timezone.now()).replace(hour=23, minute=0, second=0, microsecond=0)
    made = rosters.arrange_shifts(
        carrier.supervisor, carrier.post, person=carrier.people[1], starts_at=begin, ends_at=begin + 8 * HOUR, days=5
    )
    assert [timezone.localtime(s.starts_at).hour for s in made] == [23] * 5
    assert [(s.starts_at - begin).days for s in made] == [0, 1, 2, 3, 4]
    with pytest.raises(InvalidInput, match="no officer of this unit"):
        rosters.arrange_shifts(
            carrier.supervisor, carrier.post, person=account_with(Role.OFFICER, district.town), starts_at=begin, ends_at=begin + HOUR
        )  # fmt: skip
    other = account_with(Role.OFFICER, district.town)
    with pytest.raises(NotAllowed):
        rosters.arrange_shifts(other, carrier.post, person=other, starts_at=begin, ends_at=begin + HOUR)


def test_a_shift_is_handed_over_with_a_note_and_taken_by_name(carrier: Any) -> None:
    now = timezone.now()
    first, second = _arrange(carrier, 0, -7, 7.5, now), _arrange(carrier, 1, 0.5, 8, now)
    one, two = carrier.people
    rosters.take_over(one, carrier.post)
    with pytest.raises(Conflict):
        rosters.take_over(one, carrier.post)
    with pytest.raises(InvalidInput):
        rosters.hand_over(one, carrier.post, text=" ")
    with pytest.raises(Conflict):
        rosters.hand_over(two, carrier.post, text="还没开始")
    note = rosters.hand_over(one, carrier.post, text="津X 1234 疲劳驾驶待核实")
    assert (note.shift, note.account) == (first, one)
    with pytest.raises(Conflict):
        rosters.hand_over(one, carrier.post, text="再签一次")
    taken = rosters.take_over(two, carrier.post, text="已阅")
    assert taken.shift == second and list(taken.notes.all()) == [note]
    for row, change in ((note, {"text": "改"}), (taken, {"text": "改"})):
        with pytest.raises(DatabaseError), transaction.atomic():
            type(row)._base_manager.filter(pk=row.pk).update(**change)
    assert AuditRecord.objects.filter(action="roster.take_over").count() == 2


def test_a_check_is_answered_in_time_by_who_was_asked(carrier: Any) -> None:
    now = timezone.now()
    with pytest.raises(Conflict, match="Nobody is on duty"):
        rosters.ask_for_answer(carrier.bureau, carrier.post)
    _arrange(carrier, 0, -1, 8, now)
    with pytest.raises(NotAllowed):
        rosters.ask_for_answer(carrier.people[0], carrier.post)
    check = rosters.ask_for_answer(carrier.bureau, carrier.post, question="在线车辆几台？")
    assert Notice.objects.filter(account=carrier.people[0], subject_zh__startswith="查岗").exists()
    with pytest.raises(Conflict, match="still waits"):
        rosters.ask_for_answer(carrier.supervisor, carrier.post)
    with pytest.raises(NotAllowed):
        rosters.answer_check(carrier.people[1], check)
    rosters.answer_check(carrier.people[0], check, text="26 台")
    with pytest.raises(Conflict):
        rosters.answer_check(carrier.people[0], check)
    watch(now + HOUR)
    assert (
        CheckResult.objects.get().outcome == "answered" and not Alert.objects.filter(rule="rosters.unanswered").exists()
    )
    with pytest.raises(DatabaseError), transaction.atomic():
        CheckResult.objects.update(text="改")


def test_an_unanswered_check_is_an_alert_until_a_later_one_is_answered(carrier: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, -1, 24, now)
    check = rosters.ask_for_answer(carrier.supervisor, carrier.post)
    watch(check.answer_by - timedelta(seconds=1))
    assert not CheckResult.objects.exists()
    watch(check.answer_by)
    watch(check.answer_by + timedelta(seconds=5))
    result, alert = CheckResult.objects.get(), _alert("rosters.unanswered")
    assert (result.outcome, result.at) == ("unanswered", check.answer_by)
    assert (alert.level, alert.value, alert.count) == ("raised", 10, 1) and Case.objects.filter(
        about_id=alert.pk
    ).exists()
    with pytest.raises(Conflict):
        rosters.answer_check(carrier.people[0], check, text="来晚了")
    rosters.answer_check(carrier.people[0], rosters.ask_for_answer(carrier.supervisor, carrier.post))
    assert _alert("rosters.unanswered").over_at is not None
    assert DutyCheck.objects.count() == 2


def test_a_shift_withdrawn_before_it_begins_does_not_count_and_a_running_one_ends_now(carrier: Any) -> None:
    now = timezone.now()
    running, later = _arrange(carrier, 0, -1, 4, now), _arrange(carrier, 1, 3, 8, now)
    with pytest.raises(InvalidInput):
        rosters.withdraw_shift(carrier.bureau, later, reason="")
    rosters.withdraw_shift(carrier.bureau, later, reason="病假")
    rosters.withdraw_shift(carrier.bureau, running, reason="突发疾病")
    for shift in (running, later):
        with pytest.raises(Conflict):
            rosters.withdraw_shift(carrier.bureau, shift, reason="再撤")
    running.refresh_from_db()
    assert running.withdrawn_at is None and running.ends_at >= now
    assert rosters.standing_of(carrier.post, timezone.now()).on_duty == []


def test_the_shifts_of_a_leaver_pass_on_where_the_successor_is_free(carrier: Any) -> None:
    now = timezone.now()
    _arrange(carrier, 0, 1, 4, now)
    _arrange(carrier, 0, 6, 4, now)
    _arrange(carrier, 1, 7, 1, now)
    leaver, successor = carrier.people
    assert hand_over_open_work(leaver, successor) == 1
    assert Shift.objects.filter(account=successor).count() == 2 and Shift.objects.filter(account=leaver).count() == 1


def test_a_unit_sees_its_own_rosters_and_the_bureau_above_sees_them_too(
    carrier: Any, account_with: Any, district: Any
) -> None:
    now = timezone.now()
    _arrange(carrier, 0, -1, 8, now)
    rosters.take_over(carrier.people[0], carrier.post)
    rosters.hand_over(carrier.people[0], carrier.post, text="无")
    check = rosters.ask_for_answer(carrier.bureau, carrier.post)
    rosters.answer_check(carrier.people[0], check)
    models = (DutyPost, Shift, HandoverNote, TakeOver, DutyCheck, CheckResult)
    for account, sees in (
        (carrier.people[1], True), (carrier.bureau, True), (carrier.supervisor, True), (account_with(Role.VIEWER), True),
        (account_with(Role.OFFICER, district.town), False), (account_with(Role.AUDITOR), False), (account_with(""), False), (None, False),
    ):  # fmt: skip
        assert [visible(account, model.objects.all()).exists() for model in models] == [sees] * len(models)
