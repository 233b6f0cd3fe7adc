"""A lake on object storage that speaks S3 (HAIHE_LAKE_URL=s3://bucket/folder).

An object is there whole or not at all, and durable when the storage has said so: nothing is fsync'd or mended here. That two writers do not
make the same version is up to the storage: the log's entries are put "only if nothing is there" (If-None-Match), which `probe` tries
out. Where the storage is and who we are comes from the environment variables that every tool of S3 knows (AWS_ENDPOINT_URL,
AWS_ACCESS_KEY_ID, …), so that no address and no log holds a secret.

Nothing here is imported for a lake on local disk.
"""

from __future__ import annotations

import contextlib
import io
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import obstore
import polars as pl
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from haihe.kernel.errors import ConfigurationError, HaiheError
from haihe.kernel.observations.faults import bucket_fault
from haihe.kernel.observations.lake_files import PARTITION, encode, new_name
from haihe.kernel.observations.lake_place import LOG, locked

if TYPE_CHECKING:
    from obstore.store import S3Config

SETTING = "HAIHE_LAKE_URL"
FROM_ENVIRONMENT = (
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_ALLOW_HTTP", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST",
)  # fmt: skip
# A storage that does not answer is tried for some seconds and then given up: whoever waits is told, and the feeder tries again.
CONNECT_S, ANSWER_S, RETRIES, RETRY_WITHIN_S = 3, 10, 2, 15
# One data file of up to some hundred megabytes goes in one request.
FILE_S = 120
TABLES_FOR_S = 60.0
PROBE = ".haihe-probe"


