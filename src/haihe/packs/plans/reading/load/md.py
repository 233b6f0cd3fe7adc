"""Markdown: every line stays where it is and loses its marks, so that line n of the result is line n of the file.

A CommonMark parser would join and renumber lines, and clauses are cited by line; so the few marks that plans use are
stripped here.
"""

from __future__ import annotations

import re
from html import unescape

from haihe.packs.plans.reading.load import txt
from haihe.packs.plans.reading.model import Issue

_FENCE = re.compile(r"\s{0,3}(?:`{3,}|~{3,})")
_HEADING = re.compile(r"\s{0,3}#{1,6}(?:[ \t]+|$)")
_CLOSING_HASHES = re.compile(r"[ \t]+#+[ \t]*$")
_RULE = re.compile(r"\s{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|=+)\s*$")
_TABLE_RULE = re.compile(r"(?:\s*\|)?(?:\s*(?::-+:?|-+:|-{2,})\s*(?:\||$))+\s*$")  # a lone "-" is a cell without data
_QUOTE = re.compile(r"\s{0,3}>[ \t]?")
_BULLET = re.compile(r"(\s*)[-*+][ \t]+(?:\[[ xX]\][ \t]+)?")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_COMMENT = re.compile(r"<!--(?:(?!<!--|-->).)*-->")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<(?=https?://)|(?<=\w)>(?=\s|$)")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
_LINK = re.compile(r"(?<!\\)\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])")
_EMPHASIS = (
    re.compile(r"(?<![\w\\])(_{1,3})(?=\S)([^_]*?[^\s_\\])\1(?!\w)"),
    re.compile(r"(?<!\\)(\*{1,3})(?=\S)([^*]*?[^\s*\\])\1"),
    re.compile(r"(?<!\\)(~~)(?=\S)([^~]*?\S)\1"),
    re.compile(r"(?<!\\)(`+)([^`]+)\1"),
)
_MAX_LINE_CHARS = 5_000  # no paragraph is longer; the patterns above would take minutes on a line of megabytes
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def load(data: bytes, name: str) -> txt.Result:
    """The lines of a Markdown file without their marks."""
    lines, issues = txt.load(data, name)
    front = _front_matter_length(lines)
    if front:
        issues.append(Issue(1, f"文件头 {front} 行设置已略去。{front} lines of front matter were left out."))
    return tuple([""] * front + _plain_lines(lines[front:])), issues


def _front_matter_length(lines: tuple[str, ...]) -> int:
    """How many lines of settings between --- and --- begin the file."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    closing = next((number for number, line in enumerate(lines[1:60], start=2) if line.rstrip() in ("---", "...")), 0)
    return (
        closing if all(":" in line or not line.strip() or line[:1] in "-# \t" for line in lines[1 : closing - 1]) else 0
    )


def _plain_lines(lines: tuple[str, ...]) -> list[str]:
    plain: list[str] = []
    in_fence = in_comment = False
    last_closing = max((number for number, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        if in_comment:
            in_comment, line = "-->" not in line, line.partition("-->")[2]
        if _FENCE.match(line):
            in_fence = not in_fence
            plain.append("")
        elif in_fence:
            plain.append(line)
        else:
            line = _COMMENT.sub("", line)
            if "<!--" in line and number < last_closing:  # one that is never closed is no comment
                line, in_comment = line.partition("<!--")[0], True
            plain.append(_plain(line) if len(line) <= _MAX_LINE_CHARS else line)
    return plain


def _plain(line: str) -> str:
    while quote := _QUOTE.match(line):
        line = line[quote.end() :]
    if _RULE.match(line) or _TABLE_RULE.match(line):
        return ""
    if heading := _HEADING.match(line):
        line = _CLOSING_HASHES.sub("", line[heading.end() :])
    elif line.lstrip().startswith("|"):
        return "\t".join(_inline(cell.strip()) for cell in _CELL_BORDER.split(line.strip().strip("|")))
    line = _BULLET.sub(r"\1", line, count=1) if _BULLET.match(line) else line
    return _inline(line).rstrip()


def _inline(text: str) -> str:
    text = _BREAK.sub(" ", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub("", text)
    for emphasis in _EMPHASIS:
        text = emphasis.sub(r"\2", text)
    return unescape(_ESCAPE.sub(r"\1", text))
