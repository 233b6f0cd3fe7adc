"""Every installed rule keeps the contract on rows of any kind, and the contract notices what is wrong. That a rule raises where it
should is for its own pack's tests (`RuleContract` with rows of their own)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import polars as pl
import pytest

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, RULES, Rule
from haihe.kernel.observations.tables import get_table
from haihe.testing.rules import RuleContract, SilenceContract
from haihe.testing.tables import examples

START = datetime(2026, 3, 2, tzinfo=UTC)


def rows_of_any_kind(table_name: str, count: int = 90) -> pl.DataFrame:
    """Rows of three things every twenty seconds whose values are those that the contract of tables knows: usual, at and beyond their
    bounds, missing."""
    table, dice = get_table(table_name), Random(17)
    columns: dict[str, list[Any]] = {
        "thing": [n % 3 + 1 for n in range(count)],
        "observed_at": [START + timedelta(seconds=20 * n) for n in range(count)],
        "received_at": [START + timedelta(seconds=20 * n + 1) for n in range(count)],
        "quality": [0] * count,
        **{name: [dice.choice(examples(field)) for _ in range(count)] for name, field in table.fields.items()},
    }
    return table.check(pl.DataFrame(columns, schema=table.schema()))


def contract_of(declared: Rule) -> type[RuleContract]:
    def rows(self: RuleContract) -> pl.DataFrame:
        return rows_of_any_kind(self.rule.table)

    facts = pl.DataFrame({"thing": [1, 2, 3]}).with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in declared.attributes
    )
    base = SilenceContract if declared.speaks_of_silence else RuleContract
    silent = {"test_the_rows_of_the_contract_raise": None, "__module__": __name__}
    return type("Contract", (base,), {"rule": declared, "things": facts, "rows": rows, **silent})


for _name, _rule in RULES.items():
    if not _rule.table or not type(_rule).__module__.startswith("haihe."):
        continue  # raised by duties, from no rows; or declared by other tests of the same run
    globals()[f"Test_{_name.replace('.', '_')}"] = contract_of(_rule)


# --- the contract notices -------------------------------------------------------------------------------------------------


class Fast(Rule):
    """Raises for each row over 100 km/h; keeps the fastest of each thing."""

    name = "contract.fast"
    title_zh, title_en, table = "快", "Fast", "position"
    state = {"fastest": pl.Float64}

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        found = self.found(batch.frame.filter(pl.col("speed_kmh") > 100), now)
        most = batch.frame.group_by("thing").agg(pl.col("speed_kmh").max())
        after = state.join(most, on="thing", maintain_order="left", how="left")
        return found, after.with_columns(fastest=pl.max_horizontal("fastest", "speed_kmh")).drop("speed_kmh")

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        told = rows.with_columns(key=pl.lit("fast"), phase=pl.lit("raise"), value="speed_kmh", limit=100.0, evidence=pl.lit("{}"))  # fmt: skip
        return told.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())


class OncePerBatch(Fast):
    name = "contract.once_per_batch"

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        return super().found(rows.head(1), now)


class ByTheClock(Fast):
    name = "contract.by_the_clock"

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        return super().found(rows, now).with_columns(value=float(now.timestamp()))


class Moody(Fast):
    name = "contract.moody"
    asked = 0

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        Moody.asked += 1
        return super().found(rows, now).with_columns(value=float(Moody.asked))


class Believer(Fast):
    """Takes each value for one that is there."""

    name = "contract.believer"

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        assert rows["longitude_deg"].null_count() == 0
        return super().found(rows, now)


class NeverRaises(Fast):
    name = "contract.never"

    def found(self, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
        return super().found(rows.clear(), now)


class Counter(Fast):
    """Tells of a batch without rows."""

    name = "contract.counter"

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        found, after = super().evaluate(batch, state, parameters, now)
        return found, after.with_columns(fastest=pl.lit(float(batch.height)))


OURS = [rule for rule in RULES if rule.startswith("contract.")]
DECLARED = {name: RULES.pop(name) for name in OURS}  # no other test meets them


class Contract(RuleContract):
    """Not collected by its name; its tests are called below."""

    things = pl.DataFrame({"thing": [1, 2]})

    def rows(self) -> pl.DataFrame:
        speeds = [60.0, 120.0, 110.0, 40.0, 130.0] * 8
        times = [START + timedelta(seconds=30 * n) for n in range(40)]
        rows = pl.DataFrame({"thing": [1, 2] * 20, "observed_at": times, "received_at": times, "speed_kmh": speeds, "longitude_deg": [117.0] * 40})  # fmt: skip
        return get_table("position").conform(rows.with_columns(pl.col("observed_at", "received_at").cast(INSTANT)))


def names_of(contract: type[RuleContract]) -> Iterator[str]:
    return (name for name in dir(contract) if name.startswith("test_"))


@pytest.mark.parametrize("test", sorted(names_of(Contract)))
def test_a_rule_as_it_should_be_passes(test: str) -> None:
    contract = Contract()
    contract.rule = DECLARED["contract.fast"]
    getattr(contract, test)()


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("never", "the_rows_of_the_contract_raise"),
        ("moody", "the_same_rows_give_the_same_and_are_not_changed"),
        ("by_the_clock", "what_is_found_in_rows_does_not_depend_on_the_present"),
        ("once_per_batch", "it_does_not_matter_how_the_stream_is_cut"),
        ("counter", "row_by_row_is_as_good_as_at_once"),
        ("believer", "nulls_in_every_field_are_survived"),
    ],
)
def test_the_contract_notices(name: str, test: str) -> None:
    contract = Contract()
    contract.rule = DECLARED[f"contract.{name}"]
    with pytest.raises(AssertionError):
        getattr(contract, f"test_{test}")()
