"""Asking the index. Each kind is asked for by itself, within the rows that the account may see, newest first.

Of a kind at most CANDIDATES rows are ranked: those whose title has the words before those whose text has them, the newest of each.
A word that a hundred thousand rows have is then answered as fast as a rare one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick
from haihe.kernel.permissions import declare, demand, visible
from haihe.kernel.search.indexing import word_of_kind
from haihe.kernel.search.kinds import KINDS, Searchable
from haihe.kernel.search.models import SearchEntry
from haihe.kernel.search.words import Phrase, marked, phrases_of

declare("search.use", "搜索", "search", roles=Role.values)

M = TypeVar("M", bound=models.Model)
CANDIDATES = 200
FEW = 500
TITLE_WEIGHT = 8.0
RECENCY = 0.15  # the newest of the candidates gains this share of the best rank, the oldest nothing


@dataclass(frozen=True)
class Found:
    """A row that was found: `title` and `text` in pieces, each with whether the question names it."""

    entry: SearchEntry
    title: list[tuple[str, bool]]
    text: list[tuple[str, bool]]


@dataclass(frozen=True)
class Group:
    """What was found of one kind. `total` counts up to CANDIDATES; `more`: there are at least that many."""

    kind: str
    heading: str
    found: list[Found]
    total: int
    more: bool


def search(account: Account, question: str, *, a_kind: int = 5) -> list[Group]:
    """The best rows of every kind, kinds with the best hits first."""
    demand(account, "search.use")
    groups = [search_kind(account, question, kind, limit=a_kind) for kind in KINDS] if phrases_of(question) else []
    return [group for group in groups if group.found]


def search_kind(account: Account, question: str, kind: str, *, limit: int = 20, offset: int = 0) -> Group:
    """The rows of one kind from `offset` on, best first."""
    demand(account, "search.use")
    declared, phrases = KINDS[kind], phrases_of(question)
    heading = pick(declared.title_zh, declared.title_en)
    seen = visible(account, declared.model._default_manager.all())
    if not phrases or seen.query.is_empty():
        return Group(kind, heading, [], 0, False)
    ranked = _ranked(declared, seen, phrases)
    entries = SearchEntry.objects.in_bulk(ranked[offset : offset + limit])
    rows = [entries[pk] for pk in ranked[offset : offset + limit] if pk in entries]
    found = [Found(row, marked(row.title, question), marked(row.text, question, 120)) for row in rows]
    return Group(kind, heading, found, len(ranked), len(ranked) >= CANDIDATES)


def matching(rows: QuerySet[M], question: str) -> QuerySet[M]:
    """Those of the rows (of a searchable model) in which all words of the question stand, however many; none for no words."""
    kind, phrases = rows.model._meta.label_lower, phrases_of(question)
    if not phrases:
        return rows.none()
    if connection.vendor == "postgresql":
        sql = "SELECT e.object_id FROM kernel_searchentry e WHERE e.words @@ %s::tsquery"
        found = RawSQL(sql, (_postgresql(kind, phrases, False),))  # noqa: S611  (values only)
    else:
        sql = "SELECT e.object_id FROM kernel_searchwords w JOIN kernel_searchentry e ON e.id = w.rowid WHERE kernel_searchwords MATCH %s"
        found = RawSQL(sql, (_fts5(kind, phrases, False),))  # noqa: S611  (values only)
    return rows.filter(pk__in=found)


def _ranked(declared: Searchable, seen: QuerySet[Any], phrases: Sequence[Phrase]) -> list[int]:
    """Numbers of entries, best first."""
    best: dict[int, float] = {}
    for in_title in (True, False):
        if len(best) < CANDIDATES:
            for pk, rank in _candidates(declared, seen, phrases, in_title=in_title):
                best.setdefault(pk, rank * (TITLE_WEIGHT if in_title else 1.0))
    newest = sorted(best, reverse=True)
    top = max(best.values(), default=0.0) or 1.0
    score = {pk: best[pk] / top + RECENCY * (1 - place / len(newest)) for place, pk in enumerate(newest)}
    return sorted(newest, key=lambda pk: -score[pk])[:CANDIDATES]


def _candidates(
    declared: Searchable, seen: QuerySet[Any], phrases: Sequence[Phrase], *, in_title: bool
) -> list[tuple[int, float]]:
    """Number and rank (more is better) of the newest entries that have all phrases, in the title or anywhere."""
    try:
        within, values = _within(declared, seen)
    except EmptyResultSet:
        return []
    # `within` is a query that Django wrote; what people typed goes in as values only.
    if connection.vendor == "postgresql":
        asked = _postgresql(declared.kind, phrases, in_title)
        # Ranked outside: in the query that sorts, PostgreSQL would rank all hits before it takes the newest.
        # The bound lets a common word be answered by walking back from the newest entry of the kind, not of all kinds.
        bound = "(SELECT max(b.id) FROM kernel_searchentry b WHERE b.kind = %s)"
        newest = (
            "SELECT e.id, e.words FROM kernel_searchentry e "  # noqa: S608
            f"WHERE e.words @@ %s::tsquery AND e.kind = %s AND e.id <= {bound}{within} ORDER BY e.id DESC LIMIT %s"
        )
        sql = f"SELECT n.id, ts_rank(n.words, %s::tsquery) FROM ({newest}) n"  # noqa: S608
        arguments = [asked, asked, declared.kind, declared.kind, *values, CANDIDATES]
    else:
        # The sign keeps SQLite from asking the words once for each row: it goes over the hits from the newest on and looks at each.
        entries = " JOIN kernel_searchentry e ON e.id = +w.rowid" if within else ""
        sql = (
            f"SELECT w.rowid, -bm25(kernel_searchwords, 4.0, 1.0, 0.0) FROM kernel_searchwords w{entries} "  # noqa: S608
            f"WHERE kernel_searchwords MATCH %s{within} ORDER BY w.rowid DESC LIMIT %s"
        )
        arguments = [_fts5(declared.kind, phrases, in_title), *values, CANDIDATES]
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        return [(int(pk), max(float(rank), 1e-9)) for pk, rank in cursor.fetchall()]


def _within(declared: Searchable, seen: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    """The condition that entry `e` is of a row that the account may see; nothing to ask where it sees all.

    Of few rows (FEW) the list is made once. Of many each hit is looked up by itself, so that the newest hits answer without
    listing a hundred thousand rows."""
    if not seen.query.where and not seen.query.distinct:
        return "", ()
    few = list(seen.order_by().values_list("pk", flat=True)[: FEW + 1])
    if not few:
        raise EmptyResultSet
    if len(few) <= FEW:
        return f" AND e.kind = %s AND e.object_id IN ({', '.join(['%s'] * len(few))})", [declared.kind, *few]
    one = seen.order_by().filter(pk=RawSQL("e.object_id", ()))
    sql, values = one.values("pk").query.sql_with_params()
    return f" AND EXISTS ({sql})", values


def _fts5(kind: str, phrases: Sequence[Phrase], in_title: bool) -> str:
    column = "title" if in_title else "{title text}"
    asked = [f'{column} : "{" ".join(phrase.words)}"' + (" *" if phrase.goes_on else "") for phrase in phrases]
    return " AND ".join([f"kind : {word_of_kind(kind)}", *asked])


def _postgresql(kind: str, phrases: Sequence[Phrase], in_title: bool) -> str:
    asked = [f"'{word_of_kind(kind)}'"]
    for phrase in phrases:
        last = len(phrase.words) - 1
        marks = [
            ("*" if phrase.goes_on and place == last else "") + ("A" if in_title else "") for place in range(last + 1)
        ]
        words = [f"'{word}'" + (f":{mark}" if mark else "") for word, mark in zip(phrase.words, marks, strict=True)]
        asked.append("(" + " <-> ".join(words) + ")")
    return " & ".join(asked)
