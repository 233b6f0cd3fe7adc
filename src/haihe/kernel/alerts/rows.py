"""Rows about things and states of things, sorted by thing: what all rules need of them, made once.

A state is a frame of one row a thing, sorted by thing; things in it are found by binary search.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array, Runs, greatest_so_far

CLOCK_AHEAD = timedelta(minutes=10)
_MINUTE_US = 60_000_000


def microseconds(instants: pl.Series) -> Array:
    """Since 1970, as they are stored; nulls become the least number there is."""
    return instants.to_numpy().view(np.int64)


def lateness(runs: Runs, at_us: Array, last_us: Array) -> Array:
    """Whether each row is late; rows by thing, within a thing in their order of arrival. `last_us`: one value a thing."""
    last = last_us[runs.segment]
    newest = np.maximum(runs.before(greatest_so_far(at_us, runs.segment), last_us), last)
    return at_us <= newest


class Usable:
    """The rows that may speak for a rule, by thing, and within a thing in their order of arrival."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame.sort("thing", maintain_order=True)
        thing = self.frame["thing"].to_numpy()
        self.runs = Runs(thing)
        self.things = thing[self.runs.starts]
        self.at_us = microseconds(self.frame["observed_at"])


class Rows:
    """Rows about the things of one kind, with their facts, in order of arrival. Several rules look at the same ones, so that what
    they have in common is kept."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._usable: dict[int, Usable] = {}

    def usable(self, tolerated_quality: int) -> Usable:
        """Rows with a thing, a time, no quality flag that is not tolerated, and a clock that is not ahead."""
        if tolerated_quality not in self._usable:
            keep = pl.col("thing").is_not_null() & pl.col("observed_at").is_not_null()
            if "quality" in self.frame.columns:
                refused = pl.lit(0xFFFF ^ tolerated_quality, dtype=pl.UInt16)
                keep &= (pl.col("quality").fill_null(0).cast(pl.UInt16) & refused) == 0
            if "received_at" in self.frame.columns:
                keep &= (pl.col("observed_at") <= pl.col("received_at") + CLOCK_AHEAD).fill_null(True)
            self._usable[tolerated_quality] = Usable(self.frame.filter(keep))
        return self._usable[tolerated_quality]

    @cached_property
    def by_minute(self) -> list[tuple[datetime, Rows]]:
        """The rows cut where one was received in a later minute than all before it, each part with the beginning of its minute."""
        if self.frame.is_empty():
            return []
        minutes = np.maximum.accumulate(microseconds(self.frame["received_at"]) // _MINUTE_US)
        starts = np.flatnonzero(np.diff(minutes, prepend=-1)).tolist()
        if len(starts) == 1:
            return [(_minute(minutes[0]), self)]
        ends = [*starts[1:], self.frame.height]
        return [(_minute(minutes[a]), Rows(self.frame.slice(a, b - a))) for a, b in zip(starts, ends, strict=True)]


def _minute(number: int) -> datetime:
    return datetime.fromtimestamp(int(number) * 60, UTC)


# --- states: one row a thing, sorted by thing -----------------------------------------------------------------------


def with_things(state: pl.DataFrame, things: Array) -> tuple[pl.DataFrame, Array]:
    """The state with empty rows for those of `things` that it has not seen, and the places of all of `things` in it."""
    known = state["thing"].to_numpy()
    place = np.searchsorted(known, things)
    new = things[known[np.minimum(place, len(known) - 1)] != things] if len(known) else things
    if not len(new):
        return state, place
    fresh = pl.DataFrame({"thing": new, "late_rows": np.zeros(len(new), dtype=np.int64)})
    state = pl.concat([state, fresh], how="diagonal").sort("thing")
    return state, np.searchsorted(state["thing"].to_numpy(), things)


def of_things(state: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The state of the things that `rows` (sorted by thing) are about; every one of them must be there."""
    thing = rows["thing"].to_numpy()
    things = thing[Runs(thing).starts]
    return state if len(things) == state.height else state[np.searchsorted(state["thing"].to_numpy(), things)]


def replaced(state: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The state with `rows` in the place of those of the same things; every one of them must be there already."""
    if rows.height == state.height:
        return rows
    stays = np.ones(state.height, dtype=bool)
    stays[np.searchsorted(state["thing"].to_numpy(), rows["thing"].to_numpy())] = False
    return pl.concat([state.filter(pl.Series(stays)), rows]).sort("thing")
