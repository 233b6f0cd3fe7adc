"""Lists by pages: which page the address asks for; `{% pager page %}` leads to the others and keeps what else it asks."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

from haihe.web.fields import id_in


def page_of(request: HttpRequest, rows: Any, size: int, *, name: str = "page") -> Page[Any]:
    """The page of `rows` (a query, a list, or the range of numbers of rows that are cut elsewhere): the first one without a number, the
    last one for a number beyond it."""
    return Paginator(rows, size).get_page(id_in(request.GET.get(name)) or 1)
