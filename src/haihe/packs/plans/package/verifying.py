"""Checking a package on any computer: every listed file is there with its hash, and nothing else is."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from haihe.kernel.errors import InvalidInput, NotFound

LIST = "SHA256SUMS"


@dataclass
class Verified:
    checked: int = 0
    problems: list[str] = field(default_factory=list)  # in Chinese and English, one a file

    @property
    def ok(self) -> bool:
        return not self.problems and self.checked > 0


def verify_package(path: Path) -> Verified:
    """InvalidInput where it is no package; otherwise what is missing, changed or added."""
    try:
        archive = zipfile.ZipFile(path)
        listed = _listed(archive.read(LIST).decode())
    except FileNotFoundError as error:
        raise NotFound("没有这个文件。", "There is no such file.", where=str(path)) from error
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError) as error:
        raise InvalidInput("这不是佐证包。", "This is not an evidence package.", where=path.name,
                           to_do_zh="请重新导出。", to_do_en="Export it again.") from error  # fmt: skip
    found = Verified()
    names = set(archive.namelist()) - {LIST}
    found.problems += [f"缺少 missing: {name}" for name in sorted(listed.keys() - names)]
    found.problems += [f"多出 added: {name}" for name in sorted(names - listed.keys())]
    for name in sorted(names & listed.keys()):
        found.checked += 1
        if _sha256(archive, name) != listed[name]:
            found.problems.append(f"已改动 changed: {name}")
    return found


def _listed(text: str) -> dict[str, str]:
    return {name: sha256 for sha256, _, name in (line.partition("  ") for line in text.splitlines()) if name}


def _sha256(archive: zipfile.ZipFile, name: str) -> str:
    try:
        with archive.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except (zipfile.BadZipFile, OSError, ValueError):
        return ""
