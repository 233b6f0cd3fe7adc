"""`haihe pack new NAME`: the smallest pack that runs, with a page, a permission and a test to grow from.

Within a checkout of Haihe the pack is a folder of `haihe/packs`. Anywhere else it is a project of its own that brings the pack by
an entry point of the group `haihe.packs`: installing it is enough.
"""

from __future__ import annotations

import keyword
import re
from pathlib import Path

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.packs import PACKS_FOLDER

FILES = {
    "__init__.py": "",
    "apps.py": """from haihe.kernel.packs import PackConfig


class {Class}Config(PackConfig):
    name = "{module}"
    label = "{name}"
    title_zh = "{name}"
    title_en = "{name}"
    requires = ()
""",
    "services.py": '''"""The only door to this pack: what pages, programs and other packs may ask of it."""

from haihe.kernel.identity import Role
from haihe.kernel.permissions import declare

declare("{name}.read", "查看{name}", "see {name}", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])
''',
    "pages.py": '''"""Pages of the {name} pack."""

from django.http import HttpResponse
from django.shortcuts import render

from haihe.kernel.language import two
from haihe.web.pages import AccountRequest, Pages

pages = Pages("{name}")


@pages.page("{name}/", "home", permission="{name}.read")
def home(request: AccountRequest) -> HttpResponse:
    return render(request, "{name}/home.html")


pages.in_nav("home", two("{name}", "{name}"), order=500, group="supervision", roles=["supervisor", "officer", "viewer"])
''',
    "templates/{name}/home.html": """{{% extends "web/base.html" %}}
{{% block main %}}<section class="card"><h1>{name}</h1></section>{{% endblock %}}
""",
    "tests/__init__.py": "",
    "tests/test_{name}.py": '''"""The {name} pack answers to those who may see it, and to nobody else."""

from django.apps import apps

from haihe.testing.packs import problems


def test_the_pack_keeps_the_contract(db):
    assert problems(apps.get_app_config("{name}")) == []


def test_a_viewer_sees_the_page(account_with, signed_in):
    assert signed_in(account_with("viewer")).get("/{name}/").status_code == 200


def test_the_public_is_asked_to_sign_in(client, db):
    assert client.get("/{name}/").status_code == 302
''',
}


# What a project of its own needs beside the pack's files.
PROJECT_FILES = {
    "pyproject.toml": """[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "haihe-{name}"
version = "0.1.0"
description = "The {name} pack of Haihe"
requires-python = ">=3.11"
dependencies = ["haihe"]

[project.entry-points."haihe.packs"]
{name} = "{module}"

[dependency-groups]
dev = ["pytest>=9", "pytest-django>=4.11"]

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]
exclude = ["**/tests/**"]

[tool.pytest.ini_options]
DJANGO_SETTINGS_MODULE = "haihe.settings"
addopts = "--import-mode=importlib"
testpaths = ["src"]
""",
    "conftest.py": """import os
import tempfile

# Before Django's settings are read: they look at HAIHE_HOME once.
os.environ["HAIHE_HOME"] = tempfile.mkdtemp(prefix="haihe-test-")

pytest_plugins = ["haihe.testing.fixtures"]
""",
}


def make_project(name: str, folder: Path) -> Path:
    """Write a project that brings the pack by its entry point; returns the project's folder. Refuses as `make_pack` does."""
    check_pack_name(name)
    path, module = folder / f"haihe-{name}", f"haihe_{name}"
    _write_files(path / "src" / module, FILES, name, module)
    _write_files(path, PROJECT_FILES, name, module, again=True)
    return path


def is_checkout() -> bool:
    """Whether packs of this installation lie in somebody's working copy, not in the library of an environment."""
    return (PACKS_FOLDER.parents[2] / "pyproject.toml").exists()


def make_pack(name: str, folder: Path | None = None) -> Path:
    """Write the files of a new pack; refuses names that Python or Haihe cannot use, and never overwrites."""
    check_pack_name(name)
    path = (folder or PACKS_FOLDER) / name
    _write_files(path, FILES, name, f"haihe.packs.{name}")
    return path


def check_pack_name(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name) or keyword.iskeyword(name) or name in ("kernel", "web"):
        raise InvalidInput(f"“{name}”不能用作包名。", f"{name!r} cannot name a pack.", where="name",
                           to_do_zh="请用小写英文字母、数字和下划线。", to_do_en="Use lower-case letters, digits and underscores.")  # fmt: skip


def _write_files(path: Path, files: dict[str, str], name: str, module: str, *, again: bool = False) -> None:
    if path.exists() and not again:
        raise Conflict(f"已有名为“{name}”的目录。", f"{path} exists.", where=str(path),
                       to_do_zh="请换一个名称或目录。", to_do_en="Choose another name or folder.")  # fmt: skip
    words = {"name": name, "Class": name.title().replace("_", ""), "module": module}
    for file, content in files.items():
        target = path / file.format(**words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content.format(**words), encoding="utf-8")
