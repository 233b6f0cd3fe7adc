"""What a fill-in sheet looks like: columns, and the rows that a unit has to fill in with the stamp of their version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from haihe.kernel.organisations import Organisation
from haihe.packs.plans.models import Target, Task

SHEET, HIDDEN = "填报", "_haihe"
FORMAT = "haihe-fill-in-1"
FIRST_ROW, HEAD_ROW = 4, 3  # 1: title, 2: how to fill in
MOST_ROWS = 3000


@dataclass(frozen=True)
class Column:
    name: str
    title: str
    width: int
    writable: bool = False


COLUMNS = (
    Column("key", "键（勿改）", 4), Column("number", "序号", 6), Column("task", "任务", 40), Column("deadline", "完成时限", 13), Column("state", "当前状态", 11), Column("target", "指标（单位）", 24),
    Column("status", "办理情况", 13, True), Column("text", "进展情况", 42, True), Column("value", "数值", 12, True), Column("as_of", "数据日期", 13, True),
    Column("problem", "存在问题", 28, True), Column("evidence", "佐证说明（材料文件名）", 28, True),
)  # fmt: skip
WRITABLE = tuple(column for column in COLUMNS if column.writable)
HEAD = tuple(column.title for column in COLUMNS)
UNDER_WAY, DONE = "办理中", "报告办结"
STATUSES = (UNDER_WAY, DONE)


@dataclass(frozen=True)
class Line:
    """A row to fill in: a task, and one of its targets where it has any."""

    task: Task
    target: Target | None

    @property
    def key(self) -> str:
        return f"{self.task.pk}-{self.target.pk if self.target else 0}"

    @property
    def stamp(self) -> str:
        """Changes with everything that another person may have done to the task since the sheet was taken."""
        newest = self.task.reports.order_by("-pk").values_list("pk", flat=True).first()
        facts = (self.task.pk, self.task.state, self.task.deadline, newest, self.target.pk if self.target else 0)
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]


def lines_of(unit: Organisation) -> Iterator[Line]:
    """Every row of the unit's sheet: its tasks that wait for a report, in the order of their plans."""
    states = (Task.State.ASSIGNED, Task.State.UNDER_WAY)
    rows = Task.objects.filter(state__in=states, units__organisation__path__startswith=unit.path)
    rows = rows.select_related("plan").prefetch_related("targets__indicator", "units").order_by("plan_id", "clause__position")  # fmt: skip
    for task in rows.distinct():
        targets: list[Target | None] = [*task.targets.all()]
        for target in targets or [None]:
            yield Line(task, target)
