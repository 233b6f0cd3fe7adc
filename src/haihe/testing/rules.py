"""What every rule must pass, wherever it comes from, and cases in YAML that an official can read.

    class TestMyRule(RuleContract):
        rule = RULES["my.rule"]

        def rows(self) -> pl.DataFrame: ...      # a few hours of several things, enough to raise
        things = pl.DataFrame({"thing": [1, 2], "use": ["hazmat", None]})

A case says what vehicles do and which findings follow:

    - name_zh: 危险货物车辆 90 km/h 行驶两分钟即报警
      name_en: …
      thing: {use: hazmat}
      start: 2026-03-02 10:00:00
      every_s: 30
      track:
        - {minutes: 10, speed_kmh: 70}
        - {minutes: 5, silent: true}
      expect:
        - {phase: raise, key: speeding, at: "10:11:00", limit: 80}
"""

from __future__ import annotations

import gc
import itertools
import math
import weakref
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import polars as pl
import yaml
from django.utils import timezone
from polars.testing import assert_frame_equal

from haihe.kernel.alerts.advancing import advance, sorted_findings
from haihe.kernel.alerts.processing import parameter_of
from haihe.kernel.alerts.replay import Replay, replay
from haihe.kernel.alerts.rows import Rows
from haihe.kernel.alerts.rules import INSTANT, Rule
from haihe.kernel.alerts.silence import advance_with_silence

NOW = datetime(2026, 6, 1, tzinfo=UTC)
# Where invented tracks begin: open country, nobody's address.
START_DEG = (117.0, 39.4)
KM_PER_DEGREE = 111.195


def cut(rows: pl.DataFrame, places: Iterable[int]) -> list[pl.DataFrame]:
    """The rows cut after the given numbers of rows; empty batches are among what comes out, as on a real stream."""
    edges = [0, *sorted(places), rows.height]
    return [rows.slice(a, b - a) for a, b in itertools.pairwise(edges)]


def same(one: Replay, other: Replay) -> None:
    """Two replays found the same, made the same alerts and remember the same."""
    assert_frame_equal(one.findings, other.findings)
    assert_frame_equal(one.table(), other.table())
    assert_frame_equal(one.state, other.state)


class RuleContract:
    """Subclass with `rule`, `things` and `rows()`; `policy` is by default the dated parameters that are installed."""

    rule: Rule
    things: pl.DataFrame
    policy: Callable[[str], Any] = staticmethod(parameter_of)

    def rows(self) -> pl.DataFrame:
        raise NotImplementedError

    def _run(self, batches: Iterable[pl.DataFrame], now: datetime = NOW) -> Replay:
        return replay(self.rule, batches, things=self.things, policy=type(self).policy, now=now)

    def test_the_rows_of_the_contract_raise(self) -> None:
        """Otherwise nothing below would prove anything."""
        assert "raise" in self._run([self.rows()]).findings["phase"].to_list()

    def test_the_same_rows_give_the_same_and_are_not_changed(self) -> None:
        rows = self.rows()
        before = rows.clone()
        same(self._run([rows]), self._run([rows]))
        assert_frame_equal(rows, before)

    def test_what_is_found_in_rows_does_not_depend_on_the_present(self) -> None:
        same(self._run([self.rows()]), self._run([self.rows()], now=NOW + timedelta(days=400)))

    def test_it_does_not_matter_how_the_stream_is_cut(self) -> None:
        rows, dice = self.rows(), Random(7)
        whole = self._run([rows])
        for _ in range(5):
            places = [dice.randrange(rows.height + 1) for _ in range(dice.randrange(1, 12))]
            same(whole, self._run(cut(rows, places)))

    def test_row_by_row_is_as_good_as_at_once(self) -> None:
        rows = self.rows().head(120)
        same(self._run([rows]), self._run(cut(rows, range(rows.height))))

    def test_an_empty_batch_changes_nothing(self) -> None:
        first = advance(self.rule, Rows(self._with_facts()), self.rule.empty_state(), type(self).policy, NOW)
        again = advance(self.rule, Rows(self._with_facts().clear()), first.state, type(self).policy, NOW)
        assert again.findings.is_empty() and again.rows == 0
        assert_frame_equal(again.state, first.state)

    def test_what_it_worked_out_goes_with_the_rows(self) -> None:
        """A cycle would keep a batch, hundreds of megabytes of a replay, until Python looks for cycles."""
        rows = Rows(self._with_facts())
        batch = weakref.ref(rows.usable(self.rule.tolerated_quality))
        gc.disable()
        try:
            first = advance(self.rule, rows, self.rule.empty_state(), type(self).policy, NOW)
            assert first.rows
            del rows
            assert batch() is None
        finally:
            gc.enable()

    def _with_facts(self) -> pl.DataFrame:
        return self.rows().join(self.things, on="thing", maintain_order="left")

    def test_rows_without_thing_or_time_or_with_a_flag_count_for_nothing(self) -> None:
        rows = self.rows()
        noise = rows.with_row_index("place")
        broken = [
            noise.with_columns(thing=pl.lit(None, dtype=pl.Int64)),
            noise.with_columns(observed_at=pl.lit(None, dtype=INSTANT)),
            noise.with_columns(quality=pl.lit(1 << 15, dtype=pl.UInt16)),
            noise.with_columns(observed_at=pl.col("observed_at") + timedelta(days=73 * 365)),
        ]
        if self.rule.tolerated_quality & 1 << 15:
            del broken[2]
        mixed = pl.concat([*broken, noise]).sort("place", maintain_order=True).drop("place")
        same(self._run([rows]), self._run([mixed]))

    def test_nulls_in_every_field_are_survived(self) -> None:
        rows = self.rows()
        for name in set(rows.columns) - {"thing", "observed_at", "received_at", "quality"}:
            emptied = rows.with_columns(pl.lit(None, dtype=rows.schema[name]).alias(name))
            assert self._run([emptied]).rows == rows.height

    def test_late_and_repeated_rows_never_raise_change_or_end(self) -> None:
        rows = self.rows()
        whole = self._run([rows])
        again = self._run([rows, rows.sample(fraction=0.5, shuffle=True, seed=3), rows])
        assert_frame_equal(whole.findings, again.findings)
        assert_frame_equal(whole.state.drop("late_rows"), again.state.drop("late_rows"))
        assert again.state["late_rows"].sum() > whole.state["late_rows"].sum()


