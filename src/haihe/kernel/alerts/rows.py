"""Rows about things and states of things, sorted by thing: what all rules need of them, made once.

A state is a frame of one row a thing, sorted by thing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch, microseconds
from haihe.kernel.alerts.columns import Array, Runs, greatest_so_far

CLOCK_AHEAD = timedelta(minutes=10)
_MINUTE_US = 60_000_000


def lateness(runs: Runs, at_us: Array, last_us: Array) -> Array:
    """Whether each row is late; rows by thing, within a thing in their order of arrival. `last_us`: one value a thing."""
    before = runs.before(at_us, last_us)
    late = at_us <= before
    if not late.any():  # as mostly: each row is newer than the one before
        return late
    concerned = runs.concerned(late)
    rows = np.flatnonzero(runs.spread(concerned))
    few, at, last = Runs(runs.segment[rows]), at_us[rows], last_us[concerned]
    newest = np.maximum(few.before(greatest_so_far(at, few.segment), last), few.spread(last))
    late[rows] = at <= newest
    return late


def in_time(usable: Batch, last_us: Array) -> tuple[Array, Batch] | None:
    """How many rows of each thing are late, and the others, which are in order of time; None where nobody's are."""
    late = lateness(usable.runs, usable.at_us, last_us)
    if not late.any():
        return None
    return np.add.reduceat(late, usable.runs.starts, dtype=np.int64), usable.where(~late)


class Rows:
    """Rows about the things of one kind, with their facts, in order of arrival. Several rules look at the same ones, so that what
    they have in common is kept."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._usable: dict[int, Batch] = {}

    def usable(self, tolerated_quality: int) -> Batch:
        """Rows with a thing, a time, no quality flag that is not tolerated, and a clock that is not ahead; by thing, and within a thing in
        their order of arrival."""
        if tolerated_quality not in self._usable:
            good = self._ordered.where(self._quality & np.uint16(0xFFFF ^ tolerated_quality) == 0)
            self._usable[tolerated_quality] = good
        return self._usable[tolerated_quality]

    @cached_property
    def _quality(self) -> Array:
        if "quality" not in self.frame.columns:
            return np.zeros(self._ordered.height, dtype=np.uint16)
        return self._ordered.ask("quality", lambda quality: quality.cast(pl.UInt16).fill_null(0).to_numpy())

    @cached_property
    def _ordered(self) -> Batch:
        """By thing, whatever their quality."""
        columns = self.frame.columns
        if not {"thing", "observed_at"} <= set(columns):
            return Batch(self.frame, np.zeros(0, dtype=np.int64))
        thing, at = self.frame["thing"], self.frame["observed_at"]
        keep = np.ones(len(thing), dtype=bool)
        for column in (thing, at):
            if column.null_count():
                keep &= column.is_not_null().to_numpy()
        if "received_at" in columns:
            received = microseconds(self.frame["received_at"])
            never = received == np.iinfo(np.int64).min  # nobody knows when: then no clock can be ahead
            keep &= (microseconds(at) - CLOCK_AHEAD // timedelta(microseconds=1) <= received) | never
        if keep.all():
            return Batch(self.frame, by_thing(thing.to_numpy()))
        rows = np.flatnonzero(keep)
        return Batch(self.frame, rows[by_thing(thing.gather(rows).to_numpy())])

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


def by_thing(thing: Array) -> Array:
    """The order of rows by thing, and within a thing as they are. Things of a fleet are numbers of up to 32 bits apart: NumPy sorts
    sixteen bits by counting, several times as fast as by comparing, and a second sort by the upper bits keeps what the first did."""
    if not len(thing) or (thing[1:] >= thing[:-1]).all():
        return np.arange(len(thing))
    least = thing.min()
    most_apart = int(thing.max()) - int(least)
    if most_apart >= 1 << 32:
        return np.argsort(thing, kind="stable")
    apart = thing - least
    order = np.argsort(apart.astype(np.uint16), kind="stable")
    if most_apart < 1 << 16:
        return order
    return order[np.argsort((apart >> 16).astype(np.uint16)[order], kind="stable")]


# --- states: one row a thing, sorted by thing -----------------------------------------------------------------------


def places_in(known: Array, wanted: Array) -> tuple[Array, Array]:
    """Where each of `wanted` stands among the sorted `known`, and whether it does."""
    if np.array_equal(known, wanted):  # as where all things of a fleet were heard
        return np.arange(len(known)), np.ones(len(known), dtype=bool)
    if not len(known):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
    first, width = int(known[0]), int(known[-1] - known[0]) + 1
    if (
        width <= 4 * len(known) and len(wanted) > len(known) // 4
    ):  # numbers without great gaps, as a fleet has: by a table
        table = np.full(width, -1, dtype=np.int64)
        table[known - first] = np.arange(len(known))
        inside = (wanted >= first) & (wanted <= known[-1])
        place = table[np.where(inside, wanted - first, 0)]
        return np.maximum(place, 0), inside & (place >= 0)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return place, known[place] == wanted


def _places(rows: Batch, known: Array) -> tuple[Array, Array]:
    return places_in(known, rows.things)


def with_things(state: pl.DataFrame, rows: Batch) -> tuple[pl.DataFrame, Array]:
    """The state with empty rows for those things of the rows that it has not seen, and the places of all of them in it."""
    place, is_known = rows.once(_places, state["thing"].to_numpy())
    if is_known.all():
        return state, place
    new = rows.things[~is_known]
    fresh = pl.DataFrame({"thing": new, "late_rows": np.zeros(len(new), dtype=np.int64)})
    state = pl.concat([state, fresh], how="diagonal").sort("thing")
    return state, rows.once(_places, state["thing"].to_numpy())[0]


def of_things(state: pl.DataFrame, rows: Batch) -> pl.DataFrame:
    """The rows of the state for the things in `rows`, all of which it knows."""
    if len(rows.things) == state.height:
        return state
    return state[places_in(state["thing"].to_numpy(), rows.things)[0]]


def replaced(state: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """The state with `rows` in the place of those of the same things; every one of them must be there already."""
    if rows.height == state.height:
        return rows
    if rows.is_empty():
        return state
    taken = np.arange(state.height)
    place, _ = places_in(state["thing"].to_numpy(), rows["thing"].to_numpy())
    taken[place] = state.height + np.arange(rows.height)
    return pl.concat([state, rows], rechunk=True)[taken]
