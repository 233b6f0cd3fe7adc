"""Tasks on their way from assignment to closing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form
from ninja.files import UploadedFile

from haihe.kernel import audit
from haihe.kernel.identity import Account
from haihe.kernel.permissions import demand, visible
from haihe.packs.plans import services
from haihe.packs.plans.api.base import asker, pick, receiving, router
from haihe.packs.plans.api.shapes import (
    AdjustIn,
    CountOut,
    DeadlineIn,
    ReportOut,
    StepIn,
    StepOut,
    TaskOut,
    TextIn,
    VersionOut,
    report_out,
    task_out,
)
from haihe.packs.plans.models import Target, Task
from haihe.packs.plans.models_supervision import TaskVersion


def _task(request: HttpRequest, pk: int) -> tuple[Account, Task]:
    account = asker(request)
    return account, pick(account, Task.objects.all(), pk)


@router.get("/tasks", response=list[TaskOut], summary="Tasks that this account sees")
def tasks(request: HttpRequest, state: str | None = None, light: str | None = None, plan: int | None = None) -> Any:
    rows = visible(asker(request), Task.objects.all()).prefetch_related("units__organisation")
    if state:
        rows = rows.filter(state=state)
    if plan is not None:
        rows = rows.filter(plan_id=plan)
    today = timezone.localdate()
    return [row for row in (task_out(task, today) for task in rows) if light is None or row["light"] == light]


@router.get("/week", response=dict[str, list[TaskOut]], summary="我的一周: what the account has to do")
def week(request: HttpRequest) -> Any:
    today = timezone.localdate()
    found = services.my_week(asker(request), today)
    return {name: [task_out(task, today) for task in getattr(found, name)] for name in services.WEEK_LISTS}


@router.get("/tasks/{pk}", response=TaskOut, summary="One task")
def task(request: HttpRequest, pk: int) -> Any:
    return task_out(_task(request, pk)[1], timezone.localdate())


@router.get("/tasks/{pk}/reports", response=list[ReportOut], summary="A task's reports, newest first")
def task_reports(request: HttpRequest, pk: int) -> Any:
    account, found = _task(request, pk)
    return [report_out(report) for report in visible(account, found.reports.all())]


@router.get("/tasks/{pk}/history", response=list[dict[str, Any]], summary="What was done to a task, by whom and when")
def task_history(request: HttpRequest, pk: int) -> Any:
    _account, found = _task(request, pk)
    return [
        {"at": row.at, "by": row.actor_name, "on_behalf_of": row.on_behalf_of, "action": row.action}
        for row in audit.history(found)
    ]


def _task_answer(done: Task) -> dict[str, Any]:
    return task_out(done, timezone.localdate())


@router.post("/tasks/{pk}/assign", response=TaskOut, summary="交办: assign a task")
def assign(request: HttpRequest, pk: int, deadline: date | None = None) -> Any:
    return _task_answer(services.assign(*_task(request, pk), deadline=deadline))


@router.post("/tasks/{pk}/accept", response=TaskOut, summary="签收: accept a task")
def accept(request: HttpRequest, pk: int) -> Any:
    return _task_answer(services.accept(*_task(request, pk)))


@router.post("/tasks/{pk}/deadline", response=TaskOut, summary="Set a task's deadline")
def deadline(request: HttpRequest, pk: int, body: DeadlineIn) -> Any:
    return _task_answer(services.set_deadline(*_task(request, pk), deadline=body.deadline, reason=body.reason))


@router.post("/tasks/{pk}/adjustments", response=VersionOut, summary="调整任务举措: change what a task asks for")
def adjust(request: HttpRequest, pk: int, body: AdjustIn) -> Any:
    return _version_out(services.adjust(*_task(request, pk), **body.dict()))


@router.get("/tasks/{pk}/versions", response=list[VersionOut], summary="What a task asked for, version by version")
def versions(request: HttpRequest, pk: int) -> Any:
    """Empty for a task that was never changed."""
    return [_version_out(row) for row in _task(request, pk)[1].versions.select_related("by")]


def _version_out(row: TaskVersion) -> dict[str, Any]:
    names = ("number", "heading", "text", "deadline", "reason", "at")
    return {name: getattr(row, name) for name in names} | {"by": row.by.username if row.by else None}


@router.post("/tasks/{pk}/steps", response=StepOut, summary="分解: add a step")
def add_step(request: HttpRequest, pk: int, body: StepIn) -> Any:
    return services.add_step(*_task(request, pk), title=body.title, due=body.due)


@router.post("/tasks/{pk}/steps/{step}/finish", response=StepOut, summary="Tick a step off")
def finish_step(request: HttpRequest, pk: int, step: int) -> Any:
    return services.finish_step(*_task(request, pk), step_id=step)


@router.post("/tasks/{pk}/reports", response=ReportOut, summary="跟踪: report progress, with a number where wanted")
def report(
    request: HttpRequest, pk: int, text: Form[str], value: Form[Decimal | None] = None, target: Form[int | None] = None,
    as_of: Form[date | None] = None, files: File[list[UploadedFile]] = [],  # noqa: B006  (ninja copies it)
) -> Any:  # fmt: skip
    account, found = _task(request, pk)
    demand(account, "task.report", found)
    about = pick(account, Target.objects.all(), target) if target is not None else None
    with receiving(account, files) as kept:
        return report_out(
            services.report_progress(account, found, text=text, evidence=kept, value=value, target=about, as_of=as_of)
        )


@router.post("/tasks/{pk}/done", response=ReportOut, summary="Report a task done, with evidence")
def report_done(request: HttpRequest, pk: int, text: Form[str], files: File[list[UploadedFile]] = []) -> Any:  # noqa: B006
    account, found = _task(request, pk)
    demand(account, "task.report_done", found)
    with receiving(account, files) as kept:
        return report_out(services.report_done(account, found, text=text, evidence=kept))


@router.post("/tasks/{pk}/chase", response=CountOut, summary="催办: chase a task")
def chase(request: HttpRequest, pk: int, body: TextIn) -> Any:
    account, found = _task(request, pk)
    services.chase(account, found, text=body.text)
    return {"count": found.notices.count()}


@router.post("/tasks/{pk}/close", response=TaskOut, summary="办结: close a task on evidence")
def close(request: HttpRequest, pk: int, body: TextIn) -> Any:
    return _task_answer(services.close(*_task(request, pk), note=body.text))


@router.post("/tasks/{pk}/return", response=ReportOut, summary="Send a report of completion back")
def send_back(request: HttpRequest, pk: int, body: TextIn) -> Any:
    return report_out(services.send_back(*_task(request, pk), reason=body.text))
