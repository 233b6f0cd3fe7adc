"""The road of a district whose lake lies on object storage: the process that moves rows is killed, the storage goes away and comes back;
devices and rules notice nothing, and every row is moved once."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest
from tests.scenarios.test_road import (
    Driver,
    ask,
    caught_up,
    finish,
    nothing_lost_and_nothing_counted_twice,
    start_hurried_worker,
)

from haihe.kernel.observations.journal import Journal
from haihe.packs.transport import rules as _rules  # noqa: F401  (declares them)
from haihe.packs.transport.tests.live import SYNTHETIC, Live, eventually
from haihe.testing.objects import MISSING, object_storage, program

pytestmark = [pytest.mark.all, pytest.mark.xdist_group("feed")]


def test_devices_and_rules_go_on_while_the_mover_is_killed_and_the_storage_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program() is None:
        pytest.skip(MISSING)
    with object_storage() as storage:
        for name, value in storage.environment.items():
            monkeypatch.setenv(name, value)
        live = Live(tmp_path / "home", HAIHE_LAKE_URL=storage.url())
        drivers = [Driver(live.port, number) for number in range(4)]
        try:
            live.run(SYNTHETIC, 4)
            live.start("gateway")
            for part in ("worker", "mover"):
                start_hurried_worker(live, part)
            with closing(Journal(live.home / "journal.sqlite3")) as journal:
                for driver in drivers:
                    driver.start()
                eventually(lambda: journal.cursor("lake") > 0, 60, "rows on the storage")
                for _ in range(4):
                    moved = journal.cursor("lake")
                    live.kill("mover")
                    start_hurried_worker(live, "mover")
                    eventually(lambda moved=moved: journal.cursor("lake") > moved, 60, "moving after a kill")  # type: ignore[misc]
                storage.kill()
                eventually(lambda: "does not answer" in live.log("mover"), 60, "the message in the log")
                moved, before = journal.cursor("lake"), [len(driver.acknowledged) for driver in drivers]
                time.sleep(3)
                assert all(len(driver.acknowledged) > then for driver, then in zip(drivers, before, strict=True))
                head = journal.last_seq()
                eventually(lambda: ask(live, "SELECT seq FROM kernel_rulecursor")[0][0] >= head, 10, "rules meanwhile")
                assert journal.cursor("lake") == moved and "duty fails" not in live.log("worker")
                storage.start()
                eventually(lambda: "duty works again" in live.log("mover"), 60, "recovery by itself")
                finish(drivers)
                caught_up(live)
                eventually(lambda: journal.waiting(journal.cursor("lake"))[1] == 0, 60, "everything moved")
            live.stop()
            nothing_lost_and_nothing_counted_twice(live, drivers)
        finally:
            live.stop()
        assert not any(storage.secret in live.log(part) for part in ("gateway", "worker", "mover"))
