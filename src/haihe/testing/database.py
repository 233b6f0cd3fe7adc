"""Looking into the database of a district that other processes run, past Django: SQLite or PostgreSQL, as they use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
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


def is_sound(home: Path) -> bool:
    """SQLite's own check of its file; PostgreSQL answers for its own files."""
    return IS_POSTGRESQL or query(home, "PRAGMA integrity_check") == [("ok",)]
