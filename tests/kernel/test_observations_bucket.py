"""The lake on object storage, a real server of S3: every row once, whatever is killed, away or silent."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pytest
from deltalake import DeltaTable
from polars.testing import assert_frame_equal

from haihe.kernel.errors import ConfigurationError, Conflict, HaiheError, NotStored
from haihe.kernel.observations import lake_bucket
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.faults import bucket_fault
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.lake import Lake
from haihe.kernel.observations.lake_bucket import Bucket
from haihe.kernel.observations.queries import observations
from haihe.testing.objects import ObjectStorage, object_storage
from haihe.testing.observations import APPEND, START, Store, positions, store_in

KEY = ["thing", "observed_at", "longitude_deg"]


@pytest.fixture
def far(storage: ObjectStorage, tmp_path: Path) -> Iterator[Store]:
    """A journal here whose lake is on the storage."""
    made = store_in(tmp_path / "far", storage.url())
    yield made
    made.journal.close()


def again(store: Store) -> Store:
    """As another process sees it."""
    return store_in(store.journal.path.parent, store.lake.place.where())


def rows_of(store: Store, **question: object) -> pl.DataFrame:
    return observations("position", journals=[store.journal], lake=store.lake, **question).collect()  # type: ignore[arg-type]


def objects_of(store: Store) -> list[str]:
    place = store.lake.place
    assert isinstance(place, Bucket)
    return sorted(row["path"] for row in obstore.list(place._small).collect())


def until_it_works(step: Callable[[], Any]) -> Any:
    """As the worker does: a step that fails is tried again. A storage that has just started does not know all its files yet."""
    end = time.monotonic() + 60
    while True:
        try:
            return step()
        except NotStored:
            if time.monotonic() > end:
                raise
        time.sleep(0.2)


def filled(store: Store, batches: int) -> pl.DataFrame:
    parts = [positions(things=15, each=6, start=START + timedelta(minutes=n), seed=n) for n in range(batches)]
    for part in parts:
        store.journal.append([("position", part)])
        feed_once(store.journal, store.lake)
    return pl.concat(parts)


def test_rows_come_back_equal_and_are_found_by_every_question(far: Store) -> None:
    expected = filled(far, 3)
    for seen in (far, again(far)):
        assert_frame_equal(rows_of(seen).sort(KEY), expected.sort(KEY))
        assert_frame_equal(
            rows_of(seen, things=[2, 3], until=START + timedelta(minutes=1)).sort(KEY),
            expected.filter(
                pl.col("thing").is_in([2, 3]) & (pl.col("observed_at") < START + timedelta(minutes=1))
            ).sort(KEY),
        )
        assert seen.lake.tables() == ["position"]
        assert seen.lake.transaction("position", far.journal.identity) == 3
        assert seen.latest.read("position").height == 15
    assert far.journal.waiting()[1] == 0


def test_compaction_vacuum_and_retention_work_as_on_disk(far: Store) -> None:
    expected = filled(far, 26)
    reading = observations("position", journals=[far.journal], lake=far.lake)
    assert compact_once(far.lake, "position", START) == 26 and far.lake.files("position").height == 1
    assert_frame_equal(reading.collect().sort(KEY), expected.sort(KEY))
    assert_frame_equal(rows_of(again(far)).sort(KEY), expected.sort(KEY))
    with far.lake.exclusive():
        assert far.lake.vacuum("position") == 0, "an hour is kept for those who are reading"
    # An hour later, as Delta's own vacuum sees it: nothing is kept.
    delta = DeltaTable(far.lake.place.url("position"), storage_options=far.lake.place.for_delta)
    assert len(delta.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)) == 26
    assert len([path for path in objects_of(far) if path.endswith("zstd.parquet")]) == 1
    far.journal.append([("position", positions(start=START + timedelta(days=2)))])
    feed_once(far.journal, far.lake)
    with far.lake.exclusive():
        assert far.lake.expire("position", date(2026, 11, 25)) == expected.height
    assert rows_of(again(far)).height == 1000


@pytest.mark.all
def test_a_checkpoint_is_made_and_what_it_says_is_read(far: Store) -> None:
    filled(far, 51)
    assert any("_last_checkpoint" in path for path in objects_of(far))
    assert rows_of(again(far)).height == 51 * 90


def test_a_reader_sees_each_commit_of_another_process_at_once(far: Store) -> None:
    reader = again(far)
    for count in range(1, 4):
        filled(far, 1)
        assert rows_of(reader).height == count * 90


FEEDER = """
import sys
from datetime import timedelta
from pathlib import Path
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.testing.observations import START, positions, store_in
store = store_in(Path(sys.argv[1]), sys.argv[2])
for n in range(30):
    store.journal.append([("position", positions(things=10, each=10, seed=n))])
    feed_once(store.journal, store.lake)
    if n % 7 == 6:
        compact_once(store.lake, "position", START + timedelta(days=3))
