"""What the scenarios share: a district in a folder of its own, driven by real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from haihe.testing.districts import migrated

START = """
from haihe.runtime import set_up_django
set_up_django()
"""
FILLED = (
    START
    + """
from haihe.kernel.administration import make_first_administrators, operator
make_first_administrators()
operator()
"""
)


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HAIHE_HOME": str(home), "COLUMNS": "200"}


def haihe(home: Path, *arguments: str | Path, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command as a person does."""
    command = [sys.executable, "-m", "haihe.cli", *map(str, arguments)]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=seconds)


def run(home: Path, program: str, *arguments: str | Path) -> str:
    """Run a program in a process of its own and return what it printed; fails where it fails."""
    command = [sys.executable, "-c", START + program, *map(str, arguments)]
    done = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def start(home: Path, program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", START + program, *map(str, arguments)]
    return subprocess.Popen(command, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def new_district(home: Path) -> Path:
    """A migrated district with its three administrators and the operator of the command line."""
    subprocess.run([sys.executable, "-c", FILLED], env=environment(migrated(home)), check=True)
    return home
