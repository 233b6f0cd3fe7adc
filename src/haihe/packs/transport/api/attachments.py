"""Attachments of an active-safety alert."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from haihe.kernel.alerts.models import Alert
from haihe.kernel.errors import NotFound
from haihe.packs.transport import services
from haihe.packs.transport.api.base import router
from haihe.packs.transport.api.orders import CommandOut
from haihe.web.api_administration import asker, pick


class AskIn(Schema):
    """`address`: under which terminals reach this district; without one that of HAIHE_FEED_ADDRESS."""

    reason: str = Field(max_length=200)
    address: str = Field("", max_length=60)


class UploadOut(Schema):
    """`announced`: files that the alarm has; `reports`: numbers of those received; `orders`: newest first; `port`: null where none receives files."""

    announced: int
    reports: list[int]
    orders: list[CommandOut]
    port: int | None


@router.get("/alerts/{pk}/attachments", response=UploadOut, summary="How far the upload of an alert's attachments is")
def read_upload(request: HttpRequest, pk: int) -> dict[str, Any]:
    account = asker(request, "alert.read")
    upload = services.upload_of(account, pick(account, Alert.objects.all(), pk))
    if upload is None:
        raise NotFound("这条预警没有附件。", "This alert has no attachments.", where=str(pk))
    reports = [report.pk for report in upload.received]
    return {"announced": upload.announced, "reports": reports, "orders": upload.orders, "port": upload.port}


@router.post("/alerts/{pk}/attachments", response=CommandOut, summary="Ask the terminal for an alert's attachments")
def ask_attachments(request: HttpRequest, pk: int, data: AskIn) -> Any:
    account = asker(request, "alert.read")
    alert = pick(account, Alert.objects.all(), pk)
    return services.ask_for_attachments(account, alert, reason=data.reason, address=data.address)
