"""Declaring a case type, in a pack's cases.py:

    NOTICE = case_type(CaseType(
        name="plans.supervision_notice", prefix="DB", title_zh="督办单", title_en="Supervision notice", openers=("supervisor",),
        steps=(
            CaseStep("answer", "答复", "Answer", performers=("handler",), limit="plans.chase_answer_working_days", evidence="text",
                     exits=(Exit("review", "提交答复", "Submit"),)),
            CaseStep("review", "审核", "Review", performers=("supervisor",),
                     exits=(Exit(CLOSED, "同意", "Agree"), Exit("answer", "退回", "Send back", evidence="text"))),
        ),
    ))

Limits are keys of dated parameters (policies/*.yaml) whose unit is "working days" or "hours", or DUE_DATE: the day that whoever opens
the case names, for work whose end a meeting or an order has set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from haihe.kernel import policies
from haihe.kernel.errors import ConfigurationError, NotFound
from haihe.kernel.identity import Role

if TYPE_CHECKING:
    from haihe.kernel.cases.models import Case, CaseEvent

CLOSED = "closed"
WORKING_DAYS, HOURS, DATE = "working days", "hours", "date"
DUE_DATE = "due_on"  # as a step's limit: the case's own day
# The part a unit has in a case. An account acts for it as its officer; everything else a performer may be is a role of accounts.
UNIT_ROLES = ("handler", "opener", "reviewer")
Evidence = Literal["none", "text", "file"]


@dataclass(frozen=True)
class Exit:
    """A way out of a step: to another step or CLOSED; the titles stand on its button. `evidence` where it demands other than
    the step does."""

    to: str
    title_zh: str
    title_en: str
    evidence: Evidence | None = None


@dataclass(frozen=True)
class CaseStep:
    """A step waits for one of its `performers`: parts of units (UNIT_ROLES) or roles of accounts.

    `limit`: how long, counted from the step's start. `remind`: how long before its end the performers are reminded, each once.
    `escalate_to`: who is told once it is overdue. `evidence` to be handed in: none, text, or file (with text)."""

    name: str
    title_zh: str
    title_en: str
    performers: tuple[str, ...]
    exits: tuple[Exit, ...]
    limit: str = ""
    remind: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()
    evidence: Evidence = "none"


def _nothing(case: Case, event: CaseEvent) -> None:
    """What a type does after a step unless it says otherwise."""


@dataclass(frozen=True)
class CaseType:
    """`name` begins with its pack's; `prefix` heads the numbers of its cases. `openers`: roles that may open one by hand, on the
    page or through the API; a case opened by the system (by a rule) needs none. `after_step` runs in the step's transaction."""

    name: str
    prefix: str
    title_zh: str
    title_en: str
    steps: tuple[CaseStep, ...]
    openers: tuple[str, ...] = ()
    after_step: Callable[[Case, CaseEvent], None] = field(default=_nothing, compare=False)

    def __post_init__(self) -> None:
        names = [step.name for step in self.steps]
        performers = {p for step in self.steps for p in (*step.performers, *step.escalate_to)} | set(self.openers)
        exits = [leave.to for step in self.steps for leave in step.exits]
        _demand(
            self.name,
            bool(names) and len(set(names)) == len(names) and CLOSED not in names,
            "steps need names of their own",
        )
        _demand(
            self.name,
            self.prefix.isascii() and self.prefix.isalnum() and self.prefix.isupper(),
            "the prefix is capital letters",
        )
        _demand(self.name, performers <= {*UNIT_ROLES, *Role.values}, f"unknown performers in {sorted(performers)}")
        _demand(self.name, set(exits) <= {*names, CLOSED}, "an exit leads to a step that does not exist")
        _demand(
            self.name,
            all(step.performers and step.exits for step in self.steps),
            "every step needs performers and exits",
        )

    @property
    def needs_due_date(self) -> bool:
        """Whether a step ends on the case's own day, so that opening a case means to name one."""
        return any(step.limit == DUE_DATE for step in self.steps)

    def copy_on(self, day: date, due_on: date | None = None) -> list[dict[str, Any]]:
        """The steps as a case carries them: plain JSON with the values that its parameters have on that day."""
        return [_copy(step, day, due_on) for step in self.steps]


def _demand(name: str, holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(f"the case type {name!r}: {problem}")


def _copy(step: CaseStep, day: date, due_on: date | None) -> dict[str, Any]:
    return {
        "name": step.name, "title_zh": step.title_zh, "title_en": step.title_en, "performers": list(step.performers),
        "limit": _limit(step.limit, day, due_on) if step.limit else None, "remind": [_limit(key, day) for key in step.remind],
        "escalate_to": list(step.escalate_to), "evidence": step.evidence,
        "exits": [
            {"to": e.to, "title_zh": e.title_zh, "title_en": e.title_en, "evidence": e.evidence or step.evidence} for e in step.exits
        ],
    }  # fmt: skip


def _limit(key: str, day: date, due_on: date | None = None) -> dict[str, Any]:
    """{key, value, unit, source} of a parameter on a day; ConfigurationError where it does not exist or is no duration."""
    if key == DUE_DATE:
        return {"key": key, "value": due_on.isoformat() if due_on else "", "unit": DATE, "source": ""}
    known = policies.all_parameters().get(key)
    if known is None or known.unit not in (WORKING_DAYS, HOURS):
        raise ConfigurationError(
            f"办理时限参数 {key} 不存在或单位不对。", f"The limit {key} is no parameter in working days or hours.", where=key,
            to_do_zh="请在功能包的 policies/*.yaml 中登记，单位写 working days 或 hours。",
            to_do_en="Declare it in the pack's policies/*.yaml with the unit `working days` or `hours`.",
        )  # fmt: skip
    value = known.on(day)
    return {"key": key, "value": value.value, "unit": known.unit, "source": value.source}


CASE_TYPES: dict[str, CaseType] = {}


def case_type(declared: CaseType) -> CaseType:
    """Make a case type known; being imported from a pack's cases.py is enough."""
    if declared.name in CASE_TYPES:
        raise ValueError(f"the case type {declared.name!r} is declared twice")
    CASE_TYPES[declared.name] = declared
    return declared


def get_case_type(name: str) -> CaseType:
    if name not in CASE_TYPES:
        raise NotFound(
            f"没有案件类型“{name[:60]}”。", f"There is no case type {name[:60]!r}.", where="type",
            to_do_zh=f"现有：{'、'.join(sorted(CASE_TYPES)) or '无'}。", to_do_en=f"There are: {', '.join(sorted(CASE_TYPES)) or 'none'}.",
        )  # fmt: skip
    return CASE_TYPES[name]
