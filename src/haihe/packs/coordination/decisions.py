"""Decisions 议定事项: from a meeting or from a problem of a round to a case that a unit works on until its day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases import open_case
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, visible
from haihe.packs.coordination.cases import DECISION
from haihe.packs.coordination.drafts import wanted
from haihe.packs.coordination.models import Decision, Meeting, Problem

SOON_DAYS = 7


@action("decision.make", "议定事项交办", "make a decision of a meeting", roles=[Role.SUPERVISOR])
def decide(account: Account, meeting: Meeting, *, text: str, organisation: Organisation, due: date) -> Decision:
    """Give what the meeting decided to a unit, to be done by a day."""
    if meeting.state == Meeting.State.CANCELLED:
        raise Conflict("会议已取消。", "The meeting was cancelled.", where=meeting.title)
    decision = _make(account, text, organisation, due, meeting=meeting)
    return _open(account, decision, f"《{meeting.title}》议定：{decision.text}")


@action("problem.decide", "问题转议定事项", "turn a problem into a decision", roles=[Role.SUPERVISOR])
def decide_problem(account: Account, problem: Problem, *, text: str, organisation: Organisation, due: date) -> Decision:
    """Give a unit's open problem to whoever settles it, by a day. Conflict where somebody else has settled it."""
    if not problem.is_open:
        raise Conflict("该问题已有处理结果，可能他人刚刚处理。", "The problem is settled already: somebody else may have acted.", where=str(problem),
                       to_do_zh="请刷新页面。", to_do_en="Load the page again.")  # fmt: skip
    decision = _make(account, text or problem.text, organisation, due, problem=problem)
    asked_by = problem.note.organisation.name
    return _open(account, decision, f"《{problem.note.round.title}》{asked_by}提出：{problem.text}")


def _make(
    account: Account, text: str, organisation: Organisation, due: date, *, meeting: Meeting | None = None, problem: Problem | None = None
) -> Decision:  # fmt: skip
    if due < timezone.localdate():
        raise InvalidInput("完成日期已过。", "The day has passed.", where="due")
    if organisation.until is not None and organisation.until < timezone.localdate():
        raise InvalidInput("该单位已撤销。", "That unit no longer exists.", where="organisation",
                           to_do_zh="请选择承接其职责的单位。", to_do_en="Choose the unit that carries on its work.")  # fmt: skip
    said = wanted(text, "text", "请写明议定内容。", "Say what is decided.", 300)
    audit.note(text=said, organisation=organisation.name, due=due)
    return Decision.objects.create(
        meeting=meeting, problem=problem, text=said, organisation=organisation, due=due, made_by=account, made_at=timezone.now()
    )  # fmt: skip


def _open(account: Account, decision: Decision, text: str) -> Decision:
    decision.case = open_case(
        account, DECISION.name, decision.text, decision.organisation, about=decision, text=text, due_on=decision.due
    )
    decision.save(update_fields=["case"])
    return decision


@dataclass(frozen=True)
class DecisionLine:
    """A decision as lists show it: `light` is closed, red (its day has passed), amber (within a week), green."""

    decision: Decision
    light: str
    days_late: int

    @property
    def step_title(self) -> str:
        return self.decision.case.step_title if self.decision.case else ""


def line_of(decision: Decision, today: date) -> DecisionLine:
    """A decision is late once its own day has passed, whatever step its case stands at."""
    if decision.case is not None and decision.case.closed_at is not None:
        return DecisionLine(decision, "closed", 0)
    late = max(0, (today - decision.due).days)
    light = "red" if late else "amber" if decision.due - today <= timedelta(days=SOON_DAYS) else "green"
    return DecisionLine(decision, light, late)


def decision_lines(account: Account, today: date) -> list[DecisionLine]:
    """What the account may see: open ones first, the longest overdue on top."""
    rows = visible(account, Decision.objects.select_related("case", "organisation", "meeting", "problem__note__round"))
    return in_order(line_of(row, today) for row in rows)


def in_order(lines: Iterable[DecisionLine]) -> list[DecisionLine]:
    return sorted(lines, key=lambda line: (line.light == "closed", line.decision.due, line.decision.pk))