"""


@pytest.mark.all
def test_counts_never_fall_and_never_jump_while_another_process_feeds_and_compacts(far: Store) -> None:
    child = subprocess.Popen([sys.executable, "-c", FEEDER, str(far.journal.path.parent), far.lake.place.where()])
    counts = [0]
    while child.poll() is None:
        counts.append(rows_of(far).height)
        assert counts[-1] % 100 == 0 and counts[-1] >= counts[-2]
    assert child.returncode == 0 and rows_of(far).height == 3000 and len(set(counts)) > 5


# --- kill -9 ----------------------------------------------------------------------------------------------------------

MOVE = """
import sys
from datetime import timedelta
from pathlib import Path
from haihe.kernel.errors import Conflict
from haihe.kernel.observations.compaction import compact_once
from haihe.kernel.observations.feeder import feed_once
from haihe.kernel.observations.journal import Journal
from haihe.kernel.observations.lake import Lake
from haihe.testing.observations import START
# Argument 3: the folder of the lock. Two movers with different ones are as on two machines.
journal, lake = Journal(Path(sys.argv[1]) / "journal.sqlite3"), Lake(sys.argv[2], Path(sys.argv[3]))
print("ready", flush=True)
conflicts = 0
while len(sys.argv) < 5 or journal.waiting()[1] or conflicts < int(sys.argv[4]):
    try:
        feed_once(journal, lake, limit_rows=40)
        for table in lake.tables():
            compact_once(lake, table, START + timedelta(days=3))
    except Conflict:
        conflicts += 1
    if len(sys.argv) == 5 and not journal.waiting()[1]:
        break
