"""What every template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from haihe import __version__
from haihe.web.pages import nav_for


def district(request: HttpRequest) -> dict[str, Any]:
    from haihe.web.urls import ALL_PAGES

    account = request.user if hasattr(request, "user") and request.user.is_authenticated else None
    return {
        "district": settings.DISTRICT,
        "version": __version__,
        "nav": nav_for(account, ALL_PAGES),
        "account": account,
    }
