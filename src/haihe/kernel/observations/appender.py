"""What the gateway appends to where rows are partitioned: the rows of each thing go to the stream of its partition."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from haihe.kernel.observations.packing import fitting
from haihe.kernel.observations.stream_sending import Unfinished

if TYPE_CHECKING:
    from haihe.kernel.observations.stream_journal import StreamJournal


class Appender:
    """Appends to all partitions at once, and returns when each of them has acknowledged its rows."""

    def __init__(self, journals: Sequence[StreamJournal]) -> None:
        self.journals = list(journals)
        self._unfinished = Unfinished()
        self._pool = ThreadPoolExecutor(len(self.journals), thread_name_prefix="append")

    def append(self, batches: Sequence[tuple[str, pl.DataFrame]]) -> int:
        """As `StreamJournal.append`. After NotStored some partitions may have their rows: appending the same again stores only what is
        missing. Returns the greatest of the partitions' numbers."""
        if len(self.journals) == 1:
            return self.journals[0].append(batches)
        # All is packed before anything is sent: a batch that does not fit its table stores nothing.
        parts = split(batches, len(self.journals))
        outgoing = self._unfinished.take(
            [journal.messages(part) for journal, part in zip(self.journals, parts, strict=True)]
        )
        tasks = [
            self._pool.submit(journal.publish, sent)
            for journal, sent in zip(self.journals, outgoing, strict=True)
            if sent
        ]
        faults = [fault for task in tasks if (fault := task.exception()) is not None]
        if faults:
            self._unfinished.keep(outgoing)
            raise faults[0]
        return max((task.result() for task in tasks), default=0)


def split(batches: Sequence[tuple[str, pl.DataFrame]], partitions: int) -> list[list[tuple[str, pl.DataFrame]]]:
    """The batches of each partition. Rows keep their order; those of no thing go by their device, or else by their place."""
    found: list[list[tuple[str, pl.DataFrame]]] = [[] for _ in range(partitions)]
    for table, batch in batches:
        if not batch.height:
            continue
        batch = fitting(table, batch)
        places = places_of(batch, partitions)
        for partition in np.unique(places).tolist():
            found[partition].append((table, batch.filter(pl.Series(places == partition))))
    return found


def places_of(batch: pl.DataFrame, partitions: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The partition of each row."""
    things = batch["thing"]
    places = things.fill_null(0).to_numpy() % partitions
    if things.null_count():
        unknown = things.is_null().to_numpy()
        if "device" in batch.columns:
            devices = batch["device"].fill_null("").to_list()
            other = [zlib.crc32(str(devices[n]).encode()) % partitions for n in np.flatnonzero(unknown)]
        else:
            other = (np.flatnonzero(unknown) % partitions).tolist()
        places = places.copy()
        places[unknown] = other
    return places
