"""The targets of tools/fuzz.py: every seed holds its claim, a target notices a defect, and the program runs."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tools" / "fuzz.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("haihe_fuzz", PROGRAM)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FUZZ = load()


@pytest.mark.parametrize("name", sorted(FUZZ.TARGETS))
def test_every_seed_holds_what_its_target_claims(name: str) -> None:
    seeds = sorted((FUZZ.CORPUS / name).iterdir())
    assert len(seeds) >= 2 and all(path.stat().st_size < 4_096 for path in seeds)
    one = FUZZ.TARGETS[name]()
    for path in seeds:
        one(path.read_bytes())
    one(b"")


def test_there_is_a_corpus_for_each_target_and_none_besides() -> None:
    assert {path.name for path in FUZZ.CORPUS.iterdir()} == set(FUZZ.TARGETS)


def test_a_target_notices_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    """A splitter that forgets what it held between two pieces."""
    from haihe.packs.transport.jt808.splitter import Splitter

    monkeypatch.setattr(Splitter, "_keep", lambda splitter, data: None)
    with pytest.raises(AssertionError):
        FUZZ.TARGETS["splitter"]()((FUZZ.CORPUS / "splitter" / "two_frames_and_noise").read_bytes())


@pytest.mark.all
@pytest.mark.parametrize("name", sorted(FUZZ.TARGETS))
def test_some_seconds_of_fuzzing_find_nothing(name: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="there is no atheris for this system or Python")
    command = [sys.executable, str(PROGRAM), name, "--minutes", "0.1", "--work", str(tmp_path)]
    done = subprocess.run(command, env={**os.environ}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    ran = re.search(rf"^{name} +(\d+) executions .* crashes 0$", done.stdout, re.M)
    assert ran and int(ran[1]) > 50, done.stdout
