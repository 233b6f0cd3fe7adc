"""The rule over drawn areas: a vehicle that leaves what it may use, or enters what it must not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, episodes_raised
from haihe.kernel.alerts.rows import of_things, replaced
from haihe.kernel.alerts.rules import INSTANT, Rule, no_findings
from haihe.packs.transport.columns import at_ms, flags, last_of, maybe_numbers, milliseconds, numbers, where
from haihe.packs.transport.findings import findings, maybe_instants
from haihe.packs.transport.zones import Standing, astray, stand

MODE_OF_KEY = {"left": "permitted", "entered": "forbidden"}


class LeavingArea(Rule):
    """Outside of every permitted area or road, or within a forbidden one, for a while.

    Two keys: `left` and `entered`. A stretch begins with the first position outside (inside) by more than the margin and ends with
    the first one that is not; one alert after `area_sustained_s`. Silence neither begins nor ends a stretch: a vehicle that was
    last seen outside is outside. Positions that are missing say nothing.
    """

    name = "transport.area"
    title_zh, title_en, unit = "驶离或驶入区域", "Leaving or entering an area", "m"
    table, thing_kind, attributes = "position", "vehicle", ("areas",)
    parameters = ("area_sustained_s", "area_margin_m", "road_corridor_m")
    state = {
        f"{key}_{name}": kind
        for key in MODE_OF_KEY
        for name, kind in (("since", INSTANT), ("raised", pl.Boolean), ("most_m", pl.Float64))
    }
    severity, urgency, certainty = Severity.MODERATE, Urgency.IMMEDIATE, Certainty.OBSERVED
    opens_case = "transport.alert"
    facts = {"area": ("区域", "area", ""), "lasted_s": ("已持续", "for", "s")}

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        concerned = batch.fact("areas").is_not_null().to_numpy() | _is_open(state)
        state = state.with_columns(pl.col("^.*_raised$").fill_null(False))
        few = batch.of(concerned)
        known = few.where(np.isfinite(few.numbers("longitude_deg")) & np.isfinite(few.numbers("latitude_deg")))
        if not concerned.any() or known.is_empty():
            return no_findings(), state
        seen = of_things(state, known)
        found: list[pl.DataFrame] = []
        columns: dict[str, pl.Series] = {}
        for key, mode in MODE_OF_KEY.items():
            told, kept = self._judge(known, seen, key, Zoned(known, mode, parameters), parameters)
            found.append(told)
            columns |= kept
        return pl.concat(found), replaced(state, seen.with_columns(**columns).select(state.columns))

    def _judge(
        self, batch: Batch, state: pl.DataFrame, key: str, zoned: Zoned, parameters: dict[str, Any]
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
        """Findings of one key and its columns of the state."""
        runs, at, wrong = batch.runs, at_ms(batch), zoned.astray()
        before, raised = milliseconds(state[f"{key}_since"]), flags(state[f"{key}_raised"])
        since = runs.since(wrong, at, before)
        lasted = at - since
        told = episodes_raised(runs, wrong & (lasted >= parameters["area_sustained_s"] * 1000), ~wrong, raised)
        # How far, from what: only where somebody is astray, or was until this row.
        at_areas = zoned.standing(wrong | runs.before(wrong, (before >= 0) | raised))
        most_before = numbers(state[f"{key}_most_m"])
        most = runs.greatest_since(np.where(wrong, at_areas.value_m, -1.0), ~wrong, most_before)
        thing, place = batch.thing, {**where(batch), "area": at_areas.area}
        found = pl.concat([
            findings(told.raise_, "raise", key, thing, at, most, at_areas.limit_m, {**place, "lasted_s": lasted // 1000}),
            findings(told.end, "end", key, thing, at, runs.before(most, most_before), at_areas.limit_m, place),
        ])  # fmt: skip
        return found, {
            f"{key}_since": maybe_instants(np.where(last_of(runs, wrong), last_of(runs, since), -1)),
            f"{key}_raised": pl.Series(last_of(runs, told.raised)),
            f"{key}_most_m": maybe_numbers(np.where(last_of(runs, wrong), last_of(runs, most), np.nan)),
        }


def _is_open(state: pl.DataFrame) -> Array:
    """Of which vehicles a stretch is under way."""
    open_ = np.zeros(state.height, dtype=bool)
    for key in MODE_OF_KEY:
        open_ |= state[f"{key}_since"].is_not_null().to_numpy() | flags(state[f"{key}_raised"])
    return open_


def rows_by_text(batch: Batch) -> list[tuple[str, Array]]:
    """The zones that vehicles carry, each text once with its rows."""
    texts = batch.fact("areas").cast(pl.Categorical)
    carrying = np.flatnonzero(texts.is_not_null().to_numpy())
    code = texts.to_physical().gather(carrying).to_numpy()
    order = np.argsort(code, kind="stable")
    alike = np.split(carrying[order], np.flatnonzero(np.diff(code[order])) + 1)
    told = [(texts[int(things[0])], batch.runs.rows_of(things)) for things in alike if len(things)]
    return [(text, rows) for text, rows in told if text]


class Zoned:
    """How rows stand to the zones of one mode that their vehicles carry; rows without any stand well."""

    def __init__(self, batch: Batch, mode: str, parameters: dict[str, Any]) -> None:
        self.texts, self.mode, self.size = batch.once(rows_by_text), mode, batch.height
        self.longitude_deg, self.latitude_deg = where(batch).values()
        self.tolerances = parameters["area_margin_m"], parameters["road_corridor_m"]

    def astray(self) -> Array:
        """Whether a row is where its vehicle should not be."""
        found = np.zeros(self.size, dtype=bool)
        for text, rows in self.texts:
            found[rows] = astray(text, self.mode, self.longitude_deg[rows], self.latitude_deg[rows], *self.tolerances)
        return found

    def standing(self, wanted: Array) -> Standing:
        """The distances of the wanted rows."""
        over, value, limit = np.full(self.size, -1.0), np.zeros(self.size), np.zeros(self.size)
        area = np.full(self.size, "", dtype=object)
        for text, rows in ((text, rows[wanted[rows]]) for text, rows in self.texts):
            if not len(rows):
                continue
            one = stand(text, self.mode, self.longitude_deg[rows], self.latitude_deg[rows], *self.tolerances)
            over[rows], value[rows], limit[rows], area[rows] = one.over_m, one.value_m, one.limit_m, one.area
        return Standing(over, value, limit, area)
