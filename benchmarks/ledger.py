"""How the ledger holds 1,000 plans with 100,000 tasks: what an import costs, and how long pages and the search take.

    python benchmarks/ledger.py [--plans 1000] [--tasks 100] [--requests 40] [--rounds 3] [--actions 3] [--postgres] [--keep FOLDER]

What is in it: `--actions` plans go the whole real way, from the text of a document: received, read in a process of its own and stored
(the import), then every clause confirmed, filed and every task assigned, each by its action. Both rates are printed. All other plans
are rows written directly, in bulk and without actions or audit records, and indexed by `search.rebuild`, whose rate is printed too.

A page is a whole request in one process (middleware, permission, database, template), without network. Each round prints the time
that passed (median, p95) and the processor time of this process (on PostgreSQL the server's own is not in it), with the load of the
machine before it; the last lines are medians of the rounds. The goal is a p95 of 200 ms. `--postgres` starts Debian's PostgreSQL, with
fsync; a HAIHE_DATABASE_URL that is set is used instead. `--keep`: a folder (with HAIHE_DATABASE_URL its database) that is filled once
and measured again and again.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from machine import describe, resident_mb

GOAL_MS = 200.0
UNITS = 200
SUBJECTS = (
    "数据共享",
    "算力调度",
    "智慧停车",
    "水质监测",
    "入学报名",
    "企业服务",
    "健康档案",
    "应急指挥",
    "城管巡查",
    "农田灌溉",
)
VERBS = ("建设", "完善", "推广", "开展", "提升")
THINGS = ("平台", "系统", "应用场景", "数据集", "试点", "标准", "工作机制", "监测网络")


def heading(dice: random.Random, number: int) -> str:
    return f"{dice.choice(VERBS)}{dice.choice(SUBJECTS)}{dice.choice(THINGS)}{number}"


def reading(dice: random.Random, number: int, tasks: int) -> dict[str, Any]:
    """What the reader would have read: one plan with its tasks and two targets."""
    title = f"第{number}号{dice.choice(SUBJECTS)}行动方案（2026—2028年）"
    lines = [title, *(heading(dice, number * tasks + n) for n in range(tasks))]
    found = [
        {
            "line": n + 1, "end_line": n + 1, "number": f"{n}．", "heading": lines[n], "text": f"{lines[n]}，覆盖全区，{n}月底前见效。", "deadline": f"202{dice.randint(6, 8)}",
            "span": None, "units": [{"name": f"单位{dice.randrange(UNITS):03d}", "role": "lead"}, {"name": f"单位{dice.randrange(UNITS):03d}", "role": "support"}],
        } for n in range(1, tasks + 1)
    ]  # fmt: skip
    targets = [
        {
            "line": n + 1, "text": f"{subject}{number}", "subject": f"{subject}{number}", "kind": "target", "comparator": ">=", "value": 50 + n, "value_max": None,
            "unit": "个", "deadline": "2028", "strength": "binding", "span": None,
        } for n, subject in enumerate(("示范场景", "高质量数据集"))
    ]  # fmt: skip
    return {"title": title, "lines": lines, "tasks": found, "targets": targets}


def document(made: dict[str, Any]) -> str:
    """A plan as its office would write it, with the same tasks; the reader reads it like any other."""
    title = made["title"]
    parts = [title, "", "为推动各项工作落实，结合我区实际，制定本行动方案。", "", "一、主要目标", ""]
    parts += [f"到2028年底，建成{target['subject']}{target['value']}个以上。" for target in made["targets"]]
    parts += ["", "二、重点任务", ""]
    for place, task in enumerate(made["tasks"]):
        if place % 10 == 0:
            parts += [f"（{'一二三四五六七八九十'[place // 10 % 10]}）推进{SUBJECTS[place // 10 % 10]}", ""]
        lead, support = (unit["name"] for unit in task["units"])
        parts += [
            f"{place % 10 + 1}．{task['heading']}。面向全区分步推进，{task['deadline']}年底前见效。（牵头单位：{lead}；配合单位：{support}）",
            "",
        ]
    return "\n".join(parts)


def the_real_way(supervisor: Any, text: str, number: int) -> tuple[int, float, float]:
    """From the text to assigned tasks; how many tasks, seconds of the import, seconds of confirming, filing and assigning."""
    from haihe.kernel.evidence import receive
    from haihe.packs.plans import services

    began = time.perf_counter()
    (plan,) = services.import_evidence(supervisor, receive(f"plan{number}.txt", [text.encode()], supervisor)).plans
    imported = time.perf_counter()
    for clause in plan.clauses.all():
        services.confirm(supervisor, clause)
    services.file_plan(supervisor, plan)
    services.assign_all(supervisor, plan)
    return plan.tasks.count(), imported - began, time.perf_counter() - imported


def by_actions(arguments: argparse.Namespace, dice: random.Random, supervisor: Any) -> None:
    done = [the_real_way(supervisor, document(reading(dice, n, arguments.tasks)), n) for n in range(arguments.actions)]
    if not done:
        return
    tasks, imported, ruled = (sum(each) for each in zip(*done, strict=True))
    print(f"import of {len(done)} documents with {tasks} tasks in all: {len(done) / imported:.2f} documents/s, {tasks / imported:.0f} tasks/s (received, read in a process of its own, stored, indexed)")  # fmt: skip
    print(f"confirmed one by one, filed, assigned one by one: {tasks / ruled:.0f} tasks/s")


def in_bulk(dice: random.Random, file: Any, made: dict[str, Any], number: int, units: dict[str, Any]) -> None:
    """The same rows without actions and records: tasks in every state, four of five on time, targets with a value or two."""
    from decimal import Decimal

    from django.utils import timezone

    from haihe.kernel.indicators import Indicator, IndicatorValue
    from haihe.packs.plans.models import Clause, Plan, PlanFile, Target, Task, TaskUnit

    now = timezone.now()
    stored = PlanFile.objects.create(file=file, sha256=f"{number:064d}", format="txt", text="", reader_version="1")
    plan = Plan.objects.create(
        file=stored, title=made["title"], series=made["title"], kind="plan", status="final", period_start="2026", period_end="2028", line=1,
        end_line=len(made["lines"]), content={"outline": []}, filed_at=now,
    )  # fmt: skip
    items = [*(("target", item) for item in made["targets"]), *(("task", item) for item in made["tasks"])]
    clauses = Clause.objects.bulk_create(
        Clause(plan=plan, kind=kind, position=n, line=item["line"], end_line=item["line"], read=item, fingerprint="", decision="confirmed")
        for n, (kind, item) in enumerate(items)
    )  # fmt: skip
    targets, tasks, parts = [], [], []
    for clause in clauses:
        item = clause.read
        if clause.kind == "target":
            indicator = Indicator.objects.create(key=f"b-{clause.pk}", title=item["subject"], unit="个")
            targets.append(Target(clause=clause, plan=plan, indicator=indicator, comparator=">=", value=item["value"], deadline=now.date() + timedelta(days=700)))  # fmt: skip
            if dice.random() < 0.7:
                IndicatorValue.objects.create(
                    indicator=indicator, kind="reported", value=Decimal(dice.randint(1, 60)), as_of=now.date()
                )
            continue
        state = dice.choices(("assigned", "under_way", "reported", "closed"), (10, 60, 5, 25))[0]
        late = dice.random() < 0.05
        task = Task(
            clause=clause, plan=plan, number=item["number"], heading=item["heading"], text=item["text"], state=state, assigned_at=now,
            deadline=now.date() + timedelta(days=-dice.randint(1, 60) if late else dice.randint(1, 900)),
            closed_at=now - timedelta(days=dice.randint(0, 300)) if state == "closed" else None,
        )  # fmt: skip
        tasks.append(task)
        for place, unit in enumerate(item["units"]):
            accepted = None if state == "assigned" else now
            parts.append(TaskUnit(task=task, position=place, name=unit["name"], role=unit["role"], organisation=units[unit["name"]], accepted_at=accepted))  # fmt: skip
    Target.objects.bulk_create(targets)
    Task.objects.bulk_create(tasks)
    TaskUnit.objects.bulk_create(parts, ignore_conflicts=True)


def people() -> tuple[dict[str, Any], Any, Any]:
    from django.utils import timezone

    from haihe.kernel.identity import Account, RoleGrant
    from haihe.kernel.organisations import Organisation

    root = Organisation.objects.create(name="基准区人民政府", kind="government")
    units = {
        f"单位{n:03d}": Organisation.objects.create(name=f"单位{n:03d}", kind="bureau", parent=root)
        for n in range(UNITS)
    }
    made = []
    for role, unit in (("supervisor", root), ("officer", units["单位007"])):
        account = Account.objects.create(
            username=role, display_name=role, organisation=unit, must_change_password=False
        )
        RoleGrant.objects.create(account=account, role=role, scope=unit if role == "officer" else None, since=timezone.localdate())  # fmt: skip
        made.append(account)
    return units, made[0], made[1]


def fill(arguments: argparse.Namespace) -> None:
    from django.db import connection, transaction

    from haihe.kernel import search
    from haihe.kernel.evidence import receive
    from haihe.packs.plans import services
    from haihe.packs.plans.models import Task

    dice = random.Random(4)
    units, supervisor, _ = people()
    by_actions(arguments, dice, supervisor)
    file = receive("bulk.txt", [b"bulk"], supervisor)
    began = time.perf_counter()
    for number in range(arguments.actions, arguments.plans):
        with transaction.atomic():
            in_bulk(dice, file, reading(dice, number, arguments.tasks), number, units)
    tasks = Task.objects.count()
    print(f"in bulk: {tasks / (time.perf_counter() - began):.0f} tasks/s")
    began = time.perf_counter()
    entries = search.rebuild()
    print(f"search rebuild: {entries / (time.perf_counter() - began):.0f} entries/s, {entries} entries")
    for task in Task.objects.filter(state="under_way").order_by("deadline")[:200]:
        services.chase(supervisor, task, text="请报告进展")
    with connection.cursor() as cursor:
        # PostgreSQL does both by itself in the minutes after so many new rows; SQLite has no VACUUM that tells of visibility.
        for command in ("VACUUM ANALYZE", "CHECKPOINT") if connection.vendor == "postgresql" else ("ANALYZE",):
            cursor.execute(command)


def measure(name: str, requests: int, ask: Callable[[int], int]) -> tuple[float, float, float]:
    """Median, p95 of the time that passed and median of this process's processor time, in ms."""
    for number in range(2):
        assert ask(number) == 200, name
    times, used = [], []
    for number in range(requests):
        began, busy = time.perf_counter(), time.process_time()
        status = ask(number)
        times.append(1000 * (time.perf_counter() - began))
        used.append(1000 * (time.process_time() - busy))
        assert status == 200, f"{name}: {status}"
    p95 = statistics.quantiles(times, n=20)[-1] if requests > 1 else times[0]
    return statistics.median(times), p95, statistics.median(used)


