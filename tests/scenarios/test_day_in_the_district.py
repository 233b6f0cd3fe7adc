"""A day in the district, compressed: terminals drive over TCP with the times of the day in their frames, one too fast, one too long;
alerts become cases; the carrier answers with a file on the page; the bureau above reviews and closes; the indicators move.

Everything runs as in life: gateway, worker and web server are processes of their own, and people use HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from haihe.packs.transport.indicators import Period, arrived
from haihe.packs.transport.jt808.build import location_body
from haihe.packs.transport.tests.live import Device, Live, eventually
from haihe.testing.database import query
from haihe.testing.rules import positions

pytestmark = pytest.mark.xdist_group("feed")
CHINA = ZoneInfo("Asia/Shanghai")
PASSWORD = "correct-horse-7"
PEOPLE = """
import json
from django.utils import timezone
from haihe.kernel.administration import operator
from haihe.kernel.identity import Account, RoleGrant
from haihe.kernel.organisations import Organisation
from haihe.packs.transport import services

def unit(name, kind, parent=None):
    return Organisation.objects.create(name=name, kind=kind, parent=parent)

government = unit("望河区人民政府", "government")
bureau = unit("望河区交通运输局", "bureau", government)
first, second = unit("甲运输公司", "enterprise", bureau), unit("乙运输公司", "enterprise", bureau)
for name, role, of in (("ducha", "supervisor", government), ("jiaotong", "officer", bureau), ("jia", "officer", first), ("yi", "officer", second)):
    account = Account(username=name, display_name=name, organisation=of, must_change_password=False)
    account.set_password("correct-horse-7")
    account.save()
    RoleGrant.objects.create(account=account, role=role, scope=of if role == "officer" else None, since=timezone.localdate())
boss, vehicles = operator(), {}
for number, carrier in enumerate([services.register_carrier(boss, first)] * 2 + [services.register_carrier(boss, second)] * 2):
    plate = f"模A0000{number}"
    vehicle = services.register_vehicle(boss, carrier, plate=plate, kind="heavy_truck", phone=str(10_000_000_000 + number))
    vehicles[plate] = [vehicle.pk, vehicle.thing_id]
print(json.dumps(vehicles))
"""
MEASURE = """
import sys, json
from datetime import datetime
from haihe.kernel import indicators
indicators.take_measurements(datetime.fromisoformat(sys.argv[1]))
rows = indicators.IndicatorValue.objects.filter(indicator__key__startswith="transport.").order_by("pk")
print(json.dumps({row.indicator.key: float(row.value) for row in rows.select_related("indicator")}))
"""


def day_of_the_test() -> tuple[datetime, datetime]:
    """Six hours within one local day that have passed: up to now, or in the small hours yesterday evening's."""
    here = datetime.now(CHINA).replace(minute=0, second=0, microsecond=0)
    end = here if here.hour >= 7 else here.replace(hour=23) - timedelta(days=1)
    return (end - timedelta(hours=6)).astimezone(UTC), end.astimezone(UTC)


def drive(device: Device, rows: pl.DataFrame) -> None:
    """The frames of a drive, many at once, every one acknowledged."""
    names = ("observed_at", "longitude_deg", "latitude_deg", "speed_kmh")
    for part in rows.select(names).iter_slices(200):
        device.send(b"".join(device.terminal.frame(0x0200, location_body(*row)) for row in part.iter_rows()))
        for _ in range(part.height):
            message = device.hear()
            assert message is not None and message["body"]["result"] == 0


