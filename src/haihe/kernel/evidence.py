"""Evidence: files that people hand in. Checked for type and size, kept outside the web root under their SHA-256, written once,
fsync'd before anybody is told that they were received.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction

from haihe.kernel import locks
from haihe.kernel.errors import InvalidInput, NotFound, TooLarge

if TYPE_CHECKING:
    from haihe.kernel.identity import Account

# Ending → (content type, the bytes such a file begins with; empty: text, checked by decoding).
Types = dict[str, tuple[str, tuple[bytes, ...]]]
ALLOWED_TYPES: Types = {
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

# What devices send of themselves; nobody hands it in. The last is for bytes that are not what the device calls them.
DEVICE_TYPES: Types = {
    ".jpg": ALLOWED_TYPES[".jpg"],
    ".tif": ("image/tiff", (b"II*\0", b"MM\0*")),
    ".mp3": ("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    ".wav": ("audio/wav", (b"RIFF",)),
    ".wmv": ("video/x-ms-wmv", (b"0&\xb2u\x8ef\xcf\x11",)),
    ".mp4": ("video/mp4", (b"\0\0\0",)),
    ".bin": ("application/octet-stream", (b"",)),
}

# Formats that are archives, and how an entry begins that tells them apart: the first bytes are the same for all of them.
ARCHIVE_ENTRIES = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/", ".ofd": "OFD.xml"}
LARGEST_ARCHIVE_DIRECTORY_BYTES = 1 << 20  # an archive of millions of entries would take gigabytes to list
LONGEST_TEXT_CHECK_BYTES = 1 << 16


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


def check_type(name: str, head: bytes, types: Types = ALLOWED_TYPES) -> str:
    """The content type of an allowed file whose first bytes fit its ending; InvalidInput otherwise."""
    ending = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending not in types:
        raise InvalidInput(
            f"不接受“{ending or '无后缀'}”类型的文件。", f"Files of type {ending or '(none)'} are not accepted.", where=name,
            to_do_zh=f"可上传：{' '.join(sorted(types))}", to_do_en=f"Accepted: {' '.join(sorted(types))}",
        )  # fmt: skip
    content_type, beginnings = types[ending]
    if beginnings and not head.startswith(beginnings):
        raise InvalidInput(
            "文件内容与后缀不符。", "The content is not of the type that the name's ending says.", where=name,
            to_do_zh="请用原软件重新保存后上传。", to_do_en="Save it again with the program that made it.",
        )  # fmt: skip
    if not beginnings and b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput("这不是文本文件。", "This is not a text file.", where=name,
                           to_do_zh="请另存为文本后上传。", to_do_en="Save it as text.")  # fmt: skip
    return content_type


def check_content(name: str, path: Path) -> None:
    """Look into the stored bytes: an archive must hold what its ending says, a text must be one. Damaged documents of plans
    are told apart by their reader, which says more; here only what is plainly something else is refused."""
    ending = "." + name.rsplit(".", 1)[-1].lower()
    wanted = ARCHIVE_ENTRIES.get(ending)
    if wanted is not None and not _archive_holds(path, wanted):
        raise InvalidInput(
            f"文件内部不是 {ending} 文档，或已损坏。", f"Inside, this is no {ending} document, or it is damaged.", where=name,
            to_do_zh="请用原软件重新保存后上传。", to_do_en="Save it again with the program that made it.",
        )  # fmt: skip
    if ending in ALLOWED_TYPES and not ALLOWED_TYPES[ending][1] and not _is_text(path):
        raise InvalidInput("这不是文本文件。", "This is not a text file.", where=name,
                           to_do_zh="请另存为文本后上传。", to_do_en="Save it as text.")  # fmt: skip


def _archive_holds(path: Path, wanted: str) -> bool:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 65_557))  # the longest record of the end
        end = file.read().rpartition(b"PK\x05\x06")[2]
        if int.from_bytes(end[8:12], "little") > LARGEST_ARCHIVE_DIRECTORY_BYTES:
            return False
        try:
            return any(entry.startswith(wanted) for entry in zipfile.ZipFile(file).namelist())
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return False


def _is_text(path: Path) -> bool:
    """Whether the beginning has no bytes that no text has: programs and pictures have plenty of them."""
    with path.open("rb") as file:
        start = file.read(LONGEST_TEXT_CHECK_BYTES)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not any(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1a\x1b" for byte in start)


def receive(
    name: str,
    chunks: Iterable[bytes],
    account: Account | None,
    *,
    limit_bytes: int | None = None,
    types: Types = ALLOWED_TYPES,
) -> EvidenceFile:
    """Store a file durably and return its row. Stops reading as soon as the limit is passed. `types`: DEVICE_TYPES for what a
    device sent."""
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
                raise InvalidInput("文件是空的。", "The file is empty.", where=name,
                                   to_do_zh="请确认选对了文件，且保存时内容没有丢失。", to_do_en="Check that it is the right file and was saved with its content.")  # fmt: skip
            content_type = check_type(name, head, types)
            file.flush()
            os.fsync(file.fileno())
        check_content(name, incoming)
        row = EvidenceFile(
            sha256=digest.hexdigest(), name=name, size_bytes=size, content_type=content_type, uploaded_by=account
        )
        # Under a lock of these bytes, so that nobody discards them between the move and the row.
        with transaction.atomic():
            locks.hold(f"evidence.{row.sha256}")
            _keep(incoming, row.path)
            row.save()
    finally:
        incoming.unlink(missing_ok=True)
    return row


def _keep(incoming: Path, final: Path) -> None:
    final.parent.mkdir(exist_ok=True)
    incoming.replace(final)
    for changed in (final.parent, final.parent.parent):
        descriptor = os.open(changed, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _references() -> list[tuple[type[models.Model], str]]:
    """Every model and column that names an evidence file, those of many-to-many tables included."""
    relations = EvidenceFile._meta.get_fields(include_hidden=True)
    return [(r.related_model, r.field.name) for r in relations if isinstance(r, models.ManyToOneRel)]


def discard(file: EvidenceFile) -> None:
    """Take back a file that was received for something that then did not happen: its row, and its bytes unless the same bytes
    were handed in for something else. A file that anything refers to stays; one that is gone already (an inner block took it back)
    is no error."""
    if file.pk is None:
        return
    path, sha256 = file.path, file.sha256
    with transaction.atomic():
        locks.hold(f"evidence.{sha256}")
        if any(owner._base_manager.filter(**{column: file.pk}).exists() for owner, column in _references()):
            return
        file.delete()
        if not EvidenceFile.objects.filter(sha256=sha256).exists():
            path.unlink(missing_ok=True)


UNUSED_HOURS = 24


def sweep(at: datetime) -> int:
    """Discard what was received a day ago and belongs to nothing: whoever sent it was killed, or its machine was, before the
    report or import that it was meant for was stored. Returns how many files went."""
    before = at - timedelta(hours=UNUSED_HOURS)
    unused = EvidenceFile.objects.filter(uploaded_at__lt=before)
    for owner, column in _references():
        unused = unused.exclude(pk__in=owner._base_manager.exclude(**{column: None}).values(column))
    count = 0
    for file in unused:
        discard(file)
        count += 1
    for path in Path(settings.EVIDENCE_FOLDER).glob(".incoming-*"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)
    return count


@contextlib.contextmanager
def receiving(account: Account | None, files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[list[EvidenceFile]]:
    """The files, received for what the block does with them; where the block or a later file fails, none of them stays."""
    kept: list[EvidenceFile] = []
    try:
        for name, chunks in files:
            kept.append(receive(name, chunks, account))
        yield kept
    except BaseException:
        for row in kept:
            discard(row)
        raise


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
