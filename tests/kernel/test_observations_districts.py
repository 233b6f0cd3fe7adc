"""A year of several districts in parts: the numbers are those of all rows at once, and memory is that of a part."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from haihe.kernel.errors import InvalidInput
from haihe.kernel.observations.districts import frame, parts, read
from haihe.kernel.observations.lake import Lake
from haihe.testing.objects import ObjectStorage
from haihe.testing.observations import positions

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "year_of_districts.py"
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = {"since": YEAR, "until": YEAR + timedelta(days=365)}


def year_in(url: str, home: Path, things: int, first_thing: int, weeks: int = 53, each: int = 10) -> pl.DataFrame:
    """A district that reported in every week of a year, and in the week after it; all of its rows."""
    lake, rows = Lake(url, home), []
    with lake.exclusive():
        for week in range(weeks):
            rows.append(
                positions(things, each, start=YEAR + timedelta(days=7 * week), seed=week, first_thing=first_thing)
            )
            lake.append("position", rows[-1], writer="test", seq=week + 1)
    return pl.concat(rows)


def expected(districts: dict[str, pl.DataFrame]) -> pl.DataFrame:
    every = pl.concat([rows.with_columns(district=pl.lit(name)) for name, rows in districts.items()])
    month = pl.col("observed_at").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m").alias("month")
    within = every.filter((pl.col("observed_at") >= SPAN["since"]) & (pl.col("observed_at") < SPAN["until"]))
    return within.group_by("district", month).agg(
        pl.len().alias("positions"), pl.col("thing").n_unique().alias("vehicles"),
        pl.col("speed_kmh").mean().alias("mean_speed_kmh"),
    ).sort("district", "month")  # fmt: skip


def test_a_year_of_three_districts_one_on_object_storage_adds_up(tmp_path: Path, storage: ObjectStorage) -> None:
    lakes = {"望河区": str(tmp_path / "a"), "平川区": str(tmp_path / "b"), "临海区": storage.url()}
    rows = {
        name: year_in(url, tmp_path, 6 + n, 1, weeks=53 if url[0] == "/" else 8)
        for n, (name, url) in enumerate(lakes.items())
    }
    wanted = expected(rows)
    code = f"import sys; sys.path.insert(0, {str(EXAMPLE.parent)!r}); from year_of_districts import year_of\n"
    program = (
        code + f"if __name__ == '__main__':\n    year_of({lakes!r}, 2026).write_parquet({str(tmp_path / 'answer')!r})"
    )
    script = tmp_path / "ask.py"
    script.write_text(program)
    subprocess.run([sys.executable, str(script)], check=True, timeout=120)
    answer = pl.read_parquet(tmp_path / "answer")
    assert answer.height == wanted.height == 26
    assert_frame_equal(answer, wanted, check_dtypes=False)
    found = frame(parts(lakes, "position", **SPAN, rows=700))
    by_district = found.groupby("district")["speed_kmh"].agg(["count", "mean"]).compute(scheduler="threads")
    for name, mine in wanted.group_by("district"):
        assert by_district.loc[name[0], "count"] == mine["positions"].sum()
    total = pl.concat(rows.values()).filter(pl.col("observed_at") < SPAN["until"])
    assert found["speed_kmh"].mean().compute(scheduler="threads") == pytest.approx(total["speed_kmh"].mean())


def test_parts_are_bounded_hold_every_row_once_and_skip_files_outside_the_span(tmp_path: Path) -> None:
    rows = year_in(str(tmp_path / "a"), tmp_path, 5, 1)
    lakes = {"a": str(tmp_path / "a"), "none yet": str(tmp_path / "nothing")}
    for size in (7, 64, 10_000):
        found = parts(lakes, "position", rows=size)
        assert all(part.rows <= size for part in found) and sum(part.rows for part in found) == rows.height
        back = pl.concat([read(part) for part in found]).drop("district")
        assert_frame_equal(back.sort(pl.all()), rows.sort(pl.all()))
    week = parts(lakes, "position", since=YEAR + timedelta(days=70), until=YEAR + timedelta(days=77), rows=10_000)
    assert sum(part.rows for part in week) == 50, "one file of fifty-three"
    some = parts(lakes, "position", columns=["thing", "speed_kmh"], since=YEAR + timedelta(seconds=30), rows=10_000)
    (part,) = some
    assert read(part).columns == ["district", "thing", "speed_kmh"]
    assert read(part).height == rows.filter(pl.col("observed_at") >= YEAR + timedelta(seconds=30)).height
    assert list(frame(some).columns) == read(part).columns
    with pytest.raises(InvalidInput, match="no columns"):
        parts(lakes, "position", columns=["speed_mph"])
    with pytest.raises(InvalidInput, match="nothing to read"):
        frame(parts({"none yet": lakes["none yet"]}, "position"))


MEMORY = """
import sys
from pathlib import Path
from haihe.kernel.observations.districts import frame, parts, read
def peak_mb(): return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
lakes = dict(zip("ab", sys.argv[2:4]))
found = parts(lakes, "position", rows=int(sys.argv[1]))
frame(found[:1])["speed_kmh"].sum().compute(scheduler="synchronous")
before = peak_mb()
total = frame(found).groupby("district")["speed_kmh"].sum().compute(scheduler="synchronous")
print(len(found), peak_mb() - before, total.sum())
"""


@pytest.mark.all
def test_memory_is_that_of_a_part_however_many_there_are(tmp_path: Path) -> None:
    rows = [year_in(str(tmp_path / name), tmp_path, 200, 1, weeks=50, each=100) for name in "ab"]
    whole_mb = sum(one.estimated_size("mb") for one in rows)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, "50000", str(tmp_path / "a"), str(tmp_path / "b")],
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    count, grown_mb, total = map(float, done.stdout.split())
    assert count == 40 and total == pytest.approx(sum(one["speed_kmh"].sum() for one in rows))
    assert whole_mb > 150 and grown_mb < whole_mb / 3, f"grown by {grown_mb:.0f} MB of {whole_mb:.0f} MB"
