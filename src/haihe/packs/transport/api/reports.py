"""What terminals sent beside positions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from haihe.packs.transport import services
from haihe.packs.transport.api.base import router
from haihe.packs.transport.models import Report, Vehicle
from haihe.web.api_administration import asker, file_of, pick


class ReportOut(Schema):
    """`kind`: media, card, waybill or event; `issue`: what was odd about it."""

    id: int
    kind: str
    received_at: datetime
    issue: str
    keep_until: date
    file: str | None


@router.get(
    "/vehicles/{pk}/reports", response=list[ReportOut], summary="What the vehicle's terminal sent beside positions"
)
def list_reports(request: HttpRequest, pk: int) -> list[dict[str, Any]]:
    account = asker(request, "report.read")
    rows = services.reports_of(account, pick(account, Vehicle.objects.all(), pk))
    names = ReportOut.model_fields.keys() - {"file"}
    return [
        {name: getattr(row, name) for name in names} | {"file": row.file.name if row.file else None} for row in rows
    ]


@router.post(
    "/reports/{pk}/read",
    openapi_extra=file_of("application/octet-stream"),
    summary="A report's file or content; the purpose is recorded",
)
def read_report(request: HttpRequest, pk: int, purpose: str) -> HttpResponse:
    """`purpose`: supervision, check, accident, complaint or own."""
    account = asker(request, "report.read")
    name, kind, content = services.release_report(account, pick(account, Report.objects.all(), pk), purpose)
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
