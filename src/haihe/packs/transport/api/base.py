"""What the calls of this pack share: the router, vehicles that the account may see, a reason."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from haihe.kernel.permissions import visible
from haihe.packs.transport.models import Vehicle
from haihe.web.api_administration import asker

router = Router(tags=["transport"])


class ReasonIn(Schema):
    reason: str = Field(max_length=300)


def visible_vehicles(request: HttpRequest) -> Any:
    rows = Vehicle.objects.select_related("carrier__organisation", "thing").filter(thing__retired_at=None)
    return visible(asker(request, "vehicle.read"), rows)