print(conflicts, flush=True)
"""


def numbers_of(store: Store) -> list[int]:
    rows = rows_of(store)
    numbers: list[int] = ((rows["observed_at"] - START).dt.total_seconds() // 20).sort().to_list()
    assert len(numbers) == len(set(numbers)), "a row is counted twice"
    return numbers


def _kill_again_and_again(storage: ObjectStorage, folder: Path, rounds: int) -> None:
    dice, url = random.Random(time.time_ns()), storage.url()
    acknowledged: list[int] = []
    next_row = 0
    store_in(folder).journal.close()
    for _ in range(rounds):
        appender = subprocess.Popen(
            [sys.executable, "-c", APPEND, str(folder), str(next_row)], stdout=subprocess.PIPE, text=True
        )
        mover = subprocess.Popen(
            [sys.executable, "-c", MOVE, str(folder), url, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert mover.stdout and appender.stdout and mover.stdout.readline() == "ready\n"
        lines = [appender.stdout.readline()]
        time.sleep(dice.uniform(0.0, 1.5))
        mover.kill()
        appender.kill()
        lines += appender.stdout.read().splitlines(keepends=True)
        assert (appender.wait(), mover.wait()) == (-9, -9), "both were killed, neither failed"
        said = [int(line.split()[0]) for line in lines if line.endswith("\n")]
        acknowledged += said
        store = store_in(folder, url)
        assert set(acknowledged) <= set(numbers_of(store)), "an acknowledged row is lost"
        assert store.journal.list_set_aside() == []
        store.journal.close()
        next_row = said[-1] + 2
    store = store_in(folder, url)
    while feed_once(store.journal, store.lake).rows:
        pass
    assert store.journal.waiting()[1] == 0 and set(acknowledged) <= set(numbers_of(store))
    assert int(store.lake.files("position")["num_records"].sum()) == len(numbers_of(store))
    store.journal.close()


def test_kill_9_of_the_feeder_loses_nothing_and_moves_nothing_twice(storage: ObjectStorage, tmp_path: Path) -> None:
    _kill_again_and_again(storage, tmp_path / "killed", 4)


@pytest.mark.all
def test_kill_9_of_the_feeder_forty_times(storage: ObjectStorage, tmp_path: Path) -> None:
    _kill_again_and_again(storage, tmp_path / "killed", 40)


@pytest.mark.all
def test_two_machines_that_move_and_compact_the_same_rows_count_each_once(far: Store, tmp_path: Path) -> None:
    """They share no lock: what keeps them apart is the storage's conditional put and Delta's check of what came in between."""
    for n in range(400):
        batch = positions(things=1, each=1, first_thing=n % 7 + 1, start=START + timedelta(seconds=20 * n), seed=n)
        far.journal.append([("position", batch)])
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    movers = [
        subprocess.Popen(
            [sys.executable, "-c", MOVE, str(far.journal.path.parent), far.lake.place.where(), str(folder), "1"],
            stdout=subprocess.PIPE, text=True,
        )
        for folder in folders
    ]  # fmt: skip
    answers = [mover.communicate(timeout=120)[0].split() for mover in movers]
    assert [mover.returncode for mover in movers] == [0, 0] and all(said[0] == "ready" for said in answers)
    assert numbers_of(far) == list(range(400))
    assert int(far.lake.files("position")["num_records"].sum()) == 400


def test_what_another_machine_has_done_already_is_refused(far: Store, tmp_path: Path) -> None:
    filled(far, 2)
    other = Lake(far.lake.place.where(), tmp_path)
    stale = other.files("position")
    rows = positions(things=1, each=1)
    assert not other.append("position", rows, writer=far.journal.identity, seq=2), "that number is there"
    assert compact_once(far.lake, "position", START + timedelta(days=3)) == 2
    from haihe.kernel.observations.compaction import _exchange

    with pytest.raises(Conflict, match="committed the same change first"):
        _exchange(other, "position", stale)
    assert rows_of(again(far)).height == 180


def test_two_commits_at_the_same_moment_are_told_apart_by_delta(
    far: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other exchanges the same files after we looked and before we commit."""
    filled(far, 2)
    other, done = Lake(far.lake.place.where(), tmp_path), []
    commit = DeltaTable.create_write_transaction

    def meanwhile(self: DeltaTable, *arguments: Any, **named: Any) -> None:
        if not done:
            done.append(True)
            assert compact_once(other, "position", START + timedelta(days=3)) == 2
        commit(self, *arguments, **named)

    monkeypatch.setattr(DeltaTable, "create_write_transaction", meanwhile)
    with pytest.raises(Conflict, match="committed the same change first"):
        compact_once(far.lake, "position", START + timedelta(days=3))
    assert done and rows_of(again(far)).height == 180


# --- the storage is away ----------------------------------------------------------------------------------------------


