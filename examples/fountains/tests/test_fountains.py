from decimal import Decimal

from django.utils import timezone

from haihe.kernel.indicators import OFFERED, Indicator, measure_now
from haihe.kernel.things import register_thing, retire_thing


def test_the_number_is_measured_and_leads_down_to_its_rows(account_with):
    account = account_with("supervisor")
    first, _ = (register_thing(account, None, kind="fountain", key=key) for key in ("f1", "f2"))
    before = timezone.now()
    retire_thing(account, first, reason="拆除")
    measure_now(["fountains.standing"])
    assert Indicator.objects.get(key="fountains.standing").values.get().value == Decimal(1)
    rows = OFFERED["fountains.standing"].rows
    assert [row.title for row in rows(timezone.now())] == ["f2"]
    assert [row.title for row in rows(before)] == ["f1", "f2"], (
        "the same question about the past has the same answer later"
    )
