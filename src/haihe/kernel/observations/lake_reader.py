"""Reading the lake: the newest version of a table, its files with their statistics, and its rows."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from haihe.kernel.errors import ConfigurationError, InvalidInput
from haihe.kernel.observations import decimals, is_elsewhere
from haihe.kernel.observations.answers import KEPT_ANSWERS, Answers
from haihe.kernel.observations.lake_files import PARTITION
from haihe.kernel.observations.lake_place import Folder, Place
from haihe.kernel.observations.question import Question, Span, fitting, holding, spans_most
from haihe.kernel.observations.tables import TABLES

# A table that is only moved on keeps something of every version it has been at (0.1 MB each, measured): it is opened afresh now and then.
VERSIONS_AN_OPENING = 20
EVERYTHING = Question()


class LakeReader:
    """The lake at `url`: a folder (a path or file://…) or object storage (s3://bucket/folder). `home`: the folder of the district, where
    one that writes to object storage has its lock."""

    def __init__(self, url: str | Path, home: Path | None = None) -> None:
        self.place = place_of(str(url), home)
        self._turn = threading.RLock()
        self._opened: dict[str, DeltaTable] = {}
        self._opened_at: dict[str, int] = {}
        self._known: dict[str, _Version] = {}
        self._answers = Answers()

    @property
    def folder(self) -> Path:
        """The folder of a lake on local disk."""
        if not isinstance(self.place, Folder):
            raise TypeError(f"{self.place.where()} is no folder")
        return self.place.folder

    def tables(self) -> list[str]:
        return self.place.tables()

    def transaction(self, table: str, writer: str) -> int:
        """The last journal number of `writer` that the table holds, 0 for none."""
        with self._turn, self.place.faults(table):
            delta = self.find(table)
            return self._version(table, delta).transaction(writer) if delta else 0

    def find(self, table: str) -> DeltaTable | None:
        """The table at its newest version, or None."""
        with self._turn, self.place.faults(table):
            if not self.place.has(table):
                self._opened.pop(table, None)
                return None
            try:
                if table not in self._opened or self._is_worn(table):
                    self._keep(table, self._open(table))
                elif not self.place.is_newest(table, self._opened[table].version()):
                    self._opened[table].update_incremental()
            except TableNotFoundError:
                return None
            except (DeltaError, OSError, ValueError) as error:
                # A long absence: the entries that would lead from our version to the newest may be cleaned up.
                self._opened.pop(table, None)
                self._keep(table, self._opened_again(table, error))
            return self._opened[table]

    def _keep(self, table: str, delta: DeltaTable) -> None:
        self._opened[table], self._opened_at[table] = delta, delta.version()

    def _is_worn(self, table: str) -> bool:
        return self._opened[table].version() - self._opened_at[table] >= VERSIONS_AN_OPENING

    def files(self, table: str) -> pl.DataFrame:
        """Files of the newest version: path, size_bytes, num_records, min.*, max.*, partition.received_day."""
        with self._turn, self.place.faults(table):
            delta = self.find(table)
            if delta is None:
                return pl.DataFrame(schema={"path": pl.String, "size_bytes": pl.Int64, "num_records": pl.Int64})
            return self._version(table, delta).files

    def spans_of_receipt(self, table: str, question: Question = EVERYTHING, rows: int = 1_000_000) -> list[Span]:
        """All time in spans one after the other, in each of which about that many rows arrived that can answer the question; the last
        has no end. By the statistics of files, so that none is read."""
        known = holding(self.files(table), question)
        if known.is_empty():
            return [(None, None)]
        edges: list[datetime | None] = [None]
        waiting = 0
        for newest, count in known.sort("max.received_at").select("max.received_at", "num_records").iter_rows():
            waiting += count
            if waiting >= rows and newest is not None:
                edges.append(newest + timedelta(microseconds=1))
                waiting = 0
        return list(itertools.pairwise([*edges, None]))

    def scan(
        self,
        table: str,
        question: Question = EVERYTHING,
        columns: Sequence[str] | None = None,
        *,
        writers: Sequence[str] = (),
    ) -> tuple[pl.LazyFrame | None, dict[str, int]]:
        """(the rows of the newest version that answer the question or None, for each of `writers` its last journal number in that same
        version). At least the `columns` that are wanted.

        Only files that can hold an answer are read, by their statistics, and of a question about one thing only those that were not read
        for it lately (see answers.py). Rows must be collected within an hour: old files are then vacuumed.
        """
        with self._turn, self.place.faults(table):
            delta = self.find(table)
            if delta is None:
                return None, dict.fromkeys(writers, 0)
            # All of the version in hand: looking again could give a newer one, whose rows would count twice.
            version = self._version(table, delta)
            numbers = {writer: version.transaction(writer) for writer in writers}
            schema = version.schema
        paths, asked = version.chosen(question)
        declared = declared_schema(table, schema)
        if not paths:
            return pl.LazyFrame(schema=declared), numbers
        # Their time as well: rows are chosen by it, and of columns that only the journal has yet, the rows count nevertheless.
        names = [name for name in declared if columns is None or name in (*columns, "observed_at")]

        def read(some: Sequence[str]) -> pl.LazyFrame:
            rows = as_declared(table, self.stored_rows(table, some, schema), schema, version.unused)
            return fitting(rows, asked).select(names)

        if not question.is_about_one_thing:
            return read(paths), numbers
        with self.place.faults(table):
            rows = self._answers.of(table, asked, names, paths, read).lazy()
        return fitting(rows, Question(since=question.since, until=question.until)), numbers

    def stored_rows(self, table: str, paths: Sequence[str], schema: dict[str, Any]) -> pl.LazyFrame:
        """The rows of files as they lie there, with the columns of `schema`."""
        return pl.scan_parquet(
            [self.place.url(table, path) for path in paths],
            schema=schema, missing_columns="insert", extra_columns="ignore", hive_partitioning=False, glob=False,
            hidden_file_prefix=None, **self.place.for_polars,
        )  # fmt: skip

    def stored_schema(self, table: str) -> dict[str, Any]:
        """Columns and types as they lie in the files, without the partition's."""
        with self._turn, self.place.faults(table):
            return self._version(table, self._fresh(table)).schema

    def _fresh(self, table: str) -> DeltaTable:
        delta = self.find(table)
        if delta is None:
            raise InvalidInput(
                f"数据湖里没有表“{table}”。", f"The lake has no table {table!r}.", where=self.place.where()
            )
        return delta

    def _open(self, table: str) -> DeltaTable:
        return DeltaTable(self.place.url(table), storage_options=self.place.for_delta or None)

    def _opened_again(self, table: str, before: Exception) -> DeltaTable:
        """Raises what is wrong with the place, or ConfigurationError where the table cannot be read."""
        known = self.place.named(before, table)
        if known is not None:
            raise known from before
        try:
            return self._open(table)
        except (DeltaError, OSError, ValueError) as error:
            raise self.place.named(error, table) or ConfigurationError(
                "数据湖的表无法打开。", f"A table of the lake cannot be opened ({str(error).splitlines()[0]}).", where=self.place.where(table),
                to_do_zh="后台进程会修复断电留下的半条日志；若持续出现，请从备份恢复。",
                to_do_en="The worker mends what a power cut tore; if it goes on, restore a backup.",
            ) from error  # fmt: skip

    def _version(self, table: str, delta: DeltaTable) -> _Version:
        """What is asked again and again of one version, kept until the table has another. The caller holds the turn."""
        known = self._known.get(table)
        if known is None or known.delta is not delta or known.number != delta.version():
            known = self._known[table] = _Version(delta)
        return known


class _Version:
    """One version of a table: its files with their statistics, its columns, and how far each writer got. A table that was opened
    goes on to the next version in place, so that all of it is taken at once."""

    def __init__(self, delta: DeltaTable) -> None:
        self.delta, self.number = delta, delta.version()
        self.files = pl.DataFrame(pa.table(delta.get_add_actions(flatten=True)))
        self.schema = {name: kind for name, kind in _polars_schema(delta).items() if name != PARTITION}
        self.unused = decimals.unused(self.schema, self.files)
        self._transactions: dict[str, int] = {}
        self._chosen: dict[Question, tuple[list[str], Question]] = {}

    def chosen(self, question: Question) -> tuple[list[str], Question]:
        """(the files that can hold an answer, what their rows are asked). Where rows are chosen by thing and time, the times of all its
        neighbours are unpacked: if most of the time is asked for, one thing's rows are chosen by their time afterwards."""
        # One look: another thread may forget them between two.
        if question.is_about_one_thing and (known := self._chosen.get(question)):
            return known
        files = holding(self.files, question)
        paths = [] if files.is_empty() else files["path"].to_list()
        if not question.is_about_one_thing:
            return paths, question
        asked = replace(question, since=None, until=None) if paths and spans_most(question, files) else question
        if len(self._chosen) >= KEPT_ANSWERS:
            self._chosen.clear()
        self._chosen[question] = paths, asked
        return paths, asked

    def transaction(self, writer: str) -> int:
        if writer not in self._transactions:
            self._transactions[writer] = int(self.delta.transaction_version(writer) or 0)
        return self._transactions[writer]


def _polars_schema(delta: DeltaTable) -> dict[str, Any]:
    arrow = pa.schema(delta.schema().to_arrow())
    return dict(pl.DataFrame(arrow.empty_table()).schema)


def as_declared(table: str, rows: pl.LazyFrame, schema: dict[str, Any], unused: Collection[str]) -> pl.LazyFrame:
    """Rows as they lie in files, with the columns and types of a reader. `unused`: see `decimals.joined`."""
    whole = decimals.joined(schema, unused)
    rows = rows.select(whole) if len(whole) < len(schema) else rows
    declared = declared_schema(table, schema)
    return rows.cast(
        {n: kind for n, kind in declared.items() if kind != schema[n] and n + decimals.EXACT not in schema}
    )


def declared_schema(table: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The types that a reader gets: as declared where a loaded pack declares the table, else as stored."""
    declared = TABLES[table].schema() if table in TABLES else pl.Schema({"quality": pl.UInt16})
    return {
        name: declared.get(name, pl.Float64 if isinstance(kind, pl.Decimal) else kind)
        for name, kind in schema.items() if not name.endswith(decimals.EXACT)
    }  # fmt: skip


def place_of(url: str, home: Path | None) -> Place:
    """Where a lake of that address lies. Raises ConfigurationError for what cannot hold one."""
    if not is_elsewhere(url):
        return Folder(Path(url.removeprefix("file://")))
    if not url.startswith("s3://"):
        raise ConfigurationError(
            "数据湖只支持本机目录或 s3:// 对象存储。", "The lake lies in a local folder or on object storage at s3://….", where="HAIHE_LAKE_URL",
            to_do_zh="请改为目录或 s3://桶/目录。", to_do_en="Name a folder or s3://bucket/folder.",
        )  # fmt: skip
    try:
        from haihe.kernel.observations.lake_bucket import Bucket
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "对象存储需要另装依赖。", "Object storage needs one more package.", where="HAIHE_LAKE_URL",
            to_do_zh="请执行 pip install haihe[objects]。", to_do_en="Run pip install haihe[objects].",
        ) from error  # fmt: skip
    return Bucket(url, home)
