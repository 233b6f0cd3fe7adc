"""Budget tables (rows, or flattened to one cell a line) and subsidy clauses as tiers."""

from __future__ import annotations

import re

from haihe.packs.plans.reading.model import BudgetLine, SubsidyTier
from haihe.packs.plans.reading.numbers import quantities
from haihe.packs.plans.reading.tables import Table

_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_SUBSIDY = re.compile(r"奖励|补贴|补助|资助|奖补|贴息|安家费|津贴|经费|资金支持|扶持|奖金|支持")
_PER = re.compile(r"每年|每月|每人|每个|每家|每项|每亩|一次性|年度")
_CAP = re.compile(r"最高|不超过|上限|封顶")


def read_budget(table: Table) -> list[BudgetLine]:
    """Lines of a table that has an amount column; the unit stands in the column's title."""
    if "amount" not in table.columns:
        return []
    column = {
        name: table.columns.index(name) for name in ("amount", "price", "quantity", "stage") if name in table.columns
    }
    unit_title = table.titles[column["amount"]] if column["amount"] < len(table.titles) else ""
    unit = re.search(r"（([^）]*元)）", unit_title) or re.search(r"单位：\s*([^）)，。\s]*元)", table.caption)
    item_column = next((n for n, c in enumerate(table.columns) if c in ("task", "content")), None)
    found, stage = [], None
    for line, row in table.rows:
        stage = (row[column["stage"]] or stage) if "stage" in column else None
        item = row[item_column] if item_column is not None else ""
        if not item or re.fullmatch(r"[合小总]\s*计", item):
            continue
        values = {name: _value(row[n]) if n < len(row) else None for name, n in column.items() if name != "stage"}
        if any(v is not None for v in values.values()):
            found.append(
                BudgetLine(
                    line,
                    item,
                    stage,
                    values.get("quantity"),
                    values.get("price"),
                    values.get("amount"),
                    unit[1] if unit else None,
                )
            )
    return found


def _value(cell: str) -> float | None:
    match = _NUMBER.search(cell)
    return float(match[0].replace(",", "")) if match else None


def read_subsidies(lines: list[tuple[int, str]]) -> list[SubsidyTier]:
    """Each amount or rate of a subsidy clause with the words that say who gets it."""
    found = []
    for number, text in lines:
        if not _SUBSIDY.search(text):
            continue
        for sentence in re.split(r"(?<=[。；])", text):
            if not re.search(r"给予|奖励|补贴|补助|资助|享受|发放", sentence):
                continue
            for q in quantities(sentence):
                if not (
                    q.unit.endswith("元")
                    or (q.unit == "%" and re.search(r"按|给予", sentence[max(0, q.start - 16) : q.start]))
                ):
                    continue
                before = re.split(r"[，。；]", sentence[: q.start])
                condition = "，".join(part for part in before if part)[-120:]
                near = before[-1] + sentence[q.start : q.end]
                per = _PER.search(near)
                is_money = q.unit.endswith("元")
                cap = q.value_max or q.value if is_money and _CAP.search(near) else None
                found.append(
                    SubsidyTier(
                        number,
                        condition,
                        q.value if is_money else None,
                        q.value_max if is_money else None,
                        None if is_money else q.value,
                        q.unit if is_money else None,
                        cap,
                        per[0] if per else None,
                    )  # fmt: skip
                )
    return found