class SilenceContract(RuleContract):
    """For rules that speak of silence."""

    def test_being_asked_about_silence_more_often_changes_nothing(self) -> None:
        """Every twenty seconds of receipt instead of every minute: what is said, and when, stays."""
        rows, living = self.rows(), self.things["thing"].sort().to_numpy()
        state, asked_at, found = self.rule.empty_state(), None, []
        for (begin,), part in self._with_facts().group_by(
            pl.col("received_at").dt.truncate("20s"), maintain_order=True
        ):
            heard = advance_with_silence(
                self.rule, Rows(part), state, living, type(self).policy, NOW, asked_at=asked_at, until=begin
            )  # fmt: skip
            state, asked_at = heard.advance.state, heard.asked_at
            found.append(heard.advance.findings)
        assert_frame_equal(sorted_findings(found), self._run([rows]).findings)


# --- cases in YAML --------------------------------------------------------------------------------------------------


def positions(thing: int, start: datetime, track: Iterable[dict[str, Any]], every_s: int = 30) -> pl.DataFrame:
    """The positions of one vehicle that drives due east: each stretch of `track` has minutes (or seconds) and speed_kmh (in
    `positions_off_km` the positions jump to the north by that much, `true_kmh` is the ground it really covers, `alarm_bits` what its
    terminal reports), or is `silent`, with speed_kmh if it moves meanwhile."""
    at, east_km, rows = start, 0.0, []
    for stretch in track:
        seconds = int(stretch.get("seconds", 0) + 60 * stretch.get("minutes", 0))
        speed = float(stretch.get("speed_kmh", 0.0))
        for _ in range(0, seconds, every_s):
            at += timedelta(seconds=every_s)
            east_km += float(stretch.get("true_kmh", speed)) * every_s / 3600
            if not stretch.get("silent"):
                off = float(stretch.get("positions_off_km", 0.0))
                rows.append((thing, at, at, 0, *_position(east_km, off), speed, stretch.get("alarm_bits", 0)))
    names = (
        "thing",
        "observed_at",
        "received_at",
        "quality",
        "longitude_deg",
        "latitude_deg",
        "speed_kmh",
        "alarm_bits",
    )
    types = (pl.Int64, INSTANT, INSTANT, pl.UInt16, pl.Float64, pl.Float64, pl.Float64, pl.UInt32)
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def _position(east_km: float, north_km: float) -> tuple[float, float]:
    per_degree = KM_PER_DEGREE * math.cos(math.radians(START_DEG[1]))
    return START_DEG[0] + east_km / per_degree, START_DEG[1] + north_km / KM_PER_DEGREE


def read_cases(path: Path) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return cases


def case_name(case: dict[str, Any]) -> str:
    return str(case["name_en"])


def run_case(rule: Rule, case: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(what the case expects, what the rule found), in the words of the case: compare them with ==."""
    start = timezone.make_aware(datetime.fromisoformat(str(case["start"])), timezone.get_default_timezone())
    rows = positions(1, start.astimezone(UTC), case["track"], int(case.get("every_s", 30)))
    facts = {name: [case.get("thing", {}).get(name)] for name in rule.attributes}
    things = pl.DataFrame(
        {"thing": [1], **facts}, schema={"thing": pl.Int64, **dict.fromkeys(rule.attributes, pl.String)}
    )
    found = replay(rule, [rows], things=things, now=NOW).findings
    expected = [dict(row) for row in case.get("expect") or []]
    told = []
    for place, finding in enumerate(found.iter_rows(named=True)):
        local = timezone.localtime(finding["observed_at"])
        words = {
            **finding,
            "at": f"{local:%H:%M:%S}",
            "value": _round(finding["value"]),
            "limit": _round(finding["limit"]),
        }
        wanted = expected[place] if place < len(expected) else {"phase": 0, "key": 0, "at": 0}
        told.append({name: words[name] for name in wanted})
    return expected, told


def _round(number: float | None) -> float | None:
    return None if number is None else round(number, 2)