def tell(name: str, figures: tuple[float, ...]) -> None:
    middle, p95, used = figures
    print(f"{name:<46} p50 {middle:7.1f} ms   p95 {p95:7.1f} ms   {p95 / GOAL_MS:5.2f} of the goal   (processor p50 {used:5.0f} ms)", flush=True)  # fmt: skip


WORDS = ("数据", "算力调度", "平台", "单位007", "7", "建设 停车", "集123", "标准", "智慧停车试点", "zzz")
PATHS = {
    "supervisor": ("/programme/", "/board/", "/board/?page=1000", "/board/?light=green", "/board/?unit=单位007", "/board/?q=算力", "/cases/", "/screen/", "/plans/", "/plans/audit/", "/coordination/ledger/", "/papers/new/", "/targets/suggestions/", "/plans/units/"),
    "officer": ("/week/", "/my-tasks/", "/my-tasks/?page=3"),
}  # fmt: skip


def questions() -> dict[str, Callable[[int], int]]:
    """Name → a function that asks for a page, as the supervisor and as an officer of one unit."""
    from django.test import Client

    from haihe.kernel.identity import Account

    found: dict[str, Callable[[int], int]] = {}
    for role, paths in PATHS.items():
        client = Client(HTTP_HOST="127.0.0.1")
        client.force_login(Account.objects.get(username=role), backend="haihe.kernel.identity.PasswordBackend")

        def get(path: str, client: Any = client, **data: str) -> int:
            return int(client.get(path, data or None).status_code)

        for path in paths:
            found[f"{role} {path}"] = lambda n, path=path, get=get: get(path)
        found[f"{role} /search/"] = lambda n, get=get: get("/search/", q=WORDS[n % len(WORDS)])
    return found


