"""Whole numbers in the lake, and files in slices of time: smaller and quicker, and every answer the same."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from haihe.kernel.observations import decimals, lake_files
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.queries import observations
from haihe.kernel.observations.standard import Position
from haihe.kernel.observations.tables import Field, ObservationTable
from haihe.testing.observations import START, Store, positions

KEY = ["thing", "observed_at", "speed_kmh"]
ODD = [117.1234567, math.nan, math.inf, -math.inf, 1e300, -1e13, None, 0.1 + 0.2, -0.0, 117.2]


def read(store: Store, table: str = "position", **asked: object) -> pl.DataFrame:
    return observations(table, journals=[store.journal], lake=store.lake, **asked).collect()  # type: ignore[arg-type]


def test_what_is_no_such_decimal_comes_back_as_it_was(store: Store) -> None:
    usual = positions(things=4, each=20)
    odd = usual.head(len(ODD)).with_columns(longitude_deg=pl.Series(ODD), speed_kmh=pl.Series(ODD[::-1]))
    for batch in (usual, odd, usual.tail(5)):
        store.journal.append([("position", batch)])
        feed_once(store.journal, store.lake)
    expected = pl.concat([usual, odd, usual.tail(5)])
    assert_frame_equal(read(store).sort(KEY), expected.sort(KEY), check_exact=True)
    assert compact_once(store.lake, "position", START + timedelta(days=2)) == 3
    assert_frame_equal(read(store).sort(KEY), expected.sort(KEY), check_exact=True)
    assert store.journal.list_set_aside() == []


def test_usual_values_take_half_the_space(store: Store) -> None:
    rows = positions(things=50, each=400)
    store.journal.append([("position", rows)])
    feed_once(store.journal, store.lake)
    kept = store.lake.files("position")["size_bytes"].sum()
    plain = store.lake.folder / "plain.parquet"
    whole = rows.sort("thing", "observed_at").to_arrow(compat_level=pl.CompatLevel.oldest())
    pq.write_table(whole, plain, compression="zstd", use_byte_stream_split=["longitude_deg", "latitude_deg", "mileage_km"], use_dictionary=["speed_kmh", "heading_deg"])  # fmt: skip
    assert kept < 0.65 * plain.stat().st_size


def test_a_value_beside_the_decimals_is_found_by_what_files_say_of_themselves(store: Store) -> None:
    """Files are skipped by least and greatest values: those of both columns."""
    rows = positions(things=3, each=4)
    far = rows.head(1).with_columns(longitude_deg=pl.lit(10.123456789), latitude_deg=pl.lit(50.0))
    for batch in (rows, far):
        store.journal.append([("position", batch)])
    feed_once(store.journal, store.lake)
    assert read(store, box=(10.0, 49.0, 11.0, 51.0))["longitude_deg"].to_list() == [10.123456789]
    assert read(store, box=(10.12345677, 50.0, 10.12345679, 50.0)).height == 1
    assert read(store, box=(12.0, 49.0, 13.0, 51.0)).height == 0
    store.journal.append([("position", rows.head(2).with_columns(longitude_deg=pl.Series([1e15, math.nan])))])
    feed_once(store.journal, store.lake)
    assert read(store, box=(9e14, -90.0, 2e15, 90.0))["longitude_deg"].to_list() == [1e15]


def test_a_table_that_was_made_with_floats_keeps_them(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = positions(things=2, each=3), positions(things=2, each=3, start=START + timedelta(hours=1))
    with monkeypatch.context() as before:
        before.setattr(Position, "fields", {name: Field(field.type) for name, field in Position.fields.items()})
        store.journal.append([("position", old)])
        feed_once(store.journal, store.lake)
    store.journal.append([("position", new)])
    feed_once(store.journal, store.lake)
    assert not any(name.endswith(decimals.EXACT) for name in store.lake.stored_schema("position"))
    assert_frame_equal(read(store).sort(KEY), pl.concat([old, new]).sort(KEY), check_exact=True)


def test_a_table_keeps_the_decimals_it_was_made_with(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pack may declare others later, or be gone: nothing is refused and nothing is lost."""
    batches = [positions(things=2, each=3, start=START + timedelta(hours=n)) for n in range(3)]
    for batch, now_declared in zip(batches, (1, 4, None), strict=True):
        with monkeypatch.context() as declared:
            fields = {**Position.fields, "longitude_deg": Field(pl.Float64, decimals=now_declared)}
            declared.setattr(Position, "fields", fields)
            store.journal.append([("position", batch)])
            feed_once(store.journal, store.lake)
    assert store.lake.stored_schema("position")["longitude_deg"] == pl.Decimal(18, 1)
    assert_frame_equal(read(store).sort(KEY), pl.concat(batches).sort(KEY), check_exact=True)
    assert store.journal.list_set_aside() == []


def test_a_file_of_many_hours_is_cut_into_slices_of_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_files, "SLICE_ROWS", 200)
    rows = positions(things=10, each=100, every_s=360)  # ten hours
    wild = rows.head(3).with_columns(observed_at=pl.lit(START - timedelta(days=9000)).cast(pl.Datetime("us", "UTC")))
    store.journal.append([("position", pl.concat([rows, wild]))])
    feed_once(store.journal, store.lake)
    path = store.lake.folder / "position" / store.lake.files("position")["path"][0]
    file = pq.ParquetFile(path)
    assert file.metadata.num_row_groups == 5
    groups = [pl.DataFrame(pl.from_arrow(file.read_row_group(n))) for n in range(5)]
    for earlier, later in itertools.pairwise(groups):
        assert earlier["observed_at"].max() <= later["observed_at"].min()  # type: ignore[operator]
    assert all(
        group.select("thing", "observed_at").equals(group.sort("thing", "observed_at").select("thing", "observed_at"))
        for group in groups
    )
    hour = {"since": START + timedelta(hours=3), "until": START + timedelta(hours=4)}
    expected = rows.filter(pl.col("observed_at").is_between(*hour.values(), closed="left"))
    assert_frame_equal(read(store, **hour).sort(KEY), expected.sort(KEY), check_exact=True)
    one_hour = positions(things=10, each=100, every_s=30)
    assert len(lake_files.in_slices(one_hour)) == 1, "within an hour slices would only cost"


def test_names_of_second_columns_are_kept_free() -> None:
    with pytest.raises(ValueError, match="double _"):

        class Confusing(ObservationTable):
            name = "confusing"
            title_zh, title_en, purpose_zh, purpose_en, retention_days = "a", "b", "c", "d", 1
            level__exact = Field(pl.Float64)
