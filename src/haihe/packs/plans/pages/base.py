"""What the pages of this pack share: the registry, finding a visible object, received files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Model, QuerySet

from haihe.kernel import evidence
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.web.pages import AccountRequest, Pages

pages = Pages("plans")

LIGHTS = {
    "red": ("逾期", "Overdue"),
    "amber": ("临期", "Due soon"),
    "green": ("正常", "On time"),
    "closed": ("已办结", "Closed"),
    "none": ("无时限", "No deadline"),
}
STATES = {
    "met": ("已达成", "Met"), "on_track": ("进度正常", "On track"), "at_risk": ("进度偏慢", "At risk"), "late": ("落后", "Late"), "no_data": ("尚无数据", "No data"),
}  # fmt: skip
STATE_COLOUR = {"met": "green", "on_track": "green", "at_risk": "amber", "late": "red", "no_data": ""}


def pick(account: Account | None, rows: QuerySet[Any], pk: int) -> Any:
    """One visible row; NotFound does not tell whether it exists."""
    found: Model | None = visible(account, rows).filter(pk=pk).first()
    if found is None:
        raise NotFound("没有这一项，或您无权查看。", "There is no such entry, or you may not see it.", where=str(pk))
    return found


def received(request: AccountRequest, name: str = "files") -> list[evidence.EvidenceFile]:
    """The uploaded files of a form, checked and stored."""
    return [evidence.receive(file.name or "file", file.chunks(), request.user) for file in request.FILES.getlist(name)]


def day_from(request: AccountRequest, name: str) -> date:
    written = request.POST.get(name, "").strip()
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(
            "请填写日期。", "Give a date.", where=name, to_do_zh="格式：2026-06-30。", to_do_en="Like 2026-06-30."
        ) from error


def number_from(request: AccountRequest, name: str) -> Decimal:
    written = request.POST.get(name, "").replace(",", "").replace("，", "").strip()
    try:
        return Decimal(written)
    except InvalidOperation as error:
        raise InvalidInput(
            f"“{written}”不是数字。",
            f"{written!r} is not a number.",
            where=name,
            to_do_zh="请只填数字。",
            to_do_en="Digits only.",
        ) from error


def is_given(request: AccountRequest, name: str) -> bool:
    """Whether an optional field was filled in."""
    return bool(request.POST.get(name, "").strip())
