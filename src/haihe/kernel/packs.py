"""Packs: what a district watches and does. A folder in `haihe/packs` with an `apps.py`, or an entry point in the group
`haihe.packs`, is enough; nothing is registered centrally. This file holds no model: settings import it before Django's
registry is ready.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from django.apps import AppConfig, apps

from haihe.kernel.errors import ConfigurationError

PACKS_FOLDER = Path(__file__).parent.parent / "packs"


class PackConfig(AppConfig):
    """The manifest of a pack. `requires` names packs whose `services.py` it may use. Which named systems it provides
    stands with their checks in its `systems.py`."""

    title_zh: str = ""
    title_en: str = ""
    requires: tuple[str, ...] = ()

    # Django takes the one AppConfig of an apps.py that says it is a default; this base, imported there, must not be it.
    default = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.default = True

    @property
    def pack(self) -> str:
        return self.label

    def ready(self) -> None:
        # Tables of observations, actions, case types, registers, rules, indicators, reminders, searches and checks register by being imported.
        for name in (
            "observations",
            "services",
            "cases",
            "register",
            "rules",
            "indicators",
            "duties",
            "search",
            "systems",
        ):
            find_module(self, name)


def installed_packs() -> dict[str, str]:
    """Name → dotted module of every pack that is there, in a stable order."""
    found = {
        folder.parent.name: f"haihe.packs.{folder.parent.name}" for folder in sorted(PACKS_FOLDER.glob("*/apps.py"))
    }
    for entry in sorted(entry_points(group="haihe.packs"), key=lambda e: e.name):
        found.setdefault(entry.name, entry.value)
    return found


def enabled_packs(choice: str) -> list[str]:
    """The dotted modules to load for HAIHE_PACKS: all, none, or names by comma together with what they require."""
    installed = installed_packs()
    if choice == "all":
        names = list(installed)
    elif choice == "none":
        names = []
    else:
        names = [name.strip() for name in choice.split(",") if name.strip()]
    ordered: list[str] = []
    for name in names:
        _add_with_requirements(name, installed, ordered, ())
    return [installed[name] for name in ordered]


def _add_with_requirements(name: str, installed: dict[str, str], ordered: list[str], path: tuple[str, ...]) -> None:
    if name in path:
        raise ConfigurationError(
            "功能包互相依赖成环。", f"Packs require each other in a circle: {' → '.join((*path, name))}.", where=name
        )
    if name in ordered:
        return
    if name not in installed:
        raise ConfigurationError(
            f"未安装功能包“{name}”。", f"No pack named {name!r} is installed.", where="HAIHE_PACKS",
            to_do_zh=f"已安装：{'、'.join(installed) or '无'}。", to_do_en=f"Installed: {', '.join(installed) or 'none'}.",
        )  # fmt: skip
    for required in requirements(installed[name]):
        _add_with_requirements(required, installed, ordered, (*path, name))
    ordered.append(name)


def requirements(module: str) -> tuple[str, ...]:
    """The `requires` of the pack in dotted `module`, read from its apps.py."""
    manifest = importlib.import_module(f"{module}.apps")
    configs = [
        c for c in vars(manifest).values() if isinstance(c, type) and issubclass(c, PackConfig) and c is not PackConfig
    ]
    if len(configs) != 1:
        raise ConfigurationError(
            f"{module}.apps 应恰有一个 PackConfig。", f"{module}.apps must hold exactly one PackConfig.", where=module
        )
    return configs[0].requires


def loaded_packs() -> Iterator[PackConfig]:
    """The packs that run in this process, requirements first."""
    return (config for config in apps.get_app_configs() if isinstance(config, PackConfig))


def find_module(config: PackConfig, name: str) -> ModuleType | None:
    """A pack's module of a known name (pages, api, indicators …), or None where the pack has none."""
    dotted = f"{config.name}.{name}"
    return importlib.import_module(dotted) if find_spec(dotted) else None
