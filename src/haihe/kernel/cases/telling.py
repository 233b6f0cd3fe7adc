"""Whom a case tells what: the performers of a step, whoever an escalation goes to, the units at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils import timezone

from haihe.kernel.cases.models import Case
from haihe.kernel.cases.types import UNIT_ROLES
from haihe.kernel.identity import Account
from haihe.kernel.notices import holders_of_role, notify
from haihe.kernel.organisations import Organisation, successor_on


def recipients(case: Case, performers: Iterable[str]) -> Iterator[Organisation | Account]:
    """Units by their part (or the units that carry on their work) and accounts by their role, each once."""
    today = timezone.localdate()
    parts = [(successor_on(part.organisation, today), part.role) for part in case.units.select_related("organisation")]
    seen: set[tuple[type, int]] = set()
    for performer in performers:
        found: Iterable[Organisation | Account]
        if performer in UNIT_ROLES:
            found = [unit for unit, role in parts if role == performer]
        else:
            found = holders_of_role(performer, [unit for unit, _ in parts])
        for each in found:
            if (type(each), each.pk) not in seen:
                seen.add((type(each), each.pk))
                yield each


def due_words(case: Case) -> tuple[str, str]:
    """When the present step is due, as half a sentence in both languages."""
    if case.due_at is None:
        return "，无办理时限", ", without a limit"
    day = case.last_day
    if day is not None:
        return f"，请于 {day.year}年{day.month}月{day.day}日前办理", f", due by {day.isoformat()}"
    at = timezone.localtime(case.due_at).strftime("%Y-%m-%d %H:%M")
    return f"，请于 {at} 前办理", f", due by {at}"


def tell_entered(case: Case, text: str) -> None:
    """The performers of the step that the case has just reached."""
    current = case.current
    if current is None:
        return
    zh, en = due_words(case)
    subject = (
        f"{case.type_title_zh} {case.number}：待{current['title_zh']}",
        f"{case.type_title_en} {case.number}: {current['title_en']}",
    )
    body = f"《{case.subject}》{zh}。{text}", f"{case.subject}{en}. {text}"
    _tell(case, current["performers"], subject, body)


def tell_closed(case: Case, text: str) -> None:
    zh, en = ("已撤销", "withdrawn") if case.withdrawn else ("已办结", "closed")
    subject = f"{case.type_title_zh} {case.number}{zh}", f"{case.type_title_en} {case.number} {en}"
    _tell(case, ("handler", "opener"), subject, (f"《{case.subject}》{zh}。{text}", f"{case.subject}: {en}. {text}"))


def tell_reminder(case: Case) -> None:
    step = case.current or {}
    zh, en = due_words(case)
    subject = f"{case.type_title_zh} {case.number}临期", f"{case.type_title_en} {case.number} is due soon"
    body = (
        f"《{case.subject}》的“{step['title_zh']}”环节即将到期{zh}。",
        f"{case.subject}: the step {step['title_en']} is due soon{en}.",
    )
    _tell(case, step["performers"], subject, body)


def tell_overdue(case: Case) -> None:
    """Both the performers and those to whom the step escalates."""
    step = case.current or {}
    subject = f"{case.type_title_zh} {case.number}已逾期", f"{case.type_title_en} {case.number} is overdue"
    body = (
        f"《{case.subject}》的“{step['title_zh']}”环节已超过时限，尚未办理。",
        f"{case.subject}: the step {step['title_en']} is overdue.",
    )
    _tell(case, (*step["performers"], *step["escalate_to"]), subject, body)


def _tell(case: Case, performers: Iterable[str], subject: tuple[str, str], body: tuple[str, str]) -> None:
    for recipient in recipients(case, performers):
        notify(recipient, subject, body, about=case)
