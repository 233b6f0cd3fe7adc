"""The pages of rules: limits with their sources, switching, and trying other limits out over what is stored."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone

from haihe.kernel.alerts.models import Alert, RuleStatus
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.alerts.trial import Trial
from haihe.kernel.audit import AuditRecord
from haihe.kernel.observations import stores
from haihe.kernel.things import Thing
from haihe.testing.rules import positions
from haihe.web import jobs

RULE = "/rules/transport.speeding/"


@pytest.fixture
def drives(writable_rows: None) -> datetime:
    """Yesterday one vehicle drove at 90 km/h for ten minutes: below its limit of 100, above 80."""
    begin = (
        (timezone.localtime() - timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
    )
    vehicle = Thing.objects.create(kind="vehicle", key="V1", attributes={"use": "freight"})
    rows = positions(vehicle.pk, begin, [{"minutes": 10, "speed_kmh": 70}, {"minutes": 10, "speed_kmh": 90}], 30)
    missing = {
        "altitude_m": pl.Float64,
        "heading_deg": pl.Float64,
        "mileage_km": pl.Float64,
        "status_bits": pl.UInt32,
        "items": pl.Binary,
    }
    rows = rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in missing.items())
    stores.journal().append([("position", rows)])
    return begin


def outcome(client: Client, form: dict[str, Any]) -> str:
    answer = client.post(f"{RULE}trials/", form)
    assert answer.status_code == 302, answer.content.decode()
    for _ in range(200):
        page = client.get(answer["Location"]).content.decode()
        if "正在重放" not in page:
            return page
        time.sleep(0.05)
    raise AssertionError("the trial does not end")


def test_lower_limits_tried_over_stored_drives_show_what_they_would_raise(client: Client, account_with, drives) -> None:
    client.force_login(account_with("supervisor"))
    form = client.get(RULE).content.decode()
    assert 'name="speed_limit_kmh:freight" value="100"' in form and "第七十八条" in form and "依据未核实" in form
    day = timezone.localtime(drives).date().isoformat()
    page = outcome(client, {"since": day, "until": day, "speed_limit_kmh:freight": "80"})
    assert '<b class="figure-big">0</b>' in page and '<b class="figure-big tried">1</b>' in page and "V1" in page
    assert "100 → <b>80</b>" in page
    record = AuditRecord.objects.filter(action="rule.try").get()
    assert record.details["changed"]["speed_limit_kmh"]["freight"] == 80
    assert not Alert.objects.exists(), "nothing that was tried becomes an alert"


def test_the_api_tells_the_same_and_refuses_what_has_another_shape(client: Client, account_with, drives) -> None:
    client.force_login(account_with("supervisor"))
    asked = {"since": (drives - timedelta(hours=1)).isoformat(), "until": (drives + timedelta(hours=2)).isoformat()}
    path, json = "/api/v1/rules/transport.speeding/trials", "application/json"
    found = client.post(path, {**asked, "changed": {"speed_limit_kmh": {"default": 80}}}, json).json()
    assert found == {"now": 0, "then": 1, "rows": 40}
    for changed in (
        {"speed_limit_kmh": 80},
        {"speed_limit_kmh": {"freight": 80}},
        {"no_such": 1},
        {"speeding_sustained_s": "long"},
    ):
        refused = client.post(path, {**asked, "changed": changed}, json)
        assert refused.status_code == 422, refused.content
    too_long = client.post(path, {"since": "2026-01-01T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, json)
    assert too_long.status_code == 422


def test_only_supervisors_try_and_switch(client: Client, account_with, db: None) -> None:
    client.force_login(account_with("viewer"))
    page = client.get(RULE)
    assert page.status_code == 200 and "试算" not in page.content.decode()
    assert client.post(f"{RULE}trials/", {"since": "2026-11-01", "until": "2026-11-02"}).status_code == 403
    assert client.post(RULE, {"enabled": "0", "reason": "x"}).status_code == 403
    client.force_login(account_with("supervisor"))
    assert client.post(RULE, {"enabled": "0", "reason": "试运行"}).status_code == 302
    assert not RuleStatus.objects.get(rule="transport.speeding").enabled
    assert "已停用" in client.get("/rules/").content.decode()


def test_nobody_sees_what_somebody_else_tries(client: Client, account_with, db: None) -> None:
    job = jobs.start(account_with("supervisor"), None, lambda tell: None)
    client.force_login(account_with("supervisor"))
    assert client.get(f"{RULE}trials/{job.key}/").status_code == 404


def test_a_job_that_fails_says_so_and_a_third_one_has_to_wait(client: Client, account_with, db: None) -> None:
    supervisor, go_on = account_with("supervisor"), threading.Event()
    client.force_login(supervisor)
    failed = jobs.start(
        supervisor, Trial(RULES["transport.speeding"], timezone.now(), timezone.now()), lambda tell: 1 / 0
    )
    while not failed.is_over:
        time.sleep(0.01)
    assert "已记入日志" in client.get(f"{RULE}trials/{failed.key}/").content.decode()
    running = [jobs.start(supervisor, None, lambda tell: go_on.wait(20)) for _ in range(jobs.AT_ONCE)]
    refused = client.post(f"{RULE}trials/", {"since": "2026-11-01", "until": "2026-11-02"})
    assert refused.status_code == 409 and "等前面的任务完成" in refused.content.decode()
    go_on.set()
    while not all(job.is_over for job in running):
        time.sleep(0.01)


def test_a_job_that_ends_while_its_page_is_made_is_not_over_yet(client: Client, account_with, db: None) -> None:
    supervisor, go_on = account_with("supervisor"), threading.Event()

    class EndsMeanwhile(dict[str, Any]):
        """What was changed, which the page asks for after it has looked at the job."""

        def items(self) -> Any:
            go_on.set()
            while not job.is_over:
                time.sleep(0.01)
            return super().items()

    tried = Trial(RULES["transport.speeding"], timezone.now(), timezone.now(), EndsMeanwhile())
    job = jobs.start(supervisor, tried, lambda tell: go_on.wait(20))
    client.force_login(supervisor)
    page = client.get(f"{RULE}trials/{job.key}/").content.decode()
    assert "正在重放" in page and "没有报警" not in page
