"""Issuing 签发: a draft from the ledger, its number, and the paper kept as it was sent."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit, evidence
from haihe.kernel.calendar import add_working_days
from haihe.kernel.errors import Conflict, InvalidInput
from haihe.kernel.exports import release
from haihe.kernel.identity import Account, Role
from haihe.kernel.organisations import Organisation
from haihe.kernel.permissions import action, demand, visible
from haihe.kernel.policies import parameter
from haihe.packs.plans.chasing import open_notices
from haihe.packs.plans.models import Plan, Task
from haihe.packs.plans.papers import compose
from haihe.packs.plans.papers.content import Paper, get_kind
from haihe.packs.plans.papers.word import clean, word_file
from haihe.packs.plans.progress import light, programme
from haihe.packs.plans.records import IssuedPaper, PaperCounter, PaperSeries

LETTERS_IN_CODE = 12


@dataclass(frozen=True)
class Wish:
    """What somebody asks to be written: the kind, what about (tasks, a unit, a plan, a year), and their own words."""

    kind: str
    tasks: tuple[int, ...] = ()
    organisation: int | None = None
    plan: int | None = None
    year: int | None = None
    title: str = ""
    words: str = ""
    copy_to: str = ""


def draft(account: Account, series: PaperSeries | None, wish: Wish) -> Paper:
    """The paper as it would be issued today, without a number; only of what the account sees."""
    demand(account, "paper.issue")
    today = timezone.localdate()
    organ = series.organ if series else str(account.organisation or "（未定发文机关）")
    words, copy_to = clean(wish.words)[:5000], clean(wish.copy_to)[:300]
    sender = compose.Sender(organ, series.printed_by if series else "", copy_to, words)
    get_kind(wish.kind)
    paper = _COMPOSERS[wish.kind](account, sender, wish, today)
    title = clean(wish.title).strip()[:200]
    return dataclasses.replace(paper, title=title) if title else paper


def _tasks(account: Account) -> models.QuerySet[Task]:
    rows = Task.objects.filter(plan__replaced_by=None).select_related("plan", "clause")
    return visible(account, rows).prefetch_related("units__organisation", "reports")


def _notice(account: Account, sender: compose.Sender, wish: Wish, today: date) -> Paper:
    tasks = list(_tasks(account).filter(pk__in=wish.tasks))
    waiting = open_notices(account)
    days = [case.last_day for task in tasks if (case := waiting.get(task.pk)) is not None and case.last_day]
    answer_by = min(days) if days else add_working_days(today, parameter("plans.chase_answer_working_days", today))
    return compose.supervision_notice(sender, tasks, today, answer_by)


def _letter(account: Account, sender: compose.Sender, wish: Wish, today: date) -> Paper:
    """Without chosen tasks: everything of the unit's that is late, or due within thirty days."""
    unit = Organisation.objects.filter(pk=wish.organisation or 0).first()
    if unit is None:
        raise InvalidInput("请选择被催办的单位。", "Choose the unit to be chased.", where="organisation")
    rows = _tasks(account).filter(units__organisation__path__startswith=unit.path, state__in=Task.OPEN).distinct()
    soon = today + timedelta(days=30)
    tasks = [t for t in rows if (t.pk in wish.tasks if wish.tasks else light(t, today) == "red" or (t.deadline is not None and t.deadline <= soon))]  # fmt: skip
    return compose.chasing_letter(sender, unit, tasks, today)


def _bulletin(account: Account, sender: compose.Sender, wish: Wish, today: date) -> Paper:
    return compose.bulletin(sender, programme(account, today, _plan(account, wish)))


def _ledger(account: Account, sender: compose.Sender, wish: Wish, today: date) -> Paper:
    year, plan = wish.year or today.year, _plan(account, wish)
    rows = _tasks(account).filter(**({"plan": plan} if plan else {}))
    of_year = models.Q(deadline__year=year) | models.Q(closed_at__year=year)
    late = models.Q(deadline__lt=date(year, 1, 1), closed_at=None)
    return compose.ledger(sender, plan, list(rows.filter(of_year | late)), year, today)


def _plan(account: Account, wish: Wish) -> Plan | None:
    return visible(account, Plan.objects.all()).filter(pk=wish.plan).first() if wish.plan else None


_COMPOSERS = {"supervision_notice": _notice, "chasing_letter": _letter, "bulletin": _bulletin, "ledger": _ledger}


# --- actions --------------------------------------------------------------------------------------------------------


