"""Columns of many things at once: what rules need to look back along each thing's rows without a loop over rows.

Rows are sorted by thing and time. `Runs` knows where each thing begins; every method takes and gives arrays of one value a row,
and `initial` arrays of one value a thing (what the stored state says about the time before the first row).

Most conditions hold for few rows or few things of a batch. So values are found where something begins and then repeated, and what holds
nowhere costs next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Runs:
    """The rows of a batch, cut into the things they are about. `segment[i]` is the number of row i's thing in the state."""

    def __init__(self, thing: Array) -> None:
        self.size = len(thing)
        self.first = np.ones(self.size, dtype=bool)
        np.not_equal(thing[1:], thing[:-1], out=self.first[1:])
        self.starts = np.flatnonzero(self.first)
        self.lengths = np.diff(self.starts, append=self.size)
        self.last = self.starts + self.lengths - 1

    @cached_property
    def segment(self) -> Array:
        return self.spread(np.arange(len(self.starts)))

    def spread(self, values: Array) -> Array:
        """One value a thing → one a row."""
        return values if len(self.starts) == self.size else np.repeat(values, self.lengths)

    def rows_of(self, things: Array) -> Array:
        """The rows of some things, given by their numbers, thing after thing in the order given."""
        lengths = self.lengths[things]
        begins = np.cumsum(lengths) - lengths
        return np.repeat(self.starts[things] - begins, lengths) + np.arange(lengths.sum())

    def before(self, values: Array, initial: Array) -> Array:
        """The value of the thing's previous row; the initial one for its first row."""
        shifted = np.empty_like(values)
        shifted[1:] = values[:-1]
        shifted[self.starts] = initial
        return shifted

    def stretches(self, mask: Array) -> tuple[Array, Array, Array]:
        """The rows cut once more where `mask` holds: where each stretch begins, how long it is, and whether one of `mask` began it
        (a thing's first row did otherwise)."""
        begins = np.flatnonzero(mask | self.first)
        return begins, np.diff(begins, append=self.size), mask[begins]

    def concerned(self, mask: Array) -> Array:
        """Things for which `mask` holds in some row."""
        found = np.zeros(len(self.starts), dtype=bool)
        found[self.segment[np.flatnonzero(mask)]] = True
        return found

    def _latest(self, mask: Array) -> Array:
        """Index of the latest row of the same thing, this one included, where `mask` holds; −1 where none does."""
        begins, lengths, held = self.stretches(mask)
        return np.repeat(np.where(held, begins, -1), lengths)

    def latest(self, mask: Array, values: Array, initial: Array) -> Array:
        """`values` at the latest row where `mask` holds; the initial value before that."""
        if not mask.any():
            return self.spread(initial.astype(values.dtype, copy=False))
        begins, lengths, held = self.stretches(mask)
        found = values[begins]
        found[~held] = initial[~mask[self.starts]]
        return np.repeat(found, lengths)

    def since(self, mask: Array, at: Array, initial: Array, gap: Array | None = None) -> Array:
        """Since when `mask` holds without a break: `at` of the row where it began, `initial` where it already held before the batch
        (negative: it did not). A row of `gap` breaks it."""
        if not mask.any():
            return self.spread(initial.astype(at.dtype, copy=False))
        begins = mask & ~self.before(mask, initial >= 0)
        return self.latest(begins if gap is None else begins | (mask & gap), at, initial)

    def total_since(self, values: Array, reset: Array, initial: Array) -> Array:
        """Sum of `values` after the latest row where `reset` holds (whose own value does not count), or on top of `initial`."""
        running = np.cumsum(values)
        begins, lengths, is_reset = self.stretches(reset)
        before = running[begins]
        before[~is_reset] -= (values[self.starts] + initial)[~reset[self.starts]]
        running -= np.repeat(before, lengths)
        return running

    def ever_since(self, mask: Array, reset: Array, initial: Array) -> Array:
        """Whether `mask` held at or after the latest row where `reset` holds, this row included."""
        if not (mask.any() or initial.any()):
            return np.zeros(self.size, dtype=bool)
        held = self._latest(mask)
        index = self._latest(reset)
        return (held >= 0) & (held >= index) | (index < 0) & self.spread(initial)

    def greatest_since(self, values: Array, reset: Array, initial: Array) -> Array:
        """Greatest of `values` at or after the latest `reset`, or together with `initial` (NaN: nothing yet) before one."""
        begins, lengths, is_reset = self.stretches(reset)
        found, long = values.astype(float), lengths > 1  # a stretch of one row is its own greatest
        rows = np.flatnonzero(np.repeat(long, lengths))
        found[rows] = greatest_so_far(values[rows], np.repeat(np.arange(np.count_nonzero(long)), lengths[long]))
        known = np.full(len(begins), np.nan)
        known[~is_reset] = initial[~reset[self.starts]]
        return np.fmax(found, np.repeat(known, lengths), out=found)


