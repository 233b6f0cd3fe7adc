"""`/api/v1/playgrounds`: the same for programs."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from haihe.kernel.things import Thing
from haihe.web.api_administration import asker
from haihe.web.fields import visible_row
from playgrounds import services

router = Router(tags=["playgrounds"])


class PlaygroundOut(Schema):
    """`closed`: why it is closed, empty while it is open."""

    id: int
    key: str
    closed: str


class CloseIn(Schema):
    reason: str


def _out(row: Thing) -> dict[str, Any]:
    return {"id": row.pk, "key": row.key, "closed": row.attributes.get("closed", "")}


@router.get("", response=list[PlaygroundOut], summary="Playgrounds that the account may see")
def list_playgrounds(request: HttpRequest) -> Any:
    return [_out(row) for row in services.playgrounds(asker(request, "playground.read"))]


@router.post("/{pk}/close", response=PlaygroundOut, summary="关闭: close a playground")
def close(request: HttpRequest, pk: int, body: CloseIn) -> Any:
    account = asker(request, "playground.read")
    return _out(
        services.close(account, visible_row(account, Thing.objects.filter(kind="playground"), pk), reason=body.reason)
    )


@router.post("/{pk}/open", response=PlaygroundOut, summary="开放: open it again")
def open_again(request: HttpRequest, pk: int) -> Any:
    account = asker(request, "playground.read")
    return _out(services.open_again(account, visible_row(account, Thing.objects.filter(kind="playground"), pk)))
