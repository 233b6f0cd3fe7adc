"""Backup and restore, rehearsed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from tests.scenarios.district import haihe, run, start

from haihe.testing.database import IS_POSTGRESQL
from haihe.testing.districts import migrated
from haihe.testing.objects import ObjectStorage

PROGRAM = """
from haihe.runtime import set_up_django
set_up_django()
from haihe.kernel import audit, evidence
from haihe.kernel.administration import make_first_administrators, operator
make_first_administrators()
evidence.receive("证据.txt", ["一份材料".encode()], operator())
audit.checkpoint()
"""


def fill(folder: Path) -> Path:
    subprocess.run([sys.executable, "-c", PROGRAM], env={**os.environ, "HAIHE_HOME": str(migrated(folder))}, check=True)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Made once and copied; records on a server do not lie in the folder, so there each test makes its own."""
    return None if IS_POSTGRESQL else fill(tmp_path_factory.mktemp("model") / "district")


@pytest.fixture
def home(tmp_path: Path, model: Path | None) -> Path:
    folder = tmp_path / "district"
    return fill(folder) if model is None else Path(shutil.copytree(model, folder))


def test_a_restored_district_has_its_accounts_files_keys_and_an_intact_audit_record(home: Path, tmp_path: Path) -> None:
    made = haihe(home, "backup", str(tmp_path / "b.tar.gz"))
    assert made.returncode == 0, made.stderr
    other = tmp_path / "restored"
    assert haihe(other, "restore", str(tmp_path / "b.tar.gz")).returncode == 0
    verified = haihe(other, "audit", "verify")
    assert verified.returncode == 0 and "intact" in verified.stdout, verified.stdout
    program = """
from haihe.runtime import set_up_django
set_up_django()
from haihe.kernel.models import Account, EvidenceFile
print(Account.objects.count(), EvidenceFile.objects.get().open_checked().decode())
"""
    seen = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "HAIHE_HOME": str(other)}, capture_output=True, text=True
    )
    assert seen.stdout.strip() == "4 一份材料"
    assert (other / "secret.key").read_text() == (home / "secret.key").read_text()


