"""What the rows of a table commit to: tasks with owner columns, indicators with a column for each year."""

from __future__ import annotations

import re
from dataclasses import replace

from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.model import Role, Target, Task, UnitRole
from haihe.packs.plans.reading.numbers import normal_unit
from haihe.packs.plans.reading.tables import Table
from haihe.packs.plans.reading.targets import DEADLINE, deadline_of, read_targets
from haihe.packs.plans.reading.units import as_written, unit_list

ROLE_COLUMNS: dict[str, Role] = {"lead": "lead", "responsible": "responsible", "support": "support"}
_CELL = re.compile(
    r"(?P<sign>>=|<=|≥|≤|>|<|＞|＜)?\s*(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<unit>%)?(?P<after>以上|以下|以内|左右)?"
)
_SIGNS = {"≥": ">=", "≤": "<=", "＞": ">", "＜": "<", "": "=", "以上": ">=", "以下": "<=", "以内": "<=", "左右": "~"}


def read_task_rows(table: Table, originals: list[str]) -> list[Task]:
    """Rows of a table that has a column of units. A cell that a merged one covers takes the units above it."""
    if not set(table.columns) & set(ROLE_COLUMNS):
        return []
    found: list[Task] = []
    for line, row in table.rows:
        units: list[UnitRole] = []
        for column, cell in zip(table.columns, row, strict=False):
            if column in ROLE_COLUMNS:
                units += unit_list(normalised(cell), ROLE_COLUMNS[column])
        heading = _first(table, row, "task") or _first(table, row, "content")
        if not heading and not units:
            continue
        text = "；".join(cell for cell in row if cell)
        written = "".join(originals[line - 1 : line + 12])  # the row, also where it has one cell a line
        found.append(
            Task(
                line,
                line,
                _first(table, row, "number") or None,
                heading[:300],
                text,
                tuple(dict.fromkeys(as_written(unit, written) for unit in units)),
                None,
                _deadline(table, row),
            )
        )
    return found


def _first(table: Table, row: list[str], column: str) -> str:
    return next((cell for name, cell in zip(table.columns, row, strict=False) if name == column and cell), "")


def _deadline(table: Table, row: list[str]) -> str | None:
    match = DEADLINE.search(normalised(_first(table, row, "deadline")))
    return deadline_of(match) if match else None


def read_indicator_rows(table: Table, originals: list[str]) -> list[Target]:
    """Numbers in the cells of task rows, and the yearly columns of indicator rows."""
    found: list[Target] = []
    if "amount" in table.columns and "indicator" not in table.columns:
        return found  # a budget: its yearly columns share out money
    years = [n for n, column in enumerate(table.columns) if column == "year"]
    for line, row in table.rows:
        if not years or (set(table.columns) & set(ROLE_COLUMNS) and "indicator" not in table.columns):
            deadline = _deadline(table, row)
            for column, cell in zip(table.columns, row, strict=False):
                if column in ("task", "content", "other", "year"):
                    for target in read_targets(line, cell, normalised(cell)):
                        span = originals[line - 1].find(target.value_as_written)
                        place = (
                            (span, span + len(target.value_as_written))
                            if span >= 0 and target.value_as_written
                            else None
                        )
                        found.append(replace(target, deadline=target.deadline or deadline, span=place))
        else:
            found += _yearly(table, row, line, years)
    return found


def _yearly(table: Table, row: list[str], line: int, years: list[int]) -> list[Target]:
    name = (
        _first(table, row, "indicator")
        or _first(table, row, "task")
        or next((c for c in row if c and not c[0].isdigit()), "")
    )
    in_brackets = re.search(r"[（(]([^（()）]{1,12})[）)]\s*\Z", name)
    of_all = re.search(r"单位：\s*([^）)，。\s]{1,10})", table.caption)
    unit = _first(table, row, "unit").strip("-—/ ") or (in_brackets[1] if in_brackets else of_all[1] if of_all else "")
    subject = name[: in_brackets.start()].strip() if in_brackets else name
    factor = 1.0
    scaled = re.match(r"(万|亿)(?!元|美元)(.+)", unit)
    if scaled:
        factor, unit = {"万": 1e4, "亿": 1e8}[scaled[1]], scaled[2]
    found = []
    for column in years:
        cell = normalised(row[column]).strip("（） ") if column < len(row) else ""
        match = _CELL.match(cell)
        year = re.search(r"20\d\d", table.titles[column])
        if match is None:
            continue
        title = table.titles[column]
        is_base = bool(re.search(r"基期|基数|基础|现状|实际|完成|基准|当前", title)) and not re.search("目标", title)
        sign = match["sign"] or match["after"] or ""
        value = round(float(match["value"].replace(",", "")) * factor, 6)
        written_unit = match["unit"] or unit
        found.append(
            Target(
                line,
                f"{name} {table.titles[column]} {row[column]}",
                subject,
                "baseline" if is_base else "target",
                _SIGNS.get(sign, sign),  # type: ignore[arg-type]
                value,
                None,
                written_unit or None,
                normal_unit(written_unit),
                row[column],
                year[0] if year else None,
                "binding",
            )  # fmt: skip
        )
    return found
