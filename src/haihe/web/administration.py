"""Pages of the three administrators (units and accounts, roles, audit), and everybody's own account."""

from __future__ import annotations

import csv
import io
from datetime import date

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from haihe.kernel import administration, audit
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.exports import release
from haihe.kernel.identity import Account, ApiToken, Role, RoleGrant, issue_token
from haihe.kernel.language import pick, two
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import ACTIONS, visible
from haihe.web.fields import day_from, id_in, ids_in, is_given, row_or_none, visible_row
from haihe.web.pages import AccountRequest, Pages, go

pages = Pages("admin")
ROWS_A_PAGE = 100


def _unit(request: AccountRequest, name: str) -> Organisation | None:
    """The unit chosen in an optional field."""
    found: Organisation | None = row_or_none(request.user, Organisation.objects.all(), request.POST.get(name))
    return found


def _account(request: AccountRequest, pk: int) -> Account:
    found: Account = visible_row(request.user, Account.objects.all(), pk)
    return found


def _day(request: AccountRequest, name: str) -> date | None:
    """The day in an optional field."""
    return day_from(request, name) if is_given(request, name) else None


# --- units ----------------------------------------------------------------------------------------------------------


@pages.page("units/", "units", permission="organisation.read")
def units(request: AccountRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    rows = visible(request.user, Organisation.objects.prefetch_related("aliases", "successions__successor"))
    if words:
        rows = rows.filter(
            Q(name__contains=words) | Q(short_name__contains=words) | Q(aliases__name__contains=words)
        ).distinct()
    found = [{"unit": unit, "depth": max(0, unit.path.count("/") - 2)} for unit in rows]
    return render(request, "web/admin_units.html", {"rows": found, "q": words, "kinds": Organisation.Kind.choices})


@pages.page("units/new/", "new_unit", permission="organisation.create", methods=("POST",))
def new_unit(request: AccountRequest) -> HttpResponse:
    administration.create_organisation(
        request.user, None, name=request.POST.get("name", ""), kind=request.POST.get("kind", ""), parent=_unit(request, "parent"),
        short_name=request.POST.get("short_name", ""), credit_code=request.POST.get("credit_code", ""), area_code=request.POST.get("area_code", ""),
    )  # fmt: skip
    return go(request, reverse("admin:units"))


@pages.page("units/<int:pk>/alias/", "alias", permission="organisation.alias", methods=("POST",))
def alias(request: AccountRequest, pk: int) -> HttpResponse:
    administration.add_alias(
        request.user, visible_row(request.user, Organisation.objects.all(), pk), name=request.POST.get("name", "")
    )
    return go(request, reverse("admin:units"))


@pages.page("units/<int:pk>/successor/", "successor", permission="organisation.succeed", methods=("POST",))
def successor(request: AccountRequest, pk: int) -> HttpResponse:
    heir, on = _unit(request, "successor"), _day(request, "on")
    if heir is None or on is None:
        raise InvalidInput("请选择承接单位和日期。", "Choose the successor and the day.", where="successor")
    administration.add_succession(
        request.user,
        visible_row(request.user, Organisation.objects.all(), pk),
        successor=heir,
        on=on,
        source=request.POST.get("source", ""),
    )
    return go(request, reverse("admin:units"))


@pages.page("units/paste/", "paste", permission="organisation.create", methods=("GET", "POST"))
def paste(request: AccountRequest) -> HttpResponse:
    """Paste a list of units: what is known, what is likely the same, what is new; then register all and make accounts."""
    text = request.POST.get("text", "")
    rows = administration.read_pasted_units(text) if text else []
    content = {
        "text": text,
        "rows": rows,
        "kinds": Organisation.Kind.choices,
        "organisations": visible(request.user, Organisation.objects.all()),
    }
    if request.method == "POST" and request.POST.get("step") == "register":
        return render(request, "web/admin_passwords.html", {"made": _register(request, rows), "district_sheet": True})
    return render(request, "web/admin_paste.html", content)


def _register(request: AccountRequest, rows: list[administration.PastedUnit]) -> list[dict[str, str]]:
    """All of it in one transaction: units, aliases that the person chose, and an account for each where wanted."""
    made = []
    parent = _unit(request, "parent")
    with transaction.atomic():
        for number, row in enumerate(rows):
            choice = request.POST.get(f"choice-{number}", "skip")
            if row.known is not None:
                unit = row.known
            elif choice == "new":
                unit = administration.create_organisation(
                    request.user, None, name=row.name, kind=request.POST.get(f"kind-{number}", row.kind), parent=parent
                )
            elif choice.isdigit():
                unit = visible_row(request.user, Organisation.objects.all(), choice)
                administration.add_alias(request.user, unit, name=row.name)
            else:
                continue
            if request.POST.get(f"account-{number}"):
                username = administration.propose_username(unit)
                account = administration.create_account(
                    request.user,
                    None,
                    username=username,
                    display_name=pick(f"{unit}联络员", f"{unit} officer"),
                    organisation=unit,
                )
                made.append({"unit": str(unit), "username": username, "password": account.new_password})  # type: ignore[attr-defined]
    return made


# --- accounts and roles ---------------------------------------------------------------------------------------------


@pages.page("accounts/", "accounts", permission="account.read")
def accounts(request: AccountRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    rows = visible(
        request.user, Account.objects.select_related("organisation").prefetch_related("grants__scope")
    ).order_by("-is_active", "pk")
    if words:
        rows = rows.filter(
            Q(username__icontains=words) | Q(display_name__contains=words) | Q(organisation__name__contains=words)
        )
    without = [
        account for account in rows if account.is_active and not account.grants.all() and account.username != "operator"
    ]
    content = {
        "rows": rows,
        "q": words,
        "roles": Role.choices,
        "organisations": visible(request.user, Organisation.objects.all()),
        "without": without,
    }
    return render(request, "web/admin_accounts.html", content)


@pages.page("accounts/new/", "new_account", permission="account.create", methods=("POST",))
def new_account(request: AccountRequest) -> HttpResponse:
    username = request.POST.get("username", "").strip()
    made = administration.create_account(
        request.user,
        None,
        username=username,
        display_name=request.POST.get("display_name", ""),
        organisation=_unit(request, "organisation"),
    )
    shown = [{"unit": str(made.organisation or ""), "username": username, "password": made.new_password}]  # type: ignore[attr-defined]
    return render(request, "web/admin_passwords.html", {"made": shown})


@pages.page("accounts/bulk-officers/", "bulk_officers", permission="role.grant", methods=("POST",))
def bulk_officers(request: AccountRequest) -> HttpResponse:
    """Make officers of all ticked accounts, each for its own unit."""
    with transaction.atomic():
        for pk in ids_in(request, "account"):
            administration.grant_role(request.user, _account(request, pk), role=Role.OFFICER)
    return go(request, reverse("admin:accounts"))


@pages.page("accounts/<int:pk>/<str:step>/", "account_step", permission="account.read", methods=("POST",))
def account_step(request: AccountRequest, pk: int, step: str) -> HttpResponse:
    """One step on one account; the action itself asks for its permission."""
    other = _account(request, pk)
    if step == "disable":
        administration.disable_account(request.user, other)
    elif step == "reset":
        password = administration.reset_password(request.user, other)
        return render(
            request,
            "web/admin_passwords.html",
            {"made": [{"unit": str(other.organisation or ""), "username": other.username, "password": password}]},
        )
    elif step == "grant":
        administration.grant_role(
            request.user,
            other,
            role=request.POST.get("role", ""),
            scope=_unit(request, "scope"),
            until=_day(request, "until"),
        )
    elif step == "revoke":
        administration.revoke_role(request.user, other, grant_id=id_in(request.POST.get("grant")) or 0)
    elif step == "hand-over":
        heir = Account.objects.filter(username__iexact=request.POST.get("successor", "").strip()).first()
        if heir is None:
            raise InvalidInput("没有这个账号。", "There is no such account.", where="successor")
        moved = administration.hand_over(request.user, other, successor=heir)
        messages.success(request, pick(f"已移交 {moved} 项在办工作。", f"{moved} open things were handed over."))
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("admin:accounts"))


# --- audit ----------------------------------------------------------------------------------------------------------


def _records(request: AccountRequest) -> QuerySet[audit.AuditRecord]:
    rows = visible(request.user, audit.AuditRecord.objects.order_by("-pk"))
    chosen = request.POST if request.method == "POST" else request.GET
    if chosen.get("action"):
        rows = rows.filter(action=chosen["action"])
    if chosen.get("actor"):
        rows = rows.filter(actor_name=chosen["actor"])
    if chosen.get("object"):
        rows = rows.filter(object_id=chosen["object"])
    if before := id_in(chosen.get("before")):
        rows = rows.filter(pk__lt=before)
    return rows


@pages.page("audit/", "audit", permission="audit.read", methods=("GET", "POST"))
def audit_page(request: AccountRequest) -> HttpResponse:
    """The record, newest first; POST runs the verification."""
    rows = list(_records(request)[:ROWS_A_PAGE])
    content = {
        "rows": rows, "actions": sorted(ACTIONS.values(), key=lambda a: a.name), "chosen": request.GET, "more": rows[-1].pk if len(rows) == ROWS_A_PAGE else None,
        "verification": audit.verify() if request.method == "POST" else None,
    }  # fmt: skip
    return render(request, "web/admin_audit.html", content)


@pages.page("audit/export/", "audit_export", permission="audit.read", methods=("POST",))
def audit_export(request: AccountRequest) -> HttpResponse:
    """The filtered record as CSV, through the export gate and only for a stated purpose."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("id", "at", "actor", "on_behalf_of", "action", "object", "details"))
    for row in _records(request)[:50_000]:
        cells = (
            row.pk,
            row.at.isoformat(),
            row.actor_name,
            row.on_behalf_of,
            row.action,
            f"{row.object_type} {row.object_id}",
            row.details,
        )
        # A cell that begins like a formula would be run by a spreadsheet.
        writer.writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "-", "@") else cell for cell in cells])
    content = buffer.getvalue().encode("utf-8-sig")
    name = f"audit-{timezone.localdate()}.csv"
    release(request.user, "audit", name, content, purpose=request.POST.get("purpose", ""))
    response = HttpResponse(content, content_type="text/csv")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


# --- one's own account ----------------------------------------------------------------------------------------------


@pages.page("account/", "me", permission="self.manage")
def me(request: AccountRequest) -> HttpResponse:
    account = request.user
    own = audit.AuditRecord.objects.filter(
        Q(actor_id=account.pk) | Q(object_type="kernel.account", object_id=str(account.pk))
    ).order_by("-pk")[:50]
    content = {
        "grants": account.grants_on(), "deputies": account.deputies.filter(revoked_at=None).select_related("deputy"), "tokens": account.tokens.filter(revoked_at=None),
        "records": own, "today": timezone.localdate(), "colleagues": Account.objects.filter(organisation=account.organisation, is_active=True).exclude(pk=account.pk),
        "may_deputise": RoleGrant.holding().filter(account=account, role__in=(Role.OFFICER, Role.SUPERVISOR)).exists(),
    }  # fmt: skip
    return render(request, "web/admin_me.html", content)


@pages.page("account/<str:step>/", "me_step", permission="self.manage", methods=("POST",))
def me_step(request: AccountRequest, step: str) -> HttpResponse:
    account = request.user
    if step == "deputy":
        deputy = Account.objects.filter(username__iexact=request.POST.get("deputy", "").strip(), is_active=True).first()
        since, until = _day(request, "since"), _day(request, "until")
        if deputy is None or since is None or until is None:
            raise InvalidInput(
                "请填写代岗人账号和起止日期。", "Name the deputy's account and the days.", where="deputy"
            )
        administration.appoint_deputy(
            account, account, deputy=deputy, since=since, until=until, reason=request.POST.get("reason", "")
        )
    elif step == "token":
        days = request.POST.get("days", "")
        token, secret = issue_token(
            account,
            request.POST.get("name", "") or "API",
            days=id_in(days) or 0,
            may_write=bool(request.POST.get("may_write")),
        )
        return render(request, "web/admin_token.html", {"token": token, "secret": secret})
    elif step == "revoke-token":
        revoked = ApiToken.objects.filter(pk=id_in(request.POST.get("token")) or 0, account=account).first()
        if revoked is None:
            raise NotFound("没有这个令牌。", "There is no such token.", where="token")
        administration.revoke_token(account, revoked)
    else:
        raise InvalidInput("没有这一步。", "There is no such step.", where=step)
    return go(request, reverse("admin:me"))


_ADMINS = [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN]
pages.in_nav("units", two("单位", "Units"), order=210, roles=[*_ADMINS, Role.SUPERVISOR])
pages.in_nav("accounts", two("账号与角色", "Accounts and roles"), order=220, roles=_ADMINS)
pages.in_nav("audit", two("审计记录", "Audit record"), order=230, roles=[Role.AUDITOR])
pages.in_nav("me", two("我的账号", "My account"), order=900, roles=Role.values)
pages.first_page_of(Role.SYSTEM_ADMIN, "units", order=60)
pages.first_page_of(Role.SECURITY_ADMIN, "accounts", order=60)
pages.first_page_of(Role.AUDITOR, "audit", order=60)
