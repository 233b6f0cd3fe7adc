"""What all texts of this pack share: saving a draft that somebody else may have saved meanwhile, and what a text must hold."""

from __future__ import annotations

from django.utils import timezone

from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.identity import Account
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import carried_on_below, unit_paths
from haihe.packs.coordination.models import Draft

LONGEST_TEXT = 50_000


def wanted(text: str, where: str, zh: str, en: str, longest: int = LONGEST_TEXT) -> str:
    """The text without blanks around it; InvalidInput where nothing is left or it is too long."""
    text = text.strip()
    if not text:
        raise InvalidInput(zh, en, where=where)
    if len(text) > longest:
        raise InvalidInput(
            f"内容过长（{len(text)} 字），最多 {longest} 字。", f"Too long ({len(text)} characters, at most {longest}).", where=where
        )  # fmt: skip
    return text


def save_draft(account: Account, row: Draft, text: str, revision: int) -> None:
    """Put the text into the row that the action has locked. Conflict: somebody saved after `revision` was read."""
    demand_revision(row.revision, revision, row.edited_by, row.edited_at)
    if len(text) > LONGEST_TEXT:
        wanted(text, "draft", "请填写内容。", "Write something.")
    row.draft, row.revision = text.strip(), row.revision + 1
    row.edited_by, row.edited_at = account, timezone.now()
    row.save()


def demand_revision(current: int, seen: int, by: Account | None = None, at: object = None) -> None:
    """Conflict unless the writer saw what now holds: nothing that another officer wrote is overwritten unseen."""
    if current == seen:
        return
    who = f"{by or '他人'}"
    raise Conflict(
        f"{who}刚刚保存了新内容，您的修改没有保存。", f"{by or 'Somebody'} saved in the meantime: your change was not stored.",
        where=f"第 {current} 稿", to_do_zh="您填写的文字仍在框内：请在新窗口打开本页比对，合并后再保存。",
        to_do_en="What you typed is still in the form: open the page in another window, merge, and save again.",
    )  # fmt: skip


def own_among(account: Account, units: list[Organisation]) -> list[Organisation]:
    """Those of the units for which the account is officer, as themselves or as the unit that carries on their work."""
    paths = unit_paths(account)
    carried_on = carried_on_below(paths, timezone.localdate())
    return [unit for unit in units if unit.pk in carried_on or any(unit.path.startswith(path) for path in paths)]


def own_one(account: Account, units: list[Organisation], chosen: Organisation | None) -> Organisation:
    """The account's unit among them; where it has several, the chosen one. InvalidInput where it is not clear which."""
    mine = own_among(account, units)
    if chosen is None and len(mine) == 1:
        return mine[0]
    if chosen is None or chosen not in mine:
        raise InvalidInput(
            "请选择您代表的单位。", "Say for which of your units you act.", where="organisation",
            to_do_zh=f"可选：{'、'.join(map(str, mine)) or '无'}。", to_do_en=f"One of: {', '.join(map(str, mine)) or 'none'}.",
        )  # fmt: skip
    return chosen
