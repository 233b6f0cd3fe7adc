"""Where a district's records lie: SQLite in the data folder by default, PostgreSQL where HAIHE_DATABASE_URL says so."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from haihe.kernel.errors import ConfigurationError

FILE = "haihe.sqlite3"
CONNECTIONS = 16  # at most, of one process
# PostgreSQL's default takes a row that is looked up for four times as dear as one that is read along, as on turning disks, and then reads
# all of a hundred thousand tasks to find a thousand. An `options` in the address is taken instead.
PLANNING = "-c random_page_cost=1.1"


def configuration(url: str, home: Path) -> dict[str, Any]:
    """Django's entry for the records: SQLite at `home` for an empty address, otherwise the PostgreSQL that it names."""
    return _postgresql(url, home) if url else _sqlite(home)


def _sqlite(home: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": home / FILE,
        "CONN_MAX_AGE": None,  # a thread keeps its connection: opening one reads the whole schema
        "OPTIONS": {
            # IMMEDIATE: a writer waits its turn at BEGIN instead of failing in the middle; FULL: a commit is fsync'd.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
        },
    }


def _postgresql(url: str, home: Path) -> dict[str, Any]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    name = unquote(parts.path.lstrip("/")).replace("{home}", name_of(home))
    if parts.scheme not in ("postgresql", "postgres") or not name or "/" in name:
        raise ConfigurationError(
            "HAIHE_DATABASE_URL 无效。", "HAIHE_DATABASE_URL is not an address of a PostgreSQL database.", where="HAIHE_DATABASE_URL",
            to_do_zh="格式：postgresql://用户:密码@主机:端口/库名。", to_do_en="Like postgresql://user:password@host:port/name.",
        )  # fmt: skip
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "haihe.database.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or (parts.hostname or ""),
        "PORT": str(port or options.pop("port", "")),
        # Connections are lent from a pool instead of being made anew.
        "OPTIONS": {"options": PLANNING, **options, "pool": {"min_size": 0, "max_size": CONNECTIONS, "timeout": 20}},
    }


def name_of(home: Path) -> str:
    """The name that `{home}` stands for, so that several districts can share one server: haihe_ and twelve letters."""
    return "haihe_" + hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
