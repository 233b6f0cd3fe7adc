"""The file of a journal: how it is opened, made, copied, and opened afresh after a fault."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from haihe.kernel.observations.faults import storage_faults

# Appending processes leave copying the WAL into the file to the feeder until it has grown to this.
WAL_PAGES = 8192
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, "table" TEXT NOT NULL, rows INTEGER NOT NULL,
    checksum INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS set_aside (seq INTEGER PRIMARY KEY, "table" TEXT NOT NULL, rows INTEGER NOT NULL,
    payload BLOB NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO facts VALUES ('trimmed', '0'), ('identity', lower(hex(randomblob(8))));
"""


class JournalFile:
    """The SQLite file at `path`; made on first use. Usable from many threads (they take turns)."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._turn = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @property
    def identity(self) -> str:
        """A random name made with the file: the lake counts the numbers of each journal separately."""
        return self.fact("identity")

    def fact(self, name: str, default: str = "") -> str:
        with self._reading() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set_fact(self, name: str, value: str) -> None:
        with self._writing() as connection:
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def begin_after(self, seq: int) -> None:
        """Numbers given from now on are greater than `seq`."""
        with self._writing() as connection:
            known = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
            if known is None:
                connection.execute("INSERT INTO sqlite_sequence VALUES ('entries', ?)", (seq,))
            elif known[0] < seq:
                connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'entries'", (seq,))

    def copy_to(self, path: Path) -> None:
        """A consistent copy while others write (SQLite's online backup)."""
        with self._reading() as connection, contextlib.closing(sqlite3.connect(path)) as copy:
            connection.backup(copy)

    def checkpoint(self) -> None:
        """Copy the WAL into the file, without waiting for readers."""
        with self._reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def size_bytes(self) -> int:
        names = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(path.stat().st_size for path in names if path.exists())

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._turn, storage_faults(self.path, self._forget):
            yield self._open()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, storage_faults(self.path, self._forget):
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # After "disk full" SQLite may have rolled back by itself.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _connected(self.path)
        return self._connection

    def _forget(self) -> None:
        """After a fault the next use opens the file afresh: that is how the journal recovers by itself."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()


def _connected(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {WAL_PAGES * 8192}")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            _make(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection) -> None:
    """Tables and identity in one transaction, also when several processes come first at once."""
    try:
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
