"""Members: which unit, in which part, through which post, from when to when."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from haihe.kernel.language import pick
from haihe.kernel.permissions import visible
from haihe.packs.coordination import services
from haihe.packs.coordination.models import Member
from haihe.packs.coordination.pages.base import pages, unit_choices, unit_in
from haihe.web.fields import day_from, is_given, visible_row
from haihe.web.pages import AccountRequest, go, may

ORDER = {Member.Part.LEAD: 0, Member.Part.OFFICE: 1, Member.Part.MEMBER: 2}


@pages.page("coordination/members/", "members", permission="coordination.read", methods=("GET", "POST"))
def members(request: AccountRequest) -> HttpResponse:
    if request.method == "POST":
        made = services.add_member(
            request.user, unit_in(request), part=request.POST.get("part", ""), contact_role=request.POST.get("contact_role", ""),
            since=day_from(request, "since") if is_given(request, "since") else None,
        )  # fmt: skip
        messages.success(request, pick(f"已登记 {made.organisation}。", f"{made.organisation} is a member."))
        return go(request, reverse("coordination:members"))
    today = timezone.localdate()
    rows = list(visible(request.user, Member.objects.select_related("organisation")))
    now = [row for row in rows if row.until is None or row.until >= today]
    content = {
        "now": sorted(now, key=lambda row: (ORDER[Member.Part(row.part)], row.organisation.path)), "past": [row for row in rows if row not in now],
        "parts": Member.Part.choices, "manages": may(request.user, "member.add"), "today": today,
    }  # fmt: skip
    return render(request, "coordination/members.html", content | unit_choices(request))


@pages.page("coordination/members/<int:pk>/end/", "end_member", permission="coordination.read", methods=("POST",))
def end_member(request: AccountRequest, pk: int) -> HttpResponse:
    member = visible_row(request.user, Member.objects.all(), pk)
    services.end_member(request.user, member, until=day_from(request, "until"))
    return go(request, reverse("coordination:members"))
