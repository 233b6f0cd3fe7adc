"""Rules: conditions over observations, as pure functions over columns.

A rule subclasses `Rule` in a pack's `rules.py`; being declared is being known. `evaluate` gets the new rows of its table, the
state of exactly the things in them, the parameters in force and the instant, and answers findings and the new state. Nothing else
goes in or out, so that replaying stored rows gives the same alerts as they gave live.

What the kernel promises to `evaluate` (advancing.py does it, in the order of arrival, so that it cannot matter how the stream
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

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import polars as pl
from django.utils import timezone

from haihe.kernel.alerts.batches import INSTANT as INSTANT
from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency

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
    """A condition. `name` is "pack.rule"; `table`: whose rows it judges, empty where no stream tells of it and a duty brings what it
    finds (kernel/rosters); `parameters` are keys of dated parameters without the pack's prefix; `state` the
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
    # The type of the case that a mere warning opens, and the parameter (hours, without the pack's prefix) for which a thing that had one
    # gets no other: a driver who keeps near a limit all day is one case and not twenty.
    warning_opens_case: ClassVar[str] = ""
    warning_case_pause: ClassVar[str] = ""
    speaks_of_silence: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not cls.name:
            return
        if not (cls.title_zh and cls.title_en and "." in cls.name):
            raise ValueError(f"the rule {cls.name!r} needs the name pack.rule and two titles")
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
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Findings (columns of FINDINGS) and new state (columns thing and those of `state`; the same things in the same order).

        `batch`: the table's columns and the attributes, sorted by thing and observed_at (batches.py: columns by name, all of them as
        `batch.frame`). `state`: one row for each thing in the batch, sorted; columns are null for a thing never seen before.
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
