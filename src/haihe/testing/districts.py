"""A migrated district for tests that drive real processes: made once in this process, then copied."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MIGRATE = """
from haihe.runtime import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""


def migrated(home: Path) -> Path:
    """The folder with the records of an empty district of all packs. Where the records lie on a server there is nothing to copy:
    whoever starts there migrates, and makes the folder."""
    if os.environ.get("HAIHE_DATABASE_URL"):
        return home
    home.mkdir(parents=True, exist_ok=True)
    if not (os.environ.get("HAIHE_PACKS") or (home / "haihe.sqlite3").exists()):
        shutil.copytree(_template(), home, dirs_exist_ok=True)
        home.chmod(0o700)
    return home


@functools.cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="haihe-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {**os.environ, "HAIHE_HOME": str(folder / "home")}
    subprocess.run([sys.executable, "-c", MIGRATE], env=environment, check=True)
    (folder / "home" / "secret.key").unlink(missing_ok=True)  # each district makes its own
    return folder / "home"