@action("paper.open_series", "设立发文字号", "open a series of document numbers", roles=[Role.SUPERVISOR])
def open_series(account: Account, _: None, *, code: str, organ: str, printed_by: str = "", organisation: Organisation | None = None) -> PaperSeries:  # fmt: skip
    """A series of an issuing organ by its 发文机关代字, such as 望督; numbers begin with 1 each year."""
    code, organ = clean(code).strip(), clean(organ).strip()
    if not code or len(code) > LETTERS_IN_CODE or any(c.isspace() or c in "〔〕[]" for c in code):
        raise InvalidInput("发文机关代字无效。", "Not a usable code of an issuing organ.", where="code",
                           to_do_zh="如“望督”，不超过 12 字，不含空格和括号。", to_do_en="Up to 12 letters without spaces and brackets.")  # fmt: skip
    if not organ or len(organ) > 60:
        raise InvalidInput(
            "请填写发文机关名称（60 字以内）。", "Give the issuing organ's name, up to 60 letters.", where="organ"
        )
    if PaperSeries.objects.filter(code=code).exists():
        raise Conflict("该代字已设立。", "This code is in use already.", where=code)
    audit.note(code=code, organ=organ)
    return PaperSeries.objects.create(code=code, organ=organ, printed_by=clean(printed_by).strip()[:60], organisation=organisation)  # fmt: skip


def _next_number(series: PaperSeries, year: int) -> tuple[int, str]:
    """Given within the running transaction under a lock: of two writers each gets its own, a rolled-back one is given again."""
    counter, _ = PaperCounter.objects.get_or_create(series=series, year=year)
    counter = PaperCounter.objects.select_for_update().get(pk=counter.pk)
    counter.last += 1
    counter.save(update_fields=["last"])
    return counter.last, f"{series.code}〔{year}〕{counter.last}号"


@action("paper.issue", "签发文书", "issue a paper", roles=[Role.SUPERVISOR])
def issue(account: Account, series: PaperSeries, *, wish: Wish) -> IssuedPaper:
    """Give the number, make the Word file and keep it with its hash; all or nothing."""
    paper = draft(account, series, wish)
    serial, number = _next_number(series, paper.day.year)
    paper = dataclasses.replace(paper, number=number)
    content = word_file(paper)
    name = evidence.clean_name(f"{number}{paper.title[:60]}.docx")
    with evidence.receiving(account, [(name, [content])]) as kept, transaction.atomic():
        row = IssuedPaper.objects.create(
            series=series, year=paper.day.year, serial=serial, number=number, kind=paper.kind, title=paper.title[:300], content=paper.as_json(),
            file=kept[0], sha256=hashlib.sha256(content).hexdigest(), issued_by=account,
        )  # fmt: skip
    row.addressees.set(paper.addressees)
    row.tasks.set(paper.about)
    audit.note(number=number, kind=paper.kind, title=paper.title, paper=row.pk, sha256=row.sha256)
    return row


@action("paper.revoke", "作废文书", "revoke an issued paper", roles=[Role.SUPERVISOR])
def revoke(account: Account, paper: IssuedPaper, *, reason: str) -> IssuedPaper:
    """The paper stays as it was sent, marked as revoked; its number is never given again."""
    if paper.revoked_at is not None:
        raise Conflict("该文书已经作废。", "This paper was revoked before.", where=paper.number)
    if not reason.strip():
        raise InvalidInput("请写明作废原因。", "Say why the paper is revoked.", where="reason")
    paper.revoked_at, paper.revoked_by, paper.revoked_reason = timezone.now(), account, reason.strip()[:300]
    paper.save(update_fields=["revoked_at", "revoked_by", "revoked_reason"])
    audit.note(number=paper.number, reason=reason)
    return paper


def release_paper(account: Account, paper: IssuedPaper, *, purpose: str) -> tuple[str, bytes]:
    """Exactly the bytes that were issued, after their hash was compared, through the export gate."""
    content = paper.file.open_checked()
    if hashlib.sha256(content).hexdigest() != paper.sha256:
        raise Conflict("文书内容与签发时登记的哈希不符。", "The paper no longer has the hash under which it was issued.", where=paper.number,
                       to_do_zh="请通知审计员。", to_do_en="Tell the auditor.")  # fmt: skip
    release(account, "plans.paper", paper.file.name, content, purpose=purpose)
    return paper.file.name, content


def release_draft(account: Account, series: PaperSeries | None, wish: Wish, *, purpose: str) -> tuple[str, bytes]:
    """The draft as Word, marked as without a number."""
    paper = draft(account, series, wish)
    name, content = evidence.clean_name(f"草稿{paper.title[:60]}.docx"), word_file(paper)
    release(account, "plans.paper_draft", name, content, purpose=purpose)
    return name, content
