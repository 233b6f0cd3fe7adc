"""What follows from a change of an entry: the numbers that are counted from its register are measured at once, so that whoever reviewed
sees them move. The worker measures them again every minute anyway.

And when it happened: now, except for entries that are marked synthetic, whose life is as invented as they are and may lie in the past.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from haihe.kernel.indicators import measure_now
from haihe.kernel.registers.counting import COUNTS
from haihe.kernel.registers.models import EntryEvent

MOVING = (EntryEvent.Kind.ACCEPTED, EntryEvent.Kind.TAKEN, EntryEvent.Kind.WITHDRAWN)
_invented_at: ContextVar[datetime | None] = ContextVar("invented_at", default=None)


def measure_after(event: EntryEvent) -> None:
    """Once the change is in the database, and without spoiling it: a measure that fails is noted on its indicator."""
    keys = tuple(key for key, count in COUNTS.items() if count.register == event.entry.register)
    if event.kind in MOVING and keys and _invented_at.get() is None:
        transaction.on_commit(partial(measure_now, keys), robust=True)


@contextmanager
def days_ago(days: float) -> Iterator[None]:
    """Within, what is done to synthetic entries is written as of so many days ago. For demos: real entries are never dated back."""
    token = _invented_at.set(timezone.now() - timedelta(days=days))
    try:
        yield
    finally:
        _invented_at.reset(token)


def instant_of(*, synthetic: bool) -> datetime:
    """When a change of an entry happens."""
    return (_invented_at.get() if synthetic else None) or timezone.now()
