"""How a table of observations is declared: a class with titles, purpose, retention and one Field per value.

    class WaterLevel(ObservationTable):
        name = "water_level"
        title_zh, title_en = "水位", "Water level"
        purpose_zh, purpose_en = "防汛预警", "Flood warning"
        retention_days = 3650
        level_m = Field(pl.Float64, unit="m", low=-10, high=50, source="unverified")

Being a subclass is enough: `TABLES` is filled by it. Every table begins with the columns of COMMON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.datatypes import DataType, DataTypeClass

from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.observations.quality import Quality, clock_oddities, is_null

INSTANT = pl.Datetime("us", "UTC")
COMMON: dict[str, DataType | DataTypeClass] = {
    "thing": pl.Int64,
    "observed_at": INSTANT,
    "received_at": INSTANT,
    "quality": pl.UInt16,
}


@dataclass(frozen=True)
class Field:
    """One value of a table: Polars type, unit, the range outside of which a value is marked, and who says so.

    `decimals`: with how many decimals a number usually comes. Then the lake keeps whole numbers instead, which take a third of the space;
    a value that has more is kept as it is (decimals.py)."""

    type: DataType | DataTypeClass
    unit: str = ""
    low: float | None = None
    high: float | None = None
    source: str = ""
    title_zh: str = ""
    title_en: str = ""
    decimals: int | None = None


TABLES: dict[str, type[ObservationTable]] = {}


class ObservationTable:
    """Base of all tables. `personal`: rows tell about persons, so that reading needs a purpose and leaves a record.
    `keeps_latest`: the newest row of each thing is kept ready."""

    name: ClassVar[str]
    title_zh: ClassVar[str]
    title_en: ClassVar[str]
    purpose_zh: ClassVar[str]
    purpose_en: ClassVar[str]
    retention_days: ClassVar[int]
    personal: ClassVar[bool] = False
    keeps_latest: ClassVar[bool] = True
    fields: ClassVar[dict[str, Field]] = {}
    _schema: ClassVar[pl.Schema]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.fields = {
            **cls.fields,
            **{name: value for name, value in vars(cls).items() if isinstance(value, Field)},
        }
        _refuse_incomplete(cls)
        cls._schema = pl.Schema({**COMMON, **{name: field.type for name, field in cls.fields.items()}})
        TABLES[cls.name] = cls

    @classmethod
    def schema(cls) -> pl.Schema:
        """Columns and types of a batch, the common ones first."""
        return cls._schema

    @classmethod
    def conform(cls, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with exactly the table's columns and types: missing fields are null, quality 0. Raises InvalidInput
        for a batch without times or with values that cannot become the column's type."""
        wanted = cls.schema()
        if batch.schema == wanted:
            return batch
        lacking = [name for name in ("thing", "observed_at", "received_at") if name not in batch.columns]
        if lacking:
            raise InvalidInput(f"批次缺少列 {lacking}。", f"The batch lacks the columns {lacking}.", where=cls.name)
        blank = {"quality": pl.lit(0, dtype=pl.UInt16)}
        columns = [
            (pl.col(name) if name in batch.columns else blank.get(name, pl.lit(None))).cast(kind).alias(name)
            for name, kind in wanted.items()
        ]
        try:
            return batch.select(columns)
        except pl.exceptions.PolarsError as error:
            raise InvalidInput(
                "批次的列类型与数据表不符。", f"The batch does not fit the table: {str(error).splitlines()[0]}", where=cls.name,
                to_do_zh="请按数据表声明的类型提供各列。", to_do_en="Give the columns the declared types.",
            ) from error  # fmt: skip

    @classmethod
    def check(cls, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch, conformed, with quality bits set for what is odd. Drops and changes nothing else."""
        # Arrays and not one expression: planning a query costs more than these few comparisons of a small batch.
        batch = cls.conform(batch)
        quality = batch["quality"].to_numpy(writable=True)
        for odd, bit in cls._oddities(batch):
            if odd.any():
                quality |= odd * np.uint16(bit)
        return batch.clone().replace_column(batch.get_column_index("quality"), pl.Series("quality", quality))

    @classmethod
    def _oddities(cls, batch: pl.DataFrame) -> Iterator[tuple[NDArray[np.bool_], Quality]]:
        """Per row, whether it is odd in one way; a value that is not there is only odd where it must be."""
        yield is_null(batch["observed_at"]), Quality.NO_TIME
        yield is_null(batch["thing"]), Quality.UNKNOWN_THING
        yield from clock_oddities(batch["observed_at"], batch["received_at"])
        for name, field in cls.fields.items():
            if field.low is None and field.high is None and not _is_float(field):
                continue
            values = batch[name].to_numpy()  # null as not-a-number, which no comparison finds
            if field.low is not None:
                yield values < field.low, Quality.OUT_OF_RANGE
            if field.high is not None:
                yield values > field.high, Quality.OUT_OF_RANGE
            if _is_float(field):
                yield ~np.isfinite(values) & ~is_null(batch[name]), Quality.NOT_A_NUMBER


def get_table(name: str) -> type[ObservationTable]:
    """The table of that name; raises NotFound when no loaded pack declares it."""
    if name not in TABLES:
        raise NotFound(
            f"没有名为“{name}”的观测表。", f"No observation table is named {name!r}.", where=name,
            to_do_zh=f"现有：{'、'.join(sorted(TABLES))}。", to_do_en=f"There are: {', '.join(sorted(TABLES))}.",
        )  # fmt: skip
    return TABLES[name]


def _is_float(field: Field) -> bool:
    return field.type in (pl.Float32, pl.Float64)


def _refuse_incomplete(table: type[ObservationTable]) -> None:
    """A table without purpose or retention must not come into being; a name becomes a folder, so it stays plain."""
    for attribute in ("name", "title_zh", "title_en", "purpose_zh", "purpose_en", "retention_days"):
        if not getattr(table, attribute, None):
            raise ValueError(f"the observation table {table.__qualname__} does not state its {attribute}")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", table.name):
        raise ValueError(f"{table.name!r} is no name of a table: small letters, digits and _ only")
    if any(
        "__" in name or (field.decimals is not None and not 0 <= field.decimals <= 9)
        for name, field in table.fields.items()
    ):
        raise ValueError(f"{table.name}: names of fields have no double _, and decimals are 0 to 9")
    if set(table.fields) & {*COMMON, "received_day"}:
        raise ValueError(f"{table.name} declares a column that every table has")
    if table.name in TABLES and TABLES[table.name].__module__ != table.__module__:
        raise ValueError(f"the observation table {table.name!r} is declared twice")
