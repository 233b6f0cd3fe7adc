"""Backup and restore of a district: one .tar.gz with a consistent copy of the database, of the journal with the lake, the evidence
files and the keys, and a list of hashes that restoring checks before it puts anything in place."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from haihe import __version__
from haihe.kernel.errors import Conflict, InvalidInput

DATABASE = "haihe.sqlite3"
JOURNAL = "journal.sqlite3"
LAKE = "lake"
LATEST = "latest"
LOCK = ".lock"
INDEX = "backup.json"
# Left out: files that a running database keeps for itself, and half-received uploads.
SKIPPED_ENDINGS = ("-wal", "-shm", "-journal", ".lock")


@dataclass(frozen=True)
class Made:
    files: int
    size_bytes: int


def make_backup(path: Path) -> Made:
    """Write a backup of the running or stopped district; `path` appears only when it is complete and fsync'd."""
    from django.conf import settings

    home = Path(settings.HOME)
    if path.exists():
        raise Conflict("备份文件已存在，不会覆盖。", "The backup file exists and is not overwritten.", where=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    hashes: dict[str, str] = {}
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        database = Path(scratch) / DATABASE
        _copy_database(home / DATABASE, database)
        observed = _copy_observations(home, Path(scratch) / "observations")
        with tarfile.open(unfinished, "w:gz", compresslevel=6) as archive:
            _add(archive, database, DATABASE, hashes)
            for folder, choose in ((home, _is_kept), (observed, lambda name: True)):
                for file in sorted(folder.rglob("*")):
                    name = file.relative_to(folder).as_posix()
                    if file.is_file() and choose(name):
                        _add(archive, file, name, hashes)
            index = json.dumps({"version": __version__, "sha256": hashes}, indent=1).encode()
            entry = tarfile.TarInfo(INDEX)
            entry.size = len(index)
            archive.addfile(entry, io.BytesIO(index))
    with unfinished.open("rb") as written:
        os.fsync(written.fileno())
    unfinished.chmod(0o600)
    unfinished.replace(path)
    return Made(len(hashes), path.stat().st_size)


def _is_kept(name: str) -> bool:
    """Whether a file of the data folder goes in as it lies there; observations are copied apart, newest rows are made again."""
    if name in (DATABASE, JOURNAL) or name.split("/", 1)[0] in (LAKE, LATEST):
        return False
    return not name.endswith(SKIPPED_ENDINGS) and ".incoming-" not in name


def _copy_observations(home: Path, copy: Path) -> Path:
    """Journal and lake as of one moment: while nothing is moved between them. Files of the lake never change, so links will
    do; only this part makes the feeder wait. A lake that lies elsewhere is kept as lake/ too."""
    from haihe.kernel.observations import stores

    copy.mkdir()
    if not (home / JOURNAL).exists():
        return copy
    lake = stores.lake()
    with lake.exclusive():
        stores.journal().copy_to(copy / JOURNAL)
        for file in lake.folder.rglob("*"):
            if file.is_file() and file.name != LOCK:
                target = copy / LAKE / file.relative_to(lake.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                _link_or_copy(file, target)
    return copy


def _link_or_copy(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)


def _copy_database(source: Path, copy: Path) -> None:
    """SQLite's own online backup: consistent although others write meanwhile."""
    with sqlite3.connect(source) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    new.close()
    old.close()


def _add(archive: tarfile.TarFile, file: Path, name: str, hashes: dict[str, str]) -> None:
    hashes[name] = hashlib.sha256(file.read_bytes()).hexdigest()
    archive.add(file, name, recursive=False)


def restore_backup(path: Path, home: Path) -> Made:
    """Unpack into an empty or missing folder; every hash is checked before the folder gets its name."""
    if home.exists() and any(home.iterdir()):
        raise Conflict("数据目录不是空的，不会覆盖。", "The data folder is not empty and is not overwritten.", where=str(home),
                       to_do_zh="请把 HAIHE_HOME 指向一个新目录。", to_do_en="Point HAIHE_HOME to a new folder.")  # fmt: skip
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        fresh = Path(scratch) / "home"
        fresh.mkdir(mode=0o700)
        try:
            with tarfile.open(path, "r:gz") as archive:
                archive.extractall(fresh, filter="data")
            index = json.loads((fresh / INDEX).read_text())
            _check_hashes(fresh, index["sha256"], path)
        except (OSError, EOFError, tarfile.TarError, ValueError, KeyError) as error:
            raise InvalidInput("备份文件无法读取或已损坏。", f"The backup cannot be read or is damaged ({error}).", where=str(path),
                               to_do_zh="请换一个备份文件。", to_do_en="Use another backup.") from error  # fmt: skip
        (fresh / INDEX).unlink()
        if home.exists():
            home.rmdir()
        fresh.rename(home)
    return Made(len(index["sha256"]), path.stat().st_size)


def _check_hashes(folder: Path, hashes: dict[str, str], path: Path) -> None:
    for name, expected in hashes.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise InvalidInput("备份中的文件与其哈希不符。", "A file of the backup differs from its hash.", where=f"{path}: {name}",
                               to_do_zh="请换一个备份文件。", to_do_en="Use another backup.")  # fmt: skip
