"""Pages of spot checks: what was checked and how much of each carrier, picking or drawing a day, the day itself with its finding."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import NotFound
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import allows, visible
from haihe.packs.transport import services
from haihe.packs.transport.days import UNKNOWN
from haihe.packs.transport.models import Carrier, SpotCheck, SpotFinding, Vehicle
from haihe.packs.transport.months import months_beside
from haihe.packs.transport.pages import day_content, pages
from haihe.web.fields import day_from, is_given, month_of, visible_row
from haihe.web.pages import AccountRequest, go

LISTED = 200
PURPOSE = "check"
COLOURS = {"complete": "green", "gaps": "amber", "violation": "red"}


def _row(check: SpotCheck) -> dict[str, Any]:
    found = check.outcome
    return {"check": check, "finding": found, "colour": COLOURS[found.result] if found else ""}


@pages.page("transport/checks/", "checks", permission="vehicle.read")
def checks(request: AccountRequest) -> HttpResponse:
    month = month_of(request.GET.get("month", ""))
    shares = services.list_shares(request.user, month)
    carriers = [share.carrier for share in shares if services.may_check(request.user, share.carrier)]
    content = {
        "rows": [_row(check) for check in services.list_checks(request.user)[:LISTED]], "month": month, "carriers": carriers,
        "shares": [{"share": share, "percent": round(100 * share.share)} for share in shares], "results": SpotFinding.Result.choices,
        "today": timezone.localdate(), **months_beside(month),
    }  # fmt: skip
    return render(request, "transport/spot_checks.html", content)


@pages.page("transport/checks/pick/", "pick_day", permission="vehicle.read", methods=("POST",))
def pick_day(request: AccountRequest) -> HttpResponse:
    plate = request.POST.get("plate", "").strip().upper()[:20]
    rows = visible(request.user, Vehicle.objects.select_related("carrier__organisation"))
    vehicle = rows.filter(plate=plate, thing__retired_at=None).first()
    if vehicle is None:
        raise NotFound("没有这辆车，或您无权查看。", "There is no such vehicle, or you may not see it.", where=plate)
    made = services.pick_day(request.user, vehicle, on=day_from(request, "on"))
    return go(request, reverse("transport:check", args=[made.pk]))


@pages.page("transport/checks/draw/", "draw_day", permission="spot_check.draw", methods=("POST",))
def draw_day(request: AccountRequest) -> HttpResponse:
    rows = Carrier.objects.select_related("organisation")
    carrier = visible_row(request.user, rows, request.POST.get("carrier")) if is_given(request, "carrier") else None
    made = services.draw_day(request.user, None, carrier=carrier, seed=request.POST.get("seed", ""))
    return go(request, reverse("transport:check", args=[made.pk]))


@pages.page("transport/checks/<int:pk>/", "check", permission="vehicle.read")
def check(request: AccountRequest, pk: int) -> HttpResponse:
    """The check with the day that it is about. Each time the day is shown, that is a read of the track, recorded with its purpose."""
    found: SpotCheck = visible_row(request.user, services.list_checks(request.user), pk)
    may_read = allows(request.user, "track.read", found.vehicle)
    limit = services.speed_limit_of(found.vehicle, found.on)
    content: dict[str, Any] = {
        **_row(found), "may_read": may_read, "limit_kmh": limit, "results": SpotFinding.Result.choices,
        "may_conclude": found.outcome is None and services.may_check(request.user, found.carrier),
    }  # fmt: skip
    if may_read:
        purpose = PURPOSE if services.may_check(request.user, found.carrier) else "own"
        content |= day_content(request, found.vehicle, found.on, purpose, limit)
        content["unknown"] = [part for part in content["parts"] if part.kind in UNKNOWN]
    return render(request, "transport/spot_check.html", content)


@pages.page("transport/checks/<int:pk>/finding/", "conclude", permission="vehicle.read", methods=("POST",))
def conclude(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, SpotCheck.objects.all(), pk)
    services.conclude(request.user, found, result=request.POST.get("result", ""), text=request.POST.get("text", ""))
    messages.success(request, pick("已写明抽查结果。", "The finding is written."))
    return go(request, reverse("transport:check", args=[pk]))


pages.in_nav(
    "checks", two("抽查", "Spot checks"), order=33, group="supervision", roles=["supervisor", "viewer", "officer"]
)
