"""What an order asks a person for: fields with titles, units and limits, checked before anything is queued."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haihe.kernel.errors import InvalidInput
from haihe.kernel.language import pick
from haihe.packs.transport.jt808.fields import ENCODING

DAILY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")


@dataclass(frozen=True)
class Input:
    """One field. `kind`: number, text, choice, lines (one entry a line, `a=b`), points (a line each: longitude,latitude), hex, time or file
    (Base64). `least` and `most` bound a number, the bytes of a text, or how many entries there are."""

    name: str
    kind: str
    zh: str
    en: str
    unit: str = ""
    least: float = 0
    most: float = 0
    choices: tuple[tuple[int, str, str], ...] = ()
    default: Any = None
    required: bool = True
    hint_zh: str = ""
    hint_en: str = ""

    @property
    def title(self) -> str:
        return pick(self.zh, self.en) + (f" ({self.unit})" if self.unit else "")

    @property
    def hint(self) -> str:
        return pick(self.hint_zh, self.hint_en)

    @property
    def options(self) -> list[tuple[int, str]]:
        return [(number, pick(zh, en)) for number, zh, en in self.choices]

    def check(self, given: Any) -> Any:
        """The value in the type that the order takes; None where it was left out. InvalidInput names the field."""
        if given is None or (isinstance(given, str) and not given.strip()):
            if self.required and self.default is None:
                raise self._wrong("不能为空", "must not be empty")
            return self.default
        return _CHECKS[self.kind](self, given)

    def _wrong(self, zh: str, en: str) -> InvalidInput:
        return InvalidInput(f"“{self.zh}”{zh}。", f"{self.en}: {en}.", where=self.name)


def _number(row: Input, given: Any) -> float | int:
    try:
        value = float(given)
    except (TypeError, ValueError) as error:
        raise row._wrong("应为数字", "a number is wanted") from error
    if not row.least <= value <= row.most:
        raise row._wrong(f"应在 {row.least:g}–{row.most:g} 之间", f"{row.least:g} to {row.most:g}")
    return int(value) if value == int(value) else value


def _text(row: Input, given: Any) -> str:
    text = str(given).strip()
    if not row.least <= len(text.encode(ENCODING)) <= row.most:
        raise row._wrong(
            f"应为 {row.least:g}–{row.most:g} 字节（汉字两字节）", f"{row.least:g} to {row.most:g} bytes of GBK"
        )
    return text


def _choice(row: Input, given: Any) -> int:
    if str(given) not in {str(number) for number, _, _ in row.choices}:
        raise row._wrong("没有这个选项", "there is no such choice")
    return int(given)


def _lines(row: Input, given: Any) -> list[list[str]]:
    """Pairs of what stands before and after the first "="; one without is a pair with an empty second half."""
    written = given if isinstance(given, list) else str(given).splitlines()
    lines = [str(line).strip() for line in written if str(line).strip()]
    if not row.least <= len(lines) <= row.most:
        raise row._wrong(f"应为 {row.least:g}–{row.most:g} 行", f"{row.least:g} to {row.most:g} lines")
    return [[part.strip() for part in line.partition("=")[::2]] for line in lines]


def _points(row: Input, given: Any) -> list[list[float]]:
    written = given if isinstance(given, list) else str(given).splitlines()
    found = []
    for place, line in enumerate((each for each in written if each and str(each).strip()), 1):
        parts = line if isinstance(line, list | tuple) else re.split(r"[\s,，]+", str(line).strip())
        try:
            longitude, latitude = (float(part) for part in parts)
        except ValueError as error:
            raise row._wrong(f"第 {place} 行应为“经度,纬度”", f"line {place} should be longitude,latitude") from error
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise row._wrong(f"第 {place} 行不是经纬度", f"line {place} is no position")
        found.append([longitude, latitude])
    if not row.least <= len(found) <= row.most:
        raise row._wrong(f"应为 {row.least:g}–{row.most:g} 个点", f"{row.least:g} to {row.most:g} points")
    return found


def _hex(row: Input, given: Any) -> str:
    try:
        data = bytes.fromhex(str(given))
    except ValueError as error:
        raise row._wrong("应为十六进制", "hexadecimal digits are wanted") from error
    if not row.least <= len(data) <= row.most:
        raise row._wrong(f"应为 {row.least:g}–{row.most:g} 字节", f"{row.least:g} to {row.most:g} bytes")
    return data.hex()


def _time(row: Input, given: Any) -> str:
    """A time of every day, hh:mm, or a day with its time."""
    text = str(given).strip()
    if DAILY.fullmatch(text):
        return text if text.count(":") == 2 else text + ":00"
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise row._wrong("应为时刻（08:30）或日期时间", "a time (08:30) or a day with its time is wanted") from error
    return at.replace(tzinfo=None, microsecond=0).isoformat() + "+08:00"


def _file(row: Input, given: Any) -> str:
    try:
        data = base64.b64decode(str(given), validate=True)
    except (binascii.Error, ValueError) as error:
        raise row._wrong("应为 Base64 文件内容", "a file's content in Base64 is wanted") from error
    if not row.least <= len(data) <= row.most:
        raise row._wrong(f"应为 1 字节至 {row.most / 1e6:g} MB", f"1 byte to {row.most / 1e6:g} MB")
    return data.hex()


_CHECKS: dict[str, Callable[[Input, Any], Any]] = {
    "number": _number, "text": _text, "choice": _choice, "lines": _lines, "points": _points, "hex": _hex, "time": _time, "file": _file,
}  # fmt: skip

Values = dict[str, Any]


@dataclass(frozen=True)
class Order:
    """One order: its message, what it asks for, the body made of that, and the message that answers it (None: the general reply).

    `guarded`: it listens, looks, unlocks or changes the terminal itself; only supervisors give it, with a reason. `edition`: the only
    edition that has it. `shown`: the fields of the answer that are kept with the order, all where None. `drawn`: a value that nobody
    gives and nobody can guess, by which what the terminal sends elsewhere is believed."""

    name: str
    message_id: str
    zh: str
    en: str
    group: str
    inputs: tuple[Input, ...]
    body: Callable[[Values, str], dict[str, Any]]
    answer: str | None = None
    guarded: bool = False
    edition: str = ""
    shown: tuple[str, ...] | None = None
    drawn: str = ""

    @property
    def title(self) -> str:
        return pick(self.zh, self.en)

    @property
    def takes_file(self) -> bool:
        return any(row.kind == "file" for row in self.inputs)

    def check(self, given: Mapping[str, Any]) -> Values:
        """The values of all fields. What the order does not ask for is refused, so that nothing is left out unseen."""
        names = {row.name for row in self.inputs}
        unknown = sorted(set(given) - names)
        if unknown:
            raise InvalidInput(
                f"指令“{self.zh}”没有“{unknown[0]}”。",
                f"The order {self.name!r} has no {unknown[0]!r}.",
                where=unknown[0],
            )
        return {row.name: row.check(given.get(row.name)) for row in self.inputs}

    def with_defaults(self, values: Mapping[str, Any]) -> Values:
        """Values as they are kept with a command: one that an earlier version queued may lack fields."""
        token = {self.drawn: values[self.drawn]} if self.drawn in values else {}
        return {row.name: values.get(row.name, row.default) for row in self.inputs} | token

    def message(self, values: Values, version: str) -> tuple[str, dict[str, Any]]:
        """The id and the body for a terminal of an edition."""
        if self.edition and self.edition != version:
            raise InvalidInput(
                f"“{self.zh}”仅 {self.edition} 版终端支持，该终端为 {version} 版。", f"Only terminals of {self.edition} know this order; this one speaks {version}.",
                where=self.name,
            )  # fmt: skip
        body = self.body(values, version)
        return body.pop("message_id", self.message_id), body
