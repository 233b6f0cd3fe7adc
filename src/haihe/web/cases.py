"""Cases: the list, one case with its history and the form of its present step, opening one by hand."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from haihe.kernel.alerts.models import Alert
from haihe.kernel.cases import (
    CASE_TYPES,
    Case,
    CaseType,
    count_waiting,
    may_take,
    open_case,
    take_step,
    waiting_for,
    withdraw,
)
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import allows, roles_of, visible
from haihe.web.alerts import describe
from haihe.web.fields import ids_in, received, visible_row
from haihe.web.pages import AccountRequest, Pages, go
from haihe.web.paging import page_of

pages = Pages("cases")
ROWS_A_PAGE = 50
MOST_COUNTED = 100
LIGHTS = {
    "red": two("逾期", "Overdue"), "amber": two("临期", "Due soon"), "green": two("正常", "On time"), "closed": two("已办结", "Closed"),
    "none": two("无时限", "No limit"),
}  # fmt: skip
READERS = (Role.SUPERVISOR, Role.VIEWER, Role.OFFICER)


def number_waiting(account: Account) -> int:
    """How many cases wait for the account, for the navigation; of more than MOST_COUNTED open ones only the most urgent are asked."""
    return count_waiting(account, _by_due(visible(account, Case.objects.filter(closed_at=None)))[:MOST_COUNTED])


def types_to_open(account: Account) -> list[CaseType]:
    """The types that the account may open by hand: not those whose day is decided elsewhere."""
    return [t for t in CASE_TYPES.values() if set(t.openers) & roles_of(account) and not t.needs_due_date]


# --- the list -------------------------------------------------------------------------------------------------------


@pages.page("cases/", "cases", permission="case.read")
def cases(request: AccountRequest) -> HttpResponse:
    shown = request.GET.get("show", "open")
    chosen, words = request.GET.get("type", ""), request.GET.get("q", "").strip()[:60]
    seen = visible(request.user, Case.objects.all())
    rows = _matching(seen, chosen, words).prefetch_related("units__organisation")
    now = timezone.now()
    found: Any
    if shown == "mine":
        found = waiting_for(request.user, _by_due(rows.filter(closed_at=None)))
    elif shown == "overdue":
        found = _by_due(rows.filter(closed_at=None, due_at__lte=now))
    elif shown == "closed":
        found = rows.exclude(closed_at=None).order_by("-closed_at", "-pk")
    else:
        shown, found = "open", _by_due(rows.filter(closed_at=None))
    page = page_of(request, found, ROWS_A_PAGE)
    content = {
        "page": page, "rows": [_row(case) for case in page], "shown": shown, "chosen": chosen, "q": words,
        "tabs": [("open", two("在办", "Open")), ("mine", two("待我办理", "Waiting for me")), ("overdue", two("逾期", "Overdue")), ("closed", two("已办结", "Closed"))],
        "types": _types_of(seen), "may_open": bool(types_to_open(request.user)),
    }  # fmt: skip
    return render(request, "web/case_list.html", content)


def _matching(rows: QuerySet[Case], type_name: str, words: str) -> QuerySet[Case]:
    if type_name:
        rows = rows.filter(type_name=type_name[:80])
    if words:
        rows = rows.filter(Q(number__icontains=words) | Q(subject__contains=words) | Q(text__contains=words))
    return rows


def _by_due(rows: QuerySet[Case]) -> QuerySet[Case]:
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def _types_of(rows: QuerySet[Case]) -> list[tuple[str, str]]:
    """The types that occur, also those whose pack is gone: a case carries its type's titles."""
    found = rows.order_by("type_name").values_list("type_name", "type_title_zh", "type_title_en").distinct()
    return [(name, pick(zh, en)) for name, zh, en in found]


def _row(case: Case) -> dict[str, Any]:
    light = case.light()
    handlers = [part.organisation for part in case.units.all() if part.role == "handler"]
    return {"case": case, "light": light, "light_title": LIGHTS[light], "handlers": handlers}


# --- one case -------------------------------------------------------------------------------------------------------


