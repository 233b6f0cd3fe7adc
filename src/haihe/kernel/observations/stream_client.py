"""The connection to JetStream: one asyncio loop in one daemon thread a process, asked from any thread.

Nothing here is imported without HAIHE_STREAM_URL. A process that was forked makes a connection of its own. What asks again after a
broker died must be safe to repeat: publishing is (each message has an id that the stream remembers), and so is reading.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from haihe.kernel.errors import ConfigurationError, NotStored

log = structlog.get_logger()
T = TypeVar("T")
WITHIN_S = 5.0
ONE_TRY_S = 2.0
PAUSE_S = 0.1
CONNECT_S = 3.0
UNAVAILABLE = 503  # what JetStream says while it has no leader for a moment, or is still starting
# Its error codes for a limit of the account, of the server, of the disk: asking again at once does not help.
NO_ROOM = {10002, 10023, 10047}


class StreamClient:
    """Asks the servers of `url` (addresses by comma). `call` gives a function the JetStream context and waits for what it returns."""

    def __init__(self, url: str) -> None:
        self.servers = addresses(url)
        self._turn = threading.Lock()
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop
        self._connecting: asyncio.Lock
        self._connection: Client | None = None

    def call(self, ask: Callable[[JetStreamContext], Awaitable[T]], within_s: float = WITHIN_S) -> T:
        """What `ask` returns, asked again while the cluster has no leader. Raises NotStored when nobody answers in time;
        JetStream's own refusals (nats.js.errors.APIError) go through."""
        future = asyncio.run_coroutine_threadsafe(self._asked(ask, within_s), self._running_loop())
        try:
            return future.result(within_s + ONE_TRY_S + CONNECT_S)
        except (TimeoutError, asyncio.CancelledError) as error:
            future.cancel()
            raise self._silent("no answer") from error

    def max_payload(self) -> int:
        async def ask(context: JetStreamContext) -> int:
            return (await self._connected()).max_payload

        return self.call(ask)

    def nodes(self) -> int:
        """How many servers the cluster has, as far as the settings and the server that answers know."""

        async def ask(context: JetStreamContext) -> int:
            return max(len(self.servers), len((await self._connected()).servers))

        return self.call(ask)

    def close(self) -> None:
        with self._turn:
            if self._pid != os.getpid():
                return
            self._pid = 0
            with contextlib.suppress(Exception):
                asyncio.run_coroutine_threadsafe(self._forget(), self._loop).result(2)
            self._loop.call_soon_threadsafe(self._loop.stop)

    # --- within the loop ----------------------------------------------------------------------------------------------

    async def _asked(self, ask: Callable[[JetStreamContext], Awaitable[T]], within_s: float) -> T:
        end = time.monotonic() + within_s
        while True:
            try:
                connection = await self._connected()
                return await asyncio.wait_for(
                    ask(connection.jetstream(timeout=ONE_TRY_S)), max(0.2, end - time.monotonic())
                )
            except nats.js.errors.NotFoundError:
                raise
            except nats.js.errors.APIError as error:
                if error.err_code in NO_ROOM:
                    raise NotStored(
                        "流的存储空间已满，数据没有写入。", f"The stream has no room ({error.description}); the data were not stored.",
                        where=self.where, to_do_zh="请为各 NATS 节点扩容（max_file_store 与磁盘）；之后自动恢复。",
                        to_do_en="Give the NATS nodes room (max_file_store and disk); it works again by itself then.",
                    ) from error  # fmt: skip
                if error.code != UNAVAILABLE:
                    raise
                words: Exception = error
            except (nats.errors.Error, OSError, TimeoutError) as error:
                if isinstance(error, nats.errors.MaxPayloadError):
                    raise
                words = error
            if time.monotonic() + PAUSE_S >= end:
                raise self._silent(repr(words)) from words
            await asyncio.sleep(PAUSE_S)

    async def _connected(self) -> Client:
        async with self._connecting:
            connection = self._connection
            if connection is None or connection.is_closed:
                connection = self._connection = await self._connect()
            return connection

    async def _connect(self) -> Client:
        fresh, said = Client(), [""]

        async def note(error: Exception) -> None:
            said.append(str(error))

        try:
            await asyncio.wait_for(
                fresh.connect(
                    self.servers, name=f"haihe {os.getpid()}", connect_timeout=1, max_reconnect_attempts=-1,
                    reconnect_time_wait=0.2,  # type: ignore[arg-type]
                    ping_interval=3, max_outstanding_pings=2, error_cb=note, disconnected_cb=_nothing, reconnected_cb=_nothing,
                ),  # fmt: skip
                CONNECT_S,
            )  # fmt: skip
        except BaseException as error:
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(fresh.close(), 1)
            if "authorization" in f"{said[-1]} {error!r}".lower():
                raise ConfigurationError(
                    "NATS 拒绝登录。", "NATS refuses the name or password.", where="HAIHE_STREAM_URL",
                    to_do_zh="请更正地址中的用户名和密码。", to_do_en="Correct user and password in the address.",
                ) from error  # fmt: skip
            raise
        return fresh

    async def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.wait_for(connection.close(), 1)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._turn:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._loop, self._connection = asyncio.new_event_loop(), None
                self._connecting = asyncio.Lock()
                threading.Thread(target=self._loop.run_forever, name="stream", daemon=True).start()
            return self._loop

    @property
    def where(self) -> str:
        """The servers without what a password would be."""
        return ",".join(server.rpartition("@")[2].removeprefix("nats://") for server in self.servers)

    def _silent(self, words: str) -> NotStored:
        return NotStored(
            "消息流（NATS JetStream）没有应答，数据没有写入。", f"The stream (NATS JetStream) does not answer ({words}); nothing was stored.",
            where=self.where, to_do_zh="请检查 NATS 集群是否有过半节点在运行；恢复后自动继续。",
            to_do_en="Check that more than half of the NATS nodes run; it goes on by itself then.",
        )  # fmt: skip


async def _nothing(*_: Any) -> None:
    """What goes wrong with the connection is seen by whoever asks."""


def addresses(url: str) -> list[str]:
    found = [part.strip() for part in url.split(",") if part.strip()]
    wrong = [part for part in found if not part.startswith(("nats://", "tls://"))]
    if wrong or not found:
        raise ConfigurationError(
            "设置 HAIHE_STREAM_URL 的地址无效。", f"HAIHE_STREAM_URL: {wrong or url!r} is not an address.", where="HAIHE_STREAM_URL",
            to_do_zh="例如：nats://a:4222,nats://b:4222,nats://c:4222", to_do_en="For example nats://a:4222,nats://b:4222,nats://c:4222",
        )  # fmt: skip
    return found


@functools.lru_cache(maxsize=8)
def client(url: str) -> StreamClient:
    """The process's one connection to these servers."""
    return StreamClient(url)
