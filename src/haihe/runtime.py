"""The only place that wires parts together: logging, the processes of a district, and how they start and stop."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from haihe.kernel.duties import Duty
    from haihe.kernel.feeds.gateway import Road

STOP_WITHIN_S = 5.0
COLLECT_EVERY_S = 60.0
YOUNG_OBJECTS = 50_000


@dataclass(frozen=True)
class Part:
    """A process of a district: its name in logs and the arguments after `python -m haihe.runtime`. One that `may_end` has nothing more
    to do when it ends without a fault; any other is started again."""

    name: str
    arguments: tuple[str, ...]
    may_end: bool = False


# The processes of `haihe up`, in the order in which they start; they stop in the opposite order.
PARTS = (
    Part("worker", ("worker",)),
    Part("duties", ("duties",)),
    Part("web", ("web",)),
    Part("gateway", ("gateway",)),
)

# Who gives way when there is more to do than the cores can: a device that waits for its acknowledgement, or a person for a page, comes
# before the rules, which catch up from the journal, and those before whatever else has to be repeated.
NICE = {"worker": 5, "mover": 10, "duties": 10}

# The duties that write the lake: the last step of the road, and the upkeep of what lies there.
OF_THE_LAKE = ("road.lake", "observations.")


def parts(*, with_demo: bool = False) -> tuple[Part, ...]:
    """The processes that this district needs: no gateway without a feed; for the demo also the simulators of its packs."""
    from haihe import settings
    from haihe.kernel.feeds.feed import all_feeds
    from haihe.kernel.packs import find_module, loaded_packs

    found = [part for part in PARTS if part.name != "gateway" or all_feeds()]
    if settings.WORKERS > 1:
        workers = [Part(f"worker-{number}", ("worker", str(number))) for number in range(settings.WORKERS)]
        found = [*workers, *(part for part in found if part.name != "worker")]
    if _lake_is_elsewhere():
        found.insert(0, Part("mover", ("mover",)))
    if with_demo:
        demos = [pack.pack for pack in loaded_packs() if hasattr(find_module(pack, "demo"), "simulate")]
        found += [Part(f"demo-{name}", ("demo", name), may_end=True) for name in demos]
    return tuple(found)


def _lake_is_elsewhere() -> bool:
    """Whether the lake lies on object storage, which may be slow or away: a process of its own then talks to it (`move`)."""
    from haihe import settings
    from haihe.kernel.observations import is_elsewhere

    return is_elsewhere(settings.LAKE_URL)


@dataclass(frozen=True)
class Step:
    """A step of the road: in which process it runs, what it does, and, in the worker, how often at most."""

    where: str
    name: str
    does: str
    every_s: float = 0.0


# The road that data takes, once and in order: bytes → frames → observations (durable) → acknowledgement → alerts → lake.
# The gateway takes each batch of frames over its steps, reading one in a thread while another writes the batch before it, and stores
# after that what belongs into the registers; the worker repeats its own steps over what the journal holds.
ROAD = (
    Step("gateway reads", "decode", "haihe.kernel.feeds.gateway.decode"),
    Step("gateway reads", "presence", "haihe.kernel.feeds.gateway.note_presence"),
    Step("gateway writes", "journal", "haihe.kernel.feeds.gateway.make_durable"),
    Step("gateway answers", "acknowledge", "haihe.kernel.feeds.gateway.acknowledge"),
    Step("gateway stores", "records", "haihe.kernel.feeds.storing.store_records"),
    Step("gateway stores", "commands", "haihe.kernel.feeds.storing.settle_commands"),
    Step("worker", "rules", "haihe.kernel.alerts.processing.process_new", every_s=1),
    Step("worker", "latest", "haihe.kernel.observations.upkeep.advance_latest", every_s=2),
    Step("worker", "lake", "haihe.kernel.observations.upkeep.feed", every_s=5),
)


def steps_of(where: str) -> list[tuple[Step, Callable[..., Any]]]:
    """The steps that run in a process, in order, with their functions."""
    found = []
    for step in ROAD:
        if step.where == where:
            module, _, name = step.does.rpartition(".")
            found.append((step, getattr(importlib.import_module(module), name)))
    return found


def gateway_road() -> Road:
    """The steps of the gateway as it takes them."""
    from haihe.kernel.feeds.gateway import Road

    stages = ("gateway reads", "gateway writes", "gateway answers", "gateway stores")
    return Road(*(tuple(function for _, function in steps_of(stage)) for stage in stages))


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


def spare_the_collector() -> None:
    """Take what a process has loaded out of the sight of Python's collector of cycles: it lives as long as the process, and looking
    through it took 150 ms, in which a page or an acknowledgement had to wait. What is made later is looked through less often: nearly
    all of it is gone before, without the collector."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def serve_web() -> None:
    """The web server; stops within STOP_WITHIN_S although live streams are open."""
    import uvicorn
    from django.urls import get_resolver

    from haihe import settings
    from haihe.web.asgi import application

    get_resolver().check()  # loads every page
    spare_the_collector()
    uvicorn.run(
        application, host=settings.value_of("HAIHE_HOST"), port=settings.PORT, loop="uvloop", http="httptools",
        lifespan="off", log_level="warning", timeout_graceful_shutdown=2, server_header=False, proxy_headers=bool(settings.PUBLIC_URL),
        limit_concurrency=1000, timeout_keep_alive=20,
    )  # fmt: skip


