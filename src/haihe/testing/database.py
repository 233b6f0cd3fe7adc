"""Looking into the database of a district that other processes run, past Django: SQLite or PostgreSQL, as they use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from haihe import database

IS_POSTGRESQL = bool(os.environ.get("HAIHE_DATABASE_URL"))


def query(home: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a question about the district at `home`; `?` stands for a value on both databases, and JSON comes as its text."""
    if not IS_POSTGRESQL:
        with closing(sqlite3.connect(home / database.FILE, timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()
    import psycopg
    from psycopg.types.json import set_json_loads

    with psycopg.connect(os.environ["HAIHE_DATABASE_URL"].replace("{home}", database.name_of(home))) as server:
        set_json_loads(lambda text: text if isinstance(text, str) else text.decode(), server)
        return server.execute(sql.replace("%", "%%").replace("?", "%s").encode(), values).fetchall()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Within it nobody else writes into the district's records: another writer, as it were, takes its time."""
    if not IS_POSTGRESQL:
        with closing(sqlite3.connect(home / database.FILE, timeout=20, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        return
    import psycopg

    with psycopg.connect(os.environ["HAIHE_DATABASE_URL"].replace("{home}", database.name_of(home))) as server:
        tables = server.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'").fetchall()
        server.execute(f"LOCK TABLE {', '.join(name for (name,) in tables)} IN EXCLUSIVE MODE".encode())
        yield
        server.rollback()


def is_sound(home: Path) -> bool:
    """SQLite's own check of its file; PostgreSQL answers for its own files."""
    return IS_POSTGRESQL or query(home, "PRAGMA integrity_check") == [("ok",)]
