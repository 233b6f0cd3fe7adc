"""The journal: durable, in order, shared by processes, robust against damage and full disks."""

from __future__ import annotations

import gc
import itertools
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from haihe.kernel.errors import ConfigurationError, InvalidInput, NotStored
from haihe.kernel.observations.journal import Journal
from haihe.testing.observations import Store, positions


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "journal.sqlite3")
    yield made
    made.close()


def test_what_was_appended_is_read_back_equal_and_in_order(journal: Journal) -> None:
    batches = [positions(things=n, each=n, seed=n) for n in (1, 5, 12)]
    assert journal.append([("position", batches[0]), ("position", batches[1])]) == 2
    assert journal.append([("position", batches[2])]) == 3
    entries = journal.read(0)
    assert [e.seq for e in entries] == [1, 2, 3]
    for entry, batch in zip(entries, batches, strict=True):
        assert entry.batch.equals(batch) and entry.rows == batch.height
    assert [e.seq for e in journal.read(1, limit_rows=1)] == [2]


def test_reading_keeps_nothing_of_what_was_read(journal: Journal) -> None:
    """A worker reads a hundred batches a second for months: one small object kept of each is 13 MB an hour."""
    journal.append([("position", positions(things=1, each=1))] * 10)

    def read_often() -> int:
        for _ in range(30):
            journal.read(0)
        gc.collect()
        return sys.getallocatedblocks()

    counts = [read_often() for _ in range(4)]
    assert min(after - before for before, after in itertools.pairwise(counts)) < 150  # of 300 batches


def test_synchronous_is_full_and_the_wal_is_used(journal: Journal) -> None:
    journal.append([("position", positions())])
    with journal._reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_batch_that_does_not_fit_is_refused_and_nothing_of_its_call_is_stored(journal: Journal) -> None:
    good, bad = positions(), positions().with_columns(pl.lit(None).alias("received_at"))
    with pytest.raises(InvalidInput):
        journal.append([("position", good), ("position", bad)])
    assert journal.read(0) == [] and journal.append([("position", good)]) == 1


def test_numbers_are_never_given_again_after_trimming(journal: Journal) -> None:
    last = journal.append([("position", positions()) for _ in range(3)])
    assert journal.trim(last) == 3 and journal.trimmed() == 3
    assert journal.append([("position", positions())]) == 4


def test_cursors_never_go_back_and_can_be_dropped(journal: Journal) -> None:
    journal.set_cursor("rules", 5)
    journal.set_cursor("rules", 3)
    assert journal.cursor("rules") == 5 and journal.cursor("unknown") == 0
    journal.drop_cursor("rules")
    assert journal.cursors() == {}


def test_a_file_that_tells_the_spans_of_its_batches_goes_on(journal: Journal) -> None:
    """As they were made before 2026-11-29: two columns more."""
    journal.append([("position", positions(seed=1))])
    journal.close()
    with sqlite3.connect(journal.path) as older:
        older.execute("ALTER TABLE entries ADD COLUMN observed_min INTEGER")
        older.execute("ALTER TABLE entries ADD COLUMN observed_max INTEGER")
        older.execute("UPDATE entries SET observed_min = 1, observed_max = 2")
    older.close()
    assert journal.append([("position", positions(seed=2))]) == 2
    assert [entry.batch.equals(positions(seed=entry.seq)) for entry in journal.read(0)] == [True, True]


