"""Every page and every call of the API, walked over by every role: who gets it, to whom it does not exist, who is refused.

What is expected is derived from what is declared and compared with the answer:

* nobody signed in: a page sends to the door, a call answers 401 (unless it says that it is public);
* *refused* (403): no role of the account is among those of the permission that the page names or that the call asks first;
* *hidden* (404): the permission is there, but `visible` does not give the account the row, such as another carrier's vehicle;
* *open*: everything else. An action may still refuse what the form or body asks for, or not find what it names.

Each time the addresses about rows of a carrier are walked; the long proofs walk all addresses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import models, transaction
from django.test import Client
from django.utils import timezone
from tests.web.test_site import address_of, is_public

from haihe.kernel import permissions, rosters
from haihe.kernel.alerts import lifecycle
from haihe.kernel.alerts.models import Alert
from haihe.kernel.cases import open_case
from haihe.kernel.identity import Account, Role, issue_token
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import ACTIONS, visible
from haihe.packs.transport import services
from haihe.web.urls import ALL_PAGES

REFUSED, HIDDEN, OPEN = "refused", "hidden", "open"
WHO = (
    "supervisor",
    "viewer",
    "bureau",
    "own",
    "other",
    "beside",
    "system_admin",
    "security_admin",
    "auditor",
    "nobody",
)
# Calls that ask for no permission: they tell an account about itself, or tell everybody what is declared.
WALKS = pytest.mark.parametrize("everything", [False, pytest.param(True, marks=pytest.mark.all)])
NAMES_ROWS = {"/plans/compare.json", "/papers/draft/"}  # pages whose query names the rows
OF_ONESELF = {"/api/v1/me", "/api/v1/health", "/api/v1/actions", "/api/v1/plans/public"}


@pytest.fixture
def trade(district: SimpleNamespace, account_with: Callable[..., Account]) -> SimpleNamespace:
    """Two carriers below a bureau, with one row of everything that belongs to the first one, and an account of each role."""
    units = [Organisation.objects.create(name=f"{name}运输公司", kind="enterprise", parent=district.city) for name in ("甲", "乙")]  # fmt: skip
    people = {
        "supervisor": account_with(Role.SUPERVISOR), "viewer": account_with(Role.VIEWER), "bureau": account_with(Role.OFFICER, district.city),
        "own": account_with(Role.OFFICER, units[0]), "other": account_with(Role.OFFICER, units[1]), "beside": account_with(Role.OFFICER, district.health),
        **{role: account_with(role) for role in ("system_admin", "security_admin", "auditor")}, "nobody": account_with(""),
    }  # fmt: skip
    supervisor, own, now = people["supervisor"], people["own"], timezone.now()
    carrier = services.register_carrier(supervisor, units[0])
    services.register_carrier(supervisor, units[1])
    vehicle = services.register_vehicle(supervisor, carrier, plate="模W12345", phone="13900000001")
    outline = {"type": "Polygon", "coordinates": [[[117, 39], [117.1, 39], [117.1, 39.1], [117, 39]]]}
    area = services.draw_area(supervisor, None, name="试验区域", mode="permitted", geometry=outline)
    services.assign_area(supervisor, area, vehicles=type(vehicle).objects.filter(pk=vehicle.pk))
    post = rosters.open_post(own, units[0], name="监控室")
    shift = rosters.arrange_shifts(own, post, person=own, starts_at=now, ends_at=now + timedelta(hours=8))[0]
    alert = Alert.objects.create(
        rule="transport.speeding", title_zh="超速", title_en="Speeding", thing=vehicle.thing, organisation=units[0], key="speeding", level="raised",
        severity="Moderate", urgency="Immediate", certainty="Observed", started_at=now, raised_at=now, last_at=now, count=1,
    )  # fmt: skip
    rows = {
        "transport/vehicles": vehicle, "transport/areas": area, "transport/checks": services.pick_day(supervisor, vehicle, on=timezone.localdate()),
        "rosters": post, "rosters/shifts": shift, "rosters/checks": rosters.ask_for_answer(supervisor, post), "alerts": alert,
        "cases": open_case(None, "transport.alert", "超速", units[0], about=alert), "things": vehicle.thing,
        "suppressions": lifecycle.suppress(supervisor, None, reason="检修", until=now + timedelta(hours=1), thing=vehicle.thing),
    }  # fmt: skip
    return SimpleNamespace(people=people, rows=rows)


def _row_of(path: str, trade: SimpleNamespace) -> models.Model | None:
    """The row that the number in an address stands for, where it is one of the first carrier's; None where it is another kind."""
    before = re.split(r"<int:pk>|{pk}", path.removeprefix("/api/v1/").strip("/"))[0].strip("/")
    return trade.rows.get(before) if "pk" in path else None


