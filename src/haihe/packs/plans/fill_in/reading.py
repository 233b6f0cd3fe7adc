"""What a returned sheet says, cell by cell, and what is wrong with it: findings name the cell; a row with any is not imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from haihe.packs.plans.fill_in.opening import Opened
from haihe.packs.plans.fill_in.shape import COLUMNS, DONE, FIRST_ROW, HEAD, HEAD_ROW, STATUSES, WRITABLE, Line

LETTER = {column.name: get_column_letter(n) for n, column in enumerate(COLUMNS, start=1)}
FIRST_DAY, EPOCH = date(1990, 1, 1), date(1899, 12, 30)
LONGEST_TEXT = 5000
LARGEST_NUMBER = Decimal(10) ** 12
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


@dataclass(frozen=True)
class Finding:
    cell: str
    zh: str
    en: str


@dataclass
class Row:
    """A filled row of a line; `values` are usable where `findings` is empty."""

    number: int
    line: Line
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@dataclass
class Reading:
    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)  # those of no row among them

    @property
    def everything(self) -> list[Finding]:
        return [*self.findings, *(finding for row in self.rows for finding in row.findings)]

    @property
    def ready(self) -> list[Row]:
        return (
            []
            if any(f.cell.endswith(str(HEAD_ROW)) for f in self.findings)
            else [r for r in self.rows if not r.findings]
        )


def read_rows(opened: Opened, lines: dict[str, Line], today: date) -> Reading:
    """Every filled row against the unit's present lines (by key). Formulas are told, never computed."""
    reading = Reading()
    reading.findings += _head_findings(opened)
    merged = _merged(opened)
    seen: dict[str, int] = {}
    for number in range(FIRST_ROW, opened.sheet.max_row + 1):
        cells = {column.name: opened.sheet.cell(number, n) for n, column in enumerate(COLUMNS, start=1)}
        if all(cell.value in (None, "") for cell in cells.values()):
            continue
        _read_row(reading, number, cells, opened, lines, seen, merged, today)
    for key in opened.keys:
        if key not in seen:
            reading.findings.append(_missing(key, lines))
    return reading


def _read_row(
    reading: Reading, number: int, cells: dict[str, Any], opened: Opened, lines: dict[str, Line], seen: dict[str, int], merged: set[str], today: date,
) -> None:  # fmt: skip
    written = str(cells["key"].value or "")
    key, _, stamp = written.partition(":")
    filled = [name for name in (c.name for c in WRITABLE) if cells[name].value not in (None, "")]
    spoilt = [f for cell in cells.values() for f in _cell_findings(cell, merged)]
    if key not in opened.keys or key in seen:
        said = ("多出的行，或键被改动。", "An extra row, or its key was changed.") if key not in seen else ("与前面的行重复。", "The same as a row above.")  # fmt: skip
        reading.findings += [Finding(f"{LETTER['task']}{number}", *said), *spoilt]
        return
    seen[key] = number
    if not filled and not spoilt:
        return
    line = lines.get(key)
    if line is None:
        reading.findings.append(Finding(f"{LETTER['task']}{number}", "任务已办结、待审核或不再由本单位承担，不能填报。", "The task is closed, under review or no longer this unit's."))  # fmt: skip
        return
    row = Row(number, line, findings=spoilt)
    if stamp != line.stamp:
        row.findings.append(Finding(f"{LETTER['task']}{number}", "冲突：下载后该任务已有新的填报或变更，请重新下载。", "Conflict: the task changed since the sheet was taken; take a fresh one."))  # fmt: skip
    if not spoilt:
        row.findings += _understand(row, cells, today)
    reading.rows.append(row)


def _head_findings(opened: Opened) -> list[Finding]:
    found = []
    for n, title in enumerate(HEAD, start=1):
        if str(opened.sheet.cell(HEAD_ROW, n).value or "").strip() != title:
            found.append(Finding(f"{get_column_letter(n)}{HEAD_ROW}", f"表头被改动，应为“{title}”；整表不导入。", f"The head was changed from {title!r}: nothing is imported."))  # fmt: skip
    return found


def _merged(opened: Opened) -> set[str]:
    """Every cell of a merged area among the rows."""
    areas = [area for area in opened.sheet.merged_cells.ranges if area.max_row >= HEAD_ROW]
    return {f"{get_column_letter(c)}{r}" for a in areas for r in range(a.min_row, min(a.max_row, a.min_row + 500) + 1) for c in range(a.min_col, min(a.max_col, 50) + 1)}  # fmt: skip


