"""The kinds of field that the pages of the standard use, each able to read and to write itself.

A table of `Field` rows is read in wire order. Reading ends where the data ends: what was read is kept and an issue noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from haihe.kernel.errors import InvalidInput
from haihe.packs.transport.jt808.bits import UNVERIFIED
from haihe.packs.transport.jt808.issues import Issue, Note

# GB 18030 holds all of GBK and the rare characters that number plates and names need.
ENCODING = "gb18030"


class Cut(Exception):
    """The data ends before the field does. Never leaves this package."""


@dataclass
class Reader:
    """Data being read: position, edition of the header, and what was odd so far."""

    data: bytes
    version: str
    position: int = 0
    notes: list[Note] = field(default_factory=list)
    where: str = ""

    def take(self, size: int) -> bytes:
        end = self.position + size
        if end > len(self.data):
            raise Cut
        part = self.data[self.position : end]
        self.position = end
        return part

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.position)

    def note(self, issue: Issue, where: str = "") -> None:
        note = Note(issue, ".".join(part for part in (self.where, where) if part))
        if note not in self.notes:
            self.notes.append(note)


class Kind(Protocol):
    def read(self, reader: Reader, name: str) -> Any: ...

    def write(self, value: Any) -> bytes: ...


@dataclass(frozen=True)
class Field:
    """One row of a table: key, kind, title in two languages, unit, and where the row was read.

    A row with `when` is there only where the rows before it say so; an `optional` one may be lacking at the end of the data."""

    name: str
    kind: Kind
    zh: str
    en: str
    unit: str = ""
    source: str = UNVERIFIED
    when: Callable[[dict[str, Any]], bool] | None = None
    optional: bool = False


@dataclass(frozen=True)
class Count:
    """How many rows a list further on has; written from the list where it is not given."""

    of: str
    size: int = 1

    def read(self, reader: Reader, name: str) -> int:
        return int.from_bytes(reader.take(self.size), "big")

    def write(self, value: Any) -> bytes:
        number: int = value
        return number.to_bytes(self.size, "big")


def read_fields(fields: tuple[Field, ...], reader: Reader) -> dict[str, Any]:
    """The fields that the data holds, by name; the first one that it does not hold whole is noted as cut."""
    return _read_as_far(fields, reader)[0]


def _read_as_far(fields: tuple[Field, ...], reader: Reader) -> tuple[dict[str, Any], bool]:
    """The fields by name, and whether the data held all of them."""
    found: dict[str, Any] = {}
    for row in fields:
        if row.when is not None and not row.when(found):
            continue
        if row.optional and reader.position == len(reader.data):
            break
        try:
            found[row.name] = row.kind.read(reader, row.name)
        except Cut:
            reader.note(Issue.BODY_CUT, row.name)
            return found, False
    return found, True


def write_fields(fields: tuple[Field, ...], values: dict[str, Any]) -> bytes:
    """The bytes of all fields up to the last one given; one missing between others, or of a wrong type, is an InvalidInput."""
    present = [row.name in values for row in fields]
    last = max((number for number, there in enumerate(present) if there), default=-1)
    parts = []
    for row in fields[: last + 1]:
        if row.when is not None and not row.when(values):
            continue
        if row.name not in values and isinstance(row.kind, Count):
            parts.append(row.kind.write(len(values[row.kind.of])))
            continue
        if row.name not in values:
            raise InvalidInput(f"缺少字段“{row.zh}”。", f"The field {row.name!r} is missing.", where=row.name)
        try:
            parts.append(row.kind.write(values[row.name]))
        except (ValueError, TypeError, OverflowError, KeyError, AttributeError) as error:
            raise InvalidInput(
                f"字段“{row.zh}”的值无法编码：{values[row.name]!r}。", f"The value {values[row.name]!r} of {row.name!r} cannot be encoded: {error}.",
                where=row.name,
            ) from error  # fmt: skip
    return b"".join(parts)


@dataclass(frozen=True)
class Number:
    """An unsigned number of `size` bytes, most significant first; the value is what was sent divided by `divisor`."""

    size: int
    divisor: int = 1

    def read(self, reader: Reader, name: str) -> int | float:
        sent = int.from_bytes(reader.take(self.size), "big")
        return sent if self.divisor == 1 else sent / self.divisor

    def write(self, value: Any) -> bytes:
        return round(value * self.divisor).to_bytes(self.size, "big")


@dataclass(frozen=True)
class Identifier:
    """A message or parameter id, shown as 0x0200."""

    size: int = 2

    def read(self, reader: Reader, name: str) -> str:
        return f"0x{int.from_bytes(reader.take(self.size), 'big'):0{2 * self.size}X}"

    def write(self, value: Any) -> bytes:
        return int(value, 16).to_bytes(self.size, "big")


@dataclass(frozen=True)
class Octets:
    """Bytes shown as hexadecimal digits; without a size: all that is left."""

    size: int | None = None

    def read(self, reader: Reader, name: str) -> str:
        return (reader.rest() if self.size is None else reader.take(self.size)).hex()

    def write(self, value: Any) -> bytes:
        data = bytes.fromhex(value)
        if self.size is not None and len(data) != self.size:
            raise ValueError(f"{self.size} bytes wanted")
        return data


@dataclass(frozen=True)
class CountedOctets:
    """Bytes after a number of `count_size` bytes that says how many there are, shown as hexadecimal digits."""

    count_size: int = 4

    def read(self, reader: Reader, name: str) -> str:
        size = int.from_bytes(reader.take(self.count_size), "big")
        return reader.take(size).hex()

    def write(self, value: Any) -> bytes:
        data = bytes.fromhex(value)
        return len(data).to_bytes(self.count_size, "big") + data


@dataclass(frozen=True)
class Text:
    """A GBK text of fixed size or of all that is left; `fill` writes the latter with zeros up to a size. Filling is not part of
    the value."""

    size: int | None = None
    fill: int = 0

    def read(self, reader: Reader, name: str) -> str:
        data = reader.rest() if self.size is None else reader.take(self.size)
        return read_text(data, reader, name)

    def write(self, value: Any) -> bytes:
        data: bytes = value.encode(ENCODING)
        if self.size is not None and len(data) > self.size:
            raise ValueError(f"more than {self.size} bytes")
        return data.ljust(self.size or self.fill, b"\0")


@dataclass(frozen=True)
class CountedText:
    """A GBK text after one byte (or more) that says how many bytes it has."""

    count_size: int = 1

    def read(self, reader: Reader, name: str) -> str:
        size = int.from_bytes(reader.take(self.count_size), "big")
        return read_text(reader.take(size), reader, name)

    def write(self, value: Any) -> bytes:
        data: bytes = value.encode(ENCODING)
        return len(data).to_bytes(self.count_size, "big") + data


def read_text(data: bytes, reader: Reader, name: str) -> str:
    data = data.strip(b"\0")
    try:
        return data.decode(ENCODING)
    except UnicodeDecodeError:
        reader.note(Issue.TEXT, name)
        return data.decode(ENCODING, "replace")


_DIGITS = re.compile(r"\d{12}\Z")
_DAILY = re.compile(r"(?:[01]\d|2[0-3])(?::[0-5]\d){2}\Z")


def iso_time(digits: str) -> str | None:
    """YYMMDDhhmmss of the standard's GMT+8 as ISO 8601, or None where it is no time. YY counts from 2000."""
    if not _DIGITS.match(digits):
        return None
    text = f"20{digits[0:2]}-{digits[2:4]}-{digits[4:6]}T{digits[6:8]}:{digits[8:10]}:{digits[10:12]}"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text + "+08:00"


