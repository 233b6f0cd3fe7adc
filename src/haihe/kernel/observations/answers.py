"""What the lake answered lately about single things, as this process read it.

A file of the lake never changes, and so neither does what it answers. Of a vehicle's day that is looked at again, or asked for every few
seconds by another program, only those files are read that came since.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from haihe.kernel.observations.question import Question

# A longer answer is read again; of all together that is some 40 MB of positions.
SHORT_ROWS = 20_000
KEPT_ROWS = 200_000
KEPT_ANSWERS = 500
# Rows about persons stay in memory no longer than somebody looks at them.
KEPT_S = 600

Key = tuple[str, Question, tuple[str, ...]]


@dataclass(frozen=True)
class Answer:
    """The rows that some files have."""

    paths: frozenset[str]
    rows: pl.DataFrame
    asked_at: float  # by the clock of this process


class Answers:
    """The answers of one lake. Usable from many threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: OrderedDict[Key, Answer] = OrderedDict()  # what was asked last comes last

    def of(
        self, table: str, question: Question, names: Sequence[str], paths: Sequence[str],
        read: Callable[[list[str]], pl.LazyFrame],
    ) -> pl.DataFrame:  # fmt: skip
        """What the files `paths` (at least one) answer, in the columns `names`; `read` reads it from some of them."""
        key = (table, question, tuple(names))
        with self._turn:
            known = self._kept.get(key)
        if known is None or not known.paths <= set(paths):  # some were merged, or their days are over
            rows = read(list(paths)).collect()
        elif news := [path for path in paths if path not in known.paths]:
            rows = pl.concat([known.rows, read(news).collect()], rechunk=True)
        else:
            rows = known.rows
        with self._turn:
            self._kept.pop(key, None)
            if rows.height <= SHORT_ROWS:
                self._kept[key] = Answer(frozenset(paths), rows, time.monotonic())
            self._forget()
        return rows

    def _forget(self) -> None:
        """What was not asked for in a while; and of too much what was asked for first."""
        rows = sum(answer.rows.height for answer in self._kept.values())
        for key, answer in list(self._kept.items()):
            is_too_much = rows > KEPT_ROWS or len(self._kept) > KEPT_ANSWERS
            if not is_too_much and time.monotonic() - answer.asked_at < KEPT_S:
                return
            rows -= answer.rows.height
            del self._kept[key]
