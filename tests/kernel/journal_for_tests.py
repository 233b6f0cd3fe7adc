"""A journal with the interface of kernel.observations.journal.Journal, in a SQLite file: enough for tests that cut and kill."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class Entry:
    seq: int
    table: str
    rows: int
    batch: pl.DataFrame


class SmallJournal:
    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute("CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY, name TEXT, rows INT, content BLOB)")
        self.db.execute("CREATE TABLE IF NOT EXISTS cursor (name TEXT PRIMARY KEY, seq INT)")

    def append(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> int:
        self.db.execute("BEGIN IMMEDIATE")
        for name, batch in batches:
            buffer = io.BytesIO()
            batch.write_ipc_stream(buffer)
            self.db.execute(
                "INSERT INTO entry (name, rows, content) VALUES (?, ?, ?)", (name, batch.height, buffer.getvalue())
            )
        self.db.execute("COMMIT")
        return int(self.db.execute("SELECT max(seq) FROM entry").fetchone()[0])

    def read(self, after_seq: int, limit_rows: int) -> list[Entry]:
        found: list[Entry] = []
        for seq, name, rows, content in self.db.execute("SELECT * FROM entry WHERE seq > ? ORDER BY seq", (after_seq,)):
            if found and sum(entry.rows for entry in found) + rows > limit_rows:
                break
            found.append(Entry(seq, name, rows, pl.read_ipc_stream(io.BytesIO(content))))
        return found

    def cursor(self, name: str) -> int:
        row = self.db.execute("SELECT seq FROM cursor WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_cursor(self, name: str, seq: int) -> None:
        self.db.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, seq))
