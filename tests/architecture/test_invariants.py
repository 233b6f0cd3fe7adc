"""The invariants of ARCHITECTURE.md, each held by a few lines."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from haihe.kernel.packs import installed_packs, requirements

SOURCE = Path(__file__).resolve().parents[2] / "src" / "haihe"
# The one order in which nouns of the kernel import each other: a noun imports only from its left.
NOUNS = (
    "errors", "language", "calendar", "packs", "policies", "organisations", "locks", "audit", "evidence", "identity", "permissions", "exports",
    "search", "places", "things", "observations", "indicators", "notices", "cases", "registers", "alerts", "rosters", "feeds", "systems", "administration", "duties", "models", "apps",
)  # fmt: skip


def imports_of(path: Path, *, at_start_only: bool = True) -> Iterator[str]:
    """Dotted modules that a file imports when it is loaded (not within functions or for type checkers only)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_start_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def python_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.py") if "migrations" not in path.parts and "tests" not in path.parts]


def test_kernel_imports_no_pack_and_no_web() -> None:
    for path in python_files(SOURCE / "kernel"):
        wrong = [
            name
            for name in imports_of(path, at_start_only=False)
            if name.startswith(("haihe.packs", "haihe.web", "haihe.cli"))
        ]
        assert not wrong, f"{path} imports {wrong}"


def test_nouns_import_each_other_in_one_order() -> None:
    for path in python_files(SOURCE / "kernel"):
        noun = path.relative_to(SOURCE / "kernel").parts[0].removesuffix(".py")
        if noun == "__init__":
            continue
        assert noun in NOUNS, f"{noun} has no place in the order"
        for name in imports_of(path):
            other = name.removeprefix("haihe.kernel.").split(".")[0] if name.startswith("haihe.kernel.") else None
            if other in NOUNS and other != noun:
                assert NOUNS.index(other) < NOUNS.index(noun), f"{noun} imports {other}, which stands to its right"


def test_web_names_no_pack() -> None:
    for path in python_files(SOURCE / "web"):
        wrong = [name for name in imports_of(path, at_start_only=False) if name.startswith("haihe.packs")]
        assert not wrong, f"{path} imports {wrong}"
        for pack in installed_packs():
            assert f'"{pack}:' not in path.read_text(encoding="utf-8"), f"{path} names a page of {pack}"


def test_only_pages_and_api_of_a_pack_import_web() -> None:
    for path in python_files(SOURCE / "packs"):
        inside = path.relative_to(SOURCE / "packs").parts
        if len(inside) > 1 and inside[1].removesuffix(".py") in ("pages", "api"):
            continue
        wrong = [name for name in imports_of(path, at_start_only=False) if name.startswith("haihe.web")]
        assert not wrong, f"{path} imports {wrong}"


def test_packs_reach_required_packs_only_through_services() -> None:
    for name, module in installed_packs().items():
        folder = SOURCE / "packs" / name
        if not folder.exists():
            continue
        required = requirements(module)
        for path in python_files(folder):
            for imported in imports_of(path, at_start_only=False):
                parts = imported.split(".")
                if parts[:2] != ["haihe", "packs"] or len(parts) < 3 or parts[2] == name:
                    continue
                assert parts[2] in required, f"{path} uses {parts[2]}, which {name} does not require"
                assert parts[3:4] == ["services"], f"{path} reaches {imported} past its services.py"


def test_the_reader_of_plans_needs_no_django() -> None:
    for path in python_files(SOURCE / "packs/plans/reading"):
        wrong = [name for name in imports_of(path, at_start_only=False) if name.split(".")[0] == "django"]
        assert not wrong, f"{path} imports {wrong}"


def test_every_action_has_two_titles_and_somebody_who_may_do_it() -> None:
    import haihe.kernel.administration
    import haihe.packs.plans.services  # noqa: F401  (declares its actions)
    from haihe.kernel.permissions import ACTIONS

    assert len(ACTIONS) > 30
    for action in ACTIONS.values():
        assert action.title_zh and action.title_en and (action.roles or action.as_unit), action.name


def test_an_action_without_a_title_cannot_be_declared() -> None:
    from haihe.kernel.permissions import declare

    with pytest.raises(ValueError, match="two titles"):
        declare("nothing.at_all", "", "", roles=["supervisor"])


def test_files_leave_only_through_the_export_gate() -> None:
    """Whoever answers with a download has asked kernel/exports.release."""
    for path in [*python_files(SOURCE / "packs"), *python_files(SOURCE / "web")]:
        text = path.read_text(encoding="utf-8")
        if "Content-Disposition" in text or "FileResponse" in text:
            assert re.search(r"\brelease(_\w+)?\(", text), f"{path} hands out a file past the export gate"


def test_packs_that_require_each_other_in_a_circle_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from haihe.kernel import packs
    from haihe.kernel.errors import ConfigurationError

    monkeypatch.setattr(packs, "installed_packs", lambda: {"a": "a", "b": "b"})
    monkeypatch.setattr(packs, "requirements", lambda module: ("b",) if module == "a" else ("a",))
    with pytest.raises(ConfigurationError, match="circle"):
        packs.enabled_packs("a")


def _check_with_packs(choice: str, tmp_path: Path) -> str:
    """Start Django with a choice of packs in a process of its own, migrate, and answer the sign-in page and the API."""
    program = """
from haihe.runtime import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.test import Client
client = Client(HTTP_HOST="127.0.0.1")
assert client.get("/sign-in/").status_code == 200
paths = client.get("/api/v1/openapi.json").json()["paths"]
print(" ".join(sorted({p.split("/")[3] for p in paths})))
"""
    environment = {**os.environ, "HAIHE_HOME": str(tmp_path / "home"), "HAIHE_PACKS": choice}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_district_works_without_any_pack(tmp_path: Path) -> None:
    assert "plans" not in _check_with_packs("none", tmp_path).split()


@pytest.mark.parametrize(
    "pack",
    [n if n in ("plans", "transport") else pytest.param(n, marks=pytest.mark.all) for n in sorted(installed_packs())],
)
def test_a_district_works_with_any_one_pack(pack: str, tmp_path: Path) -> None:
    _check_with_packs(pack, tmp_path)


def test_a_new_pack_is_found_by_being_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from haihe.kernel import packs
    from haihe.scaffold import make_pack

    make_pack("harbour", tmp_path)
    monkeypatch.setattr(packs, "PACKS_FOLDER", tmp_path)
    assert "harbour" in packs.installed_packs()
