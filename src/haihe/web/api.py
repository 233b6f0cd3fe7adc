"""`/api/v1`: the same actions as the pages, for programs. Packs bring routers in their api.py; OpenAPI at /api/v1/openapi.json.

Authentication is a token (Authorization: Bearer hh_…) or the session of a signed-in person (with CSRF token for changes).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.docs import DocsBase
from ninja.security import HttpBearer, SessionAuth

from haihe import __version__
from haihe.kernel.errors import HaiheError, NotAllowed
from haihe.kernel.identity import Account, find_token
from haihe.kernel.packs import find_module, loaded_packs
from haihe.kernel.permissions import roles_of
from haihe.web import (
    api_account,
    api_administration,
    api_alerts,
    api_cases,
    api_registers,
    api_rosters,
    api_search,
    systems,
)
from haihe.web.middleware import NOT_TEXT


class TokenAuth(HttpBearer):
    """A read-only token may only ask; what it may ask is its account's business."""

    def authenticate(self, request: HttpRequest, token: str) -> Account | None:
        found = find_token(token)
        if found is None or found.account.must_change_password:
            return None
        if not found.may_write and request.method not in ("GET", "HEAD", "OPTIONS"):
            raise NotAllowed(
                "该令牌只读。",
                "This token may only read.",
                to_do_zh="请使用可写令牌。",
                to_do_en="Use a token that may write.",
            )
        request.user = found.account
        return found.account


class PersonAuth(SessionAuth):
    """The session cookie; ninja checks the CSRF token on changes. Without a cookie there is nothing to check."""

    def _get_key(self, request: HttpRequest) -> str | None:
        return super()._get_key(request) if self.param_name in request.COOKIES else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Account | None:
        account = request.user
        return (
            account if isinstance(account, Account) and account.is_active and not account.must_change_password else None
        )


class OwnDocs(DocsBase):
    """Swagger UI from our own static files; ninja's own page would load from elsewhere."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        return render(request, "web/api_docs.html", {"openapi_url": self.get_openapi_url(api, kwargs)})


class Problem(Schema):
    """The envelope of every error: {"error": {code, message_zh, message_en, where, to_do_zh, to_do_en}}."""

    error: dict[str, Any]


class Me(Schema):
    """The account that asks."""

    username: str
    display_name: str
    organisation: str | None
    roles: list[str]


router = Router(tags=["haihe"])


@router.get("/me", response=Me, summary="The account that asks, and its roles")
def me(request: HttpRequest) -> dict[str, Any]:
    account: Account = request.auth  # type: ignore[attr-defined]
    organisation = account.organisation.name if account.organisation else None
    return {
        "username": account.username,
        "display_name": account.display_name,
        "organisation": organisation,
        "roles": sorted(roles_of(account)),
    }


@router.get("/health", auth=None, summary="Whether the server answers and its database can be read")
def health(request: HttpRequest) -> dict[str, Any]:
    return {"status": "ok", "version": __version__, "accounts_exist": Account.objects.exists()}


class DescribedAPI(NinjaAPI):
    """Every operation also says in which envelope its errors come."""

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        described = super().get_openapi_schema(**kwargs)
        described["components"].setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in described["paths"].values():
            for operation in methods.values():
                _name_file_type(operation["responses"].get(200, {}).get("content", {}))
                operation["responses"]["default"] = {"description": "What, where and what to do", "content": content}
        return described


def _name_file_type(content: dict[str, Any]) -> None:
    """An operation that hands over a file says so in `openapi_extra`; ninja itself would call every answer JSON."""
    if len(content) > 1:
        content.pop("application/json")


def build_api() -> NinjaAPI:
    """The API with the routers of all loaded packs."""
    api = DescribedAPI(
        title="Haihe 海河", version=__version__, description=f"{settings.DISTRICT} · /api/v1", urls_namespace="api-v1",
        auth=[TokenAuth(), PersonAuth(csrf=True)], docs=OwnDocs(), docs_url="/docs",
    )  # fmt: skip

    @api.exception_handler(HaiheError)
    def haihe_error(request: HttpRequest, error: HaiheError) -> HttpResponse:
        return api.create_response(request, {"error": error.as_dict()}, status=error.status)

    @api.exception_handler(DataError)
    def unstorable(request: HttpRequest, error: DataError) -> HttpResponse:
        return haihe_error(request, NOT_TEXT)

    @api.exception_handler(HttpError)
    def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        signed_out = isinstance(error, AuthenticationError)
        zh, en = ("请先登录或出示令牌。", "Sign in or show a token.") if signed_out else ("请求无法处理。", str(error))
        told = HaiheError(
            zh,
            en,
            where=request.path[:80],
            to_do_zh="请对照 /api/v1/docs 更正。",
            to_do_en="Compare it with /api/v1/docs.",
        )
        code = "not_signed_in" if signed_out else "invalid_request"
        return api.create_response(request, {"error": {**told.as_dict(), "code": code}}, status=error.status_code)

    @api.exception_handler(ValidationError)
    def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors[:5])
        told = HaiheError("请求内容不符合接口定义。", "The request does not fit the interface.", where=where,
                          to_do_zh="请对照 /api/v1/docs 更正。", to_do_en="Compare it with /api/v1/docs.").as_dict()  # fmt: skip
        return api.create_response(request, {"error": {**told, "code": "invalid_input"}}, status=422)

    api.add_router("", router)
    api.add_router("", api_administration.router)
    api.add_router("", api_cases.router)
    api.add_router("", api_alerts.router)
    api.add_router("", api_search.router)
    api.add_router("", api_registers.router)
    api.add_router("", api_rosters.router)
    api.add_router("", api_account.router)
    api.add_router("", systems.router)
    for pack in loaded_packs():
        module = find_module(pack, "api")
        if module is not None:
            api.add_router(f"/{pack.pack}", module.router)
    return api
