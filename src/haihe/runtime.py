"""The only place that wires parts together: logging, the processes of a district, and how they start and stop."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

import structlog

STOP_WITHIN_S = 5.0


@dataclass(frozen=True)
class Part:
    """A process of a district: its name in logs and the arguments after `python -m haihe.runtime`."""

    name: str
    arguments: tuple[str, ...]


# The processes of `haihe up`, in the order in which they start; they stop in the opposite order.
PARTS = (
    Part("worker", ("worker",)),
    Part("web", ("web",)),
)


def set_up_logging() -> None:
    """One line an event on standard error, for people on a terminal and as JSON elsewhere."""
    renderer = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def set_up_django() -> None:
    """Load settings and apps once in this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haihe.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def serve_web() -> None:
    """The web server; stops within STOP_WITHIN_S although live streams are open."""
    import uvicorn

    from haihe import settings

    uvicorn.run(
        "haihe.web.asgi:application", host=settings.value_of("HAIHE_HOST"), port=settings.PORT, loop="uvloop", http="httptools",
        lifespan="off", log_level="warning", timeout_graceful_shutdown=2, server_header=False, proxy_headers=bool(settings.PUBLIC_URL),
        limit_concurrency=1000, timeout_keep_alive=20,
    )  # fmt: skip


def work() -> None:
    """The worker: runs every duty when it is due, until it is told to stop."""
    from haihe.kernel.duties import run_due

    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        run_due()
        time.sleep(0.5)


class District:
    """The running processes of one district: started together, restarted when one dies, stopped within seconds."""

    def __init__(self, parts: tuple[Part, ...] = PARTS) -> None:
        self.parts = parts
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.deaths: dict[str, list[float]] = {part.name: [] for part in parts}
        self.log = structlog.get_logger()

    def start(self) -> None:
        for part in self.parts:
            self._start(part)

    def _start(self, part: Part) -> None:
        # A process group of their own: Ctrl-C reaches this process only, which then stops them in order. Standard input is a
        # pipe that nobody writes to: when this process is killed, the part sees its end and stops too.
        self.processes[part.name] = subprocess.Popen(
            [sys.executable, "-m", "haihe.runtime", *part.arguments], start_new_session=True, stdin=subprocess.PIPE
        )

    def watch(self) -> str | None:
        """Restart what died; the name of a part that dies again and again (5 times in a minute), or None."""
        for part in self.parts:
            code = self.processes[part.name].poll()
            if code is None:
                continue
            now = time.monotonic()
            self.deaths[part.name] = [t for t in self.deaths[part.name] if now - t < 60] + [now]
            self.log.error("a process died", part=part.name, exit_code=code)
            if len(self.deaths[part.name]) >= 5:
                return part.name
            time.sleep(0.2 * len(self.deaths[part.name]))
            self._start(part)
        return None

    def stop(self) -> None:
        for part in reversed(self.parts):
            process = self.processes.get(part.name)
            if process is not None and process.poll() is None:
                process.terminate()
        end = time.monotonic() + STOP_WITHIN_S
        for process in self.processes.values():
            try:
                process.wait(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _stop_with_parent() -> None:
    """Wait for the end of standard input, then stop as if told to, and after STOP_WITHIN_S at all costs."""
    # os.read, not sys.stdin: a thread that holds its lock would make the interpreter abort at its end.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_WITHIN_S)
    os._exit(1)


def main() -> None:
    """Entry of the child processes."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    set_up_logging()
    set_up_django()
    {"web": serve_web, "worker": work}[sys.argv[1]]()


if __name__ == "__main__":
    main()
