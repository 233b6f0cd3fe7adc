"""The newest positions of the fleet as open maps follow them: held once by the process for all viewers and moved on with the journal.

Each look at the journal that brings something has a number, and each thing the number of the look that brought its newest position. So
"what is new since number n" is a comparison, and a viewer who has all of n is told only that. Who may see a thing is asked elsewhere,
for each viewer, each time.
"""

from __future__ import annotations

import functools
import secrets
import threading
import time
from collections.abc import Sequence

import polars as pl

from haihe.kernel.observations import standard as _standard  # noqa: F401  (declares the table `position` in this process)
from haihe.kernel.observations import stores
from haihe.kernel.observations.any_journal import EVERYTHING, AnyJournal
from haihe.kernel.observations.latest import Latest, NewestOfAll, coalesced

TABLE = "position"
COLUMNS = ("thing", "observed_at", "received_at", "longitude_deg", "latitude_deg", "speed_kmh", "heading_deg")
# Viewers who ask at about the same time share one look.
LOOK_EVERY_S = 0.2


class Followed:
    """The newest position of each thing, from the journals and the newest rows that belong to them."""

    def __init__(self, journals: Sequence[AnyJournal], latest: Latest | NewestOfAll) -> None:
        self._journals, self._latest = journals, latest
        self._turn = threading.Lock()
        # Numbers of another process, or of this one before a restart, say nothing here.
        self._name = secrets.token_hex(4)
        self._number, self._looked_at = 0, 0.0
        # The number of each journal up to which its rows are known; none before the first look.
        self._reached: list[int] = []
        self._rows = pl.DataFrame()

    def since(self, mark: str) -> tuple[pl.DataFrame, str, bool]:
        """(newest rows that came after the mark, the mark of now, whether that is all that is new). With no mark, or one from
        elsewhere, the rows of all things."""
        with self._turn:
            if time.monotonic() - self._looked_at >= LOOK_EVERY_S:
                self._look()
                self._looked_at = time.monotonic()
            rows, number = self._rows, self._number
        name, _, seen = mark.partition("-")
        known = name == self._name and seen.isdigit()
        return rows.filter(pl.col("number") > int(seen)) if known else rows, f"{self._name}-{number}", known

    def _look(self) -> None:
        news, reached = [], list(self._reached)
        for place, (journal, seq) in enumerate(zip(self._journals, self._reached, strict=False)):
            entries = journal.read(seq, EVERYTHING, only=[TABLE])
            news += [entry.batch.select(COLUMNS) for entry in entries]
            reached[place] = entries[-1].seq if entries else seq
        if not reached or any(one.trimmed() > seq for one, seq in zip(self._journals, self._reached, strict=True)):
            # First look, or nobody looked for so long that a journal may have let go of rows: all newest ones, which hold at least
            # what the journals held before.
            reached = [one.last_seq() for one in self._journals]
            news = [self._latest.read(TABLE).select(COLUMNS)]
        self._reached = reached
        if not news:
            return
        self._number += 1
        fresh = pl.concat(news).with_columns(number=pl.lit(self._number, dtype=pl.Int64))
        # What is known already comes last, so that it stands where it is the same again.
        self._rows = coalesced(pl.concat([fresh, self._rows]) if self._rows.height else fresh)


def followed() -> Followed:
    """This district's, one in each process."""
    return _followed(tuple(str(journal.path) for journal in stores.journals()))


@functools.lru_cache(maxsize=8)
def _followed(paths: tuple[str, ...]) -> Followed:
    return Followed(stores.journals(), stores.latest())