def test_a_damaged_batch_is_set_aside_once_and_stops_nothing(journal: Journal) -> None:
    journal.append([("position", positions(seed=n)) for n in range(3)])
    journal.close()
    with sqlite3.connect(journal.path) as other:
        payload = bytearray(other.execute("SELECT payload FROM entries WHERE seq = 2").fetchone()[0])
        payload[len(payload) // 2] ^= 0xFF
        other.execute("UPDATE entries SET payload = ? WHERE seq = 2", (bytes(payload),))
    other.close()
    assert [e.seq for e in journal.read(0)] == [1, 3]
    assert [e.seq for e in journal.read(0)] == [1, 3]
    ((seq, table, rows, reason, _at),) = journal.list_set_aside()
    assert (seq, table, rows) == (2, "position", 1000) and "damaged" in reason


def test_a_file_that_is_no_database_is_named_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(b"not a database at all" * 500)
    with pytest.raises(ConfigurationError, match=r"damaged.*restore"):
        Journal(path).read(0)
    assert path.read_bytes().startswith(b"not a database")


APPENDER = """
import sys
from pathlib import Path
from haihe.kernel.observations.journal import Journal
from haihe.testing.observations import positions
journal, first = Journal(Path(sys.argv[1])), int(sys.argv[2])
for n in range(40):
    journal.append([("position", positions(things=1, each=3, first_thing=first + n))])
"""


def test_several_processes_append_at_once_and_readers_are_not_in_the_way(journal: Journal) -> None:
    children = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(journal.path), str(first)])
        for first in (1000, 2000, 3000)
    ]
    seen = 0
    while any(child.poll() is None for child in children):
        seen = max(seen, len(journal.read(0, 1 << 62)))
    assert [child.wait() for child in children] == [0, 0, 0]
    entries = journal.read(0, 1 << 62)
    assert [e.seq for e in entries] == list(range(1, 121))
    things = pl.concat([e.batch for e in entries])["thing"]
    assert things.n_unique() == 120 and things.len() == 360


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting a small disk needs root; test_a_file_size_limit does without")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_is_named_nothing_is_half_written_and_it_recovers_by_itself(small_disk: Path) -> None:
    journal, stored = Journal(small_disk / "journal.sqlite3"), 0
    with pytest.raises(NotStored, match=r"full.*Make room"):
        for _ in range(1000):
            journal.append([("position", positions(seed=1)), ("position", positions(seed=2))])
            stored += 2
    assert stored and len(journal.read(0, 1 << 62)) == stored
    assert subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)]).returncode == 0
    assert journal.append([("position", positions())]) > stored
    assert len(journal.read(0, 1 << 62)) == stored + 1
    journal.close()


def test_a_file_size_limit_is_told_like_a_full_disk(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from haihe.kernel.errors import NotStored
from haihe.kernel.observations.journal import Journal
from haihe.testing.observations import positions
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
journal.append([("position", positions())])
before = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
stored = 1
try:
    for _ in range(100):
        journal.append([("position", positions())])
        stored += 1
    print("no error")
except NotStored as error:
    print(error.to_do_en)
assert len(journal.read(0, 1 << 62)) == stored
resource.setrlimit(resource.RLIMIT_FSIZE, before)
journal.append([("position", positions())])
assert len(journal.read(0, 1 << 62)) == stored + 1
print("recovered")
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "j")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "works again by itself" in done.stdout and "recovered" in done.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_read_only_disk_is_named_and_it_recovers(small_disk: Path) -> None:
    journal = Journal(small_disk / "journal.sqlite3")
    journal.append([("position", positions())])
    journal.close()
    assert subprocess.run(["mount", "-o", "remount,ro", str(small_disk)]).returncode == 0
    with pytest.raises(NotStored, match="written"):
        journal.append([("position", positions())])
    assert subprocess.run(["mount", "-o", "remount,rw", str(small_disk)]).returncode == 0
    journal.append([("position", positions())])
    assert len(journal.read(0)) == 2
    journal.close()


def test_a_lake_on_a_full_disk_leaves_everything_in_the_journal(small_disk: Path, store: Store) -> None:
    from haihe.kernel.observations.feeder import feed_once
    from haihe.kernel.observations.lake import Lake

    lake = Lake(small_disk / "lake")
    store.journal.append([("position", positions(each=50, seed=n)) for n in range(5)])
    feed_once(store.journal, lake)
    filler = small_disk / "filler"
    with pytest.raises(OSError), filler.open("wb") as file:
        while True:
            file.write(os.urandom(65536))
            file.flush()
    store.journal.append([("position", positions(each=50, seed=n)) for n in range(5)])
    with pytest.raises(NotStored, match="full"):
        feed_once(store.journal, lake)
    assert store.journal.waiting()[1] == 5000
    filler.unlink()
    assert feed_once(store.journal, lake).rows == 5000
    assert store.journal.waiting()[1] == 0 and lake.files("position")["num_records"].sum() == 10_000
    on_disk = {p.relative_to(lake.folder / "position").as_posix() for p in lake.folder.glob("position/*/*.parquet")}
    assert on_disk == set(lake.files("position")["path"])
