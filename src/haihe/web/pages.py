"""How a pack shows pages: `pages = Pages("plans")` in its pages.py, and functions declared with @pages.page.

A page names the permission that opens it, or says that it is public. Errors of Haihe raised by a page become a clear answer by
themselves: a sentence inside the form for htmx (what was typed stays), a page with what, where and what to do otherwise.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_http_methods

from haihe.kernel.identity import Account
from haihe.kernel.language import pick
from haihe.kernel.permissions import ACTIONS, asking_once, demand, roles_of

View = Callable[..., HttpResponse]

# The navigation in groups, in order. What somebody has to do every day stands first, without a heading; a phone shows that alone
# and the rest behind one button.
GROUPS = {
    "": ("", ""), "plan": ("计划", "Plan"), "registers": ("登记", "Registers"), "coordination": ("协调", "Coordination"),
    "supervision": ("监管", "Supervision"), "administration": ("管理", "Administration"),
}  # fmt: skip


class AccountRequest(HttpRequest):
    """A request whose `user` is a signed-in account (pages that are not public get nothing else)."""

    user: Account


@dataclass(frozen=True)
class NavEntry:
    """A line of the navigation, shown to accounts with one of the roles."""

    url_name: str
    title: str
    order: int
    roles: frozenset[str]
    group: str = ""
    count: Callable[[Account], int] | None = None  # shown beside the title where it is not zero

    @property
    def address(self) -> str:
        return _address(self.url_name)


@functools.cache
def _address(url_name: str) -> str:
    """Every page asks for all of the navigation, twice; addresses do not change while a process lives."""
    return reverse(url_name)


@dataclass
class Pages:
    """The pages of one pack or of the web room itself; `name` is the URL namespace."""

    name: str
    urlpatterns: list[URLPattern] = field(default_factory=list)
    nav: list[NavEntry] = field(default_factory=list)
    home: dict[str, tuple[int, str]] = field(default_factory=dict)  # role → (order, url name) of its first page

    def page(
        self, route: str, name: str, *, permission: str = "", public: bool = False, methods: Collection[str] = ("GET",)
    ) -> Callable[[View], View]:
        """Declare a page. Exactly one of `permission` and `public` must be given. What can be read answers HEAD as it answers GET; the
        server leaves the body out."""
        if bool(permission) == public:
            raise ValueError(f"the page {name!r} needs a permission or must say that it is public")

        def wrap(view: View) -> View:
            @functools.wraps(view)
            def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
                if request.method == "HEAD":
                    request.method = "GET"  # views know of reading and of changing only
                if not public:
                    if not request.user.is_authenticated:
                        return to_sign_in(request)
                    # The account itself, not Django's stand-in that loaded it for this request: actions look at the class of a row.
                    request.user = copy.copy(request.user)
                with asking_once() if request.method == "GET" else nullcontext():
                    if not public:
                        demand(request.user, permission)  # type: ignore[arg-type]
                    return view(request, *args, **kwargs)

            guarded.permission = permission  # type: ignore[attr-defined]
            allowed = [*methods, "HEAD"] if "GET" in methods else list(methods)
            self.urlpatterns.append(path(route, require_http_methods(allowed)(guarded), name=name))
            return view

        return wrap

    def in_nav(
        self, name: str, title: str, *, order: int, roles: Iterable[str], group: str = "administration",
        count: Callable[[Account], int] | None = None,
    ) -> None:  # fmt: skip
        """Put a declared page into the navigation of some roles: a group of GROUPS, and its place within; `count`: what waits
        there for the account."""
        if group not in GROUPS:
            raise ValueError(f"{group!r} is no group of the navigation: {', '.join(GROUPS)}")
        self.nav.append(NavEntry(f"{self.name}:{name}", title, order, frozenset(map(str, roles)), group, count))

    def first_page_of(self, role: str, name: str, *, order: int = 50) -> None:
        """The page on which accounts of a role arrive after signing in; the lowest order wins."""
        self.home[str(role)] = (order, f"{self.name}:{name}")


def to_sign_in(request: HttpRequest) -> HttpResponse:
    target = f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def go(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser on after a change: a redirect, also when htmx asked."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def nav_for(account: Account | None, all_pages: Iterable[Pages]) -> list[NavEntry]:
    """The navigation of an account, in order."""
    roles, order = roles_of(account), list(GROUPS)
    return sorted(
        (entry for pages in all_pages for entry in pages.nav if entry.roles & roles),
        key=lambda entry: (order.index(entry.group), entry.order),
    )


def grouped(entries: Iterable[NavEntry]) -> list[tuple[str, list[NavEntry]]]:
    """(heading, entries) of every group that has any; the first one has no heading."""
    return [(pick(*GROUPS[group]), list(rows)) for group, rows in groupby(entries, key=lambda entry: entry.group)]


def may(account: Account | None, name: str) -> bool:
    """Whether any role of the account names the action; for showing or hiding a button, never for deciding."""
    wanted = ACTIONS[name]
    return bool(roles_of(account) & (wanted.roles | ({"officer"} if wanted.as_unit else frozenset())))
