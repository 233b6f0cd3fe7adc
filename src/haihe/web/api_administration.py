"""`/api/v1/organisations`, `/accounts`, `/audit`: the administrators' actions for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Field, Router, Schema

from haihe.kernel import administration, audit
from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Account, Role, issue_token
from haihe.kernel.organisations import Organisation, find_organisation, get_organisation, propose_organisations
from haihe.kernel.permissions import ACTIONS, demand, visible

router = Router(tags=["administration"])


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
    kind: str = ""
    parent: str | None = None
    short_name: str = Field(default="", max_length=60)
    credit_code: str = ""
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
    role: str
    scope: str | None = None
    until: date | None = None


class GrantOut(Schema):
    id: int
    role: str
    scope_id: int | None
    since: date
    until: date | None


class TokenIn(Schema):
    name: str = Field(max_length=80)
    days: int = Field(ge=1, le=366)
    may_write: bool = False


class TokenOut(Schema):
    """`secret` is shown this once."""

    id: int
    secret: str
    expires_at: datetime


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


def _asker(request: HttpRequest, permission: str) -> Account:
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def _pick(account: Account, rows: QuerySet[Any], pk: int) -> Any:
    found: Model | None = visible(account, rows).filter(pk=pk).first()
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。",
            "There is no such entry, or you may not see it.",
            where=f"{rows.model.__name__} {pk}",
        )
    return found


@router.get("/organisations", response=list[OrganisationOut], summary="All units")
def organisations(request: HttpRequest) -> Any:
    return visible(_asker(request, "organisation.read"), Organisation.objects.all())


@router.post("/organisations", response=OrganisationOut, summary="Register a unit")
def create_organisation(request: HttpRequest, body: OrganisationIn) -> Any:
    account = _asker(request, "organisation.create")
    parent = get_organisation(body.parent) if body.parent else None
    return administration.create_organisation(account, None, **{**body.dict(), "parent": parent})


@router.get("/organisations/match", response=MatchOut, summary="The unit that a name means, or proposals")
def match(request: HttpRequest, name: str) -> Any:
    _asker(request, "organisation.read")
    proposals = [{"name": p.organisation.name, "likeness": p.likeness} for p in propose_organisations(name)]
    return {"name": name, "organisation": find_organisation(name), "proposals": proposals}


@router.post("/organisations/{pk}/aliases", response=NameIn, summary="Confirm another name of a unit")
def add_alias(request: HttpRequest, pk: int, body: NameIn) -> Any:
    account = _asker(request, "organisation.read")
    return administration.add_alias(account, _pick(account, Organisation.objects.all(), pk), name=body.name)


@router.post(
    "/organisations/{pk}/successions", response=OrganisationOut, summary="Record which unit carries on this one's work"
)
def add_succession(request: HttpRequest, pk: int, body: SuccessionIn) -> Any:
    account = _asker(request, "organisation.read")
    unit = _pick(account, Organisation.objects.all(), pk)
    return administration.add_succession(
        account, unit, successor=get_organisation(body.successor), on=body.on, source=body.source
    ).successor


@router.get("/accounts", response=list[AccountOut], summary="Accounts (administrators)")
def accounts(request: HttpRequest) -> Any:
    return visible(_asker(request, "account.read"), Account.objects.order_by("pk"))


@router.post("/accounts", response=NewAccountOut, summary="Make an account without roles")
def create_account(request: HttpRequest, body: AccountIn) -> Any:
    account = _asker(request, "account.create")
    unit = get_organisation(body.organisation) if body.organisation else None
    made = administration.create_account(
        account, None, username=body.username, display_name=body.display_name, organisation=unit
    )
    return {**AccountOut.from_orm(made).dict(), "password": made.new_password}  # type: ignore[attr-defined]


@router.post("/accounts/{pk}/grants", response=GrantOut, summary="Grant a role")
def grant(request: HttpRequest, pk: int, body: GrantIn) -> Any:
    account = _asker(request, "role.grant")
    if body.role not in Role.values:
        raise NotFound(f"没有角色 {body.role}。", f"There is no role {body.role}.", where="role")
    scope = get_organisation(body.scope) if body.scope else None
    return administration.grant_role(
        account, _pick(account, Account.objects.all(), pk), role=body.role, scope=scope, until=body.until
    )


@router.post("/accounts/{pk}/disable", response={204: None}, summary="Switch an account off")
def disable(request: HttpRequest, pk: int) -> Any:
    account = _asker(request, "account.disable")
    administration.disable_account(account, _pick(account, Account.objects.all(), pk))
    return 204, None


@router.post("/me/tokens", response=TokenOut, summary="A token for a program of one's own")
def token(request: HttpRequest, body: TokenIn) -> Any:
    account = _asker(request, "self.manage")
    made, secret = issue_token(account, body.name, days=body.days, may_write=body.may_write)
    return {"id": made.pk, "secret": secret, "expires_at": made.expires_at}


@router.get("/audit", response=list[RecordOut], summary="The audit record, newest first (auditor)")
def records(request: HttpRequest, before: int | None = None, action: str | None = None, limit: int = 100) -> Any:
    rows = visible(_asker(request, "audit.read"), audit.AuditRecord.objects.order_by("-pk"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if action:
        rows = rows.filter(action=action)
    return rows[: max(1, min(limit, 1000))]


@router.get("/audit/verification", response=VerificationOut, summary="Verify the audit record (auditor)")
def verification(request: HttpRequest) -> Any:
    _asker(request, "audit.read")
    found = audit.verify()
    return {**vars(found), "ok": found.ok}


@router.get("/actions", response=list[ActionOut], summary="Every action and who may do it")
def actions(request: HttpRequest) -> Any:
    return [{**vars(each), "roles": sorted(each.roles), "as_unit": sorted(each.as_unit)} for each in ACTIONS.values()]
