"""Headings with their numbering as written, and the text that belongs to each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CN = "[一二三四五六七八九十百零〇壹贰叁肆伍陆柒捌玖拾]+"
# Level, pattern of the number. The number's own spelling decides its level; the order of first appearance decides what nests.
NUMBERINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("chapter", re.compile(rf"第{_CN}[章篇编](?=\s|\S)")),
    ("section", re.compile(rf"第{_CN}节")),
    ("article", re.compile(rf"第{_CN}条")),
    ("box", re.compile(r"专栏\s?(?:\d+|[一二三四五六七八九十]+)[：:.]?")),
    ("cn", re.compile(rf"{_CN}[、.．]")),
    ("cn_bracket", re.compile(rf"（{_CN}）[、.]?")),
    ("dotted", re.compile(r"\d{1,2}(?:\.\d{1,2}){1,3}[.、]?(?=\s|(?![万亿个家项倍元年%])[\u4e00-\u9fff“])")),
    ("digit", re.compile(r"\d{1,3}\s?[.、](?!\d)")),
    ("digit_space", re.compile(r"\d{1,2}\s+(?=[\u4e00-\u9fff“])")),
    ("digit_bracket", re.compile(r"（\d{1,2}）[、.]?|\d{1,2}）")),
    ("circled", re.compile(r"[①-⑳]|[⑴-⒇]")),
    ("run_in", re.compile(rf"(?:{_CN})(?:是(?=[\u4e00-\u9fff]))")),
)
_ANNEX = re.compile(r"附\s?[件表录]\s?(?:\d+|[一二三四五六七八九十]+)?\s?[：:]?\s*\Z")


@dataclass(slots=True)
class Node:
    """A numbered item with all lines up to the next one. `heading` and `body` come from the normalised text."""

    line: int
    kind: str
    number: str
    heading: str
    rest: str  # what follows the heading on its own line
    rest_offset: int
    level: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)  # further lines without a number
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    @property
    def end_line(self) -> int:
        return self.lines[-1][0] if self.lines else self.line

    def ancestors(self) -> list[Node]:
        found, node = [], self.parent
        while node is not None:
            found.append(node)
            node = node.parent
        return found


def numbering_of(text: str) -> tuple[str, str, int] | None:
    """Kind, number as written and where the text after it starts; None for a line without a number."""
    stripped = text.lstrip()
    indent = len(text) - len(stripped)
    for kind, pattern in NUMBERINGS:
        match = pattern.match(stripped)
        if match is None:
            continue
        rest = stripped[match.end() :]
        if kind in ("digit_space", "run_in") and not rest.strip():
            continue
        if kind == "digit_space" and re.match(r"\d+\s+(?:年|月|日|个|家|项|万|亿)", stripped):
            continue
        return kind, match[0].strip(), indent + match.end() + (len(rest) - len(rest.lstrip()))
    return None


def split_heading(text: str) -> tuple[str, int]:
    """The run-in heading up to its stop and where the rest starts: 1．强化供给。加快… → 强化供给."""
    match = re.match(r"[“”]?[^。；：]{1,60}?。", text)
    if match and match.end() < len(text):
        return text[: match.end() - 1].strip(), match.end()
    colon = re.match(r"[^。；：，（]{2,30}(?:（[^（）：]{2,16}）)?：", text)
    if colon and colon.end() < len(text):
        return text[: colon.end() - 1].strip(), colon.end()
    if len(text) <= 80 or "。" not in text:
        return text.strip().rstrip("。：:"), len(text)
    return "", 0


def outline(lines: list[tuple[int, str]]) -> list[Node]:
    """The numbered items of a document's (line number, normalised text) pairs, with parents and children set."""
    nodes: list[Node] = []
    stack: list[Node] = []
    order: list[str] = []
    for number, text in lines:
        if not text.strip():
            continue
        found = numbering_of(text) if "\t" not in text.strip() else None
        if found is None:
            if stack:
                stack[-1].lines.append((number, text))
            continue
        kind, label, start = found
        heading, rest_at = split_heading(text[start:])
        node = Node(number, kind, label, heading, text[start + rest_at :], start + rest_at)
        if kind not in order or not any(open_.kind == kind for open_ in stack):
            # A kind that is not open nests below whatever is open, unless it outranks it by its spelling.
            stack = [open_ for open_ in stack if _rank(open_.kind) < _rank(kind)]
        else:
            while stack and stack[-1].kind != kind:
                stack.pop()
            if stack:
                stack.pop()
        order.append(kind)
        if stack:
            node.parent = stack[-1]
            stack[-1].children.append(node)
        node.level = len(stack) + 1
        stack.append(node)
        nodes.append(node)
    return nodes


def untitled_outline(lines: list[tuple[int, str]]) -> list[Node]:
    """Items of a document without numbers: a short line without a stop over longer ones is a heading."""
    filled = [(number, text) for number, text in lines if text.strip()]
    if not filled:
        return []
    nodes: list[Node] = []
    for (number, text), (_, following) in zip(filled, [*filled[1:], (0, "")], strict=True):
        stripped = text.strip()
        is_heading = (
            len(stripped) <= 24
            and not re.search(r"[。；：，、]", stripped)
            and "\t" not in text
            and len(following) > len(stripped)
        )
        if is_heading:
            nodes.append(Node(number, "title", "", stripped, "", len(text)))
        elif nodes:
            nodes[-1].lines.append((number, text))
    return nodes


def _rank(kind: str) -> int:
    return [name for name, _ in NUMBERINGS].index(kind)


def is_annex_mark(text: str) -> bool:
    return bool(_ANNEX.fullmatch(text.strip()))
