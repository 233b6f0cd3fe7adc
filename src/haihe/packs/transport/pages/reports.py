"""The page of what a vehicle's terminal sent beside positions, and the file of one report, read with a purpose."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from haihe.packs.transport import services
from haihe.packs.transport.models import Report, Vehicle
from haihe.packs.transport.pages import pages
from haihe.packs.transport.tracks import PURPOSES
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest

SHOWN_IN_BROWSERS = (
    "image/jpeg",
    "application/json",
)  # anything else is only downloaded: a device's bytes are nobody's page


@pages.page("transport/vehicles/<int:pk>/reports/", "reports", permission="report.read")
def reports(request: AccountRequest, pk: int) -> HttpResponse:
    vehicle = visible_row(request.user, Vehicle.objects.select_related("carrier__organisation", "thing"), pk)
    content = {"vehicle": vehicle, "reports": services.reports_of(request.user, vehicle), "purposes": PURPOSES}
    return render(request, "transport/reports.html", content)


@pages.page("transport/reports/<int:pk>/read/", "read_report", permission="report.read", methods=("POST",))
def read_report(request: AccountRequest, pk: int) -> HttpResponse:
    report = visible_row(request.user, Report.objects.select_related("vehicle", "file"), pk)
    name, kind, content = services.release_report(request.user, report, request.POST.get("purpose", ""))
    answer = HttpResponse(content, content_type=kind if kind in SHOWN_IN_BROWSERS else "application/octet-stream")
    answer["Content-Disposition"] = f'{"inline" if kind in SHOWN_IN_BROWSERS else "attachment"}; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
