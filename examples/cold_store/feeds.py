"""Thermometers say one line a minute over TCP: `cs-07 1772409600 4.2` (key, seconds since 1970, degrees Celsius)."""

import re
from typing import NamedTuple

import numpy as np
import polars as pl
from django.db import close_old_connections

from haihe.kernel.feeds.feed import Batch, Feed, Read
from haihe.kernel.feeds.rows import raw_frames, received_at
from haihe.kernel.things import find_things

LONGEST_LINE = 100
LINE = re.compile(rb"([a-z0-9-]{1,40}) ([0-9]{9,10}) (-?[0-9]{1,3}(?:\.[0-9]{1,2})?)")
KIND = "cold_store"


class Lines:
    """Cuts at line ends, keeps what is incomplete, and drops lines that no thermometer sends."""

    def __init__(self) -> None:
        self.rest, self.dropped_bytes, self.skipping = b"", 0, False

    def feed(self, data: bytes) -> list[bytes]:
        *lines, rest = data.split(b"\n")
        found = [whole for line in lines if (whole := self._end(line))]
        self._keep(rest)
        return found

    def _keep(self, piece: bytes) -> None:
        self.rest += piece
        if self.skipping or len(self.rest) > LONGEST_LINE:
            self.dropped_bytes += len(self.rest)
            self.rest, self.skipping = b"", True

    def _end(self, piece: bytes) -> bytes:
        self._keep(piece)
        line, self.rest, self.skipping = self.rest, b"", False
        return line


class Reading(NamedTuple):
    key: str
    at_us: int
    air_c: float


def reading(line: bytes) -> Reading | None:
    """What a line says; None where it says nothing that a thermometer can mean."""
    found = LINE.fullmatch(line)
    return found and Reading(found[1].decode(), int(found[2]) * 1_000_000, float(found[3]))


class Thermometers(Feed):
    name, title_zh, title_en, default_port = "cold_store", "冷库温度计", "Thermometers of cold stores", 7701

    def splitter(self) -> Lines:
        return Lines()

    def read(self, batch: Batch) -> Read:
        close_old_connections()
        said = [reading(frame) for frame in batch.frames]
        registered = find_things(KIND, {each.key for each in said if each})
        things = [registered.get(each.key) if each else None for each in said]
        for session, each, thing in zip(batch.sessions, said, things, strict=True):
            if each and thing and session.device != each.key:
                session.gateway.known(session, each.key, thing)
        issues = [
            None if thing else "not registered" if each else "not a reading"
            for each, thing in zip(said, things, strict=True)
        ]
        kept = raw_frames(self.name, batch, issues, pl.Series(things, dtype=pl.Int64))
        # A line is answered once it is kept: with "ok" where it became a value, so that the thermometer may forget it.
        replies = [
            (session, b"ok\n" if thing else b"no\n") for session, thing in zip(batch.sessions, things, strict=True)
        ]
        return Read([("raw_frame", kept), ("cold_store_air", self._values(batch, said, things))], replies)

    def _values(self, batch: Batch, said: list[Reading | None], things: list[int | None]) -> pl.DataFrame:
        rows = np.array([bool(thing) for thing in things], dtype=bool)
        values = [each for each, thing in zip(said, things, strict=True) if each and thing]
        return pl.DataFrame(
            {
                "thing": pl.Series([thing for thing in things if thing], dtype=pl.Int64),
                "observed_at": pl.Series([each.at_us for each in values], dtype=pl.Int64).cast(
                    pl.Datetime("us", "UTC")
                ),
                "received_at": received_at(batch).filter(pl.Series(rows)),
                "air_c": pl.Series([each.air_c for each in values], dtype=pl.Float64),
            }
        )
