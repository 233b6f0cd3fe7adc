"""Typed fields of a register: what may stand in them, how it is stored, how a person reads it.

Stored values are plain JSON: texts as they are, numbers as exact decimal text ("30000", "12.5"), days as ISO text, units and places
as {"id", "name"} so that the name still speaks when the row is gone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import urlsplit

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick
from haihe.kernel.organisations import Organisation, find_organisation
from haihe.kernel.places import Place

FieldType = Literal["text", "number", "date", "choice", "unit", "place", "url"]
TYPES = ("text", "number", "date", "choice", "unit", "place", "url")


@dataclass(frozen=True)
class Field:
    """`unit`: of a number, such as 架 or EFlops. `minimum`, `maximum`: the range in which a number is valid, both included; `whole`:
    no fractions. `choices`: (key, Chinese, English). `source`: the clause that asks for it. `by_reviewer`: filled in by the
    reviewer when accepting, never by the owner. `longest`: characters of a text; `suggest`: offer what other entries say."""

    key: str
    title_zh: str
    title_en: str
    type: FieldType = "text"
    unit: str = ""
    required: bool = False
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    whole: bool = False
    choices: tuple[tuple[str, str, str], ...] = ()
    source: str = ""
    hint_zh: str = ""
    hint_en: str = ""
    by_reviewer: bool = False
    longest: int = 300
    suggest: bool = False

    def __post_init__(self) -> None:
        if self.type not in TYPES or not (self.key and self.title_zh and self.title_en):
            raise ValueError(f"the field {self.key!r} needs two titles and one of the types {TYPES}")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"the field {self.key!r}: a choice, and nothing else, has choices")

    @property
    def title(self) -> str:
        return pick(self.title_zh, self.title_en)

    def words(self) -> dict[str, Any]:
        """What an entry copies, so that its values stay readable without the declaration."""
        return {
            "key": self.key, "title_zh": self.title_zh, "title_en": self.title_en, "type": self.type, "unit": self.unit,
            "choices": [list(choice) for choice in self.choices],
        }  # fmt: skip

    def read(self, written: Any) -> Any:
        """The stored form of what a person or program wrote; None where it is empty. InvalidInput names the field."""
        if written is None or (isinstance(written, str) and not written.strip()):
            return None
        reader = {"number": self._number, "date": self._date, "choice": self._choice, "unit": self._unit, "place": self._place, "url": self._url}  # fmt: skip
        return reader.get(self.type, self._text)(written)

    def _wrong(self, zh: str, en: str, to_do_zh: str = "", to_do_en: str = "") -> InvalidInput:
        return InvalidInput(
            f"“{self.title_zh}”{zh}", f"{self.title_en}: {en}", where=self.key, to_do_zh=to_do_zh, to_do_en=to_do_en
        )

    def _text(self, written: Any) -> str:
        text = unicodedata.normalize("NFC", str(written)).strip()
        if len(text) > self.longest or "\x00" in text:
            raise self._wrong(f"最多 {self.longest} 字。", f"at most {self.longest} characters.")
        return text

    def _number(self, written: Any) -> str:
        text = unicodedata.normalize("NFKC", str(written)).replace(",", "").strip()
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) >= Decimal(10) ** 15 or number != round(number, 6):
            raise self._wrong(
                "不是数字。", "not a number.", "请只填数字，最多六位小数。", "Digits only, at most six decimals."
            )
        if self.whole and number != number.to_integral_value():
            raise self._wrong("应为整数。", "a whole number.")
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise self._wrong(f"应在{self.range_words()}之间。", f"must lie within {self.range_words()}.")
        return plain(number)

    def range_words(self) -> str:
        low, high = ("…" if v is None else plain(Decimal(v)) for v in (self.minimum, self.maximum))
        return f"{low}–{high}{' ' + self.unit if self.unit else ''}"

    def _date(self, written: Any) -> str:
        try:
            return date.fromisoformat(str(written).strip()).isoformat()
        except ValueError as error:
            raise self._wrong("不是日期。", "not a day.", "格式：2026-06-30。", "Like 2026-06-30.") from error

    def _choice(self, written: Any) -> str:
        if str(written) not in {key for key, _, _ in self.choices}:
            options_zh, options_en = (
                "、".join(zh for _, zh, _ in self.choices),
                ", ".join(k for k, _, _ in self.choices),
            )
            raise self._wrong("不在可选项中。", "no such choice.", f"可选：{options_zh}。", f"One of: {options_en}.")
        return str(written)

    def _unit(self, written: Any) -> dict[str, Any]:
        number = _id_of(written)
        found = Organisation.objects.filter(pk=number).first() if number else find_organisation(str(written))
        if found is None:
            raise self._wrong("没有这个单位。", "there is no such unit.", "请从列表中选择。", "Choose one of the list.")
        return {"id": found.pk, "name": found.name}

    def _place(self, written: Any) -> dict[str, Any]:
        number = _id_of(written)
        rows = Place.objects.filter(pk=number) if number else Place.objects.filter(name=str(written)[:120])
        found = list(rows.filter(retired_at=None)[:2])
        if len(found) != 1:
            raise self._wrong("没有这个地点，或同名的有几个。", "there is no such place, or several are called so.")
        return {"id": found[0].pk, "name": found[0].name}

    def _url(self, written: Any) -> str:
        text = self._text(written)
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise self._wrong(
                "不是网址。", "not an address.", "以 http:// 或 https:// 开头。", "It begins with http:// or https://."
            )
        return text


def _id_of(written: Any) -> int | None:
    if isinstance(written, Mapping):
        written = written.get("id")
    text = str(written).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def plain(number: Decimal) -> str:
    """30000.50 → "30000.5", never in powers of ten."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def shown(words: Mapping[str, Any], value: Any) -> str:
    """A stored value as a person reads it, by the copied words of its field."""
    if value is None:
        return ""
    if words["type"] == "number":
        unit = f" {words['unit']}" if words.get("unit") else ""
        return f"{Decimal(value):,f}{unit}"
    if words["type"] == "choice":
        return next((pick(zh, en) for key, zh, en in words.get("choices", []) if key == value), str(value))
    if isinstance(value, Mapping):
        return str(value.get("name", ""))
    return str(value)


def same_words(value: Any) -> str:
    """A value as natural keys compare it: without spaces, width and case."""
    text = str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
