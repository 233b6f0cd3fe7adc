"""`/api/v1/plans/sheets`: taking a fill-in sheet, handing it in, what was found, and the import that a person confirms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile

from haihe.kernel import evidence
from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Role
from haihe.kernel.organisations import get_organisation
from haihe.kernel.permissions import demand, roles_of, unit_paths, visible
from haihe.packs.plans import services
from haihe.packs.plans.api import asker, file_of, pick, receiving
from haihe.packs.plans.models import FilledSheet, Plan

router = Router(tags=["sheets"])
XLSX = evidence.ALLOWED_TYPES[".xlsx"][0]


class SheetOut(Schema):
    """A handed-in sheet: `ready` rows may be imported; `findings` name cell and problem."""

    id: int
    state: str
    ready: int
    findings: list[dict[str, str]]
    received_at: datetime
    applied_at: datetime | None
    applied_rows: int


@router.get("", response=list[SheetOut], summary="Handed-in sheets that this account sees")
def sheets(request: HttpRequest) -> Any:
    return visible(asker(request, "sheet.take"), FilledSheet.objects.all())


@router.get("/fill-in.xlsx", response={200: bytes}, openapi_extra=file_of(XLSX), summary="The fill-in sheet of a unit")
def take(request: HttpRequest, unit: str = Query(..., max_length=120), purpose: str = Query("接口下载", max_length=200)) -> HttpResponse:  # fmt: skip
    account = asker(request, "sheet.take")
    found = get_organisation(unit)
    own = any(found.path.startswith(path) for path in unit_paths(account))
    if not own and Role.SUPERVISOR not in roles_of(account):
        raise NotFound("这不是您的单位。", "This is not your unit.", where=unit)
    return _file(*services.release_sheet(account, found, purpose=purpose))


@router.post("", response=SheetOut, summary="Hand a sheet in: it is checked, nothing is imported")
def hand_in(request: HttpRequest, sheet: File[UploadedFile], files: File[list[UploadedFile]] = []) -> Any:  # noqa: B006
    account = asker(request, "sheet.hand_in")
    demand(account, "sheet.hand_in")
    with receiving(account, [sheet, *files]) as (first, *attachments):
        return services.hand_in(account, None, file=first, attachments=attachments)


@router.get("/{pk}", response=SheetOut, summary="One handed-in sheet and what was found in it")
def sheet(request: HttpRequest, pk: int) -> Any:
    return pick(asker(request, "sheet.take"), FilledSheet.objects.all(), pk)


@router.post("/{pk}/apply", response=SheetOut, summary="Confirm: import the sheet's good rows, all or none")
def apply(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "sheet.apply")
    return services.apply_sheet(account, pick(account, FilledSheet.objects.all(), pk))


@router.get("/{pk}/marked.xlsx", response={200: bytes}, openapi_extra=file_of(XLSX), summary="The sheet with what was found in its cells")  # fmt: skip
def marked(request: HttpRequest, pk: int, purpose: str = Query("接口下载", max_length=200)) -> HttpResponse:
    account = asker(request, "sheet.take")
    row = pick(account, FilledSheet.objects.select_related("file"), pk)
    return _file(*services.release_marked(account, row, purpose=purpose))


def _file(name: str, content: bytes) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


packages = Router(tags=["packages"])


@packages.get("/{pk}/evidence.zip", response={200: bytes}, openapi_extra=file_of("application/zip"), summary="佐证包: a plan's evidence package")  # fmt: skip
def package(request: HttpRequest, pk: int, purpose: str = Query("接口下载", max_length=200)) -> FileResponse:
    account = asker(request, "plan.evidence_package")
    name, path = services.release_package(account, pick(account, Plan.objects.select_related("file__file"), pk), purpose=purpose)  # fmt: skip
    file = path.open("rb")
    path.unlink()
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")
