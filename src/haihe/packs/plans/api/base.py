"""What the calls of this pack share: the router, who asks, one visible row, uploaded files."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from ninja import Router
from ninja.files import UploadedFile

from haihe.kernel import evidence
from haihe.kernel.errors import NotFound
from haihe.kernel.identity import Account
from haihe.kernel.permissions import demand, visible

router = Router(tags=["plans"])


def asker(request: HttpRequest, permission: str = "plan.read") -> Account:
    """The account behind the token or session, after asking whether it may read plans at all."""
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def pick(account: Account, rows: QuerySet[Any], pk: int) -> Any:
    """One visible row; NotFound does not tell whether it exists."""
    found = visible(account, rows).filter(pk=pk).first()
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。",
            "There is no such entry, or you may not see it.",
            where=f"{rows.model.__name__} {pk}",
        )
    return found


def receiving(account: Account, files: list[UploadedFile]) -> AbstractContextManager[list[evidence.EvidenceFile]]:
    """The uploaded files for the block that uses them; where it fails, none of them stays."""
    return evidence.receiving(account, ((file.name or "file", file.chunks()) for file in files))


def name_of(unit: Model | None) -> str | None:
    return str(unit) if unit is not None else None
