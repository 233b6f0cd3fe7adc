"""The journal, lake and newest rows of this district: one object each per process, where the settings say."""

from __future__ import annotations

import functools
from pathlib import Path

from django.conf import settings

from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.latest import Latest

JOURNAL = "journal.sqlite3"
LATEST = "latest"


def journal() -> Journal:
    return _journal(Path(settings.HOME) / JOURNAL)


def lake() -> Lake:
    return _lake(str(settings.LAKE_URL or Path(settings.HOME) / "lake"))


def latest() -> Latest:
    return Latest(Path(settings.HOME) / LATEST, journal(), lake())


@functools.lru_cache(maxsize=8)
def _journal(path: Path) -> Journal:
    return Journal(path)


@functools.lru_cache(maxsize=8)
def _lake(url: str) -> Lake:
    return Lake(url)
