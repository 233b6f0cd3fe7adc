"""Names of units as documents write them, linked to units by a person: nothing is linked by likeness alone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel import administration
from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick as in_language
from haihe.kernel.organisations import Organisation, get_organisation, propose_organisations
from haihe.kernel.permissions import allows, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import Task, TaskUnit
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import row_or_none
from haihe.web.pages import AccountRequest, go

EXAMPLES = 3  # tasks named beside each unit, so that a person knows which bureau is meant


@pages.page("plans/units/", "units", permission="unit.link", methods=("GET", "POST"))
def link_units(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        return _link(request)
    examples: dict[str, list[TaskUnit]] = {}
    tasks = visible(request.user, Task.objects.all())
    for part in TaskUnit.objects.filter(organisation=None, task__in=tasks).select_related("task__plan"):
        examples.setdefault(part.name, []).append(part)
    names = [
        {
            "name": name,
            "tasks": count,
            "proposals": propose_organisations(name, least=50),
            "examples": examples.get(name, [])[:EXAMPLES],
        }
        for name, count in services.unlinked_names()
    ]
    content = {
        "names": names,
        "organisations": visible(request.user, Organisation.objects.all()),
        "may_register": allows(request.user, "organisation.create"),
    }
    return render(request, "plans/units.html", content)


def _link(request: AccountRequest) -> HttpResponse:
    """The unit is chosen by number (a proposal) or written by its name; as an alias it holds for later documents too."""
    name = request.POST.get("name", "").strip()
    chosen, written = request.POST.get("organisation", ""), request.POST.get("unit", "").strip()
    known = visible(request.user, Organisation.objects.all())
    organisation = row_or_none(request.user, known, chosen)
    if organisation is None and written:
        organisation = known.filter(pk=get_organisation(written).pk).first()
    if organisation is None or not name:
        raise InvalidInput("请选择单位。", "Choose the unit.", where=name)
    if request.POST.get("lasting"):
        administration.add_alias(request.user, organisation, name=name)
    linked = services.link_units(request.user, organisation, name=name)
    if request.headers.get("HX-Request"):
        return render(request, "plans/link_done.html", {"name": name, "organisation": organisation, "linked": linked})
    messages.success(
        request, in_language(f"“{name}”已关联到{organisation.name}。", f"{name} is {organisation.name} now.")
    )
    return go(request, reverse("plans:units"))