class Browser:
    """A person's browser: cookies, the CSRF token, forms with files."""

    def __init__(self, live: Live, username: str) -> None:
        self.url, self.cookies = f"http://127.0.0.1:{live.web_port}", CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get("/sign-in/")
        page = self.post("/sign-in/", {"username": username, "password": PASSWORD})
        assert "/sign-in/" not in page.url, "not signed in"

    def get(self, path: str) -> str:
        return str(self.opener.open(self.url + path, timeout=30).read().decode())

    def status(self, path: str) -> int:
        try:
            return int(self.opener.open(self.url + path, timeout=30).status)
        except urllib.error.HTTPError as error:
            return error.code

    def post(self, path: str, fields: dict[str, str], file: tuple[str, bytes] | None = None) -> Any:
        """The final answer (redirects followed)."""
        fields = {**fields, "csrfmiddlewaretoken": next(c.value or "" for c in self.cookies if c.name == "csrftoken")}
        edge = "haihe-form-edge"
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()
        ]
        if file is not None:
            head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{file[0]}"\r\nContent-Type: image/png\r\n\r\n'
            parts.append(head.encode() + file[1] + b"\r\n")
        body = b"".join([*parts, f"--{edge}--\r\n".encode()])
        kind = {"Content-Type": f"multipart/form-data; boundary={edge}", "Origin": self.url}
        return self.opener.open(urllib.request.Request(self.url + path, body, kind), timeout=30)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    district = Live(tmp_path / "home")
    try:
        yield district
    finally:
        district.stop()


def ask(live: Live, sql: str, *values: object) -> list[tuple[Any, ...]]:
    return query(live.home, sql, values)


def test_a_day_in_the_district(live: Live) -> None:
    vehicles = json.loads(live.run(PEOPLE))
    begin, end = day_of_the_test()
    live.start("gateway", "worker", "duties", "web")
    before = json.loads(live.run(MEASURE, (begin + timedelta(hours=1)).isoformat()))
    assert before["transport.online_rate"] == 0

    fast = [{"minutes": 20, "speed_kmh": 80}, {"minutes": 6, "speed_kmh": 112}, {"minutes": 20, "speed_kmh": 80}]
    long = [{"minutes": 290, "speed_kmh": 70}, {"minutes": 40, "speed_kmh": 0}]
    quiet = [{"minutes": 60, "speed_kmh": 75}, {"minutes": 30, "speed_kmh": 0}, {"minutes": 60, "speed_kmh": 75}]
    devices = [
        Device(live.port, str(10_000_000_000 + n), "2019" if n == 1 else "2013", f"模A0000{n}") for n in range(3)
    ]
    for device, track in zip(devices, (fast, long, quiet), strict=True):
        drive(device.sign_on(), positions(1, begin, track))
    speeder, tired, other = vehicles["模A00000"], vehicles["模A00001"], vehicles["模A00002"]

    # Alerts, and a case for each of them at the carrier.
    columns = "rule, thing_id, level, count, case_opened, over_at IS NOT NULL"
    expected = [
        ("transport.fatigue", tired[1], "raised", 1, 1, 1),
        ("transport.speeding", speeder[1], "raised", 1, 1, 1),
    ]
    eventually(lambda: ask(live, f"SELECT {columns} FROM kernel_alert ORDER BY rule") == expected, 30, "the two alerts")
    cases = dict(
        ask(live, "SELECT a.rule, c.id FROM kernel_case c JOIN kernel_alert a ON a.id = CAST(c.about_id AS INTEGER)")
    )
    assert len(cases) == 2

    a_carrier_sees_its_own_only(live, vehicles, cases)
    the_carrier_answers_and_the_bureau_closes(live, cases["transport.speeding"], speeder[1])
    reading_a_track_is_recorded(live, speeder[0], begin)
    replay_tells_what_was_told_live(live, begin)

    # Three of four vehicles were online; one speeding among them. Duties measure each minute and hold a value for ten; a look at an
    # earlier moment of a day writes nothing over a later one.
    live.kill("duties")
    today = end.astimezone(CHINA).date() == datetime.now(CHINA).date()
    after = json.loads(live.run(MEASURE, (datetime.now(UTC) if today else end).isoformat()))
    assert after["transport.online_rate"] == 75 and after["transport.speeding_per_vehicle"] == pytest.approx(0.33)
    assert after["transport.track_completeness"] == 100
    # Counted by receipt, and all of the day was received just now.
    now = datetime.now(UTC)
    received = Period(now - timedelta(hours=1), now)
    counts = arrived(live.rows("position"), [thing for _, thing in vehicles.values()], received)
    assert 0 < counts.arrived == counts.valid
    assert live.rows("position").filter(pl.col("thing") == other[1]).height == positions(1, begin, quiet).height
    page = Browser(live, "ducha").get("/transport/vehicles/")
    assert all(plate in page for plate in vehicles)


