"""The web room: signing in, sessions, headers, and what nobody gets to see."""

from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.identity import ADMINISTRATORS, Role
from haihe.kernel.language import pick
from haihe.kernel.organisations import Organisation
from haihe.web.pages import GROUPS, Pages, grouped, nav_for
from haihe.web.urls import ALL_PAGES

PASSWORD = "correct-horse-7"
HTMX = {"HTTP_HX_REQUEST": "true"}


def address_of(pattern: URLPattern, **values: str) -> str:
    """The route with a value for each of its parts."""
    known = {
        "pk": "1",
        "step": "accept",
        "key": "scenarios",
        "rule": "transport.speeding",
        "day": "2026-11-25",
        "form": "table",
        "letters": "9",
        "name": "photograph",
        **values,
    }
    return "/" + re.sub(r"<\w+:(\w+)>", lambda part: known[part[1]], str(pattern.pattern))


def addresses() -> list[tuple[str, URLPattern]]:
    """Every declared page with an address that fits its route."""
    return [(address_of(pattern), pattern) for pages in ALL_PAGES for pattern in pages.urlpatterns]


def is_public(pattern: URLPattern) -> bool:
    return not pattern.callback.permission


# --- signing in -----------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_goes_where_they_wanted(client: Client, account_with, district) -> None:
    officer = account_with("officer", district.data)
    answer = client.post(
        "/sign-in/", {"username": officer.username, "password": PASSWORD, "next": "/my-tasks/?state=late"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/my-tasks/?state=late")
    assert AuditRecord.objects.filter(action="sign_in", actor_id=officer.pk).exists()
    client.post("/sign-out/")
    assert client.get("/week/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere", ["https://example.com/", "//example.com", "/\\example.com", "javascript:alert(1)", "http:///x"]
)
def test_signing_in_never_leads_to_another_site(client: Client, account_with, elsewhere: str) -> None:
    account = account_with("viewer")
    answer = client.post("/sign-in/", {"username": account.username, "password": PASSWORD, "next": elsewhere})
    assert answer["Location"] == "/"
    assert client.post("/language/", {"language": "en", "next": elsewhere})["Location"] == "/"


def test_five_wrong_passwords_lock_the_account_and_the_page_says_how_to_go_on(client: Client, account_with) -> None:
    account = account_with("viewer")
    for _ in range(5):
        refused = client.post("/sign-in/", {"username": account.username, "password": "wrong-wrong-1"})
        assert refused.status_code == HTTPStatus.FORBIDDEN
    locked = client.post("/sign-in/", {"username": account.username, "password": PASSWORD})
    assert locked.status_code == HTTPStatus.FORBIDDEN and "锁定" in locked.content.decode()
    assert "_auth_user_id" not in client.session
    assert locked.content.decode().count(PASSWORD) == 0, "a password is never shown again"


def test_a_new_session_is_begun_when_somebody_signs_in(client: Client, account_with) -> None:
    client.get("/sign-in/")
    client.session["before"] = 1
    client.session.save()
    before = client.session.session_key
    client.post("/sign-in/", {"username": account_with("viewer").username, "password": PASSWORD})
    assert client.session.session_key != before


def test_a_new_account_changes_its_password_before_anything_else(client: Client, account_with) -> None:
    account = account_with("viewer")
    account.must_change_password = True
    account.save()
    client.force_login(account)
    for path in ("/", "/programme/", "/account/", "/api/v1/me"):
        assert client.get(path)["Location"] == "/password/", path
    wrong = client.post("/password/", {"old": "not-it-at-all", "new": "river-and-boat-9", "again": "river-and-boat-9"})
    assert wrong.status_code == 422
    done = client.post("/password/", {"old": PASSWORD, "new": "river-and-boat-9", "again": "river-and-boat-9"})
    assert done["Location"] == "/" and client.get("/programme/").status_code == 200
    assert AuditRecord.objects.filter(action="account.change_password").exists()


def test_changing_the_password_ends_the_other_sessions(account_with) -> None:
    account = account_with("viewer")
    here, elsewhere = Client(), Client()
    here.force_login(account)
    elsewhere.force_login(account)
    here.post("/password/", {"old": PASSWORD, "new": "river-and-boat-9", "again": "river-and-boat-9"})
    assert here.get("/programme/").status_code == 200
    assert elsewhere.get("/programme/").status_code == 302


def test_a_session_ends_hours_after_the_last_action_and_live_updates_do_not_count(
    client: Client, account_with, settings
) -> None:
    client.force_login(account_with("viewer"))
    client.get("/programme/")
    session = client.session
    session["seen"] -= 3600
    session.save()
    client.get("/programme/", HTTP_X_HAIHE_LIVE="1")
    assert client.session["seen"] == session["seen"], "a page that refreshes itself is nobody's action"
    client.get("/programme/")
    assert client.session["seen"] > session["seen"]
    settings.SESSION_COOKIE_AGE = 0
    session = client.session
    session["seen"] = 0
    session.save()
    assert client.get("/programme/").status_code == 302


def test_an_account_that_was_switched_off_is_out_at_once(client: Client, account_with) -> None:
    account = account_with("viewer")
    client.force_login(account)
    assert client.get("/programme/").status_code == 200
    account.is_active = False
    account.save()
    assert client.get("/programme/").status_code == 302


# --- every page -----------------------------------------------------------------------------------------------------


def test_every_page_sends_strangers_to_the_door(client: Client, db: None) -> None:
    walked = 0
    for path, pattern in addresses():
        if is_public(pattern):
            continue
        for answer in (client.get(path), client.post(path)):
            # A page that takes only the other method may say so before it asks who is there.
            assert answer.status_code in (302, 405), f"{path}: {answer.status_code}"
            if answer.status_code == 302:
                assert answer["Location"].startswith("/sign-in/?next="), path
        walked += 1
    assert walked > 30


def test_an_account_without_roles_gets_no_page_but_its_own(client: Client, account_with) -> None:
    client.force_login(account_with(""))
    for path, pattern in addresses():
        if not is_public(pattern):
            for answer in (client.get(path), client.post(path)):
                assert answer.status_code in (403, 405), f"{path}: {answer.status_code}"


@pytest.mark.parametrize("role", Role.values)
def test_nothing_that_a_person_sends_makes_a_page_fail(client: Client, account_with, district, role: str) -> None:
    """Each role walks over every page with missing rows and nonsense in every field: an answer, never a failure."""
    client.force_login(account_with(role, None if role in ADMINISTRATORS else district.data))
    nonsense = {
        name: "　<b>'\";--\x00%00🜁9999999999999999999999"
        for name in (
            "plan", "unit", "account", "grant", "parent", "scope", "organisation", "successor", "on", "until", "since", "deputy", "days", "token",
            "value", "as_of", "target", "task", "deadline", "text", "line", "new_kind", "name", "kind", "username", "q", "action", "actor", "before",
            "object", "step", "choice-0", "account-0", "state", "light", "purpose", "password", "new", "old", "show", "type", "page", "to", "reason", "subject", "severity", "email", "person", "starts_at", "ends_at", "shift", "check", "question", "week", "telephone", "plate", "seed", "carrier", "result", "month",
        )
    }  # fmt: skip
    steps = {"plans:task_step": ("accept", "report", "close", "chase", "break-down", "deadline", "assign", "no-such"), "plans:target_step": ("report", "milestones", "baseline", "no-such"),
             "admin:account_step": ("disable", "reset", "grant", "revoke", "hand-over", "no-such"), "admin:me_step": ("deputy", "token", "revoke-token", "no-such"),
             "cases:step": ("answer", "review", "no-such"), "rosters:step": ("arrange", "withdraw", "hand-over", "take-over", "check", "answer", "retire", "no-such"), "plans:decide": ("confirm", "correct", "no-such"), "plans:plan_step": ("file", "publish", "no-such")}  # fmt: skip
    for pages in ALL_PAGES:
        for pattern in pages.urlpatterns:
            if pattern.name in ("sign_out", "password"):
                continue
            for step in steps.get(f"{pages.name}:{pattern.name}", ("accept",)):
                for pk in ("1", "999999", "99999999999999999999999"):
                    path = address_of(pattern, pk=pk, step=step)
                    for answer in (client.get(path, nonsense), client.post(path, nonsense, **HTMX)):
                        assert answer.status_code < 500, f"{role} {path}: {answer.status_code}"


def test_an_address_that_does_not_exist_is_a_page_of_ours(client: Client, db: None) -> None:
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404 and "Traceback" not in answer.content.decode()
    assert "没有" in answer.content.decode()


@pytest.mark.parametrize(
    "path", ["/", "/sign-in/", "/public/", "/no/such/page/", "/api/v1/health", "/api/v1/docs", "/programme/", "/live/"]
)
def test_every_kind_of_answer_carries_the_security_headers(client: Client, db: None, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'self'" in headers["Content-Security-Policy"] and "script-src" not in headers[
        "Content-Security-Policy"
    ].replace("script-src 'self'", "")
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_asking_for_the_head_of_the_live_stream_opens_none(client: Client, account_with) -> None:
    client.force_login(account_with("viewer"))
    answer = client.head("/live/")
    assert answer.headers["Content-Type"] == "text/event-stream" and not answer.streaming
    assert client.get("/live/").streaming


def test_what_was_seen_signed_in_is_not_kept_by_the_browser(client: Client, account_with) -> None:
    client.force_login(account_with("viewer"))
    assert client.get("/programme/")["Cache-Control"] == "private, no-store"


def test_a_form_without_the_token_changes_nothing(account_with, district) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(account_with(Role.SYSTEM_ADMIN))
    before = Organisation.objects.count()
    answer = strict.post("/units/new/", {"name": "伪造局", "kind": "bureau"})
    assert answer.status_code == 403 and Organisation.objects.count() == before


# --- administration -------------------------------------------------------------------------------------------------


def test_a_pasted_list_becomes_units_and_accounts_in_one_go(client: Client, account_with, district) -> None:
    client.force_login(account_with(Role.SYSTEM_ADMIN))
    text = "区数据局\n望河区水务局\n望河区民政局\n"
    page = client.post("/units/paste/", {"text": text}).content.decode()
    assert "望河区水务局" in page and not Organisation.objects.filter(name="望河区水务局").exists()
    form = {"text": text, "step": "register", "parent": district.government.pk}
    form |= {f"choice-{n}": "new" for n in (1, 2)} | {f"kind-{n}": "bureau" for n in (1, 2)}
    form |= {f"account-{n}": "1" for n in (0, 1, 2)}
    sheet = client.post("/units/paste/", form).content.decode()
    made = Organisation.objects.filter(name__in=("望河区水务局", "望河区民政局"), parent=district.government)
    assert made.count() == 2
    assert district.data.accounts.count() == 1 and sheet.count("联络员") >= 0
    fresh = [unit.accounts.get() for unit in (*made, district.data)]
    assert all(account.must_change_password and not account.grants.exists() for account in fresh), (
        "the security administrator gives roles, not the system administrator"
    )


def test_a_hand_over_moves_what_is_open_and_says_how_much(client: Client, account_with, district) -> None:
    leaving, coming = account_with("officer", district.data), account_with("", district.data)
    client.force_login(account_with(Role.SYSTEM_ADMIN))
    answer = client.post(f"/accounts/{leaving.pk}/hand-over/", {"successor": coming.username}, follow=True)
    assert "已移交 0 项在办工作" in answer.content.decode()
    assert not coming.has_role(Role.OFFICER), "roles are the security administrator's to give"


def test_a_deputy_appointed_on_the_page_acts_until_the_last_day(client: Client, account_with, district) -> None:
    principal, deputy = account_with("officer", district.data), account_with("", district.data)
    client.force_login(principal)
    today = timezone.localdate()
    form = {"deputy": deputy.username, "since": today, "until": today + timedelta(days=3), "reason": "出差"}
    assert client.post("/account/deputy/", form).status_code == 302
    client.force_login(deputy)
    assert client.get("/week/").status_code == 200


def test_the_auditor_verifies_and_exports_for_a_stated_purpose(client: Client, account_with) -> None:
    client.force_login(account_with(Role.AUDITOR))
    assert client.post("/audit/").status_code == 200
    assert client.post("/audit/export/", {"purpose": ""}).status_code == 422
    answer = client.post("/audit/export/", {"purpose": "年度审计"})
    assert answer["Content-Type"] == "text/csv"
    assert AuditRecord.objects.filter(action="export").exists()


@pytest.mark.parametrize(
    ("tiles", "host"),
    [
        ("", ""), ("https://t0.tianditu.gov.cn/vec_w/wmts?tk=k&x={x}&y={y}&z={z}", " https://t0.tianditu.gov.cn"), ("https://maps.example:8443/{z}/{x}/{y}", " https://maps.example:8443"),
        ("http://maps.example/{z}", ""), ("https://maps.example; script-src */", ""), ("https://*/", ""), ("javascript:alert(1)", ""), ("https:///x", ""),
    ],
)  # fmt: skip
def test_map_tiles_come_from_the_one_https_host_that_the_district_named(
    client: Client, db: None, settings, tiles: str, host: str
) -> None:
    settings.TILES = tiles
    policy = dict(
        part.strip().split(" ", 1) for part in client.get("/sign-in/").headers["Content-Security-Policy"].split(";")
    )
    assert policy["img-src"] == f"'self' data: blob:{host}" and policy["connect-src"] == f"'self'{host}"
    assert policy["default-src"] == "'self'" and "http" not in policy["style-src"], (
        "scripts and styles are always our own"
    )


def test_the_navigation_stands_in_groups_and_what_is_done_every_day_comes_first(
    client: Client, account_with, district
) -> None:
    entries = nav_for(account_with(Role.SUPERVISOR, district.government), ALL_PAGES)
    headings = [heading for heading, _ in grouped(entries)]
    titles = [pick(*each) for each in GROUPS.values()]
    assert headings[0] == "" and headings == [title for title in titles if title in headings]
    assert all(each.group in GROUPS for pages in ALL_PAGES for each in pages.nav)
    with pytest.raises(ValueError, match="no group of the navigation"):
        Pages("x").in_nav("y", "z", order=1, roles=[Role.VIEWER], group="elsewhere")
