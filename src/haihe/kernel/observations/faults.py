"""What goes wrong with disks, told so that somebody can act: full, read-only, damaged."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from haihe.kernel.errors import ConfigurationError, HaiheError, NotStored


@contextlib.contextmanager
def storage_faults(path: Path, forget: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn errors of SQLite and the file system at `path` into errors of Haihe; `forget` drops what may be in a bad state."""
    try:
        yield
    except sqlite3.Error as error:
        forget()
        raise _named(str(error), path) from error
    except OSError as error:
        forget()
        raise _named(_words_of(error), path) from error


def _words_of(error: OSError) -> str:
    known = {errno.ENOSPC: "disk is full", errno.EDQUOT: "disk is full", errno.EFBIG: "disk is full", errno.EROFS: "readonly",
             errno.EACCES: "readonly", errno.EPERM: "readonly"}  # fmt: skip
    return known.get(error.errno or 0, str(error))


def _named(words: str, path: Path) -> HaiheError:
    if "full" in words:
        return NotStored("磁盘已满，数据没有写入。", "The disk is full; the data were not stored.", where=str(path),
                         to_do_zh="请腾出空间；无需重启，腾出后自动恢复。", to_do_en="Make room; it works again by itself then.")  # fmt: skip
    if "readonly" in words or "read-only" in words or "unable to open" in words:
        return NotStored("存储位置不可写，数据没有写入。", "The place cannot be written; the data were not stored.", where=str(path),
                         to_do_zh="请检查挂载方式和目录权限；改正后自动恢复。", to_do_en="Check the mount and the permissions; it works again by itself then.")  # fmt: skip
    if "malformed" in words or "not a database" in words:
        return ConfigurationError("文件已损坏。", "The file is damaged.", where=str(path),
                                  to_do_zh="请停止运行，用 haihe restore 从备份恢复。", to_do_en="Stop, and restore a backup (haihe restore).")  # fmt: skip
    return NotStored(f"存储出错（{words}），数据没有写入。", f"Storage failed ({words}); the data were not stored.", where=str(path),
                     to_do_zh="请检查磁盘；故障消除后自动恢复。", to_do_en="Check the disk; it works again by itself when the fault is gone.")  # fmt: skip
