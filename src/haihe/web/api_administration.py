"""`/api/v1/organisations`, `/accounts`, `/audit`: the administrators' actions for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from ninja import Field, Router, Schema

from haihe.kernel import administration, audit
from haihe.kernel.errors import NotFound
from haihe.kernel.exports import csv_bytes, release
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation, find_organisation, get_organisation, propose_organisations
from haihe.kernel.permissions import ACTIONS, demand, visible

router = Router(tags=["administration"])
KINDS = rf"^({'|'.join(Organisation.Kind.values)})?$"


class OrganisationOut(Schema):
    id: int
    name: str
    short_name: str
    kind: str
    parent_id: int | None
    credit_code: str | None
    area_code: str
    since: date | None
    until: date | None


class OrganisationIn(Schema):
    """`credit_code`: GB 32100-2015; `area_code`: six digits of GB/T 2260."""

    name: str = Field(max_length=120)
    kind: str = Field(default="", pattern=KINDS)
    parent: str | None = None
    short_name: str = Field(default="", max_length=60)
    credit_code: str = Field(default="", max_length=40)
    area_code: str = Field(default="", pattern=r"^(\d{6})?$")


class NameIn(Schema):
    name: str = Field(max_length=120)


class SuccessionIn(Schema):
    successor: str = Field(max_length=120)
    on: date
    source: str = Field(max_length=300)


class MatchOut(Schema):
    """The unit that a name means, or, where no person has said so, what it may mean."""

    name: str
    organisation: OrganisationOut | None
    proposals: list[dict[str, Any]]


class AccountOut(Schema):
    id: int
    username: str
    display_name: str
    organisation_id: int | None
    is_active: bool
    created_at: datetime


class AccountIn(Schema):
    username: str = Field(max_length=60, pattern=r"^[\w.@-]+$")
    display_name: str = Field(max_length=60)
    organisation: str | None = None


class NewAccountOut(AccountOut):
    """`password` is shown this once and must be changed at the first sign-in."""

    password: str


class GrantIn(Schema):
    role: str = Field(json_schema_extra={"enum": [*Role.values]})
    scope: str | None = None
    until: date | None = None


class GrantOut(Schema):
    id: int
    role: str
    scope_id: int | None
    since: date
    until: date | None


class PasteIn(Schema):
    """One unit a line, or parted by 、，；"""

    text: str = Field(max_length=100_000)


class PastedOut(Schema):
    """A pasted name: the unit that it already names, or units that it may mean; `kind` is guessed from its ending."""

    line: int
    name: str
    organisation: OrganisationOut | None
    proposals: list[dict[str, Any]]
    kind: str


class RegisterRow(Schema):
    """`same_as`: the registered unit that this is another name of; without it a new unit is registered."""

    name: str = Field(max_length=120)
    same_as: str | None = None
    kind: str = Field(default="", pattern=KINDS)
    account: bool = False


class RegisterIn(Schema):
    parent: str | None = None
    rows: list[RegisterRow] = Field(max_length=2000)


class RegisteredOut(Schema):
    """`password` is shown this once."""

    name: str
    organisation_id: int
    username: str | None
    password: str | None


class SuccessorIn(Schema):
    successor: str = Field(max_length=60)


class MovedOut(Schema):
    moved: int


class PasswordOut(Schema):
    """Shown this once; it must be changed at the next sign-in."""

    password: str


class RecordOut(Schema):
    id: int
    at: datetime
    actor_name: str
    on_behalf_of: str
    action: str
    object_type: str
    object_id: str
    details: dict[str, Any]


class VerificationOut(Schema):
    ok: bool
    sealed: int
    unsealed: int
    checkpoints: int
    last_checkpoint_at: datetime | None
    problems: list[str]


class ActionOut(Schema):
    name: str
    title_zh: str
    title_en: str
    roles: list[str]
    as_unit: list[str]


def file_of(content_type: str) -> dict[str, Any]:
    """For `openapi_extra`: the answer is a file of this type."""
    return {"responses": {200: {"content": {content_type: {"schema": {"type": "string", "format": "binary"}}}}}}


def asker(request: HttpRequest, permission: str) -> Account:
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def pick(account: Account, rows: QuerySet[Any], pk: int) -> Any:
    found: Model | None = visible(account, rows).filter(pk=pk).first()
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。",
            "There is no such entry, or you may not see it.",
            where=f"{rows.model.__name__} {pk}",
        )
    return found


def account_named(username: str) -> Account:
    """The account of this name; its existence is told only to those whose action needs it."""
    found = Account.objects.filter(username__iexact=username.strip(), is_active=True).first()
    if found is None:
        raise NotFound(
            "没有这个账号。",
            "There is no such account.",
            where=username,
            to_do_zh="请检查账号名。",
            to_do_en="Check the name.",
        )
    return found


@router.get("/organisations", response=list[OrganisationOut], summary="All units")
def organisations(request: HttpRequest) -> Any:
    return visible(asker(request, "organisation.read"), Organisation.objects.all())


@router.post("/organisations", response=OrganisationOut, summary="Register a unit")
def create_organisation(request: HttpRequest, body: OrganisationIn) -> Any:
    account = asker(request, "organisation.create")
    parent = get_organisation(body.parent) if body.parent else None
    return administration.create_organisation(account, None, **{**body.dict(), "parent": parent})


@router.get("/organisations/match", response=MatchOut, summary="The unit that a name means, or proposals")
def match(request: HttpRequest, name: str) -> Any:
    asker(request, "organisation.read")
    proposals = [{"name": p.organisation.name, "likeness": p.likeness} for p in propose_organisations(name)]
    return {"name": name, "organisation": find_organisation(name), "proposals": proposals}


@router.post(
    "/organisations/pasted", response=list[PastedOut], summary="Tell a pasted list of units apart; stores nothing"
)
def pasted(request: HttpRequest, body: PasteIn) -> Any:
    asker(request, "organisation.read")
    return [
        {
            "line": row.line, "name": row.name, "organisation": row.known, "kind": str(row.kind),
            "proposals": [{"name": p.organisation.name, "likeness": p.likeness} for p in row.proposals],
        }
        for row in administration.read_pasted_units(body.text)
    ]  # fmt: skip


@router.post("/organisations/bulk", response=list[RegisteredOut], summary="Register a checked list and make accounts")
def register(request: HttpRequest, body: RegisterIn) -> Any:
    account = asker(request, "organisation.create")
    rows = [
        (row.name, get_organisation(row.same_as) if row.same_as else None, row.kind, row.account) for row in body.rows
    ]
    parent = get_organisation(body.parent) if body.parent else None
    return [
        {
            "name": row.name, "organisation_id": row.organisation.pk, "username": row.account.username if row.account else None,
            "password": row.account.new_password if row.account else None,  # type: ignore[attr-defined]
        }
        for row in administration.register_pasted(account, rows, parent=parent)
    ]  # fmt: skip


@router.post("/organisations/{pk}/aliases", response=NameIn, summary="Confirm another name of a unit")
def add_alias(request: HttpRequest, pk: int, body: NameIn) -> Any:
    account = asker(request, "organisation.read")
    return administration.add_alias(account, pick(account, Organisation.objects.all(), pk), name=body.name)


@router.post(
    "/organisations/{pk}/successions", response=OrganisationOut, summary="Record which unit carries on this one's work"
)
def add_succession(request: HttpRequest, pk: int, body: SuccessionIn) -> Any:
    account = asker(request, "organisation.read")
    unit = pick(account, Organisation.objects.all(), pk)
    return administration.add_succession(
        account, unit, successor=get_organisation(body.successor), on=body.on, source=body.source
    ).successor


@router.get("/accounts", response=list[AccountOut], summary="Accounts (administrators)")
def accounts(request: HttpRequest) -> Any:
    return visible(asker(request, "account.read"), Account.objects.order_by("pk"))


@router.post("/accounts", response=NewAccountOut, summary="Make an account without roles")
def create_account(request: HttpRequest, body: AccountIn) -> Any:
    account = asker(request, "account.create")
    unit = get_organisation(body.organisation) if body.organisation else None
    made = administration.create_account(
        account, None, username=body.username, display_name=body.display_name, organisation=unit
    )
    return {**AccountOut.from_orm(made).dict(), "password": made.new_password}  # type: ignore[attr-defined]


@router.post("/accounts/{pk}/grants", response=GrantOut, summary="Grant a role")
def grant(request: HttpRequest, pk: int, body: GrantIn) -> Any:
    account = asker(request, "role.grant")
    if body.role not in Role.values:
        raise NotFound(f"没有角色 {body.role}。", f"There is no role {body.role}.", where="role")
    scope = get_organisation(body.scope) if body.scope else None
    return administration.grant_role(
        account, pick(account, Account.objects.all(), pk), role=body.role, scope=scope, until=body.until
    )


@router.post("/accounts/{pk}/disable", response={204: None}, summary="Switch an account off")
def disable(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "account.disable")
    administration.disable_account(account, pick(account, Account.objects.all(), pk))
    return 204, None


@router.get("/accounts/{pk}/grants", response=list[GrantOut], summary="The roles that an account has or had")
def grants(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "account.read")
    return pick(account, Account.objects.all(), pk).grants.order_by("pk")


@router.delete("/accounts/{pk}/grants/{grant_id}", response={204: None}, summary="Take a role back")
def revoke(request: HttpRequest, pk: int, grant_id: int) -> Any:
    account = asker(request, "role.revoke")
    administration.revoke_role(account, pick(account, Account.objects.all(), pk), grant_id=grant_id)
    return 204, None


@router.post("/accounts/{pk}/password", response=PasswordOut, summary="A new first password; also unlocks")
def reset_password(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "account.reset_password")
    return {"password": administration.reset_password(account, pick(account, Account.objects.all(), pk))}


@router.post("/accounts/{pk}/hand-over", response=MovedOut, summary="Move a leaver's open work to a successor")
def hand_over(request: HttpRequest, pk: int, body: SuccessorIn) -> Any:
    account = asker(request, "account.hand_over")
    leaver = pick(account, Account.objects.all(), pk)
    return {"moved": administration.hand_over(account, leaver, successor=account_named(body.successor))}


@router.get("/audit", response=list[RecordOut], summary="The audit record, newest first (auditor)")
def records(request: HttpRequest, before: int | None = None, action: str | None = None, limit: int = 100) -> Any:
    rows = visible(asker(request, "audit.read"), audit.AuditRecord.objects.order_by("-pk"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if action:
        rows = rows.filter(action=action)
    return rows[: max(1, min(limit, 1000))]


@router.get(
    "/audit/export.csv",
    summary="The audit record as CSV, for a stated purpose",
    response={200: bytes},
    openapi_extra=file_of("text/csv"),
)
def export(request: HttpRequest, purpose: str, action: str | None = None) -> HttpResponse:
    account = asker(request, "audit.read")
    rows = visible(account, audit.AuditRecord.objects.order_by("-pk"))
    if action:
        rows = rows.filter(action=action)
    head = ("id", "at", "actor", "on_behalf_of", "action", "object", "details")
    content = csv_bytes(
        head,
        (
            (
                r.pk,
                r.at.isoformat(),
                r.actor_name,
                r.on_behalf_of,
                r.action,
                f"{r.object_type} {r.object_id}",
                r.details,
            )
            for r in rows[:50_000]
        ),
    )
    name = f"audit-{timezone.localdate()}.csv"
    release(account, "audit", name, content, purpose=purpose)
    response = HttpResponse(content, content_type="text/csv")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


@router.get("/audit/verification", response=VerificationOut, summary="Verify the audit record (auditor)")
def verification(request: HttpRequest) -> Any:
    asker(request, "audit.read")
    found = audit.verify()
    return {**vars(found), "ok": found.ok}


@router.get("/actions", response=list[ActionOut], summary="Every action and who may do it")
def actions(request: HttpRequest) -> Any:
    return [{**vars(each), "roles": sorted(each.roles), "as_unit": sorted(each.as_unit)} for each in ACTIONS.values()]
