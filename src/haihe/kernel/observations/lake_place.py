"""Where a lake lies: a folder of this machine or a bucket of object storage. What differs between them is here and in lake_bucket.py;
what a lake is (lake.py, lake_reader.py) is the same for both."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from haihe.kernel.errors import Conflict, HaiheError
from haihe.kernel.observations.faults import storage_faults
from haihe.kernel.observations.lake_files import PARTITION, encode, new_name, sync

LOCK = ".lock"
LOG = "_delta_log"


class Place(Protocol):
    """What a lake needs of the place where it lies. Paths within a table are those of Delta's log, with slashes."""

    # Options of the object storage for Delta and for Polars; none on local disk.
    for_delta: dict[str, str]
    for_polars: dict[str, Any]
    may_be_away: bool  # for a while, without anything being wrong here

    def where(self, table: str = "") -> str:
        """The place in words for people: never with credentials."""

    def url(self, table: str, path: str = "") -> str:
        """What Delta and Polars open."""

    def tables(self) -> list[str]:
        """The tables that are there."""

    def has(self, table: str) -> bool:
        """False if the table is not there for sure."""

    def is_newest(self, table: str, version: int) -> bool:
        """Whether no commit follows that version: numbers have no gaps. Where the log entry of the version itself is gone, it was
        cleaned up, perhaps together with those that follow, and nothing can be told. Delta's own look costs a hundred times more."""

    def faults(self, table: str = "") -> AbstractContextManager[None]:
        """Errors of the place within become errors of Haihe."""

    def named(self, error: Exception, table: str) -> HaiheError | None:
        """What an error of Delta says about the place; None when it is about the table."""

    def exclusive(self, wait_s: float) -> AbstractContextManager[None]:
        """Hold the one write lock of this machine; raises Conflict when it does not become free in time."""

    def write(self, table: str, day: Any, rows: pl.DataFrame) -> tuple[str, int]:
        """(path, bytes) of a new data file, durable on return and not yet part of the table."""

    def settle(self, table: str, version: int, *, checkpoint: bool = False) -> None:
        """Make a version's log entry, or its checkpoint, durable."""

    def mend(self, table: str) -> str | None:
        """Take back the newest log entry when a power cut tore it; returns its name."""

    def discard(self, table: str, paths: Sequence[str]) -> None:
        """Delete files of a commit that did not happen, where that is known for sure."""

    def copy_to(self, folder: Path) -> None:
        """A copy of all tables for a backup, while the lock is held."""

    def probe(self) -> None:
        """Try whether a lake can live here; raises NotStored or ConfigurationError with what is wrong."""


class Folder:
    """A lake on local disk: everything is fsync'd before it counts."""

    may_be_away = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.for_delta: dict[str, str] = {}
        self.for_polars: dict[str, Any] = {}

    def where(self, table: str = "") -> str:
        return str(self.folder / table)

    def url(self, table: str, path: str = "") -> str:
        return str(self.folder / table / path)

    def tables(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob(f"*/{LOG}"))

    def has(self, table: str) -> bool:
        return (self.folder / table / LOG).is_dir()

    def is_newest(self, table: str, version: int) -> bool:
        entries = self.folder / table / LOG
        return (entries / f"{version:020d}.json").exists() and not (entries / f"{version + 1:020d}.json").exists()

    def faults(self, table: str = "") -> AbstractContextManager[None]:
        return storage_faults(self.folder / table)

    def named(self, error: Exception, table: str) -> HaiheError | None:
        return None

    @contextlib.contextmanager
    def exclusive(self, wait_s: float) -> Iterator[None]:
        with self.faults():
            self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder / LOCK, self.where(), wait_s):
            yield

    def write(self, table: str, day: Any, rows: pl.DataFrame) -> tuple[str, int]:
        folder = self.folder / table / f"{PARTITION}={day}"
        if not folder.exists():
            folder.mkdir()
            sync(folder.parent)
        path = folder / new_name()
        try:
            with path.open("wb") as file:
                encode(rows, file)
                file.flush()
                os.fsync(file.fileno())
            sync(folder)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path.relative_to(self.folder / table).as_posix(), path.stat().st_size

    def settle(self, table: str, version: int, *, checkpoint: bool = False) -> None:
        entries = self.folder / table / LOG
        if checkpoint:
            for path in [*entries.glob(f"{version:020d}.checkpoint*"), entries / "_last_checkpoint"]:
                sync(path)
        else:
            sync(entries / f"{version:020d}.json")
        sync(entries)
        if version == 0:
            sync(self.folder / table)
            sync(self.folder)

    def mend(self, table: str) -> str | None:
        entries = sorted((self.folder / table / LOG).glob("[0-9]*.json"))
        if not entries or _whole(entries[-1]):
            return None
        entries[-1].rename(entries[-1].with_suffix(".torn"))
        sync(entries[-1].parent)
        return entries[-1].name

    def discard(self, table: str, paths: Sequence[str]) -> None:
        for path in paths:
            (self.folder / table / path).unlink(missing_ok=True)

    def copy_to(self, folder: Path) -> None:
        """Files of the lake never change, so links will do."""
        for file in self.folder.rglob("*"):
            if file.is_file() and file.name != LOCK:
                target = folder / file.relative_to(self.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(file, target)
                except OSError:
                    shutil.copyfile(file, target)

    def probe(self) -> None:
        with self.exclusive(60):
            pass


def _whole(entry: Path) -> bool:
    """Whether a log entry is complete: every line is an object of JSON."""
    text = entry.read_text(encoding="utf-8", errors="replace")
    try:
        return bool(text.strip()) and all(isinstance(json.loads(line), dict) for line in text.splitlines() if line)
    except ValueError:
        return False


@contextlib.contextmanager
def locked(path: Path, where: str, wait_s: float) -> Iterator[None]:
    """Hold a lock file of this machine; raises Conflict when it does not become free in time."""
    with storage_faults(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(handle, where, wait_s)
        yield
    finally:
        os.close(handle)


def _wait_for(handle: int, where: str, wait_s: float) -> None:
    end = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            if time.monotonic() >= end:
                raise Conflict("数据湖正被另一进程写入。", "Another process is writing the lake.", where=where,
                               to_do_zh="请稍后再试。", to_do_en="Try again later.") from None  # fmt: skip
        time.sleep(0.02)
