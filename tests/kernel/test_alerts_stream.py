"""Rules over the partitions of a stream: the same alerts as over one journal, whoever takes which partition, each effect once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from rule_for_tests import START, HighWater, levels, policy

from haihe import backup
from haihe.kernel.alerts import processing
from haihe.kernel.alerts.batches import Batch
from haihe.kernel.alerts.cap import Certainty, Severity, Urgency
from haihe.kernel.alerts.models import Alert, RuleCursor, RuleState, RuleStatus
from haihe.kernel.alerts.processing import Memory, process_new, process_once
from haihe.kernel.alerts.rules import FINDINGS, INSTANT, RULES, Rule
from haihe.kernel.alerts.states import load_state
from haihe.kernel.observations import stores
from haihe.kernel.observations.appender import Appender
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.queries import observations
from haihe.kernel.observations.stream_client import client
from haihe.kernel.observations.stream_journal import StreamJournal
from haihe.kernel.things import Thing
from haihe.testing.streams import name_of

pytestmark = pytest.mark.xdist_group("stream")


class Silent(Rule):
    """Raises when nothing came of a gauge for half an hour; says nothing of rows."""

    name = "water.silent"
    title_zh, title_en, table, thing_kind = "水位中断", "No levels", "level", "gauge"
    state = {"heard_at": INSTANT, "told": pl.Boolean}
    severity, urgency, certainty = Severity.MINOR, Urgency.EXPECTED, Certainty.OBSERVED
    speaks_of_silence = True

    def evaluate(
        self, batch: Batch, state: pl.DataFrame, parameters: Any, now: datetime
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        heard = batch.frame.group_by("thing").agg(pl.col("received_at").max()).sort("thing")["received_at"]
        return pl.DataFrame(schema=FINDINGS), state.with_columns(heard_at=heard, told=pl.lit(False))

    def on_silence(self, state: pl.DataFrame, parameters: Any, at: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
        due = state.filter(~pl.col("told") & (pl.col("heard_at") <= at - timedelta(minutes=30)))
        found = due.select(
            "thing", observed_at=pl.col("heard_at") + timedelta(minutes=30), key=pl.lit("silent"), phase=pl.lit("raise"),
            value=pl.lit(None, pl.Float64), limit=pl.lit(None, pl.Float64), evidence=pl.lit("{}"),
        )  # fmt: skip
        return found.select(*FINDINGS), state.with_columns(
            told=pl.col("told") | pl.col("thing").is_in(due["thing"].implode())
        )


@pytest.fixture(autouse=True)
def only_these_rules() -> Iterator[None]:
    kept = dict(RULES)
    RULES.clear()
    RULES.update({"water.high": HighWater(), "water.silent": Silent()})
    processing._memories.clear()
    yield
    RULES.clear()
    RULES.update(kept)
    processing._memories.clear()


@pytest.fixture
def gauges(district: Any) -> list[int]:
    made = [
        Thing.objects.create(kind="gauge", key=f"G{n}", name=f"{n}号水位", organisation=district.town) for n in range(5)
    ]
    return [thing.pk for thing in made]


@pytest.fixture
def partitions(stream_url: str) -> list[StreamJournal]:
    name = name_of("rules")
    return [StreamJournal(client(stream_url), name, number, 3) for number in range(3)]


def day(things: list[int]) -> pl.DataFrame:
    dice = np.random.default_rng(7)
    rows = pl.concat([levels(thing, [float(v) for v in dice.choice([1.0, 3.5, 4.0], 40)]) for thing in things])
    return rows.sort("received_at", maintain_order=True)


def alerts() -> list[tuple[Any, ...]]:
    names = ("rule", "thing_id", "key", "level", "state", "started_at", "raised_at", "over_at", "count")
    return sorted(Alert.objects.values_list(*names), key=repr)


def take(journals: list[Any], now: datetime, memory: dict[str, Memory] | None = None) -> None:
    for journal in journals:
        kept = memory.setdefault(journal.name, Memory()) if memory is not None else Memory()
        process_once(journal, policy=policy, now=now, memory=kept)


def test_two_workers_over_three_partitions_raise_what_one_raises_over_one_journal(
    partitions: list[StreamJournal], gauges: list[int], tmp_path: Path
) -> None:
    rows, end = day(gauges), START + timedelta(hours=7, minutes=30)
    embedded = Journal(tmp_path / "journal.sqlite3")
    embedded.append([("level", rows)])
    process_once(embedded, policy=policy, now=end)
    expected = alerts()
    evaluated = RuleStatus.objects.get(rule="water.high").evaluated_rows
    assert {row[0] for row in expected} == {"water.high", "water.silent"}
    for model in (Alert, RuleState, RuleCursor, RuleStatus):
        model.objects.all().delete()

    appender, memories = Appender(partitions), ({}, {})
    for place in range(0, rows.height, 23):
        part = rows.slice(place, 23)
        appender.append([("level", part)])
        now = part["received_at"].max()
        assert isinstance(now, datetime)
        take(partitions[0::2], now, memories[0])
        if place % 2:  # the second worker is behind now and then
            take(partitions[1::2], now, memories[1])
        if place % 5 == 0:  # a third process that thinks the partition is its own changes nothing
            take(partitions[:1], now)
    take(partitions, end)
    take(partitions, end)
    assert alerts() == expected
    assert RuleStatus.objects.get(rule="water.high").evaluated_rows == evaluated
    for journal in partitions:
        mine = load_state(RULES["water.high"], journal.name)["thing"].to_numpy()
        assert journal.mine(mine).all()
        cursor = RuleCursor.objects.get(name=f"rules.{journal.name}")
        assert cursor.seq == journal.last_seq() and ("water.silent" in cursor.asked)
    assert load_state(RULES["water.high"])["thing"].to_list() == sorted(gauges)


def test_what_another_worker_counted_meanwhile_is_not_written_over(
    partitions: list[StreamJournal], gauges: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the reading and the writing of a step another one's step commits."""
    Appender(partitions).append([("level", day(gauges))])
    write = processing.write_findings

    def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(processing, "write_findings", write)
        take(partitions[1:2], START)
        return write(*arguments)

    monkeypatch.setattr(processing, "write_findings", meanwhile)
    take(partitions[:1], START)
    take(partitions[2:], START)
    assert RuleStatus.objects.get(rule="water.high").evaluated_rows == 200


