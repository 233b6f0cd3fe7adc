"""One step of a rule: rows that arrived and the state before them → findings and the state after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
from django.utils import timezone

from haihe.kernel.alerts.batches import Batch, microseconds
from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.rows import Rows, in_time, of_things, replaced, with_things
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, LOCAL, PHASES, Rule, no_findings


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
    if usable.is_empty():
        return Advance(no_findings(), state)
    state, place = with_things(state, usable)
    local = state if len(place) == state.height else state[place]
    fresh, parted = usable, usable.once(in_time, microseconds(local["last_at"]))
    if parted is not None:
        late, fresh = parted
        local = local.with_columns(late_rows=local["late_rows"] + pl.Series(late))
    findings = []
    for parameters, part in _by_regime(rule, fresh, policy):
        found, after = _evaluate(rule, part, local, parameters, now)
        findings.append(found)
        local = replaced(local, after)
    return Advance(sorted_findings(findings), replaced(state, local), usable.height, usable.things)


def _evaluate(
    rule: Rule, part: Batch, local: pl.DataFrame, parameters: dict[str, Any], now: datetime
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Findings, and the new state of the things in `part`."""
    mine = of_things(local, part)
    found, after = rule.evaluate(part, mine, parameters, now)
    if not after["thing"].equals(mine["thing"]):
        raise ValueError(
            f"the rule {rule.name!r} must answer one row of state for each thing of the batch, sorted by thing"
        )
    after = after.with_columns(last_at=part.once(_last_at), late_rows=mine["late_rows"])
    return _as(FINDINGS, found), _as(rule.state_schema, after)


def _last_at(part: Batch) -> pl.Series:
    return pl.Series(part.at_us[part.runs.last]).cast(INSTANT)


def _as(schema: dict[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    if list(frame.schema.items()) == list(schema.items()):
        return frame
    return frame.select(pl.col(name).cast(kind) for name, kind in schema.items())


def sorted_findings(found: list[pl.DataFrame]) -> pl.DataFrame:
    """In the order in which they are applied, whatever the batches were."""
    findings = pl.concat([no_findings(), *(each for each in found if each.height)])
    if findings.height < 2:
        return findings
    order = pl.col("phase").replace_strict(list(PHASES), list(range(len(PHASES))), return_dtype=pl.Int8)
    return findings.sort("observed_at", "thing", "key", order)


def _by_regime(rule: Rule, rows: Batch, policy: Callable[[str], Any]) -> list[tuple[dict[str, Any], Batch]]:
    """The rows cut where a dated parameter changes, in order of time, each part with the parameters of its days."""
    if rows.is_empty():
        return []
    dated = {key: policy(f"{rule.pack}.{key}") for key in rule.parameters}
    first, last = rows.once(_days)
    changes = {value.since for parameter in dated.values() for value in parameter.values}
    days = [first, *sorted(day for day in changes if first < day <= last)]
    parts = []
    for begin, until in zip(days, [*days[1:], None], strict=True):
        part = rows if len(days) == 1 else rows.once(_within, None if begin == first else begin, until)
        if not part.is_empty():
            parts.append(({key: parameter.on(begin).value for key, parameter in dated.items()}, part))
    return parts


def _days(rows: Batch) -> tuple[date, date]:
    """The local days of the first and the last observation."""
    first, last = (datetime.fromtimestamp(int(at) // 1_000_000, UTC) for at in (rows.at_us.min(), rows.at_us.max()))
    return local_day(first), local_day(last)


def _within(rows: Batch, begin: date | None, until: date | None) -> Batch:
    """The rows of some local days, the last not included."""
    mask = np.ones(rows.height, dtype=bool)
    if begin is not None:
        mask &= rows.at_us >= _midnight_us(begin)
    if until is not None:
        mask &= rows.at_us < _midnight_us(until)
    return rows.where(mask)


def local_day(instant: Any) -> date:
    return timezone.localtime(instant, LOCAL()).date()


def _midnight_us(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=LOCAL()).timestamp()) * 1_000_000
