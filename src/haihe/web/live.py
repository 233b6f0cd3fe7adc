"""Live pages: one stream of server-sent events that says "something changed"; pages then fetch their part again.

The newest audit record's number is the clock: every change of the district writes one. It is looked up at most once a second for
all open streams of this process together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from haihe.kernel.audit import AuditRecord

LARGEST_NUMBER_OF_STREAMS = 500
KEEP_ALIVE_S = 15
_open_streams = 0
_newest: tuple[float, int] = (0.0, 0)


async def _newest_change() -> int:
    global _newest
    read_at, number = _newest
    if time.monotonic() - read_at >= 1:
        # Set before asking, so that the other streams do not ask meanwhile.
        _newest = (time.monotonic(), number)
        last = await AuditRecord.objects.order_by("-pk").values_list("pk", flat=True).afirst()
        _newest = (time.monotonic(), last or 0)
    return _newest[1]


async def live(request: HttpRequest) -> HttpResponseBase:
    """The stream, for signed-in accounts only; a process serves a bounded number of them."""
    account = await sync_to_async(lambda: request.user.is_authenticated)()
    if not account:
        return HttpResponse(status=403)
    if _open_streams >= LARGEST_NUMBER_OF_STREAMS:
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    kind, headers = "text/event-stream", {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":  # a stream would be sent, and never end
        return HttpResponse(content_type=kind, headers=headers)
    return StreamingHttpResponse(_changes(), content_type=kind, headers=headers)


async def _changes() -> AsyncIterator[bytes]:
    global _open_streams
    _open_streams += 1
    try:
        seen = await AuditRecord.objects.order_by("-pk").values_list("pk", flat=True).afirst() or 0
        yield b"retry: 5000\n: ready\n\n"
        quiet_since = time.monotonic()
        while True:
            await asyncio.sleep(1)
            newest = await _newest_change()
            if newest > seen:
                seen = newest
                quiet_since = time.monotonic()
                yield f"event: changed\ndata: {seen}\n\n".encode()
            elif time.monotonic() - quiet_since > KEEP_ALIVE_S:
                quiet_since = time.monotonic()
                yield b": still here\n\n"
    finally:
        _open_streams -= 1
