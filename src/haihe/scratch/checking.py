"""Running the checks of named systems, one after the other, on one scratch district."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from haihe.kernel.errors import HaiheError
from haihe.kernel.systems import Provider, Saw
from haihe.scratch.district import Scratch

CHECK_WITHIN_S = 150.0  # the worker measures indicators once a minute
log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """How one check went. `saw` says what was seen, or why it failed."""

    system: str
    passed: bool
    seconds: float
    saw: Saw


def check_systems(
    scratch: Scratch, providers: Iterable[Provider], *, tell: Callable[[Outcome], None] = lambda _: None,
    limit_s: float = CHECK_WITHIN_S,
) -> list[Outcome]:  # fmt: skip
    """Every check in order; one that fails, whatever it raises, does not stop the others."""
    outcomes = []
    for provider in providers:
        outcomes.append(check_one(scratch, provider, limit_s))
        tell(outcomes[-1])
    return outcomes


def check_one(scratch: Scratch, provider: Provider, limit_s: float = CHECK_WITHIN_S) -> Outcome:
    scratch.begin(limit_s)
    started = time.monotonic()
    try:
        saw, passed = provider.check(scratch), True
    except HaiheError as error:
        saw, passed = Saw(error.sentence("zh"), error.sentence("en")), False
    except Exception as error:  # a check is a pack's code: its mistakes are told as failures
        log.warning("a check broke", system=provider.system, error=repr(error))
        saw, passed = Saw(f"检查程序出错：{error!r}。", f"The check itself broke: {error!r}."), False
    return Outcome(provider.system, passed, time.monotonic() - started, saw)
