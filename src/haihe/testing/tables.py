"""The contract of observation tables. `problems` names what is wrong with a declaration, `kept` what a row loses on its way through
journal and lake; nothing if all is well.

    def test_my_table(tmp_path):
        assert problems(WaterLevel) == []
        assert kept(WaterLevel, tmp_path) == []
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.quality import Quality
from haihe.kernel.observations.queries import observations
from haihe.kernel.observations.tables import COMMON, Field, ObservationTable

NOW = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
# How a unit stands at the end of a name; other units by their letters and digits in lower case (m³/h → m3h).
SUFFIXES = {
    "°": "deg",
    "°C": "c",
    "%": "percent",
    "km/h": "kmh",
    "m/s": "ms",
    "个": "count",
    "Ω": "ohm",
    "µg/m³": "ugm3",
}
DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def problems(table: type[ObservationTable]) -> list[str]:
    """Sentences, one a problem, each naming the field."""
    found = [f"it does not state its {name}" for name in ("title_zh", "title_en", "purpose_zh", "purpose_en") if not getattr(table, name).strip()]  # fmt: skip
    if not 1 <= table.retention_days <= 36_500:
        found.append(f"a retention of {table.retention_days} days is none")
    if not table.fields:
        found.append("it has no field")
    for name, field in table.fields.items():
        found += [f"{name}: {said}" for said in _of_field(name, field)]
    return found or _of_checking(table)


def _of_field(name: str, field: Field) -> Iterator[str]:
    if not (field.title_zh and field.title_en):
        yield "a title is missing"
    suffix = suffix_of(field.unit)
    if suffix and not name.endswith(f"_{suffix}"):
        yield f"the unit {field.unit} stands last in the name: …_{suffix}"
    if not field.unit and _kind(field).is_numeric() and any(name.endswith(f"_{known}") for known in SUFFIXES.values()):  # fmt: skip
        yield "the name ends with a unit, the field has none"
    bounds = [bound for bound in (field.low, field.high) if bound is not None]
    if _kind(field).is_float() and len(bounds) < 2:
        yield "a measured value needs the range outside of which it is marked (low and high)"
    if len(bounds) == 2 and not bounds[0] < bounds[1]:
        yield f"the range {bounds[0]}–{bounds[1]} is empty"
    if bounds and not field.source.strip():
        yield "nobody says where its range comes from: name the source, or write unverified"


def suffix_of(unit: str) -> str:
    """ "km/h" → "kmh"; "" for a value without a unit."""
    plain = "".join(c for c in unit.translate(DIGITS).lower() if c.isascii() and c.isalnum())
    return SUFFIXES.get(unit, plain)


def _kind(field: Field) -> pl.DataType:
    return field.type if isinstance(field.type, pl.DataType) else field.type()


def examples(field: Field) -> list[Any]:
    """Values of the field's type: usual ones, those at and beyond its bounds, none at all."""
    kind = _kind(field)
    if kind.is_float():
        low, high = field.low or 0.0, field.high or 1.0
        middle = (low + high) / 2
        return [middle, low, high, low - 1, high + 1, middle + (high - low) / 7, math.nan, math.inf, -math.inf, None]
    if kind.is_integer():
        low, high = int(field.low or 0), int(field.high or 100)
        return [(low + high) // 2, low, high, None]
    known: dict[Any, list[Any]] = {
        pl.String: ["", "温度 ok", "x" * 300, "\0\n'\"", None],
        pl.Binary: [b"", b"\x00\xff", bytes(range(256)), None],
        pl.Boolean: [True, False, None],
        pl.Date: [NOW.date(), None],
    }
    if isinstance(kind, pl.Datetime):
        return [NOW, None]
    return known.get(type(kind), [None])


def batch_of(table: type[ObservationTable]) -> pl.DataFrame:
    """A batch with each example of each field at least once, some of its rows of no thing, of no time, or with a clock that is off."""
    values = {name: examples(field) for name, field in table.fields.items()}
    count = max([12, *(len(each) for each in values.values())])
    received = [NOW + timedelta(seconds=n) for n in range(count)]
    columns: dict[str, list[Any]] = {
        "thing": [None if n == 7 else n % 3 + 1 for n in range(count)],
        "observed_at": [
            None if n == 8 else at + timedelta(days={9: 400, 10: -400}.get(n, 0)) for n, at in enumerate(received)
        ],
        "received_at": received,
        "quality": [0] * count,
        **{name: [each[n % len(each)] for n in range(count)] for name, each in values.items()},
    }
    return pl.DataFrame(columns, schema=table.schema())


def _of_checking(table: type[ObservationTable]) -> list[str]:
    batch = batch_of(table)
    found = []
    checked = table.check(batch)
    if not table.conform(batch).equals(batch) or not table.conform(table.conform(batch)).equals(batch):
        found.append("conforming changes a batch that fits")
    if not table.check(checked).equals(checked):
        found.append("checking twice says something else than checking once")
    if not checked.drop("quality").equals(batch.drop("quality")):
        found.append("checking changes a row or drops one")
    for name, field in table.fields.items():
        alone = table.check(batch.with_columns(pl.lit(None, dtype=other.type).alias(n) for n, other in table.fields.items() if n != name))  # fmt: skip
        marked = (alone["quality"] & int(Quality.OUT_OF_RANGE)) != 0
        low, high = field.low, field.high
        values = batch[name]
        outside = [v is not None and ((low is not None and v < low) or (high is not None and v > high)) for v in values] if _kind(field).is_numeric() else [False] * len(values)  # fmt: skip
        if marked.to_list() != outside:
            found.append(f"{name}: checking does not mark what lies outside of its range, or marks what lies within")
    without = table.conform(batch.select(list(COMMON)))
    if without.schema != table.schema() or table.check(without)["quality"].gt(int(Quality.UNKNOWN_THING) * 2 - 1).any():
        found.append("a row without any value does not become a row of the table")
    return found


def kept(table: type[ObservationTable], folder: Path) -> list[str]:
    """What is lost or changed between `append` and a question: from the journal, and after the lake has taken it over."""
    batch = table.check(batch_of(table))
    journal, lake = Journal(folder / "journal.sqlite3"), Lake(folder / "lake")
    try:
        journal.append([(table.name, batch)])
        found = [] if _same(_asked(table, journal, lake), batch) else ["the journal does not give back what it took"]
        feed_once(journal, lake)
        if journal.read(0):
            found.append("the lake did not take it over")
        if not _same(_asked(table, journal, lake), batch):
            found.append("the lake does not give back what it took")
        return found
    finally:
        journal.close()


def _asked(table: type[ObservationTable], journal: Journal, lake: Lake) -> pl.DataFrame:
    rows = observations(table.name, columns=list(table.schema()), journals=[journal], lake=lake).collect()
    return rows.sort("received_at")


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.schema == other.schema and one.equals(other)
