"""How each named system stands in this district, and nothing better than that.

* *available* — its check passed with this very version of Haihe. Not checked means not running.
* *in use* — available, and data of it reached this district within IN_USE_DAYS days (the sentence says where they are synthetic).
* *tracked* — not software: a filed plan of this district follows it.
* *counted* — equipment: a register of this district counts it.
* *missing* — anything else, also what passed with another version only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from haihe import __version__
from haihe.kernel import audit
from haihe.kernel.identity import Role
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import action
from haihe.kernel.systems.catalogue import System, asks_zh, catalogue, get_system
from haihe.kernel.systems.models import SystemCheck
from haihe.kernel.systems.providing import COUNTERS, PROVIDERS, TRACKERS, Live, Provider, Saw

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

DEMO_FILE = "demo-accounts.txt"  # lies in the folder of a demo district, in which everything is invented
IN_USE_DAYS = 30  # what "in use" means (ARCHITECTURE.md), not a limit that a district sets
STATUSES = {
    "in use": two("在用", "In use"),
    "available": two("可用", "Available"),
    "tracked": two("在跟踪", "Tracked"),
    "counted": two("已计数", "Counted"),
    "missing": two("没有", "Missing"),
}


@dataclass(frozen=True)
class Row:
    """A system of the catalogue as it stands. `check` is the newest run; `saw` is empty where nothing was seen."""

    system: System
    pack: str
    status: str
    check: SystemCheck | None
    saw: Saw
    live: Live | None = None

    @property
    def provided(self) -> bool:
        """Whether a pack of this district has a check for it."""
        return self.system.id in PROVIDERS

    @property
    def asks(self) -> str:
        """What the check must see, in the reader's language where it is known in it."""
        provider = PROVIDERS.get(self.system.id)
        zh = provider.asks_zh if provider else asks_zh().get(self.system.id, self.system.check)
        return pick(zh, self.system.check)

    @property
    def by_hand(self) -> str:
        """How a person sees the same on the pages; empty where nobody wrote it."""
        provider = PROVIDERS.get(self.system.id)
        return pick(*provider.by_hand) if provider else ""

    @property
    def is_stale(self) -> bool:
        """Whether it passed, but with another version."""
        return self.check is not None and self.check.passed and self.check.version != __version__

    def as_dict(self) -> dict[str, Any]:
        """The row as programs get it; `checked` is null where no check ever ran."""
        checked = None
        if self.check is not None:
            day = timezone.localtime(self.check.checked_at).date().isoformat()
            checked = {"version": self.check.version, "date": day}
        names = ("id", "name_en", "name_zh", "kind")
        return {name: getattr(self.system, name) for name in names} | {
            "pack": self.pack, "status": self.status, "checked": checked, "saw": pick(self.saw.zh, self.saw.en),
        }  # fmt: skip


def providers_to_check(only: Iterable[str] = ()) -> list[Provider]:
    """The checks that this district's packs bring, in the order of the catalogue; NotFound for an id that is none."""
    wanted = {get_system(key).id for key in only}
    return [PROVIDERS[key] for key in catalogue() if key in PROVIDERS and (not wanted or key in wanted)]


@action("system.note_check", "记录系统检查结果", "record what a system's check saw", roles=[Role.SUPERVISOR])
def note_check(account: Account, _target: None, *, system: str, passed: bool, seconds: float, saw: Saw) -> SystemCheck:
    audit.note(system=system, passed=passed, version=__version__)
    return SystemCheck.objects.create(
        system=get_system(system).id, version=__version__, passed=passed, seconds=round(seconds, 2),
        saw_zh=saw.zh, saw_en=saw.en, figures=dict(saw.figures),
    )  # fmt: skip


def newest_checks() -> dict[str, SystemCheck]:
    found: dict[str, SystemCheck] = {}
    for check in SystemCheck.objects.order_by("checked_at", "pk"):
        found[check.system] = check
    return found


def list_systems(at: datetime) -> list[Row]:
    """Every system of the catalogue, in its order."""
    checks, followed = newest_checks(), _followed(at)
    return [_row(system, checks.get(system.id), followed, at) for system in catalogue().values()]


def _followed(at: datetime) -> dict[str, Saw]:
    found: dict[str, Saw] = {}
    for tracker in TRACKERS:
        found = {**tracker(at), **found}
    return found


def _row(system: System, check: SystemCheck | None, followed: Mapping[str, Saw], at: datetime) -> Row:
    if system.kind == "run":
        return _running(system, check, at)
    if system.kind == "field":
        counted = COUNTERS[system.id](at) if system.id in COUNTERS else None
        return Row(system, system.pack, "counted" if counted else "missing", None, counted or Saw("", ""))
    saw = followed.get(system.id)
    return Row(system, system.pack, "tracked" if saw else "missing", None, saw or Saw("", ""))


def _running(system: System, check: SystemCheck | None, at: datetime) -> Row:
    provider = PROVIDERS.get(system.id)
    saw = Saw(check.saw_zh, check.saw_en, check.figures) if check else Saw("", "")
    if provider is None:
        return Row(system, system.pack, "missing", check, saw)
    if check is None or not check.passed or check.version != __version__:
        return Row(system, provider.pack, "missing", check, saw)
    live = provider.live(at) if provider.live else None
    if live is None or live.at < at - timedelta(days=IN_USE_DAYS):
        return Row(system, provider.pack, "available", check, saw)
    return Row(system, provider.pack, "in use", check, _with_live(saw, live), live)


def _with_live(saw: Saw, live: Live) -> Saw:
    when = f"{timezone.localtime(live.at):%Y-%m-%d %H:%M}"
    synthetic = live.synthetic or (Path(settings.HOME) / DEMO_FILE).exists()
    zh = f"{saw.zh}本区最近数据 {when}{'（模拟数据）' if synthetic else ''}。"
    en = f"{saw.en} Newest data here {when}{' (synthetic)' if synthetic else ''}."
    return Saw(zh, en, saw.figures)
