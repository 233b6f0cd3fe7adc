"""Asking the index. Each kind is asked for by itself, within the rows that the account may see, newest first.

Of a kind at most CANDIDATES rows are ranked: those whose title has the words before those whose text has them, the newest of each.
A word that a hundred thousand rows have is then answered as fast as a rare one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from haihe.kernel.identity import Account, Role
from haihe.kernel.language import pick
from haihe.kernel.permissions import declare, demand, visible
from haihe.kernel.search.asking import CANDIDATES, Question, Within, fts5, newest, tsquery
from haihe.kernel.search.kinds import KINDS, Searchable
from haihe.kernel.search.models import SearchEntry
from haihe.kernel.search.words import marked, phrases_of

declare("search.use", "搜索", "search", roles=Role.values)

M = TypeVar("M", bound=models.Model)
FEW = 2000  # rows that are listed in the question itself
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
    phrases = phrases_of(question)
    asked = Question.of(phrases)
    groups = [_of_kind(account, question, asked, kind, a_kind, 0) for kind in KINDS] if phrases else []
    return [group for group in groups if group.found]


def search_kind(account: Account, question: str, kind: str, *, limit: int = 20, offset: int = 0) -> Group:
    """The rows of one kind from `offset` on, best first."""
    demand(account, "search.use")
    return _of_kind(account, question, Question.of(phrases_of(question)), kind, limit, offset)


def _of_kind(account: Account, question: str, asked: Question, kind: str, limit: int, offset: int) -> Group:
    declared = KINDS[kind]
    heading = pick(declared.title_zh, declared.title_en)
    seen = visible(account, declared.model._default_manager.all())
    if not asked.phrases or seen.query.is_empty():
        return Group(kind, heading, [], 0, False)
    ranked = _ranked(declared, seen, asked)
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
        found = RawSQL(sql, (tsquery(kind, phrases, False),))  # noqa: S611  (values only)
    else:
        sql = "SELECT e.object_id FROM kernel_searchwords w JOIN kernel_searchentry e ON e.id = w.rowid WHERE kernel_searchwords MATCH %s"
        found = RawSQL(sql, (fts5(kind, phrases, False),))  # noqa: S611  (values only)
    return rows.filter(pk__in=found)


def _ranked(declared: Searchable, seen: QuerySet[Any], asked: Question) -> list[int]:
    """Numbers of entries, best first."""
    try:
        within = _within(declared, seen)
    except EmptyResultSet:
        return []
    best: dict[int, float] = {}
    for in_title in (True, False):
        if len(best) < CANDIDATES:
            for pk, rank in newest(declared.kind, asked, within, in_title=in_title):
                best.setdefault(pk, rank * (TITLE_WEIGHT if in_title else 1.0))
    by_age = sorted(best, reverse=True)
    top = max(best.values(), default=0.0) or 1.0
    score = {pk: best[pk] / top + RECENCY * (1 - place / len(by_age)) for place, pk in enumerate(by_age)}
    return sorted(by_age, key=lambda pk: -score[pk])[:CANDIDATES]


def _within(declared: Searchable, seen: QuerySet[Any]) -> Within:
    """The condition that entry `e` is of a row that the account may see; nothing to ask where it sees all.

    Of few rows (FEW) the list is made once. Of many each hit is looked up by itself, so that the newest hits answer without
    listing a hundred thousand rows."""
    if not seen.query.where and not seen.query.distinct:
        return Within()
    few = list(seen.order_by().values_list("pk", flat=True)[: FEW + 1])
    if not few:
        raise EmptyResultSet
    if len(few) <= FEW:
        if connection.vendor == "postgresql":
            return Within(" AND e.kind = %s AND e.object_id = ANY(%s)", [declared.kind, few], few=True)
        listed = " AND e.kind = %s AND e.object_id IN (SELECT value FROM json_each(%s))"
        return Within(listed, [declared.kind, json.dumps(few)], few=True)
    one = seen.order_by().filter(pk=RawSQL("e.object_id", ()))
    sql, values = one.values("pk").query.sql_with_params()
    return Within(f" AND e.kind = %s AND EXISTS ({sql})", [declared.kind, *values])
