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

import polars as pl

from haihe.kernel.observations import standard as _standard  # noqa: F401  (declares the table `position` in this process)
from haihe.kernel.observations import stores
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.latest import Latest, coalesced

TABLE = "position"
COLUMNS = ("thing", "observed_at", "received_at", "longitude_deg", "latitude_deg", "speed_kmh", "heading_deg")
EVERYTHING = 1 << 62
# Viewers who ask at about the same time share one look.
LOOK_EVERY_S = 0.2


class Followed:
    """The newest position of each thing, from a journal and the newest rows that belong to it."""

    def __init__(self, journal: Journal, latest: Latest) -> None:
        self._journal, self._latest = journal, latest
        self._turn = threading.Lock()
        # Numbers of another process, or of this one before a restart, say nothing here.
        self._name = secrets.token_hex(4)
        self._number, self._seq, self._looked_at = 0, -1, 0.0
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
        news = []
        if self._seq >= 0:
            entries = self._journal.read(self._seq, EVERYTHING, only=[TABLE])
            news = [entry.batch.select(COLUMNS) for entry in entries]
            seq = entries[-1].seq if entries else self._seq
        if self._seq < 0 or self._journal.trimmed() > self._seq:
            # First look, or nobody looked for so long that the journal may have let go of rows: all newest ones, which hold at least
            # what the journal held before.
            seq = self._journal.last_seq()
            news = [self._latest.read(TABLE).select(COLUMNS)]
        self._seq = max(seq, self._seq)
        if not news:
            return
        self._number += 1
        fresh = pl.concat(news).with_columns(number=pl.lit(self._number, dtype=pl.Int64))
        # What is known already comes last, so that it stands where it is the same again.
        self._rows = coalesced(pl.concat([fresh, self._rows]) if self._rows.height else fresh)


def followed() -> Followed:
    """This district's, one in each process."""
    return _followed(str(stores.journal().path))


@functools.lru_cache(maxsize=8)
def _followed(path: str) -> Followed:
    return Followed(stores.journal(), stores.latest())
