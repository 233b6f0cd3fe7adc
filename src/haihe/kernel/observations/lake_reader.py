"""Reading the lake: the newest version of a table, its files with their statistics, and its rows."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from haihe.kernel.errors import ConfigurationError, InvalidInput
from haihe.kernel.observations import decimals
from haihe.kernel.observations.faults import storage_faults
from haihe.kernel.observations.tables import TABLES

PARTITION = "received_day"
# A table that is only moved on keeps something of every version it has been at (0.1 MB each, measured): it is opened afresh now and then.
VERSIONS_AN_OPENING = 50


class LakeReader:
    """The lake in the folder `url` (a path or file://…). Other places need an engine of their own and are refused."""

    def __init__(self, url: str | Path) -> None:
        text = str(url)
        if "://" in text and not text.startswith("file://"):
            raise ConfigurationError(
                "此版本的数据湖只支持本机目录。", "This version keeps the lake in a local folder only.", where="HAIHE_LAKE_URL",
                to_do_zh="请改为本机目录。", to_do_en="Name a local folder.",
            )  # fmt: skip
        self.folder = Path(text.removeprefix("file://"))
        self._turn = threading.RLock()
        self._opened: dict[str, DeltaTable] = {}
        self._opened_at: dict[str, int] = {}
        self._known: dict[str, _Version] = {}

    def tables(self) -> list[str]:
        return sorted(path.parent.name for path in self.folder.glob("*/_delta_log"))

    def transaction(self, table: str, writer: str) -> int:
        """The last journal number of `writer` that the table holds, 0 for none."""
        with self._turn:
            delta = self.find(table)
            return self._version(table, delta).transaction(writer) if delta else 0

    def find(self, table: str) -> DeltaTable | None:
        """The table at its newest version, or None."""
        with self._turn, storage_faults(self.folder):
            if not (self.folder / table / "_delta_log").is_dir():
                self._opened.pop(table, None)
                return None
            try:
                if table not in self._opened or self._is_worn(table):
                    self._opened[table] = DeltaTable(self.folder / table)
                    self._opened_at[table] = self._opened[table].version()
                elif not _is_newest(self.folder / table, self._opened[table].version()):
                    self._opened[table].update_incremental()
            except TableNotFoundError:
                return None
            except (DeltaError, OSError, ValueError):
                # A long absence: the entries that would lead from our version to the newest may be cleaned up.
                self._opened.pop(table, None)
                self._opened[table] = _opened(self.folder / table)
                self._opened_at[table] = self._opened[table].version()
            return self._opened[table]

    def _is_worn(self, table: str) -> bool:
        return self._opened[table].version() - self._opened_at[table] >= VERSIONS_AN_OPENING

    def files(self, table: str) -> pl.DataFrame:
        """Files of the newest version: path, size_bytes, num_records, min.*, max.*, partition.received_day."""
        with self._turn:
            delta = self.find(table)
            if delta is None:
                return pl.DataFrame(schema={"path": pl.String, "size_bytes": pl.Int64, "num_records": pl.Int64})
            return self._version(table, delta).files

    def scan(
        self, table: str, keep: Sequence[pl.Expr] = (), *, writers: Sequence[str] = ()
    ) -> tuple[pl.LazyFrame | None, dict[str, int]]:
        """(rows of the newest version or None, for each of `writers` its last journal number in that same version).

        `keep`: conditions on the statistics of files (see `files`); a file is left out when one is false for sure. The rows
        must be collected within an hour: old files are then vacuumed.
        """
        with self._turn:
            delta = self.find(table)
            if delta is None:
                return None, dict.fromkeys(writers, 0)
            # All of the version in hand: looking again could give a newer one, whose rows would count twice.
            version = self._version(table, delta)
            numbers = {writer: version.transaction(writer) for writer in writers}
            files, schema = version.files, version.schema
        if keep:
            files = files.filter([condition.fill_null(True) for condition in keep])
        declared = _declared(table, schema)
        if files.is_empty():
            return pl.LazyFrame(schema=declared), numbers
        rows = pl.scan_parquet(
            [self.folder / table / path for path in files["path"]],
            schema=schema, missing_columns="insert", extra_columns="ignore", hive_partitioning=False, glob=False,
            hidden_file_prefix=None,
        )  # fmt: skip
        whole = decimals.joined(schema, version.unused)
        rows = rows.select(whole) if len(whole) < len(schema) else rows
        return rows.cast(
            {n: kind for n, kind in declared.items() if kind != schema[n] and n + decimals.EXACT not in schema}
        ), numbers

    def stored_schema(self, table: str) -> dict[str, Any]:
        """Columns and types as they lie in the files, without the partition's."""
        with self._turn:
            return self._version(table, self._fresh(table)).schema

    def _fresh(self, table: str) -> DeltaTable:
        delta = self.find(table)
        if delta is None:
            raise InvalidInput(
                f"数据湖里没有表“{table}”。", f"The lake has no table {table!r}.", where=str(self.folder)
            )
        return delta

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

    def transaction(self, writer: str) -> int:
        if writer not in self._transactions:
            self._transactions[writer] = int(self.delta.transaction_version(writer) or 0)
        return self._transactions[writer]


def _is_newest(folder: Path, version: int) -> bool:
    """Whether no commit follows that version: numbers have no gaps. Where the log entry of the version itself is gone, it was
    cleaned up, perhaps together with those that follow, and nothing can be told. Delta's own look costs a hundred times more."""
    log = folder / "_delta_log"
    return (log / f"{version:020d}.json").exists() and not (log / f"{version + 1:020d}.json").exists()


def _polars_schema(delta: DeltaTable) -> dict[str, Any]:
    arrow = pa.schema(delta.schema().to_arrow())
    return dict(pl.DataFrame(arrow.empty_table()).schema)


def _declared(table: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The types that a reader gets: as declared where a loaded pack declares the table, else as stored."""
    declared = TABLES[table].schema() if table in TABLES else pl.Schema({"quality": pl.UInt16})
    return {
        name: declared.get(name, pl.Float64 if isinstance(kind, pl.Decimal) else kind)
        for name, kind in schema.items() if not name.endswith(decimals.EXACT)
    }  # fmt: skip


def _opened(path: Path) -> DeltaTable:
    try:
        return DeltaTable(path)
    except (DeltaError, OSError, ValueError) as error:
        raise ConfigurationError(
            "数据湖的表无法打开。", f"A table of the lake cannot be opened ({str(error).splitlines()[0]}).", where=str(path),
            to_do_zh="后台进程会修复断电留下的半条日志；若持续出现，请从备份恢复。",
            to_do_en="The worker mends what a power cut tore; if it goes on, restore a backup.",
        ) from error  # fmt: skip
