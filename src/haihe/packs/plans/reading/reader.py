"""From numbered lines to documents: the stages in their order."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from haihe.packs.plans.reading import boundaries, metadata
from haihe.packs.plans.reading.boundaries import Span
from haihe.packs.plans.reading.budget import read_budget, read_subsidies
from haihe.packs.plans.reading.facts import (
    Facts,
    header_facts,
    notice_facts,
    period,
    signed,
    status,
    with_facts,
    with_past,
    without_own_titles,
)
from haihe.packs.plans.reading.flat_budget import read_flat_budget
from haihe.packs.plans.reading.lines import normalised
from haihe.packs.plans.reading.model import (
    Bundle,
    Document,
    Issue,
    NamedSystem,
    OutlineNode,
    Reading,
    SourceText,
    Target,
    Task,
)
from haihe.packs.plans.reading.outline import Node, outline, untitled_outline
from haihe.packs.plans.reading.paragraphs import Pieces, join_wrapped, placed
from haihe.packs.plans.reading.phases import read_phases
from haihe.packs.plans.reading.systems import read_systems
from haihe.packs.plans.reading.table_rows import read_indicator_rows, read_task_rows
from haihe.packs.plans.reading.tables import find_tables
from haihe.packs.plans.reading.targets import BASELINE_SECTION, read_targets
from haihe.packs.plans.reading.tasks import read_tasks

Line = tuple[int, str]
LONGEST_LINE = 200_000  # a "line" longer than this is no paragraph of a plan


def read_source(source: SourceText) -> Reading:
    """Read every document of a text. Never raises: what is odd becomes an issue with its line and reason."""
    originals = [line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] for line in source.lines]
    issues = [
        Issue(n, "行过长，只读取开头 line too long, only its beginning was read")
        for n, line in enumerate(source.lines, 1)
        if len(line) > LONGEST_LINE
    ]
    numbered = [(number, normalised(text)) for number, text in enumerate(originals, 1)]
    kept, aside = boundaries.sift(numbered)
    issues += aside
    spans = boundaries.with_their_bodies(boundaries.find_documents(kept))
    if not any(span.kind in ("plan", "notice") for span in spans) or _is_news_page(spans, kept):
        article, others = boundaries.find_news(kept)
        if article is not None:
            spans, issues = [article], issues + others
        elif not any(_has_substance(span) for span in spans):
            spans = boundaries.without_title_word(kept)
    first = spans[0].line if spans else len(originals) + 1
    header = [(n, t) for n, t in kept if n < first and t.strip()]
    issues += [Issue(n, "不属于任何文件 text that belongs to no document") for n, t in header if len(t.strip()) > 60]
    spans, copies = _without_copies(spans)
    issues += copies
    top = [(n, t) for n, t in numbered if n < first + 12][-60:]
    documents = _documents(spans, header, originals, metadata.stated_facts(top, originals))
    return Reading(source, documents, tuple(sorted(issues, key=lambda issue: issue.line)))


def _is_news_page(spans: list[Span], lines: list[Line]) -> bool:
    """Bylines of reporters and no outline: an article about a plan rather than the plan."""
    bylines = sum(1 for _, text in lines if boundaries.is_byline(text))
    return bylines >= 1 and not any(len(outline(span.body)) >= 4 for span in spans)


def _has_substance(span: Span) -> bool:
    return len(outline(span.body)) >= 2 or any("\t" in text for _, text in span.body)


def _without_copies(spans: list[Span]) -> tuple[list[Span], list[Issue]]:
    """A second copy of a document (same title, same lines) is put aside."""
    kept: list[Span] = []
    issues: list[Issue] = []
    seen: dict[str, set[str]] = {}
    for span in spans:
        whole = re.sub(r"\s", "", "".join(text for _, text in span.body))
        words = {sentence for sentence in re.split(r"[。；：]", whole) if len(sentence) > 10}
        key = re.sub(r"\W", "", span.title)
        earlier = seen.get(key)
        if earlier is not None and span.kind != "notice" and words and len(words & earlier) >= 0.6 * len(words):
            issues.append(Issue(span.line, "与前文重复的第二份文本 a second copy of the text above"))
            continue
        seen[key] = words
        kept.append(span)
    return kept, issues


def _documents(spans: list[Span], header: list[Line], originals: list[str], stated: Facts) -> tuple[Document, ...]:
    notice = next((span for span in spans if span.kind == "notice"), None)
    bundled = [span for span in spans if span.kind == "plan"]
    found = []
    for span in spans:
        document = _document(
            span,
            header if span is spans[0] else [],
            originals,
            holds_content=not bundled or len(outline(span.body)) > 12,
        )
        if notice is not None and span is not notice:
            inherited = notice_facts(notice, header, originals)
            document = replace(
                document, notice=notice.title, number=document.number or inherited[0], issued_on=document.issued_on or inherited[1],
                issuer=document.issuer or inherited[2],
            )  # fmt: skip
        elif notice is None and span.kind in ("plan", "annex"):
            document = with_facts(document, header_facts(header, originals))
        if span.kind in ("plan", "annex", "notice"):
            document = with_facts(document, stated)
        if len(bundled) > 1 and span in bundled:
            document = replace(document, bundle=Bundle((notice or bundled[0]).title, bundled.index(span) + 1))
        found.append(with_past(document))
    return tuple(without_own_titles(document, found) for document in found)


def _title(span: Span, originals: list[str]) -> str:
    """The title as written, its wrapped lines put together."""
    written = "".join(originals[number - 1].strip() for number in span.title_lines)
    return written if span.kind != "news" or len(written) <= 80 else span.title


def _document(span: Span, header: list[Line], originals: list[str], *, holds_content: bool = True) -> Document:
    near = [*header[-6:], *span.body[:10], *span.body[-6:]]
    title = _title(span, originals)
    known = {
        "line": span.line, "end_line": span.end_line, "title": title, "kind": span.kind, "status": status(title, span),
        "issuer": metadata.issuer_of(span.title, []) or signed(span, header), "number": metadata.number_in(near, originals),
        "issued_on": metadata.issued_on(near), "period": period(span), "bundle": None, "notice": None,
        "references": tuple(metadata.references(span.body, originals)), "annexes": _annexes(span.body, originals),
    }  # fmt: skip
    if span.kind == "notice" and not holds_content:
        return Document(**known)  # type: ignore[arg-type]
    return Document(**known, **_content(span, originals))  # type: ignore[arg-type]


def _annexes(body: list[Line], originals: list[str]) -> tuple[str, ...]:
    found = []
    for number, text in body:
        match = re.match(r"\s*附\s?件\s?\d*\s?：\s*(?:\d+[.、]\s*)?(.{4,80})", text)
        if match:
            found.append(originals[number - 1][match.start(1) : match.end(1)].strip().rstrip("。"))
    return tuple(found)


def _content(span: Span, originals: list[str]) -> dict[str, object]:
    """Everything that a document commits to, and its outline."""
    tables = find_tables(span.body, span.title)
    in_table = {number for table in tables for number in range(table.start, table.end + 1)}
    lines, whole, pieces = join_wrapped([(n, t) for n, t in span.body if n not in in_table], originals)
    texts = {number: whole.get(number, originals[number - 1]) for number, _ in lines}
    nodes = outline(lines)
    if len(nodes) < 3:
        nodes = untitled_outline(lines) or nodes
    loose = [(n, t) for n, t in lines if t.strip() and (not nodes or n < nodes[0].line)]
    baseline = _baseline_lines(nodes)
    subsidy_lines = read_subsidies(lines)
    targets: list[Target] = []
    systems = []
    explains = bool(re.search(r"编制说明|起草说明|政策解读|解读材料", span.title))
    for number, line in lines:
        text = line.replace("\t", "；")  # cells of a table of no known kind are read as clauses
        if text.strip() and not _is_contact(text) and not explains:
            read = read_targets(number, texts[number], text, in_baseline_section=number in baseline)
            targets += _placed(read, text, pieces.get(number), originals)
            if number not in baseline:
                systems += _placed(read_systems(number, texts[number], text), text, pieces.get(number), originals)
    tasks = read_tasks(nodes, loose, lines, texts)
    rows: list[Task] = []
    budget = []
    issues: list[Issue] = []
    for table in tables:
        rows += read_task_rows(table, originals)
        targets += read_indicator_rows(table, originals)
        budget += read_budget(table)
        systems += [s for line, row in table.rows for cell in row for s in read_systems(line, cell, normalised(cell))]
        if not rows and not budget and table.rows and not any(t.line == table.rows[0][0] for t in targets):
            issues.append(Issue(table.start, "未识别的表格 a table of unknown kind"))
    budget += read_flat_budget(span.body, in_table)
    if any(task.units for task in rows) and not any(task.units for task in tasks):
        tasks = []  # the annex divides the work; the items of the text are explained by it
    tasks = sorted([*tasks, *rows], key=lambda task: task.line)
    issues += _odd(tasks, targets)
    return {
        "outline": tuple(OutlineNode(n.line, n.level, n.number, n.heading) for n in nodes),
        "targets": tuple(sorted(targets, key=lambda t: (t.line, t.span or (0, 0)))), "tasks": tuple(tasks), "systems": tuple(systems),
        "budget": tuple(sorted(budget, key=lambda row: row.line)), "phases": tuple(read_phases(lines)), "subsidies": tuple(subsidy_lines), "issues": tuple(issues),
    }  # fmt: skip


def _is_contact(text: str) -> bool:
    return bool(re.search(r"联系(?:人|电话|方式)|电子邮箱|邮政?编码?：|通信地址|反馈意见|@", text))


Placed = TypeVar("Placed", Target, NamedSystem)


def _placed(found: list[Placed], text: str, pieces: Pieces | None, originals: list[str]) -> list[Placed]:
    """What was read in a joined paragraph, with the line on which its clause starts; a span that ends on a later line is left out."""
    if pieces is None:
        return found
    moved: list[Placed] = []
    for item in found:
        line, span = placed(item.span, text, pieces) if item.span else (item.line, None)
        inside = span is not None and span[0] >= 0 and span[1] <= len(originals[line - 1].rstrip())
        moved.append(replace(item, line=line, span=span if inside else None))
    return moved


def _baseline_lines(nodes: list[Node]) -> set[int]:
    """Lines of sections that tell how things are: 发展现状, 工作基础."""
    found: set[int] = set()
    for node in nodes:
        if any(len(n.heading) < 24 and BASELINE_SECTION.search(n.heading) for n in [node, *node.ancestors()]):
            found |= set(range(node.line, node.end_line + 1))
    return found


def _odd(tasks: list[Task], targets: list[Target]) -> list[Issue]:
    issues = [
        Issue(t.line, f"数字没有对象：{t.value_as_written} a number without a subject")
        for t in targets
        if not t.subject
    ]
    if any(task.units for task in tasks):
        issues += [
            Issue(task.line, "任务没有读出责任单位 no unit was read for this task") for task in tasks if not task.units
        ]
    return issues
