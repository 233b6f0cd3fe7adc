"""Work that takes longer than a page may: it runs in a thread of the web process, and its page shows how far it is.

Results live in memory for a while and are gone when the web process stops; what must stay is stored by an action, not here.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import connections

from haihe.kernel.errors import Conflict, HaiheError, NotFound
from haihe.kernel.identity import Account

log = structlog.get_logger()
AT_ONCE = 2
KEPT_S = 1800.0
Tell = Callable[[int, int], None]


@dataclass
class Job:
    """`done` of `total` steps; then either a result or an error that may be shown."""

    account: int
    about: Any
    key: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    began: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0
    result: Any = None
    error: HaiheError | None = None
    is_over: bool = False

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


_jobs: dict[str, Job] = {}
_lock = threading.Lock()


def start(account: Account, about: Any, work: Callable[[Tell], Any]) -> Job:
    """Begin `work(tell)` in a thread; raises Conflict while too much is going on."""
    job = Job(account.pk, about)
    with _lock:
        for key in [key for key, old in _jobs.items() if old.is_over and time.monotonic() - old.began > KEPT_S]:
            del _jobs[key]
        if sum(not other.is_over for other in _jobs.values()) >= AT_ONCE:
            raise Conflict("正在运行的任务已满。", "Too much is being computed already.", where="jobs",
                           to_do_zh="请等前面的任务完成。", to_do_en="Wait until one of them is done.")  # fmt: skip
        _jobs[job.key] = job
    threading.Thread(target=_run, args=(job, work), daemon=True, name=f"job-{job.key}").start()
    return job


def find(account: Account, key: str) -> Job:
    """The account's own job as it stands now, so that it does not end in the middle of a page; somebody else's does not exist."""
    with _lock:
        job = copy(_jobs.get(key))
    if job is None or job.account != account.pk:
        raise NotFound("没有这个任务，或结果已过期。", "There is no such job, or its result is gone.", where="jobs",
                       to_do_zh="请重新运行。", to_do_en="Run it again.")  # fmt: skip
    return job


def _run(job: Job, work: Callable[[Tell], Any]) -> None:
    def tell(done: int, total: int) -> None:
        job.done, job.total = done, total

    result, error = None, None
    try:
        result = work(tell)
    except HaiheError as refused:
        error = refused
    except Exception as failed:
        log.exception("a job failed", job=job.key, error=repr(failed))
        error = HaiheError("运行时出错，已记入日志。", "It failed; the log says why.", where="jobs")
    finally:
        with _lock:  # at once: whoever finds it over finds what came of it
            job.result, job.error, job.is_over = result, error, True
        connections.close_all()
