"""`/api/v1`: tokens, sessions, one error envelope, OpenAPI for everything."""

from __future__ import annotations

import json
import re

import pytest

from haihe.kernel.identity import Role, issue_token
from haihe.kernel.organisations import Organisation


def bearer(account, *, may_write: bool = False) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {issue_token(account, 'test', days=1, may_write=may_write)[1]}"}


def test_the_interface_describes_itself_and_names_every_error(client, db) -> None:
    description = client.get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.")
    assert {"/api/v1/me", "/api/v1/organisations", "/api/v1/audit"} <= set(description["paths"])
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), f"{method} {path} has no sentence"


def test_the_page_of_the_interface_loads_nothing_from_elsewhere(client, db) -> None:
    page = client.get("/api/v1/docs").content.decode()
    assert "swagger" in page and "https://" not in page and "http://" not in page


def test_without_a_token_everything_but_health_is_refused(client, db) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    for path, methods in paths.items():
        if path in ("/api/v1/health", "/api/v1/plans/public"):
            continue
        for method in methods:
            answer = client.generic(method.upper(), re.sub(r"{\w+}", "1", path))
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"


def test_an_account_without_roles_reaches_nothing(client, account_with) -> None:
    headers = bearer(account_with(""), may_write=True)
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    open_to_all = {"/api/v1/health", "/api/v1/me", "/api/v1/actions", "/api/v1/plans/public"}
    for path, methods in paths.items():
        for method in set(methods) if path not in open_to_all else ():
            answer = client.generic(method.upper(), re.sub(r"{\w+}", "1", path), "{}", "application/json", **headers)
            assert answer.status_code in (403, 404, 422), f"{method} {path}: {answer.status_code}"


def test_a_token_that_may_only_read_changes_nothing(client, account_with) -> None:
    headers = bearer(account_with(Role.SYSTEM_ADMIN))
    answer = client.post(
        "/api/v1/organisations", json.dumps({"name": "新单位"}), content_type="application/json", **headers
    )
    assert answer.status_code == 403 and not Organisation.objects.exists()


def test_a_unit_is_registered_and_found_by_its_name(client, account_with) -> None:
    headers = bearer(account_with(Role.SYSTEM_ADMIN), may_write=True)
    made = client.post(
        "/api/v1/organisations", json.dumps({"name": "望河区水务局"}), content_type="application/json", **headers
    )
    assert made.status_code == 200 and made.json()["kind"] == "bureau"
    assert (
        client.get("/api/v1/organisations/match", {"name": "望河区水务局"}, **headers).json()["organisation"]["id"]
        == made.json()["id"]
    )


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"name": 5}', '{"name": "' + "长" * 500 + '"}', '{"name": "x", "area_code": "12"}']
)
def test_a_body_that_does_not_fit_gets_the_one_envelope(client, account_with, body: str) -> None:
    headers = bearer(account_with(Role.SYSTEM_ADMIN), may_write=True)
    answer = client.post("/api/v1/organisations", body, content_type="application/json", **headers)
    assert answer.status_code in (400, 422)
    if answer.status_code == 422:
        assert set(answer.json()["error"]) >= {"code", "message_zh", "message_en", "where", "to_do_zh"}


def test_a_session_changes_something_only_with_the_csrf_token(account_with) -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(account_with(Role.SYSTEM_ADMIN), backend="haihe.kernel.identity.PasswordBackend")
    answer = strict.post("/api/v1/organisations", json.dumps({"name": "新单位"}), content_type="application/json")
    assert answer.status_code in (401, 403) and not Organisation.objects.exists()


def test_only_the_auditor_reads_the_audit_record(client, account_with) -> None:
    assert client.get("/api/v1/audit", **bearer(account_with(Role.AUDITOR))).status_code == 200
    assert client.get("/api/v1/audit", **bearer(account_with(Role.SYSTEM_ADMIN))).status_code == 403
