"""What every template knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from haihe import __version__
from haihe.web.pages import NavEntry, grouped, nav_for


def district(request: HttpRequest) -> dict[str, Any]:
    from haihe.web.urls import ALL_PAGES

    account = request.user if hasattr(request, "user") and request.user.is_authenticated else None
    entries = nav_for(account, ALL_PAGES)
    public = sorted(choice for pages in ALL_PAGES for role, choice in pages.home.items() if role == "public")
    return {
        "district": settings.DISTRICT,
        "version": __version__,
        "nav": grouped(entries),
        "nav_current": _current(request.path, entries),
        "public_page": public[0][1] if public else "",
        "account": account,
    }


def _current(path: str, entries: Iterable[NavEntry]) -> str:
    """The entry whose address is the longest beginning of the path: a document's page belongs to the list of documents."""
    fits = [(len(address), entry.url_name) for entry in entries if path.startswith(address := entry.address)]
    return max(fits)[1] if fits else ""
