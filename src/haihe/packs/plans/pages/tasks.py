"""One task: what the plan says, who has which part, what was reported, and the next step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.cases.models import Case
from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.language import pick as in_language
from haihe.kernel.permissions import ACTIONS, allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Report, Target, Task
from haihe.packs.plans.pages.base import LIGHTS, pages
from haihe.packs.plans.progress import light
from haihe.web.fields import day_from, id_in, is_given, number_from, received, visible_row
from haihe.web.pages import AccountRequest, go

# The way of a task, for the row of steps on top of its page.
WAY = (
    ("立项", "Filed"),
    ("交办", "Assigned"),
    ("签收", "Accepted"),
    ("跟踪", "Tracked"),
    ("审核", "Reviewed"),
    ("办结", "Closed"),
)
REACHED = {"filed": 1, "assigned": 2, "under_way": 4, "reported": 5, "closed": 6}


def history_of(rows: QuerySet[audit.AuditRecord]) -> list[dict[str, object]]:
    """Audit rows as sentences: when, who, what."""
    found = []
    for row in rows:
        known = ACTIONS.get(row.action)
        title = (
            in_language(known.title_zh, known.title_en)
            if known
            else {"task.remind": in_language("系统提醒", "Reminder")}.get(row.action, row.action)
        )
        found.append({"row": row, "title": title})
    return found


def timeline_of(reports: Iterable[Report], notices: Iterable[Case]) -> list[dict[str, Any]]:
    """What was reported and what was asked, newest first."""
    rows: list[tuple[datetime, dict[str, Any]]] = [(report.at, {"report": report}) for report in reports]
    rows += [(notice.opened_at, {"notice": notice}) for notice in notices]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0], reverse=True)]


@pages.page("tasks/<int:pk>/", "task", permission="plan.read")
def task(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Task.objects.select_related("plan", "clause"), pk)
    lamp = light(found, timezone.localdate())
    reached = REACHED[found.state]
    reports = visible(request.user, found.reports.select_related("account", "organisation", "value", "target__indicator").prefetch_related("evidence"))  # fmt: skip
    notices = visible(request.user, found.notices.select_related("opened_by"))
    parts = list(found.units.select_related("organisation", "accepted_by", "officer"))
    content = {
        "task": found, "parts": parts, "first_unit": next((part.organisation_id for part in parts if part.organisation_id), None), "my_parts": services.parts_of(request.user, found),
        "light": lamp, "light_title": in_language(*LIGHTS[lamp]), "way": [(in_language(*step), n < reached, n == reached) for n, step in enumerate(WAY, start=1)],
        "versions": list(found.versions.select_related("by").reverse()),
        "timeline": timeline_of(reports, notices),
        "targets": found.targets.select_related("indicator"), "steps": found.steps.select_related("made_by"),
        "history": history_of(audit.history(found)), "today": timezone.localdate(), "has_evidence": found.reports.exclude(evidence=None).exists(),
        "can_report": allows(request.user, "task.report", found) and found.state in ("assigned", "under_way"),
        "can_report_done": allows(request.user, "task.report_done", found) and found.state in ("assigned", "under_way"),
        "can_accept": allows(request.user, "task.accept", found) and any(p.accepted_at is None for p in services.parts_of(request.user, found)) and found.state in ("assigned", "under_way"),
        "can_break_down": allows(request.user, "task.break_down", found) and found.state != "closed",
        **_project(found), "links": _links(request, found),
    }  # fmt: skip
    return render(request, "plans/task.html", content)


def _links(request: AccountRequest, found: Task) -> list[dict[str, Any]]:
    """The tasks of the other level on the same goal; one that the reader may not open is named without a link."""
    rows = list(services.links_of(found))
    others = [row.district if row.city_id == found.pk else row.city for row in rows]
    seen = set(visible(request.user, Task.objects.filter(pk__in=[o.pk for o in others])).values_list("pk", flat=True))
    return [
        {"link": row, "other": other, "is_city": other.pk == row.city_id, "seen": other.pk in seen}
        for row, other in zip(rows, others, strict=True)
    ]


def _project(found: Task) -> dict[str, Any]:
    """Whether the task is a key project, its reviews, and how it was evaluated."""
    project = found.supervised.filter(ended_at=None).first()
    reviews = services.reviews_of([project])[project.pk] if project else []
    return {
        "project": project, "reviews": reviews[:6], "project_red": project is not None and services.is_red(project, reviews, timezone.now()),
        "evaluations": found.evaluations.select_related("by", "organisation"),
        "to_evaluate": services.to_evaluate(Task.objects.filter(pk=found.pk), timezone.localdate()).exists(),
    }  # fmt: skip


@pages.page("tasks/<int:pk>/<str:step>/", "task_step", permission="plan.read", methods=("POST",))
def task_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Every step of a task; the action itself asks for its permission."""
    found = visible_row(request.user, Task.objects.all(), pk)
    account, text = request.user, request.POST.get("text", "")
    if step == "accept":
        services.accept(account, found)
        messages.success(request, in_language(f"已签收：{found.heading}", f"Accepted: {found.heading}"))
        return go(
            request, (request.POST.get("next") == "week" and reverse("plans:week")) or reverse("plans:task", args=[pk])
        )
    if step == "assign":
        services.assign(
            account, found, deadline=day_from(request, "deadline") if is_given(request, "deadline") else None
        )
    elif step == "deadline":
        services.set_deadline(account, found, deadline=day_from(request, "deadline"), reason=text)
    elif step == "adjust":
        services.adjust(account, found, heading=request.POST.get("heading", ""), text=text, reason=request.POST.get("reason", ""))  # fmt: skip
    elif step == "steps":
        services.add_step(account, found, title=request.POST.get("title", ""), due=day_from(request, "due"))
    elif step == "finish":
        services.finish_step(account, found, step_id=id_in(request.POST.get("step")) or 0)
    elif step == "report":
        _report(request, found, text)
    elif step == "done":
        services.report_done(account, found, text=text, evidence=_allowed_files(request, found, "task.report_done"))
    elif step == "chase":
        services.chase(account, found, text=text)
    elif step == "close":
        services.close(account, found, note=text)
    elif step == "return":
        services.send_back(account, found, reason=text)
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("plans:task", args=[pk]))


def _allowed_files(request: AccountRequest, found: Task, action: str) -> list[EvidenceFile]:
    """Files are stored only for whoever may hand them in."""
    return received(request) if allows(request.user, action, found) else []


def _report(request: AccountRequest, found: Task, text: str) -> Report:
    value = number_from(request, "value") if is_given(request, "value") else None
    about = None
    if value is not None:
        chosen = request.POST.get("target", "")
        about = visible_row(request.user, Target.objects.all(), chosen) if chosen else None
    return services.report_progress(
        request.user, found, text=text, value=value, target=about, as_of=day_from(request, "as_of") if is_given(request, "as_of") else None,
        evidence=_allowed_files(request, found, "task.report"),
    )  # fmt: skip
