"""From a line on a socket to a value on the page and an alert."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from django.utils import timezone

from cold_store.feeds import Thermometers
from cold_store.observations import ColdStoreAir
from haihe.kernel.alerts import processing
from haihe.kernel.alerts.models import Alert
from haihe.kernel.alerts.rules import RULES
from haihe.kernel.observations import stores
from haihe.kernel.things import register_thing
from haihe.testing.feeds import FeedContract
from haihe.testing.rules import RuleContract
from haihe.testing.tables import kept, problems

START = datetime(2026, 3, 2, tzinfo=UTC)


def lines(key: str, warm: range, minutes: int = 40) -> bytes:
    """A line a minute: 4.2 degrees, 11.5 in the minutes of `warm`."""
    seconds = int(START.timestamp())
    return b"".join(f"{key} {seconds + 60 * n} {11.5 if n in warm else 4.2}\n".encode() for n in range(minutes))


class TestFeed(FeedContract):
    feed = Thermometers

    @pytest.fixture(autouse=True)
    def _registered(self, account_with):
        register_thing(account_with("supervisor"), None, kind="cold_store", key="cs-07")

    def wire(self):
        return lines("cs-07", range(5, 9), 12) + lines("cs-99", range(0), 3)

    def test_only_registered_thermometers_become_values(self):
        tables = dict(self._read(self.wire().splitlines()).tables)
        assert tables["cold_store_air"].height == 12 and tables["raw_frame"]["issues"].to_list()[-1] == "not registered"


def test_the_table_keeps_the_contract(tmp_path):
    assert problems(ColdStoreAir) == [] and kept(ColdStoreAir, tmp_path) == []


class TestRule(RuleContract):
    rule, things = RULES["cold_store.too_warm"], pl.DataFrame({"thing": [1, 2, 3]})

    def rows(self):
        """Warm for long, warm twice for too short, never warm."""
        warm = {1: {*range(20, 60)}, 2: {*range(10, 18), *range(30, 38)}, 3: set()}
        rows = [
            (thing, START + timedelta(minutes=n, seconds=thing), 11.5 if n in warm[thing] else 4.2)
            for n in range(90)
            for thing in warm
        ]
        table = pl.DataFrame(rows, schema=["thing", "observed_at", "air_c"], orient="row")
        return ColdStoreAir.conform(table.with_columns(received_at="observed_at"))

    def test_it_raises_and_ends_once(self):
        found = self._run([self.rows()]).findings
        assert found.select("thing", "phase").rows() == [(1, "raise"), (1, "end")]
        assert found["observed_at"].to_list() == [START + timedelta(minutes=n, seconds=1) for n in (30, 60)]


def test_a_warm_store_is_on_the_page_and_in_the_alerts(account_with, signed_in):
    """The road of the district: feed → journal → rules and newest rows → page."""
    viewer = account_with("viewer")
    store = register_thing(account_with("supervisor"), None, kind="cold_store", key="cs-07", name="疫苗冷库")
    page = signed_in(viewer).get("/cold-stores/").content.decode()
    assert "疫苗冷库" in page and "尚无数据" in page
    stores.journal().append(
        [
            (
                "cold_store_air",
                ColdStoreAir.check(
                    TestRule.rows(None).filter(pl.col("thing") == 1).head(50).with_columns(thing=pl.lit(store.pk))
                ),
            )
        ]
    )
    processing.process_new(timezone.now())
    assert "11.5 °C" in signed_in(viewer).get("/cold-stores/").content.decode()
    assert [(alert.rule, alert.thing) for alert in Alert.objects.all()] == [("cold_store.too_warm", store)]
