"""Active-safety events that a terminal reports with its positions (items 0x64–0x67 of T/JSATL 12): driver assistance, the driver's
state, tyres, blind spots. Each kind by itself; the evidence names the alarm, so that its attachments can be asked for.

Kinds as yezhihao/jt808-server lists them; the standard's own pages were not read (source: unverified).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.columns import Array
from haihe.kernel.alerts.rows import replaced
from haihe.kernel.alerts.rules import FINDINGS, Rule, no_findings
from haihe.packs.transport import by_kind
from haihe.packs.transport.by_kind import NEVER
from haihe.packs.transport.columns import at_ms
from haihe.packs.transport.findings import instants
from haihe.packs.transport.jt808.fields import Reader
from haihe.packs.transport.jt808.items import read_items

ASSISTANCE, DRIVER, TYRES, BLIND_SPOT = 0x64, 0x65, 0x66, 0x67
# Key of the alert → item and type of alarm; type 0 stands for all that have no key of their own.
KINDS: dict[str, tuple[int, int]] = {
    "collision": (ASSISTANCE, 1), "lane": (ASSISTANCE, 2), "distance": (ASSISTANCE, 3), "pedestrian": (ASSISTANCE, 4), "weaving": (ASSISTANCE, 5),
    "sign": (ASSISTANCE, 6), "obstacle": (ASSISTANCE, 7), "assistance": (ASSISTANCE, 0),
    "fatigue": (DRIVER, 1), "telephone": (DRIVER, 2), "smoking": (DRIVER, 3), "distracted": (DRIVER, 4), "abnormal": (DRIVER, 5), "driver": (DRIVER, 0),
    "tyres": (TYRES, 0), "behind": (BLIND_SPOT, 1), "left": (BLIND_SPOT, 2), "right": (BLIND_SPOT, 3), "blind_spot": (BLIND_SPOT, 0),
}  # fmt: skip
KEYS = tuple(KINDS)
_PLACE = {kind: place for place, kind in enumerate(KINDS.values())}
# Recognised signs, pictures taken and changes of driver are events, no alarms.
NO_ALARMS = {(ASSISTANCE, 16), (ASSISTANCE, 17), (DRIVER, 16), (DRIVER, 17)}
ENDED = 2  # of the flag: 0 none, 1 start, 2 end
RAISED_FROM_LEVEL = 2  # the standard's second level; what has no level counts as one
SHORTEST_BYTES = 2 + 41  # id, length, and the shortest of the alarms
_SIGNS = [bytes([item, length]) for item in (ASSISTANCE, DRIVER, BLIND_SPOT) for length in (41, 47, 65, 71)]


@dataclass(frozen=True)
class Event:
    """One alarm within a position."""

    place: int
    level: int
    ended: bool
    evidence: dict[str, Any]


def events_in(items: bytes) -> Iterator[Event]:
    """The active-safety alarms among a position's additional items."""
    for name, item in read_items(items, Reader(b"", "")).items():
        value = item.get("value")
        number = int(name[2:4], 16) if name.startswith("0x") else 0
        if number not in (ASSISTANCE, DRIVER, TYRES, BLIND_SPOT) or not isinstance(value, dict) or "state" not in value:
            continue
        kind = 0 if number == TYRES else int(value.get("type", 0))
        if (number, kind) in NO_ALARMS:
            continue
        place = _PLACE.get((number, kind), _PLACE[number, 0])
        told = value.get("identifier", {})
        evidence = {
            "item": name[:4], "type": kind, "alarm_id": value.get("alarm_id"), "alarm_terminal": told.get("terminal_id"), "alarm_time": told.get("time"),
            "alarm_number": told.get("number"), "attachments": told.get("attachments"),
        }  # fmt: skip
        yield Event(place, int(value.get("level", RAISED_FROM_LEVEL)), value["state"] == ENDED, evidence)


