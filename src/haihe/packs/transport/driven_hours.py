"""How long each vehicle drove within 24 hours, counted in whole clock hours: the present one and the 23 before it."""

from __future__ import annotations

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array, Runs
from haihe.packs.transport.columns import HOUR_MS

HOURS = 24


def driven_in_24h(runs: Runs, at_ms: Array, drive: Array, state: pl.DataFrame) -> tuple[Array, Array, Array]:
    """Milliseconds driven in each row's clock hour and the 23 before it; and per thing the hourly sums to keep with their last hour.

    `drive`: of the step to each row, at most an hour long, so that it lies in the hour of its row and the one before. Rows of a thing in
    one clock hour are taken together: what its first one reaches back belongs to the hour before.
    """
    hour = at_ms // HOUR_MS
    new_hour = np.zeros(runs.size, dtype=bool)
    np.not_equal(hour[1:], hour[:-1], out=new_hour[1:])
    begins, lengths, _ = runs.stretches(new_hour)
    running = np.cumsum(drive)
    whole = np.add.reduceat(drive, begins)
    inside = whole - np.maximum(drive[begins] - (at_ms[begins] - hour[begins] * HOUR_MS), 0)
    hourly, total = _stored(state)
    known = state["hour"].fill_null(pl.Series(hour[runs.starts])).to_numpy().copy()
    # The first group of each thing, then the second of those that have one …; mostly there is one, around the full hour two.
    number = np.flatnonzero(runs.first[begins])
    many = np.diff(number, append=len(begins))
    before = np.empty(len(begins), dtype=np.int64)  # the sum at the end of each group's predecessor that still counts
    things = np.arange(len(number))
    while len(things):
        now = hour[begins[number]]
        total[things] -= _move_on(hourly, things, now - known[things])
        before[number] = total[things]
        total[things] += whole[number]
        hourly[things, -1] += inside[number]
        hourly[things, -2] += whole[number] - inside[number]
        known[things] = now
        goes_on = many[things] > 1
        things, number = things[goes_on], number[goes_on] + 1
        many[things] -= 1
    totals = running + np.repeat(before - running[begins] + drive[begins], lengths)
    return totals, hourly, known


def _stored(state: pl.DataFrame) -> tuple[Array, Array]:
    """Hourly sums and their total for each thing; zeros for one never seen."""
    hourly = np.zeros((state.height, HOURS), dtype=np.int32)
    seen = state["driven_ms"].is_not_null().to_numpy()
    if seen.any():
        hourly[seen] = state["driven_ms"].drop_nulls().to_numpy()
    return hourly, state["total_ms"].fill_null(0).to_numpy().copy()


def _move_on(hourly: Array, things: Array, by_hours: Array) -> Array:
    """Move the hourly sums of things on; answers what then lies too far back."""
    dropped = np.zeros(len(things), dtype=np.int64)
    by_hours = np.minimum(by_hours, HOURS)
    for hours in np.flatnonzero(np.bincount(by_hours)).tolist():
        if hours:
            moves = np.flatnonzero(by_hours == hours)
            mine = hourly[things[moves]]
            dropped[moves] = mine[:, :hours].sum(axis=1, dtype=np.int64)
            hourly[things[moves], : HOURS - hours] = mine[:, hours:]
            hourly[things[moves], HOURS - hours :] = 0
    return dropped
