"""A table of several districts' lakes, in parts that fit memory: for questions over a year, with Dask or without.

`parts` looks up once which files can hold an answer (by the statistics in Delta's log) and cuts them into parts of
a bounded number of rows. A part says by itself where it lies, so any process or machine may `read` it. `frame` makes of them one
`dask.dataframe`; where a question can be asked of each part and the answers put together, `dask.delayed` with `read` needs no pandas
(examples/year_of_districts.py, docs/how-to/year-of-districts.md).

What lies in the lakes is read: the last minute of a district is still in its journal. Whoever can read the files reads them past the permissions
of the district; keys that only read, and only what is needed, are the business of who gives them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

import haihe.kernel.observations.standard  # noqa: F401  (declares its tables in processes that only read)
from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations import decimals
from haihe.kernel.observations.lake_files import PARTITION
from haihe.kernel.observations.lake_reader import LakeReader, as_declared, declared_schema
from haihe.kernel.observations.question import Question, holding

if TYPE_CHECKING:
    import dask.dataframe as dd

PART_ROWS = 1_000_000
DISTRICT = "district"


@dataclass(frozen=True)
class Part:
    """Some rows of some files of one district: (path, first row, rows) each."""

    district: str
    url: str
    table: str
    pieces: tuple[tuple[str, int, int], ...]
    schema: Mapping[str, Any]
    unused: frozenset[str]
    columns: tuple[str, ...]
    span: tuple[datetime | None, datetime | None]

    @property
    def rows(self) -> int:
        """How many rows are looked at; fewer come back where the span cuts some off."""
        return sum(count for _, _, count in self.pieces)


def parts(
    lakes: Mapping[str, str], table: str, *, since: datetime | None = None, until: datetime | None = None,
    columns: Sequence[str] = (), rows: int = PART_ROWS,
) -> list[Part]:  # fmt: skip
    """Parts of at most `rows` rows, of all `lakes` (name of the district → folder or s3://…): what was observed in [since, until). A
    lake without the table has none. To be read within an hour: old files are then vacuumed. Raises InvalidInput, NotStored."""
    if rows < 1:
        raise InvalidInput("每份至少一行。", "A part has at least one row.", where="rows")
    return [
        part for name, url in lakes.items() for part in _of_one(name, url, table, since, until, tuple(columns), rows)
    ]


def read(part: Part) -> pl.DataFrame:
    """The rows of a part, with the name of the district as first column, in the types of the declared table."""
    lake, schema = LakeReader(part.url), dict(part.schema)
    scans = []
    for path, first, count in part.pieces:
        rows = lake.stored_rows(part.table, [path], schema)
        scans.append(as_declared(part.table, rows.slice(first, count), schema, part.unused))
    found = pl.concat(scans)
    since, until = part.span
    if since is not None:
        found = found.filter(pl.col("observed_at") >= since)
    if until is not None:
        found = found.filter(pl.col("observed_at") < until)
    with lake.place.faults(part.table):
        chosen = pl.col(part.columns) if part.columns else pl.all()
        return found.select(pl.lit(part.district).alias(DISTRICT), chosen).collect()


def frame(found: Sequence[Part]) -> dd.DataFrame:
    """All parts as one dask.dataframe, a partition each; columns are pandas' Arrow types, so that nothing is copied or rounded."""
    import dask.dataframe as dd

    if not found:
        raise InvalidInput("没有可读的数据。", "There is nothing to read.", where="parts",
                           to_do_zh="请检查湖的地址、表名和时段。", to_do_en="Check the lakes' addresses, the table and the span.")  # fmt: skip
    return dd.from_map(_as_pandas, list(found), meta=_pandas(_empty(found[0])))


def _as_pandas(part: Part) -> Any:
    return _pandas(read(part))


def _pandas(rows: pl.DataFrame) -> Any:
    return rows.to_pandas(use_pyarrow_extension_array=True)


def _empty(part: Part) -> pl.DataFrame:
    declared = declared_schema(part.table, dict(part.schema))
    kept = {name: declared[name] for name in (part.columns or declared)}
    return pl.DataFrame(schema={DISTRICT: pl.String, **kept})


def _of_one(
    name: str, url: str, table: str, since: datetime | None, until: datetime | None, columns: tuple[str, ...], rows: int
) -> Iterator[Part]:
    lake = LakeReader(url)
    if lake.find(table) is None:
        return
    files, schema = lake.files(table), lake.stored_schema(table)
    declared = declared_schema(table, schema)
    unknown = [column for column in columns if column not in declared]
    if unknown:
        raise InvalidInput(
            f"表“{table}”没有列 {unknown}。", f"The table {table!r} has no columns {unknown}.", where=name
        )
    if files.is_empty():
        return
    since, until = ((instant.astimezone(UTC) if instant else None) for instant in (since, until))
    # By the statistics of each file, as exact as days of receipt: a clock that is off hides no row.
    files = holding(files, Question(since=since, until=until)).sort(f"partition.{PARTITION}", "path")
    unused = frozenset(decimals.unused(schema, files))
    pieces: list[tuple[str, int, int]] = []
    room = rows
    for path, count in files.select("path", "num_records").iter_rows():
        first = 0
        while first < count:
            taken = min(room, count - first)
            pieces.append((path, first, taken))
            first, room = first + taken, room - taken
            if not room:
                yield Part(name, url, table, tuple(pieces), schema, unused, columns, (since, until))
                pieces, room = [], rows
    if pieces:
        yield Part(name, url, table, tuple(pieces), schema, unused, columns, (since, until))
