"""Driving in hours in which a sort of vehicle should stand (禁行时段). Which sorts, and which hours, stands in policies/hours.yaml."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, episodes_raised
from haihe.kernel.alerts.rules import INSTANT, Rule, no_findings
from haihe.packs.transport.columns import at_ms, flags, is_night, last_of, milliseconds, where
from haihe.packs.transport.findings import findings, maybe_instants


class ForbiddenHours(Rule):
    """Moving in the forbidden hours for `hours_sustained_s` without a stop or a silence longer than `track_gap_s`.

    Whether the vehicle is one of the exceptions (a relay, a short line) is not known here: a person decides.
    """

    name = "transport.hours"
    title_zh, title_en, unit = "禁行时段行驶", "Driving in forbidden hours", "min"
    table, thing_kind, attributes = "position", "vehicle", ("use",)
    parameters = ("forbidden_hours", "hours_sustained_s", "moving_kmh", "track_gap_s")
    state = {"since": INSTANT, "raised": pl.Boolean}
    severity, urgency, certainty = Severity.MODERATE, Urgency.IMMEDIATE, Certainty.POSSIBLE
    opens_case = "transport.alert"

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        at, known, raised = at_ms(batch), milliseconds(state["since"]), flags(state["raised"])
        forbidden = _forbidden(batch, at, parameters["forbidden_hours"])
        if not forbidden.any() and not raised.any() and (known < 0).all():
            return no_findings(), state
        thing, runs = batch.thing, batch.runs
        before = runs.before(at, milliseconds(state["last_at"]))
        gap = (before < 0) | (at - before > parameters["track_gap_s"] * 1000)
        moving = forbidden & (batch.numbers("speed_kmh") >= parameters["moving_kmh"])
        since = runs.since(moving, at, known, gap)
        lasted_s = (at - since) / 1000
        told = episodes_raised(runs, moving & (lasted_s >= parameters["hours_sustained_s"]), ~moving | gap, raised)
        limit = parameters["hours_sustained_s"] / 60
        ended_at = np.where(gap & (before >= 0), before, at)
        ended = (ended_at - runs.before(since, known)) / 60_000
        found = pl.concat([
            findings(told.raise_, "raise", "hours", thing, at, lasted_s / 60, limit, where(batch)),
            findings(told.end, "end", "hours", thing, ended_at, ended, limit, where(batch)),
        ])  # fmt: skip
        return found, state.with_columns(
            since=maybe_instants(np.where(last_of(runs, moving), last_of(runs, since), -1)),
            raised=pl.Series(last_of(runs, told.raised)),
        )


def _forbidden(batch: Batch, at: Array, hours_of_use: dict[str, Any]) -> Array:
    """Whether each row lies in hours that are forbidden for its use; a use without an entry takes `default`."""
    forbidden, use = np.zeros(batch.height, dtype=bool), batch.fact("use")
    named = [name for name in hours_of_use if name != "default"]
    for name, hours in hours_of_use.items():
        if hours is not None and (night := is_night(at, tuple(hours))).any():
            mine = (use == name if name != "default" else ~use.is_in(named)).fill_null(name == "default")
            forbidden |= batch.runs.spread(mine.to_numpy()) & night
    return forbidden
