"""Tables: rows with cells joined by tabs or |, and tables flattened to one cell a line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from haihe.packs.plans.reading.units import is_unit, unit_list

_HEADS = {
    "number": re.compile(r"序\s*号|编号"),
    "task": re.compile(
        r"任务名称|工作任务|重点任务|主要任务|重点项目|重点事项|事项名称|工作事项|项目名称|任务|事项|重点工作|工作内容|主要内容|项目|措施|举措|内容|目标任务"
    ),
    "lead": re.compile(r"牵头(?:责任)?(?:单位|部门|司局)|主办单位|主责单位|牵头"),
    "responsible": re.compile(r"责任(?:单位|部门|主体|司局)|负责单位|承办单位|落实单位|实施单位|完成单位"),
    "support": re.compile(r"配合(?:单位|部门|司局)|协(?:办|同|作|助)单位|参(?:与|加)单位|协同部门|支持单位"),
    "deadline": re.compile(r"完成时[限间]|时[限间](?:要求|节点|安排)?|进度(?:要求|安排)?|办结时限"),
    "indicator": re.compile(r"指标(?:名称)?|主要指标"),
    "unit": re.compile(r"(?:计量)?单位\Z"),
    "year": re.compile(r"20\d\d\s*年?.{0,8}"),
    "kind": re.compile(r"属性|指标性质|类型|类别"),
    "person": re.compile(r"分管|责任人|联系人|领导|备注|说明"),
    "stage": re.compile(r"阶段"),
    "quantity": re.compile(r"数量"),
    "price": re.compile(r"单价"),
}
_AMOUNT = re.compile(
    r"(?:小计|合计|金额|预算|概算|估算|投资|资金|经费)(?!单位|来源|渠道|主体|名称|内容|方式|使用|安排)[^来源渠道]{0,8}\Z"
)


@dataclass
class Table:
    """Column meanings and rows as (line, cells)."""

    columns: list[str]
    titles: list[str]
    rows: list[tuple[int, list[str]]]
    start: int
    end: int
    caption: str = ""  # the line above it, which may give the unit of all its numbers


def meaning(cell: str) -> str | None:
    cell = re.sub(r"\s", "", cell)
    if not cell or len(cell) > 22:
        return None
    if _AMOUNT.search(cell):
        return "amount"
    for name, pattern in _HEADS.items():
        if name == "year":
            if re.match(
                r"(?:到|至)?20\d\d|(?:“?十[三四五六]五”?末?)?(?:基期|现状|当前|目标|规划|基准)(?:目标)?(?:值|数|年)",
                cell,
            ):
                return "year"
        elif name in ("task",):
            if pattern.search(cell):
                return "task"
        elif pattern.match(cell):
            return name
    return None


def cells_of(text: str) -> list[str] | None:
    if "\t" in text.strip():
        return [c.strip() for c in text.strip("\n").split("\t")]
    if text.count("|") >= 2:
        return [c.strip() for c in text.strip().strip("|").split("|")]
    return None


def find_tables(lines: list[tuple[int, str]], title: str = "") -> list[Table]:
    """The tables of a document's lines. `title` stands above the first line, and may be a table's caption."""
    found: list[Table] = []
    position = 0
    above = title
    while position < len(lines):
        cells = cells_of(lines[position][1])
        if cells:
            meanings = [meaning(c) for c in cells]
            if sum(m is not None for m in meanings) >= max(2, len(cells) - 2):
                table, position = _rows(lines, position, cells, meanings)
                table.caption = above
                found.append(table)
                continue
        flat = _flattened(lines, position)
        if flat is not None:
            table, position = flat
            found.append(table)
            continue
        above = lines[position][1].strip() or above
        position += 1
    return found


def _rows(lines, position, cells, meanings):  # type: ignore[no-untyped-def]
    columns = [m or "other" for m in meanings]
    seen_task = False
    for n, c in enumerate(columns):
        if c == "task":
            if seen_task:
                columns[n] = "content"
            seen_task = True
    rows = []
    start = position
    position += 1
    while position < len(lines):
        number, text = lines[position]
        row = cells_of(text)
        if row is None:
            if not text.strip() or re.fullmatch(r"\s*[—-]\s?\d+\s?[—-]\s*", text):
                position += 1
                continue
            break
        if sum(meaning(c) is not None for c in row) >= len(columns) - 1 and len(row) >= 3:
            position += 1
            continue
        row = (row + [""] * len(columns))[: max(len(columns), len(row))]
        if not re.fullmatch(r"[-: ]*", "".join(row)):
            rows.append((number, row))
        position += 1
    return Table(columns, cells, rows, lines[start][0], lines[position - 1][0]), position


def _flattened(lines, position):  # type: ignore[no-untyped-def]
    heads: list[str] = []
    titles: list[str] = []
    index = position
    while index < len(lines) and len(heads) < 9:
        text = lines[index][1].strip()
        if not text:
            index += 1
            if not heads:
                return None
            continue
        name = meaning(text)
        if name is None or len(text) > 14:
            break
        heads.append(name)
        titles.append(text)
        index += 1
    if len(heads) < 3 or heads[0] not in ("number", "stage") or not ({"lead", "responsible", "amount"} & set(heads)):
        return None
    if heads[0] != "number":
        return None
    rows: list[tuple[int, list[str]]] = []
    expected = 1
    current: list[tuple[int, str]] = []
    while index < len(lines):
        number, text = lines[index]
        stripped = text.strip()
        if re.fullmatch(rf"{expected}", stripped):
            if current:
                rows.append(_flat_row(current, heads))
            current = [(number, stripped)]
            expected += 1
        elif current and (len(stripped) > 90 or (re.match(r"[一二三四五六七八九十]+、|附件|（[一二三]", stripped))):
            break
        elif current:
            if stripped or len(current) > 1:
                current.append((number, stripped))
        else:
            break
        index += 1
    if current:
        rows.append(_flat_row(current, heads))
    if not rows:
        return None
    seen = False
    for n, c in enumerate(heads):
        if c == "task":
            heads[n] = "content" if seen else "task"
            seen = True
    return Table(heads, titles, rows, lines[position][0], lines[index - 1][0]), index


def _flat_row(cells: list[tuple[int, str]], heads: list[str]) -> tuple[int, list[str]]:
    width = len(heads)
    texts = [t for _, t in cells]
    while texts and not texts[-1]:
        texts.pop()
    filled = [t for t in texts if t]
    if len(filled) == width:
        texts = filled
    elif len(filled) > width:
        texts = filled  # broken cells: too many; join the ones that end open
        merged: list[str] = []
        for t in texts:
            if (
                merged
                and len(texts) > width
                and (merged[-1].endswith(("、", "，", "（")) or t.startswith(("、", "，")))
            ):
                merged[-1] += t
            else:
                merged.append(t)
        texts = merged
    return cells[0][0], (_aligned(texts, heads) + [""] * width)[: max(width, len(texts))]


def _aligned(texts: list[str], heads: list[str]) -> list[str]:
    """Cells put under their columns by the cell that names units: what a broken cell left before it is one cell again."""
    at = next((n for n, head in enumerate(heads) if head in ("lead", "responsible")), None)
    if at is None or at >= len(texts) or at < 2 or _names_units(texts[at]):
        return texts
    found = next((n for n in range(at + 1, len(texts)) if _names_units(texts[n])), None)
    if found is None:
        return texts
    extra = found - at
    return [*texts[: at - 1], "".join(texts[at - 1 : at + extra]), *texts[found:]]


def _names_units(cell: str) -> bool:
    names = unit_list(cell, "responsible")
    return bool(names) and all(is_unit(unit.name) for unit in names)
