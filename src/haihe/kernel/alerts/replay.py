"""Replay: what a rule would have said about stored rows. Writes nothing.

With the same rows in the same order of arrival, the same parameters and facts, a replay gives the alerts that the live road gave
(as long as nobody handled them meanwhile), however the rows are cut into batches: haihe.testing.rules and tests/kernel/test_alerts.py.

The period of a replay is one of observation. Where a device's rows arrived out of order across the end of the period, a row that was
late when it came may be in order here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.utils import timezone

from haihe.kernel.alerts.advancing import advance, sorted_findings
from haihe.kernel.alerts.folding import Draft, fold
from haihe.kernel.alerts.processing import parameter_of, things_for, with_facts
from haihe.kernel.alerts.rows import Rows
from haihe.kernel.alerts.rules import INSTANT, RULES, Rule
from haihe.kernel.alerts.silence import advance_with_silence, ask
from haihe.kernel.errors import InvalidInput, NotFound

WARM_UP = timedelta(hours=24)
ROWS_AT_ONCE = (
    1_000_000  # ten positions of each of 100,000 vehicles: what is done once a vehicle and batch is a small part then
)
ALERTS: dict[str, Any] = {
    "thing": pl.Int64, "key": pl.String, "level": pl.String, "started_at": INSTANT, "raised_at": INSTANT, "last_at": INSTANT,
    "over_at": INSTANT, "count": pl.Int64, "value": pl.Float64, "limit": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Replay:
    """What came out: findings in order, the alerts that they make, the rows read and the last state."""

    rule: Rule
    findings: pl.DataFrame
    alerts: list[Draft]
    rows: int
    state: pl.DataFrame

    @property
    def raised(self) -> list[Draft]:
        """The alerts that were more than a warning."""
        return [alert for alert in self.alerts if alert.raised_at is not None]

    def table(self) -> pl.DataFrame:
        """The alerts as a frame: thing, key, level, started_at, raised_at, last_at, over_at, count, value, limit."""
        rows = [{name: getattr(alert, name) for name in ALERTS} for alert in self.alerts]
        return pl.DataFrame(rows, schema=ALERTS)


def get_judging_rule(name: str) -> Rule:
    """A rule that judges stored rows; InvalidInput for one whose findings a duty brings."""
    found = get_rule(name)
    if not found.table:
        raise InvalidInput(
            f"规则 {name} 不按观测数据判断，不能重放或试算。", f"The rule {name!r} judges no observations: there is nothing to replay.",
            where=name, to_do_zh="请选择按观测数据判断的规则。", to_do_en="Choose a rule that judges observations.",
        )  # fmt: skip
    return found


def get_rule(name: str) -> Rule:
    if name not in RULES:
        raise NotFound(f"没有规则 {name}。", f"There is no rule {name!r}.", where=name,
                       to_do_zh=f"现有：{'、'.join(sorted(RULES)) or '无'}。", to_do_en=f"Known: {', '.join(sorted(RULES)) or 'none'}.")  # fmt: skip
    return RULES[name]


class Run:
    """A replay on its way: takes batches in their order of arrival, from an empty state.

    `things` replaces the register (thing and the rule's attributes); `policy` the dated parameters, so that other limits can be
    tried out before they are set.
    """

    def __init__(
        self, rule: Rule, *, things: pl.DataFrame | None = None, policy: Callable[[str], Any] = parameter_of,
        now: datetime | None = None,
    ) -> None:  # fmt: skip
        self.rule, self.policy, self.now = rule, policy, now or timezone.now()
        self.facts = things_for(rule) if things is None else things.sort("thing")
        self.state, self.rows = rule.empty_state(), 0
        self._found: list[pl.DataFrame] = []
        self._asked_at: datetime | None = None

    def take(self, batch: pl.DataFrame) -> None:
        rows = Rows(with_facts(batch, self.facts))
        if self.rule.speaks_of_silence:
            living = self.facts["thing"].to_numpy()
            heard = advance_with_silence(
                self.rule, rows, self.state, living, self.policy, self.now, asked_at=self._asked_at
            )
            step, self._asked_at = heard.advance, heard.asked_at
        else:
            step = advance(self.rule, rows, self.state, self.policy, self.now)
        self.state, self.rows = step.state, self.rows + batch.height
        self._found.append(step.findings)

    def end(self, since: datetime | None = None, until: datetime | None = None) -> Replay:
        """Findings before `since` are dropped: rows before it only warmed the state up."""
        if self.rule.speaks_of_silence and until is not None:
            living = self.facts["thing"].to_numpy()
            told, self.state, _ = ask(self.rule, self.state, living, self.policy, min(until, self.now))
            self._found.append(told)
        findings = sorted_findings(self._found)
        if since is not None:
            findings = findings.filter(pl.col("observed_at") >= since.astimezone(UTC))
        if until is not None:
            findings = findings.filter(pl.col("observed_at") < until.astimezone(UTC))
        alerts = fold(self.rule.name, findings.iter_rows(named=True))
        return Replay(self.rule, findings, alerts, self.rows, self.state)


def replay(
    rule: Rule | str, batches: Iterable[pl.DataFrame], *, since: datetime | None = None, until: datetime | None = None,
    things: pl.DataFrame | None = None, policy: Callable[[str], Any] = parameter_of, now: datetime | None = None,
) -> Replay:  # fmt: skip
    """Evaluate batches in their order (see `Run`)."""
    run = Run(get_judging_rule(rule) if isinstance(rule, str) else rule, things=things, policy=policy, now=now)
    for batch in batches:
        run.take(batch)
    return run.end(since, until)


def stored_batches(rule: Rule, since: datetime, until: datetime) -> Iterable[pl.DataFrame]:
    """The rule's rows in lake and journal between two instants, in the order of receipt.

    Rows of one thing received at the same instant are taken in order of their time, as feeds write them.
    """
    from haihe.kernel.observations.queries import in_order_of_receipt

    return in_order_of_receipt(rule.table, since, until, rows_at_once=ROWS_AT_ONCE)


def replay_stored(name: str, since: datetime, until: datetime, *, warm_up: timedelta = WARM_UP) -> Replay:
    """Replay a rule over what is stored, reading `warm_up` more before `since` so that its state is as it was live."""
    rule = get_judging_rule(name)
    return replay(rule, stored_batches(rule, since - warm_up, until), since=since, until=until)
