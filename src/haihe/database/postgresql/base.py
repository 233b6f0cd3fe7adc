"""As Django's own, but the first connection of a process makes the database where the server does not have it yet.

The database is made with bytewise order (collation C), so that lists stand in the same order as on SQLite.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import sql

_seen: set[tuple[str, ...]] = set()
_lock = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        name = conn_params.get("dbname")
        if name and name != "postgres":
            self._make_if_missing(name)
        return super().get_new_connection(conn_params)

    def _make_if_missing(self, name: str) -> None:
        server = self.settings_dict
        key = (str(server["HOST"]), str(server["PORT"]), str(name))
        with _lock:
            if key not in _seen:
                make_if_missing(str(name), **_arguments(server))
                _seen.add(key)


def _arguments(server: dict[str, Any]) -> dict[str, Any]:
    options = {key: value for key, value in server["OPTIONS"].items() if key != "pool"}
    known = {"host": server["HOST"], "port": server["PORT"], "user": server["USER"], "password": server["PASSWORD"]}
    return {**options, **{key: value for key, value in known.items() if value}}


def make_if_missing(name: str, **arguments: Any) -> None:
    """Make the database unless it is there; two processes at once make one."""
    try:
        psycopg.connect(dbname=name, **arguments).close()
    except psycopg.OperationalError as error:
        if f'"{name}" does not exist' not in str(error) or "role" in str(error):
            raise
        with psycopg.connect(dbname="postgres", autocommit=True, **arguments) as server:
            command = "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
            # Another process may be first.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                server.execute(sql.SQL(command).format(sql.Identifier(name)))
