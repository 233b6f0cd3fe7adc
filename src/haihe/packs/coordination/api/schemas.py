"""What goes in and out of the calls."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Field, Schema

LONGEST = 60_000
Pk = 2**63 - 1


class MemberIn(Schema):
    """`contact_role` is a post, not a person's name."""

    organisation: str = Field(max_length=120)
    part: str = Field("member", pattern="^(lead|office|member)$")
    contact_role: str = Field("", max_length=80)
    since: date | None = None


class MemberOut(Schema):
    id: int
    organisation: str
    part: str
    contact_role: str
    since: date
    until: date | None


class DayIn(Schema):
    until: date


class MeetingIn(Schema):
    """Without `units`, all member units are invited."""

    title: str = Field(max_length=200)
    at: datetime
    place: str = Field("", max_length=120)
    chair: str = Field("", max_length=80)
    agenda: list[str] = []
    units: list[str] = []


class SeatOut(Schema):
    organisation: str
    state: str
    role: str


class MeetingOut(Schema):
    """`revision` is that of the draft; `minutes` the approved text in force, `version` its version (0: none)."""

    id: int
    title: str
    at: datetime
    place: str
    chair: str
    state: str
    agenda: list[str]
    attendance: list[SeatOut]
    draft: str
    revision: int
    version: int
    minutes: str


class AnswerIn(Schema):
    coming: bool
    role: str = Field("", max_length=80)
    organisation: str = Field("", max_length=120)


class PresentIn(Schema):
    present: list[str]


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


class DraftIn(Schema):
    """`revision`: the one that the writer read; another one in force answers 409."""

    text: str = Field(max_length=LONGEST)
    revision: int = Field(ge=0, le=Pk)


class RevisionIn(Schema):
    revision: int = Field(ge=0, le=Pk)


class CorrectionIn(Schema):
    text: str = Field(max_length=LONGEST)
    reason: str = Field(max_length=300)
    version: int = Field(ge=0, le=Pk)


class RoundIn(Schema):
    """Without `units`, all member units are asked."""

    title: str = Field(max_length=200)
    notes_by: date
    asked: str = Field("", max_length=2000)
    units: list[str] = []


class ProblemOut(Schema):
    id: int
    organisation: str
    text: str
    open: bool
    closed_reason: str
    decision_id: int | None


class NoteOut(Schema):
    organisation: str
    version: int
    text: str
    at: datetime


class RoundOut(Schema):
    id: int
    title: str
    asked: str
    notes_by: date
    units: list[str]
    missing: list[str]
    notes: list[NoteOut]
    problems: list[ProblemOut]
    draft: str
    revision: int
    issue: int | None
    version: int
    bulletin: str


class NoteIn(Schema):
    """`version`: that of the unit's note which the writer read, 0 for none."""

    text: str = Field(max_length=LONGEST)
    problems: list[str] = []
    version: int = Field(0, ge=0, le=30_000)
    organisation: str = Field("", max_length=120)


class DecisionIn(Schema):
    text: str = Field(max_length=300)
    organisation: str = Field(max_length=120)
    due: date


class DecisionOut(Schema):
    """Its work is the case `case_id` of `/api/v1/cases`; `light`: closed, red, amber or green."""

    id: int
    text: str
    organisation: str
    due: date
    meeting_id: int | None
    problem_id: int | None
    case_id: int | None
    step: str
    light: str
    days_late: int


class PlanIn(Schema):
    organisation: str = Field(max_length=120)
    year: int = Field(ge=2020, le=2100)


class ItemIn(Schema):
    measure: str = Field(max_length=300)
    due: date
    result: str = Field("", max_length=300)
    basis: str = Field("", max_length=200)


class ItemChangeIn(ItemIn):
    revision: int = Field(ge=0, le=Pk)


class ItemOut(Schema):
    id: int
    measure: str
    result: str
    basis: str
    due: date
    percent: int
    light: str
    revision: int


class PlanOut(Schema):
    id: int
    organisation: str
    year: int
    state: str
    remark: str
    items: list[ItemOut]


class LedgerOut(Schema):
    """`kind`: measure (of a yearly plan) or task (of a plan that ends in the year); `id` is that row's."""

    kind: str
    id: int
    unit: str
    measure: str
    result: str
    due: date | None
    percent: int | None
    light: str
    progress: str
    files: int


class ScreenOut(Schema):
    """The leader's screen as figures; `read_at` is when they were true."""

    read_at: datetime
    changed_at: datetime | None
    late_tasks: int
    late_decisions: int
    overdue_cases: int
    open_problems: int
    open_decisions: int
    closed_decisions: int
    to_review: int
    urgent_alerts: int
    tasks: int
    closed_tasks: int
    closed_percent: int
