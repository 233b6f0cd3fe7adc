"""Asking for observations: lake ∪ journal, each row exactly once at every moment, also while the feeder moves rows.

The journal is read first and the lake opened after it; journal rows whose number the lake's version already holds are left out.
A row can therefore be in neither place for a reader (it was trimmed only after the lake had it) nor in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

import haihe.kernel.observations.standard  # noqa: F401  (declares its tables, so that an empty one has its columns in every process)
from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations import stores
from haihe.kernel.observations.any_journal import AnyJournal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.question import Box as Box
from haihe.kernel.observations.question import Question, Span, fitting, holding
from haihe.kernel.observations.tables import COMMON, TABLES, get_table
from haihe.kernel.observations.tail import SEQ, tail_of

if TYPE_CHECKING:
    from haihe.kernel.identity import Account


def observations(
    table: str, things: Sequence[int] | None = None, since: datetime | None = None, until: datetime | None = None,
    box: Box | None = None, columns: Sequence[str] | None = None, *, received: Span = (None, None),
    journals: Sequence[AnyJournal] | None = None, lake: Lake | None = None,
) -> pl.LazyFrame:  # fmt: skip
    """Rows of a table, unordered: of `things`, observed in [since, until), inside `box`, received within a span. Collect within an hour.

    No permission is checked and nothing recorded: for rules, indicators and tests. People and programs use `read_for`.
    """
    journals, lake = journals or stores.journals(), lake or stores.lake()
    if box is not None and table in TABLES and "longitude_deg" not in TABLES[table].fields:
        raise InvalidInput(f"表“{table}”没有坐标。", f"The table {table!r} has no coordinates.", where="box")
    question = Question(things, since, until, box, received)
    # What the lake holds already need not be read from the journals; the check below is what makes it exact.
    before = {one.identity: lake.transaction(table, one.identity) for one in journals}
    tails = {one.identity: tail_of(one, table).after(one, before[one.identity]) for one in journals}
    kept, held = lake.scan(table, question, columns, writers=list(before))
    parts = [] if kept is None else [kept]
    for identity, tail in tails.items():
        news = [part.lazy().filter(pl.col(SEQ) > held[identity]).drop(SEQ) for part in tail]
        parts += [fitting(part, question) for part in news]
    rows = pl.concat(parts, how="diagonal_relaxed") if parts else _blank(table)
    return rows.select(columns) if columns is not None else rows


def _blank(table: str) -> pl.LazyFrame:
    return pl.LazyFrame(schema=TABLES[table].schema() if table in TABLES else COMMON)


def in_order_of_receipt(
    table: str, since: datetime | None = None, until: datetime | None = None, *, rows_at_once: int = 1_000_000
) -> Iterator[pl.DataFrame]:
    """The rows observed in [since, until) as they came, those of one instant by thing and time, in batches of at most that many rows. Only
    about that many are in memory at once, however long the period is. Nothing checked or recorded."""
    for span in stores.lake().spans_of_receipt(table, Question(None, since, until), rows_at_once):
        rows = observations(table, since=since, until=until, received=span).collect()
        yield from rows.sort("received_at", "thing", "observed_at", maintain_order=True).iter_slices(rows_at_once)


def by_things(
    table: str, things: Sequence[int], since: datetime | None = None, until: datetime | None = None,
    columns: Sequence[str] | None = None, *, received: Span = (None, None), rows_at_once: int = 1_000_000,
) -> Iterator[tuple[list[int], pl.DataFrame]]:  # fmt: skip
    """(some of the things, all their rows) until each had its turn: for what is counted by thing over more rows than memory holds. Nothing
    checked or recorded."""
    files = holding(stores.lake().files(table), Question(things, since, until, None, received))
    parts = 1 + int(files["num_records"].sum()) // rows_at_once
    ordered = sorted(set(things))
    size = max(1, -(-len(ordered) // parts))
    for first in range(0, len(ordered), size):
        some = ordered[first : first + size]
        yield some, observations(table, some, since, until, None, columns, received=received).collect()


def latest(table: str, things: Sequence[int] | None = None) -> pl.DataFrame:
    """The newest row of each thing, up to date with the journal, from any process. Nothing checked or recorded."""
    return stores.latest().read(table, things)


def read_for(
    account: Account | None, purpose: str, table: str, *, things: Sequence[int] | None = None, since: datetime | None = None,
    until: datetime | None = None, box: Box | None = None, columns: Sequence[str] | None = None, only_latest: bool = False,
) -> pl.DataFrame:  # fmt: skip
    """`observations` (or `latest`) for a page or the API. A personal table needs an account that may read it and a purpose
    in words, and the audit record is written before a row is read. The caller passes only things the account may see.

    Raises NotFound, NotAllowed, InvalidInput.
    """
    declared = get_table(table)
    if declared.personal:
        _recorded(account, purpose, table, things, since, until, box)
    if only_latest:
        rows = fitting(latest(table, things).lazy(), Question(None, since, until, box))
        return (rows.select(columns) if columns is not None else rows).collect()
    return observations(table, things, since, until, box, columns).collect()


def _recorded(
    account: Account | None, purpose: str, table: str, things: Sequence[int] | None, since: datetime | None,
    until: datetime | None, box: Box | None,
) -> None:  # fmt: skip
    from django.db import transaction

    from haihe.kernel import audit
    from haihe.kernel.observations.permissions import READ_PERSONAL
    from haihe.kernel.permissions import demand

    demand(account, READ_PERSONAL.name)
    if len(purpose.strip()) < 2:
        raise InvalidInput(
            "读取含个人信息的观测须写明用途。", "Reading observations about persons needs a purpose.", where=table,
            to_do_zh="请用一句话写明用途。", to_do_en="Say in a sentence what for.",
        )  # fmt: skip
    named = list(things) if things is not None else None
    with transaction.atomic():
        audit.record(
            account, READ_PERSONAL.name, None, table=table, purpose=purpose.strip()[:200], since=since, until=until, box=box,
            things="all" if named is None else named[:100], things_count=None if named is None else len(named),
        )  # fmt: skip
