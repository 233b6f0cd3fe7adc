"""The examples are packs from elsewhere: loaded by their entry points, in a process of their own, each with its own tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
STATED = tomllib.loads((EXAMPLES / "pyproject.toml").read_text(encoding="utf-8"))
PACKS = STATED["project"]["entry-points"]["haihe.packs"]


def run_tests(*arguments: str) -> str:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "pyproject.toml",
        "--rootdir",
        ".",
        *arguments,
    ]
    # Their own settings are read after their entry points are there, not before.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    return done.stdout


def test_every_example_runs_as_a_pack_from_elsewhere_and_keeps_its_contracts() -> None:
    told = run_tests("-m", "not all", "-rA")
    for name in PACKS:
        assert f"{name}/tests/test_pack.py::test_the_pack_keeps_the_contract" in told


@pytest.mark.all
def test_the_long_proofs_of_the_examples() -> None:
    run_tests("-m", "all")


def test_every_example_is_a_small_folder_that_says_what_it_shows() -> None:
    assert {path.parent.name for path in EXAMPLES.glob("*/apps.py")} == set(PACKS)
    assert set(STATED["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == set(PACKS)
    index = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for name in PACKS:
        assert f"({name}/README.md)" in index
        assert len((EXAMPLES / name / "README.md").read_text(encoding="utf-8").splitlines()) <= 15
        assert any(path.stem != "test_pack" for path in (EXAMPLES / name / "tests").glob("test_*.py"))
