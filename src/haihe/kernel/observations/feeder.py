"""The feeder moves the journal to the lake in large, tidy steps, each row once.

The order makes it safe to kill anywhere: look which numbers the lake already has, commit the rest (fsync'd), and only then
trim – never past what a registered consumer still has to read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import polars as pl
import structlog

from haihe.kernel.errors import ConfigurationError, InvalidInput
from haihe.kernel.observations.any_journal import AnyJournal
from haihe.kernel.observations.journal import Entry
from haihe.kernel.observations.lake import Lake

log = structlog.get_logger()
EVERY_S = 60.0
EVERY_ROWS = 50_000
# Rows of one commit: bounds memory when a backlog is caught up with.
STEP_ROWS = 500_000
FED = "lake"


@dataclass(frozen=True)
class Fed:
    """What one step did: rows committed, the number up to which the lake has everything, batches trimmed."""

    rows: int
    up_to_seq: int
    trimmed: int


def is_due(journal: AnyJournal) -> bool:
    """Whether 60 s have passed since the last feed, or 50,000 rows wait."""
    last = float(journal.fact("fed_at", "0"))
    _batches, rows, _bytes = journal.waiting(journal.cursor(FED))
    return rows >= EVERY_ROWS or (rows > 0 and not 0 <= time.time() - last < EVERY_S)


def feed_once(journal: AnyJournal, lake: Lake, *, limit_rows: int = STEP_ROWS) -> Fed:
    """One step: at most about `limit_rows` rows from the journal into the lake. Safe to repeat and to kill at any point."""
    with lake.exclusive():
        lake.mend()
        start = journal.cursor(FED)
        entries = journal.read(start, limit_rows)
        rows = 0
        if entries:
            up_to = entries[-1].seq
            for table in sorted({entry.table for entry in entries}):
                rows += _feed_table(journal, lake, table, [e for e in entries if e.table == table], up_to)
            journal.set_cursor(FED, up_to)
            journal.set_fact("fed_at", str(time.time()))
        trimmed = journal.trim(min(journal.cursors().values(), default=0))
        journal.checkpoint()
    return Fed(rows, journal.cursor(FED), trimmed)


def _feed_table(journal: AnyJournal, lake: Lake, table: str, entries: list[Entry], up_to: int) -> int:
    known = lake.transaction(table, journal.identity)
    if known > journal.last_seq():
        raise ConfigurationError(
            "日志比数据湖旧，可能只恢复了其中之一。", "The journal is older than the lake: perhaps only one of them was restored.",
            where=f"{journal.path} / {table}", to_do_zh="请从同一备份恢复二者，或移走旧日志文件后重启。",
            to_do_en="Restore both from one backup, or move the old journal file away and start again.",
        )  # fmt: skip
    fresh = [entry for entry in entries if entry.seq > known]
    if not fresh:
        return 0
    try:
        batch = pl.concat([entry.batch for entry in fresh], how="diagonal_relaxed")
        return batch.height if lake.append(table, batch, writer=journal.identity, seq=up_to) else 0
    except (InvalidInput, pl.exceptions.PolarsError) as error:
        # One batch that the lake cannot take must not hold up all others for ever.
        if len(fresh) == 1:
            journal.set_aside(fresh[0].seq, f"the lake cannot take it: {error}", table)
            return 0
        half = len(fresh) // 2
        first = _feed_table(journal, lake, table, fresh[:half], fresh[half - 1].seq)
        return first + _feed_table(journal, lake, table, fresh[half:], up_to)
