"""A mechanism to work with: three member units, their officers, a coordinator."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel.evidence import EvidenceFile, receive
from haihe.packs.coordination import services


def evidence_of(account: Any) -> EvidenceFile:
    return receive("照片.txt", ["一份材料".encode()], account)


@pytest.fixture
def mechanism(district: SimpleNamespace, account_with: Any) -> SimpleNamespace:
    """`coordinator`, `leader` (viewer); `data`, `city`, `town`: officers of member units; `health`: of no member."""
    people = SimpleNamespace(
        coordinator=account_with("supervisor", district.government), leader=account_with("viewer", district.government),
        data=account_with("officer", district.data), city=account_with("officer", district.city), town=account_with("officer", district.town),
        health=account_with("officer", district.health), district=district, today=timezone.localdate(),
    )  # fmt: skip
    for unit in (district.data, district.city, district.town):
        services.add_member(
            people.coordinator, unit, contact_role="分管副局长", since=people.today - timedelta(days=30)
        )
    return people


@pytest.fixture
def held(mechanism: SimpleNamespace) -> Any:
    """A meeting of yesterday that was held, with all members present."""
    meeting = services.convene(
        mechanism.coordinator, None, title="第一次会议", at=timezone.now() - timedelta(days=1), agenda=["议题一", " ", "议题二"]
    )  # fmt: skip
    return services.record_attendance(mechanism.coordinator, meeting, present=services.member_units())


@pytest.fixture
def round_with_note(mechanism: SimpleNamespace) -> Any:
    """A round in which the data bureau named two problems."""
    found = services.open_round(mechanism.coordinator, None, title="十一月情况", notes_by=mechanism.today)
    services.hand_in(mechanism.data, found, text="进展正常。", problems=["缺经费", "缺点位"])
    return found
