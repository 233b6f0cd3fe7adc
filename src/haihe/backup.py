"""Backup and restore of a district: one .tar.gz with a consistent copy of the database, of the journal with the lake, the evidence
files and the keys, and a list of hashes that restoring checks before it puts anything in place.

The district may run meanwhile, and so the order matters. What says how far the audit record has come (the head file and the
checkpoints) is copied before the database and is then at most behind it; the journal, whose rows the database's rules have counted,
and evidence, whose bytes are there before their row and stay, are copied after it. A restored district lacks nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from haihe import __version__, database
from haihe.database import dumping
from haihe.kernel.errors import Conflict, InvalidInput

DATABASE = database.FILE
JOURNAL = "journal.sqlite3"
LAKE = "lake"
LATEST = "latest"
INDEX = "backup.json"
COPIED_ROWS = 100_000
# Left out: files that a running database keeps for itself, half-received uploads and half-written small files.
SKIPPED_ENDINGS = ("-wal", "-shm", "-journal", ".lock", ".new")


@dataclass(frozen=True)
class Made:
    files: int
    size_bytes: int


def make_backup(path: Path) -> Made:
    """Write a backup of the running or stopped district; `path` appears only when it is complete and fsync'd."""
    from django.conf import settings

    home = Path(settings.HOME)
    if path.resolve().is_relative_to(home.resolve()):
        raise InvalidInput("备份不能放在数据目录里。", "A backup does not belong into the data folder itself.", where=str(path),
                           to_do_zh="请放到另一个磁盘或目录。", to_do_en="Put it on another disk or folder.")  # fmt: skip
    if not dumping.exists(settings.DATABASES["default"]):
        raise InvalidInput("还没有数据库，没有可备份的内容。", "There is no database yet: nothing to back up.", where=str(home),
                           to_do_zh="请检查 HAIHE_HOME 和 HAIHE_DATABASE_URL。", to_do_en="Check HAIHE_HOME and HAIHE_DATABASE_URL.")  # fmt: skip
    if path.exists():
        raise Conflict("备份文件已存在，不会覆盖。", "The backup file exists and is not overwritten.", where=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        count = _write_archive(home, unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return Made(count, path.stat().st_size)


def _write_archive(home: Path, unfinished: Path) -> int:
    from django.conf import settings

    hashes: dict[str, str] = {}
    descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        tempfile.TemporaryDirectory(dir=unfinished.parent) as scratch,
        os.fdopen(descriptor, "wb") as written,
        tarfile.open(fileobj=written, mode="w:gz", compresslevel=6) as archive,
    ):
        for file in list(_files_outside_evidence(home)):
            _add(archive, file, file.relative_to(home).as_posix(), hashes)
        records = dumping.write_copy(settings.DATABASES["default"], Path(scratch))
        _add(archive, records, records.name, hashes)
        observed = _copy_observations(home, Path(scratch) / "observations")
        for folder, files in ((observed, observed.rglob("*")), (home, (home / "evidence").rglob("*"))):
            for file in sorted(files):
                _add(archive, file, file.relative_to(folder).as_posix(), hashes)
        index = json.dumps({"version": __version__, "sha256": hashes}, indent=1).encode()
        entry = tarfile.TarInfo(INDEX)
        entry.size, entry.mode = len(index), 0o600
        archive.addfile(entry, io.BytesIO(index))
    with unfinished.open("rb") as whole:
        os.fsync(whole.fileno())
    return len(hashes)


def _files_outside_evidence(home: Path) -> Iterator[Path]:
    """Files that are copied as they lie there; newest rows are made again after a restore."""
    for file in sorted(home.rglob("*")):
        if file.relative_to(home).parts[0] not in ("evidence", DATABASE, JOURNAL, LAKE, LATEST, "upgrades"):
            yield file


def _copy_observations(home: Path, copy: Path) -> Path:
    """Journal and lake as of one moment: while nothing is moved between them; only this part makes the feeder wait. A lake that lies
    elsewhere is kept as lake/ too."""
    from haihe.kernel.observations import stores

    copy.mkdir()
    streams = stores.streams()
    if not (home / JOURNAL).exists() and not streams:
        return copy
    lake = stores.lake()
    with lake.exclusive():
        if (home / JOURNAL).exists():
            stores.journal().copy_to(copy / JOURNAL)
        if streams:
            _copy_streams(copy / JOURNAL)
        lake.place.copy_to(copy / LAKE)
    return copy


def _copy_streams(path: Path) -> None:
    """What the lake does not have yet of the streams, into an embedded journal, numbered from where the rules have come in such a one. A
    district restored from it evaluates those rows first: what had been evaluated already is then late, and changes nothing."""
    from haihe.kernel.alerts.models import RuleCursor
    from haihe.kernel.alerts.states import cursor_of
    from haihe.kernel.observations import stores
    from haihe.kernel.observations.journal import Journal

    lake, journal = stores.lake(), Journal(path)
    cursor = RuleCursor.objects.filter(name=cursor_of("")).first()
    journal.begin_after(cursor.seq if cursor else 0)
    for stream in stores.streams():
        start = min([lake.transaction(table, stream.identity) for table in lake.tables()], default=0)
        while entries := stream.read(start, COPIED_ROWS):
            start = entries[-1].seq
            fresh = [e for e in entries if e.seq > lake.transaction(e.table, stream.identity)]
            journal.append([(entry.table, entry.batch) for entry in fresh])
    journal.close()


def _add(archive: tarfile.TarFile, file: Path, name: str, hashes: dict[str, str]) -> None:
    """Add one ordinary file from one opening of it, so that hash and content are those of the same bytes. A file that a running
    district has just replaced or taken back is left out."""
    if name.endswith(SKIPPED_ENDINGS) or ".incoming-" in name or not file.is_file():
        return
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        return
    with opened:
        hashes[name] = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        archive.addfile(archive.gettarinfo(arcname=name, fileobj=opened), opened)


def restore_backup(path: Path, home: Path) -> Made:
    """Unpack into an empty or missing folder; every hash is checked before the folder gets its name. Records of PostgreSQL are
    loaded into the empty database that HAIHE_DATABASE_URL names."""
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
        dumping.read_copy(database.configuration(os.environ.get("HAIHE_DATABASE_URL", ""), home), fresh)
        if home.exists():
            home.rmdir()
        fresh.rename(home)
    return Made(len(index["sha256"]), path.stat().st_size)


def _check_hashes(folder: Path, hashes: dict[str, str], path: Path) -> None:
    for name, expected in hashes.items():
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        if found != expected:
            raise InvalidInput("备份中的文件与其哈希不符。", "A file of the backup differs from its hash.", where=f"{path}: {name}",
                               to_do_zh="请换一个备份文件。", to_do_en="Use another backup.")  # fmt: skip
