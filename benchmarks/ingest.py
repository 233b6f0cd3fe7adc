"""Frames a second until fsync'd and acknowledged, with rules on, against a bare server under the same load in the same run.

    python benchmarks/ingest.py [--seconds 10] [--rounds 3] [--shape many|few|both]

Shapes: "many" = 5,000 connections with one frame in flight each, "few" = 50 connections with 100 pipelined. A round measures the bare
server, then Haihe (a fresh district; gateway and worker in processes of their own, registered vehicles, all rules, the lake fed). The
ratio is taken round by round and its median printed. The same frames go to both; the load runs in a process of its own on the same
machine, so on two cores it shares them with what is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from haihe.ports import free_port
from machine import describe

HERE = Path(__file__).parent
SHAPES = {"many": (5000, 1), "few": (50, 100)}
GOAL = 0.6


def wait_for(port: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on {port}")


@contextlib.contextmanager
def running(*commands: list[str], environment: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    processes = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0)
        for command in commands
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def put_under_load(port: int, shape: str, seconds: float, codes: Path) -> dict[str, float]:
    connections, pipelined = SHAPES[shape]
    command = [
        sys.executable,
        str(HERE / "ingest_load.py"),
        str(port),
        str(connections),
        str(pipelined),
        str(seconds),
        str(codes),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def environment_of(home: Path) -> dict[str, str]:
    return {**os.environ, "HAIHE_HOME": str(home), "HAIHE_FEED_FRAMES_PER_S": "1000000"}


def set_up(home: Path, vehicles: int) -> tuple[dict[str, str], Path, str]:
    """A district with registered vehicles: environment, file of codes, and a session cookie of a supervisor."""
    environment, codes = environment_of(home), home / "codes.json"
    program = f"""
import json
from pathlib import Path
from haihe.runtime import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from haihe.kernel.administration import operator
from haihe.packs.transport.models import Terminal
from haihe.packs.transport.registers import authentication_code
from haihe.packs.transport.simulator.registering import register_synthetic, synthetic_carrier
account = operator()
account.must_change_password = False
account.save()
register_synthetic(account, synthetic_carrier(account), count={vehicles})
Path({str(codes)!r}).write_text(json.dumps([[t.phone, authentication_code(t)] for t in Terminal.objects.order_by("pk")]))
"""
    subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    return environment, codes, sign_in(environment)


SIGN_IN = """
from haihe.runtime import set_up_django
set_up_django()
from haihe.kernel.administration import operator
account = operator()
from django.contrib.sessions.backends.db import SessionStore
session = SessionStore()
session["_auth_user_id"], session["_auth_user_backend"], session["_auth_user_hash"] = str(account.pk), "haihe.kernel.identity.PasswordBackend", account.get_session_auth_hash()
session.create()
print(session.session_key)
"""


def sign_in(environment: dict[str, str]) -> str:
    """A session cookie of the supervisor whom `set_up` made."""
    done = subprocess.run([sys.executable, "-c", SIGN_IN], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


class Visitor(threading.Thread):
    """Opens a signed-in page five times a second, or as often as said, while the load runs."""

    def __init__(self, port: int, session: str, every_s: float = 0.2) -> None:
        super().__init__(daemon=True)
        self.port, self.session, self.every_s = port, session, every_s
        self.took_s, self.over = list[float](), False

    def run(self) -> None:
        while not self.over:
            started = time.perf_counter()
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/", headers={"Cookie": f"sessionid={self.session}"}
            )
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                answer.read()
                self.took_s.append(time.perf_counter() - started)
            time.sleep(self.every_s)

    def p99_ms(self) -> float:
        took = sorted(self.took_s) or [0.0]
        return took[int(len(took) * 0.99)] * 1e3


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shape", choices=["many", "few", "both"], default="both")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    print(describe())
    with tempfile.TemporaryDirectory(prefix="haihe-ingest-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        environment, codes, session = set_up(home, 5000)
        for shape in SHAPES if chosen.shape == "both" else [chosen.shape]:
            measure(shape, chosen.rounds, chosen.seconds, environment, codes, session)


def measure(shape: str, rounds: int, seconds: float, environment: dict[str, str], codes: Path, session: str) -> None:
    ratios = []
    for number in range(rounds):
        port = free_port()
        with running([sys.executable, str(HERE / "ingest_bare.py"), str(port)], environment=environment):
            wait_for(port)
            bare = put_under_load(port, shape, seconds, codes)
        port, web_port = free_port(), free_port()
        # A district of its own: the worker of this round must not be busy with what an earlier one left in the journal.
        home = shutil.copytree(environment["HAIHE_HOME"], f"{environment['HAIHE_HOME']}-{shape}-{number}")
        ours = {**environment, "HAIHE_HOME": home, "HAIHE_FEED_PORTS": f"jt808={port}", "HAIHE_PORT": str(web_port)}
        parts = [[sys.executable, "-m", "haihe.runtime", part] for part in ("worker", "duties", "web", "gateway")]
        with running(*parts, environment=ours) as processes:
            wait_for(port)
            wait_for(web_port)
            visitor = Visitor(web_port, session)
            visitor.start()
            before = memory_mb(processes[3])
            haihe = put_under_load(port, shape, seconds, codes)
            after = memory_mb(processes[3])
            visitor.over = True
        shutil.rmtree(home)
        ratios.append(haihe["per_s"] / bare["per_s"])
        print(
            f"{shape} round {number + 1}: bare {bare['per_s']:,.0f}/s p50 {bare['p50_ms']:.1f} ms p99 {bare['p99_ms']:.1f} ms | haihe {haihe['per_s']:,.0f}/s "
            f"p50 {haihe['p50_ms']:.1f} ms p99 {haihe['p99_ms']:.1f} ms | ratio {ratios[-1]:.2f} | gateway {before:.0f} → {after:.0f} MB | page p99 {visitor.p99_ms():.0f} ms"
        )
    print(f"{shape}: ratio haihe/bare, median of {rounds}: {statistics.median(ratios):.2f} (goal {GOAL})")


if __name__ == "__main__":
    main()
