"""What a form or an address holds, turned into values: rows that the person may see, days, numbers, files."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from haihe.kernel import evidence
from haihe.kernel.errors import InvalidInput, NotFound
from haihe.kernel.identity import Account
from haihe.kernel.permissions import visible
from haihe.web.pages import AccountRequest

LARGEST_ID = 2**63 - 1


def id_in(written: object) -> int | None:
    """A row's number, or None where the text is none."""
    text = str(written or "").strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
    return number if 0 < number <= LARGEST_ID else None


def visible_row(account: Account | None, rows: QuerySet[Any], written: object) -> Any:
    """One visible row; NotFound does not tell whether it exists."""
    found = row_or_none(account, rows, written)
    if found is None:
        raise NotFound(
            "没有这一项，或您无权查看。", "There is no such entry, or you may not see it.", where=str(written)[:40]
        )
    return found


def row_or_none(account: Account | None, rows: QuerySet[Any], written: object) -> Any:
    """The visible row of that number, or None, for fields that may stay empty."""
    number = id_in(written)
    return visible(account, rows).filter(pk=number).first() if number else None


def ids_in(request: AccountRequest, name: str) -> list[int]:
    """The numbers that were ticked."""
    return [number for written in request.POST.getlist(name) if (number := id_in(written))]


def day_from(request: AccountRequest, name: str) -> date:
    written = request.POST.get(name, "").strip()
    try:
        return date.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(
            "请填写日期。", "Give a date.", where=name, to_do_zh="格式：2026-06-30。", to_do_en="Like 2026-06-30."
        ) from error


def month_of(written: str) -> date:
    """The first day of the month of the address (2026-11), this month where it is none."""
    try:
        found = date.fromisoformat(f"{written}-01")
    except ValueError:
        found = timezone.localdate()
    return (found if 2000 <= found.year <= 2200 else timezone.localdate()).replace(day=1)


def instant_from(request: AccountRequest, name: str) -> datetime:
    """A local day and time as the browser's field writes it: 2026-11-26T14:30."""
    written = request.POST.get(name, "").strip()
    try:
        return timezone.make_aware(datetime.fromisoformat(written).replace(tzinfo=None))
    except (ValueError, OverflowError) as error:
        raise InvalidInput("请填写日期和时间。", "Give a day and a time.", where=name) from error


def number_from(request: AccountRequest, name: str) -> Decimal:
    """A finite number; thousands separators are allowed."""
    written = request.POST.get(name, "").replace(",", "").replace("，", "").strip()
    try:
        number = Decimal(written)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= Decimal(10) ** 18:
        raise InvalidInput(
            f"“{written[:40]}”不是数字。", f"{written[:40]!r} is not a number.", where=name, to_do_zh="请只填数字。", to_do_en="Digits only.",
        )  # fmt: skip
    return number


def is_given(request: AccountRequest, name: str) -> bool:
    """Whether an optional field was filled in."""
    return bool(request.POST.get(name, "").strip())


def received(request: AccountRequest, name: str = "files") -> list[evidence.EvidenceFile]:
    """The uploaded files of a form, checked and stored."""
    return [evidence.receive(file.name or "file", file.chunks(), request.user) for file in request.FILES.getlist(name)]
