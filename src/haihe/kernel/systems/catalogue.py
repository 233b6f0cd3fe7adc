"""The catalogue: the systems that the plan documents name, as Haihe lists them. `check` says in one sentence what a running
system must show; for equipment and for what can only be followed it is empty. `asks_zh.csv` says the same in Chinese for systems that
no shipped pack provides; a provider says it itself."""

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
# Fields of work as the catalogue names them, with their Chinese names.
DOMAINS = {
    "governance and programme management": "统筹治理", "compute network": "算力网络", "data elements and exchange": "数据要素与交换",
    "AI models, labelling and safety": "模型、标注与安全", "sensing, IoT, video, networks": "感知、视频与网络", "transport": "交通运输",
    "smart city and government service": "智慧城市与政务服务", "health": "卫生健康", "social security": "社会保障", "education": "教育",
    "agriculture": "农业", "manufacturing": "制造业", "logistics and commerce": "物流商贸", "meteorology": "气象", "environment": "生态环境",
    "emergency, water, fire, gas pipes": "应急、水务、消防、燃气", "community and elder care": "社区与养老", "park management": "园区管理",
    "culture, tourism, media": "文旅传媒", "science, innovation and enterprise cultivation": "科创与企业培育", "talent": "人才", "finance": "金融",
    "military-civil supply-demand matching": "军民供需对接", "biomedicine": "生物医药", "standards": "标准",
}  # fmt: skip


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
    def domain_title(self) -> str:
        return two(DOMAINS[self.domain], self.domain[0].upper() + self.domain[1:])

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
                if (
                    system.id in found
                    or system.kind not in KINDS
                    or system.domain not in DOMAINS
                    or bool(system.check) != (system.kind == "run")
                ):
                    raise ValueError(
                        f"{system.id}: twice, of no known kind or domain, or with a check that does not belong"
                    )
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(
                    "点名系统目录有误。",
                    f"The catalogue of systems does not fit: {error}.",
                    where=f"{FILE.name}:{number}",
                ) from error
            found[system.id] = system
    return found


@functools.cache
def asks_zh() -> dict[str, str]:
    """Id → what must be seen, in Chinese."""
    with (Path(__file__).parent / "asks_zh.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["asks_zh"] for row in csv.DictReader(file)}


def get_system(key: str) -> System:
    found = catalogue().get(key)
    if found is None:
        raise NotFound(f"没有点名系统 {key}。", f"There is no named system {key!r}.", where=key,
                       to_do_zh="用 haihe systems 查看目录。", to_do_en="See the catalogue with haihe systems.")  # fmt: skip
    return found
