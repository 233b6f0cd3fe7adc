"""What JetStream keeps when its nodes are killed: messages appended, read, trimmed and purged while nodes of a cluster of three die.

    python benchmarks/stream_kill.py [--rounds 10] [--kill one|leader|two] [--bytes 30000] [--purge-all]

Nothing of a district runs, only the journal on the stream: three appenders with numbered messages, three readers that take number after
number and trim behind them. It says how many acknowledged messages no reader ever got. `--purge-all` purges whatever has been read,
up to the newest message: what Haihe does not do, because 2.9.10 then loses some.
"""

from __future__ import annotations

import argparse
import collections
import os
import random
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe

PARTITIONS = 3


class Partition:
    """One appender and one reader of a stream. Messages are numbered bytes, not batches: only the broker is looked at."""

    def __init__(self, url: str, number: int, size: int) -> None:
        from haihe.kernel.observations.stream_client import StreamClient
        from haihe.kernel.observations.stream_journal import StreamJournal

        self.journal = StreamJournal(StreamClient(url), "kill", number, PARTITIONS)
        self.size, self.over, self.reached, self.waits = size, False, 0, 0
        self.acknowledged: set[int] = set()
        self.read: collections.Counter[int] = collections.Counter()
        self.threads = [threading.Thread(target=run, daemon=True) for run in (self.append, self.follow)]

    def append(self) -> None:
        from haihe.kernel.errors import NotStored
        from haihe.kernel.observations.stream_sending import Sent

        number = 0
        while not self.over:
            number += 1
            sent = Sent(number.to_bytes(8, "big") + os.urandom(self.size))
            while not self.over:
                try:
                    self.journal.publish([sent])
                except NotStored:
                    self.waits += 1
                    time.sleep(0.2)
                else:
                    self.acknowledged.add(number)
                    break
            time.sleep(0.003)

    def follow(self) -> None:
        from haihe.kernel.errors import HaiheError

        while not self.over:
            try:
                self.take()
                self.journal.set_cursor("lake", self.reached)
                self.journal.trim(self.reached)
            except HaiheError:
                self.waits += 1
            time.sleep(0.3)

    def take(self) -> None:
        from haihe.kernel.observations.stream_journal import EMPTY

        journal = self.journal
        end = journal.last_seq()
        while self.reached < end:
            numbers = range(self.reached + 1, min(end, self.reached + 64) + 1)
            for seq, message in journal._messages(numbers):
                journal._sizes[seq] = len(message)
                if message and message != EMPTY:
                    self.read[int.from_bytes(message[:8], "big")] += 1
            self.reached = numbers[-1]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--kill", choices=["one", "leader", "two"], default="leader")
    options.add_argument("--bytes", type=int, default=30_000)
    options.add_argument("--purge-all", action="store_true")
    given = options.parse_args()
    from haihe.kernel.observations import stream_journal, stream_reader
    from haihe.testing.streams import broker

    if given.purge_all:
        stream_journal.PURGE_MESSAGES = 0
        stream_journal.StreamJournal._first_kept = lambda self, last: last  # type: ignore[method-assign]
    stream_reader.MISSED_S = 10.0
    print(describe())
    dice = random.Random()
    with broker(3) as nodes:
        partitions = [Partition(nodes.url, number, given.bytes) for number in range(PARTITIONS)]
        for one in partitions:
            for thread in one.threads:
                thread.start()
        for _ in range(given.rounds):
            time.sleep(dice.uniform(0.3, 1.5))
            leader = nodes.leader_of(f"kill-{dice.randrange(PARTITIONS)}") if given.kill == "leader" else None
            fallen = [leader or dice.choice(nodes.nodes)]
            if given.kill == "two":
                fallen.append(dice.choice([node for node in nodes.nodes if node is not fallen[0]]))
            for node in fallen:
                node.kill()
            time.sleep(dice.uniform(0, 1.5))
            for node in fallen:
                node.start()
            nodes.wait(60)
            before = [len(one.acknowledged) for one in partitions]
            while any(len(one.acknowledged) <= count for one, count in zip(partitions, before, strict=True)):
                time.sleep(0.05)
        for one in partitions:
            one.over = True
            for thread in one.threads:
                thread.join()
        lost = 0
        for one in partitions:
            until = time.monotonic() + 30
            while one.reached < one.journal.last_seq() and time.monotonic() < until:
                try:
                    one.take()
                except Exception:
                    time.sleep(0.5)
            mine = sorted(one.acknowledged - set(one.read))
            lost += len(mine)
            twice = sum(count > 1 for count in one.read.values())
            purged = one.journal.client.call(lambda js, j=one.journal: js.stream_info(j.stream)).state.first_seq - 1
            print(
                f"  {one.journal.stream}: acknowledged {len(one.acknowledged):,}, read {len(one.read):,}, twice {twice}, "
                f"purged {purged:,}, waits {one.waits}, lost {len(mine)} {mine[:8]}"
            )
        print(f"{given.rounds} rounds of killing {given.kill}, {given.bytes:,} bytes a message: lost {lost}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
