"""Every installed pack keeps the contract, and the contract notices what is wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.apps import apps

from haihe.kernel.packs import PackConfig, loaded_packs
from haihe.kernel.permissions import ACTIONS
from haihe.kernel.things import Thing
from haihe.scaffold import FILES
from haihe.testing.packs import declared_actions, problems


@pytest.mark.parametrize("label", [pack.label for pack in loaded_packs()])
def test_every_installed_pack_keeps_the_contract(label: str, db: None) -> None:
    assert problems(apps.get_app_config(label)) == []


def test_actions_are_found_where_they_are_declared() -> None:
    found = declared_actions(apps.get_app_config("transport"))
    assert found["vehicle.read"] == "visibility.py" and len(found) > 8


Make = Callable[..., PackConfig]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """A function (manifest, **files) → the pack of `haihe pack new` with those files changed or gone (None). Not installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    known = dict(ACTIONS)

    def make(files: dict[str, str | None] | None = None, **manifest: object) -> PackConfig:
        words = {"name": "contract_pack", "Class": "Contract", "module": "contract_pack"}
        for file, content in {**FILES, "visibility.py": "", **(files or {})}.items():
            path = tmp_path / "contract_pack" / file.format(**words)
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is not None:
                path.write_text(content.format(**words) if file in FILES and content == FILES[file] else content)
        importlib.invalidate_caches()
        manifest = {
            "label": "contract_pack",
            "title_zh": "示例",
            "title_en": "Example",
            "name": "contract_pack",
            **manifest,
        }
        kind = type("ContractConfig", (PackConfig,), manifest)
        made = kind("contract_pack", importlib.import_module("contract_pack"))
        made.apps, made.models = apps, {}
        made.ready()
        return made

    yield make
    for name in [name for name in sys.modules if name.split(".")[0] == "contract_pack"]:
        del sys.modules[name]
    ACTIONS.clear()
    ACTIONS.update(known)


def test_a_new_pack_keeps_the_contract(pack: Make, db: None) -> None:
    assert problems(pack()) == []


PAGES = FILES["pages.py"].format(name="contract_pack")
PATH_ONLY = """
from django.http import HttpResponse
from django.urls import path
pages.urlpatterns.append(path("bare/", lambda request: HttpResponse(), name="bare"))
"""


@pytest.mark.parametrize(
    ("manifest", "files", "said"),
    [
        ({"title_en": ""}, {}, "the manifest lacks a title"),
        ({"title_en": "示例"}, {}, "English title of the manifest is Chinese"),
        ({"requires": ("nowhere",)}, {}, "requires nowhere"),
        ({}, {"pages.py": "pages = []"}, "holds no `pages`"),
        ({}, {"pages.py": PAGES + PATH_ONLY}, "bare was added past @pages.page"),
        ({}, {"services.py": ""}, "asks for contract_pack.read, which nobody declares"),
        ({}, {"pages.py": PAGES.replace('in_nav("home"', 'in_nav("hme"')}, "which is no page"),
        ({}, {"pages.py": PAGES.replace('two("contract_pack", "contract_pack")', 'two("示例", "示例")')}, "in the navigation is Chinese"),
        ({}, {"late.py": "from haihe.kernel.permissions import declare\ndeclare('contract.late', '甲', 'a', roles=['viewer'])"}, "late.py is not loaded"),
        ({}, {"services.py": FILES["services.py"].format(name="contract_pack").replace("see contract_pack", "看")}, "contract_pack.read is Chinese"),
        ({}, {"templates/contract_pack/a.html": '<h1>{% t "泊位" %}</h1>'}, "lacks the other language"),
        ({}, {"templates/contract_pack/a.html": '<h1>{% t "Berths" "泊位" %}</h1>'}, "the wrong way round"),
        ({}, {"templates/contract_pack/a.html": '{# 注 #}<h1 title="x">泊位</h1>'}, "“泊位” stands outside"),
        ({}, {"policies/a.yaml": "a: {title_zh: 甲, title_en: '', unit: s, values: [{since: 2000-01-01, value: 1, source: unverified}]}"}, "contract_pack.a lacks"),
        ({}, {"policies/a.yaml": "a: {title_zh: 甲, title_en: a, unit: s, values: [{since: 2000-01-01, value: 1, source: ' '}]}"}, "has no source"),
        ({}, {"tests/test_{name}.py": None}, "has no tests"),
    ],
)  # fmt: skip
def test_the_contract_notices(pack: Make, manifest: dict, files: dict, said: str, db: None) -> None:
    found = problems(pack(files, **manifest))
    assert any(said in problem for problem in found), found


def test_a_visibility_that_fails_on_the_public_is_noticed(
    pack: Make, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haihe.kernel import permissions

    made = pack()
    made.models = {"thing": Thing}
    assert problems(made) == []
    monkeypatch.setitem(
        permissions._visibility, Thing, [lambda account, rows: rows.filter(organisation=account.organisation)]
    )
    assert any("cannot be said of the public" in problem for problem in problems(made))
