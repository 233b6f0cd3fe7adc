"""Duty rosters on pages and over the API: the week, the steps of a shift, what others do not see."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel import rosters
from haihe.kernel.identity import Role, issue_token
from haihe.kernel.organisations import Organisation
from haihe.kernel.rosters import CheckResult, DutyCheck, DutyPost, HandoverNote, Shift, TakeOver

HOUR = timedelta(hours=1)


@pytest.fixture
def carrier(district: Any, account_with: Any) -> SimpleNamespace:
    unit = Organisation.objects.create(name="试验运输公司", kind="enterprise", parent=district.city)
    one, two = (account_with(Role.OFFICER, unit) for _ in range(2))
    return SimpleNamespace(unit=unit, one=one, two=two, bureau=account_with(Role.OFFICER, district.city), supervisor=account_with(Role.SUPERVISOR))  # fmt: skip


def test_a_day_of_duty_on_the_pages(client: Client, carrier: Any) -> None:
    """Post, shifts, take over, check, answer, hand over: each from the form that the page shows."""
    client.force_login(carrier.one)
    assert carrier.unit.name in client.get("/rosters/").content.decode()
    made = client.post("/rosters/", {"organisation": carrier.unit.pk, "name": "监控室"})
    post = DutyPost.objects.get()
    assert made["Location"] == post.get_absolute_url() == f"/rosters/{post.pk}/"
    page = client.get(f"/rosters/{post.pk}/").content.decode()
    assert "现在缺岗" in page and "无人当班" in page
    now = timezone.localtime(timezone.now())
    form = {"person": carrier.one.pk, "starts_at": f"{now - HOUR:%Y-%m-%dT%H:%M}", "ends_at": f"{now + 6 * HOUR:%Y-%m-%dT%H:%M}", "days": "3"}  # fmt: skip
    assert client.post(f"/rosters/{post.pk}/arrange/", form).status_code == 302
    assert Shift.objects.count() == 3
    assert "请接班" in client.get("/rosters/").content.decode()
    client.post(f"/rosters/{post.pk}/take-over/", {"text": "正常"})
    assert TakeOver.objects.get().account == carrier.one

    client.force_login(carrier.bureau)
    assert "发出查岗" in client.get(f"/rosters/{post.pk}/").content.decode()
    client.post(f"/rosters/{post.pk}/check/", {"question": "几台在线？"})
    check = DutyCheck.objects.get()
    client.force_login(carrier.one)
    page = client.get("/rosters/").content.decode()
    assert "几台在线？" in page and "我在岗，应答" in page
    client.post(f"/rosters/{post.pk}/answer/", {"check": check.pk, "text": "26 台"})
    assert CheckResult.objects.get().outcome == "answered"
    empty = client.post(f"/rosters/{post.pk}/hand-over/", {"text": ""}, HTTP_HX_REQUEST="true")
    assert empty.status_code == 422 and "未办结事项" in empty.content.decode()
    client.post(f"/rosters/{post.pk}/hand-over/", {"text": "一车离线待查"})
    assert "一车离线待查" in client.get(f"/rosters/{post.pk}/").content.decode() and HandoverNote.objects.count() == 1
    shift = Shift.objects.latest("starts_at")
    client.post(f"/rosters/{post.pk}/withdraw/", {"shift": shift.pk, "reason": "调班"})
    shift.refresh_from_db()
    assert shift.withdrawn_at is not None
    assert client.get(f"/rosters/{post.pk}/?week=2026-01-07").status_code == 200
    client.force_login(carrier.supervisor)
    client.post(f"/rosters/{post.pk}/retire/", {"reason": "撤并"})
    assert "该岗位已撤销" in client.get(f"/rosters/{post.pk}/").content.decode()


def test_the_week_shows_shifts_and_gaps_at_their_hours(client: Client, carrier: Any) -> None:
    post = rosters.open_post(carrier.one, carrier.unit, name="监控室", since=timezone.now() - timedelta(days=20))
    noon = timezone.localtime(timezone.now()).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=7)
    rosters.arrange_shifts(carrier.one, post, person=carrier.one, starts_at=noon, ends_at=noon + 6 * HOUR)
    client.force_login(carrier.supervisor)
    page = client.get(f"/rosters/{post.pk}/?week={noon.date()}").content.decode()
    assert "left:50.000%;width:25.000%" in page, "noon to six in the evening"
    assert page.count('class="gap"') == 8, "six whole days and two parts of one"
    assert "18:00–00:00" in page and "00:00–12:00" in page


def test_another_firm_sees_nothing_of_it_and_a_page_cannot_act_on_another_post(client: Client, carrier: Any, account_with: Any, district: Any) -> None:  # fmt: skip
    post = rosters.open_post(carrier.one, carrier.unit, name="监控室")
    other_unit = Organisation.objects.create(name="别家公司", kind="enterprise", parent=district.city)
    stranger = account_with(Role.OFFICER, other_unit)
    own = rosters.open_post(stranger, other_unit, name="监控室")
    now = timezone.now()
    shift = rosters.arrange_shifts(carrier.one, post, person=carrier.one, starts_at=now, ends_at=now + HOUR)[0]
    client.force_login(stranger)
    assert "试验运输公司" not in client.get("/rosters/").content.decode()
    assert client.get(f"/rosters/{post.pk}/").status_code == 404
    assert client.post(f"/rosters/{post.pk}/check/", {}).status_code == 404
    for pk in (shift.pk, 999):
        assert client.post(f"/rosters/{own.pk}/withdraw/", {"shift": pk, "reason": "x"}).status_code == 404
    assert client.post("/rosters/", {"organisation": carrier.unit.pk, "name": "偷设"}).status_code == 403
    assert client.post(f"/rosters/{own.pk}/no-such/", {}).status_code == 422
    form = {"person": carrier.one.pk, "starts_at": "2030-01-01T08:00", "ends_at": "2030-01-01T16:00"}
    assert client.post(f"/rosters/{own.pk}/arrange/", form).status_code == 422, "a person of another firm"


def test_the_same_over_the_api(carrier: Any) -> None:
    def of(account: Any) -> Client:
        return Client(headers={"Authorization": f"Bearer {issue_token(account, 't', days=1, may_write=True)[1]}"})

    def send(client: Client, path: str, body: dict[str, Any]) -> Any:
        answer = client.post(f"/api/v1{path}", body, content_type="application/json")
        assert answer.status_code == 200, answer.content.decode()
        return answer.json()

    one, two, bureau = of(carrier.one), of(carrier.two), of(carrier.bureau)
    post = send(one, "/rosters", {"organisation": carrier.unit.name, "name": "监控室"})
    assert (post["phase"], post["on_duty"]) == ("now", [])
    now = timezone.now()
    shift = {"person": carrier.one.username, "starts_at": (now - HOUR).isoformat(), "ends_at": (now + HOUR).isoformat()}
    send(bureau, f"/rosters/{post['id']}/shifts", shift)
    later = send(one, f"/rosters/{post['id']}/shifts", {"person": carrier.two.username, "starts_at": (now + HOUR).isoformat(), "ends_at": (now + 20 * HOUR).isoformat()})[0]  # fmt: skip
    send(one, f"/rosters/{post['id']}/take-over", {})
    check = send(bureau, f"/rosters/{post['id']}/checks", {"question": "在吗"})
    assert check["outcome"] is None and check["person"] == carrier.one.username
    assert send(one, f"/rosters/checks/{check['id']}/answer", {"text": "在"})["outcome"] == "answered"
    note = send(one, f"/rosters/{post['id']}/hand-over", {"text": "无"})
    taking = send(two, f"/rosters/{post['id']}/take-over", {})
    assert taking["notes"] == [note["id"]]
    assert one.get(f"/api/v1/rosters/{post['id']}/notes").json()[0]["taken_by"] == carrier.two.username
    assert len(one.get(f"/api/v1/rosters/{post['id']}/takings").json()) == 2
    assert len(one.get(f"/api/v1/rosters/{post['id']}/checks").json()) == 1
    assert send(one, f"/rosters/shifts/{later['id']}/withdraw", {"reason": "病假"})["withdrawn_at"]
    window = {"since": (now - HOUR).isoformat(), "until": (now + 40 * HOUR).isoformat()}
    assert len(one.get(f"/api/v1/rosters/{post['id']}/shifts", window).json()) == 2
    shown = one.get("/api/v1/rosters").json()[0]
    assert shown["phase"] == "ahead" and shown["on_duty"][0]["taken_over"]
    assert one.get(f"/api/v1/rosters/{post['id']}").json()["id"] == post["id"]
    assert send(one, f"/rosters/{post['id']}/retire", {"reason": "撤并"})["retired_at"]


def test_the_rules_page_names_them_and_nothing_can_be_tried_on_rows(client: Client, carrier: Any) -> None:
    client.force_login(carrier.supervisor)
    page = client.get("/rules/").content.decode()
    assert "值班缺岗" in page and "查岗无应答" in page
    assert "缺岗提前提醒" in client.get("/rules/rosters.gap/").content.decode()
    day = str(timezone.localdate())
    assert client.post("/rules/rosters.gap/trials/", {"since": day, "until": day}).status_code == 422