class Bucket:
    """The tables under `url`. `home`: the folder of this district, for the lock that its processes share."""

    may_be_away = True

    def __init__(self, url: str, home: Path | None) -> None:
        self.bucket, self.prefix = parts_of(url)
        self.home = home
        named = {name.lower(): os.environ[name] for name in FROM_ENVIRONMENT if os.environ.get(name)}
        self.for_delta = {
            **named, "connect_timeout": f"{CONNECT_S}s", "timeout": f"{ANSWER_S}s", "max_retries": str(RETRIES),
            "retry_timeout": f"{RETRY_WITHIN_S}s", "conditional_put": "etag", "aws_s3_allow_unsafe_rename": "false",
        }  # fmt: skip
        self.for_polars: dict[str, Any] = {
            "storage_options": {
                **named, "connect_timeout": f"{CONNECT_S}s", "timeout": f"{FILE_S}s", "max_retries": RETRIES,
                "retry_timeout_ms": RETRY_WITHIN_S * 1000,
            },
            "credential_provider": None,
        }  # fmt: skip
        self._small, self._large = (self._store(named, seconds) for seconds in (ANSWER_S, FILE_S))
        self._known: list[str] | None = None
        self._asked_at = -TABLES_FOR_S

    def where(self, table: str = "") -> str:
        return f"s3://{self.bucket}/{self._key(table)}"

    def url(self, table: str, path: str = "") -> str:
        return self.where(f"{table}/{path}" if path else table)

    def tables(self) -> list[str]:
        """As they were within the last minute: a table is never taken away, and a new one is not urgent. While the storage is away
        those that are known, so that what needs only the journal goes on."""
        if time.monotonic() - self._asked_at >= TABLES_FOR_S or self._known is None:
            self._asked_at = time.monotonic()
            try:
                with self.faults():
                    found = obstore.list_with_delimiter(self._small, "")["common_prefixes"]
                    names = [path.rstrip("/").rpartition("/")[2] for path in found]
                    self._known = sorted(name for name in names if name != PROBE and self._has_log(name))
            except HaiheError:
                if self._known is None:
                    raise
        return list(self._known)

    def has(self, table: str) -> bool:
        return True  # Delta says so when it opens the table, in the same question

    def is_newest(self, table: str, version: int) -> bool:
        entries, name = f"{table}/{LOG}/", f"{version:020d}"
        with self.faults(table):  # in the order of names, from this version's entry on
            found = [row["path"] for row in obstore.list(self._small, entries, offset=entries + name).collect()]
        present = {path.rpartition("/")[2] for path in found}
        return f"{name}.json" in present and f"{version + 1:020d}.json" not in present

    @contextlib.contextmanager
    def faults(self, table: str = "") -> Iterator[None]:
        try:
            yield
        except HaiheError:
            raise
        except (BaseError, OSError) as error:
            raise bucket_fault(error, self.where(table)) from error
        except Exception as error:
            known = self.named(error, table)
            if known is None:
                raise
            raise known from error

    def named(self, error: Exception, table: str) -> HaiheError | None:
        about_storage = isinstance(error, OSError) or "error performing" in str(error).lower()
        return bucket_fault(error, self.where(table)) if about_storage else None

    def exclusive(self, wait_s: float) -> AbstractContextManager[None]:
        """Between machines Delta's own check of commits decides (see `Lake.commit`)."""
        if self.home is None:
            raise ValueError("a bucket is written only by a district: no folder for its lock was named")
        return locked(self.home / "lake.lock", self.where(), wait_s)

    def write(self, table: str, day: Any, rows: pl.DataFrame) -> tuple[str, int]:
        content = io.BytesIO()
        encode(rows, content)
        path = f"{PARTITION}={day}/{new_name()}"
        with self.faults(table):
            # In one request: parts of a file that was not finished would stay unseen and be paid for.
            obstore.put(self._large, f"{table}/{path}", content.getvalue(), use_multipart=False)
        return path, content.tell()

    def settle(self, table: str, version: int, *, checkpoint: bool = False) -> None:
        """Durable since the storage said that it has it; a new table is looked for at once."""
        if version == 0:
            self._asked_at = -TABLES_FOR_S

    def mend(self, table: str) -> str | None:
        return None

    def discard(self, table: str, paths: Sequence[str]) -> None:
        """Never: a commit whose answer was lost may still arrive and name them. Vacuum takes what nothing names an hour later."""

    def copy_to(self, folder: Path) -> None:
        with self.faults():
            for batch in obstore.list(self._large):
                for found in batch:
                    if not found["path"].startswith(PROBE):
                        target = folder / found["path"]
                        target.parent.mkdir(parents=True, exist_ok=True)
                        with target.open("wb") as file:
                            for part in obstore.get(self._large, found["path"]):
                                file.write(part)

    def probe(self) -> None:
        """Whether a lake can live here: objects are put, listed and deleted, and one that is there is not replaced by a put that
        must not. Raises NotStored or ConfigurationError with what is wrong."""
        path = f"{PROBE}/{secrets.token_hex(8)}"
        with self.faults():
            obstore.put(self._small, path, b"1", mode="create")
            try:
                obstore.put(self._small, path, b"2", mode="create")
                replaced = True
            except AlreadyExistsError:
                replaced = False
            listed = [row["path"] for row in obstore.list(self._small, f"{PROBE}/").collect()]
            obstore.delete(self._small, path)
        if replaced or path not in listed:
            raise ConfigurationError(
                "对象存储不支持条件写入（If-None-Match），两个写入者会互相覆盖。",
                "The object storage does not honour conditional puts (If-None-Match): two writers would overwrite each other's commits.",
                where=self.where(), to_do_zh="请换用支持条件写入的存储，或使用本机目录。", to_do_en="Use a storage that does, or a local folder.",
            )  # fmt: skip

    def _has_log(self, table: str) -> bool:
        return bool(obstore.list_with_delimiter(self._small, f"{table}/{LOG}")["objects"])

    def _key(self, path: str) -> str:
        return "/".join(part for part in (self.prefix, path) if part)

    def _store(self, named: dict[str, str], seconds: int) -> S3Store:
        config = {name: value for name, value in named.items() if name != "aws_allow_http"}
        plain = named.get("aws_allow_http", "").lower() in ("true", "1")
        return S3Store(
            self.bucket, prefix=self.prefix or None, config=cast("S3Config", config),
            client_options={"timeout": f"{seconds}s", "connect_timeout": f"{CONNECT_S}s", "allow_http": plain},
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_WITHIN_S)},
        )  # fmt: skip


def parts_of(url: str) -> tuple[str, str]:
    """(bucket, folder) of s3://bucket/folder. Raises ConfigurationError."""
    rest = url.removeprefix("s3://")
    bucket, _, prefix = rest.partition("/")
    if "@" in bucket or ":" in bucket:
        raise ConfigurationError(
            "地址里不能写密钥或端口。", "The address holds neither keys nor a port.", where=SETTING,
            to_do_zh="密钥用 AWS_ACCESS_KEY_ID 和 AWS_SECRET_ACCESS_KEY，服务地址用 AWS_ENDPOINT_URL。",
            to_do_en="Keys go into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the server into AWS_ENDPOINT_URL.",
        )  # fmt: skip
    if not bucket:
        raise ConfigurationError("地址里没有存储桶。", "The address names no bucket.", where=SETTING,
                                 to_do_zh="请写成 s3://桶/目录。", to_do_en="Write s3://bucket/folder.")  # fmt: skip
    return bucket, prefix.strip("/")
