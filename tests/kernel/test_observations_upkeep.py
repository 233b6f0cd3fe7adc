"""Duties, permissions and the status of observations, in a district."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from haihe.kernel.audit import AuditRecord
from haihe.kernel.duties import DUTIES
from haihe.kernel.errors import InvalidInput, NotAllowed, NotFound
from haihe.kernel.observations import stores, upkeep
from haihe.kernel.observations.queries import latest, observations, read_for
from haihe.runtime import steps_of
from haihe.testing.fixtures import AccountMaker
from haihe.testing.observations import START, positions


def add(*batches: Any) -> None:
    stores.journal().append([("position", batch) for batch in batches])


def test_the_worker_has_two_steps_of_the_road_and_three_duties(settings: Any, db: None) -> None:
    add(positions())
    steps = {step.name: function for step, function in steps_of("worker")}
    duties = {name: DUTIES[f"observations.{name}"].run for name in ("compact", "vacuum", "expire")}
    for run in (steps["lake"], steps["latest"], *duties.values()):
        run(START + timedelta(hours=1))
    state = upkeep.status()
    (journal,) = state.journals
    (position,) = [row for row in state.tables if row.name == "position"]
    assert (position.lake_rows, position.journal_rows, position.files) == (1000, 0, 1)
    assert (
        journal.fed_at is not None and journal.fed_seq == journal.last_seq == 1 and journal.consumers == {"latest": 1}
    )
    assert latest("position").height == 20


def test_rows_that_wait_are_seen_in_the_status(settings: Any, db: None) -> None:
    add(positions())
    upkeep.feed(START)
    add(positions())
    (position,) = [row for row in upkeep.status().tables if row.name == "position"]
    assert (position.lake_rows, position.journal_rows) == (1000, 1000)


def test_retention_deletes_old_days_keeps_others_forgets_newest_rows_and_is_recorded(db: None) -> None:
    add(positions(things=3, each=10), positions(things=3, each=10, first_thing=11, start=START + timedelta(days=90)))
    upkeep.advance_latest(START)
    upkeep.feed(START)
    day = START + timedelta(days=184)
    assert upkeep.expire(day) == 30
    assert observations("position").collect()["thing"].min() == 11
    assert latest("position")["thing"].to_list() == [11, 12, 13]
    (record,) = AuditRecord.objects.filter(action="observations.expire")
    assert record.details["rows"] == 30 and record.details["last_day"] == "2026-11-24"
    assert upkeep.expire(day) == 0 and AuditRecord.objects.filter(action="observations.expire").count() == 1


def test_a_personal_table_is_read_only_with_account_permission_and_purpose_and_leaves_a_record(
    account_with: AccountMaker, district: SimpleNamespace
) -> None:
    add(positions())
    officer, viewer = account_with("officer", district.city), account_with("viewer")
    with pytest.raises(NotAllowed):
        read_for(None, "复核告警", "position")
    with pytest.raises(NotAllowed):
        read_for(viewer, "复核告警", "position")
    with pytest.raises(InvalidInput, match="purpose"):
        read_for(officer, " ", "position")
    assert not AuditRecord.objects.filter(action="observations.read_personal").exists()
    since, until = START, START + timedelta(minutes=3)
    rows = read_for(
        officer, "复核告警", "position", things=[1, 2], since=since, until=until, columns=["thing", "speed_kmh"]
    )
    assert rows.columns == ["thing", "speed_kmh"] and set(rows["thing"]) == {1, 2}
    (record,) = AuditRecord.objects.filter(action="observations.read_personal")
    assert record.actor_id == officer.pk
    assert record.details["purpose"] == "复核告警" and record.details["things"] == [1, 2]
    assert read_for(officer, "值班", "position", only_latest=True).height == 20
    assert AuditRecord.objects.filter(action="observations.read_personal").count() == 2


def test_the_record_is_written_before_the_rows_are_read(
    account_with: AccountMaker, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haihe.kernel.observations import queries

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("the lake is gone")

    monkeypatch.setattr(queries, "observations", fails)
    with pytest.raises(RuntimeError):
        read_for(account_with("supervisor"), "核查", "position")
    assert AuditRecord.objects.filter(action="observations.read_personal").count() == 1


def test_what_cannot_be_asked_is_told(db: None) -> None:
    with pytest.raises(NotFound):
        read_for(None, "", "no_such_table")
    with pytest.raises(InvalidInput, match="time zone"):
        observations("position", since=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidInput, match="coordinates"):
        observations("raw_frame", box=(117, 39, 118, 40))
    assert observations("position", since=datetime(2026, 1, 1, tzinfo=UTC)).collect().height == 0
