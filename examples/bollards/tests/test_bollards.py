from datetime import UTC, datetime, timedelta

import polars as pl

from bollards.observations import BollardState
from haihe.kernel.alerts.rules import RULES
from haihe.testing.rules import RuleContract
from haihe.testing.tables import problems

START = datetime(2026, 3, 2, tzinfo=UTC)


def test_the_table_keeps_the_contract():
    assert problems(BollardState) == []


class TestLowered(RuleContract):
    rule, things = RULES["bollards.lowered"], pl.DataFrame({"thing": [1, 2]})

    def rows(self):
        """The first is lowered from the 20th minute to the 80th, the second for a quarter of an hour."""
        down = {1: range(20, 80), 2: range(20, 35)}
        rows = [
            (thing, START + timedelta(minutes=n, seconds=thing), n in down[thing]) for n in range(100) for thing in down
        ]
        table = pl.DataFrame(rows, schema=["thing", "observed_at", "lowered"], orient="row")
        return BollardState.conform(table.with_columns(received_at="observed_at"))

    def test_it_raises_after_half_an_hour_and_ends_when_it_rises(self):
        found = self._run([self.rows()]).findings
        assert found.select("thing", "phase").rows() == [(1, "raise"), (1, "end")]
        assert found["value"].to_list()[0] == 30
