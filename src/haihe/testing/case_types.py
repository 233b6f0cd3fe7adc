"""The contract of case types: what a pack's cases.py must hold. `problems` names what is wrong, nothing if all is well."""

from __future__ import annotations

from datetime import date

from haihe.kernel import policies
from haihe.kernel.cases import CLOSED, CaseStep, CaseType
from haihe.kernel.cases.types import DUE_DATE, HOURS, WORKING_DAYS


def problems(declared: CaseType, today: date) -> list[str]:
    """Sentences, one a problem, each naming the step."""
    found = [] if declared.title_zh and declared.title_en else ["the type lacks a title"]
    found += [f"the step {name} is never reached" for name in {s.name for s in declared.steps} - reached(declared)]
    found += [f"the step {s.name} can never lead to the end" for s in declared.steps if not ends(declared, s.name)]
    for step in declared.steps:
        found += [f"{step.name}: {said}" for said in _of_step(step, today)]
    return found


def reached(declared: CaseType, start: str = "") -> set[str]:
    """Names of the steps that can be reached from a step (default: the first one), itself included, and CLOSED."""
    exits = {step.name: {leave.to for leave in step.exits} for step in declared.steps}
    fresh, found = {start or declared.steps[0].name}, set()
    while fresh:
        found |= fresh
        fresh = {to for name in fresh for to in exits.get(name, set())} - found
    return found


def ends(declared: CaseType, step: str) -> bool:
    return CLOSED in reached(declared, step)


def _of_step(step: CaseStep, today: date) -> list[str]:
    found = [] if step.title_zh and step.title_en else ["a title is missing"]
    found += [f"the exit to {e.to} lacks a title" for e in step.exits if not (e.title_zh and e.title_en)]
    if (step.remind or step.escalate_to) and not step.limit:
        found.append("it reminds or escalates but has no limit")
    if step.limit and not step.escalate_to and not step.remind:
        found.append("it has a limit, but nobody is told of it")
    limits = [_limit(key, today) for key in (step.limit, *step.remind) if key and key != DUE_DATE]
    found += [said for _, said in limits if said]
    values = [value for value, said in limits if not said]
    if len({unit for _, unit in values}) > 1:
        found.append("its limit and reminders are counted in different units")
    if step.limit != DUE_DATE and any(value >= values[0][0] for value, _ in values[1:]):
        found.append("a reminder lies before the step's start")
    return found


def _limit(key: str, today: date) -> tuple[tuple[float, str], str]:
    """((value, unit), "") of a parameter, or a problem."""
    known = policies.all_parameters().get(key)
    if known is None:
        return (0, ""), f"there is no parameter {key}"
    if known.unit not in (WORKING_DAYS, HOURS):
        return (0, ""), f"{key} is counted in {known.unit!r}"
    value = known.on(today).value
    return (float(value), known.unit), "" if value > 0 else f"{key} is not positive"
