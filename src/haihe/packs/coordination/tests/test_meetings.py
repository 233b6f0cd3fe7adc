"""Members and meetings: who is invited, minutes written once, two officers at one draft."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.notices import own_notices
from haihe.kernel.organisations import Organisation, Succession
from haihe.kernel.permissions import visible
from haihe.kernel.search import search_kind
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Meeting, Member, Minutes


def test_a_unit_is_a_member_once_and_may_come_back(mechanism: SimpleNamespace) -> None:
    data = mechanism.district.data
    with pytest.raises(Conflict, match="already"):
        services.add_member(mechanism.coordinator, data)
    services.end_member(mechanism.coordinator, Member.objects.get(organisation=data), until=mechanism.today)
    services.add_member(mechanism.coordinator, data, since=mechanism.today)
    assert Member.objects.filter(organisation=data).count() == 2
    with pytest.raises(NotAllowed):
        services.add_member(mechanism.city, mechanism.district.health)


def test_the_unit_that_carries_on_a_members_work_is_invited(mechanism: SimpleNamespace) -> None:
    new = Organisation.objects.create(name="望河区数字发展局", kind="bureau", parent=mechanism.district.government)
    Succession.objects.create(predecessor=mechanism.district.data, successor=new, on=mechanism.today, source="机构改革")
    meeting = services.convene(mechanism.coordinator, None, title="会议", at=timezone.now() + timedelta(days=1))
    assert new in [seat.organisation for seat in meeting.attendance.all()]


def test_only_invited_units_see_a_meeting_and_answer_for_themselves(mechanism: SimpleNamespace) -> None:
    meeting = services.convene(mechanism.coordinator, None, title="会议", at=timezone.now() + timedelta(days=1))
    assert own_notices(mechanism.data).count() == 1
    assert not visible(mechanism.health, Meeting.objects.all()).exists()
    assert visible(mechanism.leader, Meeting.objects.all()).get() == meeting
    services.answer_invitation(mechanism.data, meeting, coming=True, role="分管副局长")
    states = {seat.organisation: seat.state for seat in meeting.attendance.all()}
    assert states[mechanism.district.data] == "coming" and states[mechanism.district.city] == "invited"
    with pytest.raises(InvalidInput, match="your units"):
        services.answer_invitation(mechanism.data, meeting, coming=True, organisation=mechanism.district.city)
    with pytest.raises(NotAllowed):
        services.answer_invitation(mechanism.health, meeting, coming=True)


def test_attendance_cannot_be_recorded_before_the_day(mechanism: SimpleNamespace) -> None:
    meeting = services.convene(mechanism.coordinator, None, title="会议", at=timezone.now() + timedelta(days=2))
    with pytest.raises(Conflict, match="not been held"):
        services.record_attendance(mechanism.coordinator, meeting, present=[])


def test_the_second_of_two_officers_is_told_and_loses_nothing(
    mechanism: SimpleNamespace, held: Any, account_with: Any
) -> None:
    other = account_with("supervisor", mechanism.district.government)
    services.save_minutes(mechanism.coordinator, held, text="第一稿", revision=0)
    with pytest.raises(Conflict) as told:
        services.save_minutes(other, held, text="另一人的稿", revision=0)
    assert mechanism.coordinator.display_name in told.value.zh and "新窗口" in told.value.to_do_zh
    held.refresh_from_db()
    assert (held.draft, held.revision) == ("第一稿", 1)
    with pytest.raises(Conflict):
        services.approve_minutes(other, held, revision=0)  # approving what one has not read


def test_approved_minutes_are_written_once_and_corrected_by_a_version(mechanism: SimpleNamespace, held: Any) -> None:
    services.save_minutes(mechanism.coordinator, held, text="纪要全文", revision=0)
    first = services.approve_minutes(mechanism.coordinator, held, revision=1)
    with pytest.raises(Conflict, match="approved"):
        services.save_minutes(mechanism.coordinator, held, text="改一改", revision=2)
    for change in (lambda: Minutes.objects.update(text="改"), lambda: Minutes.objects.filter(pk=first.pk).delete()):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            change()
    second = services.correct_minutes(mechanism.coordinator, held, text="更正后全文", reason="单位名称有误", version=1)
    assert (second.version, held.minutes.text) == (2, "更正后全文")
    assert Minutes.objects.get(version=1).text == "纪要全文"
    with pytest.raises(Conflict, match="newer version"):
        services.correct_minutes(mechanism.coordinator, held, text="晚了一步", reason="也想改", version=1)


def test_every_change_leaves_an_audit_record(mechanism: SimpleNamespace, held: Any) -> None:
    services.save_minutes(mechanism.coordinator, held, text="稿", revision=0)
    services.approve_minutes(mechanism.coordinator, held, revision=1)
    written = set(AuditRecord.objects.values_list("action", flat=True))
    assert {"member.add", "meeting.convene", "meeting.hold", "minutes.save", "minutes.approve"} <= written


def test_a_cancelled_meeting_takes_no_minutes_and_no_decision(mechanism: SimpleNamespace) -> None:
    meeting = services.convene(mechanism.coordinator, None, title="会议", at=timezone.now() + timedelta(days=1))
    services.cancel_meeting(mechanism.coordinator, meeting, reason="防汛")
    meeting.refresh_from_db()
    with pytest.raises(Conflict):
        services.save_minutes(mechanism.coordinator, meeting, text="稿", revision=0)
    with pytest.raises(Conflict):
        services.decide(
            mechanism.coordinator, meeting, text="办", organisation=mechanism.district.data, due=mechanism.today
        )


def test_a_meeting_is_found_by_agenda_and_approved_minutes_but_not_by_a_draft(
    held: Meeting, mechanism: SimpleNamespace
) -> None:
    def found(account: Any, words: str) -> list[str]:
        return [row.entry.title for row in search_kind(account, words, "coordination.meeting").found]

    services.save_minutes(mechanism.coordinator, held, text="会议研究了灯杆取电。", revision=held.revision)
    assert found(mechanism.city, "议题二") == ["第一次会议"] and found(mechanism.health, "议题二") == []
    assert found(mechanism.city, "灯杆取电") == [], "a draft binds nobody and is not found"
    held.refresh_from_db()
    services.approve_minutes(mechanism.coordinator, held, revision=held.revision)
    assert found(mechanism.city, "灯杆取电") == ["第一次会议"]
