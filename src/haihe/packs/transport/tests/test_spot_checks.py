"""Spot checks: a draw that anybody can repeat, a finding written once, the share of each carrier, who may and who sees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from haihe.kernel.audit import AuditRecord
from haihe.kernel.errors import Conflict, InvalidInput, NotAllowed
from haihe.kernel.identity import issue_token
from haihe.kernel.observations import stores
from haihe.kernel.observations.standard import Position  # noqa: F401  (declares the table)
from haihe.kernel.organisations import Organisation
from haihe.packs.transport import services
from haihe.packs.transport.models import SpotCheck, SpotFinding, Vehicle
from haihe.packs.transport.spot_checks import choices, digest_of, pick_by
from haihe.testing.rules import positions


@pytest.fixture
def trade(district: SimpleNamespace, account_with: Callable[..., Any]) -> SimpleNamespace:
    units = [Organisation.objects.create(name=f"{name}运输公司", kind="enterprise", parent=district.city) for name in ("甲", "乙")]  # fmt: skip
    supervisor = account_with("supervisor")
    carriers = [services.register_carrier(supervisor, unit) for unit in units]
    vehicles = [services.register_vehicle(supervisor, c, plate=f"模S{n}{m}678", kind=Vehicle.Kind.HEAVY_TRUCK) for n, c in enumerate(carriers) for m in range(2)]  # fmt: skip
    return SimpleNamespace(
        supervisor=supervisor, bureau=account_with("officer", district.city), firm=account_with("officer", units[0]), other=account_with("officer", units[1]),
        viewer=account_with("viewer"), carriers=carriers, vehicles=vehicles, today=timezone.localdate(),
    )  # fmt: skip


def test_a_draw_can_be_repeated_from_what_is_kept(trade: SimpleNamespace) -> None:
    made = services.draw_day(trade.bureau, None, seed="2026年11月第1次")
    listed = choices([vehicle.pk for vehicle in reversed(trade.vehicles)], trade.today, 7)
    assert (made.drawn_from, made.digest) == (len(listed), digest_of(listed)) and len(listed) == 4 * 7
    assert pick_by(made.seed, listed) == (made.vehicle_id, made.on.isoformat())
    record = AuditRecord.objects.get(action="spot_check.draw").details
    assert record["seed"] == "2026年11月第1次" and record["drawn_from"] == 28
    again = services.draw_day(trade.bureau, None, seed="2026年11月第1次")
    assert (again.vehicle_id, again.on) != (made.vehicle_id, made.on) and again.drawn_from == 27, (
        "it is being checked already"
    )
    assert len(services.draw_day(trade.supervisor, None).seed) == 16


def test_every_day_can_be_drawn_and_none_much_more_often(trade: SimpleNamespace) -> None:
    listed = choices([1, 2, 3], date(2026, 3, 2), 7)
    drawn = [pick_by(f"seed {n}", listed) for n in range(2100)]
    counts = [drawn.count(choice) for choice in listed]
    assert min(counts) > 60 and max(counts) < 150, "a hundred each, give or take"


def test_a_carrier_draws_and_picks_none_of_its_own_and_nobody_those_of_another(trade: SimpleNamespace) -> None:
    own = trade.vehicles[0]
    for act in (
        lambda: services.pick_day(trade.firm, own, on=trade.today), lambda: services.pick_day(trade.other, own, on=trade.today),
        lambda: services.draw_day(trade.firm, None, carrier=trade.carriers[0]), lambda: services.pick_day(trade.viewer, own, on=trade.today),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            act()
    with pytest.raises(Conflict):
        services.draw_day(trade.firm, None)
    made = services.draw_day(trade.bureau, None, carrier=trade.carriers[1])
    assert made.carrier == trade.carriers[1]
    with pytest.raises(NotAllowed):
        services.conclude(trade.other, made, result="complete")
    for on in (trade.today + timedelta(days=1), date(1970, 1, 1)):
        with pytest.raises(InvalidInput):
            services.pick_day(trade.bureau, own, on=on)


def test_a_finding_is_written_once_and_counts_for_its_month(trade: SimpleNamespace) -> None:
    check = services.pick_day(trade.bureau, trade.vehicles[0], on=trade.today)
    with pytest.raises(Conflict):
        services.pick_day(trade.supervisor, trade.vehicles[0], on=trade.today)
    for result, text in (("no-such", "x"), ("gaps", " "), ("violation", "")):
        with pytest.raises(InvalidInput):
            services.conclude(trade.bureau, check, result=result, text=text)
    before = {s.carrier.pk: s.checked for s in services.list_shares(trade.bureau, trade.today)}
    assert set(before.values()) == {0}, "a check without a finding is not done"
    services.conclude(trade.bureau, check, result="gaps", text="14 时至 16 时无数据")
    with pytest.raises(Conflict):
        services.conclude(trade.supervisor, check, result="complete")
    for model in (SpotCheck, SpotFinding):
        with pytest.raises(DatabaseError), transaction.atomic():
            model._base_manager.update(at=timezone.now())
    again = services.pick_day(trade.bureau, trade.vehicles[0], on=trade.today)
    services.conclude(trade.bureau, again, result="complete")
    first, second = services.list_shares(trade.bureau, trade.today)
    assert (first.vehicles, first.checked, first.share) == (2, 1, 0.5), "one vehicle, however often"
    assert first.results == {"complete": 1, "gaps": 1, "violation": 0} and second.checked == 0
    long_ago = services.list_shares(trade.bureau, date(2020, 5, 31))
    assert [share.checked for share in long_ago] == [0, 0]
    assert [s.carrier for s in services.list_shares(trade.firm, trade.today)] == [trade.carriers[0]]


def test_on_the_pages_the_day_is_shown_recorded_and_concluded(client: Client, trade: SimpleNamespace) -> None:
    vehicle = trade.vehicles[0]
    start = timezone.localtime().replace(hour=0, minute=1, second=0, microsecond=0) - timedelta(days=1)
    drifting = [{"seconds": 30, "speed_kmh": 60, "positions_off_km": off} for off in (30, 0, 30)]
    track = [{"minutes": 30, "speed_kmh": 60}, {"minutes": 40, "silent": True}, {"minutes": 20, "speed_kmh": 60}, *drifting, {"minutes": 5, "speed_kmh": 60}]  # fmt: skip
    stores.journal().append([("position", positions(vehicle.thing_id, start, track))])
    client.force_login(trade.bureau)
    assert "/transport/checks/draw/" in client.get("/transport/checks/").content.decode()
    made = client.post("/transport/checks/pick/", {"plate": vehicle.plate.lower(), "on": str(start.date())})
    check = SpotCheck.objects.get()
    assert made["Location"] == f"/transport/checks/{check.pk}/"
    before = AuditRecord.objects.filter(action="observations.read_personal").count()
    page = client.get(f"/transport/checks/{check.pk}/").content.decode()
    assert page.count(">失联</span>") == page.count(">漂移</span>") == 1, "four jumps are one drift"
    assert '"broken": [60, 100, 101, 102, 103]' in page, "of neither a track or a speed is drawn"
    reads = AuditRecord.objects.filter(action="observations.read_personal")
    assert reads.count() == before + 1 and "抽查" in str(reads.latest("pk").details)
    assert client.post(f"/transport/checks/{check.pk}/finding/", {"result": "gaps", "text": ""}).status_code == 422
    client.post(f"/transport/checks/{check.pk}/finding/", {"result": "gaps", "text": "失联 40 分钟"})
    page = client.get("/transport/checks/").content.decode()
    assert "数据缺失" in page and "50 %" in page
    assert client.post("/transport/checks/draw/", {"seed": "x"}).status_code == 302
    assert client.post("/transport/checks/pick/", {"plate": "没有这车", "on": str(start.date())}).status_code == 404

    client.force_login(trade.firm)
    page = client.get(f"/transport/checks/{check.pk}/").content.decode()
    assert (
        "失联 40 分钟" in page
        and "写明结果" not in page
        and "/transport/checks/draw/" not in client.get("/transport/checks/").content.decode()
    )
    assert client.post("/transport/checks/draw/", {}).status_code == 409
    client.force_login(trade.other)
    assert client.get(f"/transport/checks/{check.pk}/").status_code == 404
    client.force_login(trade.viewer)
    page = client.get(f"/transport/checks/{check.pk}/").content.decode()
    assert "您没有查看权限" in page and "day-data" not in page


def test_the_same_over_the_api(trade: SimpleNamespace) -> None:
    secret = issue_token(trade.bureau, "t", days=1, may_write=True)[1]
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    def send(path: str, body: dict[str, Any]) -> Any:
        return client.post(f"/api/v1/transport{path}", body, content_type="application/json")

    drawn = send("/checks/draw", {"carrier_id": trade.carriers[0].pk, "seed": "s"}).json()
    assert drawn["drawn"] and drawn["drawn_from"] == 14 and drawn["result"] is None
    picked = send("/checks", {"vehicle_id": trade.vehicles[2].pk, "on": str(trade.today)}).json()
    done = send(f"/checks/{picked['id']}/finding", {"result": "violation", "text": "超速 6 分钟"}).json()
    assert (done["result"], done["concluded_by"]) == ("violation", trade.bureau.username)
    assert send(f"/checks/{picked['id']}/finding", {"result": "complete"}).status_code == 409
    assert [c["id"] for c in client.get("/api/v1/transport/checks").json()] == [picked["id"], drawn["id"]]
    assert client.get(f"/api/v1/transport/checks/{drawn['id']}").json()["seed"] == "s"
    shares = client.get("/api/v1/transport/checks/shares", {"month": str(trade.today)}).json()
    assert [share["checked"] for share in shares] == [0, 1] and shares[1]["results"]["violation"] == 1
    assert client.get("/api/v1/transport/checks/shares", {"month": "0001-01-01"}).status_code == 422


@pytest.mark.parametrize("page", ["checks", "carriers"])
def test_a_page_by_months_leads_to_those_that_have_begun(trade: SimpleNamespace, page: str) -> None:
    client = Client()
    client.force_login(trade.supervisor)
    this = trade.today.replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    now, then = (
        client.get(f"/transport/{page}/", {"month": f"{month:%Y-%m}"}).content.decode() for month in (this, before)
    )
    assert f"?month={before:%Y-%m}" in now and "下月" not in now, "nothing was checked in a month to come"
    assert f"?month={this:%Y-%m}" in then and "下月" in then
