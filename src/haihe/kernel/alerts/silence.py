"""Silence: what rules may say of things from which nothing comes.

A rule that `speaks_of_silence` is asked about all of its things between rows. The instants are whole minutes of *receipt*: before the
first row that was received in a later minute than all before it, and, when the stream stands still, when a minute is over. So they
follow from the stream and not from when the worker happened to run, and a replay asks at the same places. Being asked more often than
that must change nothing (haihe.testing.rules.SilenceContract tries it).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.advancing import Advance, advance, local_day, sorted_findings
from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.rows import Rows, places_in, replaced
from haihe.kernel.alerts.rules import FINDINGS, Rule, no_findings

# A row is journalled within a second or two of its receipt; a minute is over when its rows have had time to arrive.
GRACE = timedelta(seconds=5)


def minute_before(at: datetime) -> datetime:
    """The last whole minute that is over at an instant."""
    at = at.astimezone(UTC) - GRACE
    return at.replace(second=0, microsecond=0)


@dataclass(frozen=True)
class Heard:
    """A step of a rule that speaks of silence, and the instant at which it was asked last."""

    advance: Advance
    asked_at: datetime | None


def ask(
    rule: Rule, state: pl.DataFrame, living: Array, policy: Callable[[str], Any], at: datetime
) -> tuple[pl.DataFrame, pl.DataFrame, Array]:
    """Findings, the state after it, and the things whose state changed. `living`: the things that the rule still looks after, sorted."""
    _, lives = places_in(living, state["thing"].to_numpy())
    mine = state if lives.all() else state.filter(pl.Series(lives))
    if mine.is_empty():
        return no_findings(), state, np.zeros(0, dtype=np.int64)
    parameters = {key: policy(f"{rule.pack}.{key}").on(local_day(at)).value for key in rule.parameters}
    found, after = rule.on_silence(mine, parameters, at)
    found = found.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())
    differs = _differs(mine, after)
    if not differs.any():
        return found, state, np.zeros(0, dtype=np.int64)
    changed = after.filter(pl.Series(differs))
    return found, replaced(state, changed), changed["thing"].to_numpy()


def _differs(before: pl.DataFrame, after: pl.DataFrame) -> Array:
    differs = np.zeros(before.height, dtype=bool)
    for name in before.columns:
        if not before[name].equals(after[name]):
            differs |= before[name].ne_missing(after[name]).to_numpy()
    return differs


def advance_with_silence(
    rule: Rule, rows: Rows, state: pl.DataFrame, living: Array, policy: Callable[[str], Any], now: datetime, *,
    asked_at: datetime | None, until: datetime | None = None,
) -> Heard:  # fmt: skip
    """One step over rows (with facts) in their order of arrival, asking at each minute that begins among them; then at `until`, where
    the stream is known to have come so far."""
    found: list[pl.DataFrame] = []
    touched: list[Array] = []
    count = 0

    def ask_at(instant: datetime) -> None:
        nonlocal state, asked_at
        if asked_at is None or instant > asked_at:
            told, state, things = ask(rule, state, living, policy, instant)
            found.append(told)
            touched.append(things)
            asked_at = instant

    for minute, part in rows.by_minute:
        ask_at(minute)
        step = advance(rule, part, state, policy, now)
        state, count = step.state, count + step.rows
        found.append(step.findings)
        touched.append(step.things)
    if until is not None:
        ask_at(until)
    known, is_touched = state["thing"].to_numpy(), np.zeros(state.height, dtype=bool)
    for things in touched:
        is_touched[places_in(known, things)[0]] = True
    return Heard(Advance(sorted_findings(found), state, count, known[is_touched]), asked_at)
