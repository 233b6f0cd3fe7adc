"""A coordination round end to end: notes, bulletin, each open problem a decision with an owner and a day, overdue escalates."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from haihe.kernel.cases import Case, CaseEvent, open_case, take_step, watch
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.notices import own_notices
from haihe.kernel.permissions import visible
from haihe.packs.coordination import services
from haihe.packs.coordination.duties import remind
from haihe.packs.coordination.models import Bulletin, Decision, Note, Problem, Told
from haihe.packs.coordination.screen import open_problems
from haihe.packs.coordination.tests.conftest import evidence_of


def after(day: Any, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def test_a_round_gathers_notes_issues_a_bulletin_and_turns_each_problem_into_a_decision(
    mechanism: SimpleNamespace, round_with_note: Any
) -> None:
    services.hand_in(mechanism.city, round_with_note, text="试点完成。")
    draft = services.compile_bulletin(round_with_note)
    assert "进展正常" in draft and "1．望河区数据局：缺经费" in draft and "未报送：柳渡镇人民政府" in draft
    bulletin = services.issue_bulletin(mechanism.coordinator, round_with_note, revision=0)
    assert (bulletin.issue, bulletin.version, bulletin.text) == (1, 1, draft)
    assert own_notices(mechanism.town).filter(subject_zh="信息通报").count() == 1
    for problem in open_problems(mechanism.coordinator):
        services.decide_problem(
            mechanism.coordinator, problem, text="", organisation=mechanism.district.city, due=mechanism.today + timedelta(days=10)
        )  # fmt: skip
    assert open_problems(mechanism.coordinator) == []
    made = Decision.objects.get(problem__text="缺经费")
    assert (made.text, made.organisation, made.case.step) == ("缺经费", mechanism.district.city, "accept")


def test_a_note_is_corrected_by_a_version_until_a_problem_is_settled(
    mechanism: SimpleNamespace, round_with_note: Any
) -> None:
    with pytest.raises(Conflict, match="colleague"):
        services.hand_in(mechanism.data, round_with_note, text="没看见第一稿", version=0)
    services.hand_in(mechanism.data, round_with_note, text="第二稿", problems=["缺经费"], version=1)
    assert [p.text for p in open_problems(mechanism.coordinator)] == ["缺经费"], "the older note's problems are gone"
    assert Note.objects.count() == 2
    services.close_problem(mechanism.coordinator, open_problems(mechanism.coordinator)[0], reason="单位已自行解决")
    with pytest.raises(Conflict, match="settled"):
        services.hand_in(mechanism.data, round_with_note, text="第三稿", version=2)


def test_no_note_after_the_bulletin_and_the_bulletin_is_written_once(
    mechanism: SimpleNamespace, round_with_note: Any
) -> None:
    first = services.issue_bulletin(mechanism.coordinator, round_with_note, revision=0)
    with pytest.raises(Conflict, match="bulletin is out"):
        services.hand_in(mechanism.city, round_with_note, text="迟了")
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        Bulletin.objects.filter(pk=first.pk).update(text="改")
    second = services.correct_bulletin(
        mechanism.coordinator, round_with_note, text="更正", reason="数字有误", version=1
    )
    assert (second.issue, second.version) == (1, 2)


def test_a_unit_sees_its_own_note_and_nobody_elses(mechanism: SimpleNamespace, round_with_note: Any) -> None:
    assert visible(mechanism.data, Note.objects.all()).count() == 1
    assert not visible(mechanism.city, Note.objects.all()).exists()
    assert not visible(mechanism.city, Problem.objects.all()).exists()
    with pytest.raises(NotAllowed):
        services.hand_in(mechanism.health, round_with_note, text="没请我们")


def test_a_problem_is_settled_once(mechanism: SimpleNamespace, round_with_note: Any) -> None:
    problem = open_problems(mechanism.coordinator)[0]
    due, town = mechanism.today + timedelta(days=5), mechanism.district.town
    services.decide_problem(mechanism.coordinator, problem, text="", organisation=town, due=due)
    with pytest.raises(Conflict, match="settled already"):
        services.decide_problem(mechanism.coordinator, problem, text="", organisation=town, due=due)
    with pytest.raises(Conflict):
        services.close_problem(mechanism.coordinator, problem, reason="重复")
    assert Case.objects.count() == 1


# --- decisions ------------------------------------------------------------------------------------------------------


@pytest.fixture
def decision(mechanism: SimpleNamespace, held: Any) -> Decision:
    due = mechanism.today + timedelta(days=10)
    return services.decide(
        mechanism.coordinator, held, text="建立调度表", organisation=mechanism.district.data, due=due
    )


def test_a_decision_is_accepted_done_with_evidence_and_confirmed(
    mechanism: SimpleNamespace, decision: Decision
) -> None:
    case = take_step(mechanism.data, decision.case, step="accept")
    assert case.last_day == decision.due, "the step ends on the day that the meeting named"
    with pytest.raises(InvalidInput, match="evidence"):
        take_step(mechanism.data, case, step="carry_out", text="办了")
    case = take_step(mechanism.data, case, step="carry_out", text="办了", evidence=[evidence_of(mechanism.data)])
    with pytest.raises(NotAllowed):
        take_step(mechanism.data, case, step="confirm", to="closed")
    case = take_step(mechanism.coordinator, case, step="confirm", to="carry_out", text="缺签章")
    assert case.last_day == decision.due, "sent back, its day stays"
    case = take_step(mechanism.data, case, step="carry_out", text="补齐", evidence=[evidence_of(mechanism.data)])
    take_step(mechanism.coordinator, case, step="confirm", to="closed")
    decision.refresh_from_db()
    assert services.line_of(decision, mechanism.today).light == "closed"


def test_an_overdue_decision_escalates_once(mechanism: SimpleNamespace, decision: Decision) -> None:
    take_step(mechanism.data, decision.case, step="accept")
    watch(after(decision.due, 23))
    assert not CaseEvent.objects.filter(kind="overdue").exists(), "its last day belongs to it"
    for _ in range(2):
        watch(after(decision.due + timedelta(days=1)))
    assert CaseEvent.objects.filter(kind="overdue").count() == 1
    assert own_notices(mechanism.coordinator).filter(subject_zh__contains="逾期").count() == 1
    line = services.line_of(decision, decision.due + timedelta(days=3))
    assert (line.light, line.days_late) == ("red", 3)


def test_a_decision_needs_an_owner_that_exists_and_a_day_to_come(mechanism: SimpleNamespace, held: Any) -> None:
    with pytest.raises(InvalidInput, match="passed"):
        services.decide(
            mechanism.coordinator, held, text="办", organisation=mechanism.district.data, due=mechanism.today - timedelta(days=1)
        )  # fmt: skip
    mechanism.district.park.until = mechanism.today - timedelta(days=1)
    mechanism.district.park.save()
    with pytest.raises(InvalidInput, match="no longer exists"):
        services.decide(
            mechanism.coordinator, held, text="办", organisation=mechanism.district.park, due=mechanism.today
        )


def test_a_case_whose_day_is_decided_elsewhere_is_not_opened_by_hand(mechanism: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput, match="by when"):
        open_case(mechanism.coordinator, "coordination.decision", "办", mechanism.district.data)


# --- reminders ------------------------------------------------------------------------------------------------------


def test_a_missing_note_is_asked_for_once_and_never_of_whoever_handed_in(
    mechanism: SimpleNamespace, round_with_note: Any
) -> None:
    late = after(round_with_note.notes_by + timedelta(days=1))
    assert remind(late) == 2
    assert remind(late + timedelta(hours=1)) == 0
    assert {row.organisation for row in Told.objects.all()} == {mechanism.district.city, mechanism.district.town}