def a_carrier_sees_its_own_only(live: Live, vehicles: dict[str, list[int]], cases: dict[str, int]) -> None:
    own, stranger = Browser(live, "jia"), Browser(live, "yi")
    page, other = own.get("/transport/vehicles/"), stranger.get("/transport/vehicles/")
    assert "模A00000" in page and "模A00002" not in page and "模A00002" in other and "模A00000" not in other
    seen = json.loads(own.get("/transport/positions.json"))["rows"]
    assert {row[1] for row in seen} == {"模A00000", "模A00001"}
    assert "模A00000" in own.get("/alerts/") and "模A00000" not in stranger.get("/alerts/")
    for path in (f"/transport/vehicles/{vehicles['模A00000'][0]}/", f"/cases/{cases['transport.speeding']}/"):
        assert (own.status(path), stranger.status(path)) == (200, 404), path


def the_carrier_answers_and_the_bureau_closes(live: Live, case: int, thing: int) -> None:
    duty, carrier = Browser(live, "jiaotong"), Browser(live, "jia")
    answer = {"text": "已约谈驾驶员并停运一日。", "to": "review"}
    png = ("约谈记录.png", b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    with pytest.raises(urllib.error.HTTPError) as refused:
        carrier.post(f"/cases/{case}/steps/answer/", answer)
    assert refused.value.code == 422, "an answer without evidence is none"
    carrier.post(f"/cases/{case}/steps/answer/", answer, png)
    assert ask(live, "SELECT state FROM kernel_alert WHERE thing_id = ?", thing) == [("handled",)]
    page = duty.get(f"/cases/{case}/")
    assert "约谈驾驶员" in page and "约谈记录.png" in page
    duty.post(f"/cases/{case}/steps/review/", {"to": "closed", "text": "同意"})
    assert ask(live, "SELECT step, closed_at IS NOT NULL FROM kernel_case WHERE id = ?", case) == [("closed", 1)]
    assert ask(live, "SELECT state FROM kernel_alert WHERE thing_id = ?", thing) == [("ended",)]


def reading_a_track_is_recorded(live: Live, vehicle: int, begin: datetime) -> None:
    bureau = Browser(live, "jiaotong")
    count = "SELECT count(*) FROM kernel_auditrecord WHERE action = 'observations.read_personal'"
    before = ask(live, count)[0][0]
    assert "模A00000" in bureau.get(f"/transport/vehicles/{vehicle}/") and ask(live, count)[0][0] == before
    day = begin.astimezone(CHINA).date()
    page = bureau.get(f"/transport/vehicles/{vehicle}/?purpose=complaint&on={day}")
    speeds = re.search(r'"speed_kmh": (\[[^\]]+\])', page)
    assert speeds and max(json.loads(speeds[1])) == 112
    last = "SELECT actor_name, details FROM kernel_auditrecord WHERE action = 'observations.read_personal' ORDER BY id DESC"
    who, details = ask(live, last)[0]
    said = json.loads(details)
    assert who == "jiaotong" and "投诉" in said["purpose"]
    assert ask(live, count)[0][0] == before + 1


def replay_tells_what_was_told_live(live: Live, begin: datetime) -> None:
    since = (begin - timedelta(minutes=1)).astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
    for rule in ("transport.speeding", "transport.fatigue"):
        command = [sys.executable, "-m", "haihe.cli", "rules", "replay", rule, "--since", since, "--json"]
        done = subprocess.run(command, env=live.environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        replayed = [json.loads(line) for line in done.stdout.splitlines()]
        stored = ask(live, "SELECT t.key, a.key, a.level, a.started_at, a.raised_at, a.over_at, a.count, a.value, a.\"limit\" FROM kernel_alert a"
                           " JOIN kernel_thing t ON t.id = a.thing_id WHERE a.rule = ? ORDER BY a.id", rule)  # fmt: skip
        names = ("thing", "key", "level", "started_at", "raised_at", "over_at", "count", "value", "limit")
        told = [tuple(_instant(row[name]) for name in names) for row in replayed]
        assert told == [tuple(_instant(value) for value in row) for row in stored] and len(told) == 1


def _instant(value: Any) -> Any:
    """Instants as such, whichever way they are written; everything else as it is."""
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[ T]\d\d:", value):
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return value