def ask_pages(arguments: argparse.Namespace) -> None:
    rounds: dict[str, list[tuple[float, float, float]]] = {}
    for number in range(arguments.rounds):
        print(f"round {number + 1}, load of the machine {os.getloadavg()[0]:.1f}")
        for name, ask in questions().items():
            rounds.setdefault(name, []).append(measure(name, arguments.requests, ask))
            tell(name, rounds[name][-1])
    print(f"medians of {arguments.rounds} rounds, load of the machine {os.getloadavg()[0]:.1f}")
    for name, figures in rounds.items():
        tell(name, tuple(statistics.median(each) for each in zip(*figures, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--actions", type=int, default=3)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument(
        "--keep", type=Path, help="folder of a district that is filled once and measured again and again"
    )
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["HAIHE_HOME"] = str(home)
        if arguments.postgres and not os.environ.get("HAIHE_DATABASE_URL"):
            from haihe.testing.postgres import cluster

            os.environ["HAIHE_DATABASE_URL"] = stack.enter_context(cluster(durable=True))
        from haihe.runtime import set_up_django, spare_the_collector

        set_up_django()
        from django.core.management import call_command
        from django.db import connection, connections
        from django.urls import get_resolver

        from haihe.packs.plans.models import Plan

        stack.callback(connections.close_all)
        print(describe())
        print(f"{connection.vendor}: {arguments.plans} plans of {arguments.tasks} tasks")
        call_command("migrate", verbosity=0)
        if not Plan.objects.exists():
            fill(arguments)
        get_resolver().check()
        spare_the_collector()  # as the web process does when it has loaded every page
        ask_pages(arguments)
        print(f"memory {resident_mb():.0f} MB")


if __name__ == "__main__":
    main()
