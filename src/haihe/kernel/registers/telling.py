"""Whom a register tells what: the reviewer of what was handed in, the owner of what was decided."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from haihe.kernel.identity import Account, Role
from haihe.kernel.notices import holders_of_role, notify
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.registers.models import RegisterEntry


def tell_handed_in(entry: RegisterEntry, text: str) -> None:
    """The reviewing bureau, or the unit that carries on its work; supervisors where no bureau is named."""
    to: Iterable[Organisation | Account]
    if entry.reviewer is not None:
        to = [successor_on(entry.reviewer, timezone.localdate())]
    else:
        to = holders_of_role(Role.SUPERVISOR, [entry.owner])
    step = next((s for s in entry.words["steps"] if s["name"] == entry.pending), None)
    zh, en = (step["title_zh"], step["title_en"]) if step else ("更改数据", "change of values")
    for each in to:
        notify(each, (f"{entry.number} 待审核：{zh}", f"{entry.number} to review: {en}"),
               (f"《{entry.title}》报请审核：{zh}。{text}", f"{entry.title}: handed in for review: {en}. {text}"), about=entry)  # fmt: skip


def tell_decided(entry: RegisterEntry, zh: str, en: str, text: str) -> None:
    heir = successor_on(entry.owner, timezone.localdate())
    notify(heir, (f"{entry.number} {zh}", f"{entry.number} {en}"), (f"《{entry.title}》{zh}。{text}", f"{entry.title}: {en}. {text}"), about=entry)  # fmt: skip
