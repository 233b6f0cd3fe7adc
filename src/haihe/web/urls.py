"""All addresses: the web room's own pages, the API, and whatever pages and routers the loaded packs bring."""

from __future__ import annotations

from django.urls import include, path

from haihe.kernel.packs import find_module, loaded_packs
from haihe.web import (
    administration,
    alerts,
    cases,
    indicators,
    maps,
    outbox,
    registers,
    rosters,
    rules,
    search,
    site,
    systems,
)
from haihe.web.api import build_api
from haihe.web.live import live
from haihe.web.pages import Pages


def _pages_of_packs() -> list[Pages]:
    found = []
    for pack in loaded_packs():
        module = find_module(pack, "pages")
        if module is not None:
            found.append(module.pages)
    return found


ADD_TO_SITE = (alerts, indicators, maps, rules, search, systems)  # their pages stand among those of the site
ALL_PAGES: list[Pages] = [
    site.pages,
    administration.pages,
    cases.pages,
    registers.pages,
    rosters.pages,
    outbox.pages,
    *_pages_of_packs(),
]

handler404 = "haihe.web.middleware.no_such_address"

urlpatterns = [
    path("api/v1/", build_api().urls),
    path("live/", live),
    *(path("", include((pages.urlpatterns, pages.name), namespace=pages.name)) for pages in ALL_PAGES),
]
