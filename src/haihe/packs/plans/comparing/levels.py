"""City against district: which district clause answers which city clause, with a score and the reason; and which clause that
names the district, or all districts, has no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from haihe.packs.plans.comparing import matching
from haihe.packs.plans.comparing.paper import Paper, Passage, sentences

ANSWERED = 24.0  # at least this score; measured on the one city–district pair we have (tests/gold/comparisons.json)
MAYBE = 8.5
SHORT = 40  # characters
_ALL_DISTRICTS = re.compile(r"各(?:有关)?区(?:人民)?政府|有关区(?:人民)?政府|各区(?![域])|有条件的区|各县（市、区）")
_DISTRICT = re.compile(
    r"(?:^|[省市州])([\u4e00-\u9fff]{2,4}?[区县])(?=人民政府|委|加快|促进|推|新一代|智|人|关于|打造|建设|实施)"
)
_COMMON = re.compile(
    r"“?(?:人工智能|AI)\s?\+?”?|行动|工程|加强|推动|促进|支持|强化|加快|培育|产业|建设|平台|发展|优化|引育"
)
_RANK = re.compile(r"^[省市区县]委?|(?:委员会|委|局|办公室|办|部门)$|人民政府")


@dataclass(frozen=True, slots=True)
class Answer:
    """`shared` are words that both clauses have, the longest first; `units` the pairs of offices that answer one another."""

    passage: Passage
    score: float
    shared: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A city clause, or the part of it that names the district. `names`: the district, 各区, or empty where it names nobody."""

    passage: Passage
    names: str
    answers: tuple[Answer, ...]

    @property
    def kind(self) -> str:
        if self.answers and self.answers[0].score >= ANSWERED:
            return "answered"
        if self.answers:
            return "perhaps"
        return "unanswered" if self.names else "open"


def district_of(paper: Paper) -> str:
    return district_named(paper.issuer, paper.title)


def district_named(issuer: str, title: str) -> str:
    """武清区 from 武清区人民政府办公室 or from the title; empty where neither tells."""
    for written in (issuer, title):
        found = _DISTRICT.search(re.sub(r"\s", "", written))
        if found:
            return found[1]
    return ""


def compare_levels(city: Paper, district: Paper) -> list[Asked]:
    """For each clause of the city, at most three clauses of the district, the likeliest first."""
    name = district_of(district)
    asked = [part for passage in _clauses(city.passages) for part in _asks(passage, name)]
    answers = _clauses(district.passages)
    a = [matching.pairs_of(_COMMON.sub(" ", p.heading + "。" + p.words)) for p, _ in asked]
    b = [matching.pairs_of(_COMMON.sub(" ", p.heading + "。" + p.words)) for p in answers]
    weights = matching.Weights.of([*a, *b])
    found = []
    for n, proposals in enumerate(matching.candidates(a, b, weights)):
        rows = [_answer(asked[n][0], answers[m], a[n], b[m], weights) for m in proposals]
        kept = sorted((row for row in rows if row.score >= MAYBE), key=lambda row: (-row.score, row.passage.line))[:3]
        found.append(Asked(asked[n][0], asked[n][1], tuple(kept)))
    return found


def _clauses(passages: Sequence[Passage]) -> list[Passage]:
    """Paragraphs that say what is to be done; headings alone, goals and the preface say nothing that could be answered."""
    own = [p for p in passages if len(p.words) >= 30 and (p.section or p.number)]
    return [part for p in own if not re.search(r"目标|总体要求", p.heading + p.section) for part in _by_points(p)]


def _by_points(passage: Passage) -> list[Passage]:
    """A long paragraph of 一是 … 二是 … is as many clauses."""
    parts = re.split(r"(?<=。)(?=[一二三四五六七八九]是)", passage.words)
    if len(parts) < 2 or len(passage.words) < 200:
        return [passage]
    heads = [re.match(r".是([^，。；]{2,24})", part) for part in parts]
    return [
        replace(passage, words=p, text=p, heading=h[1] if h else passage.heading)
        for p, h in zip(parts, heads, strict=True)
    ]


def _asks(passage: Passage, district: str) -> list[tuple[Passage, str]]:
    """The clause; where parts of it name this district among others, those parts each for themselves as well."""
    found = [(passage, "各区" if _ALL_DISTRICTS.search(passage.text) else "")]
    if district and district in passage.words:
        parts = [part for part in sentences(passage.words) if district in part]
        found = [
            (replace(passage, text=part, words=_without_districts(part), heading="", units=()), district)
            for part in parts
        ]
    return found


def _without_districts(part: str) -> str:
    """支持甲区、乙区打造算力产业聚集区 → 打造算力产业聚集区: the list of districts is no subject."""
    found = re.search(r"[区县城](?=打造|建设|推动|开展|发展|布局|推进|创建|探索|率先)", part)
    return part[found.end() :] if found else part


def _answer(asked: Passage, answer: Passage, a: set[str], b: set[str], weights: matching.Weights) -> Answer:
    """How much of what the city clause says stands in the district clause, a little more where heading and offices agree."""
    common = weights.total(a & b)
    cover = common / (weights.total(a) or 1.0)
    mutual = common / ((weights.total(a) * weights.total(b)) ** 0.5 or 1.0)
    units = tuple(sorted(_offices(asked) & _offices(answer)))
    topic = matching.pairs_of(_COMMON.sub(" ", asked.heading)) & matching.pairs_of(_COMMON.sub(" ", answer.heading))
    weight = (
        0.4 if len(asked.words) > SHORT else 0.8
    )  # a few words are answered where they stand, however much else does
    score = 100 * (weight * cover + (1 - weight) * mutual) + (14 if topic else 0) + min(6, 2 * len(units))
    return Answer(answer, round(min(score, 100.0), 1), _shared(asked.words, answer.words), units)


def _offices(passage: Passage) -> set[str]:
    """市数据局 and 区数据局 are the same office at two levels."""
    return {name for unit in passage.units if len(name := _RANK.sub("", _RANK.sub("", unit))) > 1}


def _shared(a: str, b: str, most: int = 4) -> tuple[str, ...]:
    """The longest runs of at least four characters that stand in both, none inside another."""
    runs: set[str] = set()
    start = 0
    while start < len(a):
        end = start + 4
        while end <= len(a) and a[start:end] in b and not re.search(r"[，。；：]", a[start:end]):
            end += 1
        if end - 1 - start >= 4:
            runs.add(a[start : end - 1].strip("、"))
            start = end - 1
        else:
            start += 1
    return tuple(sorted((run for run in runs if len(run) >= 4), key=lambda run: (-len(run), run))[:most])
