"""The one gate through which every file leaves: who took what, for which purpose, with its hash, recorded before it goes."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
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


# Signs that a spreadsheet takes as the beginning of a formula, also after spaces and in full width.
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table as CSV that Excel and WPS open with Chinese letters whole; a cell that begins like a formula stays text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(head)
    for row in rows:
        cells = ["" if cell is None else str(cell) for cell in row]
        writer.writerow([f"'{c}" if FORMULA.match(c) and not _NUMBER.fullmatch(c) else c for c in cells])
    return buffer.getvalue().encode("utf-8-sig")


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


def release_file(account: Account, what: str, name: str, path: Path, *, purpose: str) -> Export:
    """As `release`, for a file too large to hold in memory: its bytes are hashed as they lie on disk."""
    if not purpose.strip():
        raise InvalidInput("请写明导出用途。", "Say for which purpose the file is exported.", where=what)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    with transaction.atomic():
        export = Export.objects.create(account=account, what=what, name=name, purpose=purpose.strip()[:200], sha256=sha256, size_bytes=size)  # fmt: skip
        audit.record(account, "export", export, what=what, name=name, purpose=purpose, sha256=sha256, bytes=size)
    return export
