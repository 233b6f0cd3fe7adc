"""The register of compute capacity: the four figures of the plan come out of sites and periods, as of any day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.evidence import receive
from haihe.kernel.registers import COUNTS, RegisterEntry, hand_in, open_entry, review, withdraw_entry
from haihe.packs.compute.register import Compute
from haihe.testing.registers import problems


@pytest.fixture
def people(district: SimpleNamespace, account_with) -> SimpleNamespace:
    return SimpleNamespace(
        park=account_with("officer", district.park), data=account_with("officer", district.data), viewer=account_with("viewer")
    )  # fmt: skip


def declared(people, district, site: str, period: str, **values: Any) -> RegisterEntry:
    values = {"site": site, "period_end": period, **values}
    return open_entry(people.park, None, register="compute", owner=district.park, reviewer=district.data, values=values)


def verified(people, district, site: str, period: str, eflops: Any = 0, **values: Any) -> RegisterEntry:
    entry = declared(people, district, site, period, eflops_declared=eflops, **values)
    papers = [receive("台账.txt", [b"1"], people.park)]
    entry = hand_in(people.park, entry, version=1, step="verify", text="附台账", evidence=papers)
    return review(people.data, entry, version=2, accept=True, values={"eflops_verified": eflops})


def numbers(at: datetime | None = None) -> dict[str, Decimal | None]:
    keys = ("high_power_racks", "rack_use_rate", "base_stations", "eflops")
    return {key: COUNTS[f"compute.{key}"].value_at(at or timezone.now()) for key in keys}


def test_the_declaration_holds_the_contract() -> None:
    assert problems(Compute) == []


def test_the_totals_reproduce_the_four_figures_of_the_plan(people, district, signed_in) -> None:
    """Three sites over two periods: 30,000 high-power racks, 80 % of 40,000 racks in use, 5,000 stations, 30 EFlops."""
    verified(people, district, "甲中心", "2026-03-31", 9, racks=15_000, high_power_racks=9_000, racks_in_use=6_000)
    verified(people, district, "甲中心", "2026-06-30", 18, racks=25_000, high_power_racks=19_000, racks_in_use=21_000)
    verified(people, district, "乙中心", "2026-06-30", "12", racks=15_000, high_power_racks=11_000, racks_in_use=11_000)
    verified(people, district, "基站", "2026-06-30", base_stations=5_000)
    plan = {"high_power_racks": 30_000, "rack_use_rate": 80, "base_stations": 5_000, "eflops": 30}
    assert numbers() == plan
    told = signed_in(people.viewer).get("/api/v1/compute/counts").json()["indicators"]
    assert {key: told[f"compute.{key}"] for key in plan} == plan
    rows = COUNTS["compute.high_power_racks"].rows_at(timezone.now())
    assert {row.title.split()[1]: int(row.value) for row in rows} == {"甲中心": 19_000, "乙中心": 11_000}


def test_the_newest_verified_period_of_a_site_counts(people, district) -> None:
    """A period that is only declared, one that lies ahead and one verified later but older do not take its place."""
    verified(people, district, "甲中心", "2026-06-30", 3)
    declared(people, district, "甲中心", "2026-09-30", eflops_declared=8)
    verified(people, district, "甲 中心", "2026-03-31", 1)
    verified(people, district, "甲中心", (timezone.localdate() + timedelta(days=1)).isoformat(), 9)
    assert numbers()["eflops"] == 3
    in_two_days = timezone.now() + timedelta(days=2)
    assert numbers(in_two_days)["eflops"] == 9


def test_a_withdrawn_period_gives_way_to_the_one_before(people, district) -> None:
    verified(people, district, "甲中心", "2026-03-31", 1)
    newest = verified(people, district, "甲中心", "2026-06-30", 3)
    before = timezone.now()
    withdraw_entry(people.park, newest, version=3, reason="误报")
    assert numbers()["eflops"] == 1 and numbers(before)["eflops"] == 3, "the past answers as it did"


def test_the_use_rate_has_the_same_sites_above_and_below_the_line(people, district) -> None:
    verified(people, district, "甲中心", "2026-06-30", racks=100, racks_in_use=90)
    verified(people, district, "空机房", "2026-06-30", racks=100)
    declared(people, district, "未核", "2026-06-30", racks=1_000, racks_in_use=1_000)
    assert numbers()["rack_use_rate"] == 45
    assert numbers(timezone.now() - timedelta(days=400))["rack_use_rate"] is None


def test_a_district_with_base_stations_only_has_no_use_rate(people, district) -> None:
    verified(people, district, "基站", "2026-06-30", base_stations=7)
    assert numbers()["rack_use_rate"] is None and numbers()["base_stations"] == 7


@pytest.mark.parametrize(
    ("values", "where"),
    [({"racks": 10, "racks_in_use": 11}, "racks_in_use"), ({"racks": 10, "high_power_racks": 11}, "high_power_racks"), ({"racks": "10.5"}, "racks"), ({"racks": -1}, "racks"), ({"period_end": "2026-13-01"}, "period_end")],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(people, district, values, where) -> None:
    with pytest.raises(InvalidInput) as caught:
        declared(people, district, "甲中心", **{"period": "2026-06-30", **({"period": values["period_end"]} if "period_end" in values else {}), **{k: v for k, v in values.items() if k != "period_end"}})  # fmt: skip
    assert caught.value.where == where


def test_no_more_is_verified_than_was_declared_and_one_period_is_one_entry(people, district) -> None:
    entry = declared(people, district, "甲中心", "2026-06-30", eflops_declared=3)
    entry = hand_in(people.park, entry, version=1, step="verify", text="x", evidence=[receive("a.txt", [b"1"], people.park)])  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        review(people.data, entry, version=2, accept=True, values={"eflops_verified": "3.1"})
    assert caught.value.where == "eflops_verified"
    with pytest.raises(Conflict):
        declared(people, district, "甲中心", "2026-06-30")
    assert declared(people, district, "甲中心", date(2026, 9, 30).isoformat()).number.startswith("SL-")
