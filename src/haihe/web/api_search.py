"""`/api/v1/search`: what the page /search/ finds, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Account
from haihe.kernel.search import KINDS, Group, search, search_kind

router = Router(tags=["search"])


class FoundOut(Schema):
    """`kind` and `id` name the row, `link` its page on this server."""

    kind: str
    id: int
    title: str
    text: str
    link: str
    changed_at: datetime


class GroupOut(Schema):
    """`total` counts up to 200; `more` says that there are at least so many."""

    kind: str
    title: str
    total: int
    more: bool
    found: list[FoundOut]


def _out(group: Group) -> dict[str, Any]:
    rows = [
        {"kind": row.entry.kind, "id": row.entry.object_id, **{n: getattr(row.entry, n) for n in ("title", "text", "link", "changed_at")}}
        for row in group.found
    ]  # fmt: skip
    return {"kind": group.kind, "title": group.heading, "total": group.total, "more": group.more, "found": rows}


@router.get("/search", response=list[GroupOut], summary="What the account may see that has all words of q, best first")
def find(
    request: HttpRequest, q: str = Query("", max_length=60), kind: str = Query("", max_length=60),
    limit: int = Query(5, ge=1, le=50), offset: int = Query(0, ge=0, le=200),
) -> list[dict[str, Any]]:  # fmt: skip
    account: Account = request.auth  # type: ignore[attr-defined]
    if not kind:
        return [_out(group) for group in search(account, q, a_kind=limit)]
    if kind not in KINDS:
        raise NotFound("没有这一类内容。", "Nothing of this kind can be found.", where="kind",
                       to_do_zh="可用的类别见不带 kind 的结果。", to_do_en="The kinds stand in the answer without kind.")  # fmt: skip
    return [_out(search_kind(account, q, kind, limit=limit, offset=offset))]
