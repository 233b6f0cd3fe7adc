"""The road on a JetStream cluster under faults: three nodes, a gateway and two workers, terminals over real TCP; kill -9 of workers, of
the gateway, of nodes and of the leader again and again.

What "once" means is said in test_road.py. Killing a process leaves what it wrote to the kernel of the machine: a power cut is another
matter, and docs/how-to/scale-out.md says what was tried of it.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scenarios.test_road import HURRIED, Driver, ask, finish, nothing_lost_and_nothing_counted_twice

from haihe.packs.transport.tests.live import SYNTHETIC, Live, eventually
from haihe.testing.streams import MISSING, Broker, Node, broker, program

pytestmark = [pytest.mark.all, pytest.mark.xdist_group("feed")]
PARTITIONS = 3
WORKERS = ("worker-0", "worker-1")


@pytest.fixture
def nodes() -> Iterator[Broker]:
    if program() is None:
        pytest.skip(MISSING)
    with broker(3) as made:
        yield made


@pytest.fixture
def live(tmp_path: Path, nodes: Broker) -> Iterator[Live]:
    district = Live(
        tmp_path / "home", HAIHE_STREAM_URL=nodes.url, HAIHE_STREAM_NAME=f"road{os.getpid()}",
        HAIHE_STREAM_PARTITIONS=str(PARTITIONS), HAIHE_WORKERS=str(len(WORKERS)),
    )  # fmt: skip
    district.run(SYNTHETIC, 12)
    try:
        yield district
    finally:
        district.stop()


def start(live: Live, part: str) -> None:
    """Workers feed the lake every 0.3 s instead of every 60, so that kills meet them at work."""
    if part not in WORKERS:
        live.start(part)
        return
    program = HURRIED.replace('"worker", "PART"', f'"worker", "worker", "{part[-1]}"')
    with (live.home / f"{part}.log").open("ab") as log:
        live.processes[part] = subprocess.Popen(
            [sys.executable, "-c", program], env=live.environment, stdin=subprocess.PIPE, stderr=log
        )


def kill_again_and_again(live: Live, nodes: Broker, rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    drivers = [Driver(live.port, number) for number in range(9)]
    for part in ("gateway", *WORKERS):
        start(live, part)
    for driver in drivers:
        driver.start()
    eventually(lambda: all(driver.acknowledged for driver in drivers), 60, "devices sending")
    kills: Counter[str] = Counter()
    for turn in range(rounds):
        time.sleep(dice.uniform(0.3, 2.0))
        # Each round a node, every second the leader of a partition; with it, now and then, processes of the district.
        stream = f"{live.environment['HAIHE_STREAM_NAME']}-{dice.randrange(PARTITIONS)}"
        leader = nodes.leader_of(stream) if turn % 2 else None
        fallen: list[Node] = [leader or dice.choice(nodes.nodes)]
        if turn % 5 == 4:  # most of the cluster: nothing can be acknowledged until one is back
            fallen.append(dice.choice([node for node in nodes.nodes if node is not fallen[0]]))
        victims = dice.sample(["gateway", *WORKERS], dice.choice([0, 1, 1, 2, 3]))
        for part in victims:
            live.kill(part)
        for node in fallen:
            node.kill()
        kills.update([*victims, *("leader" if node is leader else "node" for node in fallen)])
        time.sleep(dice.uniform(0, 1.5))
        for node in dice.sample(fallen, len(fallen)):
            node.start()
        for part in victims:
            start(live, part)
        before = sum(len(driver.acknowledged) for driver in drivers)
        nodes.wait(30)
        eventually(
            lambda b=before: sum(len(d.acknowledged) for d in drivers) > b, 60, "acknowledgements after the round"
        )  # type: ignore[misc]
    acknowledged = sum(len(driver.acknowledged) for driver in drivers)
    print(f"{rounds} rounds, seed {seed}, killed {dict(kills)}, acknowledged {acknowledged}")
    finish(drivers)
    caught_up(live)
    live.stop()
    nothing_lost_and_nothing_counted_twice(live, drivers)


def caught_up(live: Live) -> None:
    """The workers have evaluated all that the streams ever got, and set nothing aside."""
    journals = live.journals()

    def ends() -> list[tuple[str, int]]:
        # Asked again each time: that the devices have gone is noted after they went.
        return sorted((f"rules.{journal.name}", journal.last_seq()) for journal in journals)

    eventually(
        lambda: sorted(ask(live, "SELECT name, seq FROM kernel_rulecursor")) == ends(), 240, "the rules at the ends"
    )
    assert [journal.list_set_aside() for journal in journals] == [[]] * PARTITIONS
    assert all(journal.last_seq() > 0 for journal in journals), "a partition got no rows"


def test_kill_9_of_workers_gateway_and_nodes_under_load(live: Live, nodes: Broker) -> None:
    kill_again_and_again(live, nodes, int(os.environ.get("HAIHE_TEST_STREAM_ROUNDS", "3")), seed=time.time_ns())
