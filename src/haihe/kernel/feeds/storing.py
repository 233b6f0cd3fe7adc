"""What must stand in the registers before its device hears so: reports, pictures, registrations.

It is stored by a thread of its own, after the batch that brought it is in the journal and everything else of that batch is
acknowledged: a transaction with a picture's fsync, or a locked database, makes only those wait whose records they are. What cannot be
stored is answered as the protocol says it is refused, so that its device keeps it and sends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from django.db import OperationalError, close_old_connections, transaction

from haihe.kernel.errors import HaiheError, NotStored
from haihe.kernel.feeds.feed import Feed, Read, Record

if TYPE_CHECKING:
    from haihe.kernel.feeds.gateway import Gateway

log = structlog.get_logger()
WAITING_BYTES = 64 << 20  # of records that wait; more is refused at once, so that memory stays bounded
WAITING_RECORDS = 10_000


def store_records(gateway: Gateway, read: Read) -> None:
    """Rows alone in one transaction, what has a file in one of its own, each answered as soon as it is durable. Once the register cannot be
    reached, what else waits in this batch is refused without trying: each attempt could take as long as the first."""
    if not read.records:
        return
    close_old_connections()
    storing = gateway.storing
    rows = [record for record in read.records if not record.has_file]
    waiting = [record for record in read.records if record.has_file]
    error = _store_together(rows)
    if error is None:
        for record in rows:
            storing.say(record, record.stored)
    else:
        waiting = [*rows, *waiting]  # one of them fails: each is tried by itself
    cannot = isinstance(error, OperationalError)
    if cannot:
        storing.cannot_store(rows[0], error)
    for record in waiting:
        if cannot or not _is_stored(storing, record):
            cannot = cannot or storing.out_of_reach
            storing.say(record, record.refused)
        else:
            storing.say(record, record.stored)


def _store_together(rows: list[Record]) -> Exception | None:
    """All of them, or none and why."""
    if not rows:
        return None
    try:
        with transaction.atomic():
            for record in rows:
                record.store()
    except Exception as error:
        return error
    return None


def _is_stored(storing: Storing, record: Record) -> bool:
    try:
        record.store()
    except Exception as error:
        if isinstance(error, HaiheError) and not isinstance(error, NotStored):
            log.warning("a record is refused", what=record.what, device=record.session.device, error=error.sentence("en"))  # fmt: skip
        else:
            storing.cannot_store(record, error)
        return False
    storing.can_store()
    return True


def settle_commands(gateway: Gateway, read: Read) -> None:
    """What devices said to commands. A register that cannot be written (locked, full) leaves commands unanswered."""
    if not read.answered or gateway.desk is None:
        return
    try:
        gateway.desk.settle(read.answered)
    except Exception as error:
        log.error("answers to commands could not be noted", answers=len(read.answered), error=repr(error))


class Storing:
    """The storing thread of a gateway and what waits for it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.waiting_records = self.waiting_bytes = self.batches = 0
        self._cannot_store = self._is_full = self.out_of_reach = False

    @property
    def is_busy(self) -> bool:
        return self.batches > 0

    def take(self, feed: Feed, read: Read) -> None:
        """On the loop: the records and answers of a batch that is durable. What is more than may wait is refused."""
        records = [record for record in read.records if self._fits(record)]
        if not (records or read.answered):
            return
        self.batches += 1
        self._thread.submit(self._store, feed, Read(records=records, answered=read.answered))

    def take_soon(self, feed: Feed, records: list[Record]) -> None:
        """From another thread: what a feed has to store that no batch brought."""
        self._gateway.loop.call_soon_threadsafe(self.take, feed, Read(records=records))

    def submit(self, does: Callable[[], None]) -> None:
        """Anything else that writes into the registers."""
        self._thread.submit(does)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    def say(self, record: Record, data: bytes) -> None:
        """From the storing thread: an answer to the record's device."""
        if data:
            self._gateway.loop.call_soon_threadsafe(record.session.send, data)

    def _fits(self, record: Record) -> bool:
        fits = not self.waiting_records or (
            self.waiting_records < WAITING_RECORDS and self.waiting_bytes + record.size_bytes <= WAITING_BYTES
        )
        if fits:
            self.waiting_records += 1
            self.waiting_bytes += record.size_bytes
        else:
            if not self._is_full:
                log.error("too much waits to be stored; devices are told to send it again", records=self.waiting_records, size_bytes=self.waiting_bytes)  # fmt: skip
            if record.refused:
                record.session.send(record.refused)
        self._is_full = not fits
        return fits

    def _store(self, feed: Feed, read: Read) -> None:
        try:
            for step in self._gateway.road.store:
                step(self._gateway, read)
        except Exception as error:
            log.exception("records of a batch are not answered", feed=feed.name, error=repr(error))
        size = sum(record.size_bytes for record in read.records)
        self._gateway.loop.call_soon_threadsafe(self._was_stored, len(read.records), size)

    def _was_stored(self, count: int, size_bytes: int) -> None:
        self.batches -= 1
        self.waiting_records -= count
        self.waiting_bytes -= size_bytes

    def cannot_store(self, record: Record, error: Exception | None) -> None:
        """Said once, until something could be stored again."""
        if not self._cannot_store:
            log.error("cannot store what devices report; they are told to send it again", what=record.what, device=record.session.device, error=repr(error))  # fmt: skip
        self._cannot_store, self.out_of_reach = True, isinstance(error, OperationalError)

    def can_store(self) -> None:
        self.out_of_reach = False
        if self._cannot_store:
            self._cannot_store = False
            log.info("storing works again")
