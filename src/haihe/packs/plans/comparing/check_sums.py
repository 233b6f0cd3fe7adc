"""Sums that do not come out: rows against the total of a table, quantity times price, parts against the whole in a sentence,
a table against the sum in the text, and counts that are announced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from haihe.packs.plans.comparing.finding import MOST_NODES, Checked, Finding
from haihe.packs.plans.comparing.wording import Amount, amounts
from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.model import BudgetLine, Document
from haihe.packs.plans.reading.numbers import chinese_number
from haihe.packs.plans.reading.outline import numbering_of
from haihe.packs.plans.reading.tables import Table, find_tables

_TOTAL_ROW = re.compile(r"\s*(?:合\s*计|总\s*计|小\s*计|共\s*计)\s*")
_WHOLE = re.compile(r"总投资|总额|总规模|资金投入|投资(?:估算|概算)|合计|共需|总预算")
_PARTS = re.compile(r"其中|分[一二三四五两]期|第一期|包括|分别为")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_CLAIM = re.compile(
    r"([二两三四五六七八九十]{1,3}|\d{1,2})(?:项|个|大)(?:重点|主要|专项|重大){0,2}(?:工程|任务|行动|措施)"
)
TOLERANCE = 0.005
NEXT_ROW = 10  # lines at most between two rows of a table that has one cell a line


def check_sums(bundle: Checked) -> Iterable[Finding]:
    for document in bundle.documents:
        body = [
            (n, normalised(bundle.text(n))) for n in range(document.line, min(document.end_line, len(bundle.lines)) + 1)
        ]
        for table in find_tables(body, document.title):
            yield from _table(bundle, table)
        for line, text in body:
            if "\t" not in text:
                yield from _sentence(bundle, line, text)
        yield from _products(bundle, document.budget)
        yield from _against_text(bundle, document, body)
        yield from _claims(bundle, document)


def _finding(bundle: Checked, kind: str, lines: Sequence[tuple[int, str]], zh: str, en: str) -> Finding:
    return Finding(
        kind, "contradiction", tuple(bundle.place(line, words) for line, words in lines), zh, en,
        "请核对各项数字与合计，更正后重新计算。", "Check the numbers and the total, and compute again.",
    )  # fmt: skip


def _value(cell: str) -> float | None:
    match = _NUMBER.fullmatch(cell.strip().rstrip("%"))
    return float(match[0].replace(",", "")) if match else None


def _table(bundle: Checked, table: Table) -> Iterable[Finding]:
    """Every column of numbers above a row called 合计 or 小计; and the 小计 of several parts against the 合计 below them."""
    rows: list[tuple[int, list[str]]] = []
    totals: list[tuple[int, list[str]]] = []
    for line, cells in table.rows:
        if not any(_TOTAL_ROW.fullmatch(cell) for cell in cells[:3]):
            rows.append((line, cells))
            continue
        yield from _column_sums(bundle, table, rows or totals, line, cells)
        totals.append((line, cells))
        rows = []


def _column_sums(
    bundle: Checked, table: Table, rows: Sequence[tuple[int, list[str]]], line: int, cells: Sequence[str]
) -> Iterable[Finding]:
    for column in range(len(cells)):
        total = _value(cells[column])
        parts = [v for _, row in rows if column < len(row) and (v := _value(row[column])) is not None]
        countable = column >= len(table.columns) or table.columns[column] not in ("number", "price", "year")
        if total is not None and countable and len(parts) == len(rows) > 1 and not _near(sum(parts), total):
            yield _finding(bundle, "table", [(line, cells[column]), (rows[0][0], "")], f"表中各行之和为 {sum(parts):g}，合计写为 {total:g}。", f"The rows add up to {sum(parts):g}; the total says {total:g}.")  # fmt: skip


def _near(a: float, b: float) -> bool:
    return abs(a - b) <= max(TOLERANCE * abs(b), 0.011)


def _products(bundle: Checked, budget: Sequence[BudgetLine]) -> Iterable[Finding]:
    for row in budget:
        if row.quantity is None or row.unit_price is None or row.amount is None:
            continue
        product = row.quantity * row.unit_price
        if not _near(product, row.amount):
            yield _finding(bundle, "table", [(row.line, row.item)], f"“{row.item}”数量乘单价为 {product:g}，金额写为 {row.amount:g}。", f"Quantity times price is {product:g}; the amount says {row.amount:g}.")  # fmt: skip


def _sentence(bundle: Checked, line: int, text: str) -> Iterable[Finding]:
    """总投资13600万元，其中争取上级资金5200万元，区级配套8400万元: parts of one unit after the whole."""
    for sentence in re.split(r"(?<=[。])", text):
        if not (_WHOLE.search(sentence) and _PARTS.search(sentence)):
            continue
        at = _PARTS.search(sentence)
        assert at is not None  # noqa: S101  (asked one line above)
        whole = [a for a in amounts(sentence[: at.start()]) if a.unit.endswith("元")]
        parts = [a for a in amounts(sentence[at.start() :]) if a.unit.endswith("元")]
        if len(whole) == 1 and len(parts) >= 2 and not _adds_up(whole[0], parts):
            total, summed = whole[0].size[0], sum(p.size[0] for p in parts)
            yield _finding(bundle, "sum", [(line, whole[0].written), *((line, p.written) for p in parts[:2])], f"各部分之和为 {summed / 1e4:g} 万元，总数写为 {total / 1e4:g} 万元。", f"The parts add up to {summed / 1e4:g} (10,000 yuan); the whole is {total / 1e4:g}.")  # fmt: skip


def _adds_up(whole: Amount, parts: Sequence[Amount]) -> bool:
    return _near(sum(p.size[0] for p in parts), whole.size[0])


def _against_text(bundle: Checked, document: Document, body: list[tuple[int, str]]) -> Iterable[Finding]:
    """The sum of a budget against the amount that the text names as the whole."""
    rows = _first_table([row for row in document.budget if row.amount is not None])
    unit = rows[0].unit if rows else None
    if len(rows) < 2 or unit not in ("元", "万元", "亿元"):
        return
    summed = sum(row.amount or 0.0 for row in rows) * {"元": 1.0, "万元": 1e4, "亿元": 1e8}[unit]
    for line, text in body:
        for sentence in re.split(r"(?<=[。])", text):
            found = _WHOLE.search(sentence)
            stated = [a for a in amounts(sentence[found.start() :]) if a.unit.endswith("元")] if found and "\t" not in sentence else []  # fmt: skip
            if stated and len(sentence) < 200 and not _near(summed, stated[0].size[0]) and _close(summed, stated[0].size[0]):  # fmt: skip
                yield _finding(bundle, "sum", [(line, stated[0].written), (rows[0].line, rows[0].item)], f"正文写总数 {stated[0].written}，表中各项之和为 {summed / 1e4:g} 万元。", f"The text says {stated[0].written}; the table adds up to {summed / 1e4:g} (10,000 yuan).")  # fmt: skip
                return


def _first_table(rows: list[BudgetLine]) -> list[BudgetLine]:
    """Rows up to one whose item came before, or far below the last: there another table begins."""
    found: list[BudgetLine] = []
    for row in rows:
        if found and (row.line - found[-1].line > NEXT_ROW or row.item in {old.item for old in found}):
            break
        found.append(row)
    return found


def _close(a: float, b: float) -> bool:
    """Of one size: a text that names another money than the table's does not contradict it."""
    return b > 0 and 0.5 <= a / b <= 2


def _claims(bundle: Checked, document: Document) -> Iterable[Finding]:
    """实施九项重点工程 as the only text under a heading, and how many items follow under it."""
    nodes = document.outline[:MOST_NODES]
    for n, node in enumerate(nodes):
        following = nodes[n + 1].line if n + 1 < len(nodes) else node.line
        for line in range(node.line + 1, following):
            match = _CLAIM.search(normalised(bundle.text(line)))
            said = None if match is None else int(match[1]) if match[1].isdigit() else chinese_number(match[1])
            level = nodes[n + 1].level if n + 1 < len(nodes) else 0
            if not said or level <= node.level:
                continue
            counted = 0
            for child in nodes[n + 1 :]:
                if child.level < level:
                    break
                counted += child.level == level
            if counted > 1 and counted != said and numbering_of(nodes[n + 1].number or "") is not None:
                yield _finding(bundle, "count", [(line, match[0] if match else ""), (nodes[n + 1].line, "")], f"文中说 {said} 项，其后列出 {counted} 项。", f"The text announces {said}; {counted} follow.")  # fmt: skip
