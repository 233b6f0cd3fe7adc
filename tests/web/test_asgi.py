"""How requests come to Django's threads and answers from them: web/asgi.py."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from haihe.database import CONNECTIONS
from haihe.web.asgi import Pages

SCOPE = {"type": "http", "method": "POST", "path": "/x/", "query_string": b"", "headers": [(b"host", b"localhost")]}
Sent = list[dict[str, Any]]


def serving(view: Callable[[HttpRequest], HttpResponseBase]) -> Pages:
    pages = Pages()
    pages.get_response = view  # type: ignore[assignment, method-assign]
    return pages


async def asked(pages: Pages, *messages: dict[str, Any]) -> Sent:
    """What a peer is sent that says these messages and then nothing any more."""
    waiting, sent = list(messages), Sent()

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await pages(SCOPE, receive, send)
    return sent


WHOLE = {"type": "http.request", "body": b"whole", "more_body": False}
PART = {"type": "http.request", "body": b"part", "more_body": True}


def body_of(sent: Sent) -> bytes:
    return b"".join(message.get("body", b"") for message in sent[1:])


def test_peers_that_never_finish_their_request_hold_no_thread() -> None:
    pages = serving(lambda request: HttpResponse(request.body))

    async def play() -> Sent:
        slow = [asyncio.create_task(asked(pages, PART)) for _ in range(3 * CONNECTIONS)]
        sent = await asyncio.wait_for(asked(pages, WHOLE), 10)
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        return sent

    sent = asyncio.run(play())
    assert sent[0]["status"] == 200
    assert body_of(sent) == b"whole"


def test_who_leaves_in_the_middle_of_a_request_is_not_served() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        pytest.fail("half a request was served")

    assert not asyncio.run(asked(serving(view), PART, {"type": "http.disconnect"}))


def test_a_large_file_is_sent_in_pieces_and_closed_in_a_thread_of_pages() -> None:
    content, closed_in = b"0123456789" * 50_000, list[str]()

    class File(io.BytesIO):
        def close(self) -> None:
            closed_in.append(threading.current_thread().name)
            super().close()

    sent = asyncio.run(asked(serving(lambda _: FileResponse(File(content))), WHOLE))
    assert body_of(sent) == content
    assert len(sent) > 5
    assert closed_in
    assert all(name.startswith("page") for name in closed_in)


def test_more_requests_than_threads_are_all_answered() -> None:
    pages = serving(lambda request: HttpResponse(threading.current_thread().name))

    async def play() -> list[Sent]:
        return await asyncio.gather(*(asked(pages, WHOLE) for _ in range(10 * CONNECTIONS)))

    found = asyncio.run(play())
    assert len(found) == 10 * CONNECTIONS
    assert len({body_of(sent) for sent in found}) <= CONNECTIONS
