"""A pytest plugin for suites of all packs: the tests' database is a copy of the district that districts.py migrates once in a run.

A suite of some packs only leaves this plugin out, and pytest-django migrates for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import pytest

from haihe.database import FILE
from haihe.testing.districts import template


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Tables are made without migrations; they are replaced at once."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["MIGRATE"] = False


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    from django.db import connection

    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), contextlib.closing(sqlite3.connect(template() / FILE)) as migrated:
            connection.ensure_connection()
            migrated.backup(connection.connection)
