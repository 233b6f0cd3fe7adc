"""Who sees what on the pages of the road: two carriers below one bureau, a bureau beside it, and every role."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.alerts.models import Alert
from haihe.kernel.audit import AuditRecord
from haihe.kernel.cases import open_case
from haihe.kernel.feeds.commands import Command
from haihe.kernel.observations import stores
from haihe.kernel.observations.standard import Position  # noqa: F401  (declares the table)
from haihe.kernel.organisations import Organisation
from haihe.packs.transport import following, services
from haihe.packs.transport import pages as transport_pages
from haihe.packs.transport.models import Vehicle
from haihe.packs.transport.orders.table import ORDERS
from haihe.testing.rules import positions
from haihe.web import cases as case_pages
from haihe.web.site import pages as site_pages

OK, FORBIDDEN, MISSING, POST_ONLY = 200, 403, 404, 405
READERS = ("supervisor", "viewer", "bureau", "own", "other", "beside")
OUTSIDE = ("system_admin", "security_admin", "auditor")
EVERYBODY = (*READERS, *OUTSIDE)


@pytest.fixture
def road(district: SimpleNamespace, account_with: Callable[..., Any]) -> SimpleNamespace:
    """Carrier `own` with a vehicle that drove for an hour until now, its alert and case; carrier `other` with a vehicle of its own."""
    carriers = [
        Organisation.objects.create(
            name=f"{name}运输有限公司", short_name=name, kind="enterprise", parent=district.city
        )
        for name in ("甲一", "乙二")
    ]
    people = {
        "supervisor": account_with("supervisor", district.government), "viewer": account_with("viewer", district.government),
        "bureau": account_with("officer", district.city), "own": account_with("officer", carriers[0]), "other": account_with("officer", carriers[1]),
        "beside": account_with("officer", district.health), **{role: account_with(role) for role in OUTSIDE},
    }  # fmt: skip
    vehicles = []
    for number, unit in enumerate(carriers):
        carrier = services.register_carrier(people["supervisor"], unit)
        vehicles.append(services.register_vehicle(people["supervisor"], carrier, plate=f"模T{number}234", kind=Vehicle.Kind.DANGEROUS_GOODS, phone=f"1390000000{number}"))  # fmt: skip
    now = timezone.now().replace(microsecond=0)
    rows = positions(vehicles[0].thing_id, now - timedelta(minutes=60), [{"minutes": 40, "speed_kmh": 70}, {"minutes": 20, "speed_kmh": 90}])  # fmt: skip
    stores.journal().append([("position", rows)])
    alert = Alert.objects.create(
        rule="transport.speeding", title_zh="超速行驶", title_en="Speeding", unit="km/h", thing=vehicles[0].thing, organisation=carriers[0], key="speeding",
        level="raised", severity="Moderate", urgency="Immediate", certainty="Observed", started_at=now - timedelta(seconds=90), raised_at=now, last_at=now,
        count=1, value=90, limit=80, evidence={"over_s": 60, "longitude_deg": 117.4, "latitude_deg": 39.2, "new_fact": "x<y"},
    )  # fmt: skip
    case = open_case(None, "transport.alert", "超速行驶：模T0234", carriers[0], about=alert, reviewer=district.city)
    return SimpleNamespace(people=people, vehicles=vehicles, alert=alert, case=case, day=timezone.localdate(now))


def paths(road: SimpleNamespace) -> list[str]:
    """Every page of the pack, of alerts, of cases and of maps, about the vehicle, alert and case of carrier `own`."""
    wanted = [*transport_pages.pages.urlpatterns, *case_pages.pages.urlpatterns, *(p for p in site_pages.urlpatterns if str(p.pattern).startswith(("alerts/", "map/", "indicators/")))]  # fmt: skip
    found = []
    for pattern in wanted:
        route = str(pattern.pattern)
        row = (
            road.alert if route.startswith("alerts/") else road.case if route.startswith("cases/") else road.vehicles[0]
        )
        found.append(
            "/"
            + route.replace("<int:pk>", str(row.pk))
            .replace("<str:step>", "acknowledge")
            .replace("<slug:name>", "photograph")
        )
    assert len(found) >= 14
    return found


@pytest.mark.parametrize("who", EVERYBODY)
def test_no_page_of_the_road_fails_and_administrators_get_none(client: Client, road: SimpleNamespace, who: str) -> None:
    client.force_login(road.people[who])
    for path in paths(road):
        for address in (path, f"{path}?purpose=check&on={road.day}"):
            status = client.get(address).status_code
            allowed = {FORBIDDEN, POST_ONLY} if who in OUTSIDE else {OK, FORBIDDEN, MISSING, POST_ONLY}
            assert status in allowed, f"{who} {address}: {status}"


def test_each_carrier_sees_its_own_vehicles_alerts_and_cases(client: Client, road: SimpleNamespace) -> None:
    plates, one = [vehicle.plate for vehicle in road.vehicles], road.vehicles[0]
    sees_own, sees_other = {"supervisor", "viewer", "bureau", "own"}, {"supervisor", "viewer", "bureau", "other"}
    for who in READERS:
        client.force_login(road.people[who])
        lists = {
            path: client.get(path).content.decode()
            for path in ("/transport/vehicles/", "/alerts/", "/cases/", "/transport/")
        }
        assert (plates[0] in lists["/transport/vehicles/"], plates[1] in lists["/transport/vehicles/"]) == (
            who in sees_own,
            who in sees_other,
        )
        assert (plates[0] in lists["/alerts/"], plates[0] in lists["/cases/"]) == (who in sees_own, who in sees_own)
        assert ("甲一" in lists["/transport/"]) == (who in sees_own) or who == "own", (
            "the filter names the carriers one sees"
        )
        expected = OK if who in sees_own else MISSING
        for path in (f"/transport/vehicles/{one.pk}/", f"/alerts/{road.alert.pk}/", f"/cases/{road.case.pk}/"):
            assert client.get(path).status_code == expected, f"{who} {path}"
        answer = client.get("/transport/positions.json").json()
        assert {row[1] for row in answer["rows"]} == {plate for plate, seers in zip(plates, (sees_own, sees_other), strict=True) if who in seers}  # fmt: skip
        assert answer["counts"]["alerts"] == (who in sees_own)


def test_the_live_map_tells_where_how_fast_and_how_long_ago(client: Client, road: SimpleNamespace) -> None:
    client.force_login(road.people["bureau"])
    rows = {row[1]: row for row in client.get("/transport/positions.json").json()["rows"]}
    moving, never = rows["模T0234"], rows["模T1234"]
    assert (
        moving[2:4] == ["甲一", "dangerous_goods"]
        and moving[6] == 90
        and moving[8] == "alert"
        and moving[10] == road.alert.pk
    )
    assert 0 <= moving[9] < 120
    assert never[4:6] == [None, None] and never[8:] == ["offline", None, None]


def test_an_open_map_is_told_only_what_is_new_and_only_of_vehicles_it_may_see(
    client: Client, road: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)

    def ask(who: str, after: str = "") -> Any:
        client.force_login(road.people[who])
        return client.get("/transport/positions.json", {"after": after} if after else {}).json()

    marks = {who: ask(who)["after"] for who in ("own", "other", "supervisor")}
    quiet = ask("own", marks["own"])
    assert quiet["only_changes"] and quiet["rows"] == [] and quiet["counts"] == {"vehicles": 1, "alerts": 1}
    assert quiet["alerts"] == [[road.vehicles[0].pk, road.alert.pk]]
    now = timezone.now().replace(microsecond=0)
    stores.journal().append(
        [("position", positions(road.vehicles[1].thing_id, now, [{"minutes": 1, "speed_kmh": 30}]))]
    )
    moved = {who: ask(who, mark) for who, mark in marks.items()}
    assert [row[1] for row in moved["other"]["rows"]] == ["模T1234"] and moved["other"]["alerts"] == []
    assert moved["own"]["rows"] == [] and [row[1] for row in moved["supervisor"]["rows"]] == ["模T1234"]
    Alert.objects.filter(pk=road.alert.pk).update(state=Alert.State.ENDED)
    assert ask("own", moved["own"]["after"])["alerts"] == []


def test_a_day_needs_a_purpose_which_is_recorded_and_shows_its_events(client: Client, road: SimpleNamespace) -> None:
    client.force_login(road.people["own"])
    address = f"/transport/vehicles/{road.vehicles[0].pk}/"
    # Not yesterday: after midnight what the fixture drove some minutes ago lies there.
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
    track = positions(
        road.vehicles[0].thing_id, noon, [{"minutes": 30, "speed_kmh": 60}, {"minutes": 5, "speed_kmh": 90}]
    )
    stores.journal().append([("position", track)])
    Alert.objects.filter(pk=road.alert.pk).update(
        started_at=noon + timedelta(minutes=31), raised_at=noon + timedelta(minutes=32)
    )
    assert "day-data" not in client.get(address).content.decode()
    assert client.get(address, {"purpose": "curiosity"}).status_code == 422
    page = client.get(address, {"purpose": "own", "on": str(noon.date())})
    assert page.status_code == OK
    day = page.context["day"]
    assert (
        len(day["at"]) == 70
        and day["at"][0].endswith("T12:00:30")
        and day["limit_kmh"] == 80
        and page.context["summary"].over > timedelta(minutes=1)
    )
    assert [event["url"] for event in day["events"]] == [f"/alerts/{road.alert.pk}/"]
    records = AuditRecord.objects.filter(actor_id=road.people["own"].pk)
    assert any("本企业安全管理" in str(record.details) for record in records)
    client.force_login(road.people["viewer"])
    assert "day-data" not in client.get(address, {"purpose": "check"}).content.decode(), (
        "a leader sees vehicles, not tracks"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ("超速持续", "60 秒", "发生地点")), ("en", ("above the limit for", "60 s", "Where it happened"))],
)
def test_an_alert_says_its_facts_in_words_and_leads_to_its_case_and_vehicle(
    client: Client, road: SimpleNamespace, language: str, words: tuple[str, ...]
) -> None:
    person = road.people["own"]
    person.language = language
    person.save()
    client.force_login(person)
    for path in (f"/alerts/{road.alert.pk}/", f"/cases/{road.case.pk}/"):
        page = client.get(path).content.decode()
        assert all(word in page for word in words) and 'data-longitude="117.400000"' in page
        assert "over_s" not in page and "x&lt;y" in page, "facts without a name keep their key, escaped"
        assert f'href="/transport/vehicles/{road.vehicles[0].pk}/"' in page
    assert f'href="/cases/{road.case.pk}/"' in client.get(f"/alerts/{road.alert.pk}/").content.decode()
    assert road.case.number in client.get("/alerts/").content.decode()


def test_positions_without_a_place_leave_the_page_whole(client: Client, road: SimpleNamespace) -> None:
    road.alert.evidence = {"over_s": None, "longitude_deg": "nowhere"}
    road.alert.save()
    client.force_login(road.people["supervisor"])
    page = client.get(f"/alerts/{road.alert.pk}/").content.decode()
    assert 'id="map"' not in page and "超速行驶" in page


def test_the_last_position_is_the_newest(road: SimpleNamespace) -> None:
    thing = road.vehicles[0].thing_id
    later = positions(thing, timezone.now() - timedelta(seconds=30), [{"seconds": 30, "speed_kmh": 0}])
    stores.journal().append([("position", later)])
    assert services.last_positions([thing], timezone.now())[thing].state == "online"
    assert isinstance(later, pl.DataFrame)


def test_every_order_has_a_form_and_what_needs_a_reason_gets_one(client: Client, road: SimpleNamespace) -> None:
    vehicle = road.vehicles[0]
    client.force_login(road.people["supervisor"])
    for name, order in ORDERS.items():
        page = client.get(f"/transport/vehicles/{vehicle.pk}/orders/{name}/")
        assert page.status_code == OK
        text = page.content.decode()
        assert all(f'name="{row.name}"' in text for row in order.inputs) and ('name="reason"' in text) is order.guarded
    address = f"/transport/vehicles/{vehicle.pk}/orders/photograph/"
    values = {"channel": "1", "command": "1", "keep": "0", "resolution": "2"}
    refused = client.post(address, values, HTTP_HX_REQUEST="true")
    assert refused.status_code == 422 and "理由" in refused.content.decode()
    assert client.post(address, values | {"reason": "核查乘客投诉"}).status_code == 302
    [command] = Command.objects.filter(thing=vehicle.thing)
    assert (command.kind, command.state, command.content["reason"]) == ("photograph", "queued", "核查乘客投诉")
    assert "核查乘客投诉" in client.get(f"/transport/vehicles/{vehicle.pk}/orders/").content.decode()
    assert AuditRecord.objects.filter(action="vehicle.order_guarded").exists()


def test_a_carrier_tells_its_own_vehicle_but_does_not_listen(client: Client, road: SimpleNamespace) -> None:
    own, other = road.vehicles[0], road.vehicles[1]
    client.force_login(road.people["own"])
    assert (
        client.post(f"/transport/vehicles/{own.pk}/orders/text/", {"text": "请回场", "flags": "4"}).status_code == 302
    )
    assert (
        client.post(f"/transport/vehicles/{other.pk}/orders/text/", {"text": "请回场", "flags": "4"}).status_code
        == MISSING
    )
    listening = client.post(
        f"/transport/vehicles/{own.pk}/orders/call_back/", {"mode": "1", "phone": "13900000000", "reason": "想听一听"}
    )
    assert listening.status_code == FORBIDDEN
    assert [command.kind for command in Command.objects.all()] == ["text"]
