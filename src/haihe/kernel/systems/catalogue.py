"""The catalogue: the systems that the plan documents name, as Haihe lists them. `check` says in one sentence what a running
system must show; for equipment and for what can only be followed it is empty."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from haihe.kernel.errors import ConfigurationError, NotFound
from haihe.kernel.language import two

FILE = Path(__file__).parent / "catalogue.csv"
KINDS = {
    "run": two("软件系统", "Software that runs"),
    "track": two("跟踪事项", "Followed in a plan"),
    "field": two("现场设施", "Equipment in the field"),
}


@dataclass(frozen=True)
class System:
    """One named system. `pack` is the pack that is meant to provide it; `concreteness` 1 (a wish) to 3 (told in detail)."""

    id: str
    domain: str
    name_en: str
    name_zh: str
    kind: str
    pack: str
    concreteness: int
    check: str

    @property
    def name(self) -> str:
        return two(self.name_zh, self.name_en)

    @property
    def names_zh(self) -> list[str]:
        """The names under which documents speak of it."""
        return [name.strip() for name in self.name_zh.split(";") if name.strip()]


@functools.cache
def catalogue() -> dict[str, System]:
    """Id → system, in the order of the list. ConfigurationError names the line that does not fit."""
    found: dict[str, System] = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                system = System(concreteness=int(row.pop("concreteness")), **row)
                if system.id in found or system.kind not in KINDS or bool(system.check) != (system.kind == "run"):
                    raise ValueError(f"{system.id}: twice, of no known kind, or with a check that does not belong")
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    "点名系统目录有误。",
                    f"The catalogue of systems does not fit: {error}.",
                    where=f"{FILE.name}:{number}",
                ) from error
            found[system.id] = system
    return found


def get_system(key: str) -> System:
    found = catalogue().get(key)
    if found is None:
        raise NotFound(f"没有点名系统 {key}。", f"There is no named system {key!r}.", where=key,
                       to_do_zh="用 haihe systems 查看目录。", to_do_en="See the catalogue with haihe systems.")  # fmt: skip
    return found
