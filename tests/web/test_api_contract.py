"""`/api/v1` keeps its promise: schemathesis reads the OpenAPI description and tries every operation with what it makes up."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import haihe
from haihe.kernel.identity import Account, Role, issue_token
from haihe.kernel.packs import installed_packs

EXAMPLES = 3
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
KNOWN_IDS = 5


@pytest.fixture
def filled(district: Any, account_with: Any) -> None:
    """A plan of the ledger with targets, tasks and reports, so that operations have something to act on."""
    from haihe.packs.plans import services
    from haihe.packs.plans.models import Target, Task
    from haihe.packs.plans.tests.conftest import evidence_of, make_plan, target, task

    supervisor, officer = account_with(Role.SUPERVISOR), account_with(Role.OFFICER, district.data)
    clauses = [("target", target(3, "示范场景", 30, "个")), ("task", task(5, "建设平台", ("区数据局", "lead"))), ("task", task(6, "推广应用", ("某单位", "lead")))]  # fmt: skip
    plan = make_plan(supervisor, clauses)
    services.file_plan(supervisor, plan)
    services.assign_all(supervisor, plan)
    make_plan(supervisor, clauses, title="望河区另一行动方案", series="另一")
    services.accept(officer, Task.objects.get(heading="建设平台"))
    services.add_step(officer, Task.objects.get(heading="建设平台"), title="开工", due=date(2027, 12, 1))
    services.report_target(
        supervisor, Target.objects.get(), value=Decimal(3), text="统计", evidence=[evidence_of(supervisor)]
    )


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Requests share the test's transaction, as those of Django's own client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations() -> Iterator[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    for result in schema.get_all_operations():
        yield result.ok()


def try_out(operation: Any, secret: str) -> int:
    """Send EXAMPLES made-up requests of one operation; how many were sent. Raises schemathesis' failures."""
    tried = 0

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answers(case: Any) -> None:
        nonlocal tried
        # Numbers of rows that exist, or nothing but "not found" would be tried.
        for name, value in (case.path_parameters or {}).items():
            if isinstance(value, int):
                case.path_parameters[name] = 1 + abs(value) % KNOWN_IDS
        case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS)
        tried += 1

    answers()
    return tried


@pytest.mark.parametrize(
    "role", [Role.SUPERVISOR, Role.SYSTEM_ADMIN, pytest.param(Role.AUDITOR, marks=pytest.mark.all)]
)
def test_every_operation_answers_as_described_to_whatever_is_sent(
    role: str, filled: None, account_with: Any, district: Any
) -> None:
    asking = account_with(role, district.data)
    tried, broken = 0, []
    for operation in operations():
        # What was tried before may have revoked the token or reset the password of the account itself.
        Account.objects.filter(pk=asking.pk).update(must_change_password=False, is_active=True)
        secret = issue_token(asking, "test", days=1, may_write=True)[1]
        try:
            tried += try_out(operation, secret)
        except Exception as error:
            inner = getattr(error, "exceptions", [error])
            broken.append(f"{operation.method} {operation.path}: " + "; ".join(str(each)[:300] for each in inner))
    assert not broken, "\n".join(broken)
    assert tried > 60 * EXAMPLES / 2, "too few requests were sent"


def test_without_a_valid_token_nothing_but_what_is_public_is_told(filled: None) -> None:
    public = {"/api/v1/health", "/api/v1/plans/public"}
    checked = 0
    for operation in operations():
        for headers in ({}, {"Authorization": "Bearer hh_wrong"}, {"Authorization": "Basic YTpi"}):
            case = operation.Case(path_parameters=dict.fromkeys(re.findall(r"{(\w+)}", operation.path), 1))
            answer = case.call(headers=headers)
            wanted = (
                (200,)
                if operation.path.removeprefix("/api/v1") in {p.removeprefix("/api/v1") for p in public}
                else (401,)
            )
            assert answer.status_code in wanted, f"{operation.method} {operation.path} {headers}: {answer.status_code}"
            checked += 1
    assert checked > 150


# --- everything that a page can change, a program can ----------------------------------------------------------------


def _names_called(files: list[Path]) -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return set(re.findall(r"\b(?:services|administration)\.(\w+)\(", text))


def _actions_of(module: str) -> set[str]:
    """Names of the functions of a module that are declared with @action (they keep the original inside)."""
    return {n for n, f in vars(import_module(module)).items() if inspect.isfunction(f) and hasattr(f, "__wrapped__")}


@pytest.mark.parametrize("pack", [None, *sorted(installed_packs())])
def test_every_change_that_a_page_makes_has_a_call_of_the_api(pack: str | None) -> None:
    source = Path(haihe.__file__).parent
    if pack is None:
        pages, api, declared = (
            [source / "web/administration.py"],
            sorted((source / "web").glob("api*.py")),
            "haihe.kernel.administration",
        )
    else:
        folder = Path(import_module(installed_packs()[pack]).__file__ or "").parent
        pages = [*folder.glob("pages.py"), *folder.glob("pages/*.py")]
        api, declared = [*folder.glob("api*.py"), *folder.glob("api/*.py")], f"{installed_packs()[pack]}.services"
        if not any(module.name == "services" for module in pkgutil.iter_modules([str(folder)])):
            pytest.skip("this pack has no services")
    missing = (_names_called(pages) & _actions_of(declared)) - _names_called(api)
    assert not missing, f"only pages can do this: {sorted(missing)}"
