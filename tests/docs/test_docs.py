"""What the documentation says is so: reference pages are fresh, Python blocks run, links lead somewhere, commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
]


def test_the_reference_is_as_the_source_says(tmp_path: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path), "HAIHE_PACKS": "all"}
    command = [sys.executable, str(ROOT / "tools/reference.py"), "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("block", BLOCKS)
def test_every_python_block_runs(block: str, tmp_path: Path) -> None:
    """Each in a process of its own in which Django is set up, as it is in a pack."""
    program = f"from haihe.runtime import set_up_django\nset_up_django()\n{block}"
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_there_are_python_blocks_to_run() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        # Pictures are made by the browser tests and may not be there yet.
        if "://" not in target and not target.endswith(".png"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_that_a_page_names_exists() -> None:
    known = set(
        re.findall(r"^## `haihe ([a-z -]+?)(?= [A-Z-]|`)", (ROOT / "docs/reference/commands.md").read_text(), re.M)
    )
    assert {"up", "plan read", "audit verify"} <= known
    for page in PAGES:
        for line in re.findall(r"^    (?:\S*bin/|HAIHE_\S+ )?haihe (.*)", page.read_text(encoding="utf-8"), re.M):
            words = line.split()
            assert words[0] in known or " ".join(words[:2]) in known, f"{page.name}: haihe {line}"
