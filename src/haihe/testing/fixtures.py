"""Pytest fixtures: a small district, accounts by role, a signed-in browserless client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

AccountMaker = Callable[..., Any]


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, settings: Any) -> None:
    """Evidence, keys and checkpoints of each test lie in a folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    settings.HOME = home
    settings.LAKE_URL = ""
    settings.EVIDENCE_FOLDER = home / "evidence"
    settings.CHECKPOINT_FOLDER = home / "audit"
    # Argon2 is slow on purpose; tests do not guess passwords.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def district(db: None) -> SimpleNamespace:
    """A government with three bureaus, a town and a park, as attributes: government, data, city, health, town, park."""
    from haihe.kernel.organisations import Organisation

    government = Organisation.objects.create(name="望河区人民政府", short_name="区政府", kind="government")

    def below(name: str, short: str, kind: str) -> Organisation:
        return Organisation.objects.create(name=name, short_name=short, kind=kind, parent=government)

    return SimpleNamespace(
        government=government,
        data=below("望河区数据局", "区数据局", "bureau"),
        city=below("望河区城市管理委员会", "区城市管理委", "bureau"),
        health=below("望河区卫生健康委员会", "区卫生健康委", "bureau"),
        town=below("柳渡镇人民政府", "柳渡镇", "town"),
        park=below("望河经济开发区管理委员会", "望河经济开发区", "park"),
    )


@pytest.fixture
def account_with(db: None) -> AccountMaker:
    """A function (role or "", unit=None, username=None) → a new account with that role; officers get the unit as scope."""
    from django.utils import timezone

    from haihe.kernel.identity import Account, RoleGrant

    def make(role: str = "", unit: Any = None, username: str | None = None) -> Account:
        number = Account.objects.count() + 1
        account = Account(
            username=username or f"{role or 'nobody'}{number}",
            display_name=f"{role or 'nobody'} {number}",
            organisation=unit,
        )
        account.set_password("correct-horse-7")
        account.must_change_password = False
        account.save()
        if role:
            RoleGrant.objects.create(
                account=account, role=role, scope=unit if role == "officer" else None, since=timezone.localdate()
            )
        return account

    return make


@pytest.fixture
def signed_in(client: Any) -> Callable[[Any], Any]:
    """A function account → Django's test client with that account signed in."""

    def sign_in(account: Any) -> Any:
        client.force_login(account, backend="haihe.kernel.identity.PasswordBackend")
        return client

    return sign_in


def _written_once() -> Iterator[Any]:
    """The migrations of kernel and packs that make rows written once."""
    from importlib import import_module
    from pkgutil import iter_modules

    from django.apps import apps

    for app in apps.get_app_configs():
        if app.name.startswith("haihe.") and find_spec(f"{app.name}.migrations"):
            package = import_module(f"{app.name}.migrations")
            for module in iter_modules(package.__path__):
                if module.name.endswith("written_once"):
                    yield import_module(f"{package.__name__}.{module.name}")


@pytest.fixture(autouse=True)
def _written_once_again(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """After `writable_rows`: makes the triggers again. As one of those that every test has it begins before the test's database
    and ends after it, and so after its flush."""
    yield
    if "writable_rows" in request.fixturenames:
        from django.apps import apps
        from django.db import connection

        with django_db_blocker.unblock(), connection.schema_editor() as editor:
            for migration in _written_once():
                migration.protect(apps, editor)


@pytest.fixture
def writable_rows(transactional_db: None) -> Iterator[None]:
    """For tests that commit: rows that are written once can be flushed afterwards, because the triggers are dropped at the
    end of the test and made again for the next one. (PostgreSQL refuses to truncate even an empty table that has them.)"""
    from django.apps import apps
    from django.db import connection

    yield
    with connection.schema_editor() as editor:
        for migration in _written_once():
            migration.unprotect(apps, editor)


ALARM_LIMITS = """
answer_hours: {title_zh: 答复时限, title_en: answer, unit: hours, values: [{since: 2000-01-01, value: 24, source: unverified}]}
answer_remind_hours: {title_zh: 提醒, title_en: reminder, unit: hours, values: [{since: 2000-01-01, value: 2, source: unverified}]}
review_days: {title_zh: 审核时限, title_en: review, unit: working days, values: [{since: 2000-01-01, value: 3, source: unverified}]}
review_remind_days: {title_zh: 提醒, title_en: reminder, unit: working days, values: [{since: 2000-01-01, value: 1, source: unverified}]}
"""


@pytest.fixture
def alarm_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A case type that belongs to no pack: the handler answers with a file within 24 hours, the reviewer or a supervisor closes
    it or sends it back within 3 working days."""
    from haihe.kernel import policies
    from haihe.kernel.cases import CASE_TYPES, CLOSED, CaseStep, CaseType, Exit, case_type

    path = tmp_path / "limits.yaml"
    path.write_text(ALARM_LIMITS, encoding="utf-8")
    known = {**policies.all_parameters(), **policies.read_parameters(path, "test")}
    monkeypatch.setattr(policies, "all_parameters", lambda: known)
    answer = CaseStep(
        "answer", "处置", "Handle", performers=("handler",), limit="test.answer_hours", remind=("test.answer_remind_hours",),
        escalate_to=("supervisor",), evidence="file", exits=(Exit("review", "提交", "Submit"),),
    )  # fmt: skip
    review = CaseStep(
        "review", "审核", "Review", performers=("reviewer", "supervisor"), limit="test.review_days", remind=("test.review_remind_days",),
        escalate_to=("opener",), exits=(Exit(CLOSED, "办结", "Close"), Exit("answer", "退回", "Send back", evidence="text")),
    )  # fmt: skip
    yield case_type(
        CaseType("test.alarm", "TS", "告警处置", "Alarm", (answer, review), openers=("supervisor", "officer"))
    )
    del CASE_TYPES["test.alarm"]