def work(number: str = "0") -> None:
    """The worker: its steps of the road, again and again, each when it is due. Nothing slow stands in their way: whatever else has
    to be repeated is done by another process, `keep`. On a stream there may be several, each with its share of the partitions."""
    from haihe import settings
    from haihe.kernel.observations import stores

    stores.share(int(number), settings.WORKERS)
    spare_the_collector()
    repeat(_but_the_movers(_steps_as_duties()))


def _steps_as_duties() -> list[Duty]:
    """The worker's steps of the road."""
    from haihe.kernel.duties import Duty

    return [Duty(f"road.{step.name}", step.every_s, function, share=1) for step, function in steps_of("worker")]


def _but_the_movers(duties: Iterable[Duty]) -> list[Duty]:
    """All of them, or, where a mover writes the lake, the others."""
    elsewhere = _lake_is_elsewhere()
    return [duty for duty in duties if not (elsewhere and duty.name.startswith(OF_THE_LAKE))]


def move() -> None:
    """Whatever writes a lake on object storage. When the storage does not answer, only this process waits for it: rules go on, and
    the journal keeps the rows."""
    from haihe.kernel.duties import DUTIES

    spare_the_collector()
    repeat([duty for duty in (*_steps_as_duties(), *DUTIES.values()) if duty.name.startswith(OF_THE_LAKE)])


def keep() -> None:
    """Every duty when it is due."""
    from haihe.kernel.duties import DUTIES

    spare_the_collector()
    repeat(_but_the_movers(DUTIES.values()))


def repeat(duties: Collection[Duty]) -> None:
    """Run duties as they come due, until the process is told to stop."""
    from haihe.kernel.duties import run_due

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    collected_at = time.monotonic()
    while not stopping.is_set():
        run_due(duties)
        stopping.wait(0.1)
        # A few small objects in a cycle may hold a table of megabytes, of which the collector knows nothing.
        if time.monotonic() - collected_at > COLLECT_EVERY_S:
            gc.collect()
            collected_at = time.monotonic()


def receive() -> None:
    """The gateway: every feed of the loaded packs on its port. Stops after it has acknowledged what has arrived."""
    import asyncio

    import uvloop

    from haihe import settings
    from haihe.kernel.feeds.commands import CommandDesk
    from haihe.kernel.feeds.feed import all_feeds, ports_of
    from haihe.kernel.feeds.gateway import Gateway
    from haihe.kernel.observations.stores import appender

    feeds = all_feeds()
    spare_the_collector()
    ports = ports_of(feeds, settings.value_of("HAIHE_FEED_PORTS"))

    async def run() -> None:
        gateway = Gateway(feeds, appender(), gateway_road(), limits=settings.feed_limits(), desk=CommandDesk())
        taken = await gateway.start(settings.value_of("HAIHE_FEED_HOST"), ports)
        structlog.get_logger().info("listening to devices", **taken)
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            gateway.loop.add_signal_handler(number, stopping.set)
        await stopping.wait()
        await gateway.stop()

    uvloop.run(run())


def simulate(name: str) -> None:
    """The simulated devices of a pack's demo."""
    from haihe.kernel.packs import find_module, loaded_packs

    for pack in loaded_packs():
        if pack.pack == name and (demo := find_module(pack, "demo")):
            demo.simulate()


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
        # A process group of their own: Ctrl-C reaches this process only, which then stops them in order; but the same session, since
        # Linux weighs how nice processes are within one only. Standard input is a pipe that nobody writes to: when this process is
        # killed, the part sees its end and stops too.
        self.processes[part.name] = subprocess.Popen(
            [sys.executable, "-m", "haihe.runtime", *part.arguments], process_group=0, stdin=subprocess.PIPE
        )

    def watch(self) -> str | None:
        """Restart what died; the name of a part that dies again and again (5 times in a minute), or None."""
        for part in self.parts:
            code = self.processes[part.name].poll()
            if code is None or (code == 0 and part.may_end):
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


def keep_to_one_processor() -> None:
    """Threads of one interpreter run in turns; on several processors each turn is also a walk from one to another."""
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


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
    if sys.argv[1] in ("gateway", "worker", "duties", "mover"):
        # Their batches are small: handing them to a pool of threads costs more than it gives, and takes cores from the others.
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    os.nice(NICE.get(sys.argv[1], 0))
    if sys.argv[1] == "gateway":
        keep_to_one_processor()
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    set_up_logging()
    set_up_django()
    programs: dict[str, Callable[..., None]] = {
        "web": serve_web,
        "worker": work,
        "duties": keep,
        "mover": move,
        "gateway": receive,
        "demo": simulate,
    }
    programs[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
