"""搜索: one field over everything that the account may see; results come while one types."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from haihe.kernel.language import pick
from haihe.kernel.search import KINDS, search, search_kind
from haihe.web.fields import id_in
from haihe.web.pages import AccountRequest
from haihe.web.paging import page_of
from haihe.web.site import pages

ROWS_A_PAGE = 20
LAST_PAGE = 10


@pages.page("search/", "search", permission="search.use")
def search_page(request: AccountRequest) -> HttpResponse:
    """All kinds, a few of each; with `kind` all of one kind by pages. htmx gets the results alone."""
    question, kind = request.GET.get("q", "").strip()[:60], request.GET.get("kind", "")
    names = pick("、", ", ").join(pick(each.title_zh, each.title_en) for each in KINDS.values())
    content: dict[str, Any] = {"q": question, "kind": kind if kind in KINDS else "", "kinds": names}
    if kind in KINDS:
        number = min(id_in(request.GET.get("page")) or 1, LAST_PAGE)
        group = search_kind(request.user, question, kind, limit=ROWS_A_PAGE, offset=(number - 1) * ROWS_A_PAGE)
        content |= {
            "groups": [group] if group.found else [],
            "page": page_of(request, range(min(group.total, LAST_PAGE * ROWS_A_PAGE)), ROWS_A_PAGE),
            "address": reverse("web:search"),
        }
    else:
        content |= {"groups": search(request.user, question)}
    is_part = request.headers.get("HX-Target") == "search-results"
    return render(request, "web/search_results.html" if is_part else "web/search.html", content)
