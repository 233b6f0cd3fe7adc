"""Pages: what each role finds, a second officer's text survives, the screen's figures are the services' figures."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel.identity import issue_token
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Meeting, Problem, Round


def test_an_officer_walks_from_the_home_to_a_note_that_is_handed_in(
    mechanism: SimpleNamespace, round_with_note: Any, signed_in: Any
) -> None:
    client = signed_in(mechanism.city)
    home = client.get("/coordination/").content.decode()
    assert "报送情况专报" in home and round_with_note.get_absolute_url() in home
    answer = client.post(
        f"{round_with_note.get_absolute_url()}note/", {"text": "已办", "problems": "甲\n\n乙", "version": "0"}
    )
    assert answer.status_code == 302
    assert [p.text for p in Problem.objects.filter(note__organisation=mechanism.district.city)] == ["甲", "乙"]
    page = client.get(round_with_note.get_absolute_url()).content.decode()
    assert "已办" in page and "缺经费" not in page, "another unit's note is not shown"
    assert "信息通报（草稿）" not in page


def test_the_coordinator_convenes_writes_decides_and_approves_by_pages(
    mechanism: SimpleNamespace, signed_in: Any
) -> None:
    client = signed_in(mechanism.coordinator)
    units = [mechanism.district.data.pk, mechanism.district.city.pk]
    client.post(
        "/coordination/meetings/new/", {"title": "周会", "at": "2026-01-05T14:30", "agenda": "一\n二", "unit": units}
    )
    meeting = Meeting.objects.get()
    assert timezone.localtime(meeting.at).hour == 14 and meeting.attendance.count() == 2
    page = meeting.get_absolute_url()
    client.post(f"{page}hold/", {"present": units[:1]})
    client.post(f"{page}minutes/", {"text": "纪要", "revision": "0"})
    late = client.post(f"{page}minutes/", {"text": "另一稿", "revision": "0"}, headers={"HX-Request": "true"})
    assert late.status_code == 409 and "您填写的文字仍在框内" in late.content.decode()
    due = (timezone.localdate() + timedelta(days=9)).isoformat()
    client.post(f"{page}decide/", {"text": "交办一项", "organisation": units[0], "due": due})
    client.post(f"{page}approve/", {"revision": "1"})
    text = client.get(page).content.decode()
    assert "交办一项" in text and "第 1 版" in text and "到会 1/2" in text
    assert "交办一项" in signed_in(mechanism.city).get("/coordination/decisions/").content.decode(), (
        "who sat there sees it"
    )


def test_the_screen_shows_what_is_late_and_what_needs_a_decision(
    mechanism: SimpleNamespace, held: Any, round_with_note: Any, signed_in: Any
) -> None:
    made = services.decide(
        mechanism.coordinator, held, text="久拖一项", organisation=mechanism.district.data, due=mechanism.today
    )
    type(made).objects.update(due=mechanism.today - timedelta(days=4))
    found = services.screen_of(mechanism.leader, timezone.now())
    assert (found.late_decisions, len(found.open_problems), found.late[0].days_late) == (1, 2, 4)
    page = signed_in(mechanism.leader).get("/screen/").content.decode()
    assert "久拖一项" in page and "缺经费" in page and "数据截至" in page and 'class="dark"' in page
    assert 'class="light"' in signed_in(mechanism.leader).get("/screen/?theme=light").content.decode()
    assert signed_in(mechanism.data).get("/screen/").status_code == 403


@pytest.mark.parametrize("path", ["", "decisions/", "members/", "ledger/"])
def test_every_list_answers_every_role_and_nobody_else(
    mechanism: SimpleNamespace, signed_in: Any, client: Any, path: str
) -> None:
    assert client.get(f"/coordination/{path}").status_code == 302
    for account in (mechanism.coordinator, mechanism.leader, mechanism.health):
        assert signed_in(account).get(f"/coordination/{path}").status_code == 200


def test_what_a_unit_may_not_see_is_answered_as_if_it_did_not_exist(
    mechanism: SimpleNamespace, held: Any, round_with_note: Any, signed_in: Any
) -> None:
    client = signed_in(mechanism.health)
    for address in (held.get_absolute_url(), round_with_note.get_absolute_url()):
        assert client.get(address).status_code == 404
    assert (
        client.post(f"/coordination/problems/{Problem.objects.first().pk}/close/", {"reason": "x"}).status_code == 404
    )


def test_the_whole_round_by_the_api_alone(mechanism: SimpleNamespace, client: Any) -> None:
    def call(account: Any, path: str, data: dict[str, Any] | None = None) -> Any:
        secret = issue_token(account, "test", days=1, may_write=True)[1]
        headers = {"Authorization": f"Bearer {secret}"}
        address = f"/api/v1/coordination/{path}"
        answer = (
            client.get(address, headers=headers)
            if data is None
            else client.post(address, data, "application/json", headers=headers)
        )
        assert answer.status_code == 200, answer.content
        return answer.json()

    due = (mechanism.today + timedelta(days=5)).isoformat()
    made = call(mechanism.coordinator, "rounds", {"title": "月报", "notes_by": due})
    call(mechanism.data, f"rounds/{made['id']}/notes", {"text": "进展", "problems": ["缺人"]})
    issued = call(mechanism.coordinator, f"rounds/{made['id']}/bulletin/issue", {"revision": 0})
    assert issued["issue"] == 1 and "缺人" in issued["bulletin"]
    problem = issued["problems"][0]["id"]
    call(mechanism.coordinator, f"problems/{problem}/decide", {"text": "", "organisation": "区城市管理委", "due": due})
    (row,) = call(mechanism.city, "decisions")
    assert (row["organisation"], row["due"], row["step"]) == ("望河区城市管理委员会", due, "accept")
    assert call(mechanism.leader, "screen")["open_decisions"] == 1
    assert call(mechanism.city, f"rounds/{made['id']}")["notes"] == [], "another unit's note is not told"
    assert Round.objects.get().bulletin is not None
