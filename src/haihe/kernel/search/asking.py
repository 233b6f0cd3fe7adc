"""How the two databases are asked for the newest entries that have all words: SQLite's FTS5, PostgreSQL's tsvector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from haihe.kernel.search.indexing import word_of_kind
from haihe.kernel.search.words import Phrase

CANDIDATES = 200
# So many of a kind's newest entries PostgreSQL looks at one by one before it asks the index of words for all: about 10 ms.
WALK = 5000

SHARES = """
    WITH known AS MATERIALIZED (
        SELECT w.word, w.share FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) w(word, share)
        WHERE s.schemaname = current_schema() AND s.tablename = 'kernel_searchentry' AND s.attname = 'words'
    ), asked AS (
        SELECT a.phrase, (SELECT sum(k.share) FROM known k WHERE k.word = a.word OR a.goes_on AND starts_with(k.word, a.word)) AS share
        FROM unnest(%s::integer[], %s::text[], %s::boolean[]) a(phrase, word, goes_on)
    ) SELECT least(min(coalesce(share, 0)), 1) FROM asked GROUP BY phrase
"""

Hit = tuple[int, float]  # number of the entry, rank (more is better)


@dataclass(frozen=True)
class Within:
    """The condition that entry `e` is of a row that the account may see. `few`: it lists these rows (at most finding.FEW)."""

    sql: str = ""
    values: Sequence[Any] = ()
    few: bool = False


@dataclass(frozen=True)
class Question:
    """`common`: among WALK entries there should be CANDIDATES that have all phrases."""

    phrases: Sequence[Phrase]
    common: bool

    @classmethod
    def of(cls, phrases: Sequence[Phrase]) -> Question:
        return cls(
            phrases, connection.vendor == "postgresql" and bool(phrases) and _share(phrases) * WALK >= CANDIDATES
        )


def newest(kind: str, question: Question, within: Within, *, in_title: bool) -> list[Hit]:
    """The CANDIDATES newest entries of a kind that have all phrases, in the title or anywhere."""
    if connection.vendor != "postgresql":
        return _hits(*_of_sqlite(kind, question.phrases, within, in_title))
    words, single = (
        tsquery(kind, question.phrases, in_title),
        all(len(phrase.words) == 1 for phrase in question.phrases),
    )
    if not question.common:
        return _hits(*_by_index(kind, words, within))
    if single:
        return _hits(*_of_common(kind, words, within))
    if within.few:
        return _hits(*_of_few(words, within))
    found = _hits(*_walking(kind, words, within))
    return found if len(found) == CANDIDATES else _hits(*_by_index(kind, words, within))


def _hits(sql: str, values: Sequence[Any]) -> list[Hit]:
    # What people typed goes in as values only; conditions are queries that Django wrote.
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [(int(pk), max(float(rank), 1e-9)) for pk, rank in cursor.fetchall()]


def _share(phrases: Sequence[Phrase]) -> float:
    """The share of entries that should have all phrases, by what PostgreSQL remembers of words from its last ANALYZE (0 for a word that it
    does not): phrases are independent of each other, but words that follow each other in one are not, there the rarest decides."""
    words = [
        (number, word, phrase.goes_on and place == len(phrase.words))
        for number, phrase in enumerate(phrases) for place, word in enumerate(phrase.words, 1)
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(SHARES, list(map(list, zip(*words, strict=True))))
        return math.prod(float(share) for (share,) in cursor.fetchall())


# The kind's last number: PostgreSQL then walks back from the newest entry of the kind and not from that of all kinds.
BOUND = "e.kind = %s AND e.id <= (SELECT max(b.id) FROM kernel_searchentry b WHERE b.kind = %s)"


def _walking(kind: str, words: str, within: Within) -> tuple[str, list[Any]]:
    """Phrases that many entries have. PostgreSQL takes their words for independent of each other, expects a few hits and fetches
    thousands to sort them: so it is told to walk back from the newest entry, and not for ever."""
    some = f"SELECT e.* FROM kernel_searchentry e WHERE {BOUND} ORDER BY e.id DESC LIMIT %s"  # noqa: S608
    chosen = (
        f"SELECT e.id, e.words FROM ({some}) e WHERE e.words @@ %s::tsquery{within.sql} ORDER BY e.id DESC LIMIT %s"  # noqa: S608
    )
    return _ranked(chosen), [words, kind, kind, WALK, words, *within.values, CANDIDATES]


def _of_common(kind: str, words: str, within: Within) -> tuple[str, list[Any]]:
    """Single words that many entries have: PostgreSQL knows how many, and walks back or begins with the rows that the account may see."""
    chosen = f"SELECT e.id, e.words FROM kernel_searchentry e WHERE e.words @@ %s::tsquery AND {BOUND}{within.sql} ORDER BY e.id DESC LIMIT %s"  # noqa: S608
    return _ranked(chosen), [words, words, kind, kind, *within.values, CANDIDATES]


def _of_few(words: str, within: Within) -> tuple[str, list[Any]]:
    """Phrases that many entries have, among few rows: these are looked at one by one (OFFSET keeps PostgreSQL from beginning with the
    words, of which it expects too few hits)."""
    some = f"SELECT e.* FROM kernel_searchentry e WHERE TRUE{within.sql} OFFSET 0"  # noqa: S608
    chosen = f"SELECT e.id, e.words FROM ({some}) e WHERE e.words @@ %s::tsquery ORDER BY e.id DESC LIMIT %s"  # noqa: S608
    return _ranked(chosen), [words, *within.values, words, CANDIDATES]


def _by_index(kind: str, words: str, within: Within) -> tuple[str, list[Any]]:
    """All hits by the index of words alone. The kind is one of the words: asked for beside them, PostgreSQL would list all entries of
    the kind to intersect them; and without the sum it might walk back through all entries for a few hits."""
    chosen = f"SELECT e.id, e.words FROM kernel_searchentry e WHERE e.words @@ %s::tsquery{within.sql} ORDER BY e.id + 0 DESC LIMIT %s"  # noqa: S608
    return _ranked(chosen), [words, words, *within.values, CANDIDATES]


def _ranked(chosen: str) -> str:
    """Ranked outside: in the query that sorts, PostgreSQL would rank all hits before it takes the newest."""
    return f"SELECT n.id, ts_rank(n.words, %s::tsquery) FROM ({chosen}) n"  # noqa: S608


def _of_sqlite(kind: str, phrases: Sequence[Phrase], within: Within, in_title: bool) -> tuple[str, list[Any]]:
    # The sign keeps SQLite from asking the words once for each row: it goes over the hits from the newest on and looks at each.
    entries = " JOIN kernel_searchentry e ON e.id = +w.rowid" if within.sql else ""
    sql = (
        f"SELECT w.rowid, -bm25(kernel_searchwords, 4.0, 1.0, 0.0) FROM kernel_searchwords w{entries} "  # noqa: S608
        f"WHERE kernel_searchwords MATCH %s{within.sql} ORDER BY w.rowid DESC LIMIT %s"
    )
    return sql, [fts5(kind, phrases, in_title), *within.values, CANDIDATES]


def fts5(kind: str, phrases: Sequence[Phrase], in_title: bool) -> str:
    """The question in the language of SQLite's FTS5."""
    column = "title" if in_title else "{title text}"
    asked = [f'{column} : "{" ".join(phrase.words)}"' + (" *" if phrase.goes_on else "") for phrase in phrases]
    return " AND ".join([f"kind : {word_of_kind(kind)}", *asked])


def tsquery(kind: str, phrases: Sequence[Phrase], in_title: bool) -> str:
    """The question in the language of PostgreSQL's tsquery."""
    asked = [f"'{word_of_kind(kind)}'"]
    for phrase in phrases:
        last = len(phrase.words) - 1
        marks = [
            ("*" if phrase.goes_on and place == last else "") + ("A" if in_title else "") for place in range(last + 1)
        ]
        words = [f"'{word}'" + (f":{mark}" if mark else "") for word, mark in zip(phrase.words, marks, strict=True)]
        asked.append("(" + " <-> ".join(words) + ")")
    return " & ".join(asked)
