"""The contract of packs: what a pack from anywhere must hold so that people of a district can use it. `problems` names what is
wrong, nothing if all is well. It asks the database, so that a test of it takes the fixture `db`.

    def test_the_pack_keeps_the_contract(db):
        assert problems(apps.get_app_config("harbour")) == []
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils import translation

from haihe.kernel.identity import Account
from haihe.kernel.packs import PackConfig, find_module, loaded_packs
from haihe.kernel.permissions import ACTIONS, visible
from haihe.kernel.policies import read_parameters
from haihe.web.pages import Pages

HAN = re.compile(r"[\u3400-\u9fff]")
# What is no text of a template: comments, tags and variables, styles and scripts, the tags of HTML.
NOT_TEXT = re.compile(r"{#.*?#}|{% comment.*?endcomment %}|{%.*?%}|{{.*?}}|<(style|script)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.S)  # fmt: skip
PAIR = re.compile(r"""{%\s*t\s+("(?:[^"\\]|\\.)*"|'[^']*')\s*("(?:[^"\\]|\\.)*"|'[^']*')?""")

# A document of its own that says it is Chinese: an official paper has one language.
CHINESE_PAPER = '<html lang="zh-CN">'


def problems(pack: PackConfig) -> list[str]:
    """Sentences, one a problem, each naming the place."""
    return [
        said
        for part in (_manifest, _pages, _actions, _models, _templates, _parameters, _tests)
        for said in part(pack)
    ]  # fmt: skip


def _both(zh: Any, en: Any, where: str) -> Iterator[str]:
    """A Chinese and an English text are there, and are what they say."""
    if not str(zh).strip() or not str(en).strip():
        yield f"{where} lacks a title in one language"
    elif HAN.search(str(en)):
        yield f"the English title of {where} is Chinese: {en}"


def _said(text: Any) -> tuple[str, str]:
    """A lazy pair in both languages."""
    with translation.override("zh-hans"):
        zh = str(text)
    with translation.override("en"):
        return zh, str(text)


def _manifest(pack: PackConfig) -> Iterator[str]:
    yield from _both(pack.title_zh, pack.title_en, "the manifest")
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", pack.label):
        yield f"{pack.label} is no name of a pack: small letters, digits and _ only"
    loaded = {other.label for other in loaded_packs()}
    yield from (f"it requires {name}, which is not loaded" for name in pack.requires if name not in loaded)


def _pages(pack: PackConfig) -> Iterator[str]:
    module = find_module(pack, "pages")
    if module is None:
        return
    pages = getattr(module, "pages", None)
    if not isinstance(pages, Pages):
        yield "pages.py holds no `pages`"
        return
    names = {f"{pages.name}:{pattern.name}" for pattern in pages.urlpatterns}
    for pattern in pages.urlpatterns:
        permission = getattr(pattern.callback, "permission", None)
        if permission is None:
            yield f"the page {pattern.name} was added past @pages.page: nobody asks for a permission"
        elif permission and permission not in ACTIONS:
            yield f"the page {pattern.name} asks for {permission}, which nobody declares"
    for entry in pages.nav:
        if entry.url_name not in names:
            yield f"the navigation leads to {entry.url_name}, which is no page"
        zh, en = _said(entry.title)
        yield from _both(zh, en, f"{entry.url_name} in the navigation")


def declared_actions(pack: PackConfig) -> dict[str, str]:
    """Name of an action → file of the pack that declares it with a literal name."""
    found = {}
    for path in sorted(Path(pack.path).rglob("*.py")):
        if {"tests", "simulator", "demo"} & set(path.relative_to(pack.path).parts):
            continue  # what only tests and demos load
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("action", "declare") and node.args:  # fmt: skip
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found[first.value] = str(path.relative_to(pack.path))
    return found


def _actions(pack: PackConfig) -> Iterator[str]:
    for name, file in declared_actions(pack).items():
        if name not in ACTIONS:
            yield f"the action {name} of {file} is not loaded with the pack: import the file in services.py"
        else:
            yield from _both(ACTIONS[name].title_zh, ACTIONS[name].title_en, f"the action {name}")


def _models(pack: PackConfig) -> Iterator[str]:
    """Every model can be asked by anybody: the public, an account without roles. A rule that fails on one of them fails on a page;
    rows that the public sees are for the pack's own tests."""
    stranger, _ = Account.objects.get_or_create(username="stranger", defaults={"display_name": "stranger"})
    gone, _ = Account.objects.get_or_create(username="gone", defaults={"display_name": "gone", "is_active": False})
    askers = (("the public", None), ("somebody without roles", stranger), ("an account that is switched off", gone))
    for model in pack.get_models():
        for who, account in askers:
            try:
                rows = visible(account, model._default_manager.all())
                if rows.model is not model:
                    yield f"the visibility of {model.__name__} gives rows of {rows.model.__name__}"
                rows.exists()
            except Exception as error:
                yield f"who sees which {model.__name__} cannot be said of {who}: {error!r}"


def _templates(pack: PackConfig) -> Iterator[str]:
    for path in sorted((Path(pack.path) / "templates").rglob("*.html")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(pack.path)
        for pair in PAIR.finditer(text):
            zh, en = (part[1:-1] if part else "" for part in pair.groups())
            if not zh.strip() or not en.strip():
                yield f"{name}: {{% t {zh!r} … %}} lacks the other language"
            elif HAN.search(en) and not HAN.search(zh):
                yield f"{name}: {{% t {zh!r} … %}} has its languages the wrong way round"
        if CHINESE_PAPER in text:
            continue
        bare = NOT_TEXT.sub(" ", text)
        if found := HAN.search(bare):
            yield f"{name}: “{bare[found.start() : found.start() + 12].split()[0]}” stands outside of {{% t %}}: English readers see Chinese"


def _parameters(pack: PackConfig) -> Iterator[str]:
    for path in sorted((Path(pack.path) / "policies").glob("*.yaml")):
        for key, parameter in read_parameters(path, pack.label).items():
            yield from _both(parameter.title_zh, parameter.title_en, f"the parameter {key}")
            yield from (f"the value of {key} from {value.since} has no source" for value in parameter.values if not value.source.strip())  # fmt: skip


def _tests(pack: PackConfig) -> Iterator[str]:
    if any(Path(pack.path).parent.glob("*.dist-info")):
        return  # unpacked from a wheel, which leaves tests out
    if not any((Path(pack.path) / "tests").glob("test_*.py")):
        yield "it has no tests: a folder tests with test_….py"