def test_while_the_storage_is_away_the_journal_keeps_all_and_moving_goes_on_by_itself(
    storage: ObjectStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_storage() as own:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)
        store = store_in(tmp_path / "away", own.url())
        expected = filled(store, 2)
        store.latest.advance()
        own.kill()
        late = positions(start=START + timedelta(hours=1), seed=77)
        store.journal.append([("position", late)])
        for _ in range(2):
            with pytest.raises(NotStored, match=r"does not answer.*goes on by itself"):
                feed_once(store.journal, store.lake)
        assert store.journal.waiting()[1] == 1000, "kept"
        store.latest.advance()
        assert store.latest.read("position").height == 20, "what needs only the journal goes on"
        with pytest.raises(NotStored, match="does not answer"):
            rows_of(store)
        own.start()
        moved = until_it_works(lambda: feed_once(store.journal, store.lake))
        assert moved.rows == 1000 and store.journal.waiting()[1] == 0
        assert_frame_equal(rows_of(store).sort(KEY), pl.concat([expected, late]).sort(KEY))
        store.journal.close()


def test_a_storage_that_takes_connections_and_says_nothing_is_given_up_within_seconds(
    far: Store, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(far, 1)
    far.journal.append([("position", positions(start=START + timedelta(hours=1)))])
    with monkeypatch.context() as hurried:
        hurried.setattr(lake_bucket, "ANSWER_S", 2)
        hurried.setattr(lake_bucket, "RETRIES", 1)
        impatient = again(far)  # asks nothing before the silence: a loaded machine may take longer to answer
        with storage.silent():
            began = time.monotonic()
            with pytest.raises(NotStored, match="does not answer"):
                feed_once(impatient.journal, impatient.lake)
            assert time.monotonic() - began < 16
            assert impatient.journal.waiting()[1] == 1000
    patient = again(far)
    assert feed_once(patient.journal, patient.lake).rows == 1000 and rows_of(far).height == 1090


@pytest.mark.parametrize("number", ["500", "503", "507"])
def test_a_number_in_an_address_is_no_status(number: str) -> None:
    told = f"Error performing PUT http://127.0.0.1:34101/district/.haihe-probe/32c580{number} in 35µs - builder error: BadScheme"
    assert "plain http" in bucket_fault(RuntimeError(told), "s3://district").en
    full = bucket_fault(
        RuntimeError("Error performing PUT http://a/b in 35µs - status code: 507 Insufficient Storage"), ""
    )
    assert "is full" in full.en


def test_a_storage_that_falls_silent_between_two_questions_is_told_as_one_that_does_not_answer(
    far: Store, storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(far, 1)
    ask = Bucket._has_log

    def in_silence(self: Bucket, table: str) -> bool:
        with storage.silent():
            return ask(self, table)

    monkeypatch.setattr(lake_bucket, "ANSWER_S", 2)
    monkeypatch.setattr(lake_bucket, "RETRIES", 1)
    monkeypatch.setattr(Bucket, "_has_log", in_silence)
    with pytest.raises(NotStored, match="does not answer"):
        again(far).lake.tables()


def test_an_answer_that_was_lost_deletes_nothing_that_arrived(far: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commit arrives, its answer does not: the next step sees it there and moves nothing twice."""
    far.journal.append([("position", positions())])
    commit = DeltaTable.create_write_transaction

    def unheard(self: DeltaTable, *arguments: Any, **named: Any) -> None:
        commit(self, *arguments, **named)
        raise OSError("Error performing PUT: operation timed out")

    with monkeypatch.context() as lost, pytest.raises(NotStored, match="does not answer"):
        lost.setattr(DeltaTable, "create_write_transaction", unheard)
        feed_once(far.journal, far.lake)
    assert far.journal.waiting()[1] == 1000 and rows_of(far).height == 1000
    assert feed_once(far.journal, far.lake).rows == 0 and far.journal.waiting()[1] == 0
    assert rows_of(again(far)).height == 1000


# --- what an administrator is told ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "kind", "told"),
    [
        (
            {"AWS_SECRET_ACCESS_KEY": "wrong-and-never-shown"},
            ConfigurationError,
            "refused the key.*SignatureDoesNotMatch",
        ),
        ({"AWS_ACCESS_KEY_ID": "nobody"}, ConfigurationError, "refused the key.*InvalidAccessKeyId"),
        ({"AWS_ACCESS_KEY_ID": "reader"}, ConfigurationError, "may not do this.*AccessDenied"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, NotStored, "does not answer"),
        ({"AWS_ALLOW_HTTP": ""}, ConfigurationError, "plain http"),
        ({}, ConfigurationError, "no such bucket"),
    ],
)
def test_a_wrong_bucket_key_or_address_is_named_and_no_secret_is(
    storage: ObjectStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    kind: type[HaiheError],
    told: str,
) -> None:
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    url = storage.url() if changed else "s3://nowhere/lake"
    store = store_in(tmp_path / "wrong", url)
    store.journal.append([("position", positions())])
    place = store.lake.place
    assert isinstance(place, Bucket)
    for act in (place.probe, lambda: feed_once(store.journal, store.lake)):
        with pytest.raises(kind, match=told) as found:
            act()
        for sentence in (found.value.sentence("zh"), found.value.sentence("en")):
            assert storage.secret not in sentence and "never-shown" not in sentence and len(sentence) < 500
    assert store.journal.waiting()[1] == 1000 and store.journal.list_set_aside() == []
    store.journal.close()


def test_haihe_check_tries_the_storage_and_says_what_is_wrong(
    storage: ObjectStorage, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haihe.deployment import findings

    settings.LAKE_URL = storage.url()

    def told() -> list[Any]:
        return [row for row in findings(deploy=False) if "storage" in row.en or "Observations" in row.en]

    (lake, rows) = told()
    assert lake.ok and "keeps two writers apart" in lake.en and rows.ok
    put = obstore.put
    with monkeypatch.context() as careless:  # a storage that replaces what must not be replaced
        careless.setattr(obstore, "put", lambda store, path, content, **_: put(store, path, content))
        (lake,) = told()
    assert not lake.ok and "If-None-Match" in lake.en
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    (lake,) = told()
    assert not lake.ok and "refused the key" in lake.en


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://", "no bucket"),
        ("s3://key:secret@bucket/lake", "neither keys"),
        ("gs://bucket/lake", "s3://"),
        ("az://c/lake", "s3://"),
    ],
)
def test_addresses_that_cannot_hold_a_lake_are_refused_without_being_repeated(
    url: str, told: str, settings: Any
) -> None:
    from haihe import deployment

    with pytest.raises(ConfigurationError, match=told) as found:
        Lake(url)
    settings.LAKE_URL = url
    said = deployment._lake()
    assert not said.ok and told in said.en, "`haihe check` says the same"
    assert "secret" not in str(found.value) + said.zh + said.en


# --- in a district ----------------------------------------------------------------------------------------------------


def test_a_district_whose_lake_is_elsewhere_has_a_process_more(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from haihe import runtime
    from haihe import settings as own

    monkeypatch.setattr(own, "LAKE_URL", "s3://bucket/lake")
    assert [part.name for part in runtime.parts()][:3] == ["mover", "worker", "duties"]
    monkeypatch.setattr(own, "LAKE_URL", "")
    assert "mover" not in [part.name for part in runtime.parts()]


def test_duties_and_status_work_on_the_storage(storage: ObjectStorage, db: None, settings: Any) -> None:
    from haihe.kernel.observations import stores, upkeep

    settings.LAKE_URL = storage.url()
    at = START + timedelta(hours=1)
    stores.journal().append([("position", positions())])
    assert upkeep.feed(at) == 1000 and upkeep.compact(at) == 0 and upkeep.vacuum(at) == 0
    (position,) = [row for row in upkeep.status().tables if row.name == "position"]
    assert (position.lake_rows, position.journal_rows, position.files) == (1000, 0, 1)
    assert upkeep.expire(datetime(2029, 1, 1, tzinfo=UTC)) == 1000
