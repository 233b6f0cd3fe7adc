"""What a disk says is told by what it is, not by words that stand in the path of a file."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from haihe.kernel.errors import HaiheError
from haihe.kernel.observations.faults import storage_faults

FULL, READONLY, MISSING, OTHER = "disk is full", "cannot be written", "file is missing", "Storage failed"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/readonly/x"), FULL),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "/full/x"), READONLY),
        (FileNotFoundError("No such file or directory (os error 2): /a/full/readonly/path"), MISSING),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/full/x"), MISSING),
        (OSError(errno.EIO, os.strerror(errno.EIO), "/full/readonly/x"), OTHER),
        (sqlite3.OperationalError("database or disk is full"), FULL),
        (sqlite3.OperationalError("attempt to write a readonly database"), READONLY),
        (sqlite3.DatabaseError("database disk image is malformed"), "is damaged"),
        (sqlite3.OperationalError("disk I/O error"), OTHER),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_fault_has_its_words(error: Exception, told: str) -> None:
    forgotten: list[bool] = []
    with (
        pytest.raises(HaiheError, match=told) as raised,
        storage_faults(Path("/district"), lambda: forgotten.append(True)),
    ):
        raise error
    assert raised.value.__cause__ is error
    assert forgotten == [True]
