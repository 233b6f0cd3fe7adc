"""The ASGI application that uvicorn serves (see runtime.py): live streams on its loop, every other page in one of a few threads.

Django's own ASGI handler changes between loop and threads for middleware, page and signals, starts a thread for each request and opens
a database for each thread: over half of what a page cost. Here a whole request runs in one thread, which keeps its connection.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haihe.settings")

from django.core import signals
from django.core.asgi import get_asgi_application
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from haihe.database import CONNECTIONS
from haihe.web.limits import BodyLimit, Message, Receive, Send

LIVE = "/live/"
T = TypeVar("T")


class Pages(ASGIHandler):
    """A request is taken whole before a thread works on it, and its answer sent by the loop: a slow peer holds no thread."""

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # not ASGIHandler's, which loads the middleware for the loop
        self.load_middleware()
        self.threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="page")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        response = await self._in_thread(lambda: self._answer(scope, body))
        try:
            await self.send_response(response, send)
        finally:
            if response.streaming:
                await self._in_thread(response.close)

    def _in_thread(self, does: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self.threads, does)

    def _answer(self, scope: Message, body: Any) -> HttpResponseBase:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = self.get_response(request) if request else refused
        if request is None:
            body.close()
        if response.streaming:
            response.block_size = self.chunk_size  # of a file
            response.streaming_content = self._pieces(iter(response.streaming_content))
        else:
            response.close()  # says that the request is over, in the thread whose connections that concerns
        return cast(HttpResponseBase, response)

    async def _pieces(self, content: Iterator[bytes]) -> AsyncIterator[bytes]:
        while (piece := await self._in_thread(lambda: next(content, None))) is not None:
            yield piece


class ByPath:
    """The live streams to one application, everything else to the other."""

    def __init__(self, live: Any, pages: Any) -> None:
        self.live, self.pages = live, pages

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        of_pages = scope["type"] == "http" and scope["path"] != LIVE
        await (self.pages if of_pages else self.live)(scope, receive, send)


application = BodyLimit(ByPath(get_asgi_application(), Pages()))
