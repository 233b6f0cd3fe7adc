"""Pages and API of cases and messages: who gets in, what a form does, what is stored."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from haihe.kernel.cases import Case, open_case, take_step
from haihe.kernel.evidence import EvidenceFile, receive
from haihe.kernel.identity import issue_token
from haihe.kernel.notices import ContactAddress, Notice, notify, unread_count

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(
        supervisor=account_with("supervisor", district.government), park=account_with("officer", district.park),
        city=account_with("officer", district.city), town=account_with("officer", district.town), admin=account_with("system_admin"),
    )  # fmt: skip


@pytest.fixture
def case(alarm_type, district: SimpleNamespace, people: SimpleNamespace) -> Case:
    return open_case(
        None, "test.alarm", "某车超速", district.park, reviewer=district.city, about=district.town, text="请处置"
    )


def png() -> SimpleUploadedFile:
    return SimpleUploadedFile("照片.png", b"\x89PNG\r\n\x1a\n" + b"0" * 32)


def bearer(account, *, may_write: bool = True) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {issue_token(account, 'test', days=1, may_write=may_write)[1]}"}


def text(answer) -> str:
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize("shown", ["open", "mine", "overdue", "closed", "nonsense"])
def test_the_list_shows_each_what_they_may_see(signed_in, case, people, shown: str) -> None:
    is_in = {
        who: case.number in text(signed_in(getattr(people, who)).get(f"/cases/?show={shown}"))
        for who in ("supervisor", "park", "city", "town")
    }
    of_parts = {"supervisor": True, "park": True, "city": True, "town": False}
    only_handler = {**dict.fromkeys(of_parts, False), "park": True}
    assert is_in == {"open": of_parts, "nonsense": of_parts, "mine": only_handler}.get(
        shown, dict.fromkeys(of_parts, False)
    )


def test_filters_find_by_type_and_words(signed_in, case, people) -> None:
    client = signed_in(people.supervisor)
    for query, found in (
        ("type=test.alarm", True),
        ("type=other", False),
        ("q=超速", True),
        (f"q={case.number.lower()}", True),
        ("q=火灾", False),
    ):
        assert ("某车超速" in text(client.get(f"/cases/?{query}"))) == found, query


def test_the_handler_answers_on_the_page_and_the_reviewer_closes(signed_in, case, people) -> None:
    page = text(signed_in(people.park).get(f"/cases/{case.pk}/"))
    assert "提交" in page and 'name="files"' in page and "（必填）" in page
    client = signed_in(people.park)
    refused = client.post(f"/cases/{case.pk}/steps/answer/", {"text": "已处置", "to": "review"}, **HTMX)
    assert refused.status_code == 422 and "佐证材料" in refused.content.decode()
    sent = client.post(f"/cases/{case.pk}/steps/answer/", {"text": "已处置", "to": "review", "files": png()}, **HTMX)
    assert sent.status_code == 204
    page = text(signed_in(people.city).get(f"/cases/{case.pk}/"))
    assert "已处置" in page and "照片.png" in page and "退回" in page
    file = case.events.get(kind="taken").evidence.get()
    assert signed_in(people.city).get(f"/evidence/{file.pk}/").status_code == 200
    assert signed_in(people.town).get(f"/evidence/{file.pk}/").status_code == 404
    assert signed_in(people.city).post(f"/cases/{case.pk}/steps/review/", {"to": "closed"}).status_code == 302
    assert "办结" in text(signed_in(people.park).get(f"/cases/{case.pk}/"))


def test_who_may_not_act_sees_no_form_and_leaves_no_file(signed_in, case, people) -> None:
    client = signed_in(people.city)
    assert 'id="step"' not in text(client.get(f"/cases/{case.pk}/"))
    answer = client.post(f"/cases/{case.pk}/steps/answer/", {"text": "x", "files": png()}, **HTMX)
    assert answer.status_code == 403 and not EvidenceFile.objects.exists()
    assert signed_in(people.town).get(f"/cases/{case.pk}/").status_code == 404
    assert signed_in(people.town).post(f"/cases/{case.pk}/steps/answer/", {"text": "x"}).status_code == 404


def test_a_form_that_somebody_else_overtook_says_so(signed_in, case, people) -> None:
    file = receive("a.png", [b"\x89PNG\r\n\x1a\n" + b"0" * 32], people.park)
    take_step(people.park, case, step="answer", text="好", evidence=[file])
    answer = signed_in(people.park).post(f"/cases/{case.pk}/steps/answer/", {"text": "再答"}, **HTMX)
    assert answer.status_code == 409 and "审核" in answer.content.decode()


def test_a_supervisor_opens_a_case_on_the_page_and_the_unit_is_told(signed_in, people, district, alarm_type) -> None:
    client = signed_in(people.supervisor)
    assert "告警处置" in text(client.get("/cases/new/"))
    form = {
        "type": "test.alarm",
        "subject": "桥面积水",
        "text": "请排水",
        "severity": "minor",
        "organisation": [district.town.pk, district.park.pk],
    }
    assert client.post("/cases/new/", form, **HTMX).status_code == 204
    made = Case.objects.get(subject="桥面积水")
    assert made.units.filter(role="handler").count() == 2 and unread_count(people.town) == 1
    assert client.post("/cases/new/", {**form, "organisation": []}, **HTMX).status_code == 422


def test_withdrawing_is_the_supervisors(signed_in, case, people) -> None:
    assert signed_in(people.city).post(f"/cases/{case.pk}/withdraw/", {"reason": "误报"}).status_code == 403
    assert signed_in(people.supervisor).post(f"/cases/{case.pk}/withdraw/", {"reason": "误报"}).status_code == 302
    assert "撤销" in text(signed_in(people.park).get(f"/cases/{case.pk}/"))


def test_what_people_typed_is_shown_as_text(signed_in, people, district, alarm_type) -> None:
    made = open_case(None, "test.alarm", "<script>alert(1)</script>", district.park, text="<b>粗</b>")
    for path in (f"/cases/{made.pk}/", "/cases/", "/messages/"):
        page = text(signed_in(people.park).get(path))
        assert "<script>alert" not in page and "<b>粗" not in page


# --- messages -------------------------------------------------------------------------------------------------------


def test_messages_are_counted_in_the_navigation_until_they_are_opened(signed_in, case, people) -> None:
    client = signed_in(people.park)
    notice = Notice.objects.get(organisation=people.park.organisation)
    assert '<span class="nav-count">1</span>' in text(client.get("/messages/"))
    opened = client.get(f"/messages/{notice.pk}/")
    assert opened["Location"] == f"/cases/{case.pk}/" and unread_count(people.park) == 0
    assert signed_in(people.town).get(f"/messages/{notice.pk}/").status_code == 404
    notify(people.park, ("甲", "A"), ("乙", "B"))
    assert signed_in(people.park).post("/messages/").status_code == 302 and unread_count(people.park) == 0


def test_the_address_form_is_there_only_where_mail_is_sent(signed_in, people, settings) -> None:
    client = signed_in(people.park)
    assert "email" not in text(client.get("/messages/"))
    settings.SMTP_URL = "smtp://127.0.0.1:9"
    assert 'name="email"' in text(client.get("/messages/"))
    assert client.post("/messages/contact/", {"email": "x"}, **HTMX).status_code == 422
    assert client.post("/messages/contact/", {"email": "park@wanghe.example"}, **HTMX).status_code == 204
    assert ContactAddress.objects.get().account == people.park


def test_the_administrator_sees_what_could_not_be_sent_without_its_text(signed_in, people) -> None:
    failed = Notice.objects.create(
        channel="webhook", account=people.park, subject_zh="题", subject_en="S", text_zh="内文机密", text_en="secret", state="given_up",
        error="the webhook refused the message (HTTP 404)", created_at="2026-11-24T00:00:00Z", attempts=1,
    )  # fmt: skip
    page = text(signed_in(people.admin).get("/messages/"))
    assert "HTTP 404" in page and "内文机密" not in page
    assert "HTTP 404" not in text(signed_in(people.park).get("/messages/"))
    assert signed_in(people.park).post(f"/messages/{failed.pk}/again/").status_code == 403
    assert signed_in(people.admin).post(f"/messages/{failed.pk}/again/").status_code == 302
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("waiting", 0)


# --- programs -------------------------------------------------------------------------------------------------------


def test_a_program_opens_reads_answers_and_closes_a_case(client, people, district, alarm_type) -> None:
    supervisor, park = bearer(people.supervisor), bearer(people.park)
    body = {"type": "test.alarm", "subject": "管线泄漏", "organisations": ["望河经济开发区"], "severity": "severe"}
    made = client.post("/api/v1/cases", json.dumps(body), "application/json", **supervisor).json()
    assert (made["step"], made["exits"], made["may_take"], made["severity"]) == ("answer", ["review"], False, "severe")
    path = f"/api/v1/cases/{made['id']}"
    assert [c["id"] for c in client.get("/api/v1/cases?mine=true", **park).json()] == [made["id"]]
    refused = client.post(f"{path}/steps/answer", {"text": "已处置"}, **park)
    assert refused.status_code == 422 and refused.json()["error"]["where"] == "files"
    done = client.post(f"{path}/steps/answer", {"text": "已处置", "files": png()}, **park).json()
    assert done["step"] == "review" and done["events"][-1]["evidence"][0]["name"] == "照片.png"
    assert client.post(f"{path}/steps/answer", {"text": "再答"}, **park).status_code == 409
    closed = client.post(f"{path}/steps/review", {"to": "closed"}, **supervisor).json()
    assert closed["closed_at"] and client.get("/api/v1/cases", **park).json() == []
    assert [c["number"] for c in client.get("/api/v1/cases?state=closed", **park).json()] == [made["number"]]


def test_a_program_sees_and_opens_only_what_its_account_may(client, case, people) -> None:
    town, reading = bearer(people.town), bearer(people.park, may_write=False)
    assert client.get(f"/api/v1/cases/{case.pk}", **town).status_code == 404
    assert client.get("/api/v1/cases", **town).json() == []
    assert client.post(f"/api/v1/cases/{case.pk}/steps/answer", {"text": "x"}, **reading).status_code == 403
    assert "test.alarm" in [t["name"] for t in client.get("/api/v1/cases/types", **town).json()]
    for wrong in ({"type": "no.such"}, {"organisations": ["没有这个局"]}):
        body = {"type": "test.alarm", "subject": "甲", "organisations": ["区数据局"], **wrong}
        assert client.post("/api/v1/cases", json.dumps(body), "application/json", **town).status_code == 404


def test_a_program_reads_its_messages_and_marks_them(client, case, people) -> None:
    park = bearer(people.park)
    (notice,) = client.get("/api/v1/notices", **park).json()
    assert (notice["read"], notice["about_id"], notice["link"]) == (False, str(case.pk), f"/cases/{case.pk}/")
    assert client.post(f"/api/v1/notices/{notice['id']}/read", **bearer(people.town)).status_code == 404
    assert client.post(f"/api/v1/notices/{notice['id']}/read", **park).json() == {"marked": 1}
    assert client.get("/api/v1/notices?unread=true", **park).json() == []
