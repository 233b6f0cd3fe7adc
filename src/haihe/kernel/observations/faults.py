"""What goes wrong with disks and object storage, told so that somebody can act: full, read-only, damaged, away, refused."""

from __future__ import annotations

import contextlib
import errno
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from haihe.kernel.errors import ConfigurationError, HaiheError, NotStored

NUMBERS = {errno.ENOSPC: "full", errno.EDQUOT: "full", errno.EFBIG: "full", errno.EROFS: "readonly", errno.EACCES: "readonly",
           errno.EPERM: "readonly"}  # fmt: skip
# Of SQLite, which tells no number.
WORDS = {
    "full": ["full"],
    "readonly": ["readonly", "read-only", "unable to open"],
    "damaged": ["malformed", "not a database"],
}


@contextlib.contextmanager
def storage_faults(path: Path, forget: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Turn errors of SQLite and the file system at `path` into errors of Haihe; `forget` drops what may be in a bad state."""
    try:
        yield
    except sqlite3.Error as error:
        forget()
        raise _named(_kind_of(str(error)), error, path) from error
    except OSError as error:
        forget()
        # By number alone: its words name a file, whose path may hold any word.
        missing = "missing" if isinstance(error, FileNotFoundError) else ""
        raise _named(NUMBERS.get(error.errno or 0, missing), error, path) from error


def _kind_of(words: str) -> str:
    """What SQLite says in words."""
    return next((kind for kind, signs in WORDS.items() if any(sign in words for sign in signs)), "")


def _named(kind: str, error: Exception, path: Path) -> HaiheError:
    if kind == "full":
        return NotStored("磁盘已满，数据没有写入。", "The disk is full; the data were not stored.", where=str(path),
                         to_do_zh="请腾出空间；无需重启，腾出后自动恢复。", to_do_en="Make room; it works again by itself then.")  # fmt: skip
    if kind == "readonly":
        return NotStored("存储位置不可写，数据没有写入。", "The place cannot be written; the data were not stored.", where=str(path),
                         to_do_zh="请检查挂载方式和目录权限；改正后自动恢复。", to_do_en="Check the mount and the permissions; it works again by itself then.")  # fmt: skip
    if kind == "damaged":
        return ConfigurationError("文件已损坏。", "The file is damaged.", where=str(path),
                                  to_do_zh="请停止运行，用 haihe restore 从备份恢复。", to_do_en="Stop, and restore a backup (haihe restore).")  # fmt: skip
    if kind == "missing":
        return NotStored(f"缺少文件（{error}）。", f"A file is missing ({error}).", where=str(path),
                         to_do_zh="请把它放回原处，或停止运行，用 haihe restore 从备份恢复。",
                         to_do_en="Put it back, or stop, and restore a backup (haihe restore).")  # fmt: skip
    return NotStored(f"存储出错（{error}），数据没有写入。", f"Storage failed ({error}); the data were not stored.", where=str(path),
                     to_do_zh="请检查磁盘；故障消除后自动恢复。", to_do_en="Check the disk; it works again by itself when the fault is gone.")  # fmt: skip


def bucket_fault(error: Exception, where: str) -> HaiheError:
    """What object storage answered, or that it did not, as an error of Haihe."""
    text = " ".join(str(error).split())
    # Without addresses, in which any number may stand that looks like a status.
    words = re.sub(r"(https?|s3)://\S+", "", text).lower()
    if "nosuchbucket" in words:
        return ConfigurationError("存储桶不存在，数据没有写入。", "There is no such bucket; the data were not stored.", where=where,
                                  to_do_zh="请建立该桶或更正 HAIHE_LAKE_URL。", to_do_en="Make the bucket or correct HAIHE_LAKE_URL.")  # fmt: skip
    if any(
        sign in words
        for sign in ("403 forbidden", "401 unauthorized", "privileges", "accessdenied", "missing credentials", "imds")
    ):
        code = re.search(r"<Code>(\w+)</Code>", text)
        told = f" ({code[1]})" if code else ""
        return ConfigurationError(
            f"对象存储拒绝了密钥或权限不足{told}。", f"The object storage refused the key, or the key may not do this{told}.", where=where,
            to_do_zh="请检查 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY 和桶的权限；需可读、写、列出、删除。",
            to_do_en="Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy: read, write, list and delete are needed.",
        )  # fmt: skip
    if any(sign in words for sign in ("quotaexceeded", "insufficientstorage", "507 ", "no space", "storagefull")):
        return NotStored("对象存储已满，数据没有写入。", "The object storage is full; the data were not stored.", where=where,
                         to_do_zh="请腾出空间；腾出后自动恢复。", to_do_en="Make room; it works again by itself then.")  # fmt: skip
    if "url scheme is not allowed" in words or "badscheme" in words:
        return ConfigurationError("存储地址是明文 http。", "The storage's address is plain http.", where="AWS_ENDPOINT_URL",
                                  to_do_zh="请改用 https；仅限本机或专网时设 AWS_ALLOW_HTTP=true。",
                                  to_do_en="Use https, or set AWS_ALLOW_HTTP=true where it is this machine or a network of your own.")  # fmt: skip
    if any(
        sign in words
        for sign in ("timed out", "timeout", "error sending request", "connect", "dns", "500 ", "502 ", "503 ", "504 ")
    ):
        return NotStored("对象存储没有应答，数据没有写入。", "The object storage does not answer; the data were not stored.", where=where,
                         to_do_zh="请检查 AWS_ENDPOINT_URL 和网络；数据留在日志中，恢复后自动继续。",
                         to_do_en="Check AWS_ENDPOINT_URL and the network; the journal keeps the data and goes on by itself.")  # fmt: skip
    return NotStored(f"对象存储出错（{text[:200]}），数据没有写入。", f"The object storage failed ({text[:200]}); the data were not stored.",
                     where=where, to_do_zh="请检查存储；故障消除后自动恢复。", to_do_en="Check the storage; it works again by itself then.")  # fmt: skip
