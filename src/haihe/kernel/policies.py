"""Dated parameters: thresholds and amounts that people set, with their source, never literals in code.

A pack keeps them in `policies/*.yaml`:

    reminder_amber_working_days:
      title_zh: 临期提醒提前工作日
      title_en: working days before a deadline at which it turns amber
      unit: working days
      values:
        - {since: 2018-01-01, value: 3, source: unverified}

Where a value has parts (by use, or from and until), `names: {passenger: [客运, Passenger]}` says what people call them.
`source` is either `unverified` or a text that names title, number and article of what somebody has read.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from haihe.kernel.errors import ConfigurationError, NotFound
from haihe.kernel.packs import loaded_packs

UNVERIFIED = "unverified"


@dataclass(frozen=True)
class DatedValue:
    since: date
    value: Any
    source: str

    @property
    def is_verified(self) -> bool:
        return self.source != UNVERIFIED


@dataclass(frozen=True)
class Parameter:
    key: str
    title_zh: str
    title_en: str
    unit: str
    values: tuple[DatedValue, ...]
    # What the keys of a value by use, or the places of a list (from 1), are called: (Chinese, English).
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def on(self, day: date) -> DatedValue:
        """The value in force on a day; NotFound before the first one."""
        in_force = [value for value in self.values if value.since <= day]
        if not in_force:
            raise NotFound(
                f"参数 {self.key} 在 {day} 尚未生效。",
                f"The parameter {self.key} has no value on {day}.",
                where=self.key,
            )
        return in_force[-1]


def read_parameters(path: Path, prefix: str) -> dict[str, Parameter]:
    """The parameters of one YAML file, keyed `prefix.name`; ConfigurationError names file and entry that do not fit."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        found = {}
        for name, entry in content.items():
            values = tuple(
                sorted(
                    (DatedValue(v["since"], v["value"], str(v["source"])) for v in entry["values"]),
                    key=lambda v: v.since,
                )
            )
            if not values or any(not isinstance(v.since, date) for v in values):
                raise ValueError(f"{name}: every value needs a date under `since`")
            key = f"{prefix}.{name}"
            names = {str(of): (str(zh), str(en)) for of, (zh, en) in entry.get("names", {}).items()}
            found[key] = Parameter(key, entry["title_zh"], entry["title_en"], entry.get("unit", ""), values, names)
        return found
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            "参数文件格式不正确。", f"The parameter file does not fit: {error!r}.", where=str(path),
            to_do_zh="请对照 kernel/policies.py 开头的示例。", to_do_en="Compare it with the example at the top of kernel/policies.py.",
        ) from error  # fmt: skip


@functools.cache
def all_parameters() -> dict[str, Parameter]:
    """Every parameter of the kernel's own nouns (a `limits.yaml` in their folder) and of the loaded packs."""
    found: dict[str, Parameter] = {}
    for path in sorted(Path(__file__).parent.glob("*/limits.yaml")):
        found.update(read_parameters(path, path.parent.name))
    for pack in loaded_packs():
        for path in sorted((Path(pack.path) / "policies").glob("*.yaml")):
            found.update(read_parameters(path, pack.pack))
    return found


def parameter(key: str, on: date) -> Any:
    """The value of a parameter in force on a day."""
    if key not in all_parameters():
        raise NotFound(f"没有参数 {key}。", f"There is no parameter {key}.", where=key)
    return all_parameters()[key].on(on).value
