"""Why a file cannot be read, as one exception: what happened, where, and what a person can do about it."""

from __future__ import annotations

from haihe.kernel import errors


class UnreadableDocument(errors.UnreadableDocument):
    """The only exception that leaves the loaders. `what` and `what_to_do` are one Chinese and one English sentence each."""

    def __init__(self, zh: str, en: str, *, where: str = "", to_do_zh: str = "", to_do_en: str = "") -> None:
        super().__init__(zh, en, where=where, to_do_zh=to_do_zh, to_do_en=to_do_en)

    @property
    def what(self) -> str:
        return f"{self.zh}{self.en}"

    @property
    def what_to_do(self) -> str:
        return f"{self.to_do_zh}{self.to_do_en}"
