"""The card on an active-safety alert's page: its attachments are asked for, and how far their upload is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse

from haihe.kernel.alerts.models import Alert
from haihe.kernel.language import pick
from haihe.kernel.permissions import allows
from haihe.packs.transport import services
from haihe.packs.transport.pages import pages
from haihe.packs.transport.pages.orders import named
from haihe.web.alerts import CARD_OF_RULE
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, go


def _card(request: AccountRequest, alert: Alert) -> tuple[str, dict[str, Any]] | None:
    upload = services.upload_of(request.user, alert)
    if upload is None:
        return None
    orders = named(upload.orders)
    may_read = allows(request.user, "report.read", upload.vehicle)
    content = {"upload": upload, "orders": orders, "may_read": may_read}
    return "transport/alert_attachments.html", content


CARD_OF_RULE["transport.active_safety"] = _card


@pages.page(
    "transport/alerts/<int:pk>/attachments/", "ask_attachments", permission="vehicle.order_guarded", methods=("POST",)
)
def ask_attachments(request: AccountRequest, pk: int) -> HttpResponse:
    alert = visible_row(request.user, Alert.objects.select_related("thing"), pk)
    given = request.POST
    services.ask_for_attachments(request.user, alert, reason=given.get("reason", ""), address=given.get("address", ""))
    messages.success(request, pick("已排队，终端在线时下发。", "Queued: it is sent as soon as the terminal is connected."))  # fmt: skip
    return go(request, reverse("web:alert", args=[pk]))
