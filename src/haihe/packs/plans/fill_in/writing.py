"""The sheet as it goes out: drop-downs, checked dates and numbers, protected heads and keys, and nothing that is a formula."""

from __future__ import annotations

import io
import json

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.errors import InvalidInput
from haihe.kernel.evidence import clean_name
from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import declare
from haihe.packs.plans.fill_in.shape import (
    COLUMNS,
    FIRST_ROW,
    FORMAT,
    HEAD_ROW,
    HIDDEN,
    SHEET,
    STATUSES,
    Line,
    lines_of,
)
from haihe.packs.plans.papers.cells import write_cell

declare("sheet.take", "下载填报表", "take a fill-in sheet", roles=["officer", "supervisor"])
GUIDE = "只填白色单元格；办理情况、数据日期按下拉和格式填写；数值须写佐证说明。不增删行列、不合并单元格、不写公式。填好后上传，系统先核对、标出问题，确认后才导入。"
OPEN = Protection(locked=False)


def release_sheet(account: Account, unit: Organisation, *, purpose: str) -> tuple[str, bytes]:
    content = fill_in_sheet(unit)
    name = clean_name(f"{unit.name}填报表{timezone.localdate():%Y%m%d}.xlsx")
    release(account, "plans.fill_in", name, content, purpose=purpose)
    return name, content


def fill_in_sheet(unit: Organisation) -> bytes:
    lines = list(lines_of(unit))
    if not lines:
        raise InvalidInput("该单位没有需要填报的任务。", "This unit has nothing to fill in.", where=unit.name,
                           to_do_zh="交办后未办结的任务才需填报。", to_do_en="Only tasks that are assigned and not closed are.")  # fmt: skip
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  (a new book has one sheet)
    sheet.title = SHEET
    _head(sheet, unit)
    for offset, line in enumerate(lines):
        _row(sheet, FIRST_ROW + offset, offset + 1, line)
    _validations(sheet, FIRST_ROW + len(lines) - 1)
    _protect(sheet)
    _remember(book.create_sheet(HIDDEN), unit, lines)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _head(sheet: Worksheet, unit: Organisation) -> None:
    write_cell(sheet, 1, 2, f"{unit.name}重点任务填报表", bold=True, size=16, border=False)
    write_cell(sheet, 2, 2, GUIDE, border=False)
    sheet.cell(2, 2).alignment = Alignment(wrap_text=False)
    for number, column in enumerate(COLUMNS, start=1):
        write_cell(sheet, HEAD_ROW, number, column.title, bold=True, fill="FFF2CC" if column.writable else "D9E2EC", centre=True)  # fmt: skip
        sheet.column_dimensions[get_column_letter(number)].width = column.width
    sheet.column_dimensions["A"].hidden = True
    sheet.row_dimensions[HEAD_ROW].height = 26
    sheet.freeze_panes = f"D{FIRST_ROW}"


def _row(sheet: Worksheet, row: int, number: int, line: Line) -> None:
    task, target = line.task, line.target
    known: dict[str, str | int] = {
        "key": f"{line.key}:{line.stamp}", "number": number, "task": f"{task.number}{task.heading}", "deadline": task.deadline.isoformat() if task.deadline else "",
        "state": str(task.get_state_display()), "target": f"{target.indicator.title}（{target.indicator.unit}）" if target else "—",
    }  # fmt: skip
    for column, shape in enumerate(COLUMNS, start=1):
        write_cell(sheet, row, column, known.get(shape.name, ""), fill="" if shape.writable else "F3F6F9")
        cell = sheet.cell(row, column)
        if shape.writable:
            cell.value, cell.protection = None, OPEN
        if shape.name in ("text", "problem", "evidence"):
            cell.number_format = "@"
        if shape.name == "as_of":
            cell.number_format = "yyyy-mm-dd"
        if shape.name in ("value", "as_of") and target is None:
            cell.protection, cell.fill = Protection(locked=True), PatternFill("solid", fgColor="E3E7EB")


def _validations(sheet: Worksheet, last: int) -> None:
    """Drop-down for the status, numbers as numbers, days as days; Excel and WPS refuse anything else while typing."""
    letters = {column.name: get_column_letter(n) for n, column in enumerate(COLUMNS, start=1)}
    status = DataValidation(type="list", formula1=f'"{",".join(STATUSES)}"', allow_blank=True)
    number = DataValidation(type="decimal", operator="between", formula1="-1000000000000", formula2="1000000000000", allow_blank=True)  # fmt: skip
    day = DataValidation(type="date", operator="between", formula1="32874", formula2="73050", allow_blank=True)
    for rule, name, said in ((status, "status", "请从下拉中选择。"), (number, "value", "请只填数字。"), (day, "as_of", "请填日期，如 2026-06-30。")):  # fmt: skip
        rule.showErrorMessage, rule.error, rule.errorTitle = True, said, "填报"
        sheet.add_data_validation(rule)
        rule.add(f"{letters[name]}{FIRST_ROW}:{letters[name]}{last}")


def _protect(sheet: Worksheet) -> None:
    """Against slips, not against intent: what comes back is checked as if nothing had been protected."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.print_title_rows = f"{HEAD_ROW}:{HEAD_ROW}"


def _remember(sheet: Worksheet, unit: Organisation, lines: list[Line]) -> None:
    facts = {"format": FORMAT, "unit": unit.pk, "taken": timezone.now().isoformat(timespec="seconds")}
    sheet["A1"] = json.dumps(facts)
    for offset, line in enumerate(lines, start=2):
        sheet.cell(offset, 1, line.key)
    sheet.sheet_state = "veryHidden"
    sheet.protection.sheet = True