def test_a_backup_is_private_and_never_overwrites(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.tar.gz"
    haihe(home, "backup", str(path))
    assert path.stat().st_mode & 0o077 == 0
    again = haihe(home, "backup", str(path))
    assert again.returncode == 1 and "not overwritten" in again.stderr


def test_a_district_is_never_restored_over_another(home: Path, tmp_path: Path) -> None:
    haihe(home, "backup", str(tmp_path / "b.tar.gz"))
    done = haihe(home, "restore", str(tmp_path / "b.tar.gz"))
    assert done.returncode == 1 and "not empty" in done.stderr


WRITER = """
import time
from haihe.kernel import audit, evidence
from haihe.kernel.administration import operator
who, number = operator(), 0
print("writing", flush=True)
while True:
    number += 1
    row = evidence.receive(f"{number}.txt", [b"x" * 200_000, str(number).encode()], who)
    audit.record(who, "test.write", row, sha256=row.sha256)
    audit.seal_pending()
    if number % 5 == 0:
        audit.checkpoint()
"""
CHECK_FILES = """
from haihe.kernel.models import EvidenceFile
print(EvidenceFile.objects.count(), sum(len(row.open_checked()) > 0 for row in EvidenceFile.objects.all()))
"""


@pytest.mark.all
def test_backups_made_while_others_write_are_whole(home: Path, tmp_path: Path) -> None:
    """Each restored district has every file of its rows, and an audit record that neither head nor checkpoints overtake."""
    writer = start(home, WRITER)
    try:
        assert writer.stdout and writer.stdout.readline() == "writing\n"
        for number in range(3):
            assert haihe(home, "backup", str(tmp_path / f"{number}.tar.gz")).returncode == 0
        assert writer.poll() is None, "the writer wrote all the time"
    finally:
        writer.kill()
        writer.wait()
    sizes = []
    for number in range(3):
        other = tmp_path / f"restored{number}"
        assert haihe(other, "restore", str(tmp_path / f"{number}.tar.gz")).returncode == 0
        verified = haihe(other, "audit", "verify")
        assert verified.returncode == 0, verified.stdout
        files, readable = map(int, run(other, CHECK_FILES).split())
        assert files == readable
        sizes.append(files)
    assert sizes[0] < sizes[1] < sizes[2], "there was writing between the backups"


def test_a_backup_into_the_data_folder_itself_is_refused(home: Path) -> None:
    done = haihe(home, "backup", str(home / "b.tar.gz"))
    assert done.returncode == 1 and "data folder" in done.stderr and not (home / "b.tar.gz").exists()


@pytest.mark.parametrize("damage", ["cut", "changed", "not an archive", "missing"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(home: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "b.tar.gz"
    haihe(home, "backup", str(path))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    elif damage == "not an archive":
        path.write_bytes(b"hello")
    elif damage == "missing":
        path.unlink()
    else:
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path / "x", filter="data")
        (tmp_path / "x" / "secret.key").chmod(0o600)
        (tmp_path / "x" / "secret.key").write_text("another")
        path.unlink()
        with tarfile.open(path, "w:gz") as archive:
            archive.add(tmp_path / "x", ".")
    done = haihe(tmp_path / "new", "restore", str(path))
    assert done.returncode == 1 and str(path) in done.stderr.replace("\n", "")
    assert not (tmp_path / "new").exists()


def test_check_deploy_names_what_production_lacks(home: Path) -> None:
    done = haihe(home, "check", "--deploy")
    assert done.returncode == 1
    for lacking in ("HAIHE_URL", "HAIHE_CHECKPOINTS", "first password"):
        assert lacking in done.stdout, lacking


OBSERVE = """
from haihe.runtime import set_up_django
set_up_django()
from haihe.kernel.observations import stores
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.queries import latest, observations
from haihe.testing.observations import positions
"""
FILL = """
for n in range(4):
    stores.journal().append([("position", positions(seed=n))])
    stores.latest().advance()
    if n < 3:
        feed_once(stores.journal(), stores.lake())
"""
COUNT = "print(observations('position').collect().height, latest('position').height)"


def observe(home: Path, program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OBSERVE + program],
        env={**os.environ, "HAIHE_HOME": str(home), **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.all
@pytest.mark.parametrize("elsewhere", [False, True])
def test_journal_and_lake_are_restored_as_of_one_moment_and_go_on(home: Path, tmp_path: Path, elsewhere: bool) -> None:
    """Also while rows move, and also when the lake lies outside of the data folder."""
    place = {"HAIHE_LAKE_URL": str(tmp_path / "lake elsewhere")} if elsewhere else {}
    observe(home, FILL, **place)
    environment = {**os.environ, "HAIHE_HOME": str(home), **place}
    moving = (
        OBSERVE
        + "while True:\n    stores.journal().append([('position', positions())])\n    feed_once(stores.journal(), stores.lake())"
    )
    mover = subprocess.Popen([sys.executable, "-c", moving], env=environment)
    try:
        made = subprocess.run(
            [sys.executable, "-m", "haihe.cli", "backup", str(tmp_path / "b.tar.gz")],
            env=environment,
            capture_output=True,
            text=True,
        )
    finally:
        mover.kill()
        mover.wait()
    assert made.returncode == 0, made.stderr
    other = tmp_path / "restored"
    assert haihe(other, "restore", str(tmp_path / "b.tar.gz")).returncode == 0
    rows, things = map(int, observe(other, COUNT).split())
    assert rows >= 4000 and rows % 1000 == 0 and things == 20
    observe(other, "stores.journal().append([('position', positions())]); feed_once(stores.journal(), stores.lake())")
    assert observe(other, COUNT) == f"{rows + 1000} 20", "new rows after the restore count too"
    shown = haihe(other, "observations", "status").stdout
    assert f"{rows + 1000:,}" in shown and "last feed" in shown
    assert "purpose" in haihe(other, "observations", "tables").stdout


@pytest.mark.all
def test_a_backup_holds_a_lake_on_object_storage_and_is_restored_without_it(
    home: Path, tmp_path: Path, storage: ObjectStorage
) -> None:
    place = {"HAIHE_LAKE_URL": storage.url()}
    observe(home, FILL, **place)
    made = subprocess.run(
        [sys.executable, "-m", "haihe.cli", "backup", str(tmp_path / "b.tar.gz")],
        env={**os.environ, "HAIHE_HOME": str(home), **place}, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert observe(home, COUNT, **place) == "4000 20"
    assert haihe(tmp_path / "restored", "restore", str(tmp_path / "b.tar.gz")).returncode == 0
    assert observe(tmp_path / "restored", COUNT) == "4000 20"


def test_check_deploy_says_so_where_nothing_was_ever_started(tmp_path: Path) -> None:
    done = haihe(tmp_path / "new", "check", "--deploy")
    assert done.returncode == 1 and "haihe up first" in done.stdout and "Traceback" not in done.stderr
