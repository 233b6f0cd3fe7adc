"""`haihe rules`: what is installed, and errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from haihe.testing.districts import migrated


def haihe(home: Path, *arguments: str, packs: str = "transport") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HAIHE_HOME": str(migrated(home)), "HAIHE_PACKS": packs, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "haihe.cli", *arguments], env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_rules_of_the_enabled_packs_are_listed(tmp_path: Path) -> None:
    done = haihe(tmp_path, "rules", "list")
    assert done.returncode == 0 and "transport.speeding" in done.stdout and "疲劳驾驶" in done.stdout, done.stderr


def test_a_rule_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    done = haihe(tmp_path, "rules", "replay", "transport.flying", "--since", "2026-03-02")
    assert done.returncode == 1 and "transport.fatigue" in done.stderr and "没有规则" in done.stderr


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    assert haihe(tmp_path, "rules", "replay", "transport.speeding", "--since", "yesterday").returncode == 2
