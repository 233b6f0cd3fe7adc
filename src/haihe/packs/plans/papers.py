"""Papers that leave as files: the task-division table 任务分工表 in its customary columns, with the targets on a second sheet."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.packs.plans.models import Clause, Plan

TASK_COLUMNS = (
    ("序号", 6),
    ("重点任务", 26),
    ("工作内容", 58),
    ("牵头单位", 18),
    ("责任单位", 26),
    ("配合单位", 26),
    ("完成时限", 14),
    ("依据条款", 12),
)
TARGET_COLUMNS = (
    ("序号", 6),
    ("指标", 36),
    ("目标值", 14),
    ("单位", 10),
    ("时限", 12),
    ("约束性", 10),
    ("原文", 60),
    ("依据条款", 12),
)
_EDGE = Side(style="thin", color="999999")
_THIN = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
# Signs that Excel and WPS take as the beginning of a formula, also after spaces.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
_SIGNS = {"=": "", ">=": "≥", "<=": "≤", ">": "＞", "<": "＜", "~": "约", "range": ""}


def release_division_table(account: Account, plan: Plan, *, purpose: str) -> tuple[str, bytes]:
    """The file's name and bytes, after it passed the export gate."""
    content = division_table(plan)
    name = re.sub(r"[\\/:*?\"<>|\s]", "", f"{plan.title[:60]}任务分工表.xlsx")
    release(account, "plans.division_table", name, content, purpose=purpose)
    return name, content


def division_table(plan: Plan) -> bytes:
    """The table of what binds: confirmed and corrected clauses; before anything is confirmed, of everything that was read."""
    clauses = list(plan.clauses.select_related("task", "target__indicator"))
    binding = [clause for clause in clauses if clause.binds]
    note = "" if binding else "（未核对稿）"
    chosen = binding or [clause for clause in clauses if clause.decision != Clause.Decision.REJECTED]
    book = Workbook()
    _task_sheet(book.active, plan, [c for c in chosen if c.kind == Clause.Kind.TASK], note)  # type: ignore[arg-type]
    _target_sheet(
        book.create_sheet("指标"),
        plan,
        [c for c in chosen if c.kind == Clause.Kind.TARGET and c.current.get("kind") == "target"],
        note,
    )
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _task_sheet(sheet: Worksheet, plan: Plan, clauses: Sequence[Clause], note: str) -> None:
    sheet.title = "任务分工表"
    row = _head(sheet, f"{plan.title}任务分工表{note}", TASK_COLUMNS)
    chapters = _chapters(plan)
    shown = None
    for number, clause in enumerate(clauses, start=1):
        chapter = _chapter_of(chapters, clause.line)
        if chapter and chapter != shown:
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(TASK_COLUMNS))
            _write(sheet, row, 1, chapter, bold=True, fill="EAF0F6")
            row, shown = row + 1, chapter
        content = clause.current
        units = content.get("units") or []
        by_role = {
            role: "、".join(u["name"] for u in units if u["role"] == role)
            for role in ("lead", "responsible", "support")
        }
        task = getattr(clause, "task", None)
        deadline = (
            task.deadline.strftime("%Y年%-m月%-d日")
            if task and task.deadline
            else content.get("deadline") or plan.period_end or ""
        )
        heading = f"{content.get('number') or ''}{content.get('heading') or ''}"
        values = (
            number,
            heading,
            _without_units(content.get("text") or ""),
            by_role["lead"],
            by_role["responsible"],
            by_role["support"],
            deadline,
            f"第{clause.line}行",
        )
        for column, value in enumerate(values, start=1):
            _write(sheet, row, column, value)
        row += 1


def _target_sheet(sheet: Worksheet, plan: Plan, clauses: Sequence[Clause], note: str) -> None:
    row = _head(sheet, f"{plan.title}指标{note}", TARGET_COLUMNS)
    for number, clause in enumerate(clauses, start=1):
        content = clause.current
        goal = f"{_SIGNS.get(content.get('comparator') or '=', '')}{content.get('value'):g}"
        if content.get("value_max") is not None:
            goal += f"—{content['value_max']:g}"
        strength = "力争" if content.get("strength") == "strive" else "约束"
        values = (
            number,
            content.get("subject") or "",
            goal,
            content.get("unit") or "",
            content.get("deadline") or plan.period_end or "",
            strength,
            content.get("text") or "",
            f"第{clause.line}行",
        )
        for column, value in enumerate(values, start=1):
            _write(sheet, row, column, value)
        row += 1


def _without_units(text: str) -> str:
    """The work itself: the bracket with its units stands in columns of its own."""
    return re.sub(
        r"[（(【\[][^（(【\[]*(?:责任单位|牵头单位|配合单位|牵头|负责)[^）)】\]]*(?:[（(][^）)]*[）)][^）)】\]]*)*[）)】\]]\s*\Z",
        "",
        text,
    ).strip()


def _chapters(plan: Plan) -> list[tuple[int, str]]:
    """Headings above the tasks, from the outline as read."""
    nodes = plan.content.get("outline") or []
    return [
        (node["line"], f"{node['number'] or ''}{node['heading']}")
        for node in nodes
        if node["level"] <= 2 and node["heading"]
    ]


def _chapter_of(chapters: list[tuple[int, str]], line: int) -> str | None:
    above = [title for start, title in chapters if start < line]
    return above[-1] if above else None


def _head(sheet: Worksheet, title: str, columns: Sequence[tuple[str, int]]) -> int:
    """Title, column heads and print set-up; returns the first free row."""
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
    _write(sheet, 1, 1, title, bold=True, size=16, centre=True, border=False)
    sheet.row_dimensions[1].height = 36
    for column, (name, width) in enumerate(columns, start=1):
        _write(sheet, 2, column, name, bold=True, fill="D9E2EC", centre=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    return 3


def _write(
    sheet: Worksheet,
    row: int,
    column: int,
    value: Any,
    *,
    bold: bool = False,
    size: int = 11,
    fill: str = "",
    centre: bool = False,
    border: bool = True,
) -> None:
    """Write a value as what it is; text that a spreadsheet would take for a formula stays text."""
    cell = sheet.cell(row=row, column=column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        if _FORMULA.match(value):
            cell.quotePrefix = True
    cell.font = Font(name="仿宋" if size < 14 else "宋体", size=size, bold=bold)
    cell.alignment = Alignment(
        wrap_text=True, vertical="center" if centre else "top", horizontal="center" if centre else None
    )
    if border:
        cell.border = _THIN
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
