"""A migrated district for tests that drive real processes: made once in a run of the suite, then copied."""

from __future__ import annotations

import atexit
import fcntl
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from haihe.database import FILE

FOLDER = "HAIHE_TEST_TEMPLATES"
MIGRATE = """
from haihe.runtime import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""


def migrated(home: Path) -> Path:
    """The folder with the records of an empty district of all packs; one that is there already stays as it is."""
    if os.environ.get("HAIHE_DATABASE_URL"):
        _migrate_on_the_server(home)
        return home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / FILE).exists():
        shutil.copytree(template(), home, dirs_exist_ok=True)
        home.chmod(0o700)
    return home


@functools.cache
def _migrate_on_the_server(home: Path) -> None:
    """Records on a server have no file to copy."""
    _migrate(home)


def _migrate(home: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(home), "HAIHE_PACKS": "all"}
    subprocess.run([sys.executable, "-c", MIGRATE], env=environment, check=True)


@functools.cache
def folder_of_the_run() -> Path:
    """Where the processes of one run keep what they share: the first of them makes it, the others inherit its name."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="haihe-templates-")
        atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
    return Path(os.environ[FOLDER])


def template() -> Path:
    """Made by whichever process of the run needs it first, while the others wait."""
    folder = folder_of_the_run()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "home"
        if not made.exists():
            under_way = folder / f"under-way-{os.getpid()}"
            _migrate(under_way)
            (under_way / "secret.key").unlink(missing_ok=True)  # each district makes its own
            under_way.rename(made)
    return made
