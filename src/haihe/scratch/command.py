"""`haihe systems`: the honest list of named systems on a terminal, and the run of their checks."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from haihe.kernel.systems import STATUSES, Row, get_system, list_systems, note_check, providers_to_check
from haihe.scratch.checking import Outcome, check_systems
from haihe.scratch.district import scratch_district


def run_checks(only: Sequence[str], console: Console) -> list[Outcome]:
    """Check the provided systems (or only some) on a scratch district and store what was seen in this one."""
    from haihe.kernel.administration import operator

    providers = providers_to_check(only)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("正在启动试验城区… Starting a scratch district …", total=len(providers))

        def tell(outcome: Outcome) -> None:
            note_check(
                operator(), None, system=outcome.system, passed=outcome.passed, seconds=outcome.seconds, saw=outcome.saw
            )
            sign, colour = ("✓", "green") if outcome.passed else ("✗", "red")
            bar.console.print(f"[{colour}]{sign}[/] {outcome.system} {outcome.seconds:.1f} s", end=" ")
            bar.console.print(f"{outcome.saw.zh}\n  {outcome.saw.en}", markup=False, soft_wrap=True)
            bar.update(task, advance=1, description=f"{outcome.system} ✓")

        if not providers:
            return []
        with scratch_district() as scratch:
            return check_systems(scratch, providers, tell=tell)


def print_systems(only: Sequence[str], out: Console, *, as_json: bool) -> None:
    """The list itself: JSON with every row, or a table of what stands and counts of the rest."""
    wanted = {get_system(key).id for key in only}
    rows = [row for row in list_systems(timezone.now()) if not wanted or row.system.id in wanted]
    if as_json:
        sys.stdout.write(json.dumps([row.as_dict() for row in rows], ensure_ascii=False, indent=1) + "\n")
        return
    shown = [row for row in rows if wanted or row.status != "missing" or row.check]
    out.print(_table(shown))
    counted = Counter(row.status for row in rows)
    words = [f"{title} {status} {counted[status]}" for status, title in STATUSES.items()]
    out.print(f"{len(rows)} 个系统 systems：{'，'.join(words)}")


def _table(rows: Sequence[Row]) -> Table:
    """Readable on a terminal of 80 columns: what is long stands below each other in the last one."""
    table = Table()
    table.add_column("编号 id", no_wrap=True)
    table.add_column("状态 status", no_wrap=True)
    table.add_column("系统、所见 system, saw", overflow="fold")
    for row in rows:
        told: Any = row.as_dict()
        checked = f" · {told['checked']['version']} {told['checked']['date']}" if told["checked"] else ""
        name = f"{row.system.name_zh} {row.system.name_en}"
        table.add_row(
            row.system.id, row.status, Text("\n".join(filter(None, (name, f"{row.pack}{checked}", told["saw"]))))
        )
    return table
