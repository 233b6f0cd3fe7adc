"""The shapes of what this pack's calls take and answer."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ninja import Field, Schema

from haihe.packs.plans.api.base import name_of
from haihe.packs.plans.models import Report, Task
from haihe.packs.plans.progress import Standing, light


class DocumentOut(Schema):
    """A document as read from a file."""

    id: int
    title: str
    kind: str
    status: str
    issuer: str
    number: str
    issued_on: date | None
    period_start: str
    period_end: str
    line: int
    end_line: int
    filed_at: datetime | None
    published_at: datetime | None
    replaces_id: int | None


class UnitIn(Schema):
    name: str = Field(max_length=120)
    role: str


class ClauseOut(Schema):
    """A commitment as read (`read`), and as it holds after a person's corrections (`current`)."""

    id: int
    kind: str
    line: int
    end_line: int
    decision: str
    read: dict[str, Any]
    current: dict[str, Any]
    changed_since: list[str]


class ClauseIn(Schema):
    kind: str
    line: int = Field(ge=1, le=10**9)
    fields: dict[str, Any]


class FieldsIn(Schema):
    fields: dict[str, Any]


class ImportedOut(Schema):
    """`created` is false where the same bytes had been imported before."""

    created: bool
    documents: list[DocumentOut]


class CountOut(Schema):
    count: int


class FiledOut(Schema):
    targets: int
    tasks: int


class ValueOut(Schema):
    id: int
    kind: str
    value: float
    as_of: date
    recorded_at: datetime
    by: str | None
    note: str


class TargetOut(Schema):
    """A target and how it stands today. `assumption`: the trajectory is a straight line that nobody decided; `source`: measured or
    reported, whichever the actual value is; `pace`: too_little, enough, short, reached, over or no_deadline."""

    id: int
    plan_id: int
    key: str
    title: str
    unit: str
    comparator: str
    value: float
    value_max: float | None
    strength: str
    deadline: date | None
    state: str
    actual: float | None
    actual_on: date | None
    expected: float | None
    assumption: bool
    owner: str | None
    source: str
    pace: str


class PointOut(Schema):
    day: date
    value: float
    assumed: bool


class ProvenanceOut(Schema):
    """Where a number comes from: clause, reports, files, who and when."""

    target: TargetOut
    clause: ClauseOut
    trajectory: list[PointOut]
    values: list[ValueOut]
    reports: list[dict[str, Any]]


class UnitOut(Schema):
    name: str
    role: str
    organisation: str | None
    accepted_at: datetime | None


class TaskOut(Schema):
    """A task with its light: closed, red, amber, green or none."""

    id: int
    plan_id: int
    number: str
    heading: str
    state: str
    light: str
    deadline: date | None
    deadline_assumed: bool
    units: list[UnitOut]


class FileOut(Schema):
    id: int
    name: str
    sha256: str


class ReportOut(Schema):
    id: int
    kind: str
    at: datetime
    text: str
    organisation: str | None
    files: list[FileOut]


class StepIn(Schema):
    title: str = Field(max_length=200)
    due: date


class StepOut(Schema):
    id: int
    title: str
    due: date
    done_at: datetime | None


class DeadlineIn(Schema):
    deadline: date
    reason: str = Field(max_length=500)


class AdjustIn(Schema):
    """`heading`: as it is where nothing is said."""

    text: str = Field(max_length=10_000)
    reason: str = Field(max_length=500)
    heading: str = Field("", max_length=300)


class VersionOut(Schema):
    """What a task asked for from `at` on; number 1 is what was filed, without a reason."""

    number: int
    heading: str
    text: str
    deadline: date | None
    reason: str
    by: str | None
    at: datetime


class TextIn(Schema):
    text: str = Field(default="", max_length=10_000)


class BaselineIn(Schema):
    value: Decimal = Field(max_digits=24, decimal_places=6)
    on: date
    source: str = Field(max_length=300)


class MilestoneIn(Schema):
    due: date
    value: Decimal = Field(max_digits=24, decimal_places=6)


class ProgrammeOut(Schema):
    """`late`: numbers of the tasks whose light is red. `units`: one row a unit with its counts."""

    day: date
    documents: list[int]
    tasks_by_state: dict[str, int]
    targets_by_state: dict[str, int]
    late: list[int]
    units: list[dict[str, Any]]


class UnlinkedOut(Schema):
    name: str
    tasks: int
    proposals: list[str]


class LinkIn(Schema):
    name: str = Field(min_length=1, max_length=120)
    organisation: str = Field(max_length=120)
    lasting: bool = False


class OwnerIn(Schema):
    organisation: str = Field(max_length=120)


def task_out(task: Task, today: date) -> dict[str, Any]:
    units = [
        {"name": u.name, "role": u.role, "organisation": name_of(u.organisation), "accepted_at": u.accepted_at}
        for u in task.units.all()
    ]
    return {
        "id": task.pk, "plan_id": task.plan_id, "number": task.number, "heading": task.heading, "state": task.state,
        "light": light(task, today), "deadline": task.deadline, "deadline_assumed": task.deadline_assumed, "units": units,
    }  # fmt: skip


def target_out(row: Standing) -> dict[str, Any]:
    target, verdict = row.target, row.assessment
    return {
        "id": target.pk, "plan_id": target.plan_id, "key": target.indicator.key, "title": target.indicator.title,
        "unit": target.indicator.unit, "comparator": target.comparator, "value": target.value, "value_max": target.value_max,
        "strength": target.strength, "deadline": target.deadline, "state": verdict.state, "actual": verdict.actual,
        "actual_on": verdict.actual_on, "expected": verdict.expected, "assumption": verdict.assumption, "owner": name_of(target.indicator.owner),
        "source": row.decides, "pace": row.pace.state,
    }  # fmt: skip


def value_out(value: Any) -> dict[str, Any]:
    by = value.by.username if value.by else None
    return {
        "id": value.pk,
        "kind": value.kind,
        "value": value.value,
        "as_of": value.as_of,
        "recorded_at": value.recorded_at,
        "by": by,
        "note": value.note,
    }


def report_out(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "kind": report.kind,
        "at": report.at,
        "text": report.text,
        "organisation": name_of(report.organisation),
        "files": list(report.evidence.all()),
    }
