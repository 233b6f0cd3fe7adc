"""填报表: taking the sheet, handing it in, seeing what was found, confirming."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header

from haihe.kernel import evidence
from haihe.kernel.errors import InvalidInput
from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick as in_language
from haihe.kernel.language import two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import demand, roles_of, unit_paths, visible
from haihe.packs.plans import services
from haihe.packs.plans.models import FilledSheet
from haihe.packs.plans.pages.base import pages
from haihe.web.fields import id_in, visible_row
from haihe.web.pages import AccountRequest, go

XLSX = evidence.ALLOWED_TYPES[".xlsx"][0]


def units_to_fill(account: Account) -> QuerySet[Organisation]:
    """Units with tasks whose sheet the account may take: its own, every one for the supervision office."""
    rows = Organisation.objects.filter(task_units__isnull=False).distinct()
    if Role.SUPERVISOR in roles_of(account):
        return rows
    paths = unit_paths(account)
    return rows.filter(pk__in=[row.pk for row in rows if any(row.path.startswith(path) for path in paths)])


@pages.page("fill-in/", "fill_in", permission="sheet.take")
def fill_in(request: AccountRequest) -> HttpResponse:
    content = {
        "units": units_to_fill(request.user), "is_officer": Role.OFFICER in roles_of(request.user),
        "sheets": visible(request.user, FilledSheet.objects.select_related("file", "organisation", "account"))[:50],
    }  # fmt: skip
    return render(request, "plans/fill_in.html", content)


@pages.page("fill-in/take/", "fill_in_take", permission="sheet.take", methods=("POST",))
def fill_in_take(request: AccountRequest) -> HttpResponse:
    unit = units_to_fill(request.user).filter(pk=id_in(request.POST.get("unit")) or 0).first()
    if unit is None:
        raise InvalidInput("请选择单位。", "Choose a unit.", where="unit")
    return _download(*services.release_sheet(request.user, unit, purpose="填报"))


@pages.page("fill-in/hand-in/", "fill_in_hand_in", permission="sheet.hand_in", methods=("POST",))
def fill_in_hand_in(request: AccountRequest) -> HttpResponse:
    sheets = request.FILES.getlist("sheet")
    if len(sheets) != 1:
        raise InvalidInput("请选择一份填报表。", "Choose one fill-in sheet.", where="sheet")
    demand(request.user, "sheet.hand_in")
    wanted = [(file.name or "sheet.xlsx", file.chunks()) for file in (*sheets, *request.FILES.getlist("files"))]
    with evidence.receiving(request.user, wanted) as (sheet, *attachments):
        row = services.hand_in(request.user, None, file=sheet, attachments=attachments)
    return go(request, reverse("plans:fill_in_sheet", args=[row.pk]))


@pages.page("fill-in/<int:pk>/", "fill_in_sheet", permission="sheet.take")
def fill_in_sheet(request: AccountRequest, pk: int) -> HttpResponse:
    row = visible_row(request.user, FilledSheet.objects.select_related("file", "organisation", "account"), pk)
    may_apply = row.account_id == request.user.pk and row.state == FilledSheet.State.CHECKED and row.ready
    findings = [(f["cell"].rstrip("x") if not f["cell"].endswith("x") else "—", in_language(f["zh"], f["en"])) for f in row.findings]  # fmt: skip
    return render(request, "plans/fill_in_sheet.html", {"sheet": row, "may_apply": may_apply, "findings": findings})


@pages.page("fill-in/<int:pk>/apply/", "fill_in_apply", permission="sheet.apply", methods=("POST",))
def fill_in_apply(request: AccountRequest, pk: int) -> HttpResponse:
    row = services.apply_sheet(request.user, visible_row(request.user, FilledSheet.objects.all(), pk))
    messages.success(request, in_language(f"已导入 {row.applied_rows} 行。", f"{row.applied_rows} rows were imported."))
    return go(request, reverse("plans:fill_in_sheet", args=[pk]))


@pages.page("fill-in/<int:pk>/marked/", "fill_in_marked", permission="sheet.take", methods=("POST",))
def fill_in_marked(request: AccountRequest, pk: int) -> HttpResponse:
    row = visible_row(request.user, FilledSheet.objects.select_related("file"), pk)
    return _download(*services.release_marked(request.user, row, purpose="填报更正"))


def _download(name: str, content: bytes) -> HttpResponse:
    """The bytes of a file that `release_…` of the services recorded."""
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


pages.in_nav("fill_in", two("填报表", "Fill-in sheet"), order=18, group="plan", roles=["officer", "supervisor"])
