"""Evidence: files that people hand in. Checked for type and size, kept outside the web root under their SHA-256, written once,
fsync'd before anybody is told that they were received.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from haihe.kernel.errors import InvalidInput, NotFound, TooLarge

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

# Ending → (content type, the bytes such a file begins with; empty: text, checked by decoding).
ALLOWED_TYPES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".pdf": ("application/pdf", (b"%PDF-",)),
    ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", (b"PK\x03\x04",)),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (b"PK\x03\x04",)),
    ".pptx": ("application/vnd.openxmlformats-officedocument.presentationml.presentation", (b"PK\x03\x04",)),
    ".png": ("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpeg": ("image/jpeg", (b"\xff\xd8\xff",)),
    ".ofd": ("application/ofd", (b"PK\x03\x04",)),
    ".txt": ("text/plain", ()),
    ".csv": ("text/csv", ()),
    ".md": ("text/markdown", ()),
    ".html": ("text/html", ()),
    ".htm": ("text/html", ()),
}


class EvidenceFile(models.Model):
    """A file as received. The bytes lie at EVIDENCE_FOLDER/ab/abcd…; the same bytes are stored once."""

    sha256 = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=200)
    size_bytes = models.BigIntegerField()
    content_type = models.CharField(max_length=120)
    uploaded_by = models.ForeignKey("kernel.Account", models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    @property
    def path(self) -> Path:
        return Path(settings.EVIDENCE_FOLDER) / self.sha256[:2] / self.sha256

    def open_checked(self) -> bytes:
        """The bytes, after checking that they still have the recorded hash."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError as error:
            raise NotFound("附件文件已丢失。", "The evidence file is missing.", where=self.name,
                           to_do_zh="请从备份恢复。", to_do_en="Restore it from the backup.") from error  # fmt: skip
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise InvalidInput("附件内容与登记的哈希不符，可能被改动。", "The file no longer has its recorded hash: it was changed.",
                               where=self.name, to_do_zh="请通知审计员。", to_do_en="Tell the auditor.")  # fmt: skip
        return data


def clean_name(name: str) -> str:
    """The last part of a file's name without control characters, at most 120 characters, its ending kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(c for c in last if c.isprintable()).strip(" .") or "file"
    stem, dot, ending = printable.rpartition(".")
    return f"{stem[:100]}.{ending[:15]}" if dot else printable[:120]


def check_type(name: str, head: bytes) -> str:
    """The content type of an allowed file whose first bytes fit its ending; InvalidInput otherwise."""
    ending = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending not in ALLOWED_TYPES:
        raise InvalidInput(
            f"不接受“{ending or '无后缀'}”类型的文件。", f"Files of type {ending or '(none)'} are not accepted.", where=name,
            to_do_zh=f"可上传：{' '.join(sorted(ALLOWED_TYPES))}", to_do_en=f"Accepted: {' '.join(sorted(ALLOWED_TYPES))}",
        )  # fmt: skip
    content_type, beginnings = ALLOWED_TYPES[ending]
    if beginnings and not head.startswith(beginnings):
        raise InvalidInput(
            "文件内容与后缀不符。", "The content is not of the type that the name's ending says.", where=name,
            to_do_zh="请用原软件重新保存后上传。", to_do_en="Save it again with the program that made it.",
        )  # fmt: skip
    if not beginnings and b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput("这不是文本文件。", "This is not a text file.", where=name)
    return content_type


def receive(
    name: str, chunks: Iterable[bytes], account: Account | None, *, limit_bytes: int | None = None
) -> EvidenceFile:
    """Store a file durably and return its row. Stops reading as soon as the limit is passed."""
    limit = limit_bytes or settings.UPLOAD_LIMIT_BYTES
    name = clean_name(name)
    folder = Path(settings.EVIDENCE_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    incoming = folder / f".incoming-{secrets.token_hex(8)}"
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with incoming.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(
                        f"文件超过 {limit // 1024 // 1024} MB。", f"The file is larger than {limit // 1024 // 1024} MB.", where=name,
                        to_do_zh="请压缩图片或拆分后上传。", to_do_en="Compress or split it.",
                    )  # fmt: skip
                if len(head) < 512:
                    head += chunk[:512]
                digest.update(chunk)
                file.write(chunk)
            if size == 0:
                raise InvalidInput("文件是空的。", "The file is empty.", where=name)
            content_type = check_type(name, head)
            file.flush()
            os.fsync(file.fileno())
        sha256 = digest.hexdigest()
        final = folder / sha256[:2] / sha256
        final.parent.mkdir(exist_ok=True)
        incoming.replace(final)
        for changed in (final.parent, folder):
            descriptor = os.open(changed, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    finally:
        incoming.unlink(missing_ok=True)
    return EvidenceFile.objects.create(
        sha256=sha256, name=name, size_bytes=size, content_type=content_type, uploaded_by=account
    )


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Iterable[bytes]]:
    """The chunks of a file on this machine, for `receive`; NotFound where there is none."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound("打不开文件。", f"The file cannot be opened ({error.strerror}).", where=str(path),
                       to_do_zh="请检查路径和权限。", to_do_en="Check its path and permissions.") from error  # fmt: skip
    with file:
        yield iter(lambda: file.read(1 << 20), b"")
