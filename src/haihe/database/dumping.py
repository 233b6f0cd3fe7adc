"""The records as one file for a backup, and back: SQLite's online copy, or PostgreSQL's pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

from haihe.database import FILE
from haihe.kernel.errors import ConfigurationError, Conflict, HaiheError, InvalidInput

DUMP = "haihe.pgdump"
LONGEST_S = 6 * 3600


def is_postgresql(database: dict[str, Any]) -> bool:
    return str(database["ENGINE"]).endswith("postgresql")


def exists(database: dict[str, Any]) -> bool:
    """Whether the records were ever made there."""
    if not is_postgresql(database):
        return Path(database["NAME"]).exists()
    return _tables(database) > 0


def write_copy(database: dict[str, Any], folder: Path) -> Path:
    """A consistent copy in `folder`, although others write meanwhile."""
    if not is_postgresql(database):
        return _copy_sqlite(Path(database["NAME"]), folder / FILE)
    _run("pg_dump", database, "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}")
    return folder / DUMP


def _copy_sqlite(source: Path, copy: Path) -> Path:
    with sqlite3.connect(source) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    new.close()
    old.close()
    return copy


def read_copy(database: dict[str, Any], folder: Path) -> None:
    """Put the copy in an unpacked backup in place: SQLite's file lies there already; PostgreSQL's is loaded, all or nothing."""
    dump = folder / DUMP
    if dump.exists() != is_postgresql(database):
        raise InvalidInput(
            "备份所用的数据库与 HAIHE_DATABASE_URL 不符。", "The backup holds the other kind of database than HAIHE_DATABASE_URL names.",
            where="HAIHE_DATABASE_URL",
            to_do_zh="SQLite 的备份请勿设该变量；PostgreSQL 的备份请将其指向一个空库。",
            to_do_en="Unset it for a backup from SQLite; for one from PostgreSQL name an empty database.",
        )  # fmt: skip
    if not is_postgresql(database):
        return
    if _tables(database):
        raise Conflict("数据库不是空的，不会覆盖。", "The database is not empty and is not overwritten.", where=str(database["NAME"]),
                       to_do_zh="请指向一个空库。", to_do_en="Name an empty database.")  # fmt: skip
    load(database, dump)
    dump.unlink()


def load(database: dict[str, Any], dump: Path) -> None:
    """Load a dump into an empty PostgreSQL database, all of it or nothing."""
    _run("pg_restore", database, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(dump))


def empty(database: dict[str, Any]) -> None:
    """Take everything out of a PostgreSQL database, before the copy made a moment ago is loaded again."""
    import psycopg

    with psycopg.connect(**_arguments(database)) as server:
        server.execute("DROP SCHEMA public CASCADE")
        server.execute("CREATE SCHEMA public")  # the dump brings the tables, not the schema


def _arguments(database: dict[str, Any]) -> dict[str, Any]:
    names = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password", "NAME": "dbname"}
    options = {key: value for key, value in database["OPTIONS"].items() if key != "pool"}
    return {**options, **{short: database[name] for name, short in names.items() if database[name]}}


def _tables(database: dict[str, Any]) -> int:
    import psycopg

    from haihe.database.postgresql.base import make_if_missing

    arguments = _arguments(database)
    make_if_missing(str(database["NAME"]), **{key: value for key, value in arguments.items() if key != "dbname"})
    with psycopg.connect(**arguments) as server:
        row = server.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


def _run(program: str, database: dict[str, Any], *arguments: str) -> None:
    path = shutil.which(program)
    if path is None:
        raise ConfigurationError(
            f"未找到程序 {program}。", f"The program {program} is not installed.", where="HAIHE_DATABASE_URL",
            to_do_zh="请安装 postgresql-client。", to_do_en="Install the package postgresql-client.",
        )  # fmt: skip
    known = _arguments(database)
    environment = {**os.environ, **{f"PG{key.upper()}": str(value) for key, value in known.items() if key != "dbname"}}
    done = subprocess.run(
        [path, f"--dbname={known['dbname']}", *arguments], env={**environment, "PGDATABASE": str(known["dbname"])},
        capture_output=True, text=True, timeout=LONGEST_S,
    )  # fmt: skip
    if done.returncode:
        raise HaiheError(
            f"{program} 失败。", f"{program} failed: {done.stderr.strip()[-300:]}", where=str(known["dbname"]),
            to_do_zh="请检查数据库连接和磁盘空间。", to_do_en="Check the connection to the database and the free disk space.",
        )  # fmt: skip
