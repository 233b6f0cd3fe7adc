"""Cells of a workbook: text stays text, and a sheet prints on A4 across with its heads on every page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

LONGEST_CELL = 32_767  # characters; Excel's limit
_LINE = Side(style="thin", color="999999")
_THIN = Border(left=_LINE, right=_LINE, top=_LINE, bottom=_LINE)
# Signs that Excel and WPS take as the beginning of a formula, also after spaces and in full width.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")


def write_head(sheet: Worksheet, title: str, columns: Sequence[tuple[str, int]]) -> int:
    """Title, column heads and print set-up for A4 across; returns the first free row."""
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
    write_cell(sheet, 1, 1, title, bold=True, size=16, centre=True, border=False)
    sheet.row_dimensions[1].height = 44
    for column, (name, width) in enumerate(columns, start=1):
        write_cell(sheet, 2, column, name, bold=True, fill="D9E2EC", centre=True)
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


def write_cell(
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