def greatest_so_far(values: Array, group: Array) -> Array:
    """The running maximum within each group; `group` never falls. Works on ranks, so that it is one pass for all groups at once
    (a window function per group costs a hundred times as much for tens of thousands of groups)."""
    if ((values[1:] >= values[:-1]) | (group[1:] != group[:-1])).all():  # already rising, as times mostly are
        return values
    order = np.argsort(values, kind="stable")
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    highest = np.maximum.accumulate(rank + group * len(values)) - group * len(values) if len(values) else rank
    return values[order[highest]] if len(values) else values


@dataclass(frozen=True)
class Episode:
    """Where a condition is warned of, raised and over; `warned` and `raised` are the standing at each row."""

    warn: Array
    raise_: Array
    end: Array
    warned: Array
    raised: Array

    def told(self) -> tuple[Array, Episode]:
        """The rows of which there is something to tell, and the episode at them."""
        rows = np.flatnonzero(self.warn | self.raise_ | self.end)
        return rows, self.at(rows)

    def at(self, rows: Array) -> Episode:
        return Episode(self.warn[rows], self.raise_[rows], self.end[rows], self.warned[rows], self.raised[rows])


def episodes(runs: Runs, near: Array, over: Array, stop: Array, warned: Array, raised: Array) -> Episode:
    """One warning and one raise for each stretch between two rows where `stop` holds, and one end where it stops.

    `near` and `over`: rows that deserve a warning or a raise; a row that deserves both only raises. `warned`, `raised`: standing
    before the batch, one a thing. At a row that stops, the old stretch ends before the row itself is judged.
    """
    standing = warned | raised
    concerned = standing | runs.concerned(near | over)
    rows = np.flatnonzero(runs.spread(concerned))
    if len(rows) == runs.size:
        return _episodes(runs, near, over, stop, warned, raised)
    # Of all other things there is nothing to tell.
    few = _episodes(Runs(runs.segment[rows]), near[rows], over[rows], stop[rows], warned[concerned], raised[concerned])
    return Episode(*(_scattered(part, rows, runs.size) for part in (few.warn, few.raise_, few.end, few.warned, few.raised)))  # fmt: skip


def _scattered(values: Array, rows: Array, size: int) -> Array:
    whole = np.zeros(size, dtype=bool)
    whole[rows] = values
    return whole


def _episodes(runs: Runs, near: Array, over: Array, stop: Array, warned: Array, raised: Array) -> Episode:
    flagged = runs.ever_since(near | over, stop, warned | raised)
    risen = runs.ever_since(over, stop, raised)
    flagged_before = runs.before(flagged, warned | raised)
    raise_now = over & ~(runs.before(risen, raised) & ~stop)
    return Episode(
        warn=near & ~over & ~(flagged_before & ~stop),
        raise_=raise_now,
        end=stop & flagged_before,
        warned=flagged,
        raised=risen,
    )


def episodes_raised(runs: Runs, over: Array, stop: Array, raised: Array) -> Episode:
    """Episodes of a condition that is not warned of."""
    never, none = np.zeros(runs.size, dtype=bool), np.zeros(len(raised), dtype=bool)
    return episodes(runs, never, over, stop, none, raised)
