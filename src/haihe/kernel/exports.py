"""The one gate through which every file leaves: who took what, for which purpose, with its hash, recorded before it goes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import models, transaction

from haihe.kernel import audit
from haihe.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from haihe.kernel.identity import Account


class Export(models.Model):
    """A file that left: `sha256` of exactly the bytes that were handed over."""

    at = models.DateTimeField(auto_now_add=True)
    account = models.ForeignKey("kernel.Account", models.PROTECT, related_name="+")
    what = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    purpose = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()


def release(account: Account, what: str, name: str, content: bytes, *, purpose: str) -> Export:
    """Record that `content` leaves as `name`. Callers hand the bytes over only after this returned."""
    if not purpose.strip():
        raise InvalidInput("请写明导出用途。", "Say for which purpose the file is exported.", where=what)
    with transaction.atomic():
        export = Export.objects.create(
            account=account,
            what=what,
            name=name,
            purpose=purpose.strip()[:200],
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
        )
        audit.record(
            account, "export", export, what=what, name=name, purpose=purpose, sha256=export.sha256, bytes=len(content)
        )
    return export
