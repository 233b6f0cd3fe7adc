"""The journal: durable at once. One SQLite file of its own; when `append` returns, the rows are fsync'd.

A row of `entries` is one batch: its number, table, count, and the batch as an Arrow IPC stream with a checksum. Any number of processes may append and read at once; readers never block writers (WAL). Numbers only grow, in the
order of the commits, so that "everything after number N" is a complete answer for a consumer that keeps a cursor.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import structlog

from haihe.kernel.observations.journal_file import JournalFile
from haihe.kernel.observations.packing import packed, unpacked

log = structlog.get_logger()
TRIM_ENTRIES = 500


def _marks(values: Collection[str] | None) -> str:
    return ", ".join("?" * len(values or ()))


@dataclass(frozen=True)
class Entry:
    """One appended batch: its number, table, count of rows, and the rows."""

    seq: int
    table: str
    rows: int
    batch: pl.DataFrame


class Journal(JournalFile):
    """The journal at `path`; made on first use. Usable from many threads (they take turns)."""

    name = ""
    grows = True

    def mine(self, things: Any) -> Any:
        """Which things' rows come through this journal (any_journal.py): all of them."""
        return things == things

    # --- appending ----------------------------------------------------------------------------------------------------

    def append(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> int:
        """Store (table, rows) batches in one transaction and return the last number; durable on return, all or nothing.

        Raises InvalidInput for a batch that does not fit its table, NotStored when the disk is full or read-only.
        """
        rows = [packed(table, batch) for table, batch in batches if batch.height]
        if not rows:
            return self.last_seq()
        with self._writing() as connection:
            for row in rows:
                cursor = connection.execute(
                    'INSERT INTO entries ("table", rows, checksum, payload) VALUES (?, ?, ?, ?)', row
                )
        return int(cursor.lastrowid or 0)

    # --- reading ------------------------------------------------------------------------------------------------------

    def read(
        self, after_seq: int, limit_rows: int = 50_000, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> list[Entry]:  # fmt: skip
        """Batches after a number, oldest first, until `limit_rows` is reached (at least one batch): of the tables `only`, or of all
        `but` some. A damaged batch is set aside and left out."""
        found, damaged, count = [], [], 0
        sql = 'SELECT seq, "table", rows, checksum, payload FROM entries WHERE seq > ?'
        values: list[Any] = [after_seq]
        for clause, given in (
            (f'"table" IN ({_marks(only)})', only),
            (f'"table" NOT IN ({_marks(but)})', but or None),
        ):
            if given is not None:
                sql, values = f"{sql} AND {clause}", [*values, *given]
        with self._reading() as connection:
            for seq, name, rows, checksum, payload in connection.execute(f"{sql} ORDER BY seq", values):
                batch = unpacked(payload, checksum, rows)
                if batch is None:
                    damaged.append(seq)
                    continue
                found.append(Entry(seq, name, rows, batch))
                count += rows
                if count >= limit_rows:
                    break
        for seq in damaged:
            # A reader without the right to write still gets its answer.
            with contextlib.suppress(Exception):
                self.set_aside(seq, "the stored batch is damaged (checksum)")
        return found

    def news(
        self, after_seq: int, limit_rows: int, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> tuple[list[Entry], int]:
        """What a consumer that wants some tables has to take in, and the number that its cursor then has: everything up to it is
        among the batches, or is of another table."""
        end = self.last_seq()
        entries = self.read(after_seq, limit_rows, only=only, but=but)
        if sum(entry.rows for entry in entries) >= limit_rows:
            return entries, entries[-1].seq
        return entries, max([after_seq, end, *(entry.seq for entry in entries)])

    def last_seq(self) -> int:
        """The greatest number ever given, 0 in the beginning."""
        with self._reading() as connection:
            row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
        return int(row[0]) if row else 0

    def waiting(self, after_seq: int = 0, table: str | None = None) -> tuple[int, int, int]:
        """(batches, rows, bytes of the batches) after a number, of all tables or one."""
        with self._reading() as connection:
            row = connection.execute(
                "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(length(payload)), 0) FROM entries WHERE seq > ?"
                ' AND (? IS NULL OR "table" = ?)',
                (after_seq, table, table),
            ).fetchone()
        return int(row[0]), int(row[1]), int(row[2])

    # --- consumers ----------------------------------------------------------------------------------------------------

    def cursor(self, name: str) -> int:
        """The last number that the consumer has dealt with; 0 for an unknown one."""
        return self.cursors().get(name, 0)

    def cursors(self) -> dict[str, int]:
        with self._reading() as connection:
            return {name: seq for name, seq in connection.execute("SELECT name, seq FROM cursors")}

    def set_cursor(self, name: str, seq: int) -> None:
        """Remember that the consumer has dealt with everything up to `seq`. Naming one registers it: nothing that it has not
        dealt with is trimmed. A cursor never goes back."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = max(seq, excluded.seq)",
                (name, seq),
            )

    def drop_cursor(self, name: str) -> None:
        """Forget a consumer that is gone for good, so that it no longer holds the journal back."""
        with self._writing() as connection:
            connection.execute("DELETE FROM cursors WHERE name = ?", (name,))

    def trim(self, up_to_seq: int) -> int:
        """Delete batches up to a number, some hundred at a time so that appending goes on meanwhile; returns how many."""
        gone = 0
        while True:
            with self._writing() as connection:
                last = connection.execute(
                    "SELECT max(seq) FROM (SELECT seq FROM entries WHERE seq <= ? ORDER BY seq LIMIT ?)",
                    (up_to_seq, TRIM_ENTRIES),
                ).fetchone()[0]
                if last is None:
                    return gone
                connection.execute("UPDATE facts SET value = ? WHERE name = 'trimmed'", (str(last),))
                gone += connection.execute("DELETE FROM entries WHERE seq <= ?", (last,)).rowcount

    def trimmed(self) -> int:
        """Everything up to this number has been deleted."""
        return int(self.fact("trimmed"))

    def set_aside(self, seq: int, reason: str, table: str = "") -> None:
        """Move one batch out of the way, bytes and all, so that it stops nothing and is not lost; logged. An entry has one table only."""
        with self._writing() as connection:
            moved = connection.execute(
                "INSERT OR IGNORE INTO set_aside SELECT seq, \"table\", rows, payload, ?, datetime('now') FROM entries WHERE seq = ?",
                (reason, seq),
            ).rowcount
            connection.execute("DELETE FROM entries WHERE seq = ?", (seq,))
        if moved:
            log.error("a batch was set aside", journal=str(self.path), seq=seq, reason=reason)

    def list_set_aside(self) -> list[tuple[int, str, int, str, str]]:
        """(number, table, rows, reason, time) of batches that could not be used."""
        with self._reading() as connection:
            return list(connection.execute('SELECT seq, "table", rows, reason, at FROM set_aside ORDER BY seq'))
