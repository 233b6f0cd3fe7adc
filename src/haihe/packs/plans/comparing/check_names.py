"""Names that differ where they should be one: annexes, the plan's own title, cited documents, leading groups, units, terms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rapidfuzz.distance import Indel, Levenshtein

from haihe.packs.plans.comparing.finding import Checked, Finding, Severity
from haihe.packs.plans.reading.lines import normalised

_QUOTED = re.compile(r"《([^《》]{4,60})》")
_OWN_KIND = re.compile(
    r"制[定订]本(总体方案|实施方案|行动方案|工作方案|行动计划|实施计划|规划|实施意见|若干措施|方案|计划|意见|措施)"
)
_GROUP = re.compile(r"(?:成立|建立|调整)([\u4e00-\u9fff“”]{4,30}(?:领导小组|指挥部|联席会议))")
_YEARS = re.compile(r"[（(][^（()）]*[）)]|\s|[“”]")
_LATIN = re.compile(r"[A-Za-z]{1,}(?:[-—–][A-Za-z]+)+|[A-Z][A-Za-z]{5,}")
MOST_NAMES = 400


def check_names(bundle: Checked) -> Iterable[Finding]:
    yield from _annexes(bundle)
    yield from _own_kind(bundle)
    yield from _titles(bundle)
    yield from _groups(bundle)
    yield from _units(bundle)
    yield from _terms(bundle)
    yield from _repeated(bundle)


def _finding(bundle: Checked, kind: str, severity: Severity, places: Sequence[tuple[int, str]], zh: str, en: str) -> Finding:  # fmt: skip
    return Finding(
        kind, severity, tuple(bundle.place(line, words) for line, words in places), zh, en, "请统一名称；若确为不同事物，请保留并注明。",
        "Use one name; where two things are meant, mark this as intended.",
    )  # fmt: skip


def _bare(name: str) -> str:
    return _YEARS.sub("", normalised(name))


def _inserted(short: str, long: str) -> str | None:
    """What `long` has more than `short`, where nothing else differs and it is two to six characters; otherwise None."""
    if (
        not (2 <= len(long) - len(short) <= 6)
        or len(short) < 8
        or Indel.distance(short, long) != len(long) - len(short)
    ):
        return None
    return "".join(long[op.dest_start : op.dest_end] for op in Indel.opcodes(short, long) if op.tag == "insert")


def _annexes(bundle: Checked) -> Iterable[Finding]:
    """附件：… announces a title; the annex itself stands under another one."""
    annexes = [d for d in bundle.documents if d.kind == "annex"]
    for document in bundle.documents:
        for line in range(document.line, min(document.end_line, len(bundle.lines)) + 1):
            found = re.match(r"\s*附\s?件\s?\d*\s?：\s*(?:\d+[.、]\s*)?(.{4,80})", normalised(bundle.text(line)))
            if found is None:
                continue
            said = _bare(found[1] + _continued(bundle, line))
            following = next((d for d in annexes if 0 < d.line - line <= 12), None)
            if following is not None and said and said != _bare(following.title) and not _bare(following.title).startswith(said):  # fmt: skip
                yield _finding(bundle, "annex", "note", [(line, found[1][:50]), (following.line, "")], f"文中称附件为“{said}”，附件自己的标题是“{_bare(following.title)}”。", "The annex is announced under another title than it bears.")  # fmt: skip


def _continued(bundle: Checked, line: int) -> str:
    text = bundle.text(line + 1).strip()
    return text if 0 < len(text) <= 24 and re.fullmatch(r"[\u4e00-\u9fff]+", text) and text != "附件" else ""


def _own_kind(bundle: Checked) -> Iterable[Finding]:
    """The plan calls itself 行动计划 in its title and 实施方案 in its first paragraph."""
    for document in bundle.documents:
        if document.kind != "plan":
            continue
        for line in range(document.line, min(document.line + 30, document.end_line, len(bundle.lines)) + 1):
            found = _OWN_KIND.search(bundle.text(line))
            if found:
                title = _bare(document.title)
                if not title.endswith(found[1][-2:]):
                    yield _finding(bundle, "own_title", "note", [(document.line, ""), (line, found[0])], f"标题为“{title[-12:]}”，正文自称“{found[1]}”。", "The title calls the document by another kind than its text does.")  # fmt: skip
                break


def _titles(bundle: Checked) -> Iterable[Finding]:
    """Two quoted names, or a quoted name and the title of a document here, of which one has only a word more."""
    names: dict[str, int] = {_bare(d.title): d.line for d in bundle.documents if d.kind in ("plan", "annex")}
    own = set(names)
    for number, text in enumerate(bundle.lines, 1):
        for match in _QUOTED.finditer(text):
            names.setdefault(_bare(match[1]), number)
        if len(names) > MOST_NAMES:
            break
    for short in names:
        for long in names:
            more = _inserted(short, long)
            if more is not None and not (short in own and long in own) and not re.search(r"[省市区县镇州]\Z|\d|修订|试行", more):  # fmt: skip
                yield _finding(bundle, "cited", "likely", sorted([(names[short], short), (names[long], long)]), f"“{short}”与“{long}”只差“{more}”，可能是同一份文件。", f"The two names differ only by {more!r} and may be one document.")  # fmt: skip


def _groups(bundle: Checked) -> Iterable[Finding]:
    """成立…领导小组 twice in one document under names of which one has only words more."""
    for document in bundle.documents:
        found: list[tuple[str, int]] = []
        for line in range(document.line, min(document.end_line, len(bundle.lines)) + 1):
            found += [(match[1], line) for match in _GROUP.finditer(bundle.text(line))]
        for n, (one, first) in enumerate(found):
            for two, second in found[n + 1 : n + 20]:
                short, long = sorted((one, two), key=len)
                if first != second and _inserted(short, long):
                    yield _finding(bundle, "group", "note", [(first, one), (second, two)], f"同一机构有两个名称：“{one}”“{two}”。", "One body is given two names.")  # fmt: skip


def _units(bundle: Checked) -> Iterable[Finding]:
    """A unit written with and without its first words, and a unit of the division table that the text never names."""
    where: dict[str, int] = {}
    for task in (t for d in bundle.documents for t in d.tasks):
        for unit in task.units:
            where.setdefault(unit.name, task.line)
    names = sorted(where)[:MOST_NAMES]
    for short in names:
        for long in names:
            more = long.removesuffix(short)
            if long.endswith(short) and 2 <= len(more) <= 4 and len(short) >= 3 and re.search(r"[园区]\Z", short) and not short.startswith(("各", "区", "市", "县")) and not more.startswith("各"):  # fmt: skip
                yield _finding(bundle, "unit_name", "note", sorted([(where[short], short), (where[long], long)]), f"同一单位写作“{short}”和“{long}”。", "One unit is written in two ways.")  # fmt: skip
    yield from _only_in_the_table(bundle)


def _only_in_the_table(bundle: Checked) -> Iterable[Finding]:
    """A table of the division of work that names a unit which the text with its own lists of units never does."""
    in_text = {
        u.name
        for d in bundle.documents
        if d.kind == "plan"
        for t in d.tasks
        if "\t" not in bundle.text(t.line)
        for u in t.units
    }
    if len(in_text) < 5:
        return
    told: set[str] = set()
    for document in bundle.documents:
        for task in document.tasks:
            for unit in task.units:
                if "\t" in bundle.text(task.line) and unit.name not in told and not _named(unit.name, in_text):
                    told.add(unit.name)
                    yield _finding(bundle, "unit_missing", "note", [(task.line, unit.name)], f"分工表中的“{unit.name}”在正文各任务的责任单位中没有出现。", "The division table names a unit that no task of the text does.")  # fmt: skip


def _named(unit: str, names: set[str]) -> bool:
    if unit in names or unit.startswith(("各", "有关", "相关")):
        return True
    # A street or town is named by 各街镇.
    return bool(re.search(r"(?:街道|镇|乡)(?:办事处|人民政府|政府)?\Z", unit)) and any(
        re.match(r"各(?:镇|街|乡)", n) for n in names
    )


def _terms(bundle: Checked) -> Iterable[Finding]:
    """NB-IoT and NB-LoT: Latin words of one letter's difference, of which one stands only once or twice."""
    where: dict[str, int] = {}
    for number, text in enumerate(bundle.lines, 1):
        if len(where) > MOST_NAMES:
            break
        for match in _LATIN.finditer(text[:20_000]):
            where.setdefault(match[0], number)
    for n, one in enumerate(names := sorted(where)):
        for two in names[n + 1 :]:
            same_length = len(one) == len(two) >= 5 and one.lower() != two.lower() and "flop" not in one.lower()
            if same_length and Levenshtein.distance(one, two) == 1 and re.search(r"[-—–]", one):
                yield _finding(bundle, "term", "note", sorted([(where[one], one), (where[two], two)]), f"“{one}”与“{two}”只差一个字母。", "Two terms differ by one letter.")  # fmt: skip


def _repeated(bundle: Checked) -> Iterable[Finding]:
    """The beginning of a sentence part said twice in a row: words left over from editing."""
    for number, text in enumerate(bundle.lines, 1):
        parts = re.split(r"[，；。]", text[:20_000])
        for one, two in pairwise(parts):
            same = 0
            while same < min(len(one), len(two)) and one[same] == two[same]:
                same += 1
            if same >= 16:
                yield _finding(bundle, "repeated", "note", [(number, two[:same])], f"“{two[:20]}……”接连出现两次，疑为编辑残留。", "The same words stand twice in a row, perhaps left over from editing.")  # fmt: skip
                break
