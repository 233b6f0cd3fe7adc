"""年度台账: the district's ledger of a year, and one unit's plan with its measures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, roles_of, unit_paths, visible
from haihe.packs.coordination import services
from haihe.packs.coordination.models import YearItem, YearPlan
from haihe.packs.coordination.pages.base import LIGHTS, number_in, pages, unit_in
from haihe.web.fields import day_from, id_in, number_from, received, visible_row
from haihe.web.pages import AccountRequest, go
from haihe.web.paging import page_of

ROWS_A_PAGE = 100


def _year_in(request: AccountRequest) -> int:
    year = id_in(request.GET.get("year")) or 0
    return year if 2020 <= year <= 2100 else timezone.localdate().year


@pages.page("coordination/ledger/", "ledger", permission="coordination.read")
def ledger(request: AccountRequest) -> HttpResponse:
    """Every measure and task of the year that the account may see; what is overdue flags itself."""
    year, unit, light = _year_in(request), request.GET.get("unit", ""), request.GET.get("light", "")
    light = light if light in LIGHTS else ""
    number = min(id_in(request.GET.get("page")) or 1, 10_000)
    found = services.ledger_page(
        request.user, year, timezone.localdate(), unit=unit, light=light, page=number, size=ROWS_A_PAGE
    )
    total = found.lights[light] if light else sum(found.lights.values())
    plans = visible(request.user, YearPlan.objects.filter(year=year).select_related("organisation"))
    content = {
        "year": year, "units": [(name, name) for name in found.units], "unit": unit, "light": light, "all": sum(found.lights.values()), "years": [year - 1, year, year + 1],
        "lights": [(key, LIGHTS[key], found.lights[key]) for key in ("red", "amber", "green", "closed")], "page": page_of(request, range(total), ROWS_A_PAGE),
        "rows": [{"line": line, "light_title": LIGHTS[line.light], "url": line.row.get_absolute_url()} for line in found.lines],
        "plans": plans, "own_units": _units_without_plan(request, year),
    }  # fmt: skip
    return render(request, "coordination/ledger.html", content)


def _units_without_plan(request: AccountRequest, year: int) -> list[Organisation]:
    """Own units that have not started their plan of the year."""
    if "officer" not in roles_of(request.user):
        return []
    started = YearPlan.objects.filter(year=year).values("organisation")
    members = {unit.pk for unit in services.member_units()}
    rows = Organisation.objects.filter(until=None).exclude(pk__in=started)
    return [u for u in rows if (u.path in unit_paths(request.user) or u.pk in members) and services.own_among(request.user, [u])]  # fmt: skip


@pages.page("coordination/ledger/start/", "start_year_plan", permission="coordination.read", methods=("POST",))
def start_year_plan(request: AccountRequest) -> HttpResponse:
    plan = services.start_year_plan(request.user, unit_in(request), year=number_in(request, "year"))
    return go(request, plan.get_absolute_url())


@pages.page("coordination/ledger/<int:pk>/", "year_plan", permission="coordination.read")
def year_plan(request: AccountRequest, pk: int) -> HttpResponse:
    found: YearPlan = visible_row(request.user, YearPlan.objects.select_related("organisation"), pk)
    today = timezone.localdate()
    items = found.items.prefetch_related("reports__account", "reports__evidence")
    rows = [_row(item, services.light_of(item, today)) for item in items]
    content: dict[str, Any] = {
        "plan": found, "rows": rows, "owns": allows(request.user, "yearplan.add", found), "manages": allows(request.user, "yearplan.adopt", found),
        "first": f"{found.year}-01-01", "last": f"{found.year}-12-31",
    }  # fmt: skip
    return render(request, "coordination/year_plan.html", content)


def _row(item: YearItem, light: str) -> dict[str, Any]:
    return {"item": item, "light": light, "light_title": LIGHTS[light], "reports": list(item.reports.all())}


@pages.page("coordination/ledger/<int:pk>/<str:step>/", "year_plan_step", permission="coordination.read", methods=("POST",))  # fmt: skip
def year_plan_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    found = visible_row(request.user, YearPlan.objects.all(), pk)
    if step == "add":
        services.add_item(request.user, found, **_fields(request))
    elif step == "submit":
        services.submit_year_plan(request.user, found)
        messages.success(request, pick("已报审。", "Submitted."))
    elif step == "adopt":
        services.adopt_year_plan(request.user, found)
        messages.success(request, pick("已纳入台账。", "It is in the ledger."))
    elif step == "return":
        services.return_year_plan(request.user, found, reason=request.POST.get("reason", ""))
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, found.get_absolute_url())


def _fields(request: AccountRequest) -> dict[str, Any]:
    words = {name: request.POST.get(name, "") for name in ("measure", "result", "basis")}
    return words | {"due": day_from(request, "due")}


@pages.page("coordination/measures/<int:pk>/<str:step>/", "year_item_step", permission="coordination.read", methods=("POST",))  # fmt: skip
def year_item_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    item: YearItem = visible_row(request.user, YearItem.objects.select_related("plan__organisation"), pk)
    home = item.plan.get_absolute_url()
    if step == "change":
        services.change_item(request.user, item, revision=number_in(request, "revision"), **_fields(request))
    elif step == "remove":
        services.remove_item(request.user, item, revision=number_in(request, "revision"))
    elif step == "report":
        percent = number_from(request, "percent")
        may_hand_in = allows(request.user, "yearplan.report", item)
        files: list[EvidenceFile] = received(request) if may_hand_in else []
        services.report_item(
            request.user, item, percent=int(percent), text=request.POST.get("text", ""), evidence=files
        )
        messages.success(request, pick("已填报。", "Reported."))
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, home if step == "remove" else f"{home}#item-{item.pk}")


pages.in_nav(
    "ledger", two("年度台账", "Year ledger"), order=23, group="coordination", roles=["supervisor", "viewer", "officer"]
)
