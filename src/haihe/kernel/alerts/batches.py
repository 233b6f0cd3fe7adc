"""The rows that rules judge together, sorted by thing and time. Several rules look at the same ones: what they ask for is made when it is
first asked for, and kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import polars as pl

from haihe.kernel.alerts.columns import Array, Runs

INSTANT = pl.Datetime("us", "UTC")
Given = ParamSpec("Given")
Made = TypeVar("Made")


def filled(values: pl.Series, instead: Any) -> Array:
    """As an array, with `instead` for nulls; looked at first, since filling copies all values and mostly there are none."""
    return (values.fill_null(instead) if values.null_count() else values).to_numpy()


def microseconds(instants: pl.Series) -> Array:
    """Since 1970; nulls become the least number there is."""
    physical = (instants if instants.dtype == INSTANT else instants.dt.cast_time_unit("us")).to_physical()
    return filled(physical, np.iinfo(np.int64).min)


class Batch:
    """Rows of a frame in an order. `batch["speed_kmh"]` is a column, `batch.numbers(…)` one as an array of numbers, `batch.frame` all of
    them: a table has many columns of which a rule needs few, and only what is asked for is put in order."""

    def __init__(self, source: pl.DataFrame, order: Array) -> None:
        self.source, self.order = source, order
        self._numbers: dict[str, Array] = {}
        self._made: dict[Any, list[tuple[tuple[Any, ...], Any]]] = {}

    @property
    def height(self) -> int:
        return len(self.order)

    @property
    def columns(self) -> list[str]:
        return self.source.columns

    def is_empty(self) -> bool:
        return not len(self.order)

    @cached_property
    def frame(self) -> pl.DataFrame:
        return self.source[self.order]

    def __getitem__(self, name: str) -> pl.Series:
        return self.source[name].gather(self.order)

    def numbers(self, name: str) -> Array:
        """As floating-point numbers, NaN where there is none."""
        if name not in self._numbers:
            self._numbers[name] = numbers(self.source[name])[self.order]
        return self._numbers[name]

    def ask(self, name: str, question: Callable[[pl.Series], Array]) -> Array:
        """What a question about each value of a column answers; asked before the values, which may be long, are put in order."""
        return question(self.source[name])[self.order]

    @cached_property
    def thing(self) -> Array:
        return filled(self.source["thing"], 0)[self.order]  # none of these rows is without one

    @cached_property
    def at_us(self) -> Array:
        """When each row was observed, in microseconds since 1970."""
        return microseconds(self.source["observed_at"])[self.order]

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.thing)

    @cached_property
    def things(self) -> Array:
        """The things, each once."""
        return self.thing[self.runs.starts]

    def fact(self, name: str) -> pl.Series:
        """An attribute, one value a thing."""
        return self.source[name].gather(self.order[self.runs.starts])

    def where(self, mask: Array) -> Batch:
        return self if mask.all() else Batch(self.source, self.order[mask])

    def of(self, concerned: Array) -> Batch:
        """The rows of some of the things (a mask of one value a thing)."""
        return self if concerned.all() else self.where(self.runs.spread(concerned))

    def once(
        self, make: Callable[Concatenate[Batch, Given], Made], *given: Given.args, **named: Given.kwargs
    ) -> Made:  # fmt: skip
        """`make(batch, …)`, made once for the same arguments. It must be a function of them alone; arrays are compared by their values,
        so that rules whose states say the same of the time before share what follows from it. What is made must not hold the batch: a
        cycle would keep its columns, hundreds of megabytes, until Python looks for cycles."""
        arguments = (*given, *named.items())
        kept = self._made.setdefault(make, [])
        for before, made in kept:
            if len(before) == len(arguments) and all(map(_same, before, arguments)):
                return made
        made = make(self, *given, **named)
        if made is not self:
            kept.append((arguments, made))
        return made


def numbers(column: pl.Series, missing: float = float("nan")) -> Array:
    """As floating-point numbers; nulls become `missing`."""
    return filled(column.cast(pl.Float64), missing)


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if not isinstance(one, np.ndarray):
        return bool(one == other)
    if not isinstance(other, np.ndarray) or one.dtype != other.dtype or one.shape != other.shape:
        return False
    bits = f"u{one.itemsize}"  # NaN is like NaN here
    return bool(np.array_equal(one.view(bits), other.view(bits)))
