"""Papers that leave as files: the task-division table 任务分工表 in its customary columns, with the targets on a second sheet."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.packs.plans.models import Clause, Plan
from haihe.packs.plans.papers.cells import write_cell, write_head
from haihe.packs.plans.papers.wording import Outline, work_of, written_deadline, written_goal

TASK_COLUMNS = (
    ("序号", 6),
    ("重点任务", 24),
    ("工作内容", 56),
    ("牵头单位", 16),
    ("责任单位", 22),
    ("配合单位", 26),
    ("完成时限", 14),
    ("依据条款", 16),
)
TARGET_COLUMNS = (
    ("序号", 6),
    ("指标", 34),
    ("目标值", 16),
    ("单位", 10),
    ("完成时限", 14),
    ("约束性", 10),
    ("原文", 62),
    ("依据条款", 16),
)


def release_division_table(account: Account, plan: Plan, *, purpose: str) -> tuple[str, bytes]:
    """The file's name and bytes, after it passed the export gate."""
    content = division_table(plan)
    name = re.sub(r"[\\/:*?\"<>|\s\x00-\x1f]", "", f"{plan.title[:60]}任务分工表.xlsx")
    release(account, "plans.division_table", name, content, purpose=purpose)
    return name, content


def division_table(plan: Plan) -> bytes:
    """The table of what binds: confirmed and corrected clauses; before anything is confirmed, of everything that was read."""
    rows = plan.clauses.select_related("task", "target__indicator")
    clauses = sorted(rows, key=lambda clause: (clause.line, clause.position))
    binding = [clause for clause in clauses if clause.binds]
    note = "" if binding else "（未核对稿）"
    chosen = binding or [clause for clause in clauses if clause.decision != Clause.Decision.REJECTED]
    outline = Outline.of(plan)
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  (a new book has one sheet)
    sheet.title = "任务分工表"
    _task_sheet(sheet, plan, [c for c in chosen if c.kind == Clause.Kind.TASK], outline, note)
    targets = [c for c in chosen if c.kind == Clause.Kind.TARGET and c.current.get("kind") == "target"]
    _target_sheet(book.create_sheet("指标"), plan, targets, outline, note)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _task_sheet(sheet: Worksheet, plan: Plan, clauses: Sequence[Clause], outline: Outline, note: str) -> None:
    row = write_head(sheet, f"{plan.title}任务分工表{note}", TASK_COLUMNS)
    shown: str | None = None
    for position, clause in enumerate(clauses, start=1):
        chapter = outline.chapter_of(clause.line)
        if chapter and chapter != shown:
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(TASK_COLUMNS))
            write_cell(sheet, row, 1, chapter, bold=True, fill="EAF0F6")
            row, shown = row + 1, chapter
        content = clause.current
        units = content.get("units") or []
        lead, responsible, support = (
            "、".join(unit["name"] for unit in units if unit["role"] == role)
            for role in ("lead", "responsible", "support")
        )
        task = getattr(clause, "task", None)
        if task is not None and task.deadline and not task.deadline_assumed:
            deadline = f"{task.deadline.year}年{task.deadline.month}月{task.deadline.day}日"
        else:
            deadline = written_deadline(content.get("deadline"), plan)
        heading = f"{content.get('number') or ''}{content.get('heading') or ''}"
        work = work_of(content)
        reference = outline.reference_of(clause.line)
        values: tuple[str | int, ...] = (position, heading, work, lead, responsible, support, deadline, reference)
        for column, value in enumerate(values, start=1):
            write_cell(sheet, row, column, value)
        row += 1
    if not clauses:
        write_cell(sheet, row, 1, "没有任务", border=False)


def _target_sheet(sheet: Worksheet, plan: Plan, clauses: Sequence[Clause], outline: Outline, note: str) -> None:
    row = write_head(sheet, f"{plan.title}指标{note}", TARGET_COLUMNS)
    for position, clause in enumerate(clauses, start=1):
        content = clause.current
        values: tuple[str | int, ...] = (
            position,
            content.get("subject") or "",
            written_goal({**content, "unit": ""}),
            content.get("unit") or "",
            written_deadline(content.get("deadline"), plan),
            "力争" if content.get("strength") == "strive" else "约束",
            content.get("text") or "",
            outline.reference_of(clause.line),
        )
        for column, value in enumerate(values, start=1):
            write_cell(sheet, row, column, value)
        row += 1
    if not clauses:
        write_cell(sheet, row, 1, "没有指标", border=False)