@pages.page("cases/new/", "new", permission="case.open", methods=("GET", "POST"))
def new(request: AccountRequest) -> HttpResponse:
    """Opening a case by hand, of a type that allows it."""
    if request.method == "POST":
        units = visible(request.user, Organisation.objects.filter(pk__in=ids_in(request, "organisation")))
        severity = request.POST.get("severity", "")
        case = open_case(
            request.user, request.POST.get("type", ""), request.POST.get("subject", ""), list(units), text=request.POST.get("text", ""),
            severity=severity if severity in Case.Severity.values else Case.Severity.UNKNOWN,
        )  # fmt: skip
        return go(request, case.get_absolute_url())
    content = {
        "types": [(t.name, pick(t.title_zh, t.title_en)) for t in types_to_open(request.user)],
        "organisations": visible(request.user, Organisation.objects.filter(until=None)), "severities": Case.Severity.choices,
    }  # fmt: skip
    return render(request, "web/case_new.html", content)


@pages.page("cases/<int:pk>/", "case", permission="case.read")
def case_page(request: AccountRequest, pk: int) -> HttpResponse:
    case: Case = visible_row(request.user, Case.objects.select_related("opened_by"), pk)
    about = case.find_about()
    is_seen = (
        about is not None and visible(request.user, type(about)._default_manager.all()).filter(pk=about.pk).exists()
    )
    events = case.events.select_related("account", "organisation", "case").prefetch_related("evidence")
    light = case.light()
    content = {
        "case": case, "light": light, "light_title": LIGHTS[light], "parts": case.units.select_related("organisation"),
        "events": [{"event": event, "step": case.title_of(event.step)} for event in events.order_by("-pk")], "way": _way(case),
        "about_url": _address_of(about) if is_seen else "", "about": describe(about) if is_seen and isinstance(about, Alert) else None, "pack_is_gone": case.type_name not in CASE_TYPES,
        "current": case.current, "may_take": may_take(request.user, case), "wanted": _wanted(case),
        "may_withdraw": case.closed_at is None and allows(request.user, "case.withdraw", case),
    }  # fmt: skip
    return render(request, "web/case_page.html", content)


def _way(case: Case) -> list[dict[str, Any]]:
    """The steps in their order, with those before the present one marked as done, and the end."""
    names = [step["name"] for step in case.steps]
    at = names.index(case.step) if case.step in names else len(names)
    way = [
        {"title": pick(s["title_zh"], s["title_en"]), "done": n < at, "now": n == at} for n, s in enumerate(case.steps)
    ]
    return [*way, {"title": case.title_of("closed"), "done": case.closed_at is not None, "now": False}]


def _wanted(case: Case) -> str:
    """The evidence that every exit of the present step demands at least."""
    demands = [leave["evidence"] for leave in (case.current or {"exits": []})["exits"]]
    return "file" if demands and set(demands) == {"file"} else "text" if demands and "none" not in demands else "none"


def _address_of(about: Any) -> str:
    if isinstance(about, Alert):
        return reverse("web:alert", args=[about.pk])
    try:
        return str(about.get_absolute_url())
    except (AttributeError, NoReverseMatch):
        return ""


@pages.page("cases/<int:pk>/withdraw/", "withdraw", permission="case.withdraw", methods=("POST",))
def withdraw_page(request: AccountRequest, pk: int) -> HttpResponse:
    case = visible_row(request.user, Case.objects.all(), pk)
    withdraw(request.user, case, reason=request.POST.get("reason", ""))
    return go(request, reverse("cases:case", args=[pk]))


@pages.page("cases/<int:pk>/steps/<str:step>/", "step", permission="case.read", methods=("POST",))
def step_page(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """Take the step at which the case stood when the form was shown; files are stored only for whoever may take it."""
    case = visible_row(request.user, Case.objects.all(), pk)
    files: list[EvidenceFile] = received(request) if may_take(request.user, case) and case.step == step else []
    take_step(
        request.user, case, step=step, to=request.POST.get("to", ""), text=request.POST.get("text", ""), evidence=files
    )
    return go(request, reverse("cases:case", args=[pk]))


pages.in_nav("cases", two("案件", "Cases"), order=30, group="", roles=READERS, count=number_waiting)
