"""One step of a rule: rows that arrived and the state before them → findings and the state after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
from django.utils import timezone

from haihe.kernel.alerts.columns import Array, Runs
from haihe.kernel.alerts.rows import Rows, lateness, microseconds, of_things, replaced, with_things
from haihe.kernel.alerts.rules import FINDINGS, LOCAL, PHASES, Rule, no_findings


@dataclass(frozen=True)
class Advance:
    """What one step of a rule found, the state of all things after it, the rows it judged and the things they are about."""

    findings: pl.DataFrame
    state: pl.DataFrame
    rows: int = 0
    things: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def advance(rule: Rule, rows: Rows, state: pl.DataFrame, policy: Callable[[str], Any], now: datetime) -> Advance:
    """One step of a rule over any rows of its table, in the order in which they arrived.

    `policy` gives the parameter of a key (kernel.policies.Parameter, or anything with `values` and `on(day)`).
    """
    usable = rows.usable(rule.tolerated_quality)
    if usable.frame.is_empty():
        return Advance(no_findings(), state)
    state, place = with_things(state, usable.things)
    local = state if len(place) == state.height else state[place]
    late = lateness(usable.runs, usable.at_us, microseconds(local["last_at"]))
    fresh = usable.frame
    if late.any():
        count = pl.Series(np.add.reduceat(late, usable.runs.starts, dtype=np.int64))
        local = local.with_columns(late_rows=local["late_rows"] + count)
        fresh = fresh.filter(pl.Series(~late))  # in order of time now
    findings = []
    for parameters, part in _by_regime(rule, fresh, policy):
        found, after = _evaluate(rule, part, local, parameters, now)
        findings.append(found)
        local = replaced(local, after)
    return Advance(sorted_findings(findings), replaced(state, local), usable.frame.height, usable.things)


def _evaluate(
    rule: Rule, part: pl.DataFrame, local: pl.DataFrame, parameters: dict[str, Any], now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Findings, and the new state of the things in `part`."""
    mine = of_things(local, part)
    found, after = rule.evaluate(part, mine, parameters, now)
    if not after["thing"].equals(mine["thing"]):
        raise ValueError(
            f"the rule {rule.name!r} must answer one row of state for each thing of the batch, sorted by thing"
        )
    after = after.with_columns(
        last_at=part["observed_at"][Runs(part["thing"].to_numpy()).last], late_rows=mine["late_rows"]
    )
    return (
        found.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items()),
        after.select(pl.col(name).cast(kind) for name, kind in rule.state_schema.items()),
    )


def sorted_findings(found: list[pl.DataFrame]) -> pl.DataFrame:
    """In the order in which they are applied, whatever the batches were."""
    findings = pl.concat([no_findings(), *(each for each in found if each.height)])
    if findings.height < 2:
        return findings
    order = pl.col("phase").replace_strict(list(PHASES), list(range(len(PHASES))), return_dtype=pl.Int8)
    return findings.sort("observed_at", "thing", "key", order)


def _by_regime(
    rule: Rule, rows: pl.DataFrame, policy: Callable[[str], Any]
) -> list[tuple[dict[str, Any], pl.DataFrame]]:
    """The rows cut where a dated parameter changes, in order of time, each part with the parameters of its days."""
    if rows.is_empty():
        return []
    dated = {key: policy(f"{rule.pack}.{key}") for key in rule.parameters}
    first, last = local_day(rows["observed_at"].min()), local_day(rows["observed_at"].max())
    changes = {value.since for parameter in dated.values() for value in parameter.values}
    days = [first, *sorted(day for day in changes if first < day <= last)]
    parts = []
    for begin, until in zip(days, [*days[1:], None], strict=True):
        part = rows
        if begin != first:
            part = part.filter(pl.col("observed_at") >= _midnight(begin))
        if until is not None:
            part = part.filter(pl.col("observed_at") < _midnight(until))
        if not part.is_empty():
            parts.append(({key: parameter.on(begin).value for key, parameter in dated.items()}, part))
    return parts


def local_day(instant: Any) -> date:
    return timezone.localtime(instant, LOCAL()).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL()).astimezone(UTC)
