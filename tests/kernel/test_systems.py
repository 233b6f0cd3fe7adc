"""The list of named systems says nothing better than what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe import __version__
from haihe.kernel.administration import operator
from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import NotAllowed, NotFound
from haihe.kernel.systems import (
    COUNTERS,
    PROVIDERS,
    Live,
    Row,
    Saw,
    SystemCheck,
    catalogue,
    counts,
    get_system,
    list_systems,
    note_check,
    providers_to_check,
    provides,
)
from haihe.kernel.systems.catalogue import asks_zh

ANY = "ENV-02"  # something that runs and that no pack provides


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A provider of ANY whose newest data are as old as its attribute `age_days` says (None: no data)."""
    monkeypatch.setattr("haihe.kernel.systems.providing.PROVIDERS", PROVIDERS)
    told = SimpleNamespace(age_days=None)

    def live(at: datetime) -> Live | None:
        return None if told.age_days is None else Live(at - timedelta(days=told.age_days))

    provides(ANY, "……", live=live)(lambda scratch: Saw("", ""))
    yield told
    del PROVIDERS[ANY]


def row_of(key: str) -> Row:
    return next(row for row in list_systems(timezone.now()) if row.system.id == key)


def seen(passed: bool = True, version: str = __version__) -> SystemCheck:
    check = note_check(operator(), None, system=ANY, passed=passed, seconds=1, saw=Saw("看到了。", "Seen."))
    SystemCheck.objects.filter(pk=check.pk).update(version=version)
    return check


def test_the_catalogue_is_the_whole_list() -> None:
    assert Counter(system.kind for system in catalogue().values()) == {"run": 338, "track": 107, "field": 18}
    assert all(bool(system.check) == (system.kind == "run") for system in catalogue().values())


def test_what_must_be_seen_is_told_in_chinese_of_every_system_that_runs() -> None:
    """Once each: by its provider, or by the list of those that no shipped pack provides."""
    runs = {system.id for system in catalogue().values() if system.kind == "run"}
    shipped = {key for key, provider in PROVIDERS.items() if provider.module.startswith("haihe.packs.")}
    assert set(asks_zh()) | shipped == runs and not set(asks_zh()) & shipped
    assert all(sentence.endswith("。") for sentence in asks_zh().values())


def test_what_nobody_provides_is_missing_whatever_was_noted(db: None) -> None:
    seen()
    assert row_of(ANY).status == "missing"


def test_not_checked_counts_as_missing_although_data_flow(db: None, provider: SimpleNamespace) -> None:
    provider.age_days = 0
    assert row_of(ANY).status == "missing"


def test_a_passed_check_of_this_version_makes_it_available(db: None, provider: SimpleNamespace) -> None:
    seen()
    row = row_of(ANY)
    assert (row.status, row.is_stale, row.as_dict()["checked"]) == (
        "available", False, {"version": __version__, "date": timezone.localdate().isoformat()},
    )  # fmt: skip


def test_only_the_newest_run_counts(db: None, provider: SimpleNamespace) -> None:
    seen()
    seen(passed=False)
    assert row_of(ANY).status == "missing"
    seen()
    assert row_of(ANY).status == "available"


def test_a_check_of_another_version_is_shown_and_counts_for_nothing(db: None, provider: SimpleNamespace) -> None:
    seen(version="0.0.9")
    row = row_of(ANY)
    assert (row.status, row.is_stale, row.as_dict()["checked"]["version"]) == ("missing", True, "0.0.9")


@pytest.mark.parametrize(("age_days", "status"), [(0, "in use"), (29, "in use"), (31, "available"), (None, "available")])  # fmt: skip
def test_in_use_means_data_here_within_thirty_days(db: None, provider: SimpleNamespace, age_days: Any, status: str) -> None:  # fmt: skip
    seen()
    provider.age_days = age_days
    assert row_of(ANY).status == status


def test_equipment_is_counted_where_a_register_counts_some(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COUNTERS, "SEN-05", lambda at: None)
    assert row_of("SEN-05").status == "missing"
    monkeypatch.setitem(COUNTERS, "SEN-05", lambda at: Saw("3 个", "3", {"n": 3}))
    assert (row_of("SEN-05").status, row_of("SEN-05").saw.en) == ("counted", "3")


def test_what_runs_cannot_be_counted_and_equipment_cannot_be_checked() -> None:
    with pytest.raises(ValueError, match="nothing that runs"):
        provides("SEN-05", "……")
    with pytest.raises(ValueError, match="no equipment"):
        counts(ANY)
    with pytest.raises(NotFound):
        get_system("XXX-01")


def test_two_packs_cannot_provide_the_same_system() -> None:
    known = next(iter(PROVIDERS))
    with pytest.raises(ValueError, match="provided by"):
        provides(known, "……")(lambda scratch: Saw("", ""))


def test_every_provider_belongs_to_a_pack_and_says_in_chinese_what_it_must_see() -> None:
    for provider in providers_to_check():
        assert provider.pack != "kernel" and provider.asks_zh.endswith("。"), provider.system
        assert (provider.check.__doc__ or "").strip(), provider.system


def test_noting_a_check_is_an_action_with_a_record(db: None, account_with: Any) -> None:
    seen()
    assert AuditRecord.objects.filter(action="system.note_check", details__system=ANY).count() == 1
    with pytest.raises(NotAllowed):
        note_check(account_with("viewer"), None, system=ANY, passed=True, seconds=1, saw=Saw("", ""))
