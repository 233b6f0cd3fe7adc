"""Writing the index: in the running transaction, row by row, or all of it anew."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone

from haihe.kernel.search.kinds import KINDS, Searchable
from haihe.kernel.search.models import LONGEST_TEXT, SearchEntry
from haihe.kernel.search.words import words_of

BATCH = 500
# Places of words of the text begin after those of the title: no phrase runs from one into the other.
TEXT_BEGINS_AT = 400
LAST_PLACE = 16_383


def index(rows: Sequence[models.Model]) -> None:
    """Index rows of one model that were written past `save` (bulk_create, update)."""
    declared = KINDS.get(rows[0]._meta.label_lower) if rows else None
    if declared is not None:
        index_ids(declared, [row.pk for row in rows])


def index_ids(declared: Searchable, ids: Sequence[Any]) -> None:
    """Bring the entries of these rows up to date. Rows that are not there lose theirs."""
    for start in range(0, len(ids), BATCH):
        part = [pk for pk in ids[start : start + BATCH] if pk is not None]
        rows = list(declared.rows().filter(pk__in=part))
        with transaction.atomic():
            _write(declared, rows)
            if len(rows) < len(set(part)):
                forget(declared, set(part) - {row.pk for row in rows})


def _write(declared: Searchable, rows: Sequence[Any]) -> None:
    known = {
        entry.object_id: entry
        for entry in SearchEntry.objects.filter(kind=declared.kind, object_id__in=[row.pk for row in rows])
    }
    fresh, changed = [], []
    for row in rows:
        entry = _entry(declared, row)
        before = known.get(row.pk)
        if before is None:
            fresh.append(entry)
        elif before.digest != entry.digest:
            entry.pk = before.pk
            changed.append(entry)
    SearchEntry.objects.bulk_create(fresh)
    SearchEntry.objects.bulk_update(changed, ["title", "text", "link", "digest", "changed_at"])
    _write_words(fresh + changed)


def _entry(declared: Searchable, row: Any) -> SearchEntry:
    title = declared.title(row).replace("\0", "").strip()[:300] or f"#{row.pk}"
    text = declared.text(row).replace("\0", "").strip()[:LONGEST_TEXT]
    link = declared.link(row)[:200]
    digest = hashlib.sha256("\0".join((title, text, link)).encode()).hexdigest()[:32]
    return SearchEntry(
        kind=declared.kind, object_id=row.pk, title=title, text=text, link=link, digest=digest, changed_at=timezone.now()
    )  # fmt: skip


def word_of_kind(kind: str) -> str:
    """A word that no text has: the kind is asked for in the same index as the words."""
    return "kind" + hashlib.sha256(kind.encode()).hexdigest()[:12]


def _write_words(entries: Sequence[SearchEntry]) -> None:
    if not entries:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.executemany(
                "UPDATE kernel_searchentry SET words = %s::tsvector WHERE id = %s",
                [(_vector(e), e.pk) for e in entries],
            )
            return
        cursor.executemany("DELETE FROM kernel_searchwords WHERE rowid = %s", [(e.pk,) for e in entries])
        cursor.executemany(
            "INSERT INTO kernel_searchwords (rowid, title, text, kind) VALUES (%s, %s, %s, %s)",
            [(e.pk, " ".join(words_of(e.title)), " ".join(words_of(e.text)), word_of_kind(e.kind)) for e in entries],
        )


def _vector(entry: SearchEntry) -> str:
    """As PostgreSQL reads a tsvector: words in quotes (they are letters and digits only) with their places, the title's marked A."""
    places: dict[str, list[str]] = {}
    for n, word in enumerate(words_of(entry.title), 1):
        places.setdefault(word, []).append(f"{n}A")
    for n, word in enumerate(words_of(entry.text), TEXT_BEGINS_AT):
        places.setdefault(word, []).append(str(min(n, LAST_PLACE)))
    return " ".join(
        [f"'{word}':{','.join(at[:255])}" for word, at in places.items()] + [f"'{word_of_kind(entry.kind)}'"]
    )


def forget(declared: Searchable, ids: Iterable[Any]) -> int:
    return SearchEntry.objects.filter(kind=declared.kind, object_id__in=list(ids)).delete()[0]


def rebuild(tell: Callable[[str, int, int], None] = lambda kind, done, total: None) -> int:
    """Make the whole index anew, kind by kind in batches that are transactions of their own: it can be interrupted and is never
    empty meanwhile. Returns how many entries there are."""
    SearchEntry.objects.exclude(kind__in=KINDS).delete()
    for declared in KINDS.values():
        SearchEntry.objects.filter(kind=declared.kind).update(digest="")
        total, done = declared.model._base_manager.count(), 0
        for ids in _batches(declared.model._base_manager.order_by("pk")):
            index_ids(declared, ids)
            done += len(ids)
            tell(declared.kind, done, total)
        _forget_gone(declared)
    return SearchEntry.objects.count()


def _batches(rows: models.QuerySet[Any]) -> Iterable[list[int]]:
    last = 0
    while ids := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def _forget_gone(declared: Searchable) -> int:
    there = declared.model._base_manager.values("pk")
    return SearchEntry.objects.filter(kind=declared.kind).exclude(object_id__in=there).delete()[0]


def repair(limit: int = 5000) -> int:
    """Index rows that were written past `save` and whose writer forgot `index`; returns how many."""
    mended = 0
    for declared in KINDS.values():
        has_entry = SearchEntry.objects.filter(kind=declared.kind, object_id=models.OuterRef("pk"))
        missing = declared.model._base_manager.filter(~models.Exists(has_entry)).values_list("pk", flat=True)
        ids = list(missing[:limit])
        index_ids(declared, ids)
        mended += len(ids)
    return mended
