"""Carriers under supervision: kinds, what each lacks, archives that a month left out, work given and answered, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.cases import Case, take_step
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.evidence import receive
from haihe.kernel.organisations import Organisation
from haihe.kernel.registers import RegisterEntry, hand_in, open_entry, review
from haihe.packs.transport import services
from haihe.packs.transport.models import Carrier
from haihe.packs.transport.months import month_bounds
from haihe.packs.transport.register import KEY, REQUIRED


@pytest.fixture
def trade(district: SimpleNamespace, account_with: Callable[..., Any]) -> SimpleNamespace:
    units = [Organisation.objects.create(name=f"{name}运输公司", kind="enterprise", parent=district.city) for name in ("甲", "乙")]  # fmt: skip
    supervisor = account_with("supervisor")
    carriers = [services.register_carrier(supervisor, unit, kinds=["taxi", "hazmat"]) for unit in units]
    return SimpleNamespace(
        supervisor=supervisor, bureau=account_with("officer", district.city), firm=account_with("officer", units[0]), other=account_with("officer", units[1]),
        viewer=account_with("viewer"), carriers=carriers, units=units, city=district.city, today=timezone.localdate(),
    )  # fmt: skip


def filed(trade: SimpleNamespace, kind: str, name: str = "档案", which: int = 0) -> RegisterEntry:
    """What the firm hands in and the bureau accepts."""
    firm = (trade.firm, trade.other)[which]
    entry = open_entry(firm, None, register=KEY, owner=trade.units[which], reviewer=trade.city, values={"kind": kind, "name": name})  # fmt: skip
    return step(trade, entry, "file", firm)


def step(trade: SimpleNamespace, entry: RegisterEntry, name: str, firm: Any) -> RegisterEntry:
    proof = receive("proof.txt", ["材料".encode()], firm)
    hand_in(firm, entry, version=entry.version, step=name, text="材料", evidence=[proof])
    entry.refresh_from_db()
    review(trade.bureau, entry, version=entry.version, accept=True, text="属实")
    entry.refresh_from_db()
    return entry


def standing(trade: SimpleNamespace, account: Any = None, month: date | None = None) -> services.CarrierStanding:
    return services.list_carriers(account or trade.supervisor, month or trade.today)[0]


def test_kinds_are_kept_in_one_order_and_an_unknown_one_is_refused(trade: SimpleNamespace) -> None:
    carrier = Carrier.objects.get(pk=trade.carriers[0].pk)
    assert carrier.kinds == ["hazmat", "taxi"] and carrier.kind_titles == ["危险化学品运输", "出租车"]
    with pytest.raises(InvalidInput, match="kind"):
        services.set_kinds(trade.supervisor, carrier, kinds=["ferry"])
    with pytest.raises(NotAllowed):
        services.set_kinds(trade.firm, carrier, kinds=["taxi"])
    services.set_kinds(trade.supervisor, carrier, kinds=["school_bus"])
    assert AuditRecord.objects.get(action="carrier.set_kinds").details["before"] == ["hazmat", "taxi"]


def test_only_what_is_on_file_counts_and_its_end_is_lacking_again(trade: SimpleNamespace) -> None:
    assert standing(trade).lacking == list(REQUIRED)
    open_entry(trade.firm, None, register=KEY, owner=trade.units[0], reviewer=trade.city, values={"kind": "safety_manager", "name": "未备案"})  # fmt: skip
    assert standing(trade).lacking == list(REQUIRED), "what nobody accepted is not on file"
    entries = {kind: filed(trade, kind, f"{kind}甲") for kind in REQUIRED}
    found = standing(trade)
    assert found.lacking == [] and found.holders["safety_manager"] == ["safety_manager甲"]
    step(trade, entries["monitoring_regime"], "end", trade.firm)
    assert standing(trade).lacking == ["monitoring_regime"]


def test_a_carrier_registers_vehicles_of_its_own_and_of_nobody_else(trade: SimpleNamespace) -> None:
    """As the permission says; without the carrier's units it could be used by supervisors alone."""
    assert services.register_vehicle(trade.firm, trade.carriers[0], plate="模K12345").carrier == trade.carriers[0]
    with pytest.raises(NotAllowed):
        services.register_vehicle(trade.other, trade.carriers[0], plate="模K12346")


def test_two_carriers_may_have_a_regime_of_the_same_title_and_one_only_once(trade: SimpleNamespace) -> None:
    filed(trade, "monitoring_regime", "动态监控管理制度")
    filed(trade, "monitoring_regime", "动态监控管理制度", which=1)
    with pytest.raises(Conflict):
        filed(trade, "monitoring_regime", "动态监控管理制度")


