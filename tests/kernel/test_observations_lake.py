"""Journal and lake together: every row once, at every moment, through feeding, compaction, retention and damage."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from haihe.kernel.errors import ConfigurationError, Conflict, InvalidInput
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once, is_due
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.queries import Box, observations
from haihe.testing.observations import START, Store, positions, store_in

KEY = ["thing", "observed_at", "longitude_deg"]


def rows_of(store: Store, **question: object) -> pl.DataFrame:
    return observations("position", journals=[store.journal], lake=store.lake, **question).collect()  # type: ignore[arg-type]


def count(store: Store) -> int:
    return int(observations("position", journals=[store.journal], lake=store.lake).select(pl.len()).collect().item())


def test_rows_come_back_equal_from_journal_and_lake(store: Store) -> None:
    batch = positions().with_columns(pl.lit(b"\x01\xff").alias("items"))
    store.journal.append([("position", batch)])
    assert_frame_equal(rows_of(store).sort(KEY), batch.sort(KEY))
    assert feed_once(store.journal, store.lake).rows == 1000
    assert store.journal.waiting()[1] == 0
    assert_frame_equal(rows_of(store).sort(KEY), batch.sort(KEY))


def test_a_span_may_be_asked_in_any_time_zone(store: Store) -> None:
    """Pages ask in local time; files' statistics are in UTC."""
    store.journal.append([("position", positions())])
    feed_once(store.journal, store.lake)
    span = {"since": START + timedelta(minutes=1), "until": START + timedelta(minutes=3)}
    local = {name: instant.astimezone(ZoneInfo("Asia/Shanghai")) for name, instant in span.items()}
    assert 0 < rows_of(store, **span).height < 1000
    assert_frame_equal(rows_of(store, **local).sort(KEY), rows_of(store, **span).sort(KEY))