def _holds(account: Account, permission: str) -> bool:
    """From the declaration alone: whether a role of the account is among those of the permission."""
    return bool(set(account.grants_on().values_list("role", flat=True)) & ACTIONS[permission].roles)


def _expected(account: Account, permission: str, row: models.Model | None, has_number: bool) -> set[str]:
    if not _holds(account, permission):
        return {REFUSED}
    if row is not None:
        sees = visible(account, type(row)._default_manager.all()).filter(pk=row.pk).exists()
        return {OPEN} if sees else {HIDDEN}
    return {HIDDEN, OPEN} if has_number else {OPEN}  # a number of what does not exist here


def _class(status: int) -> str:
    return {403: REFUSED, 404: HIDDEN}.get(status, OPEN)


def _undone(send: Callable[[], Any]) -> Any:
    """The answer to a request whose changes are taken back, so that the walk meets the same rows everywhere."""
    with transaction.atomic():
        answer = send()
        transaction.set_rollback(True)
    return answer


# --- pages ----------------------------------------------------------------------------------------------------------


def _pages(trade: SimpleNamespace) -> Iterator[tuple[str, Any, models.Model | None]]:
    """Address, route and row of every page that is not public. Signing out and the account's own password are another test's."""
    for pages in ALL_PAGES:
        for pattern in pages.urlpatterns:
            route = str(pattern.pattern)
            if is_public(pattern) or pattern.name in ("sign_out", "password"):
                continue
            row = _row_of(route, trade)
            yield address_of(pattern, pk=str(row.pk) if row is not None else "999999"), pattern, row


