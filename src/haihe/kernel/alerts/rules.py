"""Rules: conditions over observations, as pure functions over columns.

A rule subclasses `Rule` in a pack's `rules.py`; being declared is being known. `evaluate` gets the new rows of its table, the
state of exactly the things in them, the parameters in force and the instant, and answers findings and the new state. Nothing else
goes in or out, so that replaying stored rows gives the same alerts as they gave live.

What the kernel promises to `evaluate` (`advance` below does it, in the order of arrival, so that it cannot matter how the stream
is cut into batches):

* rows without a thing or a time, with a quality flag that the rule does not tolerate, or with a time ahead of their receipt by
  more than CLOCK_AHEAD are left out;
* time runs forward for each thing: a row whose time is not after the latest row of its thing that arrived before it is *late* (or
  a duplicate). Late rows are counted in the state (`late_rows`) and never evaluated, so they never raise, change or end an alert;
* rows come sorted by thing and time, and all of them lie in the time for which one set of dated parameters holds.

`now` is for messages only: what a rule finds in rows must not depend on it. Rules that speak of things that are silent are asked
between the rows (silence.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import numpy as np
import polars as pl
from django.utils import timezone

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, Runs, greatest_so_far

INSTANT = pl.Datetime("us", "UTC")
FINDINGS: dict[str, Any] = {
    "thing": pl.Int64, "key": pl.String, "phase": pl.String, "observed_at": INSTANT,
    "value": pl.Float64, "limit": pl.Float64, "evidence": pl.String,
}  # fmt: skip
PHASES = ("end", "warning", "raise", "update")  # the order in which findings of one instant are applied
KERNEL_STATE: dict[str, Any] = {"thing": pl.Int64, "last_at": INSTANT, "late_rows": pl.Int64}
CLOCK_AHEAD = timedelta(minutes=10)
# Quality.LATE of kernel/observations: sent more than ten minutes afterwards, as after a tunnel. Such rows are good ones; whether they
# still count is told by their order below.
SENT_AFTERWARDS = 1 << 3
LOCAL = timezone.get_default_timezone

RULES: dict[str, Rule] = {}


class Rule:
    """A condition. `name` is "pack.rule"; `parameters` are keys of dated parameters without the pack's prefix; `state` the
    columns kept per thing; `attributes` facts of the thing (Thing.attributes) wanted as text columns of the batch."""

    name: ClassVar[str] = ""
    title_zh: ClassVar[str] = ""
    title_en: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    table: ClassVar[str] = ""
    thing_kind: ClassVar[str] = ""
    attributes: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[str, ...]] = ()
    state: ClassVar[Mapping[str, Any]] = {}
    tolerated_quality: ClassVar[int] = SENT_AFTERWARDS
    severity: ClassVar[Severity] = Severity.UNKNOWN
    urgency: ClassVar[Urgency] = Urgency.UNKNOWN
    certainty: ClassVar[Certainty] = Certainty.UNKNOWN
    opens_case: ClassVar[str] = ""
    speaks_of_silence: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.name:
            return
        if not (cls.title_zh and cls.title_en and cls.table and "." in cls.name):
            raise ValueError(f"the rule {cls.name!r} needs the name pack.rule, two titles and a table")
        if cls.name in RULES and type(RULES[cls.name]).__module__ != cls.__module__:
            raise ValueError(f"the rule {cls.name!r} is declared twice")
        RULES[cls.name] = cls()

    @property
    def pack(self) -> str:
        return self.name.split(".", 1)[0]

    @property
    def state_schema(self) -> dict[str, Any]:
        return {**KERNEL_STATE, **self.state}

    def empty_state(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.state_schema)

    def evaluate(
        self, batch: pl.DataFrame, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Findings (columns of FINDINGS) and new state (columns thing and those of `state`; the same things in the same order).

        `batch`: the table's columns and the attributes, sorted by thing and observed_at. `state`: one row for each thing in the
        batch, sorted; columns are null for a thing never seen before.
        """
        raise NotImplementedError

    def on_silence(
        self, state: pl.DataFrame, parameters: dict[str, Any], at: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """For rules that `speaks_of_silence`: findings and the new state at an instant up to which everything received was
        evaluated. `state`: all things that the rule looks after, sorted; answered with the same things in the same order."""
        raise NotImplementedError


def no_findings() -> pl.DataFrame:
    return pl.DataFrame(schema=FINDINGS)


def usable(rule: Rule, batch: pl.DataFrame) -> pl.DataFrame:
    """The rows that may speak: a thing, a time, no quality flag that the rule does not tolerate, a clock that is not ahead."""
    keep = pl.col("thing").is_not_null() & pl.col("observed_at").is_not_null()
    if "quality" in batch.columns:
        tolerated = 0xFFFF ^ rule.tolerated_quality
        keep &= (pl.col("quality").fill_null(0).cast(pl.UInt16) & pl.lit(tolerated, dtype=pl.UInt16)) == 0
    if "received_at" in batch.columns:
        keep &= (pl.col("observed_at") <= pl.col("received_at") + CLOCK_AHEAD).fill_null(True)
    return batch.filter(keep)


def microseconds(instants: pl.Series) -> Array:
    """Since 1970, as they are stored; nulls become the least number there is."""
    return instants.to_numpy().view(np.int64)


def lateness(runs: Runs, at_us: Array, last_us: Array) -> Array:
    """Whether each row is late; rows by thing, within a thing in their order of arrival. `last_us`: one value a thing."""
    last = last_us[runs.segment]
    newest = np.maximum(runs.before(greatest_so_far(at_us, runs.segment), last_us), last)
    return at_us <= newest


# --- states: one row a thing, sorted by thing -----------------------------------------------------------------------


def with_things(state: pl.DataFrame, things: Array) -> tuple[pl.DataFrame, Array]:
    """The state with rows (of nulls) for those of `things` that it has not seen, and the places of all of `things` in it."""
    known = state["thing"].to_numpy()
    place = np.searchsorted(known, things)
    new = things[known[np.minimum(place, len(known) - 1)] != things] if len(known) else things
    if not len(new):
        return state, place
    state = pl.concat([state, pl.DataFrame({"thing": new})], how="diagonal").sort("thing")
    return state, np.searchsorted(state["thing"].to_numpy(), things)


def of_things(state: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The state of the things that `rows` (sorted by thing) are about; every one of them must be there."""
    thing = rows["thing"].to_numpy()
    things = thing[Runs(thing).starts]
    return state if len(things) == state.height else state[np.searchsorted(state["thing"].to_numpy(), things)]


def replaced(state: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The state with `rows` in the place of those of the same things; every one of them must be there already."""
    if rows.height == state.height:
        return rows
    stays = np.ones(state.height, dtype=bool)
    stays[np.searchsorted(state["thing"].to_numpy(), rows["thing"].to_numpy())] = False
    return pl.concat([state.filter(pl.Series(stays)), rows]).sort("thing")


@dataclass(frozen=True)
class Advance:
    """What one step of a rule found, the state of all things after it, the rows it judged and the things they are about."""

    findings: pl.DataFrame
    state: pl.DataFrame
    rows: int = 0
    things: Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def advance(
    rule: Rule, batch: pl.DataFrame, state: pl.DataFrame, policy: Callable[[str], Any], now: datetime
) -> Advance:
    """One step of a rule over any rows of its table, in the order in which they arrived.

    `policy` gives the parameter of a key (kernel.policies.Parameter, or anything with `values` and `on(day)`).
    """
    rows = usable(rule, batch).sort("thing", maintain_order=True)
    if rows.is_empty():
        return Advance(no_findings(), state)
    runs = Runs(rows["thing"].to_numpy())
    things = rows["thing"].to_numpy()[runs.starts]
    state, place = with_things(state, things)
    local = state[place]
    late = lateness(runs, microseconds(rows["observed_at"]), microseconds(local["last_at"]))
    local = local.with_columns(
        late_rows=local["late_rows"].fill_null(0) + pl.Series(np.add.reduceat(late, runs.starts, dtype=np.int64))
    )
    # Rows that are not late are in order already.
    fresh = rows.filter(pl.Series(~late)) if late.any() else rows
    findings = [no_findings()]
    for parameters, part in _by_regime(rule, fresh, policy):
        found, after = _evaluate(rule, part, local, parameters, now)
        findings.append(found)
        local = replaced(local, after)
    return Advance(sorted_findings(pl.concat(findings)), replaced(state, local), rows.height, things)


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


def sorted_findings(findings: pl.DataFrame) -> pl.DataFrame:
    """In the order in which they are applied, whatever the batches were."""
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
