"""`haihe pack new NAME`: the smallest pack that runs, with a page, an action and a test to grow from."""

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
    name = "haihe.packs.{name}"
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


pages.in_nav("home", two("{name}", "{name}"), order=500, roles=["supervisor", "officer", "viewer"])
''',
    "templates/{name}/home.html": """{{% extends "web/base.html" %}}
{{% block main %}}<section class="card"><h1>{name}</h1></section>{{% endblock %}}
""",
    "tests/__init__.py": "",
    "tests/test_{name}.py": '''"""The {name} pack answers to those who may see it, and to nobody else."""


def test_a_viewer_sees_the_page(account_with, signed_in):
    assert signed_in(account_with("viewer")).get("/{name}/").status_code == 200


def test_the_public_is_asked_to_sign_in(client, db):
    assert client.get("/{name}/").status_code == 302
''',
}


def make_pack(name: str, folder: Path | None = None) -> Path:
    """Write the files of a new pack; refuses names that Python or Haihe cannot use, and never overwrites."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name) or keyword.iskeyword(name) or name in ("kernel", "web"):
        raise InvalidInput(f"“{name}”不能用作包名。", f"{name!r} cannot name a pack.", where="name",
                           to_do_zh="请用小写英文字母、数字和下划线。", to_do_en="Use lower-case letters, digits and underscores.")  # fmt: skip
    path = (folder or PACKS_FOLDER) / name
    if path.exists():
        raise Conflict(f"已有名为“{name}”的目录。", f"{path} exists.", where=str(path))
    words = {"name": name, "Class": name.title().replace("_", "")}
    for file, content in FILES.items():
        target = path / file.format(**words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content.format(**words), encoding="utf-8")
    return path
