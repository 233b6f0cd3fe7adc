"""A shift in the browser, on a phone: the post is set up, taken over, checked, answered, handed over. One web process, no demo."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from tests.scenarios.browser.person import BROWSER, PHONE, Person

from haihe.packs.transport.tests.live import Live

pytestmark = BROWSER
PASSWORD = "correct-horse-7"
PEOPLE = f"""
from django.utils import timezone
from haihe.kernel.identity import Account, RoleGrant, set_password
from haihe.kernel.organisations import Organisation
bureau = Organisation.objects.create(name="望河区交通运输局", kind="bureau")
firm = Organisation.objects.create(name="试验运输公司", kind="enterprise", parent=bureau)
for name, unit in (("bureau", bureau), ("firm", firm)):
    account = Account(username=name, display_name=name, organisation=unit)
    account.set_unusable_password()
    account.save()
    set_password(account, "{PASSWORD}")
    RoleGrant.objects.create(account=account, role="officer", scope=unit, since=timezone.localdate())
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    district = Live(tmp_path_factory.mktemp("duty") / "district")
    district.run(PEOPLE)
    district.start("web")
    yield f"http://127.0.0.1:{district.web_port}"
    district.stop()


def at_rosters(browser, base: str, name: str) -> Person:
    one = Person(browser, (base, {name: PASSWORD}), name, PHONE)
    one.page.goto("/rosters/")
    return one


def is_proper(one: Person) -> None:
    one.fits()
    one.owes_nothing()
    one.reads_well()


def test_a_shift_on_a_phone(browser, base: str) -> None:
    carrier, supervisor = at_rosters(browser, base, "firm"), at_rosters(browser, base, "bureau")
    firm, bureau = carrier.page, supervisor.page
    firm.get_by_text("设立岗位").click()
    firm.get_by_label("岗位名称").fill("监控室")
    firm.get_by_role("button", name="设立", exact=True).click()
    firm.get_by_text("无人当班").wait_for()
    firm.get_by_text("排班", exact=True).first.click()
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    firm.get_by_label("开始").fill(f"{today}T00:00")
    firm.get_by_label("结束").fill(f"{today + timedelta(days=1)}T00:00")
    firm.get_by_role("button", name="排班").click()
    firm.get_by_role("button", name="接班").click()
    firm.get_by_text("已接班。").wait_for()
    is_proper(carrier)
    bureau.goto(firm.url)
    bureau.get_by_text("查岗", exact=True).first.click()
    bureau.get_by_role("button", name="发出查岗").click()
    bureau.get_by_text("等待应答").wait_for()
    firm.goto("/rosters/")
    is_proper(carrier)
    firm.get_by_role("button", name="我在岗，应答").click()
    firm.get_by_text("已应答。").wait_for()
    firm.get_by_label("未办结事项").fill("一车离线待查")
    firm.get_by_role("button", name="签字交班").click()
    expect(firm.locator(".case-log")).to_contain_text("一车离线待查")
    bureau.goto("/rosters/")
    is_proper(supervisor)
    assert not carrier.errors + supervisor.errors
