"""How a pack says which named systems it provides, in its `systems.py`:

    @provides("TRA-18", "重点车辆在地图上……", live=newest_position)
    def key_vehicles(scratch: ScratchDistrict) -> Saw:
        supervisor = scratch.account("supervisor")
        …
        expect(len(alerts) == 1, "…", "…")
        return Saw("…", "…", {"vehicles": 2})

The function does what the catalogue's sentence for the system says, on a district that runs beside this one for as long as the
checks take, and only as the outside world can: over HTTP, over a field protocol, or on the command line. It returns what it saw
and raises where it did not see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from haihe.kernel.errors import CheckFailed, Refused
from haihe.kernel.packs import loaded_packs
from haihe.kernel.systems.catalogue import get_system


@dataclass(frozen=True)
class Saw:
    """What was seen: a short sentence in both languages, and the figures in it."""

    zh: str
    en: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Live:
    """The newest data of a system in this district, and whether a simulator made it."""

    at: datetime
    synthetic: bool = False


class Client(Protocol):
    """An account of the scratch district that speaks HTTP. A refusal (status 400 or more) raises Refused, a CheckFailed."""

    username: str

    def get(self, path: str, **query: Any) -> Any: ...

    def post(
        self, path: str, body: Any = None, *, form: Mapping[str, Any] | None = None,
        files: Iterable[tuple[str, str, bytes]] = (),
    ) -> Any: ...  # fmt: skip

    def fetch(self, path: str, **query: Any) -> bytes: ...

    def page(self, path: str) -> str: ...


class ScratchDistrict(Protocol):
    """A district of its own: fresh folder, own ports, real `haihe` processes. Checks share it and use units of their own."""

    def account(self, role: str, unit: str = "") -> Client: ...

    def unit(self, name: str, *, kind: str = "bureau", parent: str = "") -> str: ...

    def haihe(self, *arguments: str) -> str: ...

    def feed_address(self, feed: str) -> tuple[str, int]: ...

    def until(self, holds: Callable[[], Any], zh: str, en: str) -> Any: ...


@dataclass(frozen=True)
class Provider:
    """A check (`asks_zh`: in Chinese, the catalogue's sentence on what it must see) and, where the pack can tell, how new the system's data are in this district. `by_hand`: how a person sees the same on the pages, in two sentences."""

    system: str
    module: str
    check: Callable[[ScratchDistrict], Saw]
    asks_zh: str
    live: Callable[[datetime], Live | None] | None = None
    by_hand: tuple[str, str] = ("", "")

    @property
    def pack(self) -> str:
        return pack_of(self.module)


PROVIDERS: dict[str, Provider] = {}
COUNTERS: dict[str, Callable[[datetime], Saw | None]] = {}
TRACKERS: list[Callable[[datetime], Mapping[str, Saw]]] = []


def pack_of(module: str) -> str:
    """The pack whose code a module is; "kernel" for Haihe's own."""
    return next((p.pack for p in loaded_packs() if module.startswith(f"{p.name}.")), "kernel")


def expect(holds: Any, zh: str, en: str, where: str = "") -> None:
    """Raise CheckFailed with these sentences unless `holds`."""
    if not holds:
        raise CheckFailed(zh, en, where=where)


def expect_refusal(ask: Callable[[], Any], status: int, zh: str, en: str) -> None:
    """Raise CheckFailed with these sentences unless the district refuses with this status; what else goes wrong is raised as it is."""
    try:
        ask()
    except Refused as error:
        if error.status != status:
            raise
        return
    raise CheckFailed(zh, en)


def provides(
    system: str,
    asks_zh: str,
    *,
    live: Callable[[datetime], Live | None] | None = None,
    by_hand: tuple[str, str] = ("", ""),
) -> Callable[[Callable[[ScratchDistrict], Saw]], Callable[[ScratchDistrict], Saw]]:
    """Declare the check of a system that runs. `asks_zh` says in Chinese what the catalogue asks of it; `live` answers the newest
    data here, or None; `by_hand`: how a person sees it on the pages, Chinese and English."""
    if get_system(system).kind != "run":
        raise ValueError(f"{system} is nothing that runs: it can be counted or followed, not checked")

    def wrap(check: Callable[[ScratchDistrict], Saw]) -> Callable[[ScratchDistrict], Saw]:
        if system in PROVIDERS and PROVIDERS[system].module != check.__module__:
            raise ValueError(f"{system} is provided by {PROVIDERS[system].module} and by {check.__module__}")
        PROVIDERS[system] = Provider(system, check.__module__, check, asks_zh, live, by_hand)
        return check

    return wrap


def counts(system: str) -> Callable[[Callable[[datetime], Saw | None]], Callable[[datetime], Saw | None]]:
    """Declare what counts a piece of equipment: a function of an instant that says how many, or None where there are none."""
    if get_system(system).kind != "field":
        raise ValueError(f"{system} is no equipment in the field")

    def wrap(count: Callable[[datetime], Saw | None]) -> Callable[[datetime], Saw | None]:
        COUNTERS[system] = count
        return count

    return wrap


def tracks(function: Callable[[datetime], Mapping[str, Saw]]) -> Callable[[datetime], Mapping[str, Saw]]:
    """Declare a function that says which systems this district follows, and where."""
    TRACKERS.append(function)
    return function
