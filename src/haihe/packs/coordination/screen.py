"""What the leader's screen shows: what is late, what needs a decision, how targets stand. Nothing here writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

import haihe.packs.plans.services as plans
from haihe.kernel.alerts.models import Alert
from haihe.kernel.audit import AuditRecord
from haihe.kernel.cases import Case
from haihe.kernel.identity import Account
from haihe.kernel.language import pick
from haihe.kernel.permissions import visible
from haihe.packs.coordination.decisions import DecisionLine, decision_lines
from haihe.packs.coordination.models import Meeting, Note, Problem

WORST_FIRST = ("late", "at_risk", "on_track", "met", "no_data")
LATE_ROWS, GAUGES = 6, 8  # what the screen has room for


@dataclass(frozen=True)
class LateRow:
    """Something late: a task of a plan or a decision."""

    title: str
    unit: str
    due: date
    days_late: int
    is_decision: bool


@dataclass(frozen=True)
class Screen:
    """As of `read_at`; `changed_at` is when anything in the district was last changed or measured. `late` and `standings` are the
    few that the screen has room for, the worst first; of targets with a number there are `targets_with_data`."""

    read_at: datetime
    changed_at: datetime | None
    late: list[LateRow]
    late_tasks: int
    late_decisions: int
    overdue_cases: int
    to_review: int
    open_problems: list[Problem]
    open_decisions: int
    closed_decisions: int
    tasks: int
    closed_tasks: int
    urgent_alerts: int
    standings: list[plans.Standing]
    targets: int
    targets_with_data: int
    next_meeting: Meeting | None

    @property
    def closed_percent(self) -> int:
        return round(100 * self.closed_tasks / self.tasks) if self.tasks else 0


def screen_of(account: Account, at: datetime) -> Screen:
    """Everything that the account may see, as of an instant."""
    today = timezone.localdate(at)
    found = plans.programme(account, today)
    decisions = decision_lines(account, today)
    late = [line for line in decisions if line.light == "red"]
    states, late_tasks = found.by_state(), found.by_light()["red"]
    with_data = sorted(
        (pk for pk, state in found.states.items() if state != "no_data"),
        key=lambda pk: WORST_FIRST.index(found.states[pk]),
    )
    cases = visible(account, Case.objects.filter(closed_at=None))
    alerts = Alert.objects.filter(state__in=Alert.OPEN, level=Alert.Level.RAISED, suppression=None)
    return Screen(
        read_at=at, changed_at=AuditRecord.objects.aggregate(newest=Max("at"))["newest"], late=_late_rows(found, late, today),
        late_tasks=late_tasks, late_decisions=len(late), overdue_cases=cases.filter(due_at__lte=at).count(),
        to_review=states["reported"] + sum(_waits_for_review(line) for line in decisions), open_problems=open_problems(account),
        open_decisions=sum(line.light != "closed" for line in decisions), closed_decisions=sum(line.light == "closed" for line in decisions),
        tasks=sum(states.values()), closed_tasks=states["closed"], urgent_alerts=visible(account, alerts).filter(severity__in=("extreme", "severe")).count(),
        standings=found.standings_of(with_data[:GAUGES]), targets=len(found.states), targets_with_data=len(with_data),
        next_meeting=visible(account, Meeting.objects.filter(state=Meeting.State.PLANNED, at__gte=at)).order_by("at").first(),
    )  # fmt: skip


def _waits_for_review(line: DecisionLine) -> bool:
    return line.decision.case is not None and line.decision.case.step == "confirm"


def _late_rows(found: plans.Programme, late: list[DecisionLine], today: date) -> list[LateRow]:
    rows = [
        LateRow(line.decision.text, str(line.decision.organisation), line.decision.due, line.days_late, True)
        for line in late
    ]
    most_late = found.late.order_by("deadline", "heading", "pk").defer("text").prefetch_related("units__organisation")
    for task in most_late[:LATE_ROWS]:
        parts = list(task.units.all())
        unit = str(parts[0].organisation or parts[0].name) + (pick(" 等", " …") if parts[1:] else "") if parts else ""
        if task.deadline is not None:
            rows.append(LateRow(task.heading, unit, task.deadline, (today - task.deadline).days, False))
    return sorted(rows, key=lambda row: (-row.days_late, row.title))[:LATE_ROWS]


def undecided() -> QuerySet[Problem]:
    """Problems of the notes in force that nobody has settled yet."""
    later = Note.objects.filter(
        round=OuterRef("note__round"),
        organisation=OuterRef("note__organisation"),
        version__gt=OuterRef("note__version"),
    )
    return Problem.objects.filter(~Exists(later), closed_at=None, decision=None)


def open_problems(account: Account) -> list[Problem]:
    """Those that the account may see, the oldest round first."""
    rows = visible(account, undecided()).select_related("note__organisation", "note__round")
    return list(rows.order_by("note__round__opened_at", "pk"))
