"""A pack from elsewhere: made by `haihe pack new --folder`, built, installed, found by its entry point, served, and tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scenarios.district import haihe

pytestmark = [pytest.mark.all, pytest.mark.xdist_group("wheel")]


def test_a_pack_from_elsewhere_runs_by_being_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert haihe(tmp_path / "home", "pack", "new", "harbour", "--folder", str(tmp_path)).returncode == 0
    project, target = tmp_path / "haihe-harbour", tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(project)]
    subprocess.run(install, check=True, capture_output=True)
    assert not (project / "src/haihe_harbour/tests").is_relative_to(target)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(target)]))
    listed = haihe(tmp_path / "home", "pack", "list").stdout
    assert "harbour" in listed and listed.count("runs") >= 2
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=project, capture_output=True, text=True
    )
    assert tested.returncode == 0 and "3 passed" in tested.stdout, tested.stdout


def test_a_name_that_python_or_haihe_cannot_use_is_refused(tmp_path: Path) -> None:
    for name in ("web", "Harbour", "class", "1x", "a-b", "../x"):
        done = haihe(tmp_path / "home", "pack", "new", name, "--folder", str(tmp_path))
        assert done.returncode == 1 and "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"home"}
