"""From a file to numbered lines: one loader for each format, chosen by what the bytes are, not by what the name says.

Whatever the bytes are, the answer is a SourceText or an UnreadableDocument; no other exception leaves this package.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

from haihe.packs.plans.reading.load import docx, html, md, pdf, sniff, txt
from haihe.packs.plans.reading.load.errors import (
    CHECK_CONTENT,
    CHECK_PATH,
    NAME_A_FILE,
    SAVE_AS_DOCX,
    SHRINK,
    UnreadableDocument,
)
from haihe.packs.plans.reading.load.limits import MAX_BYTES
from haihe.packs.plans.reading.model import Issue, SourceText

__all__ = ["MAX_BYTES", "UnreadableDocument", "load_bytes", "load_file", "load_text"]

_LOADERS: dict[sniff.Kind, Callable[[bytes, str], txt.Result]] = {
    "txt": txt.load,
    "md": md.load,
    "docx": docx.load,
    "pdf": pdf.load,
    "html": html.load,
}


def load_file(path: Path | str, *, name: str | None = None, max_bytes: int = MAX_BYTES) -> SourceText:
    """Read a file from disk. `name` is what messages call it (the path's last part when left out)."""
    path = Path(path)
    name = name or path.name
    try:
        about = path.stat()
        _refuse_non_file(about.st_mode, name)
        _refuse_too_large(about.st_size, max_bytes, name)  # before a byte of it is read
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)  # it may have grown since
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UnreadableDocument(
            "无法打开文件。",
            f"The file cannot be opened: {getattr(error, 'strerror', None) or error}.",
            where=name,
            **CHECK_PATH,
        ) from error
    return load_bytes(data, name, max_bytes=max_bytes)


def load_bytes(data: bytes, name: str, *, max_bytes: int = MAX_BYTES) -> SourceText:
    """Read a file's content. `name` is what messages call it; its extension is a hint and no more."""
    _refuse_too_large(len(data), max_bytes, name)
    try:
        kind, issues = sniff.kind_of(data, name)
        lines, load_issues = _LOADERS[kind](data, name)
    except UnreadableDocument:
        raise
    except Exception as error:  # a library's own exception on hostile bytes: say it is damaged rather than crash
        raise UnreadableDocument(
            "文件已损坏或结构异常，读取失败。",
            f"The file is damaged or built in an unexpected way ({type(error).__name__}).",
            where=name,
            **SAVE_AS_DOCX,
        ) from error
    return _source(name, kind, lines, hashlib.sha256(data).hexdigest(), [*issues, *load_issues])


def load_text(text: str, name: str) -> SourceText:
    """Number the lines of a text that is already in memory, as if it were a .txt file."""
    lines, issues = txt.split_lines(text.removeprefix("\ufeff"))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return _source(name, "txt", lines, digest, issues)


def _source(name: str, kind: sniff.Kind, lines: tuple[str, ...], digest: str, issues: list[Issue]) -> SourceText:
    if not any(line.strip() for line in lines):
        raise UnreadableDocument("文件里没有文字。", "The file holds no text.", where=name, **CHECK_CONTENT)
    placed = tuple(Issue(min(issue.line, len(lines)), issue.message) for issue in issues)
    return SourceText(name=name, format=kind, lines=lines, sha256=digest, issues=placed)


def _refuse_non_file(mode: int, name: str) -> None:
    """A folder, a device or a pipe: reading it would fail, never end, or wait for a writer."""
    if not stat.S_ISREG(mode):
        raise UnreadableDocument("这不是一个普通文件。", "This is not an ordinary file.", where=name, **NAME_A_FILE)


def _refuse_too_large(size: int, max_bytes: int, name: str) -> None:
    if size > max_bytes:
        size_mb, limit_mb = size / 1024**2, max_bytes / 1024**2
        raise UnreadableDocument(
            f"文件太大：{size_mb:.1f} MB，上限为 {limit_mb:.0f} MB。",
            f"The file is too large: {size_mb:.1f} MB, the limit is {limit_mb:.0f} MB.",
            where=name,
            **SHRINK,
        )
