"""Trying limits out: what a rule would have raised over a stored period with other values, beside what it raises with those in force.

Nothing is written but the audit record that somebody tried. Days are read one after the other, so that a month of a fleet fits into
memory; rows of a thing that arrived on a later day than they were observed are taken in the order of their days.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.alerts.processing import parameter_of
from haihe.kernel.alerts.replay import WARM_UP, Replay, Run, get_judging_rule, stored_batches
from haihe.kernel.alerts.rules import Rule
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.permissions import action
from haihe.kernel.policies import DatedValue, Parameter

LONGEST = timedelta(days=31)
TRIED = "tried"


@dataclass(frozen=True)
class Trial:
    """What is to be tried. `changed`: key of a parameter (without the pack's prefix) → the value instead of those in force."""

    rule: Rule
    since: datetime
    until: datetime
    changed: Mapping[str, Any] = field(default_factory=dict)

    def policy(self, key: str) -> Parameter:
        """The parameter as tried: one value for all time, or as it is."""
        parameter: Parameter = parameter_of(key)
        name = key.partition(".")[2]
        if name not in self.changed:
            return parameter
        return replace(parameter, values=(DatedValue(date.min, self.changed[name], TRIED),))


@dataclass(frozen=True)
class Compared:
    """With the values in force, and with those tried; both over the same rows."""

    trial: Trial
    now: Replay
    then: Replay


@action("rule.try", "试算规则限值", "try a rule's limits out", roles=[Role.SUPERVISOR])
def prepare_trial(
    account: Account, _target: None, *, rule: str, since: datetime, until: datetime, changed: Mapping[str, Any]
) -> Trial:
    """Check what is asked and note that it was; `run_trial` does the work, outside of any transaction."""
    found = get_judging_rule(rule)
    if not since < until or until - since > LONGEST:
        raise InvalidInput(
            f"时段应为 1–{LONGEST.days} 天。", f"The period has 1 to {LONGEST.days} days.", where="since"
        )
    for name, value in changed.items():
        if name not in found.parameters:
            raise InvalidInput(f"规则没有参数 {name}。", f"The rule has no parameter {name!r}.", where=name,
                               to_do_zh="、".join(found.parameters), to_do_en=", ".join(found.parameters))  # fmt: skip
        _demand_same_shape(name, parameter_of(f"{found.pack}.{name}").values[-1].value, value)
    audit.note(rule=rule, since=since, until=until, changed=dict(changed))
    return Trial(found, since, min(until, timezone.now()), changed)


def _demand_same_shape(name: str, known: Any, given: Any) -> None:
    """A tried value looks like the one in force: a number, a list of numbers, or such values by use."""
    if isinstance(known, dict):
        fits = isinstance(given, dict) and set(given) <= set(known) | {"default"} and "default" in given
        for key in given if fits else ():
            _demand_same_shape(f"{name}.{key}", next((v for v in known.values() if v is not None), None), given[key])
    elif isinstance(known, list):
        fits = given is None or (isinstance(given, list) and len(given) == len(known) and all(map(_is_number, given)))
    else:
        fits = given is None or _is_number(given)
    if not fits:
        raise InvalidInput(f"参数 {name} 的值不合要求。", f"The value of {name} does not fit.", where=name,
                           to_do_zh=f"请按现行值的样子填写：{known}", to_do_en=f"Give it the shape of the present one: {known}")  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def run_trial(trial: Trial, tell: Callable[[int, int], None] = lambda done, total: None) -> Compared:
    """Both replays over the same rows; `tell(done, total)` days after each one."""
    runs = Run(trial.rule), Run(trial.rule, policy=trial.policy)
    edges = [trial.since - WARM_UP, trial.since]
    while edges[-1] < trial.until:
        edges.append(min(edges[-1] + timedelta(days=1), trial.until))
    for number, (begin, end) in enumerate(itertools.pairwise(edges), 1):
        for batch in stored_batches(trial.rule, begin, end):
            for run in runs:
                run.take(batch)
        tell(number, len(edges) - 1)
    now, then = (run.end(trial.since, trial.until) for run in runs)
    return Compared(trial, now, then)
