"""One at a time where no row stands for what is decided: the next seal of the chain, whether a file's bytes are still needed.

On SQLite every transaction that writes holds the database's one write lock from its beginning (settings: IMMEDIATE), so that
nothing more is needed. On PostgreSQL writers run side by side and meet at a named advisory lock, held until the commit.
"""

from __future__ import annotations

import hashlib

from django.db import connection


def hold(name: str) -> None:
    """Wait until no other transaction holds this name, then hold it until the running transaction ends."""
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
