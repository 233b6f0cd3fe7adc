"""What a message and its layouts are. The messages themselves stand in tables/, a file for each chapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from haihe.packs.transport.jt808.fields import U16, Field


@dataclass(frozen=True)
class Layout:
    """The fields of one edition. `fits(body)` tells it from its neighbours where the header does not."""

    edition: str
    fields: tuple[Field, ...]
    fits: Callable[[bytes], bool] = lambda body: True


@dataclass(frozen=True)
class Message:
    id: int
    zh: str
    en: str
    layouts: tuple[Layout, ...]

    @property
    def name(self) -> str:
        return f"{self.zh} {self.en}"

    def layout(self, version: str, body: bytes) -> Layout:
        """The layout for a body under a header of `version` ("2013" or "2019")."""
        editions = ("2019",) if version == "2019" else ("2013", "2011")
        own = [layout for layout in self.layouts if layout.edition in editions]
        other = [layout for layout in self.layouts if layout not in own and version == "2019"]
        return next((layout for layout in (*own, *other) if layout.fits(body)), self.layouts[-1])


REPLY_SERIAL = Field("reply_serial", U16, "应答流水号", "serial of the message answered")


def same(number: int, zh: str, en: str, *fields: Field) -> Message:
    """A message that 2013 and 2019 lay out alike."""
    return Message(number, zh, en, (Layout("2013", fields), Layout("2019", fields)))


def changed(number: int, zh: str, en: str, of_2013: tuple[Field, ...], of_2019: tuple[Field, ...]) -> Message:
    return Message(number, zh, en, (Layout("2019", of_2019), Layout("2013", of_2013)))
