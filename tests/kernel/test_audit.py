"""The audit record shows whatever was altered, removed, cut off or reordered."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from haihe.kernel import audit
from haihe.kernel.audit import AuditRecord, AuditSeal

TRIGGERS = [
    f"{table}_no_{event}" for table in ("kernel_auditrecord", "kernel_auditseal") for event in ("update", "delete")
]


@pytest.fixture
def five_records(db: None) -> list[AuditRecord]:
    rows = [audit.record(None, f"test.{n}", number=n) for n in range(5)]
    audit.seal_pending()
    return rows


def sql(*statements: str) -> None:
    """What an intruder with write access to the database does: drop the triggers, then write."""
    with connection.cursor() as cursor:
        for trigger in TRIGGERS:
            table = f" ON {trigger.partition('_no_')[0]}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}{table}")
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("model", [AuditRecord, AuditSeal])
def test_the_database_refuses_to_change_or_delete(five_records: list[AuditRecord], model: type) -> None:
    field = {"action": "other"} if model is AuditRecord else {"digest": "0" * 64}
    for change in (lambda: model.objects.update(**field), lambda: model.objects.all()._raw_delete("default")):
        with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
            change()


def test_untouched_records_verify(five_records: list[AuditRecord]) -> None:
    found = audit.verify()
    assert (found.ok, found.sealed, found.unsealed) == (True, 5, 0)


def test_an_altered_record_is_found(five_records: list[AuditRecord]) -> None:
    sql(f"UPDATE kernel_auditrecord SET actor_name = 'somebody else' WHERE id = {five_records[2].pk}")
    assert any("altered" in problem and str(five_records[2].pk) in problem for problem in audit.verify().problems)


def test_an_altered_record_is_found_although_its_seal_was_altered_too(five_records: list[AuditRecord]) -> None:
    sql(f"UPDATE kernel_auditrecord SET actor_name = 'somebody else' WHERE id = {five_records[2].pk}")
    digest = AuditRecord.objects.get(pk=five_records[2].pk).digest()
    sql(f"UPDATE kernel_auditseal SET digest = '{digest}' WHERE record_id = {five_records[2].pk}")
    assert any("does not follow" in problem for problem in audit.verify().problems)


def test_a_removed_record_is_found(five_records: list[AuditRecord]) -> None:
    sql(f"DELETE FROM kernel_auditrecord WHERE id = {five_records[1].pk}")
    assert any("removed" in problem for problem in audit.verify().problems)


def test_a_record_removed_together_with_its_seal_is_found(five_records: list[AuditRecord]) -> None:
    pk = five_records[1].pk
    sql(f"DELETE FROM kernel_auditrecord WHERE id = {pk}", f"DELETE FROM kernel_auditseal WHERE record_id = {pk}")
    assert any("is missing" in problem for problem in audit.verify().problems)


def test_reordered_records_are_found(five_records: list[AuditRecord]) -> None:
    a, b = five_records[1].pk, five_records[3].pk
    sql(
        f"UPDATE kernel_auditseal SET record_id = -1 WHERE record_id = {a}",
        f"UPDATE kernel_auditseal SET record_id = {a} WHERE record_id = {b}",
        f"UPDATE kernel_auditseal SET record_id = {b} WHERE record_id = -1",
    )
    assert not audit.verify().ok


def test_records_cut_off_after_a_checkpoint_are_found(five_records: list[AuditRecord], settings) -> None:
    audit.checkpoint()
    (Path(settings.HOME) / "audit-head.json").unlink()
    last = five_records[-1].pk
    sql(f"DELETE FROM kernel_auditseal WHERE record_id = {last}", f"DELETE FROM kernel_auditrecord WHERE id = {last}")
    assert any("cut off" in problem and "checkpoint" in problem for problem in audit.verify().problems)


def test_records_cut_off_since_the_last_checkpoint_are_found(five_records: list[AuditRecord]) -> None:
    last = five_records[-1].pk
    sql(f"DELETE FROM kernel_auditseal WHERE record_id = {last}", f"DELETE FROM kernel_auditrecord WHERE id = {last}")
    assert any("cut off" in problem for problem in audit.verify().problems)


def test_a_chain_rewritten_with_the_stolen_key_is_found_by_the_checkpoint(
    five_records: list[AuditRecord], settings
) -> None:
    audit.checkpoint()
    sql(
        f"UPDATE kernel_auditrecord SET actor_name = 'x' WHERE id = {five_records[0].pk}",
        "DELETE FROM kernel_auditseal",
    )
    (Path(settings.HOME) / "audit-head.json").unlink()
    audit.seal_pending()
    assert any("signed checkpoint" in problem for problem in audit.verify().problems)


def test_a_forged_checkpoint_is_found(five_records: list[AuditRecord]) -> None:
    path = audit.checkpoint()
    assert path is not None
    path.write_text(path.read_text().replace('"seq": 5', '"seq": 4'))
    assert any("signature" in problem for problem in audit.verify().problems)


def test_an_auditor_signs_with_a_key_of_their_own(five_records: list[AuditRecord], tmp_path: Path) -> None:
    public = audit.make_key(tmp_path / "auditor.pem")
    assert audit.checkpoint(tmp_path / "elsewhere", tmp_path / "auditor.pem") is not None
    found = audit.verify(tmp_path / "elsewhere", public)
    assert (found.ok, found.checkpoints) == (True, 1)


def test_a_checkpoint_is_written_once_per_state(five_records: list[AuditRecord]) -> None:
    assert audit.checkpoint() is not None
    assert audit.checkpoint() is None


def test_records_are_sealed_after_the_commit(db: None, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        row = audit.record(None, "test.commit")
        assert not AuditSeal.objects.filter(record_id=row.pk).exists()
    assert AuditSeal.objects.filter(record_id=row.pk).exists()
