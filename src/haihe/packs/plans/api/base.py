"""What the calls of this pack share: the router, who asks, one visible row, uploaded files."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.db.models import Model
from django.http import HttpRequest
from ninja import Router
from ninja.files import UploadedFile

from haihe.kernel import evidence
from haihe.kernel.identity import Account
from haihe.kernel.permissions import demand
from haihe.web.api_administration import pick

__all__ = ["asker", "name_of", "pick", "receiving", "router"]

router = Router(tags=["plans"])


def asker(request: HttpRequest, permission: str = "plan.read") -> Account:
    """The account behind the token or session, after asking whether it may read plans at all."""
    account: Account = request.auth  # type: ignore[attr-defined]
    demand(account, permission)
    return account


def receiving(account: Account, files: list[UploadedFile]) -> AbstractContextManager[list[evidence.EvidenceFile]]:
    """The uploaded files for the block that uses them; where it fails, none of them stays."""
    return evidence.receiving(account, ((file.name or "file", file.chunks()) for file in files))


def name_of(unit: Model | None) -> str | None:
    return str(unit) if unit is not None else None
