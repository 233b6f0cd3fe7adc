"""How much anybody may send. Django would first write a whole request to disk, also one from somebody who has not signed in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.conf import settings
from django.utils.html import escape

from haihe.kernel.errors import TooLarge
from haihe.web.middleware import SecurityHeaders

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

# A browser shows an answer only once it has sent everything: so much is taken and thrown away before the line is cut.
DRAINED_BYTES = 1 << 30


def largest_body_bytes() -> int:
    """Two files of the largest size, and the form around them."""
    return 2 * settings.UPLOAD_LIMIT_BYTES + 1_000_000


class BodyLimit:
    """Answers 413 to a request that says that it is too large, and cuts off one that turns out to be."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        limit = largest_body_bytes()
        declared = dict(scope.get("headers") or ()).get(b"content-length", b"")
        if scope["type"] == "http" and declared.isdigit() and int(declared) > limit:
            await _drain(receive)
            await _refuse(scope["path"], limit, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= limit else {"type": "http.disconnect"}

        await self.application(scope, counted, send)


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < DRAINED_BYTES:
        message = await receive()
        drained += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _refuse(path: str, limit: int, send: Send) -> None:
    most = settings.UPLOAD_LIMIT_BYTES // 1024 // 1024
    error = TooLarge(
        f"上传内容太大，每个文件不超过 {most} MB。", f"This is too much: at most {most} MB a file.", where="upload",
        to_do_zh="请压缩图片或拆分后上传。", to_do_en="Compress or split it.",
    )  # fmt: skip
    if path.startswith("/api/"):
        body, content_type = json.dumps({"error": error.as_dict()}, ensure_ascii=False), "application/json"
    else:
        body = f"<!doctype html><title>413</title><p>{escape(error.sentence('zh'))}</p><p>{escape(error.sentence('en'))}</p>"
        content_type = "text/html; charset=utf-8"
    headers = {
        **SecurityHeaders.headers(),
        "Content-Type": content_type,
        "Content-Length": str(len(body.encode())),
        "Connection": "close",
    }
    written = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": written})
    await send({"type": "http.response.body", "body": body.encode()})
