"""How many drinking fountains stood registered at an instant, with the rows that the number is made of."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from haihe.kernel.indicators import Offered, RowBehind, measure, offer
from haihe.kernel.things import Thing


def standing(at: datetime) -> list[Thing]:
    rows = Thing.objects.filter(Q(retired_at=None) | Q(retired_at__gt=at), kind="fountain", registered_at__lte=at)
    return list(rows.select_related("organisation").order_by("key"))


@measure("fountains.standing")
def count(at: datetime) -> Decimal | None:
    return Decimal(len(standing(at)))


def rows(at: datetime) -> Sequence[RowBehind]:
    return [
        RowBehind(
            thing.name or thing.key,
            "",
            thing.standing,
            Decimal(1),
            0,
            thing.registered_at,
            str(thing.organisation or ""),
            thing,
        )
        for thing in standing(at)
    ]


offer(
    Offered(
        "fountains.standing",
        "直饮水点",
        "drinking fountains",
        "个",
        "登记且未注销的直饮水点数",
        "unverified",
        date(2026, 1, 1),
        rows,
    )
)
