"""The lake: Delta tables on local disk, partitioned by the day of receipt (UTC), files sorted by (thing, observed_at)
within slices of time (lake_files.py).

Order of every change, so that a power cut at any point loses nothing: data files are written and fsync'd, then the commit is
made (with the journal's identity and number as Delta's application transaction), then the log entry and the folders are fsync'd,
and only then may a caller trim the journal. A commit torn by a power cut before that last step is taken back by `mend`.

Any number of processes may read; whoever writes holds `exclusive()`, one lock file for the whole lake.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import structlog
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Schema, Transaction
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.observations import decimals
from haihe.kernel.observations.faults import storage_faults
from haihe.kernel.observations.lake_files import add_action, stored, sync, write_file
from haihe.kernel.observations.lake_reader import PARTITION, LakeReader

log = structlog.get_logger()
CHECKPOINT_EVERY = 50
LOCK = ".lock"


class Lake(LakeReader):
    """The lake in the folder `url` (a path or file://…), for reading and writing."""

    @contextlib.contextmanager
    def exclusive(self, wait_s: float = 60.0) -> Iterator[None]:
        """Hold the lake's one write lock; raises Conflict when it does not become free in time."""
        with storage_faults(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait_for(handle, self.folder, wait_s)
            yield
        finally:
            os.close(handle)

    def append(self, table: str, rows: pl.DataFrame, *, writer: str, seq: int) -> bool:
        """Commit `rows` as everything that `writer` appended up to `seq`; False, and nothing done, if that is there already.

        Durable on return. Raises NotStored when the disk is full or read-only, InvalidInput for columns that clash with
        those the table has. The caller holds `exclusive()`.
        """
        with storage_faults(self.folder / table):
            known = self.find(table)
            kept_as = {field.name: str(field.type) for field in known.schema().fields} if known else {}
            rows = stored(decimals.split(table, rows, kept_as))
            delta = self._ready(table, rows.schema)
            if int(delta.transaction_version(writer) or 0) >= seq:
                return False
            rows = rows.with_columns(pl.col("received_at").dt.date().alias(PARTITION))
            actions: list[AddAction | RemoveAction] = []
            try:
                for (day,), part in rows.partition_by(PARTITION, as_dict=True).items():
                    actions.append(self.write(table, day, part.drop(PARTITION)))
                self.commit(table, actions, [Transaction(writer, seq)])
            except BaseException:
                self._discard(table, actions)
                raise
        return True

    def write(self, table: str, day: Any, rows: pl.DataFrame, *, data_change: bool = True) -> AddAction:
        """One fsync'd data file, not yet part of the table."""
        folder = self.folder / table / f"{PARTITION}={day}"
        if not folder.exists():
            folder.mkdir()
            sync(folder.parent)
        return add_action(write_file(folder, rows), rows, day, self.folder / table, data_change=data_change)

    def commit(
        self, table: str, actions: Sequence[AddAction | RemoveAction], transactions: list[Transaction] | None = None
    ) -> None:
        """Make files part of the table (or not any more) in one step, and fsync the log."""
        delta = self._fresh(table)
        hooks = PostCommitHookProperties(create_checkpoint=False)
        delta.create_write_transaction(
            list(actions), "append", delta.schema(), partition_by=[PARTITION],
            commit_properties=CommitProperties(app_transactions=transactions or []), post_commithook_properties=hooks,
        )  # fmt: skip
        self.sync_log(table)

    def sync_log(self, table: str) -> None:
        """fsync the newest log entry and the folder; now and then write a checkpoint, so that opening stays quick."""
        delta = self._fresh(table)
        folder = self.folder / table / "_delta_log"
        sync(folder / f"{delta.version():020d}.json")
        sync(folder)
        if delta.version() % CHECKPOINT_EVERY == 0 and delta.version():
            delta.create_checkpoint()
            for path in [*folder.glob(f"{delta.version():020d}.checkpoint*"), folder / "_last_checkpoint", folder]:
                sync(path)

    def expire(self, table: str, before: date) -> int:
        """Take whole days of receipt before a day out of the table; the files go with the next vacuum. Returns rows."""
        files = self.files(table)
        if files.is_empty():
            return 0
        old = files.filter(pl.col(f"partition.{PARTITION}") < before)
        if old.is_empty():
            return 0
        with storage_faults(self.folder / table):
            self.commit(table, removals(old, data_change=True))
        return int(old["num_records"].sum())

    def vacuum(self, table: str, *, hours: int = 1) -> int:
        """Delete files that no version of the last `hours` needs, those of interrupted writes included. Returns how many."""
        if hours < 1:
            raise InvalidInput("清理至少保留一小时，正在进行的查询还要用。", "Vacuum keeps at least one hour: running queries need it.",
                               where=table)  # fmt: skip
        delta = self._fresh(table)
        with storage_faults(self.folder / table):
            gone = delta.vacuum(
                hours, dry_run=False, enforce_retention_duration=False, full=True,
                post_commithook_properties=PostCommitHookProperties(create_checkpoint=False),
            )  # fmt: skip
            self.sync_log(table)
        return len(gone)

    def mend(self) -> list[str]:
        """Take back the newest log entry of a table when a power cut tore it: its rows are still in the journal. Returns the
        tables mended. The caller holds `exclusive()`."""
        mended = []
        for table in self.tables():
            entries = sorted((self.folder / table / "_delta_log").glob("[0-9]*.json"))
            if entries and not _whole(entries[-1]):
                entries[-1].rename(entries[-1].with_suffix(".torn"))
                sync(entries[-1].parent)
                self._opened.pop(table, None)
                log.error("a torn commit was taken back", table=table, entry=entries[-1].name)
                mended.append(table)
        return mended

    # --- within -------------------------------------------------------------------------------------------------------

    def _ready(self, table: str, schema: pl.Schema) -> DeltaTable:
        """The table, made or widened so that it has the columns of `schema`."""
        delta = self.find(table)
        wanted = Schema.from_arrow(pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema)
        if delta is None:
            fields = [*wanted.fields, Field(PARTITION, PrimitiveType("date"))]
            DeltaTable.create(self.folder / table, Schema(fields), mode="ignore", partition_by=[PARTITION])
            self.sync_log(table)
            sync(self.folder / table)
            sync(self.folder)
            return self._fresh(table)
        known = {field.name: str(field.type) for field in delta.schema().fields}
        clash = [f.name for f in wanted.fields if f.name in known and known[f.name] != str(f.type)]
        if clash:
            raise InvalidInput(
                f"列 {clash} 的类型与表中已有的不同。", f"The columns {clash} have another type than in the table.", where=table,
                to_do_zh="请给新类型的列另起名字。", to_do_en="Give the column of the new type a new name.",
            )  # fmt: skip
        new = [field for field in wanted.fields if field.name not in known]
        if new:
            delta.alter.add_columns(new, post_commithook_properties=PostCommitHookProperties(create_checkpoint=False))
            self.sync_log(table)
        return self._fresh(table)

    def _discard(self, table: str, actions: Sequence[Any]) -> None:
        """Delete files of a commit that did not happen (vacuum would, an hour later) – unless it happened after all."""
        with contextlib.suppress(Exception):
            self._known.pop(table, None)
            current = set(self.files(table)["path"])
            for action in actions:
                if action.path not in current:
                    (self.folder / table / action.path).unlink(missing_ok=True)


def removals(files: pl.DataFrame, *, data_change: bool) -> list[RemoveAction]:
    """Remove actions for rows of `Lake.files`."""
    now = int(time.time() * 1000)
    columns = files.select("path", "size_bytes", f"partition.{PARTITION}").iter_rows()
    return [RemoveAction(path, data_change, now, size, {PARTITION: str(day)}) for path, size, day in columns]


def _whole(entry: Path) -> bool:
    """Whether a log entry is complete: every line is an object of JSON."""
    text = entry.read_text(encoding="utf-8", errors="replace")
    try:
        return bool(text.strip()) and all(isinstance(json.loads(line), dict) for line in text.splitlines() if line)
    except ValueError:
        return False


def _wait_for(handle: int, folder: Path, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() >= end:
                raise Conflict("数据湖正被另一进程写入。", "Another process is writing the lake.", where=str(folder),
                               to_do_zh="请稍后再试。", to_do_en="Try again later.") from None  # fmt: skip
        time.sleep(0.02)
