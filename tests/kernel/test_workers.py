"""How many workers a district has, and what each of them works on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from haihe import settings as haihe_settings
from haihe.kernel.errors import NotStored
from haihe.kernel.observations import stores
from haihe.kernel.observations.any_journal import of_each
from haihe.runtime import District, Part, parts


def test_each_worker_is_a_part_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    one = [part.name for part in parts()]
    monkeypatch.setattr(haihe_settings, "WORKERS", 3)
    three = parts()
    assert [part.name for part in three] == ["worker-0", "worker-1", "worker-2", *one[1:]]
    assert [part.arguments for part in three][:3] == [("worker", "0"), ("worker", "1"), ("worker", "2")]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_partition_has_one_worker(settings: Any, count: int) -> None:
    """No broker is asked: which journals are whose is arithmetic."""
    settings.STREAM_URL, settings.STREAM_NAME, settings.STREAM_PARTITIONS = "nats://127.0.0.1:1", "nobody", 5
    found = []
    try:
        for number in range(count):
            stores.share(number, count)
            found += [journal.partition for journal in stores.own_journals() if hasattr(journal, "partition")]
    finally:
        stores.share(0, 1)
    assert sorted(found) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"HAIHE_WORKERS": "2"}, "Set HAIHE_STREAM_URL"),
        ({"HAIHE_WORKERS": "5", "HAIHE_STREAM_URL": "nats://127.0.0.1:1"}, "more workers than partitions"),
        ({"HAIHE_STREAM_NAME": "a.b"}, "HAIHE_STREAM_NAME='a.b' cannot begin"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_with_what_to_do(given: dict[str, str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import haihe.settings"], env={**os.environ, **given}, capture_output=True, text=True
    )
    assert done.returncode and told in done.stderr


def test_where_one_partition_fails_the_others_have_their_turn_and_the_fault_is_told() -> None:
    done = []

    def step(part: int) -> int:
        if part == 1:
            raise NotStored("zh", "no leader")
        done.append(part)
        return part

    with pytest.raises(NotStored, match="no leader"):
        of_each([0, 1, 2, 3], step)
    assert done == [0, 2, 3] and of_each([2, 3], step) == 5


def test_a_part_that_may_end_is_not_started_again_and_stops_nobody() -> None:
    """As the simulator of a demo whose feed is switched off: it has nobody to talk to."""
    ending = Part("demo-nobody", ("demo", "nobody"), may_end=True)
    district = District((ending,))
    district.start()
    try:
        assert district.processes["demo-nobody"].wait(60) == 0
        assert [district.watch() for _ in range(9)] == [None] * 9
        assert not district.deaths["demo-nobody"]
    finally:
        district.stop()