class ActiveSafety(Rule):
    """Raised by an alarm of the second level, a warning by one of the first; over with its end, or when no further one of the
    kind came for `active_safety_quiet_s`."""

    name = "transport.active_safety"
    title_zh, title_en, unit = "主动安全报警", "Active-safety alarm", "level"
    table, thing_kind = "position", "vehicle"
    parameters = ("active_safety_quiet_s",)
    # One place a kind, in the order of KINDS: when its latest alarm came, in milliseconds since 1970; bit n: kind n was raised.
    state = by_kind.state_of("latest_ms", len(KEYS))
    tolerated_quality = 0xFFFF  # an alarm counts where the receiver has no fix too
    severity, urgency, certainty = Severity.SEVERE, Urgency.IMMEDIATE, Certainty.OBSERVED
    facts = {
        "item": ("数据项", "item", ""), "type": ("报警类型", "type of alarm", ""), "alarm_id": ("报警 ID", "alarm id", ""),
        "alarm_terminal": ("终端 ID", "terminal", ""), "alarm_time": ("终端报警时间", "the terminal's time", ""),
        "alarm_number": ("序号", "number", ""), "attachments": ("附件数量", "attachments", ""),
    }  # fmt: skip

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: dict[str, Any], now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        suspects = batch.ask("items", _suspects) if "items" in batch.columns else np.zeros(batch.height, dtype=bool)
        is_open = state["latest_ms"].is_not_null()
        if not suspects.any() and not is_open.any():
            return no_findings(), state  # as nearly always
        concerned = is_open.to_numpy() | batch.runs.concerned(suspects)
        few, before = batch.of(concerned), state.filter(pl.Series(concerned))
        latest, raised = by_kind.stored(before, "latest_ms", len(KEYS))
        quiet_ms = int(parameters["active_safety_quiet_s"] * 1000)
        rows = zip(few.runs.segment.tolist(), few.thing.tolist(), at_ms(few).tolist(), few["longitude_deg"], few["latitude_deg"],
                   few["items"] if "items" in few.columns else [None] * few.height, suspects[batch.runs.spread(concerned)].tolist(), strict=True)  # fmt: skip
        told: list[dict[str, Any]] = []
        for mine, thing, at, longitude, latitude, item, is_suspect in rows:
            position = {"longitude_deg": longitude, "latitude_deg": latitude}
            found = list(events_in(item)) if is_suspect else []
            told += _step(latest[mine], raised[mine], thing, at, found, quiet_ms, position)
        return _findings(told), replaced(state, before.with_columns(**by_kind.to_store("latest_ms", latest, raised)))


def _suspects(items: pl.Series) -> Array:
    """Rows whose items may hold an alarm: long enough, and the id and a length of it stand somewhere in them. Tyres have many
    lengths. Most positions are out by their length, which costs next to nothing."""
    found = (items.bin.size() >= SHORTEST_BYTES).fill_null(False).to_numpy().copy()
    rows = np.flatnonzero(found)
    if len(rows):
        long = items.gather(rows)
        hit = long.bin.contains(bytes([TYRES]))
        for sign in _SIGNS:
            hit |= long.bin.contains(sign)
        found[rows] = hit.to_numpy()
    return found


def _step(latest: Array, raised: Array, thing: int, at: int, events: list[Event], quiet_ms: int, position: dict[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """One position of a thing: changes `latest` and `raised`, gives findings."""

    def finding(phase: str, kind: int, level: int, facts: dict[str, Any]) -> dict[str, Any]:
        evidence = json.dumps(position | facts, ensure_ascii=False)
        return {"thing": thing, "key": KEYS[kind], "phase": phase, "at": at, "value": float(level), "limit": float(RAISED_FROM_LEVEL), "evidence": evidence}  # fmt: skip

    told = []
    for kind in np.flatnonzero((latest != NEVER) & (at - latest > quiet_ms)).tolist():
        told.append(finding("end", kind, 0, {}))
        latest[kind], raised[kind] = NEVER, False
    for event in events:
        kind, is_open = event.place, latest[event.place] != NEVER
        if event.ended:
            if is_open:
                told.append(finding("end", kind, event.level, event.evidence))
                latest[kind], raised[kind] = NEVER, False
            continue
        rises = event.level >= RAISED_FROM_LEVEL and not raised[kind]
        told.append(
            finding("raise" if rises else "update" if is_open else "warning", kind, event.level, event.evidence)
        )
        latest[kind], raised[kind] = at, raised[kind] or rises
    return told


def _findings(told: list[dict[str, Any]]) -> pl.DataFrame:
    if not told:
        return no_findings()
    columns: dict[str, Any] = {name: [each[name] for each in told] for name in FINDINGS if name != "observed_at"}
    frame = pl.DataFrame(columns).with_columns(observed_at=instants(np.array([each["at"] for each in told], np.int64)))
    return frame.select(pl.col(name).cast(kind) for name, kind in FINDINGS.items())
