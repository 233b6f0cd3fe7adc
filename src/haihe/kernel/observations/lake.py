"""The lake: Delta tables in a folder or on object storage, partitioned by the day of receipt (UTC), files sorted by
(thing, observed_at) within slices of time (lake_files.py).

Order of every change, so that a power cut at any point loses nothing: data files are written and durable, then the commit is
made (with the journal's identity and number as Delta's application transaction), then it is durable too, and only then may a
caller trim the journal. A commit of a local lake torn by a power cut before that last step is taken back by `mend`.

Any number of processes may read; whoever writes holds `exclusive()`, one lock for the whole lake among the processes of a machine.
Between machines, which may share a lake on object storage, each commit is checked against those that came in between: the same number
of a journal, or a file that another exchanged, is refused.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import polars as pl
import structlog
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import CommitFailedError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.observations import decimals
from haihe.kernel.observations.lake_files import PARTITION, add_action, stored
from haihe.kernel.observations.lake_reader import LakeReader

log = structlog.get_logger()
CHECKPOINT_EVERY = 50
# The writer in whose name files are taken out of a table: Delta lets two commits take out the same file, but not two of one writer.
EXCHANGE = "haihe.exchange"
NO_HOOKS = PostCommitHookProperties(create_checkpoint=False)


class Lake(LakeReader):
    """The lake at `url`, for reading and writing."""

    def exclusive(self, wait_s: float = 60.0) -> AbstractContextManager[None]:
        """Hold the lake's one write lock; raises Conflict when it does not become free in time."""
        return self.place.exclusive(wait_s)

    def append(self, table: str, rows: pl.DataFrame, *, writer: str, seq: int) -> bool:
        """Commit `rows` as everything that `writer` appended up to `seq`; False, and nothing done, if that is there already.

        Durable on return. Raises NotStored when the disk is full or read-only, InvalidInput for columns that clash with
        those the table has. The caller holds `exclusive()`.
        """
        with self.place.faults(table):
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
        """One durable data file, not yet part of the table."""
        path, size_bytes = self.place.write(table, day, rows)
        return add_action(path, size_bytes, rows, day, data_change=data_change)

    def commit(
        self, table: str, actions: Sequence[AddAction | RemoveAction], transactions: Sequence[Transaction] = ()
    ) -> None:
        """Make files part of the table (or not any more) in one step, durable on return. Raises Conflict when another has done what
        this would do again."""
        # Looked at and committed to the same version; what comes in between Delta looks at itself.
        with self._turn, self.place.faults(table):
            delta = self._fresh(table)
            files = self._version(table, delta).files  # looking again could give a newer version
            taken = {action.path for action in actions if isinstance(action, RemoveAction)}
            transactions = [*transactions, *([Transaction(EXCHANGE, delta.version() + 1)] if taken else [])]
            done = any(int(delta.transaction_version(one.app_id) or 0) >= one.version for one in transactions)
            if done or not taken <= set(files["path"]):
                raise _overtaken(self.place.where(table))
            try:
                delta.create_write_transaction(
                    list(actions), "append", delta.schema(), partition_by=[PARTITION],
                    commit_properties=CommitProperties(app_transactions=transactions), post_commithook_properties=NO_HOOKS,
                )  # fmt: skip
            except CommitFailedError as error:
                if self.place.named(error, table) is None:
                    raise _overtaken(self.place.where(table)) from error
                raise
        self.settle(table)

    def settle(self, table: str) -> None:
        """Make the newest version durable; now and then write a checkpoint, so that opening stays quick."""
        with self.place.faults(table):
            delta = self._fresh(table)
            version = delta.version()
            self.place.settle(table, version)
            if version and version % CHECKPOINT_EVERY == 0:
                delta.create_checkpoint()
                self.place.settle(table, version, checkpoint=True)

    def expire(self, table: str, before: date) -> int:
        """Take whole days of receipt before a day out of the table; the files go with the next vacuum. Returns rows."""
        files = self.files(table)
        if files.is_empty():
            return 0
        old = files.filter(pl.col(f"partition.{PARTITION}") < before)
        if old.is_empty():
            return 0
        self.commit(table, removals(old, data_change=True))
        return int(old["num_records"].sum())

    def vacuum(self, table: str, *, hours: int = 1) -> int:
        """Delete files that no version of the last `hours` needs, those of interrupted writes included. Returns how many."""
        if hours < 1:
            raise InvalidInput("清理至少保留一小时，正在进行的查询还要用。", "Vacuum keeps at least one hour: running queries need it.",
                               where=table)  # fmt: skip
        delta = self._fresh(table)
        with self.place.faults(table):
            gone = delta.vacuum(
                hours, dry_run=False, enforce_retention_duration=False, full=True, post_commithook_properties=NO_HOOKS
            )  # fmt: skip
            self.settle(table)
        return len(gone)

    def mend(self) -> list[str]:
        """Take back the newest log entry of a table when a power cut tore it: its rows are still in the journal. Returns the
        tables mended. The caller holds `exclusive()`."""
        mended = []
        for table in self.tables():
            entry = self.place.mend(table)
            if entry is not None:
                self._opened.pop(table, None)
                log.error("a torn commit was taken back", table=table, entry=entry)
                mended.append(table)
        return mended

    # --- within -------------------------------------------------------------------------------------------------------

    def _ready(self, table: str, schema: pl.Schema) -> DeltaTable:
        """The table, made or widened so that it has the columns of `schema`."""
        delta = self.find(table)
        wanted = Schema.from_arrow(pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema)
        if delta is None:
            fields = [*wanted.fields, Field(PARTITION, PrimitiveType("date"))]
            DeltaTable.create(
                self.place.url(table), Schema(fields), mode="ignore", partition_by=[PARTITION],
                storage_options=self.place.for_delta or None,
            )  # fmt: skip
            self.settle(table)
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
            delta.alter.add_columns(new, post_commithook_properties=NO_HOOKS)
            self.settle(table)
        return self._fresh(table)

    def _discard(self, table: str, actions: Sequence[Any]) -> None:
        """Delete files of a commit that did not happen (vacuum would, an hour later) – unless it happened after all."""
        with contextlib.suppress(Exception):
            self._known.pop(table, None)
            current = set(self.files(table)["path"])
            self.place.discard(table, [action.path for action in actions if action.path not in current])


def _overtaken(where: str) -> Conflict:
    return Conflict("另一进程已先提交了同样的更改。", "Another process committed the same change first.", where=where,
                    to_do_zh="无需处理，会自动重试。", to_do_en="Nothing to do: it is tried again.")  # fmt: skip


def removals(files: pl.DataFrame, *, data_change: bool) -> list[RemoveAction]:
    """Remove actions for rows of `Lake.files`."""
    now = int(time.time() * 1000)
    columns = files.select("path", "size_bytes", f"partition.{PARTITION}").iter_rows()
    return [RemoveAction(path, data_change, now, size, {PARTITION: str(day)}) for path, size, day in columns]