def test_carriers_come_in_the_order_of_the_register_of_units(trade: SimpleNamespace) -> None:
    first, second = trade.units
    assert [row.carrier.organisation for row in services.list_carriers(trade.supervisor, trade.today)] == [
        first,
        second,
    ]
    Organisation.objects.filter(pk=first.pk).update(path=second.path + "z")
    assert [row.carrier.organisation for row in services.list_carriers(trade.supervisor, trade.today)] == [
        second,
        first,
    ]


def test_an_archive_is_left_out_in_months_in_which_nobody_updated_it(trade: SimpleNamespace) -> None:
    entry = filed(trade, "other", "隐患排查台账")
    after = month_bounds(trade.today)[1]
    assert standing(trade).stale == [] and standing(trade, month=after).stale == [entry]
    before = trade.today.replace(day=1) - timedelta(days=1)
    assert standing(trade, month=before).stale == [entry], "on file now, and not updated then"


def test_an_update_that_waits_for_the_bureau_is_an_update(trade: SimpleNamespace) -> None:
    entry = filed(trade, "other", "隐患排查台账")
    after = month_bounds(trade.today)[1]
    proof = receive("proof.txt", ["材料".encode()], trade.firm)
    hand_in(trade.firm, entry, version=entry.version, step="update", text="本月无变化", evidence=[proof])
    at = timezone.now() + timedelta(days=(after - trade.today).days)
    RegisterEntry.objects.filter(pk=entry.pk).update(handed_in_at=at)
    assert standing(trade, month=after).stale == []


def test_work_is_answered_by_the_carrier_and_checked_by_who_gave_it(trade: SimpleNamespace) -> None:
    due = trade.today + timedelta(days=7)
    case = services.give_work(trade.bureau, trade.carriers[0], title="节前检查", text="逐车检查", due=due)
    assert services.list_work(trade.firm) == [case] and services.list_work(trade.other) == []
    take_step(trade.firm, case, step="reply", text="已检查")
    case = Case.objects.get(pk=case.pk)
    with pytest.raises(NotAllowed):
        take_step(trade.firm, case, step="check", to="closed", text="")
    take_step(trade.bureau, case, step="check", to="closed", text="")
    assert Case.objects.get(pk=case.pk).closed_at is not None


def test_a_carrier_gives_no_work_and_nobody_gives_it_for_yesterday(trade: SimpleNamespace) -> None:
    for account in (trade.firm, trade.other, trade.viewer):
        with pytest.raises(NotAllowed):
            services.give_work(account, trade.carriers[0], title="节前检查", text="逐车检查", due=trade.today)
    with pytest.raises(InvalidInput, match="due"):
        services.give_work(trade.bureau, trade.carriers[0], title="检查", text="检查", due=trade.today - timedelta(days=1))  # fmt: skip
    with pytest.raises(InvalidInput, match="title"):
        services.give_work(trade.bureau, trade.carriers[0], title=" ", text="检查", due=trade.today)


def test_the_page_flags_gives_work_and_shows_a_carrier_only_itself(trade: SimpleNamespace, signed_in: Callable[[Any], Client]) -> None:  # fmt: skip
    page = signed_in(trade.bureau).get("/transport/carriers/").content.decode()
    assert "2 家缺制度或人员" in page and "动态监控管理人员" in page
    form = {"carriers": [carrier.pk for carrier in trade.carriers], "title": "节前检查", "text": "逐车检查", "due": (trade.today + timedelta(days=3)).isoformat()}  # fmt: skip
    client = signed_in(trade.bureau)
    assert client.post("/transport/carriers/work/", form).status_code == 302 and Case.objects.count() == 2
    assert client.post("/transport/carriers/work/", {**form, "carriers": []}).status_code == 422
    own = signed_in(trade.firm).get("/transport/carriers/?month=2026-01").content.decode()
    assert "甲运输公司" in own and "乙运输公司" not in own and "transport/carriers/work/" not in own
    assert signed_in(trade.firm).post("/transport/carriers/work/", form).status_code == 403 and Case.objects.count() == 2  # fmt: skip
    address = f"/transport/carriers/{trade.carriers[0].pk}/kinds/"
    assert signed_in(trade.supervisor).post(address, {"kinds": ["taxi"]}).status_code == 302
    assert Carrier.objects.get(pk=trade.carriers[0].pk).kinds == ["taxi"]
    assert signed_in(trade.other).post(address, {"kinds": ["taxi"]}).status_code == 404
