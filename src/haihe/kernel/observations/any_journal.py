"""What the road asks of a journal, embedded (journal.py) or on a stream (stream_journal.py)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import polars as pl

from haihe.kernel.errors import HaiheError

if TYPE_CHECKING:
    from haihe.kernel.observations.journal import Entry

T = TypeVar("T")
EVERYTHING = 1 << 62  # rows: without a limit


class AnyJournal(Protocol):
    """Numbers only grow; everything after a number is a complete answer for a consumer that keeps a cursor. Batches that were appended
    together may have one number: a cursor stands at the last number of an answer, never within one."""

    @property
    def name(
        self,
    ) -> str: ...  # "" for the embedded journal; otherwise rules and newest rows keep theirs under this name

    @property
    def grows(self) -> bool: ...  # whether rows are still added

    @property
    def path(self) -> Path | str: ...

    @property
    def identity(self) -> str: ...

    def mine(
        self, things: Any
    ) -> Any: ...  # array of numbers → array of bool: the things whose rows come through this journal

    def append(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> int: ...

    def read(
        self, after_seq: int, limit_rows: int = 50_000, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> list[Entry]: ...  # fmt: skip

    def news(
        self, after_seq: int, limit_rows: int, *, only: Collection[str] | None = None, but: Collection[str] = ()
    ) -> tuple[list[Entry], int]: ...

    def last_seq(self) -> int: ...

    def waiting(self, after_seq: int = 0, table: str | None = None) -> tuple[int, int, int]: ...

    def cursor(self, name: str) -> int: ...

    def cursors(self) -> dict[str, int]: ...

    def set_cursor(self, name: str, seq: int) -> None: ...

    def drop_cursor(self, name: str) -> None: ...

    def fact(self, name: str, default: str = "") -> str: ...

    def set_fact(self, name: str, value: str) -> None: ...

    def trim(self, up_to_seq: int) -> int: ...

    def trimmed(self) -> int: ...

    def set_aside(self, seq: int, reason: str, table: str = "") -> None: ...

    def list_set_aside(self) -> list[tuple[int, str, int, str, str]]: ...

    def checkpoint(self) -> None: ...

    def size_bytes(self) -> int: ...

    def close(self) -> None: ...


def of_each(parts: Iterable[T], step: Callable[[T], int]) -> int:
    """The sum of a step over several; where one fails the others have their turn first: a partition without a leader holds up its own
    rows only."""
    total, faults = 0, []
    for part in parts:
        try:
            total += step(part)
        except HaiheError as fault:
            faults.append(fault)
    if faults:
        raise faults[0]
    return total
