"""重点项目: what is under supervision and reviewed on time, what waits for its evaluation; contacts with firms."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Role
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, unit_paths, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Task
from haihe.packs.plans.models_supervision import Contact, Evaluation, KeyProject
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import day_from, id_in, is_given, row_or_none, visible_row
from haihe.web.pages import AccountRequest, go, may

SHOWN = 100
OUTCOME_COLOUR = {"done": "green", "partly": "amber", "not_done": "red"}


@pages.page("projects/", "projects", permission="plan.read")
def projects(request: AccountRequest) -> HttpResponse:
    rows = visible(request.user, KeyProject.objects.filter(ended_at=None)).select_related("task__plan")
    rows = rows.prefetch_related("task__units__organisation")
    now, reviews = timezone.now(), services.reviews_of(rows)
    listed = [{"project": p, "red": services.is_red(p, reviews[p.pk], now), "reviews": reviews[p.pk][:6]} for p in rows]
    due = services.to_evaluate(visible(request.user, Task.objects.all()), timezone.localdate())
    done = visible(request.user, Evaluation.objects.select_related("task", "organisation", "by"))
    content = {
        "rows": sorted(listed, key=lambda row: not row["red"]), "due": due.select_related("plan")[:SHOWN], "due_count": due.count(),
        "done": [(row, OUTCOME_COLOUR[row.outcome]) for row in done[:SHOWN]], "outcomes": Evaluation.Outcome.choices,
        "may_evaluate": allows(request.user, "project.evaluate"),
    }  # fmt: skip
    return render(request, "plans/projects.html", content)


@pages.page("projects/<int:pk>/<str:step>/", "project_step", permission="plan.read", methods=("POST",))
def project_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Put a task under supervision, take it off, evaluate it."""
    found = visible_row(request.user, Task.objects.all(), pk)
    reason = request.POST.get("reason", "")
    if step == "supervise":
        weeks = id_in(request.POST.get("every_weeks")) if is_given(request, "every_weeks") else None
        first = day_from(request, "first_on") if is_given(request, "first_on") else None
        services.supervise(request.user, found, reason=reason, every_weeks=weeks, first_on=first)
    elif step == "release":
        services.release(request.user, found, reason=reason)
    elif step == "evaluate":
        services.evaluate(request.user, found, outcome=request.POST.get("outcome", ""), reasons=reason)
        messages.success(request, in_language(f"已评估：{found.heading}", f"Evaluated: {found.heading}"))
        return go(request, reverse("plans:projects"))
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("plans:task", args=[pk]))


@pages.page("contacts/", "contacts", permission="plan.read", methods=("GET", "POST"))
def contacts(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        units = visible(request.user, Organisation.objects.all())
        unit = row_or_none(request.user, units, request.POST.get("organisation"))
        if unit is None:
            raise InvalidInput("请选择单位。", "Choose the unit.", where="organisation")
        task = request.POST.get("task", "")
        services.log_contact(
            request.user, unit, firm=request.POST.get("firm", ""), kind=request.POST.get("kind", ""), on=day_from(request, "on"),
            subject=request.POST.get("subject", ""), result=request.POST.get("result", ""),
            task=visible_row(request.user, Task.objects.all(), task) if task else None,
        )  # fmt: skip
        return go(request, reverse("plans:contacts"))
    words = request.GET.get("q", "").strip()
    rows = visible(request.user, Contact.objects.select_related("organisation", "task", "by"))
    rows = rows.filter(firm__icontains=words) if words else rows
    content = {
        "rows": rows[:SHOWN], "count": rows.count(), "q": words, "kinds": Contact.Kind.choices, "units": _own_units(request),
        "tasks": visible(request.user, Task.objects.filter(state__in=Task.OPEN))[:300], "today": timezone.localdate(),
        "may_log": may(request.user, "contact.log"),
    }  # fmt: skip
    return render(request, "plans/contacts.html", content)


def _own_units(request: AccountRequest) -> QuerySet[Organisation]:
    """The units for which the account may log a contact: an officer's own, for supervisors all."""
    units = visible(request.user, Organisation.objects.all())
    if request.user.has_role(Role.SUPERVISOR):
        return units
    return units.filter(
        pk__in=[unit.pk for path in unit_paths(request.user) for unit in units.filter(path__startswith=path)]
    )


pages.in_nav("projects", two("重点项目", "Key projects"), order=28, group="plan", roles=["supervisor", "viewer"])
pages.in_nav(
    "contacts", two("企业联络", "Firms"), order=45, group="registers", roles=["supervisor", "officer", "viewer"]
)
