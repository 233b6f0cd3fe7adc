"""The page of carriers under supervision: kinds, duty holders, what is lacking, archives that a month left out, and work given to them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick, two
from haihe.kernel.permissions import allows, visible
from haihe.packs.transport import services
from haihe.packs.transport.models import Carrier
from haihe.packs.transport.months import months_beside
from haihe.packs.transport.pages import pages
from haihe.packs.transport.register import KEY, REQUIRED
from haihe.web.fields import day_from, ids_in, month_of, visible_row
from haihe.web.pages import AccountRequest, go


@pages.page("transport/carriers/", "carriers", permission="vehicle.read")
def carriers(request: AccountRequest) -> HttpResponse:
    month = month_of(request.GET.get("month", ""))
    rows = services.list_carriers(request.user, month)
    content = {
        "rows": [_row(request, row) for row in rows], "month": month, **months_beside(month),
        "kinds": Carrier.Kind.choices, "register": KEY, "today": timezone.localdate(),
        "lacking": sum(bool(row.lacking) for row in rows), "stale": sum(bool(row.stale) for row in rows),
        "may_set": allows(request.user, "carrier.set_kinds"), "may_file": allows(request.user, "entry.open"),
        "receivers": [row.carrier for row in rows if services.may_give_work(request.user, row.carrier)], "work": services.list_work(request.user),
    }  # fmt: skip
    return render(request, "transport/carriers.html", content)


def _row(request: AccountRequest, row: services.CarrierStanding) -> dict[str, Any]:
    holders = [(pick(*REQUIRED[kind]), "、".join(names)) for kind, names in row.holders.items() if names]
    return {"standing": row, "holders": holders}


@pages.page("transport/carriers/<int:pk>/kinds/", "carrier_kinds", permission="vehicle.read", methods=("POST",))
def set_kinds(request: AccountRequest, pk: int) -> HttpResponse:
    found = visible_row(request.user, Carrier.objects.all(), pk)
    services.set_kinds(request.user, found, kinds=request.POST.getlist("kinds"))
    return go(request, reverse("transport:carriers"))


@pages.page("transport/carriers/work/", "give_work", permission="vehicle.read", methods=("POST",))
def give_work(request: AccountRequest) -> HttpResponse:
    """To all chosen carriers, or to none of them."""
    chosen = list(visible(request.user, Carrier.objects.filter(pk__in=ids_in(request, "carriers"))))
    if not chosen:
        raise InvalidInput("请选择企业。", "Choose a carrier.", where="carriers")
    due = day_from(request, "due")
    with transaction.atomic():
        for carrier in chosen:
            services.give_work(request.user, carrier, title=request.POST.get("title", ""), text=request.POST.get("text", ""), due=due)  # fmt: skip
    messages.success(request, pick(f"已向 {len(chosen)} 家企业部署。", f"Given to {len(chosen)} carriers."))
    return go(request, reverse("transport:carriers") + "#work")


pages.in_nav("carriers", two("运输企业", "Carriers"), order=32, group="supervision", roles=["supervisor", "viewer", "officer"])  # fmt: skip
