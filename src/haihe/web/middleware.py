"""The web room's middleware: headers, sessions, and answers to Haihe's errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

import structlog
from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation

from haihe.kernel.errors import HaiheError, InvalidInput, NotFound
from haihe.kernel.language import is_english

log = structlog.get_logger()
Handler = Callable[[HttpRequest], HttpResponse]


def tile_origin(address: str) -> str:
    """`https://host[:port]` of an address of map tiles; empty for anything else, and then nothing is let in."""
    found = re.match(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(?=/)", address)
    return found[0] if found else ""


def content_policy(tiles: str) -> str:
    """What pages may load: only this district, and images of the one host whose map tiles the district named."""
    host = f" {origin}" if (origin := tile_origin(tiles)) else ""
    return (
        f"default-src 'self'; img-src 'self' data: blob:{host}; connect-src 'self'{host}; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Nothing loads from elsewhere (but the map tiles that the district named), nothing frames us, nothing is guessed about types."""

    FIXED: ClassVar[dict[str, str]] = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    }

    @classmethod
    def headers(cls) -> dict[str, str]:
        return {"Content-Security-Policy": content_policy(settings.TILES), **cls.FIXED}

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.headers().items():
            response.headers.setdefault(name, value)
        if settings.PUBLIC_URL.startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
        return response


class SessionRules:
    """A session ends a while after the person's last action (live updates do not count), a new account changes its password
    first, and each person reads in the language they chose."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        account = request.user
        if account.is_authenticated:
            translation.activate(account.language)
            request.LANGUAGE_CODE = account.language
            now = int(timezone.now().timestamp())
            by_itself = request.path.startswith("/live/") or "X-Haihe-Live" in request.headers
            if not by_itself and now - request.session.get("seen", 0) > 60:
                request.session["seen"] = now  # saving the session moves its expiry
            allowed = ("/password/", "/sign-out/", "/static/", "/live/")
            if account.must_change_password and not request.path.startswith(allowed):
                return HttpResponseRedirect(reverse("web:password"))
        response = self.get_response(request)
        if account.is_authenticated and not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class OnlyText:
    """Refuses a request with the character NUL in any of its values: no text has it, and PostgreSQL cannot keep it."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return answer_to(request, NOT_TEXT) if _has_nul(request) else self.get_response(request)


NOT_TEXT = InvalidInput(
    "内容含有无法保存的字符，或超出长度。", "There is a character that cannot be kept, or a text is too long.", where="request",
    to_do_zh="请删去不可见字符、缩短后重试。", to_do_en="Remove invisible characters or shorten it, and try again.",
)  # fmt: skip


def _has_nul(request: HttpRequest) -> bool:
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    if request.method != "POST" or request.content_type == "application/json":
        return request.content_type == "application/json" and NUL_IN_JSON.search(request.body) is not None
    return any("\0" in text for _, texts in request.POST.lists() for text in texts)


NUL_IN_JSON = re.compile(rb"\0|(?<!\\)(?:\\\\)*\\u0000")


class ErrorPages:
    """Turns Haihe's errors into an answer: JSON for programs, a sentence in the form for htmx, a page for people."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError):
            log.warning("a value could not be kept", path=request.path, error=str(error))
            error = NOT_TEXT
        return answer_to(request, error) if isinstance(error, HaiheError) else None


def no_such_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: an address that no page has is answered like a row that does not exist."""
    return answer_to(
        request, NotFound("没有这个页面。", "There is no such page.", where=request.path[:80], to_do_zh="请检查网址。", to_do_en="Check the address."),
    )  # fmt: skip


FIELD_NAME = re.compile(r"[a-z][a-z0-9_]*")


def answer_to(request: HttpRequest, error: HaiheError) -> HttpResponse:
    """The one answer to an error: JSON for programs, a sentence for htmx, a page for people."""
    if error.status >= 500:
        log.error("error shown", path=request.path, error=str(error))
    if request.path.startswith("/api/"):
        return JsonResponse({"error": error.as_dict()}, status=error.status)
    # The name of a field is a word of programs: people are led to the field instead.
    field = error.where if FIELD_NAME.fullmatch(error.where) else ""
    content = {
        "error": error,
        "where": "" if field else error.where,
        "what": error.en if is_english() else error.zh,
        "to_do": error.to_do_en if is_english() else error.to_do_zh,
    }
    is_fragment = bool(request.headers.get("HX-Request"))
    response = render(
        request, "web/error_fragment.html" if is_fragment else "web/error.html", content, status=error.status
    )
    if is_fragment:
        response.headers["X-Haihe-Fragment"] = "1"
        response.headers["X-Haihe-Field"] = field
    return response
