"""Duties: what a district does again and again. A duty is a function of time, safe to repeat and to interrupt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import close_old_connections
from django.utils import timezone

from haihe.kernel import audit, cases, evidence, indicators, notices, rosters, search

log = structlog.get_logger()


@dataclass
class Duty:
    name: str
    every_s: float
    run: Callable[[datetime], object]
    share: float
    next_at: float = 0.0
    failing: bool = False


DUTIES: dict[str, Duty] = {}


def duty(
    name: str, *, every_s: float, share: float = 0.1
) -> Callable[[Callable[[datetime], object]], Callable[[datetime], object]]:
    """Register a function that is called every `every_s` seconds with the present instant; more seldom where it would take more
    than `share` of the time, so that one that is slow by nature does not hold up the others."""

    def wrap(function: Callable[[datetime], object]) -> Callable[[datetime], object]:
        if name in DUTIES:
            raise ValueError(f"the duty {name!r} is registered twice")
        DUTIES[name] = Duty(name, every_s, function, share)
        return function

    return wrap


def run_due(duties: Iterable[Duty]) -> None:
    """Run every duty whose time has come. One that fails is logged once when it begins to fail and once when it works again."""
    for item in duties:
        started = time.monotonic()
        if started < item.next_at:
            continue
        close_old_connections()
        try:
            item.run(timezone.now())
        except Exception as error:
            if not item.failing:
                log.error("duty fails", duty=item.name, error=repr(error))
            item.failing = True
        else:
            if item.failing:
                log.info("duty works again", duty=item.name)
            item.failing = False
        item.next_at = max(
            started + item.every_s, time.monotonic() + (time.monotonic() - started) * (1 / item.share - 1)
        )


@duty("audit.seal", every_s=2)
def _seal(at: datetime) -> int:
    return audit.seal_pending()


@duty("audit.checkpoint", every_s=300)
def _checkpoint(at: datetime) -> object:
    return audit.checkpoint()


@duty("evidence.sweep", every_s=3600)
def _sweep(at: datetime) -> int:
    return evidence.sweep(at)


@duty("search.repair", every_s=120)
def _repair_search(at: datetime) -> int:
    return search.repair()


@duty("indicators.measure", every_s=60)
def _measure(at: datetime) -> int:
    return indicators.take_measurements(at)


# The duties of observations load Polars only where a worker runs them.


@duty("observations.compact", every_s=120)
def _compact(at: datetime) -> int:
    from haihe.kernel.observations import upkeep

    return upkeep.compact(at)


@duty("observations.vacuum", every_s=1800)
def _vacuum(at: datetime) -> int:
    from haihe.kernel.observations import upkeep

    return upkeep.vacuum(at)


@duty("observations.expire", every_s=3600)
def _expire(at: datetime) -> int:
    from haihe.kernel.observations import upkeep

    return upkeep.expire(at)


@duty("cases.watch", every_s=20)
def _watch_cases(at: datetime) -> int:
    return cases.watch(at)


@duty("rosters.watch", every_s=5)
def _watch_rosters(at: datetime) -> int:
    return rosters.watch(at)


@duty("notices.send", every_s=5)
def _send_notices(at: datetime) -> int:
    return notices.send_due(at)