@WALKS
def test_every_page_answers_every_role_as_it_is_declared(
    client: Client, trade: SimpleNamespace, everything: bool
) -> None:
    wrong, seen = [], Counter[str]()
    walked = [each for each in _pages(trade) if everything or each[2] is not None]
    for path, _, _ in walked:
        answer = client.get(path)
        answer = client.post(path) if answer.status_code == 405 else answer
        if not (answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next=")):
            wrong.append(f"stranger {path}: {answer.status_code}")
    for who in WHO:
        account = trade.people[who]
        client.force_login(account)
        for path, pattern, row in walked:
            answer = _undone(lambda path=path: client.get(path))
            is_post = answer.status_code == 405
            if is_post:
                answer = _undone(lambda path=path: client.post(path))
            has_part = "<" in str(pattern.pattern) or path in NAMES_ROWS
            wanted = _expected(account, pattern.callback.permission, row, has_part)
            got = _class(answer.status_code)
            seen[got] += 1
            # The action behind a form asks more than its page and looks for what the form names; a page itself refuses nobody whom
            # its permission lets in.
            if got not in wanted and not (is_post and OPEN in wanted):
                wrong.append(f"{who} {path}: {answer.status_code}, expected {wanted}")
            if answer.status_code >= 500:
                wrong.append(f"{who} {path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert min(seen[REFUSED], seen[HIDDEN], seen[OPEN]) > 20, seen


# --- calls of the API -------------------------------------------------------------------------------------------------


def _sample(schema: dict[str, Any], known: dict[str, Any]) -> Any:
    """A value that fits a schema of the OpenAPI description."""
    if "$ref" in schema:
        schema = known[schema["$ref"].rsplit("/", 1)[1]]
    for choice in ("anyOf", "allOf", "oneOf"):
        if choice in schema:
            return _sample(schema[choice][0], known)
    if "enum" in schema:
        return schema["enum"][0]
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    if schema.get("type") == "object" or "properties" in schema:
        wanted = schema.get("required", [])
        return {name: _sample(schema["properties"][name], known) for name in wanted}
    if schema.get("type") == "array":
        return [_sample(schema["items"], known) for _ in range(schema.get("minItems", 0))]
    if schema.get("type") in ("integer", "number"):
        return max(1, schema.get("minimum", 1))
    if schema.get("type") == "boolean":
        return True
    now = timezone.now()
    return {"date": str(now.date()), "date-time": now.isoformat()}.get(schema.get("format", ""), "试验试验")


def _calls(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], Any, bool]]:
    """(method, path, query, body, whether the body is a form) of every call."""
    known = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            query = {
                p["name"]: _sample(p["schema"], known) for p in operation.get("parameters", []) if p["in"] == "query" and p.get("required")
            }  # fmt: skip
            content = operation.get("requestBody", {}).get("content", {})
            kind = next(iter(content), "")
            body = _sample(content[kind]["schema"], known) if content else None
            yield method, path, query, body, kind not in ("", "application/json")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the permissions that a request asks for, in order."""
    names: list[str] = []
    original = permissions._ground

    def noting(account: Any, wanted: Any, target: Any) -> Any:
        names.append(wanted.name)
        return original(account, wanted, target)

    monkeypatch.setattr(permissions, "_ground", noting)
    return names


def _send(client: Client, method: str, path: str, query: dict[str, Any], body: Any, is_form: bool) -> Any:
    address = path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
    if method == "get":
        return client.get(path, query)
    if is_form:
        return (
            client.generic(method.upper(), address, b"", content_type="application/x-www-form-urlencoded")
            if body is None
            else client.post(address, body)
        )
    return getattr(client, method)(address, body if body is not None else {}, content_type="application/json")


@WALKS
def test_every_call_of_the_api_answers_every_role_as_it_is_declared(
    trade: SimpleNamespace, asked: list[str], everything: bool
) -> None:
    described = Client().get("/api/v1/openapi.json").json()
    calls = [call for call in _calls(described) if everything or _row_of(call[1], trade) is not None]
    wrong, seen, reached = [], Counter[str](), set()
    for who in WHO:
        account = trade.people[who]
        client = Client(headers={"Authorization": f"Bearer {issue_token(account, 'walk', days=1, may_write=True)[1]}"})
        for method, path, query, body, is_form in calls:
            row = _row_of(path, trade)
            address = re.sub(r"{(\w+)}", lambda part, row=row: str(row.pk) if row is not None and part[1] == "pk" else "999999", path)  # fmt: skip
            asked.clear()
            answer = _undone(lambda: _send(client, method, address, query, body, is_form))  # noqa: B023  (sent at once)
            got, label = _class(answer.status_code), f"{who} {method} {path}"
            if answer.status_code >= 500 or answer.status_code == 401:
                wrong.append(f"{label}: {answer.status_code}")
                continue
            if not asked:
                if answer.status_code < 400 and not any(path.startswith(own) for own in OF_ONESELF):
                    wrong.append(f"{label}: {answer.status_code} although no permission was asked for")
                continue
            reached.add((method, path))
            seen[got] += 1
            wanted = _expected(account, asked[0], row, "{" in path)
            # Further permissions are those of the action, on a row that the account sees; a body or query may name what is not there.
            is_told = (got == REFUSED and len(asked) > 1) or (got == HIDDEN and bool(body or query))
            if got not in wanted and not (is_told and OPEN in wanted):
                wrong.append(f"{label}: {answer.status_code}, expected {wanted} by {asked[0]}")
    assert not wrong, "\n".join(wrong)
    assert min(seen[REFUSED], seen[HIDDEN], seen[OPEN]) > 20, seen
    missed = sorted({(method, path) for method, path, *_ in calls} - reached)
    assert len(reached) > 0.85 * len(calls), missed
