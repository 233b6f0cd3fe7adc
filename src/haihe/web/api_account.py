"""`/api/v1/me`, `/evidence`: what everybody does with their own account, and files that were handed in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Field, Query, Router, Schema

from haihe.kernel import administration, audit
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import release
from haihe.kernel.identity import issue_token, set_password
from haihe.web.api_administration import account_named, asker, file_of, pick

router = Router(tags=["own account"])


class TokenIn(Schema):
    name: str = Field(max_length=80)
    days: int = Field(ge=1, le=366)
    may_write: bool = False


class TokenOut(Schema):
    """`secret` is shown this once."""

    id: int
    secret: str
    expires_at: datetime


class KnownTokenOut(Schema):
    """A token that still holds, without its secret, which is kept nowhere."""

    id: int
    name: str
    may_write: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class PasswordIn(Schema):
    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


class LanguageIn(Schema):
    language: str = Field(pattern="^(zh-hans|en)$")


class DeputyIn(Schema):
    """`principal`: somebody else, for the security administrator; without it, the account that asks."""

    deputy: str = Field(max_length=60)
    principal: str | None = Field(default=None, max_length=60)
    since: date
    until: date
    reason: str = Field(default="", max_length=200)


class DeputyOut(Schema):
    id: int
    principal: str
    deputy: str
    since: date
    until: date
    reason: str


@router.get("/me/tokens", response=list[KnownTokenOut], summary="One's own tokens that still hold")
def tokens(request: HttpRequest) -> Any:
    return asker(request, "self.manage").tokens.filter(revoked_at=None).order_by("pk")


@router.post("/me/tokens", response=TokenOut, summary="A token for a program of one's own")
def token(request: HttpRequest, body: TokenIn) -> Any:
    account = asker(request, "self.manage")
    made, secret = issue_token(account, body.name, days=body.days, may_write=body.may_write)
    return {"id": made.pk, "secret": secret, "expires_at": made.expires_at}


@router.delete("/me/tokens/{pk}", response={204: None}, summary="Revoke a token of one's own")
def revoke_token(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "self.manage")
    found = account.tokens.filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这个令牌。", "There is no such token.", where=f"token {pk}")
    administration.revoke_token(account, found)
    return 204, None


@router.post("/me/password", response={204: None}, summary="Change one's own password")
def password(request: HttpRequest, body: PasswordIn) -> Any:
    account = asker(request, "self.manage")
    if not account.check_password(body.old):
        raise InvalidInput("原密码不正确。", "The old password is wrong.", where="old",
                           to_do_zh="请重新输入。", to_do_en="Try again.")  # fmt: skip
    set_password(account, body.new)
    audit.record(account, "account.change_password", account)
    return 204, None


@router.post("/me/language", response={204: None}, summary="The language in which one's pages are shown")
def language(request: HttpRequest, body: LanguageIn) -> Any:
    account = asker(request, "self.manage")
    account.language = body.language
    account.save(update_fields=["language"])
    return 204, None


@router.get("/me/deputies", response=list[DeputyOut], summary="Who stands in for this account")
def deputies(request: HttpRequest) -> Any:
    rows = asker(request, "self.manage").deputies.filter(revoked_at=None).select_related("principal", "deputy")
    return [_deputy_out(row) for row in rows]


def _deputy_out(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk, "principal": row.principal.username, "deputy": row.deputy.username, "since": row.since, "until": row.until,
        "reason": row.reason,
    }  # fmt: skip


@router.post("/me/deputies", response=DeputyOut, summary="A/B岗: appoint a deputy")
def appoint(request: HttpRequest, body: DeputyIn) -> Any:
    account = asker(request, "deputy.appoint")
    principal = account_named(body.principal) if body.principal else account
    made = administration.appoint_deputy(
        account, principal, deputy=account_named(body.deputy), since=body.since, until=body.until, reason=body.reason
    )
    return _deputy_out(made)


@router.get(
    "/evidence/{pk}",
    summary="A handed-in file, through the export gate",
    response={200: bytes},
    openapi_extra=file_of("application/octet-stream"),
)
def evidence(request: HttpRequest, pk: int, purpose: str = Query("接口下载", max_length=200)) -> HttpResponse:
    account = asker(request, "evidence.read")
    file = pick(account, EvidenceFile.objects.all(), pk)
    data = file.open_checked()
    release(account, "evidence", file.name, data, purpose=purpose)
    response = HttpResponse(data, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    return response
