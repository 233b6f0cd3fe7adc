"""The journals, lake and newest rows of this district: one object each per process, where the settings say."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.latest import Latest, NewestOfAll

if TYPE_CHECKING:
    from haihe.kernel.observations.any_journal import AnyJournal
    from haihe.kernel.observations.appender import Appender
    from haihe.kernel.observations.stream_journal import StreamJournal

JOURNAL = "journal.sqlite3"
LATEST = "latest"
# The share of the journals that this process works on: worker `0` of `1` takes them all (see `share`).
_share = (0, 1)


class Left(Journal):
    """The embedded journal of a district that has moved to a stream: what it still holds is evaluated and fed, nothing is added."""

    grows = False

    def mine(self, things: Any) -> Any:
        return things != things  # their rows come through the streams now


def journal() -> Journal:
    """The embedded journal: the only one where no stream is chosen."""
    return _journal(Path(settings.HOME) / JOURNAL)


def journals() -> list[AnyJournal]:
    """All journals of the district: the embedded one, or the partitions of the stream, after what an embedded one has left."""
    if not settings.STREAM_URL:
        return [journal()]
    return [*_left(), *streams()]


def own_journals() -> list[AnyJournal]:
    """Those that this worker works on; what an embedded one has left is the first worker's."""
    if not settings.STREAM_URL:
        return [journal()]
    number, count = _share
    return [*(_left() if number == 0 else []), *streams()[number::count]]


def appender() -> Journal | Appender:
    """What the gateway appends to."""
    if not settings.STREAM_URL:
        return journal()
    from haihe.kernel.observations.appender import Appender

    return Appender(streams())


def share(number: int, count: int) -> None:
    """This process is worker `number` of `count`: partition k is worked on by worker k modulo `count`."""
    global _share
    _share = (number, count)


def streams() -> list[StreamJournal]:
    """The partitions, in order; none where no stream is chosen."""
    if not settings.STREAM_URL:
        return []
    return list(_streams(settings.STREAM_URL, settings.STREAM_NAME, settings.STREAM_PARTITIONS))


def lake() -> Lake:
    return _lake(str(settings.LAKE_URL or Path(settings.HOME) / "lake"), Path(settings.HOME))


def latest() -> Latest | NewestOfAll:
    return _newest(journals())


def own_latest() -> Latest | NewestOfAll:
    return _newest(own_journals())


def _newest(of: list[AnyJournal]) -> Latest | NewestOfAll:
    folder = Path(settings.HOME) / LATEST
    each = [Latest(folder / str(one.name).partition(".")[0], one, lake()) for one in of]
    return each[0] if not settings.STREAM_URL else NewestOfAll(each)


def _left() -> list[Journal]:
    path = Path(settings.HOME) / JOURNAL
    return [_left_at(path)] if path.exists() else []


@functools.lru_cache(maxsize=8)
def _journal(path: Path) -> Journal:
    return Journal(path)


@functools.lru_cache(maxsize=8)
def _left_at(path: Path) -> Left:
    return Left(path)


@functools.lru_cache(maxsize=8)
def _streams(url: str, prefix: str, partitions: int) -> tuple[StreamJournal, ...]:
    from haihe.kernel.observations.stream_client import client
    from haihe.kernel.observations.stream_journal import StreamJournal

    return tuple(StreamJournal(client(url), prefix, number, partitions) for number in range(partitions))


@functools.lru_cache(maxsize=8)
def _lake(url: str, home: Path) -> Lake:
    return Lake(url, home)