@dataclass(frozen=True)
class Time:
    """Six BCD bytes of time; what is no time is read as None and written as zeros. Where zeros mean "no limit" (`or_none`), they
    are nothing odd."""

    or_none: bool = False

    def read(self, reader: Reader, name: str) -> str | None:
        digits = reader.take(6).hex()
        time = iso_time(digits)
        if time is None and not (self.or_none and digits == "0" * 12):
            reader.note(Issue.TIME, name)
        return time

    def write(self, value: Any) -> bytes:
        if value is None:
            return bytes(6)
        if not value.startswith("20") or not value.endswith("+08:00"):
            raise ValueError("a time of this century with +08:00 wanted")
        digits = re.sub(r"\D", "", value[2:19])
        if iso_time(digits) is None:
            raise ValueError("no such time")
        return bytes.fromhex(digits)


@dataclass(frozen=True)
class TimeOrDaily:
    """Six BCD bytes: a time, or with zeros for the date a time of every day (08:30:00); anything else stays as digits."""

    def read(self, reader: Reader, name: str) -> str:
        digits = reader.take(6).hex()
        daily = f"{digits[6:8]}:{digits[8:10]}:{digits[10:]}"
        if digits.startswith("0" * 6) and _DAILY.match(daily):
            return daily
        return iso_time(digits) or digits

    def write(self, value: Any) -> bytes:
        if _DAILY.match(value):
            return bytes.fromhex("000000" + value.replace(":", ""))
        return Time().write(value) if "T" in value else Octets(6).write(value)


@dataclass(frozen=True)
class Repeated:
    """Rows of `fields`, as many as a count in front says (`count_size` bytes; 0 = until the data ends)."""

    fields: tuple[Field, ...]
    count_size: int = 1

    def read(self, reader: Reader, name: str) -> list[dict[str, Any]]:
        wanted = int.from_bytes(reader.take(self.count_size), "big") if self.count_size else len(reader.data)
        rows: list[dict[str, Any]] = []
        while len(rows) < wanted and reader.position < len(reader.data):
            row, whole = _read_as_far(self.fields, reader)
            rows.append(row)
            if not whole:
                break
        if self.count_size and len(rows) < wanted:
            reader.note(Issue.BODY_CUT, name)
        return rows

    def write(self, value: Any) -> bytes:
        count = len(value).to_bytes(self.count_size, "big") if self.count_size else b""
        return count + b"".join(write_fields(self.fields, row) for row in value)


U8, U16, U32 = Number(1), Number(2), Number(4)
