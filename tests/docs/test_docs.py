"""What the documentation says is so: reference pages are fresh, Python blocks run, links lead somewhere, commands exist."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
EXAMPLES = ROOT / "examples"
# A block that is a file of an example names it in its first line: # cold_store/feeds.py
FILE_OF_EXAMPLE = re.compile(r"\A(?:# |{# )(\w+/[\w./]+?)(?: #})?\n")
SHOWN = [
    (page, found[1], block[found.end() :])
    for page in PAGES
    for block in re.findall(r"^```\w+\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    if (found := FILE_OF_EXAMPLE.match(block))
]
LOAD_EXAMPLE = """
import os
from pathlib import Path
from haihe.testing.outside import as_if_installed
as_if_installed(Path({0!r}), Path({1!r}))
os.environ["HAIHE_PACKS"] = {2!r}
"""
SET_UP = "from haihe.runtime import set_up_django\nset_up_django()\n"


def example_in(block: str) -> str | None:
    """The example that a block needs to be loaded: it is one of its files, or imports from it."""
    shown = FILE_OF_EXAMPLE.match(block)
    names = [shown[1].split("/")[0]] if shown else re.findall(r"^(?:from|import) (\w+)", block, re.M)
    return next((name for name in names if (EXAMPLES / name).is_dir()), None)


BLOCKS = {
    f"{page.relative_to(ROOT)}:{number}": block
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))
}
OF_EXAMPLES = {name: block for name, block in BLOCKS.items() if example_in(block)}
# Django is set up once; each block then runs in a copy of that process.
RUN_BLOCKS = """
from haihe.runtime import set_up_django
set_up_django()
import json, os, sys, traceback
failed = []
for name, block in json.load(sys.stdin).items():
    child = os.fork()
    if not child:
        try:
            exec(compile(block, name, "exec"), {"__name__": "__main__"})
        except BaseException:
            print(name, file=sys.stderr)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(" ".join(failed) or None)
"""


def test_the_reference_is_as_the_source_says(tmp_path: Path) -> None:
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path), "HAIHE_PACKS": "all"}
    command = [sys.executable, str(ROOT / "tools/reference.py"), "--check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_python_block_runs(tmp_path: Path) -> None:
    """Each in a process of its own in which Django is set up, as it is in a pack."""
    plain = {name: block for name, block in BLOCKS.items() if name not in OF_EXAMPLES}
    assert run_program(RUN_BLOCKS, tmp_path, json.dumps(plain)) == ""


@pytest.mark.parametrize("name", sorted(OF_EXAMPLES))
def test_a_block_about_an_example_runs_where_that_is_loaded(name: str, tmp_path: Path) -> None:
    """A block that is a file of an example is that file, loaded with its pack."""
    block = OF_EXAMPLES[name]
    load = LOAD_EXAMPLE.format(str(EXAMPLES), str(tmp_path), example_in(block))
    if shown := FILE_OF_EXAMPLE.match(block):
        block = f"import {shown[1].removesuffix('.py').replace('/', '.')}\n"
    assert run_program(load + SET_UP + block, tmp_path) == ""


def run_program(program: str, home: Path, given: str = "") -> str:
    """What a program says when it fails; nothing where it does not."""
    done = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "HAIHE_HOME": str(home)}, input=given, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize(
    ("page", "file", "text"), SHOWN, ids=lambda part: part if isinstance(part, str) and len(part) < 60 else ""
)
def test_what_a_page_shows_of_an_example_is_what_stands_there(page: Path, file: str, text: str) -> None:
    assert text == (EXAMPLES / file).read_text(encoding="utf-8"), f"{page.name} shows another {file}"


def test_the_hour_shows_every_file_of_the_pack_that_it_builds() -> None:
    files = {
        str(path.relative_to(EXAMPLES))
        for path in (EXAMPLES / "cold_store").rglob("*")
        if path.suffix in (".py", ".yaml", ".html")
    }
    made_by_pack_new = {
        "cold_store/__init__.py",
        "cold_store/apps.py",
        "cold_store/tests/__init__.py",
        "cold_store/tests/test_pack.py",
    }
    assert {file for page, file, _ in SHOWN if page.name == "write-a-feed.md"} == files - made_by_pack_new


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
