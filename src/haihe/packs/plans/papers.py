"""Papers that leave as files: the task-division table 任务分工表 in its customary columns, with the targets on a second sheet."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.packs.plans.models import Clause, Plan, end_of_period

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
LONGEST_CELL = 32_767  # characters; Excel's limit
_LINE = Side(style="thin", color="999999")
_THIN = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
# Signs that Excel and WPS take as the beginning of a formula, also after spaces and in full width.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")
_SIGNS = {"=": "", ">=": "≥ ", "<=": "≤ ", ">": "> ", "<": "< ", "~": "约 ", "range": ""}
# The bracket with the units at the end of an item: they stand in columns of their own.
_UNIT_BRACKET = re.compile(
    r"[（(【\[][^（(【\[]*(?:责任单位|牵头单位|配合单位|牵头|负责)[^）)】\]]*(?:[（(][^）)]*[）)][^）)】\]]*)*[）)】\]]\s*\Z"
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
    row = _head(sheet, f"{plan.title}任务分工表{note}", TASK_COLUMNS)
    shown: str | None = None
    for position, clause in enumerate(clauses, start=1):
        chapter = outline.chapter_of(clause.line)
        if chapter and chapter != shown:
            sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(TASK_COLUMNS))
            _write(sheet, row, 1, chapter, bold=True, fill="EAF0F6")
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
        work = _work_of(content)
        reference = outline.reference_of(clause.line)
        values: tuple[str | int, ...] = (position, heading, work, lead, responsible, support, deadline, reference)
        for column, value in enumerate(values, start=1):
            _write(sheet, row, column, value)
        row += 1
    if not clauses:
        _write(sheet, row, 1, "没有任务", border=False)


def _target_sheet(sheet: Worksheet, plan: Plan, clauses: Sequence[Clause], outline: Outline, note: str) -> None:
    row = _head(sheet, f"{plan.title}指标{note}", TARGET_COLUMNS)
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
            _write(sheet, row, column, value)
        row += 1
    if not clauses:
        _write(sheet, row, 1, "没有指标", border=False)


# --- how things are written -----------------------------------------------------------------------------------------


def written_goal(content: dict[str, Any]) -> str:
    """The goal of a target clause as people write it: ≥ 50 个, 12–15 个, 约 20 %."""
    goal = _SIGNS.get(content.get("comparator") or "=", "") + _written_number(content.get("value"))
    if content.get("value_max") is not None:
        goal += f"–{_written_number(content['value_max'])}"
    return f"{goal} {content.get('unit') or ''}".strip()


def _written_number(value: Any) -> str:
    """12345678.5 → 12,345,678.5: never in powers of ten."""
    if value is None:
        return "?"
    exact = Decimal(str(value))
    return f"{int(exact):,}" if exact == exact.to_integral_value() else f"{exact.normalize():,f}"


def written_deadline(written: str | None, plan: Plan) -> str:
    """2026-06 → 2026年6月底前; without a deadline of its own, the end of the plan's period, which is said."""
    note, end = "", end_of_period(written)
    if end is None:
        note, end, written = "（规划期末）", plan.last_day, plan.period_end
    if end is None:
        return ""
    parts = min((written or "").count("-"), 2)
    day = (f"{end.year}年底前", f"{end.year}年{end.month}月底前", f"{end.year}年{end.month}月{end.day}日前")[parts]
    return day + note


def _work_of(content: dict[str, Any]) -> str:
    """The work itself: without its number and heading, which have a column, and without the bracket of units."""
    text = _UNIT_BRACKET.sub("", str(content.get("text") or "")).strip()
    heading = str(content.get("heading") or "")
    at = text.find(heading) if heading else -1
    if 0 <= at <= 8 and len(text) > at + len(heading):
        text = text[at + len(heading) :].lstrip("。．.：: 　\t；;")
    return text or heading


@dataclass(frozen=True)
class Outline:
    """The document's headings with those above them, for group rows and for naming the clause that a row rests on."""

    paths: list[tuple[int, list[dict[str, Any]]]]  # line → headings from the top down to the one on that line

    @classmethod
    def of(cls, plan: Plan) -> Outline:
        paths: list[tuple[int, list[dict[str, Any]]]] = []
        above: list[dict[str, Any]] = []
        for node in plan.content.get("outline") or []:
            above = [*(n for n in above if n["level"] < node["level"]), node]
            paths.append((node["line"], above))
        return cls(paths)

    def _path_at(self, line: int) -> tuple[int, list[dict[str, Any]]]:
        before = [entry for entry in self.paths if entry[0] <= line]
        return before[-1] if before else (0, [])

    def chapter_of(self, line: int) -> str | None:
        """The heading under which a task stands: the one above its own."""
        start, path = self._path_at(line)
        if path and start == line:
            path = path[:-1]
        return f"{path[-1]['number'] or ''}{path[-1]['heading']}" if path else None

    def reference_of(self, line: int) -> str:
        """二、（一）1.（原文第38行)."""
        _start, path = self._path_at(line)
        numbers = "".join(str(node["number"] or "") for node in path)
        return f"{numbers}（原文第{line}行）" if numbers else f"原文第{line}行"


# --- the sheet ------------------------------------------------------------------------------------------------------


def _head(sheet: Worksheet, title: str, columns: Sequence[tuple[str, int]]) -> int:
    """Title, column heads and print set-up for A4 across; returns the first free row."""
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
    _write(sheet, 1, 1, title, bold=True, size=16, centre=True, border=False)
    sheet.row_dimensions[1].height = 44
    for column, (name, width) in enumerate(columns, start=1):
        _write(sheet, 2, column, name, bold=True, fill="D9E2EC", centre=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[2].height = 26
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    footer = sheet.HeaderFooter.oddFooter
    if footer is not None and footer.center is not None:
        footer.center.text = "第 &P 页 共 &N 页"
    return 3


def _write(
    sheet: Worksheet,
    row: int,
    column: int,
    value: str | int,
    *,
    bold: bool = False,
    size: int = 11,
    fill: str = "",
    centre: bool = False,
    border: bool = True,
) -> None:
    """Write a number as a number and every text as text, also one that a spreadsheet would take for a formula."""
    cell = sheet.cell(row=row, column=column)
    if isinstance(value, str):
        text = ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
        cell.value = text
        cell.data_type = "s"
        if _FORMULA.match(text):
            cell.quotePrefix = True  # the sign ' before it: stays text also when edited
    else:
        cell.value = value
    cell.font = Font(name="仿宋" if size < 14 else "宋体", size=size, bold=bold)
    centred = centre or isinstance(value, int)
    cell.alignment = Alignment(
        wrap_text=True, vertical="center" if centre else "top", horizontal="center" if centred else None
    )
    if border:
        cell.border = _THIN
    if fill:
        cell.fill = PatternFill("solid", fgColor=fill)
