"""What a journal holds of a table, as this process last saw it.

A journal of a busy minute is a thousand small batches. A question unpacks those that came since the one before it and finds the
others here, joined. Which of them count is not decided here: whoever asks leaves out what the lake holds by then.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence

import numpy as np
import polars as pl

from haihe.kernel.observations.any_journal import EVERYTHING, AnyJournal
from haihe.kernel.observations.journal import Entry

SEQ = "__seq"  # the number of a row's batch
# A backlog larger than this is answered from and not kept: the feeder moves a journal of 50,000 rows.
KEPT_ROWS = 200_000
KEPT_PARTS = 8

_tails: weakref.WeakKeyDictionary[AnyJournal, dict[str, Tail]] = weakref.WeakKeyDictionary()


def tail_of(journal: AnyJournal, table: str) -> Tail:
    """The one of this process for a journal and a table."""
    return _tails.setdefault(journal, {}).setdefault(table, Tail(table))


class Tail:
    """Batches of one table after some number, joined into few frames. Usable from many threads."""

    def __init__(self, table: str) -> None:
        self.table = table
        self._turn = threading.Lock()
        self._identity = ""
        self._begin = self._end = 0  # what is kept are the batches with a number in (begin, end]
        self._parts: list[pl.DataFrame] = []

    def after(self, journal: AnyJournal, seq: int) -> list[pl.DataFrame]:
        """Every row of a batch whose number is greater than `seq`, with that number in column `SEQ`; rows that the feeder has moved
        since may be among them."""
        with self._turn:
            if journal.identity != self._identity or seq < self._begin:
                self._identity, self._end, self._parts = journal.identity, seq, []
            entries, end = journal.news(max(seq, self._end), EVERYTHING, only=[self.table])
            aside = [number for number, table, *_ in journal.list_set_aside() if table == self.table]
            parts = [*(_left(part, seq, aside) for part in self._parts), *joined(entries)]
            parts = [part for part in parts if part.height]
            if len(parts) > KEPT_PARTS:
                parts = [pl.concat(parts, how="diagonal_relaxed", rechunk=True)]
            # Only now, all at once: what could not be read or joined is not taken as seen.
            small = sum(part.height for part in parts) <= KEPT_ROWS
            self._begin, self._end, self._parts = seq, end if small else seq, parts if small else []
            return parts


def _left(part: pl.DataFrame, seq: int, aside: Sequence[int]) -> pl.DataFrame:
    """The rows after number `seq` that were not set aside; numbers ascend."""
    part = part[int(part[SEQ].search_sorted(seq, side="right")) :]
    return part.filter(~part[SEQ].is_in(aside)) if aside else part


def joined(entries: Sequence[Entry]) -> list[pl.DataFrame]:
    """The batches as one frame, or none, with their numbers."""
    if not entries:
        return []
    rows = pl.concat([entry.batch for entry in entries], how="diagonal_relaxed", rechunk=True)
    numbers = np.repeat([entry.seq for entry in entries], [entry.rows for entry in entries])
    return [rows.with_columns(pl.Series(SEQ, numbers, dtype=pl.Int64))]
