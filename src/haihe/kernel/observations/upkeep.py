"""What the worker repeats for observations, and how things stand. Each duty is one bounded step, safe to kill and to repeat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
from django.db import transaction

import haihe.kernel.observations.standard  # noqa: F401  (declares its tables)
from haihe.kernel import audit
from haihe.kernel.observations import stores
from haihe.kernel.observations.any_journal import AnyJournal, of_each
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import EVERY_ROWS, FED, feed_once, is_due
from haihe.kernel.observations.lake_files import PARTITION
from haihe.kernel.observations.tables import TABLES

VACUUM_HOURS = 1


def feed(at: datetime) -> int:
    """Move rows to the lake when 60 s have passed or 50,000 wait; goes on while a backlog is left."""
    return of_each(stores.own_journals(), _feed)


def _feed(journal: AnyJournal) -> int:
    moved = 0
    while is_due(journal):
        step = feed_once(journal, stores.lake()).rows
        moved += step
        if step < EVERY_ROWS:
            break
    return moved


def advance_latest(at: datetime) -> int:
    return stores.own_latest().advance()


def compact(at: datetime) -> int:
    """One step of compaction for each table."""
    lake = stores.lake()
    return sum(compact_once(lake, table, at) for table in lake.tables())


def vacuum(at: datetime) -> int:
    """Delete files that nothing needs any more."""
    lake = stores.lake()
    gone = 0
    for table in lake.tables():
        with lake.exclusive():
            gone += lake.vacuum(table, hours=VACUUM_HOURS)
    return gone


def expire(at: datetime) -> int:
    """Delete whole days of receipt past each table's retention, each recorded. Tables of absent packs are kept."""
    lake, newest = stores.lake(), stores.latest()
    gone = 0
    for name in lake.tables():
        if name not in TABLES:
            continue
        before = (at.astimezone(UTC) - timedelta(days=TABLES[name].retention_days)).date()
        with lake.exclusive():
            gone += _expire_table(name, before)
        newest.expire(name, datetime(before.year, before.month, before.day, tzinfo=UTC))
    return gone


def _expire_table(name: str, before: date) -> int:
    """The record comes first: a kill in between leaves a record too many, never a deletion without one."""
    lake = stores.lake()
    old = lake.files(name).filter(pl.col(f"partition.{PARTITION}") < before)
    if old.is_empty():
        return 0
    days = old[f"partition.{PARTITION}"]
    with transaction.atomic():
        audit.record(
            None, "observations.expire", None, table=name, rows=int(old["num_records"].sum()), first_day=days.min(),
            last_day=days.max(), retention_days=TABLES[name].retention_days,
        )  # fmt: skip
    return lake.expire(name, before)


@dataclass(frozen=True)
class TableStatus:
    """One table: rows and bytes in the lake, files, rows still in the journal only."""

    name: str
    title_zh: str
    title_en: str
    lake_rows: int
    lake_bytes: int
    files: int
    journal_rows: int


@dataclass(frozen=True)
class JournalStatus:
    """One journal: how far it goes, how far the lake and each consumer have come, what was set aside."""

    title: str
    rows: int
    size_bytes: int
    last_seq: int
    fed_seq: int
    fed_at: datetime | None
    consumers: dict[str, int]
    set_aside: list[tuple[int, str, int, str, str]]


@dataclass(frozen=True)
class Status:
    tables: list[TableStatus]
    journals: list[JournalStatus]

    @property
    def set_aside(self) -> int:
        return sum(len(journal.set_aside) for journal in self.journals)


def status() -> Status:
    """How journals and lake stand now."""
    journals = stores.journals()
    names = sorted({*TABLES, *stores.lake().tables()})
    return Status([_table_status(name, journals) for name in names], [_journal_status(one) for one in journals])


def _journal_status(journal: AnyJournal) -> JournalStatus:
    fed_at, cursors = float(journal.fact("fed_at", "0")), journal.cursors()
    return JournalStatus(
        title=str(journal.path) if journal.name else Path(journal.path).name, rows=journal.waiting()[1],
        size_bytes=journal.size_bytes(), last_seq=journal.last_seq(), fed_seq=cursors.get(FED, 0),
        fed_at=datetime.fromtimestamp(fed_at, UTC) if fed_at else None,
        consumers={name: seq for name, seq in cursors.items() if name != FED}, set_aside=journal.list_set_aside(),
    )  # fmt: skip


def _table_status(name: str, journals: Sequence[AnyJournal]) -> TableStatus:
    lake = stores.lake()
    files, declared = lake.files(name), TABLES.get(name)
    return TableStatus(
        name, declared.title_zh if declared else "（功能包不在，数据保留）", declared.title_en if declared else "(pack absent: data kept)",
        int(files["num_records"].sum() or 0), int(files["size_bytes"].sum() or 0), files.height,
        sum(one.waiting(lake.transaction(name, one.identity), name)[1] for one in journals),
    )  # fmt: skip