def test_a_district_that_moves_to_a_stream_goes_on_where_it_stood(
    stream_url: str, gauges: list[int], settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first row above the limit lies in the embedded journal, evaluated; the second lies there unread; the third comes by the stream."""
    settings.HOME, settings.STREAM_URL, settings.LAKE_URL = tmp_path, "", ""
    monkeypatch.setattr(processing, "parameter_of", policy)
    monkeypatch.setattr(process_once, "__kwdefaults__", {**process_once.__kwdefaults__, "policy": policy})
    gauge = gauges[0]
    stores.appender().append([("level", levels(gauge, [1.0, 3.5]))])
    process_new(START + timedelta(minutes=11))
    stores.appender().append([("level", levels(gauge, [3.6], start=START + timedelta(minutes=20)))])
    settings.STREAM_URL, settings.STREAM_NAME, settings.STREAM_PARTITIONS = stream_url, name_of("moved"), 2
    stores.appender().append([("level", levels(gauge, [3.7, 1.0], start=START + timedelta(minutes=30)))])

    stores.share(1, 2)
    try:
        process_new(START + timedelta(minutes=41))
        assert not RuleCursor.objects.filter(name__startswith="rules.").exists(), "the rows left behind come first"
        stores.share(0, 2)
        process_new(START + timedelta(minutes=41))
        stores.share(1, 2)
        process_new(START + timedelta(minutes=41))
    finally:
        stores.share(0, 1)
    (alert,) = Alert.objects.filter(rule="water.high")
    assert (alert.level, alert.started_at, alert.raised_at, alert.over_at) == (
        "raised", START + timedelta(minutes=10), START + timedelta(minutes=20), START + timedelta(minutes=40)
    )  # fmt: skip
    assert RuleStatus.objects.get(rule="water.high").evaluated_rows == 5


def test_a_backup_holds_what_the_lake_lacks_and_the_restored_district_evaluates_it_once(
    stream_url: str, gauges: list[int], settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOME, settings.LAKE_URL = tmp_path / "home", ""
    settings.STREAM_URL, settings.STREAM_NAME, settings.STREAM_PARTITIONS = stream_url, name_of("backup"), 2
    monkeypatch.setattr(process_once, "__kwdefaults__", {**process_once.__kwdefaults__, "policy": policy})
    RuleCursor.objects.create(name="rules", seq=40)  # this district had an embedded journal once
    rows, late = day(gauges), levels(gauges[0], [4.0], start=START + timedelta(hours=8))
    stores.appender().append([("level", rows)])
    process_new(START + timedelta(hours=7))
    for journal in stores.streams():
        feed_once(journal, stores.lake())
    stores.appender().append([("level", late)])
    (tmp_path / "copy").mkdir()
    copied = backup._copy_observations(settings.HOME, tmp_path / "copy" / "observations")
    evaluated = RuleStatus.objects.get(rule="water.high").evaluated_rows

    settings.HOME, settings.STREAM_URL = copied, ""
    processing._memories.clear()
    assert [entry.seq for entry in stores.journal().read(0)] == [41]
    assert observations("level").collect().height == rows.height + 1
    process_new(START + timedelta(hours=9))
    assert RuleStatus.objects.get(rule="water.high").evaluated_rows == evaluated + 1
    assert load_state(RULES["water.high"], "")["thing"].to_list() == sorted(gauges), "what rules remember came along"
