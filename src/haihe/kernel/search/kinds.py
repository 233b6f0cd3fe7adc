"""Declaring what can be found. A pack does it in its `search.py`, one call a model:

    searchable(Vehicle, "车辆", "Vehicles", title=str, text=lambda v: f"{v.plate} {v.carrier}", link=address_of)

Rows are indexed in the transaction that saves them, also when a row of `also` is saved. What was written with `bulk_create` or
`update` is handed to `index(rows)` by whoever wrote it, and what was forgotten is found by the duty within minutes. Who finds a
row is decided by `visible`, as everywhere. Names of private persons do not belong into a text unless finding them is the purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models.signals import post_delete, post_save

Take = Callable[[Any], str]


def _own_address(row: Any) -> str:
    return str(row.get_absolute_url())


@dataclass(frozen=True)
class Searchable:
    """`related`: what `title`, `text` and `link` read from other tables, fetched along. `also`: model → a function from its row to the
    ids of the rows that must be indexed again."""

    model: type[models.Model]
    title_zh: str
    title_en: str
    title: Take = str
    text: Take = lambda row: ""
    link: Take = _own_address
    related: tuple[str, ...] = ()
    prefetched: tuple[str, ...] = ()
    also: Mapping[type[models.Model], Callable[[Any], Iterable[int]]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return self.model._meta.label_lower

    def rows(self) -> models.QuerySet[Any]:
        return self.model._base_manager.select_related(*self.related).prefetch_related(*self.prefetched)


KINDS: dict[str, Searchable] = {}


def searchable(model: type[models.Model], title_zh: str, title_en: str, **more: Any) -> Searchable:
    """Declare that rows of `model` can be found (see Searchable). Groups of results stand in the order of declaration."""
    from haihe.kernel.search import indexing

    declared = Searchable(model, title_zh, title_en, **more)
    if declared.kind in KINDS:
        raise ValueError(f"{declared.kind} is declared searchable twice")
    KINDS[declared.kind] = declared

    def saved(instance: Any, raw: bool = False, **_: Any) -> None:
        if not raw:
            indexing.index_ids(declared, [instance.pk])

    def deleted(instance: Any, **_: Any) -> None:
        indexing.forget(declared, [instance.pk])

    post_save.connect(saved, model, weak=False)
    post_delete.connect(deleted, model, weak=False)
    for other, ids_of in declared.also.items():
        _follow(declared, other, ids_of)
    return declared


def _follow(declared: Searchable, other: type[models.Model], ids_of: Callable[[Any], Iterable[int]]) -> None:
    from haihe.kernel.search import indexing

    def changed(instance: Any, raw: bool = False, **_: Any) -> None:
        if not raw:
            indexing.index_ids(declared, list(ids_of(instance)))

    post_save.connect(changed, other, weak=False)
    post_delete.connect(changed, other, weak=False)
