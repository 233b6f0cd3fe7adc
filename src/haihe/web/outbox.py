"""消息: what Haihe told the account, which of it is unread, the address for messages by mail, and what could not be sent."""

from __future__ import annotations

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from haihe.kernel.identity import Role
from haihe.kernel.language import two
from haihe.kernel.notices import (
    ContactAddress,
    Notice,
    NoticeReading,
    mark_read,
    own_notices,
    send_again,
    set_contact,
    unread_count,
)
from haihe.kernel.notices.channels import CHANNELS
from haihe.kernel.permissions import allows, visible
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, Pages, go
from haihe.web.paging import page_of

pages = Pages("messages")
ROWS_A_PAGE = 50


@pages.page("messages/", "messages", permission="notice.read", methods=("GET", "POST"))
def messages(request: AccountRequest) -> HttpResponse:
    """The list; posting to it marks everything as read."""
    mine = own_notices(request.user)
    if request.method == "POST":
        mark_read(request.user, mine)
        return go(request, reverse("messages:messages"))
    read = NoticeReading.objects.filter(notice=OuterRef("pk"), account=request.user)
    rows = mine.annotate(is_read=Exists(read)).select_related("organisation").order_by("is_read", "-created_at", "-pk")
    page = page_of(request, rows, ROWS_A_PAGE)
    content = {
        "page": page, "unread": unread_count(request.user),
        "takes_mail": any(c.name == "smtp" and c.is_configured() for c in CHANNELS), "contact": ContactAddress.objects.filter(account=request.user).first(),
        "failed": _failed(request), "waiting": _waiting(request), "watches": allows(request.user, "notice.watch"),
    }  # fmt: skip
    return render(request, "web/outbox.html", content)


def _failed(request: AccountRequest) -> list[Notice]:
    """For the system administrator: the newest messages that were given up, without their text."""
    if not allows(request.user, "notice.watch"):
        return []
    rows = visible(request.user, Notice.objects.filter(state=Notice.State.GIVEN_UP))
    return list(rows.defer("text_zh", "text_en").select_related("organisation", "account")[:100])


def _waiting(request: AccountRequest) -> int:
    if not allows(request.user, "notice.watch"):
        return 0
    return visible(request.user, Notice.objects.filter(state=Notice.State.WAITING)).count()


@pages.page("messages/contact/", "contact", permission="self.contact", methods=("POST",))
def contact(request: AccountRequest) -> HttpResponse:
    set_contact(request.user, None, email=request.POST.get("email", ""))
    return go(request, reverse("messages:messages"))


@pages.page("messages/<int:pk>/", "open", permission="notice.read")
def open_message(request: AccountRequest, pk: int) -> HttpResponse:
    """Opening a message marks it as read and leads to what it is about."""
    notice = visible_row(request.user, own_notices(request.user), pk)
    mark_read(request.user, Notice.objects.filter(pk=notice.pk))
    is_ours = url_has_allowed_host_and_scheme(notice.link, allowed_hosts=None)
    return go(request, notice.link if is_ours else reverse("messages:messages"))


@pages.page("messages/<int:pk>/again/", "again", permission="notice.send_again", methods=("POST",))
def again(request: AccountRequest, pk: int) -> HttpResponse:
    send_again(request.user, visible_row(request.user, Notice.objects.all(), pk))
    return go(request, reverse("messages:messages"))


pages.in_nav("messages", two("消息", "Messages"), order=25, group="", roles=Role.values, count=unread_count)
