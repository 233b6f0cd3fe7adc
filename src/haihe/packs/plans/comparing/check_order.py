"""Numbers of clauses that leave a gap or come twice, and a section of which only the first part is numbered."""

from __future__ import annotations

import re
from collections.abc import Iterable

from haihe.packs.plans.comparing.finding import MOST_NODES, Checked, Finding
from haihe.packs.plans.reading.model import Document, OutlineNode
from haihe.packs.plans.reading.numbers import chinese_number
from haihe.packs.plans.reading.outline import numbering_of

_COUNTED = ("chapter", "section", "article", "cn", "cn_bracket", "digit", "digit_bracket")
_FINANCIAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", "一二三四五六七八九十")


def check_order(bundle: Checked) -> Iterable[Finding]:
    for document in bundle.documents:
        yield from _gaps(bundle, document)
        yield from _lonely(bundle, document)


def number_value(node: OutlineNode) -> tuple[str, int] | None:
    """Kind of numbering and value: （三） → cn_bracket, 3. None for what is not counted."""
    found = numbering_of((node.number or "") + "某项内容")
    if found is None or found[0] not in _COUNTED:
        return None
    digits = re.search(r"\d+", node.number or "")
    chinese = re.search(r"[一二三四五六七八九十百零〇]+", (node.number or "").translate(_FINANCIAL))
    value = int(digits[0]) if digits else chinese_number(chinese[0]) if chinese else None
    return (found[0], value) if value is not None and value < 300 else None


def _gaps(bundle: Checked, document: Document) -> Iterable[Finding]:
    """A number follows the last of its kind under the same heading, or goes on from the section before, or starts again."""
    last: dict[str, tuple[int, OutlineNode]] = {}
    for node in document.outline[:MOST_NODES]:
        found = number_value(node)
        if found is None:
            continue
        kind, value = found
        before = last.get(kind)
        if before is not None and value != 1 and value not in (before[0] + 1,):
            yield _gap(bundle, before[1], node, twice=value == before[0])
        last[kind] = (value, node)


def _gap(bundle: Checked, before: OutlineNode, node: OutlineNode, *, twice: bool) -> Finding:
    zh, en = ("编号重复", "comes twice") if twice else ("编号不连续", "does not follow")
    return Finding(
        "numbering", "likely", (bundle.place(before.line, before.number or ""), bundle.place(node.line, node.number or "")),
        f"{zh}：“{before.number}”之后是“{node.number}”。", f"The number {en}: {before.number} is followed by {node.number}.",
        "请核对是否漏排条款，或只是编号笔误。", "See whether a clause is missing or only the number is wrong.",
    )  # fmt: skip


def _lonely(bundle: Checked, document: Document) -> Iterable[Finding]:
    """（一） stands alone in its section, and a short line without number looks like the （二） that it wants."""
    nodes = document.outline[:MOST_NODES]
    for n, node in enumerate(nodes):
        if number_value(node) != ("cn_bracket", 1):
            continue
        following = next((x for x in nodes[n + 1 :] if x.level <= node.level), None)
        if following is None or (number_value(following) or ("", 0))[0] == "cn_bracket":
            continue
        for line in range(node.line + 1, following.line):
            text = bundle.text(line).strip()
            if 3 <= len(text) <= 12 and re.fullmatch(r"[\u4e00-\u9fff]+", text):
                yield Finding(
                    "numbering", "likely", (bundle.place(node.line), bundle.place(line)),
                    f"“{node.number}”之后没有下一个编号，“{text}”像是漏了编号的标题。",
                    f"No number follows {node.number}; the line looks like a heading that lost its number.",
                    "请补上编号。", "Give it its number.",
                )  # fmt: skip
                break
