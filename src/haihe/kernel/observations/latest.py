"""The newest row of each thing, kept ready.

A consumer of the journal coalesces what is new (one row per thing) into one Arrow file per table, replaced in one step. A
reader takes the file and what the journal has after the consumer's cursor, so the answer is up to date however seldom the
consumer runs. A lost or damaged file is made again from lake ∪ journal.

Which row is newest: the one with the greatest time of observation; but a clock that is far ahead or behind is not believed, and
such a row counts at its time of receipt, so that the year 2099 does not stick and 1970 is not lost. Of equals the later wins.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import structlog

from haihe.kernel.errors import HaiheError, InvalidInput
from haihe.kernel.observations.any_journal import EVERYTHING, AnyJournal, of_each
from haihe.kernel.observations.faults import storage_faults
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.lake_files import sync
from haihe.kernel.observations.quality import clock_is_ahead, clock_is_behind
from haihe.kernel.observations.question import Question
from haihe.kernel.observations.tables import COMMON, TABLES

log = structlog.get_logger()
CONSUMER = "latest"
STEP_ROWS = 200_000


def coalesced(rows: pl.DataFrame) -> pl.DataFrame:
    """One row per thing, the newest, sorted by thing; rows must come in the order in which they were appended."""
    rows = rows.filter(pl.col("thing").is_not_null()) if rows["thing"].null_count() else rows
    not_believed = pl.col("observed_at").is_null() | clock_is_ahead() | clock_is_behind()
    counted = rows.select(
        pl.when(not_believed).then(pl.col("received_at")).otherwise(pl.col("observed_at"))
    ).to_series()
    thing = rows["thing"].to_numpy()
    order = np.lexsort((counted.to_numpy(), thing))  # stable: of equals the later one comes last
    ends = np.flatnonzero(np.diff(thing[order], append=-1))
    return rows[order[ends]]  # only now are whole rows taken


class Latest:
    """The files of newest rows in `folder`, fed from a journal and rebuilt from a lake."""

    def __init__(self, folder: Path, journal: AnyJournal, lake: Lake) -> None:
        self.folder, self.journal, self.lake = Path(folder), journal, lake

    def read(self, table: str, things: Sequence[int] | None = None) -> pl.DataFrame:
        """The newest row of each thing (or of `things`), one row each, sorted by thing. Raises InvalidInput for a table that
        keeps no newest rows."""
        if not _keeps(table):
            raise InvalidInput(f"表“{table}”不保存最新值。", f"The table {table!r} keeps no newest rows.", where=table,
                               to_do_zh="请按时间查询。", to_do_en="Ask for a span of time.")  # fmt: skip
        while True:
            gone, cursors = self.journal.trimmed(), self.journal.cursors()
            cursor = cursors.get(CONSUMER, 0)
            kept = self._file(table) if CONSUMER in cursors else self.rebuild(table)
            news = [entry.batch for entry in self.journal.read(cursor, EVERYTHING, only=[table])]
            # Otherwise the consumer went on and the feeder trimmed while we looked: what we read may have a gap.
            if self.journal.trimmed() <= max(cursor, gone):
                break
        if things is not None:
            wanted = pl.Series(list(things), dtype=pl.Int64).unique()
            kept = kept.filter(pl.col("thing").is_in(wanted.implode()))
            news = [batch.filter(pl.col("thing").is_in(wanted.implode())) for batch in news]
        return _merged(kept, news, table)

    def advance(self) -> int:
        """Take in what the journal has after the cursor; returns rows read. Cheap: sorting and one file a table a step."""
        if CONSUMER not in self.journal.cursors():
            self._begin()
        self._make_missing()
        total = 0
        while True:
            cursor = self.journal.cursor(CONSUMER)
            entries, seq = self.journal.news(cursor, STEP_ROWS, but=[name for name in TABLES if not _keeps(name)])
            for table in sorted({entry.table for entry in entries}):
                news = [entry.batch for entry in entries if entry.table == table]
                self._replace(table, _merged(self._file(table), news, table))
            if seq > cursor:
                self.journal.set_cursor(CONSUMER, seq)
            step = sum(entry.rows for entry in entries)
            total += step
            if step < STEP_ROWS:
                return total

    def _make_missing(self) -> None:
        """Files of tables of which only the lake has rows. A lake that is away costs no more than these: the mover says that it is."""
        try:
            for table in self.lake.tables():
                if _keeps(table) and not self._path(table).exists():
                    self._replace(table, self.rebuild(table))
        except HaiheError:
            if not self.lake.place.may_be_away:
                raise

    def _begin(self) -> None:
        """A journal that has not seen this consumer: hold back trimming from now on, and make every file again, because the
        feeder may have moved rows that no file has."""
        self.journal.set_cursor(CONSUMER, self.journal.trimmed())
        for old in self.folder.glob("*.arrow"):
            old.unlink(missing_ok=True)

    def expire(self, table: str, before: datetime) -> None:
        """Forget newest rows that were received before an instant: they are past their retention."""
        kept = self._file(table)
        left = kept.filter(pl.col("received_at") >= before)
        if left.height < kept.height:
            self._replace(table, left)

    def rebuild(self, table: str) -> pl.DataFrame:
        """The newest rows from the lake, about a million rows at a time, so that memory stays bounded."""
        found = pl.DataFrame(schema=COMMON)
        for span in self.lake.spans_of_receipt(table):
            rows, _ = self.lake.scan(table, Question(received=span))
            if rows is not None:
                found = _merged(found, [self._mine(rows.collect())], table)
        cursor = self.journal.cursor(CONSUMER)
        news = [e.batch for e in self.journal.read(0, EVERYTHING, only=[table]) if e.seq <= cursor]
        return _merged(found, news, table)

    def _mine(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Of a partition: the rows of its things. The embedded journal's files hold what the lake has of any."""
        if not self.journal.name:
            return rows
        things = rows["thing"].fill_null(-1).to_numpy()
        return rows.filter(pl.Series(self.journal.mine(things) & (things >= 0)))

    def _path(self, table: str) -> Path:
        return self.folder / f"{table}.arrow"

    def _file(self, table: str) -> pl.DataFrame:
        try:
            return pl.read_ipc(self._path(table))
        except FileNotFoundError:
            pass  # a new table, or lost: the same to do
        except (pl.exceptions.PolarsError, OSError) as error:
            log.error("the newest rows are damaged and made again", table=table, error=repr(error))
        return self.rebuild(table)

    def _replace(self, table: str, rows: pl.DataFrame) -> None:
        with storage_faults(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            fresh = self.folder / f".{table}.{os.getpid()}.new"
            try:
                with fresh.open("wb") as file:
                    rows.write_ipc(file)
                    file.flush()
                    os.fsync(file.fileno())
                fresh.replace(self._path(table))
            finally:
                with contextlib.suppress(FileNotFoundError):
                    fresh.unlink()
            sync(self.folder)


class NewestOfAll:
    """The newest rows of several journals, each with files of its own: a thing's rows come through one of them."""

    def __init__(self, each: Sequence[Latest]) -> None:
        self.each = list(each)

    def read(self, table: str, things: Sequence[int] | None = None) -> pl.DataFrame:
        """As `Latest.read`. What an embedded journal left is older and comes first."""
        first, *others = [one.read(table, things) for one in self.each]
        return _merged(first, others, table)

    def advance(self) -> int:
        return of_each(self.each, Latest.advance)

    def expire(self, table: str, before: datetime) -> None:
        for one in self.each:
            one.expire(table, before)


def _keeps(table: str) -> bool:
    return table not in TABLES or TABLES[table].keeps_latest


def _merged(kept: pl.DataFrame, news: Sequence[pl.DataFrame], table: str) -> pl.DataFrame:
    rows = coalesced(pl.concat([kept, *news], how="diagonal_relaxed")) if news else kept
    return TABLES[table].conform(rows) if table in TABLES else rows
