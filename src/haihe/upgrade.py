"""Upgrading a district: the records are copied before they are migrated, and put back where a migration fails.

The copies lie under HAIHE_HOME/upgrades, the newest KEPT_COPIES of them. They hold the records alone: evidence, journal and lake are
not touched by a migration.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from haihe.database import dumping
from haihe.kernel.errors import HaiheError

FOLDER = "upgrades"
KEPT_COPIES = 3


class UpgradeFailed(HaiheError):
    """A migration failed; the records are as they were before."""


def pending() -> tuple[int, bool]:
    """How many migrations wait, and whether any was ever done here."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return len(plan), bool(executor.loader.applied_migrations)


def upgrade() -> Path | None:
    """Bring the database up to date; returns the copy made before, None where nothing waited or nothing was there yet."""
    waiting, is_district = pending()
    if not waiting:
        return None
    if not is_district:
        call_command("migrate", verbosity=0, interactive=False)
        return None
    copy = _copy()
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except Exception as error:
        _put_back(settings.DATABASES["default"], copy)
        raise UpgradeFailed(
            "升级未完成，数据库已恢复到升级之前。", f"The upgrade failed and the database is as it was before ({error}).", where=str(copy),
            to_do_zh="请用原版本继续运行，并把此信息报告给开发者。", to_do_en="Go on with the earlier version and report this message.",
        ) from error  # fmt: skip
    _sweep(copy.parent.parent)
    return copy


def _copy() -> Path:
    folder = Path(settings.HOME) / FOLDER / timezone.now().strftime("%Y%m%dT%H%M%S%f")
    folder.mkdir(parents=True, mode=0o700)
    return dumping.write_copy(settings.DATABASES["default"], folder)


def _put_back(database: dict[str, Any], copy: Path) -> None:
    connections.close_all()
    if dumping.is_postgresql(database):
        dumping.empty(database)
        dumping.load(database, copy)
        return
    with closing(sqlite3.connect(copy)) as old, closing(sqlite3.connect(database["NAME"])) as broken:
        old.backup(broken)


def _sweep(folder: Path) -> None:
    for old in sorted(folder.iterdir())[:-KEPT_COPIES]:
        shutil.rmtree(old)
