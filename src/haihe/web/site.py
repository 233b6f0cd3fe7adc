"""Pages that belong to no pack: signing in and out, the password, the way home, files that were handed in."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme

from haihe.kernel import audit
from haihe.kernel.errors import HaiheError, InvalidInput
from haihe.kernel.evidence import EvidenceFile
from haihe.kernel.exports import release
from haihe.kernel.identity import Role, set_password, sign_in
from haihe.kernel.permissions import declare, roles_of
from haihe.web.fields import visible_row
from haihe.web.pages import AccountRequest, Pages

pages = Pages("web")
declare("self.manage", "管理自己的账号", "manage one's own account", roles=Role.values)
declare("evidence.read", "查看附件", "open a handed-in file", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER])

# Types that a browser may show; everything else is handed over as a download.
SHOWN = {"application/pdf", "image/png", "image/jpeg"}


@pages.page("sign-in/", "sign_in", public=True, methods=("GET", "POST"))
def sign_in_page(request: HttpRequest) -> HttpResponse:
    target = request.POST.get("next") or request.GET.get("next") or "/"
    if not url_has_allowed_host_and_scheme(target, allowed_hosts=None):
        target = "/"
    error = None
    if request.method == "POST":
        try:
            account = sign_in(request.POST.get("username", ""), request.POST.get("password", ""))
        except HaiheError as refused:
            error = refused
        else:
            login(request, account, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect(target)
    content = {"error": error, "next": target, "username": request.POST.get("username", "")}
    return render(request, "web/sign_in.html", content, status=403 if error else 200)


@pages.page("sign-out/", "sign_out", public=True, methods=("POST",))
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        audit.record(request.user, "sign_out", request.user)
    logout(request)
    return redirect("web:sign_in")


@pages.page("password/", "password", permission="self.manage", methods=("GET", "POST"))
def password(request: AccountRequest) -> HttpResponse:
    error = None
    if request.method == "POST":
        try:
            if not request.user.check_password(request.POST.get("old", "")):
                raise InvalidInput("原密码不正确。", "The old password is wrong.", where="old")
            if request.POST.get("new") != request.POST.get("again"):
                raise InvalidInput("两次输入的新密码不一致。", "The two new passwords differ.", where="again")
            set_password(request.user, request.POST.get("new", ""))
            audit.record(request.user, "account.change_password", request.user)
            update_session_auth_hash(request, request.user)
            return redirect("web:home")
        except HaiheError as refused:
            error = refused
    return render(request, "web/password.html", {"error": error}, status=422 if error else 200)


@pages.page("language/", "language", public=True, methods=("POST",))
def language(request: HttpRequest) -> HttpResponse:
    chosen = "en" if request.POST.get("language") == "en" else "zh-hans"
    target = request.POST.get("next", "/")
    response = redirect(target if url_has_allowed_host_and_scheme(target, allowed_hosts=None) else "/")
    if request.user.is_authenticated:
        request.user.language = chosen
        request.user.save(update_fields=["language"])
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax")
    return response


@pages.page("", "home", public=True)
def home(request: HttpRequest) -> HttpResponse:
    """Send each account to the first page of its roles; the public to what is public."""
    from haihe.web.urls import ALL_PAGES

    roles = roles_of(request.user) if request.user.is_authenticated else {"public"}
    choices = sorted(choice for each in ALL_PAGES for role, choice in each.home.items() if role in roles)
    if choices:
        return redirect(choices[0][1])
    if not request.user.is_authenticated:
        return redirect("web:sign_in")
    return render(request, "web/welcome.html")


@pages.page("evidence/<int:pk>/", "evidence", permission="evidence.read")
def evidence(request: AccountRequest, pk: int) -> HttpResponse:
    """A handed-in file leaves through the export gate; its hash is checked first."""
    file = visible_row(request.user, EvidenceFile.objects.all(), pk)
    data = file.open_checked()
    release(request.user, "evidence", file.name, data, purpose="查看佐证材料")
    shown = file.content_type in SHOWN
    response = HttpResponse(data, content_type=file.content_type if shown else "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(not shown, file.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox; style-src 'unsafe-inline'"
    return response
