"""The sheet as it goes back: what was found is coloured and said in the cell; formulas have become text."""

from __future__ import annotations

import io

from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.worksheet.worksheet import Worksheet

from haihe.kernel.evidence import clean_name
from haihe.kernel.exports import release
from haihe.kernel.identity import Account
from haihe.packs.plans.fill_in.opening import Opened, open_sheet
from haihe.packs.plans.records import FilledSheet

RED = PatternFill("solid", fgColor="FFC7CE")


def release_marked(account: Account, filled: FilledSheet, *, purpose: str) -> tuple[str, bytes]:
    content = marked(open_sheet(filled.file.path, filled.file.name), filled.findings)
    name = clean_name(f"已核对-{filled.file.name}")
    release(account, "plans.fill_in_marked", name, content, purpose=purpose)
    return name, content


def marked(opened: Opened, findings: list[dict[str, str]]) -> bytes:
    for sheet in opened.book.worksheets:
        _as_text(sheet)
    said: dict[str, list[str]] = {}
    for finding in findings:
        said.setdefault(finding["cell"], []).append(finding["zh"])
    for place, words in said.items():
        # What concerns no cell (a row that is gone) is said at the head.
        cell = opened.sheet[place if not place.endswith("x") else place[:-1].replace("A", "C")]
        if not isinstance(cell, Cell):
            column, row = coordinate_from_string(place)
            cell = opened.sheet[
                next(str(a.start_cell.coordinate) for a in opened.sheet.merged_cells.ranges if f"{column}{row}" in a)
            ]
        earlier = f"{cell.comment.text}\n" if cell.comment else ""
        cell.fill, cell.comment = RED, Comment((earlier + "\n".join(words))[:1000], "海河 Haihe", width=280, height=120)
    buffer = io.BytesIO()
    opened.book.save(buffer)
    return buffer.getvalue()


def _as_text(sheet: Worksheet) -> None:
    """What somebody typed as a formula goes back as its own words, so that opening the answer computes nothing either."""
    for row in sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and cell.data_type == "f":
                cell.value = str(getattr(cell.value, "text", None) or cell.value)
                cell.data_type, cell.quotePrefix = "s", True
