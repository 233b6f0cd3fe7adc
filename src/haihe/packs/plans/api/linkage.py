"""`/api/v1/plans`: city tasks and the district tasks that answer them; rounds of inspection and their answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from haihe.kernel.permissions import visible
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, name_of, pick, router
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.models_linkage import Inspection, InspectionLine, TaskLink


class TaskLinkOut(Schema):
    id: int
    city: int
    city_heading: str
    district: int
    district_heading: str
    goal: str
    reason: str
    score: float | None
    by: str
    at: datetime


class LinkCandidateOut(Schema):
    """`shared`: words that stand in both; `units`: offices of the same name; `link`: number of the open link, if there is one."""

    district: int
    heading: str
    score: float
    shared: list[str]
    units: list[str]
    link: int | None


class LinkProposalOut(Schema):
    city: int
    heading: str
    candidates: list[LinkCandidateOut]


class TaskLinkIn(Schema):
    city: int
    district: int
    goal: str = Field(max_length=300)
    reason: str = Field(max_length=1000)


class EndLinkIn(Schema):
    reason: str = Field(max_length=1000)


class InspectIn(Schema):
    """The open tasks of a plan, or the tasks with these numbers."""

    title: str = Field(max_length=200)
    plan: int | None = None
    tasks: list[int] = Field(default=[], max_length=1000)
    silent_days: int | None = Field(default=None, ge=1, le=250)


class InspectionAnswerIn(Schema):
    text: str = Field(max_length=10_000)


class InspectionLineOut(Schema):
    """`behind`: late, silent or missed, and since when; `answer`: the newest, `case` that of the unit."""

    id: int
    task: int
    heading: str
    organisation: str | None
    behind: list[dict[str, str]]
    answer: str
    case: int | None


class InspectionOut(Schema):
    """`looked_at`: open tasks that were looked at; `open`: whether a unit still has to answer or be judged."""

    id: int
    title: str
    on: date
    plan: int | None
    silent_days: int
    looked_at: int
    open: bool


class InspectionWholeOut(InspectionOut):
    lines: list[InspectionLineOut]


def _link_out(row: TaskLink) -> dict[str, Any]:
    return {
        "id": row.pk, "city": row.city_id, "city_heading": row.city.heading, "district": row.district_id,
        "district_heading": row.district.heading, "goal": row.goal, "reason": row.reason, "score": row.score, "by": row.made_by.username,
        "at": row.made_at,
    }  # fmt: skip


@router.get("/links", response=list[TaskLinkOut], summary="Open links between tasks of city and district")
def links(request: HttpRequest, task: int | None = None) -> Any:
    account = asker(request)
    rows = services.links_of(pick(account, Task.objects.all(), task)) if task is not None else TaskLink.objects.filter(ended_at=None)  # fmt: skip
    return [_link_out(row) for row in visible(account, rows).select_related("city", "district", "made_by")[:1000]]


@router.get(
    "/links/proposals/{a}/{b}",
    response=list[LinkProposalOut],
    summary="Which district task seems to answer which city task",
)
def proposals(request: HttpRequest, a: str, b: str) -> Any:
    account = asker(request)
    rows = services.proposals(account, services.side_of(account, a), services.side_of(account, b))
    return [
        {"city": row.city.pk, "heading": row.city.heading, "candidates": [
            {"district": c.task.pk, "heading": c.task.heading, "score": c.score, "shared": c.shared, "units": c.units, "link": c.link.pk if c.link else None}
            for c in row.candidates
        ]}
        for row in rows
    ]  # fmt: skip


@router.post("/links", response=TaskLinkOut, summary="Confirm that a district task answers a city task")
def link(request: HttpRequest, body: TaskLinkIn) -> Any:
    account = asker(request)
    city, district = (pick(account, Task.objects.select_related("plan"), pk) for pk in (body.city, body.district))
    return _link_out(services.link_tasks(account, city, district, goal=body.goal, reason=body.reason))


@router.post("/links/{pk}/end", response=TaskLinkOut, summary="Unlink the two tasks, with a reason")
def unlink(request: HttpRequest, pk: int, body: EndLinkIn) -> Any:
    account = asker(request)
    return _link_out(services.unlink_tasks(account, pick(account, TaskLink.objects.all(), pk), reason=body.reason))


# --- inspections ----------------------------------------------------------------------------------------------------


def _out(row: Inspection) -> dict[str, Any]:
    names = ("title", "on", "silent_days", "looked_at")
    return {"id": row.pk, "plan": row.plan_id, "open": row.is_open, **{name: getattr(row, name) for name in names}}


def _whole(account: Any, row: Inspection) -> dict[str, Any]:
    lines = visible(account, row.lines.select_related("task", "organisation").prefetch_related("answers"))
    return {**_out(row), "lines": [_line_out(line) for line in lines]}


def _line_out(line: InspectionLine) -> dict[str, Any]:
    newest = next(iter(line.answers.all()), None)
    return {
        "id": line.pk, "task": line.task_id, "heading": line.task.heading, "organisation": name_of(line.organisation),
        "behind": line.behind, "answer": newest.text if newest else "", "case": line.case_id,
    }  # fmt: skip


@router.get("/inspections", response=list[InspectionOut], summary="督查: rounds of inspection, newest first")
def inspections(request: HttpRequest) -> Any:
    return [_out(row) for row in visible(asker(request), Inspection.objects.all())[:200]]


@router.get("/inspections/{pk}", response=InspectionWholeOut, summary="What was behind, and what the units answered")
def inspection(request: HttpRequest, pk: int) -> Any:
    account = asker(request)
    return _whole(account, pick(account, Inspection.objects.all(), pk))


@router.post("/inspections", response=InspectionWholeOut, summary="Open a round of inspection")
def inspect(request: HttpRequest, body: InspectIn) -> Any:
    account = asker(request)
    plan = pick(account, Plan.objects.all(), body.plan) if body.plan is not None else None
    tasks = visible(account, Task.objects.filter(pk__in=body.tasks))
    return _whole(account, services.inspect(account, plan, title=body.title, tasks=tasks, silent_days=body.silent_days))


@router.post("/inspections/lines/{pk}/answer", response=InspectionLineOut, summary="Answer a line of one's own unit")
def answer(request: HttpRequest, pk: int, body: InspectionAnswerIn) -> Any:
    account = asker(request)
    found = pick(account, InspectionLine.objects.select_related("task"), pk)
    services.answer_line(account, found, text=body.text)
    return _line_out(pick(account, InspectionLine.objects.select_related("task", "organisation"), pk))
