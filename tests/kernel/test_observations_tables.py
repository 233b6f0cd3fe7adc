"""Tables of observations: declaring, fitting a batch, and bits of quality."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.observations.quality import Quality, names_of
from haihe.kernel.observations.standard import Position
from haihe.kernel.observations.tables import TABLES, Field, ObservationTable, get_table
from haihe.testing.observations import positions

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def one(**values: object) -> pl.DataFrame:
    row = {"thing": 1, "observed_at": NOW, "received_at": NOW + timedelta(seconds=1), **values}
    batch = pl.DataFrame({name: [value] for name, value in row.items()})
    return batch.with_columns(pl.col("observed_at", "received_at").cast(pl.Datetime("us", "UTC")))


def bits(**values: object) -> Quality:
    return Quality(Position.check(one(**values))["quality"][0])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, 0),
        ({"speed_kmh": 60.0}, 0),
        ({"longitude_deg": 180.5}, Quality.OUT_OF_RANGE),
        ({"speed_kmh": -1.0}, Quality.OUT_OF_RANGE),
        ({"longitude_deg": math.nan}, Quality.NOT_A_NUMBER),
        ({"speed_kmh": math.inf}, Quality.NOT_A_NUMBER | Quality.OUT_OF_RANGE),
        ({"observed_at": datetime(2099, 1, 1, tzinfo=UTC)}, Quality.CLOCK_AHEAD),
        ({"observed_at": datetime(1970, 1, 1, tzinfo=UTC)}, Quality.CLOCK_BEHIND | Quality.LATE),
        ({"observed_at": NOW - timedelta(hours=3)}, Quality.LATE),
        ({"observed_at": None}, Quality.NO_TIME),
        ({"thing": None}, Quality.UNKNOWN_THING),
        ({"thing": None, "latitude_deg": -91.0}, Quality.UNKNOWN_THING | Quality.OUT_OF_RANGE),
    ],
)
def test_each_oddity_sets_its_bit_and_no_other(values: dict[str, object], expected: int) -> None:
    assert bits(**values) == expected


def test_bits_of_a_decoder_stay() -> None:
    batch = one(speed_kmh=999.0, quality=int(Quality.NOT_FIXED))
    assert Position.check(batch)["quality"][0] == Quality.NOT_FIXED | Quality.OUT_OF_RANGE


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(), min_size=1, max_size=20))
def test_checking_drops_and_changes_no_row(speeds: list[float]) -> None:
    batch = pl.concat([one(speed_kmh=speed) for speed in speeds])
    checked = Position.check(batch)
    assert checked.height == len(speeds)
    assert checked["speed_kmh"].equals(batch["speed_kmh"])
    for speed, quality in zip(speeds, checked["quality"], strict=True):
        assert bool(quality & Quality.NOT_A_NUMBER) == (not math.isfinite(speed))


def test_a_batch_gets_the_tables_columns_and_types() -> None:
    assert Position.conform(one(alarm_bits=7)).schema == Position.schema()
    with pytest.raises(InvalidInput, match="does not fit"):
        Position.conform(one(alarm_bits=-7))
    with pytest.raises(InvalidInput, match="lacks"):
        Position.conform(pl.DataFrame({"thing": [1]}))


def test_a_table_without_purpose_or_with_a_taken_column_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="purpose_zh"):
        type("Nameless", (ObservationTable,), {"name": "nameless", "title_zh": "无", "title_en": "none"})
    whole = {k: "x" for k in ("name", "title_zh", "title_en", "purpose_zh", "purpose_en")} | {"retention_days": 1}
    with pytest.raises(ValueError, match="every table has"):
        type("Taken", (ObservationTable,), whole | {"thing": Field(pl.Int64)})
    with pytest.raises(ValueError, match="no name"):
        type("Up", (ObservationTable,), whole | {"name": "../up"})
    assert "nameless" not in TABLES and "x" not in TABLES


def test_every_table_states_purpose_and_retention() -> None:
    for table in TABLES.values():
        assert table.purpose_zh and table.purpose_en and table.retention_days > 0, table.name
    with pytest.raises(NotFound):
        get_table("nothing_of_the_kind")


def test_bits_have_words_in_both_languages() -> None:
    assert names_of(Quality.CLOCK_AHEAD | 1 << 14, "en") == ["the device's clock is ahead", "bit 14"]
    assert all(names_of(bit, "zh") != names_of(bit, "en") for bit in Quality)


def test_plausible_positions_are_good_rows() -> None:
    batch = positions(things=30, each=40)
    assert batch.height == 1200 and batch["quality"].sum() == 0
    assert batch.schema == Position.schema()
