"""The built wheel holds everything: installed alone into an empty environment it runs a district without Node."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.all, pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_pages_assets_and_the_demo_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "haihe/web/static/vendor/htmx.min.js", "haihe/web/static/vendor/echarts.min.js", "haihe/web/static/haihe/haihe.css",
        "haihe/web/templates/web/base.html", "haihe/demo/plan.txt", "haihe/packs/plans/policies/reminders.yaml",
        "haihe/packs/plans/migrations/0001_initial.py",
    ):  # fmt: skip
        assert needed in names, needed
    assert not [name for name in names if "/tests/" in name]


def test_a_district_runs_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    subprocess.run([str(tmp_path / "venv/bin/pip"), "install", "--quiet", str(wheel)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": str(tmp_path / "venv/bin"),
        "HOME": str(tmp_path),
        "HAIHE_HOME": str(tmp_path / "district"),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    running = subprocess.Popen(
        [str(tmp_path / "venv/bin/haihe"), "demo", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    try:
        for path in ("/api/v1/health", "/sign-in/", "/static/vendor/echarts.min.js", "/static/haihe/haihe.css"):
            assert _answers(f"http://127.0.0.1:{port}{path}"), path
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=15)


def _answers(url: str) -> bool:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        try:
            return urllib.request.urlopen(url, timeout=5).status == 200
        except OSError:
            time.sleep(0.3)
    return False
