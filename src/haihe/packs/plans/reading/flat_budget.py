"""Budget tables that a conversion flattened to one cell a line: titles, then for each row some words and some numbers."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import BudgetLine
from haihe.packs.plans.reading.tables import meaning

Line = tuple[int, str]
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_STAGE = re.compile(r"第[一二三四五六]期|第[一二三四五六]阶段|（20\d\d.{0,8}）")
_TOTAL = re.compile(r"[合小总]\s*计|总投资")
_NUMERIC = ("quantity", "price", "amount")
LONGEST_CELL, MOST_COLUMNS = 40, 8


def read_flat_budget(lines: list[Line], taken: set[int]) -> list[BudgetLine]:
    """The budget lines of every flattened table outside of the lines already `taken` by tables with their rows."""
    cells = [(number, text.strip()) for number, text in lines if text.strip() and number not in taken]
    found: list[BudgetLine] = []
    position = 0
    while position < len(cells):
        heads = _heads(cells, position)
        if heads is None:
            position += 1
            continue
        rows, position = _rows(cells, position + len(heads), heads)
        found += rows
    return found


def _heads(cells: list[Line], position: int) -> list[tuple[str, str]] | None:
    """Meaning and title of the columns that start here: at least an item and an amount, each on a line of its own."""
    heads: list[tuple[str, str]] = []
    for _, text in cells[position : position + MOST_COLUMNS]:
        name = meaning(text)
        if name is None or _NUMBER.fullmatch(text):
            break
        heads.append((name, text))
    names = [name for name, _ in heads]
    is_budget = len(heads) >= 2 and "amount" in names and "number" not in names and {"task", "content"} & set(names)
    return heads if is_budget else None


def _rows(cells: list[Line], position: int, heads: list[tuple[str, str]]) -> tuple[list[BudgetLine], int]:
    columns = [name for name, _ in heads if name in _NUMERIC]
    unit = next((m[1] for _, title in heads if (m := re.search(r"（([^）]*元)）", title))), None)
    found: list[BudgetLine] = []
    stage: str | None = None
    while position < len(cells):
        words, numbers, following = _row(cells, position)
        if not words or not numbers or len(numbers) > len(columns):
            break
        stage = "".join(text for _, text in words if _STAGE.search(text)) or stage
        item = [(number, text) for number, text in words if not _STAGE.search(text)]
        if item and not _TOTAL.match(item[0][1]):
            values = dict(zip(columns, numbers, strict=False))
            name = "".join(text for _, text in item)
            found.append(
                BudgetLine(item[0][0], name, stage, values.get("quantity"), values.get("price"), _amount(values), unit)
            )
        position = following
    return found, position


def _row(cells: list[Line], position: int) -> tuple[list[Line], list[float], int]:
    """The words and then the numbers from here on, and where the next row starts."""
    words: list[Line] = []
    numbers: list[float] = []
    while position < len(cells):
        number, text = cells[position]
        if _NUMBER.fullmatch(text):
            numbers.append(float(text.replace(",", "")))
        elif numbers or len(text) > LONGEST_CELL or re.search(r"[。；]", text) or len(words) > 6:
            break
        else:
            words.append((number, text))
        position += 1
    return words, numbers, position


def _amount(values: dict[str, float]) -> float | None:
    """The row's own amount: where a subtotal of several rows stands beside it, quantity times price."""
    if "quantity" in values and "price" in values:
        return values["quantity"] * values["price"]
    return values.get("amount")
