"""The rule over drawn areas: a vehicle that leaves what it may use, or enters what it must not."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array, Runs, episodes_raised
from haihe.kernel.alerts.rows import of_things, replaced
from haihe.kernel.alerts.rules import INSTANT, Rule, no_findings
from haihe.packs.transport.columns import flags, last_of, milliseconds, numbers, where
from haihe.packs.transport.findings import findings, maybe_instants
from haihe.packs.transport.zones import Standing, stand

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
        self, batch: pl.DataFrame, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        if batch["areas"].null_count() == batch.height and not _is_open(state):
            return no_findings(), state.with_columns(pl.col("^.*_raised$").fill_null(False))
        known = batch.filter(pl.col("longitude_deg").is_finite() & pl.col("latitude_deg").is_finite())
        if known.is_empty():
            return no_findings(), state
        seen = of_things(state, known)
        runs = Runs(known["thing"].to_numpy())
        found: list[pl.DataFrame] = []
        columns: dict[str, pl.Series] = {}
        for key, mode in MODE_OF_KEY.items():
            told, kept = self._judge(runs, known, seen, key, standings(known, mode, parameters), parameters)
            found.append(told)
            columns |= kept
        return pl.concat(found), replaced(state, seen.with_columns(**columns).select(state.columns))

    def _judge(
        self, runs: Runs, batch: pl.DataFrame, state: pl.DataFrame, key: str, at_areas: Standing, parameters: dict[str, Any]
    ) -> tuple[pl.DataFrame, dict[str, pl.Series]]:  # fmt: skip
        """Findings of one key and its columns of the state."""
        at, wrong = milliseconds(batch["observed_at"]), at_areas.over_m > 0
        before = milliseconds(state[f"{key}_since"])
        since = runs.since(wrong, at, before)
        lasted = at - since
        over = wrong & (lasted >= parameters["area_sustained_s"] * 1000)
        raised = flags(state[f"{key}_raised"])
        told = episodes_raised(runs, over, ~wrong, raised)
        most_before = numbers(state[f"{key}_most_m"])
        most = runs.greatest_since(np.where(wrong, at_areas.value_m, -1.0), ~wrong, most_before)
        thing, place = batch["thing"].to_numpy(), {**where(batch), "area": at_areas.area}
        found = pl.concat([
            findings(told.raise_, "raise", key, thing, at, most, at_areas.limit_m, {**place, "lasted_s": lasted // 1000}),
            findings(told.end, "end", key, thing, at, runs.before(most, most_before), at_areas.limit_m, place),
        ])  # fmt: skip
        return found, {
            f"{key}_since": maybe_instants(np.where(last_of(runs, wrong), last_of(runs, since), -1)),
            f"{key}_raised": pl.Series(last_of(runs, told.raised)),
            f"{key}_most_m": pl.Series(np.where(last_of(runs, wrong), last_of(runs, most), np.nan)).fill_nan(None),
        }


def _is_open(state: pl.DataFrame) -> bool:
    """Whether a stretch is under way for any vehicle."""
    return any(state[f"{key}_since"].count() or flags(state[f"{key}_raised"]).any() for key in MODE_OF_KEY)


def standings(batch: pl.DataFrame, mode: str, parameters: dict[str, Any]) -> Standing:
    """How each row stands to the zones that its vehicle carries; rows without any stand well."""
    size = batch.height
    over, value, limit = np.full(size, -1.0), np.zeros(size), np.zeros(size)
    area = np.full(size, "", dtype=object)
    lon, lat = numbers(batch["longitude_deg"]), numbers(batch["latitude_deg"])
    for text, rows in _rows_by_text(batch["areas"]):
        one = stand(text, mode, lon[rows], lat[rows], parameters["area_margin_m"], parameters["road_corridor_m"])
        over[rows], value[rows], limit[rows], area[rows] = one.over_m, one.value_m, one.limit_m, one.area
    return Standing(over, value, limit, area.astype(str))


def _rows_by_text(texts: pl.Series) -> list[tuple[str, Array]]:
    frame = pl.DataFrame({"text": texts}).with_row_index("row").filter(pl.col("text").fill_null("") != "")
    parts = frame.group_by("text", maintain_order=True).agg("row")
    return [(text, np.asarray(rows)) for text, rows in parts.iter_rows()]