def _cell_findings(cell: Any, merged: set[str]) -> Iterator[Finding]:
    if cell.coordinate in merged:
        yield Finding(cell.coordinate, "合并单元格，无法对应到行。", "A merged cell belongs to no row.")
    elif isinstance(cell, Cell) and (cell.data_type == "f" or isinstance(cell.value, ArrayFormula | DataTableFormula)):
        yield Finding(cell.coordinate, "含有公式，未计算也不接收，请填写数值或文字。", "Holds a formula: it was not computed and is not accepted.")  # fmt: skip
    elif isinstance(cell, Cell) and cell.data_type == "e":
        yield Finding(cell.coordinate, "单元格是错误值。", "The cell holds an error value.")


def _missing(key: str, lines: dict[str, Line]) -> Finding:
    line = lines.get(key)
    name = line.task.heading if line else key
    return Finding(
        f"A{HEAD_ROW}x", f"缺少一行：{name}。该行不作填报。", f"A row is missing: {name}. Nothing is reported for it."
    )


# --- values ---------------------------------------------------------------------------------------------------------


def _understand(row: Row, cells: dict[str, Any], today: date) -> list[Finding]:
    """Turn the cells into values; what does not fit becomes findings."""
    found: list[Finding] = []
    for name in ("status", "text", "problem", "evidence"):
        row.values[name] = str(cells[name].value).strip() if cells[name].value is not None else ""
        if len(row.values[name]) > LONGEST_TEXT:
            found.append(
                Finding(cells[name].coordinate, f"超过 {LONGEST_TEXT} 字。", f"Longer than {LONGEST_TEXT} letters.")
            )
    if row.values["status"] and row.values["status"] not in STATUSES:
        found.append(Finding(cells["status"].coordinate, f"只能是：{'、'.join(STATUSES)}。", f"Only one of: {', '.join(STATUSES)}."))  # fmt: skip
    if not row.values["text"]:
        found.append(Finding(cells["text"].coordinate, "请填写进展情况。", "Say what was done."))
    row.values["value"] = _number(cells["value"], found)
    row.values["as_of"] = _day(cells["as_of"], today, found)
    found += _together(row, cells)
    return found


def _together(row: Row, cells: dict[str, Any]) -> Iterator[Finding]:
    """What must stand together: a number with its target, its evidence; completion without a number."""
    if row.values["value"] is None:
        return
    if row.line.target is None:
        yield Finding(cells["value"].coordinate, "该任务没有指标，不能填数值。", "This task has no target: no number.")
    elif row.values["status"] == DONE:
        yield Finding(cells["status"].coordinate, "填数值时请选“办理中”，办结另行报告。", "With a number choose 办理中; report completion separately.")  # fmt: skip
    if not row.values["evidence"]:
        yield Finding(cells["evidence"].coordinate, "填数值须写佐证说明。", "A number needs a word on its evidence.")


def _number(cell: Any, found: list[Finding]) -> Decimal | None:
    """A number, also one that a spreadsheet kept as text; at most six places behind the point are kept."""
    written = cell.value
    if written is None or str(written).strip() == "":
        return None
    try:
        digits = str(written).strip().replace(",", "").replace("，", "")
        number = Decimal("NaN") if isinstance(written, bool | date) else Decimal(digits)
    except InvalidOperation:
        number = Decimal("NaN")
    if number.is_finite() and abs(number) < LARGEST_NUMBER:
        return round(number, 6)
    said = str(written)[:20]
    found.append(
        Finding(
            cell.coordinate, f"“{said}”不是数字，请只填数字、不带单位。", f"{said!r} is not a number; no unit, please."
        )
    )
    return None


def _day(cell: Any, today: date, found: list[Finding]) -> date | None:
    """A day as Excel keeps it, as its bare number, or as text in the usual ways; not in the future."""
    written = cell.value
    if written is None or str(written).strip() == "":
        return None
    day = _as_day(written)
    if day is None or not day >= FIRST_DAY:
        found.append(Finding(cell.coordinate, f"“{str(written)[:20]}”不是日期，如 2026-06-30。", f"{str(written)[:20]!r} is not a day, like 2026-06-30."))  # fmt: skip
        return None
    if day > today:
        found.append(Finding(cell.coordinate, "数据日期不能晚于今天。", "The day lies in the future."))
    return day


def _as_day(written: Any) -> date | None:
    if isinstance(written, datetime):
        return written.date()
    if isinstance(written, date):
        return written
    try:
        if isinstance(written, int | float) and not isinstance(written, bool):
            return EPOCH + timedelta(days=int(written))
        shape = _DAY.fullmatch(str(written).strip())
        return date(int(shape[1]), int(shape[2]), int(shape[3])) if shape else None
    except (ValueError, OverflowError):
        return None
