"""What the worker does for this pack: reminding of notes and of measures of the yearly ledger. Each reminder is written once."""

from __future__ import annotations

from datetime import date, datetime

from django.db import models, transaction
from django.utils import timezone

from haihe.kernel import audit
from haihe.kernel.calendar import add_working_days
from haihe.kernel.duties import duty
from haihe.kernel.notices import notify
from haihe.kernel.organisations import Organisation, successor_on
from haihe.kernel.policies import parameter
from haihe.packs.coordination.models import Round, Told, YearItem, YearPlan
from haihe.packs.coordination.rounds import gathered


@duty("coordination.remind", every_s=60)
def remind(at: datetime) -> int:
    """Units whose note is due soon or missing, and owners of measures that are overdue; returns how many were told."""
    today = timezone.localdate(at)
    return _remind_of_notes(today) + _remind_of_measures(today)


def _remind_of_notes(today: date) -> int:
    ahead = int(parameter("coordination.remind_working_days", today))
    told = 0
    for found in Round.objects.filter(bulletins=None):
        kind = "note_late" if today > found.notes_by else "note_soon"
        if today < add_working_days(found.notes_by, -ahead) or timezone.localdate(found.opened_at) == today:
            continue
        zh, en = (
            ("情况专报逾期未报", "A note is overdue")
            if kind == "note_late"
            else ("情况专报即将到期", "A note is due soon")
        )
        for unit in gathered(found).missing:
            told += _tell(kind, found, unit, found.notes_by, (zh, en), (found.title, found.title))
    return told


def _remind_of_measures(today: date) -> int:
    late = YearItem.objects.filter(plan__state=YearPlan.State.ADOPTED, done_at=None, due__lt=today)
    told = 0
    for item in late.select_related("plan__organisation"):
        subject = ("年度举措已逾期", "A measure of the yearly plan is overdue")
        told += _tell("measure_late", item, item.plan.organisation, item.due, subject, (item.measure, item.measure))
    return told


def _tell(
    kind: str, row: models.Model, unit: Organisation, due: date, subject: tuple[str, str], text: tuple[str, str]
) -> int:
    with transaction.atomic():
        _told, fresh = Told.objects.get_or_create(kind=kind, row=row.pk, organisation=unit, due=due)
        if not fresh:
            return 0
        whole = (f"《{text[0]}》时限 {due.isoformat()}。", f"{text[1]}, due {due.isoformat()}.")
        notify(successor_on(unit, timezone.localdate()), subject, whole, about=row)
        audit.record(None, "coordination.remind", row, kind=kind, due=due, unit=unit.name)
    return 1
