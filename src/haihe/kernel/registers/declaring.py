"""Declaring a register, in a pack's register.py:

    class Wells(Register):
        key, prefix, title_zh, title_en = "wells", "JG", "井盖登记", "Manholes"
        fields = (Field("name", "名称", "Name", required=True), Field("depth_m", "井深", "Depth", type="number", unit="m", minimum=0))
        states = (State("listed", "在册", "Listed"), State("checked", "已核", "Checked", counts=True))
        steps = (Step("check", "报请核验", "Hand in", frm=("listed",), to="checked", demands=("depth_m",), evidence="file"),)
        natural_key = ("name",)

The first state is the one of a new entry. A step of the owner is *handed in* and takes effect only when a reviewer accepts it; a step
of the reviewer takes effect at once. In a state that counts, changed values wait for a reviewer as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.language import pick
from haihe.kernel.registers.fields import Field, same_words

OWNER: Final = "owner"
REVIEWER: Final = "reviewer"
WITHDRAWN = "withdrawn"
CHANGE = "change"  # the step that an entry waits at when values of a counting entry are to change


@dataclass(frozen=True)
class State:
    """`counts`: an entry in it is part of a number, so that its values change only with a reviewer. `colour`: of the bar."""

    key: str
    title_zh: str
    title_en: str
    counts: bool = False
    colour: str = "#8aa4bd"


@dataclass(frozen=True)
class Step:
    """From one of the states `frm` to the state `to`. `by`: the part of the unit that takes it. `demands`: fields that must be filled.
    `evidence`: none, text or file (with text). The titles stand on its button."""

    name: str
    title_zh: str
    title_en: str
    frm: tuple[str, ...]
    to: str
    by: Literal["owner", "reviewer"] = OWNER
    demands: tuple[str, ...] = ()
    evidence: Literal["none", "text", "file"] = "none"

    @property
    def title(self) -> str:
        return pick(self.title_zh, self.title_en)


class Register:
    """Base of all registers. `prefix` heads the numbers of its entries: CJ-2026-0001; `title_field` names an entry. `of_each_owner`: the
    natural key tells entries of one owner apart, and another owner may have the same."""

    key: ClassVar[str] = ""
    prefix: ClassVar[str] = ""
    title_zh: ClassVar[str] = ""
    title_en: ClassVar[str] = ""
    about_zh: ClassVar[str] = ""
    about_en: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]] = ()
    states: ClassVar[tuple[State, ...]] = ()
    steps: ClassVar[tuple[Step, ...]] = ()
    natural_key: ClassVar[tuple[str, ...]] = ()
    title_field: ClassVar[str] = "name"
    of_each_owner: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls._check_declaration()
        if cls.key in REGISTERS:
            raise ValueError(f"the register {cls.key!r} is declared twice")
        REGISTERS[cls.key] = cls

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterable[InvalidInput]:
        """What is wrong with values that are each right by themselves; a register overrides it. `number` reads a number."""
        return ()

    @classmethod
    def _check_declaration(cls) -> None:
        keys, states = [f.key for f in cls.fields], [s.key for s in cls.states]
        named = {*cls.natural_key, cls.title_field, *(d for s in cls.steps for d in s.demands)}
        holds = {
            "it needs a key, a prefix of capital letters and two titles": bool(cls.key and cls.title_zh and cls.title_en) and cls.prefix.isascii() and cls.prefix.isalpha() and cls.prefix.isupper(),
            "fields and states need keys of their own": len(set(keys)) == len(keys) and len(set(states)) == len(states) > 0 and WITHDRAWN not in states,
            "a natural key, title or demand names no field": bool(cls.natural_key) and named <= set(keys),
            "a step leads from or to no state": all({*s.frm, s.to} <= set(states) for s in cls.steps),
            "steps need names of their own": len({s.name for s in cls.steps} | {CHANGE}) == len(cls.steps) + 1,
            "the first state must not count": bool(states) and not cls.states[0].counts,
        }  # fmt: skip
        for problem, is_fine in holds.items():
            if not is_fine:
                raise ValueError(f"the register {cls.key!r}: {problem}")

    @classmethod
    def title(cls) -> str:
        return pick(cls.title_zh, cls.title_en)

    @classmethod
    def field(cls, key: str) -> Field:
        return next(f for f in cls.fields if f.key == key)

    @classmethod
    def state(cls, key: str) -> State | None:
        return next((s for s in cls.states if s.key == key), None)

    @classmethod
    def find_step(cls, name: str) -> Step | None:
        return next((s for s in cls.steps if s.name == name), None)

    @classmethod
    def words(cls) -> dict[str, Any]:
        """The copy that an entry carries: titles of the register, its fields, states and steps."""
        return {
            "title_zh": cls.title_zh, "title_en": cls.title_en, "fields": [f.words() for f in cls.fields],
            "states": [{"key": s.key, "title_zh": s.title_zh, "title_en": s.title_en, "counts": s.counts} for s in cls.states],
            "steps": [{"name": s.name, "title_zh": s.title_zh, "title_en": s.title_en, "to": s.to} for s in cls.steps],
        }  # fmt: skip

    @classmethod
    def read(cls, written: Mapping[str, Any], *, by_reviewer: bool = False) -> dict[str, Any]:
        """What was written for some of the fields, checked; InvalidInput for a field that does not exist or is not theirs."""
        known = {f.key: f for f in cls.fields if f.by_reviewer == by_reviewer}
        for key in written:
            if key not in known:
                raise InvalidInput(
                    f"没有可填的栏目“{str(key)[:40]}”。", f"There is no field {str(key)[:40]!r} to fill in.", where=str(key)[:40],
                    to_do_zh=f"可填：{'、'.join(known)}。", to_do_en=f"There are: {', '.join(known)}.",
                )  # fmt: skip
        return {key: known[key].read(value) for key, value in written.items()}

    @classmethod
    def demand_whole(cls, values: Mapping[str, Any], demands: Iterable[str] = ()) -> None:
        """InvalidInput where a required or demanded field is empty or the values contradict each other."""
        wanted = {f.key for f in cls.fields if f.required} | set(demands)
        missing = [f for f in cls.fields if f.key in wanted and values.get(f.key) is None]
        if missing:
            raise InvalidInput(
                f"请填写：{'、'.join(f.title_zh for f in missing)}。", f"Fill in: {', '.join(f.title_en for f in missing)}.",
                where=missing[0].key,
            )  # fmt: skip
        for problem in cls.problems(values):
            raise problem

    @classmethod
    def natural_key_of(cls, values: Mapping[str, Any], owner: int | None) -> str:
        """`owner`: number of the unit that owns the entry."""
        first = [str(owner)] if cls.of_each_owner else []
        return "|".join([*first, *(same_words(values.get(key)) for key in cls.natural_key)])[:300]


REGISTERS: dict[str, type[Register]] = {}


def number(values: Mapping[str, Any], key: str) -> Decimal | None:
    """A number among stored values; None where it is empty."""
    value = values.get(key)
    return None if value is None else Decimal(value)


def get_register(key: str) -> type[Register]:
    if key not in REGISTERS:
        raise NotFound(
            f"没有登记册“{key[:60]}”，或其功能包已停用。", f"There is no register {key[:60]!r}, or its pack is not running.", where="register",
            to_do_zh=f"现有：{'、'.join(sorted(REGISTERS)) or '无'}。", to_do_en=f"There are: {', '.join(sorted(REGISTERS)) or 'none'}.",
        )  # fmt: skip
    return REGISTERS[key]