def test_a_feed_repeated_after_a_kill_before_trimming_counts_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.journal.append([("position", positions())])
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(store.journal, "set_cursor", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        feed_once(store.journal, store.lake)
    assert store.journal.waiting()[1] == 1000, "committed to the lake, not yet trimmed"
    assert count(store) == 1000
    assert feed_once(store.journal, store.lake).rows == 0
    assert store.journal.waiting()[1] == 0 and count(store) == 1000


def test_nothing_is_trimmed_that_a_consumer_has_not_read(store: Store) -> None:
    store.journal.set_cursor("rules", 0)
    store.journal.append([("position", positions(seed=n)) for n in range(3)])
    feed_once(store.journal, store.lake)
    assert store.journal.waiting()[0] == 3 and count(store) == 3000
    store.journal.set_cursor("rules", 2)
    feed_once(store.journal, store.lake)
    assert [entry.seq for entry in store.journal.read(0)] == [3] and count(store) == 3000


def test_data_and_log_are_synced_before_the_journal_is_trimmed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Watched at the system call: which files have been fsync'd when trimming begins."""
    import os

    synced: set[str] = set()
    real = os.fsync

    def watching(handle: int) -> None:
        real(handle)
        synced.add(str(Path(f"/proc/self/fd/{handle}").readlink()))

    before_trim: set[str] = set()
    trim = store.journal.trim
    monkeypatch.setattr(os, "fsync", watching)
    monkeypatch.setattr(store.journal, "trim", lambda seq: (before_trim.update(synced), trim(seq))[1])
    store.journal.append([("position", positions())])
    feed_once(store.journal, store.lake)
    table = store.lake.folder / "position"
    needed = [
        *table.glob("*/*.parquet"),
        *table.glob("_delta_log/*.json"),
        table / "_delta_log",
        table,
        store.lake.folder,
    ]
    needed += list(table.glob("received_day=*"))
    assert len(needed) >= 7 and {str(path) for path in needed} <= before_trim


@pytest.mark.parametrize("left", [b"", b"{", b'{"commitInfo":{}}\n{"add":{"pa'])
def test_a_torn_commit_is_taken_back_and_its_rows_come_again_from_the_journal(
    store: Store, monkeypatch: pytest.MonkeyPatch, left: bytes
) -> None:
    """A power cut after the commit and before the log was fsync'd may leave an entry cut short or empty."""
    store.journal.append([("position", positions(seed=1))])
    feed_once(store.journal, store.lake)
    store.journal.append([("position", positions(seed=2))])
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(store.lake, "settle", lambda _table: (_ for _ in ()).throw(KeyboardInterrupt))
        feed_once(store.journal, store.lake)
    newest = max((store.lake.folder / "position" / "_delta_log").glob("*.json"))
    newest.write_bytes(left)
    again = Store(store.journal, Lake(store.lake.folder), store.latest)
    if left:
        with pytest.raises(ConfigurationError, match="worker mends"):
            count(again)
    assert feed_once(again.journal, again.lake).rows == 1000
    assert count(again) == 2000 and again.journal.waiting()[1] == 0


def test_a_new_journal_beside_an_old_lake_loses_nothing(store: Store) -> None:
    for _ in range(3):
        store.journal.append([("position", positions())])
        feed_once(store.journal, store.lake)
    fresh = Store(Journal(store.journal.path.with_name("new.sqlite3")), store.lake, store.latest)
    fresh.journal.append([("position", positions())])
    assert count(fresh) == 4000
    feed_once(fresh.journal, fresh.lake)
    assert count(fresh) == 4000
    fresh.journal.close()


def test_a_journal_older_than_the_lake_is_refused_instead_of_losing_rows(store: Store, tmp_path: Path) -> None:
    store.journal.append([("position", positions())])
    store.journal.copy_to(tmp_path / "old.sqlite3")
    store.journal.append([("position", positions())])
    feed_once(store.journal, store.lake)
    old = Journal(tmp_path / "old.sqlite3")
    with pytest.raises(ConfigurationError, match="older than the lake"):
        feed_once(old, store.lake)
    old.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.sampled_from(["append", "feed", "feed a little", "consume", "advance", "compact", "reopen"]), max_size=25
    )
)
def test_every_row_is_counted_once_after_any_sequence_of_steps(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also the newest rows follow, whenever the feeder trims and whenever the consumer runs."""
    store = store_in(tmp_path_factory.mktemp("steps"))
    store.journal.set_cursor("rules", 0)
    batches: list[pl.DataFrame] = []
    for step in steps:
        if step == "append":
            batches.append(
                positions(things=3, each=4, start=START + timedelta(minutes=len(batches)), seed=len(batches))
            )
            store.journal.append([("position", batches[-1])])
        elif step.startswith("feed"):
            feed_once(store.journal, store.lake, limit_rows=10_000 if step == "feed" else 1)
        elif step == "consume":
            store.journal.set_cursor("rules", max(0, store.journal.last_seq() - 1))
        elif step == "advance":
            store.latest.advance()
        elif step == "compact":
            for table in store.lake.tables():
                compact_once(store.lake, table, START + timedelta(days=3))
        else:
            store.journal.close()
            store = store_in(store.journal.path.parent)
        if batches:
            expected = pl.concat(batches)
            assert_frame_equal(rows_of(store).sort(KEY), expected.sort(KEY))
            newest = store.latest.read("position")
            assert (
                newest["observed_at"].to_list()
                == expected.group_by("thing").agg(pl.col("observed_at").max()).sort("thing")["observed_at"].to_list()
            )
    store.journal.close()


FEEDER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.testing.observations import START, positions, store_in
store = store_in(Path(sys.argv[1]))
for n in range(60):
    store.journal.append([("position", positions(things=10, each=10, seed=n))])
    store.latest.advance()
    feed_once(store.journal, store.lake)
    if n % 7 == 0:
        compact_once(store.lake, "position", START + timedelta(days=3))
"""


def test_counts_never_fall_and_never_jump_while_another_process_feeds_and_compacts(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    child = subprocess.Popen([sys.executable, "-c", FEEDER, str(tmp_path)])
    counts, newest = [0], [0]
    while child.poll() is None:
        counts.append(count(store))
        newest.append(store.latest.read("position").height)
        assert counts[-1] % 100 == 0, "a batch is seen whole or not at all"
        assert counts[-1] >= counts[-2], "a row disappeared"
        assert newest[-1] in ({0, 10} if not newest[-2] else {10})
    assert child.returncode == 0 and count(store) == 6000 and max(counts) <= 6000
    assert len(set(counts)) > 5, "the reader saw it grow"
    store.journal.close()


def filled(store: Store, batches: int = 30) -> pl.DataFrame:
    parts = [positions(things=15, each=6, start=START + timedelta(minutes=n), seed=n) for n in range(batches)]
    for part in parts:
        store.journal.append([("position", part)])
        if len(store.journal.read(0)) == 3:
            feed_once(store.journal, store.lake)
    store.journal.append([("position", parts[0])])
    return pl.concat([*parts, parts[0]])


@settings(max_examples=40, deadline=None)
@given(
    things=st.none() | st.lists(st.integers(-1, 20), max_size=4),
    since=st.none() | st.integers(-5, 40),
    until=st.none() | st.integers(-5, 40),
    box=st.none()
    | st.tuples(st.floats(117.0, 117.4), st.floats(38.9, 39.3), st.floats(117.0, 117.4), st.floats(38.9, 39.3)),
)
def test_skipping_files_changes_no_answer(
    things: list[int] | None, since: int | None, until: int | None, box: Box | None
) -> None:
    """Asked of journal and lake, and of the plain rows in memory."""
    store, everything = _prepared()
    start = START + timedelta(minutes=since) if since is not None else None
    end = START + timedelta(minutes=until) if until is not None else None
    wanted = everything
    if things is not None:
        wanted = wanted.filter(pl.col("thing").is_in(things))
    if start:
        wanted = wanted.filter(pl.col("observed_at") >= start)
    if end:
        wanted = wanted.filter(pl.col("observed_at") < end)
    if box:
        wanted = wanted.filter(
            pl.col("longitude_deg").is_between(box[0], box[2]) & pl.col("latitude_deg").is_between(box[1], box[3])
        )
    assert_frame_equal(rows_of(store, things=things, since=start, until=end, box=box).sort(KEY), wanted.sort(KEY))


_cache: list[tuple[Store, pl.DataFrame]] = []


def _prepared() -> tuple[Store, pl.DataFrame]:
    import tempfile

    if not _cache:
        store = store_in(Path(tempfile.mkdtemp(prefix="haihe-test-store-")))
        _cache.append((store, filled(store)))
    return _cache[0]


def test_files_that_cannot_hold_an_answer_are_not_opened(store: Store) -> None:
    filled(store)
    for path in store.lake.files("position").filter(pl.col("min.observed_at") > START + timedelta(minutes=10))["path"]:
        (store.lake.folder / "position" / path).unlink()
    assert rows_of(store, until=START + timedelta(minutes=9)).height > 0
    with pytest.raises(FileNotFoundError):
        rows_of(store)


def test_compaction_makes_few_sorted_files_and_readers_of_the_old_ones_go_on(store: Store) -> None:
    expected = filled(store, 80)
    before = store.lake.files("position").height
    reading = observations("position", journals=[store.journal], lake=store.lake)
    merged = compact_once(store.lake, "position", START)
    assert before == merged == 26 and store.lake.files("position").height == 1
    assert_frame_equal(reading.collect().sort(KEY), expected.sort(KEY))
    assert_frame_equal(rows_of(store).sort(KEY), expected.sort(KEY))
    path = store.lake.folder / "position" / store.lake.files("position")["path"][0]
    assert (
        pl.read_parquet(path)
        .select("thing", "observed_at")
        .equals(pl.read_parquet(path).select("thing", "observed_at").sort("thing", "observed_at"))
    )
    assert compact_once(store.lake, "position", START + timedelta(days=2)) == 0
    delta = DeltaTable(store.lake.folder / "position")
    assert (
        delta.transaction_version(store.journal.identity)
        == store.lake.transaction("position", store.journal.identity)
        > 0
    )


def test_vacuum_keeps_an_hour_and_then_deletes_old_and_orphaned_files(store: Store) -> None:
    import os
    import time

    expected = filled(store, 80)
    compact_once(store.lake, "position", START)
    orphan = next(store.lake.folder.glob("position/received_day=*")) / "part-orphan.zstd.parquet"
    orphan.write_bytes(b"left by an interrupted write")
    assert store.lake.vacuum("position") == 0 and orphan.exists()
    with pytest.raises(InvalidInput, match="one hour"):
        store.lake.vacuum("position", hours=0)
    two_hours_ago = time.time() - 7200
    os.utime(orphan, (two_hours_ago, two_hours_ago))
    assert store.lake.vacuum("position") == 1 and not orphan.exists()
    assert_frame_equal(rows_of(store).sort(KEY), expected.sort(KEY))


def test_retention_takes_whole_days_and_nothing_else(store: Store) -> None:
    for day in range(4):
        store.journal.append([("position", positions(start=START + timedelta(days=day), seed=day))])
    feed_once(store.journal, store.lake)
    with store.lake.exclusive():
        assert store.lake.expire("position", date(2026, 11, 26)) == 2000
        assert store.lake.expire("position", date(2026, 11, 26)) == 0
    left = rows_of(store)
    assert left.height == 2000 and left["received_at"].min() >= datetime(2026, 11, 26, tzinfo=UTC)  # type: ignore[operator]


def test_a_table_that_gains_a_field_still_reads_its_old_files(store: Store) -> None:
    old = positions().select("thing", "observed_at", "received_at", "quality", "speed_kmh")
    store.journal.append([("level", old)])
    feed_once(store.journal, store.lake)
    store.journal.append([("level", old.with_columns(pl.lit(7.5).alias("depth_m")))])
    feed_once(store.journal, store.lake)
    rows = observations("level", journals=[store.journal], lake=Lake(store.lake.folder)).collect()
    assert rows.height == 2000 and rows["depth_m"].null_count() == 1000
    assert compact_once(store.lake, "level", START + timedelta(days=2)) == 2
    assert_frame_equal(
        observations("level", journals=[store.journal], lake=store.lake).collect().sort(pl.all()),
        rows.sort(pl.all()),
        check_column_order=False,
    )


def test_a_batch_that_the_lake_cannot_take_is_set_aside_and_the_others_go_on(store: Store) -> None:
    base = positions(things=2, each=2).select("thing", "observed_at", "received_at", "quality")
    store.journal.append([("level", base.with_columns(pl.lit(1.5).alias("depth_m")))])
    feed_once(store.journal, store.lake)
    store.journal.append([("level", base.with_columns(pl.lit(kind).alias("depth_m"))) for kind in (2.5, "deep", 3.5)])
    store.journal.append([("position", positions())])
    feed_once(store.journal, store.lake)
    assert [row[0] for row in store.journal.list_set_aside()] == [3]
    assert store.lake.files("level")["num_records"].sum() == 12
    assert count(store) == 1000 and store.journal.waiting()[1] == 0


def test_one_writer_at_a_time_and_the_other_is_told(store: Store) -> None:
    other = Lake(store.lake.folder)
    with store.lake.exclusive(), pytest.raises(Conflict, match="Another process"), other.exclusive(wait_s=0.1):
        pass
    with other.exclusive(wait_s=0.1):
        pass


def test_feeding_is_due_after_50_000_rows_or_60_seconds(store: Store) -> None:
    assert not is_due(store.journal)
    store.journal.append([("position", positions())])
    assert is_due(store.journal), "never fed"
    feed_once(store.journal, store.lake)
    store.journal.append([("position", positions())])
    assert not is_due(store.journal)
    store.journal.append([("position", positions(things=500, each=100))])
    assert is_due(store.journal)
    feed_once(store.journal, store.lake)
    store.journal.append([("position", positions())])
    store.journal.set_fact("fed_at", str(float(store.journal.fact("fed_at")) - 61))
    assert is_due(store.journal)


def test_the_log_stays_short_to_open_and_the_transaction_outlives_a_checkpoint(store: Store) -> None:
    for n in range(55):
        store.journal.append([("position", positions(things=2, each=2, seed=n))])
        feed_once(store.journal, store.lake)
    assert (store.lake.folder / "position/_delta_log/_last_checkpoint").exists()
    for entry in sorted(store.lake.folder.glob("position/_delta_log/*.json"))[:50]:
        entry.unlink()
    fresh = Store(store.journal, Lake(store.lake.folder), store.latest)
    assert count(fresh) == 220
    assert fresh.lake.transaction("position", store.journal.identity) == 55


def test_a_table_is_opened_afresh_before_it_has_kept_too_many_versions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving a table on keeps a little of every version: a process that runs for months must not grow by that."""
    monkeypatch.setattr("haihe.kernel.observations.lake_reader.VERSIONS_AN_OPENING", 3)
    opened = []
    for n in range(8):
        store.journal.append([("position", positions(things=2, each=2, seed=n))])
        feed_once(store.journal, store.lake)
        opened.append(store.lake.find("position"))
        assert count(store) == 4 * (n + 1)
    assert 2 <= len({id(one) for one in opened}) < len(opened)


def test_a_reader_sees_what_another_wrote_also_after_the_log_it_knew_was_cleaned_up(store: Store) -> None:
    """Looking for news costs two looks at the folder; it must neither miss a commit nor trust a log that is gone."""
    reader = Lake(store.lake.folder)

    def fed() -> None:
        store.journal.append([("position", positions(things=2, each=5))])
        feed_once(store.journal, store.lake)

    def seen() -> int:
        rows, _ = reader.scan("position")
        return 0 if rows is None else int(rows.select(pl.len()).collect().item())

    fed()
    assert seen() == 10 and seen() == 10
    fed()
    assert seen() == 20
    log, known = store.lake.folder / "position/_delta_log", reader.find("position").version()  # type: ignore[union-attr]
    for _ in range(3):
        fed()
    DeltaTable(store.lake.folder / "position").create_checkpoint()
    for number in range(known + 3):
        (log / f"{number:020d}.json").unlink()
    assert seen() == 50


def test_threads_share_one_store(store: Store) -> None:
    def work(first: int) -> None:
        for n in range(10):
            store.journal.append([("position", positions(things=1, each=2, first_thing=first + n))])
            count(store)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    feed_once(store.journal, store.lake)
    for thread in threads:
        thread.join()
    assert count(store) == 80
