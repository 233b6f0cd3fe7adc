"""The only door to this pack: cold stores with their newest value."""

from typing import Any

from haihe.kernel.identity import Account, Role
from haihe.kernel.observations.queries import latest
from haihe.kernel.permissions import declare, visible
from haihe.kernel.things import Thing

declare(
    "cold_store.read", "查看冷库温度", "see the air of cold stores", roles=[Role.SUPERVISOR, Role.OFFICER, Role.VIEWER]
)


def stores(account: Account | None) -> list[dict[str, Any]]:
    """Cold stores that the account may see: {thing, air_c, at}, without a value where none came yet."""
    things = list(visible(account, Thing.objects.filter(kind="cold_store", retired_at=None)).order_by("key"))
    rows = {row["thing"]: row for row in latest("cold_store_air", [thing.pk for thing in things]).to_dicts()}
    newest = [rows.get(thing.pk, {}) for thing in things]
    return [
        {"thing": thing, "air_c": row.get("air_c"), "at": row.get("observed_at")}
        for thing, row in zip(things, newest, strict=True)
    ]
